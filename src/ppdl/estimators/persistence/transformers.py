"""Transformers of samples that learn little: contrast normalisation and whitening."""

from __future__ import annotations

import numpy as np

from ppdl.preprocessing import ContrastNormalizer, Whitener

from .codec import Codec, register
from .fields import Contents, naming


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


register(Codec(ContrastNormalizer, _describe_normalizer, _restore_normalizer))
register(Codec(Whitener, _describe_whitener, _restore_whitener))
