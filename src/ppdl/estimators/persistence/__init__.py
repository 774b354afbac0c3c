"""Files of fitted estimators, and the way back."""
