"""What training works on, and the state that it reaches."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ppdl._precision import Array

if TYPE_CHECKING:
    from typing_extensions import Self

Rows = npt.NDArray[np.int64]
History = dict[str, list[float]]


class BatchPlan(NamedTuple):
    """What a network is planned for."""

    size: int  # samples of a batch
    n_pooled: int  # samples that the first layer may pool once; 0 forbids it


class Trainable(Protocol):
    """A model as training sees it."""

    theta: Array

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision."""

    @property
    def seed(self) -> int:
        """Of everything random."""

    def with_theta(self, theta: Array) -> Self:
        """Return the model with other learned parameters."""

    def predict(self, X: Array, n_threads: int | None) -> Array:
        """Return the outputs for samples."""


M = TypeVar("M", bound=Trainable)
Validation = Callable[[Any], dict[str, float]]
"""Model -> its "val_loss" and "val_score"."""


@dataclass(frozen=True)
class Data:
    """What a model is fitted to; nothing is copied."""

    X: Array  # (n_samples, n_inputs), C order
    targets: npt.NDArray[Any]  # as the core takes them
    weight: Array | None  # (n_samples,)
    rows: Rows  # samples to train on, all of positive weight
    validate: Validation | None = None  # judges a model by other samples


@dataclass(frozen=True)
class State(Generic[M]):
    """What training has reached after its last complete epoch; a call goes on from that of the one before."""

    model: M  # of the last epoch; with early stopping, the best one
    plan: BatchPlan  # of the last call
    history: History = field(default_factory=dict)  # of each epoch of all calls; NaN where nothing was recorded
    n_iter: int = 0  # epochs, or iterations, of the last call
    n_seen: int = 0  # samples seen in all calls
    loss: float = math.nan  # the last one
    best_score: float | None = None  # of `model`, with early stopping
    optimiser: Any = None  # its state after the epoch that led to `model`, if it is known

    @property
    def n_epochs(self) -> int:
        """Epochs, or iterations, of all calls."""
        return len(self.history.get("loss", []))

    def begun(self, model: M, plan: BatchPlan, best_score: float | None) -> State[M]:
        """Return the state at the start of a call that continues this one."""
        return dataclasses.replace(self, model=model, plan=plan, n_iter=0, best_score=best_score, optimiser=None)

    def after(self, model: M, entries: Mapping[str, float], n_seen: int) -> State[M]:
        """Return the state after one more epoch. An interrupt thus finds either all of the epoch or nothing."""
        history = joined(self.history, {key: [entry] for key, entry in entries.items()})
        return dataclasses.replace(
            self, model=model, history=history, n_iter=self.n_iter + 1, n_seen=n_seen, loss=entries["loss"]
        )


def joined(before: History, after: History) -> History:
    """Return one history and then another, NaN where either lacks an entry."""
    whole: History = {key: [] for key in {**before, **after}}
    for history in (before, after):
        length = max(map(len, history.values()), default=0)
        for key, values in whole.items():
            entries = history.get(key, [])
            values += [*entries, *[math.nan] * (length - len(entries))]
    return whole
