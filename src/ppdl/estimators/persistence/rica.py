"""Reconstruction ICA: the tensors ``mean`` and ``preparation`` where samples are prepared, and those of `weights`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ppdl import _checks as checks
from ppdl.dictionaries import LayerInput, column_sizes

from ..ica.model import Preparation, RicaModel
from ..ica.rica import RICA
from ..predicted_weights import checked_dictionary
from .codec import Codec, register
from .fields import Contents, checked_history, checked_number, invalid, naming
from .weights import WeightsPlan, weights_tensors


def _describe(rica: RICA) -> Contents:
    model = rica._model
    rica._check_parameters()
    for name, now in rica._structure_now(_n_components(rica)).items():
        if now != (before := rica._structure[name]):
            raise ValueError(f"{name}: received {now!r}, but {before!r} was fitted; set it back, or fit anew")
    specification = {"seed": model.seed, "dtype": model.V.dtype.name, "digest": model.columns.digest()}
    tensors = weights_tensors("", model.columns, model.V)
    if model.preparation is not None:
        tensors |= {"mean": model.preparation.mean, "preparation": model.preparation.matrix}
    return Contents(specification, tensors)


def _restore(rica: RICA, contents: Contents, fitted: Mapping[str, Any]) -> None:
    with naming("params"):
        rica._check_parameters()
    rica.n_iter_ = checks.integer("n_iter_", fitted["n_iter_"], at_least=0)
    rica.loss_, rica.history_ = checked_number("loss_", fitted["loss_"]), checked_history(fitted["history_"])
    if "loss" not in rica.history_:
        raise invalid("history_", sorted(rica.history_), "the 'loss'")
    model = _model(rica, contents)
    rica._model, rica._optimizer_state = model, None
    rica._structure = rica._structure_now(_n_components(rica))
    rica.components_ = model.components()
    if model.preparation is not None:
        rica.mean_, rica.whitening_ = model.preparation.mean, model.preparation.matrix


def _n_components(rica: RICA) -> int:
    return rica.n_features_in_ if rica.n_components is None else checks.integer("n_components", rica.n_components)


def _model(rica: RICA, contents: Contents) -> RicaModel:
    n_features, dtype, preparation = rica.n_features_in_, contents.dtype(), None
    if rica.standardize or rica.whiten is not None:
        mean = contents.tensor("mean", dtype, (n_features,))
        preparation = Preparation(mean, contents.tensor("preparation", dtype, (n_features, n_features)))
    seed = contents.seed()
    with naming("params"):
        checks.integer("n_columns", rica.n_columns, at_most=len(contents.tensors))  # before anything is made of so many
        inputs = LayerInput(n_features, shape=rica.input_shape, seed=seed)
        sizes = column_sizes(_n_components(rica), rica.n_columns)
    weights = WeightsPlan("", checked_dictionary(rica.dictionary), inputs, sizes, rica.learned_fraction)
    columns, V = weights.take(contents, dtype, contents.field("digest", str))
    return RicaModel(preparation, columns, V, seed)


register(Codec(RICA, _describe, _restore, ("n_iter_", "loss_", "history_")))
