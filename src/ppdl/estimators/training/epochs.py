"""Mini-batch training of one model of the core, an epoch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _core
from ppdl._precision import Array, core

from ..schedules import Progress, Schedule

_STREAM_OF_ORDERS = 1  # keeps the orders of the samples apart from other random numbers of the same seed


@dataclass(frozen=True)
class Samples:
    """A training set as the core takes it; nothing is copied.

    Parameters
    ----------
    inputs : ndarray of shape (n_samples, input_width)
        X, or X pooled once.
    targets : ndarray of shape (n_samples,), int32, or (n_samples, n_outputs)
        Labels or targets.
    weight : ndarray of shape (n_samples,) or None
        Of the samples.
    rows : ndarray of shape (n_rows,), int64
        Which of them are trained on.
    """

    inputs: Array
    targets: npt.NDArray[Any]
    weight: Array | None
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batches:
    """How an epoch is cut.

    Parameters
    ----------
    size : int
        Samples of a mini-batch.
    shuffle : bool
        Whether each epoch draws a new order of the samples.
    seed : int
        Of these orders and of dropout.
    n_threads : int or None
        Threads; None is what OpenMP allows.
    """

    size: int
    shuffle: bool
    seed: int
    n_threads: int | None


class Training:
    """An optimiser at work on a model; θ is that of the last epoch that was completed.

    Parameters
    ----------
    model : Model of the core
        What is trained.
    theta : ndarray of shape (n_parameters,)
        Where it starts.
    optimizer : Optimizer of the core
        Sgd or Adam.
    samples : Samples
        What it is trained on.
    batches : Batches
        In which portions.
    schedule : Schedule
        Learning rates.
    rate : float
        Initial learning rate.
    max_epochs : int
        Length of the schedule.
    first_epoch : int
        Epochs done by earlier calls: the orders of the samples, and rates that count mini-batches, continue from there.
    n_seen : int
        Samples seen by earlier calls.
    max_column_norm : float
        Bound on the norm of V's columns; 0 for none.
    """

    def __init__(
        self,
        model: Any,
        theta: Array,
        optimizer: Any,
        samples: Samples,
        batches: Batches,
        schedule: Schedule,
        *,
        rate: float,
        max_epochs: int,
        first_epoch: int = 0,
        n_seen: int = 0,
        max_column_norm: float = 0.0,
    ) -> None:
        self.theta = theta
        self.optimizer = optimizer
        self.samples = samples
        self.batches = batches
        self.schedule = schedule
        self.rate = rate
        self.max_epochs = max_epochs
        self.n_epochs = 0
        self.n_seen = n_seen
        self._first_epoch = first_epoch
        self._max_column_norm = max_column_norm
        self._trainer = core(theta.dtype).Trainer(model, optimizer, max_column_norm=max_column_norm)

    @property
    def n_batches(self) -> int:
        """Mini-batches of an epoch."""
        return -(-len(self.samples.rows) // self.batches.size)

    def rates(self) -> npt.NDArray[np.float64]:
        """Learning rates of the next epoch's mini-batches."""
        done = self.n_epochs * self.n_batches
        earlier = self._first_epoch * self.n_batches
        progress = Progress(done, self.n_batches, self.max_epochs * self.n_batches, self.n_seen, earlier)
        return self.schedule.rates(self.rate, progress)

    def epoch(self) -> float:
        """Go once through the samples; return their mean loss.

        Raises
        ------
        ppdl.NumericalError
            If the loss or a parameter is not finite. Then, as after any exception, `theta` is what it was before.
        """
        theta = self.theta.copy()
        loss = self._trainer.epoch(
            theta,
            self.samples.inputs,
            self.samples.targets,
            self._order(),
            self.rates(),
            self.batches.size,
            sample_weight=self.samples.weight,
            seed=self.batches.seed,
            n_threads=self.batches.n_threads,
        )
        if not np.isfinite(theta).all():
            raise _core.NumericalError(
                f"a parameter is not finite after an epoch that began with learning rate {self.rates()[0]:g}; "
                "lower the learning rate"
            )
        self.theta = theta
        self.n_epochs += 1
        self.n_seen += len(self.samples.rows)
        return float(loss)

    def _order(self) -> npt.NDArray[np.int64]:
        if not self.batches.shuffle:
            return self.samples.rows
        key = (self.batches.seed, _STREAM_OF_ORDERS, self._first_epoch + self.n_epochs)
        return np.random.default_rng(key).permutation(self.samples.rows)

    def state(self) -> Any:
        """Counters and arrays of the optimiser."""
        return self._trainer.state()

    def load_state(self, state: Any) -> None:
        """Continue from what `state` returned."""
        self._trainer.load_state(state)

    def change_model(self, model: Any, theta: Array, changed: list[slice]) -> None:
        """Go on with another model of as many parameters; the optimiser forgets what it knew of the changed ones."""
        n_steps, n_updates, arrays = self.state()
        for array in arrays.values():
            for part in changed:
                array[part] = 0.0
        self._trainer = core(theta.dtype).Trainer(model, self.optimizer, max_column_norm=self._max_column_norm)
        self._trainer.load_state((n_steps, n_updates, arrays))
        self.theta = theta
