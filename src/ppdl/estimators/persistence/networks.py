"""Networks: the tensors ``layer.n.bias`` and, after ``layer.n.``, those of `weights`, for each layer n from 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl.dictionaries import LayerInput

from ..networks.architecture import Architecture
from ..networks.classifier import PredictedMLPClassifier
from ..networks.contract import PredictedMLP
from ..networks.merging import require_unchanged
from ..networks.model import Model
from ..networks.options import Options, hidden_sizes
from ..networks.regressor import PredictedMLPRegressor
from ..networks.targets import ClassTargets, LabelTargets, RealTargets, Targets
from ..training.state import BatchPlan, State
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
    require_unchanged(estimator)
    contents = Contents(
        {
            "seed": model.architecture.seed,
            "dtype": model.dtype.name,
            "digests": [columns.digest() for columns in model.columns],
            "batch_plan": list(estimator._state.plan),
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
    for name in ("n_outputs_", "n_layers_", "n_iter_", "t_"):
        checks.integer(name, fitted[name], at_least=0 if name in ("n_iter_", "t_") else 1)
    for name in ("loss_", "best_loss_", "best_validation_score_"):
        if name == "loss_" or fitted[name] is not None:
            checked_number(name, fitted[name])
    history, best = checked_history(fitted["history_"]), fitted["best_validation_score_"]
    plan = contents.field("batch_plan", list)
    if len(plan) != 2 or not all(type(n) is int and 0 <= n <= checks.LARGEST_INT for n in plan) or plan[0] == 0:
        raise invalid("batch_plan", plan, "samples of a batch and of the training set")
    targets = _targets(estimator, contents, fitted["n_outputs_"], fitted["out_activation_"])
    model = _model(_architecture(estimator, contents, targets), contents)
    if best is not None:
        history = {"val_score": [], **history}
    estimator._targets = targets
    estimator._state = State(model, BatchPlan(*plan), history, fitted["n_iter_"], fitted["t_"], fitted["loss_"], best)
    if fitted["n_layers_"] != estimator.n_layers_:
        raise invalid("n_layers_", fitted["n_layers_"], str(estimator.n_layers_))


def _targets(estimator: PredictedMLP, contents: Contents, n_outputs: int, out_activation: Any) -> Targets:
    """Return the encoding of the targets: labels that are sorted and go with the outputs, or real numbers."""
    targets: Targets
    if isinstance(estimator, PredictedMLPRegressor):
        with naming("params"):
            targets = RealTargets(checks.one_of("loss", estimator.loss, RealTargets.LOSSES), n_outputs)
    else:
        labels = array_from_json("classes", contents.field("classes", dict), "labels")
        if labels.ndim != 1 or not (labels[:-1] < labels[1:]).all() or (labels != labels).any():
            raise invalid("classes", labels.tolist(), "different labels in ascending order")
        targets = ClassTargets(labels)
        if out_activation == "logistic" and n_outputs > 1 and np.isin(np.arange(n_outputs), labels).all():
            targets = LabelTargets(n_outputs, labels)
        elif targets.n_outputs != n_outputs:
            raise invalid("classes", f"{len(labels)} labels", f"those of {n_outputs} outputs")
    if out_activation != targets.out_activation:
        raise invalid("out_activation_", out_activation, repr(targets.out_activation))
    return targets


def _architecture(estimator: PredictedMLP, contents: Contents, targets: Targets) -> Architecture:
    seed, n_inputs = contents.seed(), estimator.n_features_in_
    with naming("params"):
        n_hidden_layers = len(hidden_sizes(estimator.hidden_layer_sizes))
        for n_columns in checks.per_layer("n_columns", estimator.n_columns, n_hidden_layers):
            checks.integer("n_columns", n_columns, at_most=len(contents.tensors))  # before anything is made of so many
        design = Options.of(estimator).design
        return design.architecture(n_inputs=n_inputs, n_outputs=targets.n_outputs, loss=targets.loss, seed=seed)


def _model(architecture: Architecture, contents: Contents) -> Model:
    dtype, digests = contents.dtype(), contents.field("digests", list)
    layers = list(enumerate(architecture.weighted))
    if len(digests) != len(layers):
        raise invalid("digests", f"{len(digests)} of them", f"{len(layers)}, one for each layer")
    biases = [contents.tensor(f"layer.{n}.bias", dtype, (place.n_hidden,)) for n, place in layers]
    columns, theta = [], []
    for n, (layer, shape, topology) in layers:
        inputs = LayerInput(shape.size, shape=topology, seed=architecture.seed, layer=n)
        weights = WeightsPlan(f"layer.{n}.", layer.dictionary, inputs, layer.sizes, layer.fraction)
        dictionaries, V = weights.take(contents, dtype, digests[n])
        columns.append(dictionaries)
        theta += [V, biases[n]]
    return Model(architecture, columns, np.concatenate(theta))


for _kind in (PredictedMLPClassifier, PredictedMLPRegressor):
    register(Codec(_kind, _describe, _restore, _ATTRIBUTES))
