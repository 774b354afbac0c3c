"""Estimators of scikit-learn whose fitted state is a few arrays and values, each declared here by its name.

Floating-point numbers are tensors; where these do not stand in the order of rows, the file says how they lie in memory,
because products may depend on that in the last bit. All else is JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC

from ppdl._precision import Array

from .codec import Codec, register
from .fields import Contents, invalid
from .json_values import from_json, to_json


@dataclass(frozen=True)
class PlainState:
    """Names of the fitted attributes of one kind.

    Parameters
    ----------
    by_feature : tuple of str
        Arrays with a number, or a column, for each feature; or None.
    others : tuple of str
        All else, of which some fits have not all.
    """

    by_feature: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def describe(self, estimator: Any, optimizer_state: bool) -> Contents:
        """Return the attributes."""
        values, steps, tensors = {}, {}, {}
        for name in (*self.by_feature, *self.others):
            if not hasattr(estimator, name):
                continue
            value = getattr(estimator, name)
            if isinstance(value, (np.ndarray, np.floating)) and value.dtype in (np.float32, np.float64):
                tensors[name] = np.asarray(value)
                apart = [step // value.itemsize for step in value.strides]
                if not tensors[name].flags.c_contiguous and all(apart):
                    steps[name] = apart
            else:
                values[name] = to_json(name, value)
        return Contents({"values": values, "steps": steps}, tensors)

    def restore(self, estimator: Any, contents: Contents, _: object) -> None:
        """Set the attributes."""
        values, steps = contents.field("values", dict), contents.field("steps", dict)
        for name in (*self.by_feature, *self.others):
            if name in values:
                value = from_json(name, values[name])
            elif name in contents.tensors or name in self.by_feature:
                value = contents.numbers(name)
                if name in steps:
                    value = _with_steps(name, value, steps[name], contents.memory_limit)
            else:
                continue
            if name in self.by_feature and value is not None and np.shape(value)[-1:] != (estimator.n_features_in_,):
                raise invalid(name, f"shape {np.shape(value)}", f"{estimator.n_features_in_} features in its last axis")
            setattr(estimator, name, value)


def _with_steps(name: str, array: Array, steps: Any, memory_limit: int) -> Array:
    """Return an array whose elements lie so many apart in memory along each axis, backwards where that is negative."""
    if not isinstance(steps, list) or len(steps) != array.ndim or not all(type(step) is int for step in steps):
        raise invalid(f"steps of {name}", steps, f"{array.ndim} numbers")
    size = 1
    for step, n in sorted(zip(map(abs, steps), array.shape, strict=True)):
        if step < size:  # elements would overlap
            raise invalid(f"steps of {name}", steps, f"those of an array of shape {array.shape}")
        size += step * (n - 1)
    if size * array.itemsize > memory_limit:
        raise invalid(f"steps of {name}", steps, f"an array of at most memory_limit={memory_limit} bytes")
    memory = np.zeros(size, array.dtype)
    first = sum(-step * (n - 1) for step, n in zip(steps, array.shape, strict=True) if step < 0)
    strides = [step * array.itemsize for step in steps]
    laid_out = np.ndarray(array.shape, array.dtype, memory.data, first * array.itemsize, strides)
    laid_out[...] = array
    return laid_out


_VARIANCES = ("explained_variance_", "explained_variance_ratio_", "singular_values_")
_PCA = ("noise_variance_", "n_samples_", "n_components_", "_fit_svd_solver")
_STATES: dict[type[BaseEstimator], PlainState] = {
    StandardScaler: PlainState(("mean_", "var_", "scale_"), ("n_samples_seen_",)),
    MinMaxScaler: PlainState(("scale_", "min_", "data_min_", "data_max_", "data_range_"), ("n_samples_seen_",)),
    MaxAbsScaler: PlainState(("max_abs_", "scale_"), ("n_samples_seen_",)),
    RobustScaler: PlainState(("center_", "scale_")),
    Normalizer: PlainState(),
    PCA: PlainState(("components_", "mean_"), (*_VARIANCES, *_PCA)),
    TruncatedSVD: PlainState(("components_",), _VARIANCES),
    LogisticRegression: PlainState(("coef_",), ("intercept_", "classes_", "n_iter_")),
    LinearSVC: PlainState(("coef_",), ("intercept_", "classes_", "n_iter_")),
    LinearRegression: PlainState(("coef_",), ("intercept_", "rank_", "singular_")),
    Ridge: PlainState(("coef_",), ("intercept_", "n_iter_", "solver_")),
}
for _kind, _state in _STATES.items():
    register(Codec(_kind, _state.describe, _state.restore))
