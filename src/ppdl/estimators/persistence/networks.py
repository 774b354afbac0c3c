"""Networks: the tensors ``layer.n.bias`` and, after ``layer.n.``, those of `weights`, for each layer n from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl.dictionaries import LayerInput

from ..networks.architecture import Architecture, hidden_sizes, require_unchanged, resolve
from ..networks.classifier import PredictedMLPClassifier
from ..networks.contract import PredictedMLP
from ..networks.model import Model
from ..networks.parameters import check_parameters
from ..networks.regressor import PredictedMLPRegressor
from .codec import Codec, register
from .fields import Contents, checked_history, checked_number, invalid, naming
from .json_values import array_from_json, array_to_json
from .weights import WeightsPlan, weights_tensors

_ATTRIBUTES = (
    "n_iter_",
    "n_outputs_",
    "n_layers_",
    "out_activation_",
    "t_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "history_",
)


def _describe(estimator: PredictedMLP) -> Contents:
    """Return what a network has learned, if its parameters are still those that it was fitted with."""
    model = estimator._model
    check_parameters(estimator)
    require_unchanged(estimator, model.architecture)
    contents = Contents(
        {
            "seed": model.architecture.seed,
            "dtype": model.dtype.name,
            "digests": [columns.digest() for columns in model.columns],
            "batch_plan": list(estimator._batch_plan),
        }
    )
    if isinstance(estimator, PredictedMLPClassifier):
        contents.specification["classes"] = array_to_json("classes_", estimator.classes_, "labels")
    for n, (columns, (V, bias)) in enumerate(zip(model.columns, model.slices, strict=True)):
        contents.tensors.update(weights_tensors(f"layer.{n}.", columns, model.theta[V]))
        contents.tensors[f"layer.{n}.bias"] = model.theta[bias]
    return contents


def _restore(estimator: PredictedMLP, contents: Contents, fitted: Mapping[str, Any]) -> None:
    """Set what `_describe` returned."""
    with naming("params"):
        check_parameters(estimator)
    for name in ("n_outputs_", "n_layers_", "n_iter_", "t_"):
        checks.integer(name, fitted[name], at_least=0 if name in ("n_iter_", "t_") else 1)
    for name in ("loss_", "best_loss_", "best_validation_score_"):
        if name == "loss_" or fitted[name] is not None:
            checked_number(name, fitted[name])
    history = checked_history(fitted["history_"])
    estimator.__dict__.update(fitted)
    if isinstance(estimator, PredictedMLPClassifier):
        _restore_classes(estimator, contents)
    elif estimator.out_activation_ != estimator._out_activation():
        raise invalid("out_activation_", estimator.out_activation_, repr(estimator._out_activation()))
    estimator.loss_curve_ = history.get("loss", [])
    stopped = estimator.best_validation_score_ is not None
    estimator.validation_scores_ = history.get("val_score", []) if stopped else None
    plan = contents.field("batch_plan", list)
    if len(plan) != 2 or not all(type(n) is int and 0 <= n <= checks.LARGEST_INT for n in plan) or plan[0] == 0:
        raise invalid("batch_plan", plan, "samples of a batch and of the training set")
    estimator._batch_plan = tuple(plan)
    estimator._optimizer_state = None
    estimator._model = _model(_architecture(estimator, contents), contents)
    n_layers = len(estimator._model.architecture.layers) + 1
    if estimator.n_layers_ != n_layers:
        raise invalid("n_layers_", estimator.n_layers_, str(n_layers))


def _restore_classes(classifier: PredictedMLPClassifier, contents: Contents) -> None:
    """Set the labels, if they are sorted and go with the outputs."""
    labels = array_from_json("classes", contents.field("classes", dict), "labels")
    if labels.ndim != 1 or not (labels[:-1] < labels[1:]).all() or (labels != labels).any():
        raise invalid("classes", labels.tolist(), "different labels in ascending order")
    n_outputs, expected = classifier.n_outputs_, "logistic" if len(labels) <= 2 else "softmax"
    if classifier.out_activation_ == "logistic" and np.isin(np.arange(n_outputs), labels).all() and n_outputs > 1:
        expected = "logistic"  # labels of their own, numbered from 0
    elif len(labels) not in ((1, 2) if n_outputs == 1 else (n_outputs,)):
        raise invalid("classes", f"{len(labels)} labels", f"those of {n_outputs} outputs")
    if classifier.out_activation_ != expected:
        raise invalid("out_activation_", classifier.out_activation_, repr(expected))
    classifier.classes_ = labels


def _architecture(estimator: PredictedMLP, contents: Contents) -> Architecture:
    seed, n_inputs, n_outputs = contents.seed(), estimator.n_features_in_, estimator.n_outputs_
    with naming("params"):
        n_hidden_layers = len(hidden_sizes(estimator.hidden_layer_sizes))
        for n_columns in checks.per_layer("n_columns", estimator.n_columns, n_hidden_layers):
            checks.integer("n_columns", n_columns, at_most=len(contents.tensors))  # before anything is made of so many
        return resolve(estimator, n_inputs=n_inputs, n_outputs=n_outputs, loss=estimator._loss_name(), seed=seed)


def _model(architecture: Architecture, contents: Contents) -> Model:
    dtype, digests = contents.dtype(), contents.field("digests", list)
    layers = list(enumerate(architecture.layers))
    if len(digests) != len(layers):
        raise invalid("digests", f"{len(digests)} of them", f"{len(layers)}, one for each layer")
    biases = [contents.tensor(f"layer.{n}.bias", dtype, (plan.n_hidden,)) for n, plan in layers]
    columns, theta = [], []
    for n, plan in layers:
        inputs = LayerInput(
            plan.n_visible, shape=architecture.input_shape if n == 0 else None, seed=architecture.seed, layer=n
        )
        weights = WeightsPlan(f"layer.{n}.", plan.dictionary, inputs, plan.sizes, plan.fraction)
        dictionaries, V = weights.take(contents, dtype, digests[n])
        columns.append(dictionaries)
        theta += [V, biases[n]]
    return Model(architecture, columns, np.concatenate(theta))


for _kind in (PredictedMLPClassifier, PredictedMLPRegressor):
    register(Codec(_kind, _describe, _restore, _ATTRIBUTES))
