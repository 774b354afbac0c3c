"""Mini-batch training of one model of the core, an epoch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _core
from ppdl._precision import Array, core

from ..schedules import Progress
from .options import Optimisation
from .state import Rows

_STREAM_OF_ORDERS = 1  # keeps the orders of the samples apart from other random numbers of the same seed


@dataclass(frozen=True)
class Samples:
    """A training set as the core takes it; nothing is copied."""

    inputs: Array  # (n_samples, n_inputs)
    targets: npt.NDArray[Any] | None  # (n_samples,) or (n_samples, n_outputs); None where they are the inputs
    weight: Array | None  # (n_samples,)
    rows: Rows  # which of them are trained on


@dataclass(frozen=True)
class Course:
    """Where a call of training stands among the epochs before and to come."""

    batch_size: int  # samples of a mini-batch
    max_epochs: int  # length of the schedule
    seed: int  # of the orders of the samples, and of dropout
    first_epoch: int = 0  # epochs done by earlier calls, from which orders and rates continue
    n_seen: int = 0  # samples seen by earlier calls


class Training:
    """An optimiser at work on a model; θ is that of the last epoch that was completed.

    Parameters
    ----------
    model : Model of the core
        What is trained.
    theta : ndarray of shape (n_parameters,)
        Where it starts.
    samples : Samples
        What it is trained on.
    how : Optimisation
        The optimiser, "sgd" or "adam".
    course : Course
        In which portions, and how long.
    n_threads : int or None
        Threads; None is what OpenMP allows.
    """

    def __init__(
        self, model: Any, theta: Array, samples: Samples, how: Optimisation, course: Course, n_threads: int | None
    ) -> None:
        self.theta = theta
        self.samples = samples
        self.how = how
        self.course = course
        self.rate = how.rate
        self.n_epochs = 0
        self.n_seen = course.n_seen
        self._n_threads = n_threads
        self._change(model)

    def _change(self, model: Any) -> None:
        self._model = model
        self._trainer = core(self.theta.dtype).Trainer(
            model,
            self.how.optimiser(self.theta.dtype),
            self.samples.inputs,
            self.samples.targets,
            self.samples.weight,
            batch_size=self.course.batch_size,
            max_column_norm=self.how.max_column_norm,
            n_threads=self._n_threads,
        )

    @property
    def n_batches(self) -> int:
        """Mini-batches of an epoch."""
        return -(-len(self.samples.rows) // self.course.batch_size)

    def rates(self) -> npt.NDArray[np.float64]:
        """Learning rates of the next epoch's mini-batches."""
        done, total = (n * self.n_batches for n in (self.n_epochs, self.course.max_epochs))
        earlier = self.course.first_epoch * self.n_batches
        progress = Progress(done, self.n_batches, total, self.n_seen, earlier)
        return self.how.schedule.rates(self.rate, progress)

    def epoch(self) -> float:
        """Go once through the samples; return their mean loss.

        Raises
        ------
        ppdl.NumericalError
            If the loss or a parameter is not finite. Then, as after any exception, `theta` is what it was before.
        """
        theta = self.theta.copy()
        loss = self._trainer.epoch(theta, self._order(), self.rates(), self.course.seed)
        if not np.isfinite(theta).all():
            raise _core.NumericalError(
                f"a parameter is not finite after an epoch that began with learning rate {self.rates()[0]:g}; "
                "lower the learning rate"
            )
        self.theta = theta
        self.n_epochs += 1
        self.n_seen += len(self.samples.rows)
        return float(loss)

    def loss_at(self, theta: Array) -> float:
        """Return the loss of the next epoch's first batch with these parameters."""
        rows = self._order()[: self.course.batch_size]
        targets, weight = (part if part is None else part[rows] for part in (self.samples.targets, self.samples.weight))
        value, _ = self._model.value_and_gradient(
            theta, self.samples.inputs[rows], targets, weight, n_threads=self._n_threads
        )
        return float(value)

    def _order(self) -> Rows:
        if not self.how.shuffle:
            return self.samples.rows
        key = (self.course.seed, _STREAM_OF_ORDERS, self.course.first_epoch + self.n_epochs)
        return np.random.default_rng(key).permutation(self.samples.rows)

    def state(self) -> Any:
        """Counters and arrays of the optimiser."""
        return self._trainer.state()

    def load_state(self, state: Any) -> None:
        """Continue from what `state` returned; from nothing if another optimiser left it."""
        kept, present = state[-1], self.state()[-1]
        if {name: array.shape for name, array in kept.items()} == {n: array.shape for n, array in present.items()}:
            self._trainer.load_state(state)

    def change_model(self, model: Any, theta: Array, changed: Sequence[slice]) -> None:
        """Go on with another model of as many parameters; the optimiser forgets what it knew of the changed ones."""
        n_steps, n_updates, arrays = self.state()
        for array in arrays.values():
            for part in changed:
                array[part] = 0.0
        self.theta = theta
        self._change(model)
        self._trainer.load_state((n_steps, n_updates, arrays))
