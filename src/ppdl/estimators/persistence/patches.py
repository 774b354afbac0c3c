"""Features of patches: the tensors ``filters`` and ``filter_mean``, and the transformers as parts of their own.

So is the learner, if there is a codec of it; `transform` does without.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from ppdl import _checks as checks
from ppdl.preprocessing import ContrastNormalizer, Whitener
from ppdl.preprocessing.images import image_sides, patch_sides

from ..patches.options import PatchCode, PatchGrid
from ..patches.patch_features import PatchFeatures
from .codec import Codec, is_savable, register
from .estimator import describe, restore
from .fields import Contents, invalid, naming
from .json_values import from_json, to_json

_TRANSFORMERS = {"normalizer_": ContrastNormalizer, "whitener_": Whitener}


def _params(features: PatchFeatures) -> Mapping[str, Any]:
    """Parameters; a learner that can't be saved becomes None."""
    params: dict[str, Any] = features.get_params(deep=False)
    kept = isinstance(features.learner, Integral) or is_savable(features.learner)
    return params if kept else {**params, "learner": None}


def _describe(features: PatchFeatures, optimizer_state: bool) -> Contents:
    grid, code = features._grid, features._code
    specification = {
        "dtype": features.filters_.dtype.name,
        "image_shape" if features.image_shape_ else "smallest_shape": list(grid.smallest),
        "patch_size": list(grid.patch_size),
        "stride": grid.stride,
        "regions": list(grid.regions),
        "encoding": to_json("encoding", [code.encoding, code.epsilon, code.threshold]),
    }
    contents = Contents(specification, {"filters": features.filters_, "filter_mean": features._mean})
    for name in (*_TRANSFORMERS, "learner_"):
        part = getattr(features, name)
        if part is not None and (name in _TRANSFORMERS or is_savable(part)):
            contents.put(name, describe(part, optimizer_state))
    return contents


def _restore(features: PatchFeatures, contents: Contents, _: object) -> None:
    n_features = getattr(features, "n_features_in_", None)
    grid = _grid(n_features, contents)
    n_inputs, dtype = math.prod(grid.patch_shape), contents.dtype()
    for name, kind in _TRANSFORMERS.items():
        transformer = _part(name, contents)
        if transformer is not None and (type(transformer), transformer.n_features_in_) != (kind, n_inputs):
            raise invalid(name, transformer, f"a {kind.__name__} of {n_inputs} features")
        setattr(features, name, transformer)
    features.learner_ = _part("learner_", contents)
    if features.whitener_ is not None:
        n_inputs = features.whitener_.whitening_.shape[1]
        if features.whitener_.whitening_.dtype != dtype:
            raise invalid("whitener_", features.whitener_.whitening_.dtype, str(dtype))
    features.filters_ = contents.tensor("filters", dtype, (None, n_inputs))
    features._mean = contents.tensor("filter_mean", dtype, (n_inputs,))
    with naming("encoding"):
        features._code = PatchCode.of(*from_json("encoding", contents.field("encoding", dict)))
    features._grid = grid
    features.image_shape_ = None if n_features is None else grid.smallest
    features.patch_shape_ = grid.patch_shape
    features._n_features_out = features._encoder_maker()(grid.smallest).n_features


def _part(name: str, contents: Contents) -> Any:
    return restore(contents.part(name)) if name in contents.specification else None


def _grid(n_features: int | None, contents: Contents) -> PatchGrid:
    name = "smallest_shape" if n_features is None else "image_shape"
    smallest = image_sides(contents.field(name, list))
    if n_features not in (None, math.prod(smallest)):
        raise invalid(name, smallest, f"{n_features} features")
    stride = checks.integer("stride", contents.field("stride", int))
    patch_size = patch_sides(contents.field("patch_size", list), [])
    return PatchGrid.of(smallest, patch_size, stride, contents.field("regions", list))


register(Codec(PatchFeatures, _describe, _restore, params=_params, of_any_size=True))
