"""One estimator as the contents of a file, and back: what all kinds have in common, then the codec of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from ppdl import _checks as checks

from .codec import codec_named, codec_of
from .fields import Contents, checked_finite, invalid
from .json_values import from_json, params_from_json, params_to_json, to_json


def describe(estimator: Any, optimizer_state: bool) -> Contents:
    """Return all that a file holds of an estimator, with the state of its optimiser or without.

    Raises
    ------
    ValueError
        Naming what a file can't hold; a NotFittedError, if there is nothing to hold yet.
    """
    codec = codec_of(estimator)
    check_is_fitted(estimator)
    counted = hasattr(estimator, "n_features_in_")
    fitted = codec.fitted(counted)
    if "n_features_in_" in fitted and not counted:  # of one that learns nothing else
        raise NotFittedError(f"{codec.kind.__name__} is not fitted yet; call fit first")
    contents = codec.describe(estimator, optimizer_state)
    contents.specification.update(
        {
            "class": codec.kind.__name__,
            "params": params_to_json(codec.params(estimator)),
            "fitted": {name: to_json(name, getattr(estimator, name)) for name in fitted},
        }
    )
    if codec.counts_features and hasattr(estimator, "feature_names_in_"):
        contents.specification["feature_names"] = [str(name) for name in estimator.feature_names_in_]
    contents.tensors = {
        name: checked_finite(name, np.asarray(tensor, order="C")) for name, tensor in contents.tensors.items()
    }
    return contents


def restore(contents: Contents) -> Any:
    """Return the estimator that `describe` described.

    Raises
    ------
    Exception
        Of any kind, if it described none.
    """
    codec = codec_named(contents.field("class", str))
    params = params_from_json(contents.field("params", dict))
    try:
        estimator = codec.kind(**params)
    except TypeError as error:
        raise ValueError(f"params: {error}") from None
    described = contents.field("fitted", dict)
    names = codec.fitted("n_features_in_" in described)
    missing = [name for name in names if name not in described]
    if missing:
        raise ValueError(f"fitted: {', '.join(missing)} missing")
    fitted = {name: from_json(name, described[name]) for name in names}
    if "n_features_in_" in fitted:
        estimator.n_features_in_ = checks.integer("n_features_in_", fitted["n_features_in_"])
        if "feature_names" in contents.specification:
            estimator.feature_names_in_ = _feature_names(contents, estimator.n_features_in_)
    codec.restore(estimator, contents, fitted)
    contents.require_all_taken()
    return estimator


def _feature_names(contents: Contents, n_features: int) -> npt.NDArray[Any]:
    names = contents.field("feature_names", list)
    if len(names) != n_features or not all(isinstance(name, str) for name in names):
        raise invalid("feature_names", f"a list of {len(names)}", f"{n_features} strings, one for each feature")
    return np.array(names, dtype=object)
