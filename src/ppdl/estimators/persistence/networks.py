"""Networks: the tensors ``layer.n.bias`` and, after ``layer.n.``, those of `weights`, for each layer n from 0.

Of a perceptron without dictionaries the metadata "network" names layers and loss, as the C++ library reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl.dictionaries import Identity
from ppdl.layers import Activation, Dense, Dropout, Maxout, Weighted

from ..networks.architecture import Architecture
from ..networks.classification import NetworkClassifier
from ..networks.classifier import PredictedMLPClassifier
from ..networks.contract import PredictedNetwork
from ..networks.convnets import PredictedConvNetClassifier, PredictedConvNetRegressor
from ..networks.merging import require_unchanged
from ..networks.model import Model
from ..networks.regression import NetworkRegressor
from ..networks.regressor import PredictedMLPRegressor
from ..networks.targets import ClassTargets, LabelTargets, RealTargets, Targets
from ..training.state import BatchPlan, State
from .codec import Codec, register
from .decisions import describe_decisions, with_decisions
from .fields import Contents, checked_history, checked_number, invalid, naming
from .json_values import array_from_json, array_to_json
from .optimizer import put_optimizer, take_optimizer
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


def _describe(estimator: PredictedNetwork, optimizer_state: bool) -> Contents:
    """Return what a network has learned, if its parameters are still those that it was fitted with."""
    model = estimator._model
    require_unchanged(estimator)
    contents = Contents(
        {
            "seed": model.architecture.seed,
            "dtype": model.dtype.name,
            "digests": [columns.digest() for columns in model.columns],
            "n_base": [columns.stored and columns.stored.n_base for columns in model.columns],
            "batch_plan": list(estimator._state.plan),
        }
    )
    describe_decisions(model.architecture, contents)
    if isinstance(estimator, NetworkClassifier):
        contents.specification["classes"] = array_to_json("classes_", estimator.classes_, "labels")
    for n, (columns, (V, bias)) in enumerate(zip(model.columns, model.slices, strict=True)):
        contents.tensors.update(weights_tensors(f"layer.{n}.", columns, model.theta[V]))
        contents.tensors[f"layer.{n}.bias"] = model.theta[bias]
    contents.metadata = _words(model.architecture)
    if optimizer_state and estimator._state.optimiser is not None:
        *counters, arrays = estimator._state.optimiser
        put_optimizer(contents, counters, arrays)
    return contents


def _words(architecture: Architecture) -> dict[str, str]:
    """Return the layers and the loss of a perceptron without dictionaries in words."""
    words = []
    for layer in architecture.layers:
        if isinstance(layer, Dense) and layer.bias and isinstance(layer.dictionary, Identity):
            words.append("dense")
        elif isinstance(layer, Activation):
            words.append(layer.kind)
        elif isinstance(layer, Maxout):
            words.append(f"maxout:{layer.n_pieces}")
        elif not isinstance(layer, Dropout):
            return {}
    return {"network": " ".join([*words, architecture.loss])}


def _restore(estimator: PredictedNetwork, contents: Contents, fitted: Mapping[str, Any]) -> None:
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
    images = _image_shape(fitted["input_shape_"]) if "input_shape_" in fitted else None
    model = _model(_architecture(estimator, contents, targets, images), contents)
    if best is not None:
        history = {"val_score": [], **history}
    estimator._targets = targets
    optimiser = take_optimizer(contents, 2, model.dtype, len(model.theta))
    estimator._state = State(
        model,
        BatchPlan(*plan),
        history,
        fitted["n_iter_"],
        fitted["t_"],
        fitted["loss_"],
        best,
        optimiser and (*optimiser[0], optimiser[1]),
    )
    if fitted["n_layers_"] != estimator.n_layers_:
        raise invalid("n_layers_", fitted["n_layers_"], str(estimator.n_layers_))


def _targets(estimator: PredictedNetwork, contents: Contents, n_outputs: int, out_activation: Any) -> Targets:
    """Return the encoding of the targets: labels that are sorted and go with the outputs, or real numbers."""
    targets: Targets
    if isinstance(estimator, NetworkRegressor):
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


def _image_shape(sides: Any) -> tuple[int, ...]:
    """Return height, width and channels."""
    if not isinstance(sides, tuple) or len(sides) != 3:
        raise invalid("input_shape_", sides, "height, width and channels")
    return tuple(checks.integer("input_shape_", side, at_most=checks.LARGEST_INT) for side in sides)


def _architecture(
    estimator: PredictedNetwork, contents: Contents, targets: Targets, images: tuple[int, ...] | None
) -> Architecture:
    sizes = {"n_inputs": estimator.n_features_in_, "n_outputs": targets.n_outputs, "seed": contents.seed()}
    with naming("params"):
        design = estimator._options().design
        for layer in design.hidden:
            if isinstance(layer, Weighted) and layer.n_columns != "auto":  # before anything is made of so many
                checks.integer("n_columns", layer.n_columns, at_most=len(contents.tensors))
        architecture = design.architecture(**sizes, loss=targets.loss, images=images)
    architecture = with_decisions(architecture, contents)
    if images not in (None, architecture.input_shape):
        raise invalid("input_shape_", images, str(architecture.input_shape))
    return architecture


def _model(architecture: Architecture, contents: Contents) -> Model:
    dtype, digests = contents.dtype(), contents.field("digests", list)
    layers = list(enumerate(architecture.weighted))
    n_base = contents.field("n_base", list) if "n_base" in contents.specification else [None] * len(layers)
    for name, values in (("digests", digests), ("n_base", n_base)):
        if len(values) != len(layers):
            raise invalid(name, f"{len(values)} of them", f"{len(layers)}, one for each layer")
    biases = [contents.tensor(f"layer.{n}.bias", dtype, (place.layer.bias * place.n_hidden,)) for n, place in layers]
    columns, theta = [], []
    for n, place in layers:
        inputs = architecture.layer_input(n)
        weights = WeightsPlan(f"layer.{n}.", place.dictionary, inputs, place.layer.sizes, place.fraction)
        dictionaries, V = weights.take(contents, dtype, digests[n], n_base[n])
        columns.append(dictionaries)
        theta += [V, biases[n]]
    return Model(architecture, columns, np.concatenate(theta))


_KINDS: dict[type[PredictedNetwork], tuple[str, ...]] = {
    PredictedMLPClassifier: (),
    PredictedMLPRegressor: (),
    PredictedConvNetClassifier: ("input_shape_",),
    PredictedConvNetRegressor: ("input_shape_",),
}
for _kind, _own in _KINDS.items():
    register(Codec(_kind, _describe, _restore, (*_ATTRIBUTES, *_own)))
