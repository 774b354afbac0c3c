"""Ordinary networks of the same function, ppdl's and scikit-learn's: the predicted weights written out."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
from sklearn.base import clone

from .architecture import Architecture
from .model import Model
from .options import Options
from .targets import LabelTargets, RealTargets

# Attributes of a fitted network that tell how it was trained.
_COURSE = (
    *("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_"),
    *("validation_scores_", "best_validation_score_"),
)


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


def as_sklearn(estimator: Any) -> Any:
    """Return a fitted `MLPClassifier` or `MLPRegressor` with W = UV and the biases of a fitted perceptron."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    peer = MLPRegressor if isinstance(estimator._targets, RealTargets) else MLPClassifier
    model, activation = estimator._model, estimator.activation
    require_unchanged(estimator)
    if activation == "maxout":
        raise ValueError(f"activation: received 'maxout'; expected one that a {peer.__name__} has")
    if len(getattr(estimator, "classes_", "ab")) < 2:
        raise ValueError(f"classes_: received {estimator.classes_}; expected at least two, as a {peer.__name__} has")
    params = estimator.get_params(deep=False)
    sizes = {"hidden_layer_sizes": tuple(map(len, model.intercepts()[:-1]))}
    other = peer(**sizes, activation=activation)
    if "loss" in params:
        other.set_params(loss=estimator.loss)
    _make_fitted(other, estimator)
    if params["learning_rate"] not in ("constant", "invscaling", "adaptive"):
        params["learning_rate"] = "constant"
    params |= {**sizes, "verbose": bool(estimator.verbose)}
    other.set_params(**{name: params[name] for name in other.get_params()})
    for name in ("feature_names_in_", *_COURSE):
        if hasattr(estimator, name):
            setattr(other, name, copy.copy(getattr(estimator, name)))
    for arrays, learned in ((other.coefs_, model.coefs()), (other.intercepts_, model.intercepts())):
        for array, values in zip(arrays, learned, strict=True):
            array[...] = values
    return other


def _make_fitted(other: Any, estimator: Any) -> None:
    """Let a network of scikit-learn make all that a fit makes, from one sample that does not matter."""
    targets = estimator._targets
    X = np.zeros((1, estimator.n_features_in_), estimator._model.dtype)
    if isinstance(targets, RealTargets):
        other.partial_fit(X, targets.decode(np.zeros((1, targets.n_outputs), X.dtype)))
    elif isinstance(targets, LabelTargets):
        other.partial_fit(X, np.zeros((1, targets.n_outputs), int), classes=np.arange(targets.n_outputs))
    else:
        other.partial_fit(X, estimator.classes_[:1], classes=estimator.classes_)
    vars(other).pop("_optimizer", None)  # which has seen a sample; the next partial_fit makes a fresh one


def require_unchanged(estimator: Any) -> Options:
    """Parse an estimator's parameters, and check that they are still those of its network.

    Raises
    ------
    ValueError
        Naming the parameter that is out of range, or was changed since the fit.
    """
    options, fitted, targets = estimator._options(), estimator._model.architecture, estimator._targets
    loss = estimator._targets_of(np.zeros((1, targets.n_outputs)), targets).loss
    fitted.require_same(options.design.architecture(**{**_sizes(fitted), "loss": loss}, earlier=fitted), estimator)
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
