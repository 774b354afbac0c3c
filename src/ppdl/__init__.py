"""Predicted parameters in deep learning: networks that learn a small part of their weights and predict the rest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ppdl import datasets as datasets
    from ppdl import dictionaries as dictionaries
    from ppdl import estimators as estimators
    from ppdl import layers as layers
    from ppdl import preprocessing as preprocessing
    from ppdl import reproduce as reproduce
    from ppdl import testing as testing
    from ppdl._config import show_config as show_config
    from ppdl._core import NumericalError as NumericalError
    from ppdl.estimators import RICA as RICA
    from ppdl.estimators import PatchFeatures as PatchFeatures
    from ppdl.estimators import PhoneRecognizer as PhoneRecognizer
    from ppdl.estimators import PredictedConvNetClassifier as PredictedConvNetClassifier
    from ppdl.estimators import PredictedConvNetRegressor as PredictedConvNetRegressor
    from ppdl.estimators import PredictedMLPClassifier as PredictedMLPClassifier
    from ppdl.estimators import PredictedMLPRegressor as PredictedMLPRegressor
    from ppdl.estimators import load as load
    from ppdl.estimators import save as save

__version__ = "0.1.0"

# Public names and the modules that hold them, imported at first use: `import ppdl` stays quick.
_HOMES = {
    "NumericalError": "ppdl._core",
    "RICA": "ppdl.estimators",
    "PatchFeatures": "ppdl.estimators",
    "PhoneRecognizer": "ppdl.estimators",
    "PredictedConvNetClassifier": "ppdl.estimators",
    "PredictedConvNetRegressor": "ppdl.estimators",
    "PredictedMLPClassifier": "ppdl.estimators",
    "PredictedMLPRegressor": "ppdl.estimators",
    "load": "ppdl.estimators",
    "save": "ppdl.estimators",
    "show_config": "ppdl._config",
}
_SUBPACKAGES = ("datasets", "dictionaries", "estimators", "layers", "preprocessing", "reproduce", "testing")

__all__ = [
    "RICA",
    "NumericalError",
    "PatchFeatures",
    "PhoneRecognizer",
    "PredictedConvNetClassifier",
    "PredictedConvNetRegressor",
    "PredictedMLPClassifier",
    "PredictedMLPRegressor",
    "__version__",
    "datasets",
    "dictionaries",
    "estimators",
    "layers",
    "load",
    "preprocessing",
    "reproduce",
    "save",
    "show_config",
    "testing",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in _SUBPACKAGES:
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
