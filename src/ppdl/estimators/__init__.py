"""Multi-layer perceptrons that learn a part of their weights, under scikit-learn's contract."""

from .classifier import PredictedMLPClassifier as PredictedMLPClassifier

__all__ = ["PredictedMLPClassifier"]
