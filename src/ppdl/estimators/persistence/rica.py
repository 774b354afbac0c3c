"""Reconstruction ICA: the tensors ``mean``, ``matrix``, ``inverse`` of what is done to samples, and `weights`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl.dictionaries import column_sizes

from ..ica.fitting import AdamState
from ..ica.model import RicaModel
from ..ica.options import RicaOptions, checked_signs
from ..ica.preparation import Preparation
from ..ica.rica import RICA
from .codec import Codec, register
from .fields import Contents, checked_history, checked_number, invalid, naming
from .optimizer import put_optimizer, take_optimizer
from .weights import WeightsPlan, weights_tensors


def _describe(rica: RICA, optimizer_state: bool) -> Contents:
    model = rica._model
    options = RicaOptions.of(rica.get_params(deep=False), rica.n_features_in_, model.V.dtype)
    options.check_structure(rica._structure)
    stored = model.columns.stored
    specification = {
        "seed": model.seed,
        "dtype": model.V.dtype.name,
        "digest": model.columns.digest(),
        "n_base": stored and stored.n_base,
    }
    tensors = weights_tensors("", model.columns, model.V)
    if model.preparation is not None:
        names = (field.name for field in dataclasses.fields(model.preparation))
        tensors |= {name: getattr(model.preparation, name) for name in names}
    contents = Contents(specification, tensors)
    if optimizer_state and rica._optimizer_state is not None:
        contents.specification["unit"] = rica._optimizer_state.unit
        n_steps, arrays = rica._optimizer_state.moments
        put_optimizer(contents, [n_steps], arrays)
    return contents


def _restore(rica: RICA, contents: Contents, fitted: Mapping[str, Any]) -> None:
    with naming("params"):
        options = RicaOptions.of(rica.get_params(deep=False), rica.n_features_in_, contents.dtype())
    rica.n_iter_ = checks.integer("n_iter_", fitted["n_iter_"], at_least=0)
    rica.loss_, rica.history_ = checked_number("loss_", fitted["loss_"]), checked_history(fitted["history_"])
    if "loss" not in rica.history_:
        raise invalid("history_", sorted(rica.history_), "the 'loss'")
    rica._hold(options, _model(options, rica.n_features_in_, contents))
    rica._optimizer_state = None
    moments = take_optimizer(contents, 1, rica._model.V.dtype, len(rica._model.V))
    if moments is not None:
        ((n_steps,), arrays), unit = moments, checked_number("unit", contents.field("unit", float))
        rica._optimizer_state = AdamState(unit, (n_steps, arrays))
    rica.non_gaussianity_ = checked_signs("non_gaussianity_", fitted["non_gaussianity_"], options.n_components)


def _model(options: RicaOptions, n_features: int, contents: Contents) -> RicaModel:
    preparation = None
    if options.standardize or options.whiten is not None:
        n_axes = options.n_axes(n_features)
        shapes = {"mean": (n_features,), "matrix": (n_axes, n_features), "inverse": (n_features, n_axes)}
        double = np.dtype(np.float64)
        taken = {name: contents.tensor(name, double, shape).astype(double) for name, shape in shapes.items()}
        preparation = Preparation(**taken)
    seed = contents.seed()
    with naming("params"):
        checks.integer("n_columns", options.n_columns, at_most=len(contents.tensors))  # before so many are made
        inputs = options.inputs(n_features, seed)
        sizes = column_sizes(options.n_components, options.n_columns)
    weights = WeightsPlan("", options.dictionary, inputs, sizes, options.learned_fraction)
    n_base = contents.specification.get("n_base")  # since format 3
    columns, V = weights.take(contents, contents.dtype(), contents.field("digest", str), n_base)
    return RicaModel(preparation, columns, V, seed)


register(Codec(RICA, _describe, _restore, ("n_iter_", "loss_", "history_", "non_gaussianity_")))
