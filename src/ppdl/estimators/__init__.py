"""Networks that learn a part of their weights, under scikit-learn's contract."""

from .architecture_display import ArchitectureDisplay as ArchitectureDisplay
from .displays import HistoryDisplay as HistoryDisplay
from .displays import WeightsDisplay as WeightsDisplay
from .ica.rica import RICA as RICA
from .networks.balance import balanced as balanced
from .networks.classifier import PredictedMLPClassifier as PredictedMLPClassifier
from .networks.convnets import PredictedConvNetClassifier as PredictedConvNetClassifier
from .networks.convnets import PredictedConvNetRegressor as PredictedConvNetRegressor
from .networks.regressor import PredictedMLPRegressor as PredictedMLPRegressor
from .networks.summary import Summary as Summary
from .patches.patch_features import PatchFeatures as PatchFeatures
from .persistence.saving import load as load
from .persistence.saving import save as save
from .schedules import Geometric as Geometric
from .schedules import OneCycle as OneCycle
from .schedules import Schedule as Schedule
from .speech import ConfusionsDisplay as ConfusionsDisplay
from .speech import PhoneErrors as PhoneErrors
from .speech import PhoneRecognizer as PhoneRecognizer
from .speech import Segment as Segment

__all__ = [
    "RICA",
    "ArchitectureDisplay",
    "ConfusionsDisplay",
    "Geometric",
    "HistoryDisplay",
    "OneCycle",
    "PatchFeatures",
    "PhoneErrors",
    "PhoneRecognizer",
    "PredictedConvNetClassifier",
    "PredictedConvNetRegressor",
    "PredictedMLPClassifier",
    "PredictedMLPRegressor",
    "Schedule",
    "Segment",
    "Summary",
    "WeightsDisplay",
    "balanced",
    "load",
    "save",
]
