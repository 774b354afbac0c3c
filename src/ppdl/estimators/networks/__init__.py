"""Networks of predicted weights: the classifier, the regressor, and what they share."""
