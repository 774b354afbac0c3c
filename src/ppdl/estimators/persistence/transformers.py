"""Transformers of samples that learn little: contrast normalisation and whitening."""

from __future__ import annotations

from ppdl.preprocessing import ContrastNormalizer, Whitener

from .codec import Codec, register
from .fields import Contents


def _describe(whitener: Whitener) -> Contents:
    tensors = {
        name: getattr(whitener, f"{name}_") for name in ("mean", "whitening", "dewhitening", "explained_variance")
    }
    return Contents({"dtype": whitener.whitening_.dtype.name}, tensors)


def _restore(whitener: Whitener, contents: Contents) -> None:
    n_features, dtype = whitener.n_features_in_, contents.dtype()
    whitener.mean_ = contents.tensor("mean", dtype, (n_features,))
    whitener.whitening_ = contents.tensor("whitening", dtype, (n_features, None))
    whitener.dewhitening_ = contents.tensor("dewhitening", dtype, (whitener.whitening_.shape[1], n_features))
    whitener.explained_variance_ = contents.tensor("explained_variance", dtype, (None,))


register(Codec(ContrastNormalizer, lambda _: Contents(), lambda *_: None, ("n_features_in_",)))
register(Codec(Whitener, _describe, _restore, ("n_features_in_",)))
