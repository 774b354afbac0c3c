"""Targets as values: how y becomes what the core is given, and outputs become predictions and scores."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from ppdl import _checks as checks
from ppdl._precision import Array

Y = npt.NDArray[Any]


class Targets(abc.ABC):
    """What a network is to return: the encoding of y, the loss, and the way back."""

    loss: str
    """As the core names it."""
    out_activation: str
    """Of the outputs."""
    n_outputs: int
    """Outputs for each sample."""
    fewest: ClassVar[int] = 1
    """Samples of which a score is defined."""
    stratified: ClassVar[bool] = False
    """Whether a part of the samples should hold as many of each target as the whole."""

    @abc.abstractmethod
    def encode(self, name: str, y: Y, dtype: npt.DTypeLike) -> Y:
        """Return y as the core takes it; `name` is that of the argument in errors."""

    @abc.abstractmethod
    def decode(self, outputs: Array) -> Y:
        """Return predictions from the network's outputs."""

    @abc.abstractmethod
    def score(self, y: Y, outputs: Array, weight: Array | None) -> float:
        """Return the score of finite outputs."""


@dataclass(frozen=True, eq=False)
class ClassTargets(Targets):
    """One of several classes.

    Examples
    --------
    >>> targets = ClassTargets(np.array(["even", "odd"]))
    >>> targets.encode("y", np.array(["odd", "even"]), np.float32)
    array([[1.],
           [0.]], dtype=float32)
    >>> print(*targets.decode(np.array([[0.9], [0.1]])))
    odd even
    """

    classes: Y  # their labels, sorted
    stratified = True

    @property
    def out_activation(self) -> str:  # type: ignore[override]
        """Of the outputs."""
        return "softmax" if len(self.classes) > 2 else "logistic"

    @property
    def loss(self) -> str:  # type: ignore[override]
        """As the core names it."""
        return "softmax" if len(self.classes) > 2 else "binary"

    @property
    def n_outputs(self) -> int:  # type: ignore[override]
        """One for each class; one for two of them."""
        return len(self.classes) if len(self.classes) > 2 else 1

    def encode(self, name: str, y: Y, dtype: npt.DTypeLike) -> Y:
        """Return numbers of the classes."""
        if y.ndim != 1:
            raise ValueError(f"{name}: received shape {y.shape}; expected ({len(y)},), one class for each sample")
        present = unique_labels(y)
        if not np.isin(present, self.classes).all():
            raise ValueError(
                f"{name}: it holds classes {present}, of which some are not among the known ones, {self.classes}"
            )
        numbers = np.searchsorted(self.classes, y)
        return numbers.astype(np.int32) if self.loss == "softmax" else numbers[:, np.newaxis].astype(dtype)

    def decode(self, outputs: Array) -> Y:
        """Return the likeliest classes."""
        if self.loss == "softmax":
            return self.classes[outputs.argmax(axis=1)]
        return self.classes[np.minimum(outputs[:, 0] > 0.5, len(self.classes) - 1).astype(int)]

    def score(self, y: Y, outputs: Array, weight: Array | None) -> float:
        """Return the accuracy."""
        return float(accuracy_score(y, self.decode(outputs), sample_weight=weight))


@dataclass(frozen=True, eq=False)
class LabelTargets(Targets):
    """Several labels, each of which a sample has or has not."""

    n_outputs: int  # how many
    classes: Y  # their numbers, and maybe more
    loss = "binary"
    out_activation = "logistic"

    def encode(self, name: str, y: Y, dtype: npt.DTypeLike) -> Y:
        """Return zeros and ones."""
        if y.shape[1:] != (self.n_outputs,):
            raise ValueError(
                f"{name}: received shape {y.shape}; expected ({len(y)}, {self.n_outputs}), a column for each label"
            )
        return np.ascontiguousarray(y, dtype=dtype)

    def decode(self, outputs: Array) -> Y:
        """Return one for each label that is likelier than not."""
        return (outputs > 0.5).astype(int)

    def score(self, y: Y, outputs: Array, weight: Array | None) -> float:
        """Return the fraction of samples of which all labels are right."""
        return float(accuracy_score(y, self.decode(outputs), sample_weight=weight))


@dataclass(frozen=True)
class RealTargets(Targets):
    """Real numbers."""

    kind: str  # the estimator's loss, "squared_error" or "poisson"
    n_outputs: int  # numbers of each sample
    fewest = 2

    LOSSES: ClassVar[dict[str, tuple[str, str]]] = {
        "squared_error": ("squared", "identity"),
        "poisson": ("poisson", "exp"),
    }

    @property
    def loss(self) -> str:  # type: ignore[override]
        """As the core names it."""
        return self.LOSSES[self.kind][0]

    @property
    def out_activation(self) -> str:  # type: ignore[override]
        """Of the outputs."""
        return self.LOSSES[self.kind][1]

    def encode(self, name: str, y: Y, dtype: npt.DTypeLike) -> Y:
        """Return the numbers in the network's precision."""
        if self.kind == "poisson" and y.min() < 0.0:
            raise ValueError(f"{name}: received {y.min()}; expected targets of at least 0, for loss='poisson'")
        targets = checks.cast(name, y.reshape(len(y), -1), dtype)
        if targets.shape[1] != self.n_outputs:
            raise ValueError(
                f"{name}: received shape {y.shape}; expected {self.n_outputs} number(s) for each of {len(y)} samples"
            )
        return targets

    def decode(self, outputs: Array) -> Y:
        """Return the outputs, one-dimensional if there is one for each sample."""
        return outputs[:, 0] if self.n_outputs == 1 else outputs

    def score(self, y: Y, outputs: Array, weight: Array | None) -> float:
        """Return R²."""
        return float(r2_score(y, self.decode(outputs), sample_weight=weight))


def checked_classes(name: str, y: Any) -> Y:
    """Return classes, one-dimensional, or zeros and ones of several labels, two-dimensional."""
    y = _dense(y)
    check_classification_targets(y)
    if y.ndim == 2 and y.shape[1] > 1:
        if type_of_target(y) == "multiclass-multioutput":
            raise ValueError(
                f"{name}: received several multiclass outputs; expected classes, or 0 and 1 for multilabel problems"
            )
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"{name}: received values {np.unique(y)}; expected 0 and 1 for multilabel problems")
    return y


def checked_values(name: str, y: Any, estimator: Any) -> Y:
    """Return finite real numbers, one- or two-dimensional."""
    return check_array(_dense(y), ensure_2d=False, dtype=(np.float64, np.float32), input_name=name, estimator=estimator)


def class_targets(y: Y) -> ClassTargets | LabelTargets:
    """Return the encoding that y shows, of classes or of labels."""
    return ClassTargets(unique_labels(y)) if y.ndim == 1 else LabelTargets(y.shape[1], np.arange(y.shape[1]))


def _dense(y: Any) -> Y:
    """Return y as an array; a single column becomes one-dimensional, with scikit-learn's warning."""
    y = np.asarray(y.toarray() if sparse.issparse(y) else y)
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
