"""Multi-layer perceptrons that learn a part of their weights, under scikit-learn's contract."""

from .classifier import PredictedMLPClassifier as PredictedMLPClassifier
from .displays import HistoryDisplay as HistoryDisplay
from .displays import WeightsDisplay as WeightsDisplay
from .loading import load as load
from .patch_features import PatchFeatures as PatchFeatures
from .regressor import PredictedMLPRegressor as PredictedMLPRegressor
from .rica import RICA as RICA
from .schedules import Geometric as Geometric
from .schedules import OneCycle as OneCycle
from .schedules import Schedule as Schedule
from .summary import Summary as Summary

__all__ = [
    "RICA",
    "Geometric",
    "HistoryDisplay",
    "OneCycle",
    "PatchFeatures",
    "PredictedMLPClassifier",
    "PredictedMLPRegressor",
    "Schedule",
    "Summary",
    "WeightsDisplay",
    "load",
]
