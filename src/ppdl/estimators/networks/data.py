"""Samples: which of them train and which validate, and how much each counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_consistent_length

from ppdl import _checks as checks
from ppdl._precision import Array

from ..training.losses import activated, mean_loss
from ..training.state import Rows
from .model import Model
from .targets import ClassTargets, Targets

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ValidationSet:
    """Samples that judge a model; see `training.state.Validation`."""

    X: Array
    y: npt.NDArray[Any]
    encoded: npt.NDArray[Any]  # y as the core takes it
    targets: Targets
    weight: Array | None
    n_threads: int | None

    def __call__(self, model: Model) -> dict[str, float]:
        """Return loss and score; a model whose outputs are not finite has the worst score."""
        linear = model.linear_outputs(self.X, self.n_threads)
        loss = mean_loss(self.targets.loss, linear, self.encoded, self.weight)
        outputs = activated(self.targets.loss, linear)
        score = self.targets.score(self.y, outputs, self.weight) if np.isfinite(outputs).all() else -np.inf
        return {"val_loss": loss, "val_score": score}


def checked_weight(sample_weight: Any, X: Array) -> Weights | None:
    """Return the weights of samples in double precision."""
    if sample_weight is None:
        return None
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight", copy=True)
    if weight.ndim != 1:
        raise ValueError(f"sample_weight: received shape {weight.shape}; expected ({len(X)},), one for each sample")
    check_consistent_length(X, weight)
    if weight.min() < 0.0:
        raise ValueError(f"sample_weight: received {weight.min()}; expected weights of at least 0")
    if not weight.any():
        raise ValueError("sample_weight: received zeros alone; expected a weight to learn from")
    return weight


def class_weights(class_weight: Any, y: npt.NDArray[Any], targets: Targets, weight: Weights | None) -> Weights | None:
    """Return the weights of samples that follow from their classes, or from each of their labels."""
    if class_weight is None:
        return None
    columns = y.reshape(len(y), -1).T
    if isinstance(class_weight, str) and class_weight == "balanced":
        return np.prod([_balanced(column, weight) for column in columns], axis=0)
    classes = targets.classes if isinstance(targets, ClassTargets) else np.arange(2)
    given = [class_weight] if y.ndim == 1 else class_weight
    if (
        not isinstance(given, list)
        or not all(isinstance(each, Mapping) for each in given)
        or len(given) != len(columns)
    ):
        expected = "'balanced', or a dict" + ("" if y.ndim == 1 else f" for each of {len(columns)} labels, in a list")
        raise ValueError(f"class_weight: received {class_weight!r}; expected None, {expected}")
    found = np.prod([_of_classes(each, column, classes) for each, column in zip(given, columns, strict=True)], axis=0)
    if not found.any():
        raise ValueError("class_weight: received zeros for the classes of all samples; expected a weight to learn from")
    return found


def _of_classes(given: Mapping[Any, Any], y: npt.NDArray[Any], classes: npt.NDArray[Any]) -> Weights:
    unknown = [label for label in given if label not in classes.tolist()]
    if unknown:
        raise ValueError(f"class_weight: received weights of {unknown}; expected the classes, {classes}")
    each = [checks.real(f"class_weight[{c!r}]", given.get(c, 1.0), at_least=0.0) for c in classes.tolist()]
    return np.array(each)[np.searchsorted(classes, y)]


def _balanced(y: npt.NDArray[Any], weight: Weights | None) -> Weights:
    """Return weights with which each class counts as much as any other, samples being counted by `weight`."""
    _, numbers = np.unique(y, return_inverse=True)
    totals = np.bincount(numbers, weights=weight).astype(np.float64)
    with np.errstate(divide="ignore"):
        each = totals.sum() / (np.count_nonzero(totals) * totals)
    return np.where(totals > 0.0, each, 0.0)[numbers]


def combined_weight(weight: Weights | None, by_class: Weights | None, dtype: npt.DTypeLike) -> Array | None:
    """Return the product of both, in a precision in which their sum can be divided by."""
    name = "class_weight" if weight is None else "sample_weight"
    if by_class is not None:
        with np.errstate(over="ignore"):
            weight = by_class if weight is None else weight * by_class
    if weight is None:
        return None
    found = checks.cast(name, weight, dtype)
    limits = np.finfo(found.dtype)
    with np.errstate(over="ignore"):
        total = float(found.sum(dtype=np.float64))
    if not limits.tiny <= total <= limits.max:
        raise ValueError(
            f"{name}: the sum is {total:g}; expected {limits.tiny:.3g} to {limits.max:.3g}, the range of "
            f"{found.dtype}, the precision of X; scale the weights"
        )
    return found


def trained_rows(weight: Array | None, n_samples: int) -> Rows:
    """Return the numbers of the samples that count."""
    return np.arange(n_samples) if weight is None else np.flatnonzero(weight)


def split(rows: Rows, y: npt.NDArray[Any], *, fraction: float, stratified: bool, seed: int) -> tuple[Rows, Rows]:
    """Divide samples into those to train on, in order, and at least two to validate on."""
    try:
        trained, held_out = train_test_split(
            rows, test_size=fraction, random_state=seed, stratify=y[rows] if stratified else None
        )
    except ValueError as error:
        raise ValueError(f"validation_fraction: {fraction} of {len(rows)} samples: {error}") from None
    if len(held_out) < 2:
        raise ValueError(
            f"validation_fraction: {fraction} of {len(rows)} samples leaves {len(held_out)} to validate on; "
            "raise it, or use more samples"
        )
    return np.sort(trained), held_out
