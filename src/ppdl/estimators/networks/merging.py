"""An ordinary network of the same function: the predicted weights written out."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from sklearn.base import clone

from .architecture import Architecture
from .model import Model
from .options import Options


def merged(estimator: Any) -> Any:
    """Return a fitted copy of an estimator whose layers are all ordinary, with W = UV as their weights."""
    model: Model = estimator._model
    require_unchanged(estimator)
    other = clone(estimator).set_params(**estimator._ordinary())
    ordinary = other._design().architecture(**_sizes(model.architecture))
    theta = np.concatenate(
        [part.ravel() for pair in zip(model.coefs(), model.intercepts(), strict=True) for part in pair]
    )
    columns = [ordinary.columns(n) for n in range(len(ordinary.weighted))]
    fitted = {name: value for name, value in vars(estimator).items() if name not in estimator.get_params()}
    state = dataclasses.replace(estimator._state, model=Model(ordinary, columns, theta), optimiser=None)
    vars(other).update(fitted, _state=state)
    return other


def require_unchanged(estimator: Any) -> Options:
    """Parse an estimator's parameters, and check that they are still those of its network.

    Raises
    ------
    ValueError
        Naming the parameter that is out of range, or was changed since the fit.
    """
    options, fitted, targets = estimator._options(), estimator._model.architecture, estimator._targets
    loss = estimator._targets_of(np.zeros((1, targets.n_outputs)), targets).loss
    fitted.require_same(options.design.architecture(**{**_sizes(fitted), "loss": loss}), estimator)
    return options


def _sizes(fitted: Architecture) -> dict[str, Any]:
    """Return what an architecture follows from besides an estimator's parameters."""
    return {
        "n_inputs": fitted.n_inputs,
        "n_outputs": fitted.n_outputs,
        "loss": fitted.loss,
        "seed": fitted.seed,
        "images": fitted.input_shape,
    }
