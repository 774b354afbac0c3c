"""Transformers that learn little: contrast normalisation, whitening and features of speech."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl.preprocessing import Cepstra, ContrastNormalizer, Whitener

from .codec import Codec, register
from .fields import Contents, invalid, naming


def _describe_normalizer(normalizer: ContrastNormalizer, optimizer_state: bool) -> Contents:
    normalizer._contrast()
    return Contents()


def _restore_normalizer(normalizer: ContrastNormalizer, contents: Contents, _: object) -> None:
    with naming("params"):
        normalizer._contrast()


def _describe_whitener(whitener: Whitener, optimizer_state: bool) -> Contents:
    tensors = {
        name: getattr(whitener, f"{name}_") for name in ("mean", "whitening", "dewhitening", "explained_variance")
    }
    return Contents({"dtype": whitener.whitening_.dtype.name}, tensors)


def _restore_whitener(whitener: Whitener, contents: Contents, _: object) -> None:
    n_features, dtype = whitener.n_features_in_, contents.dtype()
    whitener.mean_ = contents.tensor("mean", np.dtype(np.float64), (n_features,))
    whitener.whitening_ = contents.tensor("whitening", dtype, (n_features, None))
    whitener.dewhitening_ = contents.tensor("dewhitening", dtype, (whitener.whitening_.shape[1], n_features))
    whitener.explained_variance_ = contents.tensor("explained_variance", dtype, (None,))


def _describe_cepstra(cepstra: Cepstra, optimizer_state: bool) -> Contents:
    cepstra._settings()
    return Contents({}, {"mean": cepstra.mean_, "scale": cepstra.scale_})


def _restore_cepstra(cepstra: Cepstra, contents: Contents, fitted: Mapping[str, Any]) -> None:
    with naming("params"):
        cepstra._settings()
    cepstra.mean_ = contents.tensor("mean", np.dtype(np.float64), (None,))
    cepstra.scale_ = contents.tensor("scale", np.dtype(np.float64), cepstra.mean_.shape)
    if not (cepstra.scale_ > 0).all():
        raise invalid("scale", float(cepstra.scale_.min()), "numbers above 0")
    cepstra.rate_ = checks.real("rate_", fitted["rate_"], above=0.0)


register(Codec(Cepstra, _describe_cepstra, _restore_cepstra, attributes=("rate_",), counts_features=False))
register(Codec(ContrastNormalizer, _describe_normalizer, _restore_normalizer))
register(Codec(Whitener, _describe_whitener, _restore_whitener))
