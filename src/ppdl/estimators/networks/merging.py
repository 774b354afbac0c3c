"""An ordinary network of the same function: the predicted weights written out."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
from sklearn.base import clone

from ppdl.dictionaries import Identity

from .architecture import Architecture, require_unchanged
from .model import Model


def merged(estimator: Any) -> Any:
    """Return a fitted copy of an estimator whose layers are all ordinary, with W = UV as their weights."""
    model = estimator._model
    architecture: Architecture = model.architecture
    require_unchanged(estimator, architecture)
    plans = [
        dataclasses.replace(plan, sizes=(plan.n_hidden,), dictionary=Identity(), fraction=1.0)
        for plan in architecture.layers
    ]
    ordinary = dataclasses.replace(architecture, layers=tuple(plans))
    theta = np.concatenate(
        [part.ravel() for pair in zip(model.coefs(), model.intercepts(), strict=True) for part in pair]
    )
    other = clone(estimator).set_params(dictionary=None, learned_fraction=1.0, n_columns=1)
    fitted = {name: copy.copy(value) for name, value in vars(estimator).items() if name not in estimator.get_params()}
    fitted.update(
        _model=Model(ordinary, [ordinary.columns(layer) for layer in range(len(plans))], theta), _optimizer_state=None
    )
    vars(other).update(fitted)
    return other
