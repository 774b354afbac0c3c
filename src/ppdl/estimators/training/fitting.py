"""One call of `fit` by SGD or Adam: epochs, what they record, and what ends them."""

from __future__ import annotations

import dataclasses
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ppdl import _core

from .. import schedules
from .callbacks import FitCallbacks
from .epochs import Course, Samples, Training
from .options import Machine, Optimisation, Stopping
from .progress import ProgressTable
from .state import BatchPlan, Data, M, State
from .stopping import Stagnation

_GROWTH = 10.0  # of the loss over a fit, from where on it is told


@dataclass(frozen=True)
class Task(Generic[M]):
    """What a solver is to do, and how."""

    how: Optimisation
    stopping: Stopping
    machine: Machine
    data: Data
    make_network: Callable[[M, BatchPlan], Any]  # the core's that trains a model
    callbacks: FitCallbacks

    def validated(self, model: M) -> dict[str, float]:
        """Return loss and score on the validation set, if there is one, under the names that the history gives them."""
        return {} if self.data.validate is None else self.data.validate(model)


@dataclass(frozen=True)
class Rebuild(Generic[M]):
    """Another model of as many parameters, with which training goes on after some epochs."""

    after: int  # epochs before
    rebuilt: Callable[[M], tuple[M, list[slice]]]  # the other model, and where θ differs


class BatchFit(Generic[M]):
    """SGD or Adam over epochs, with scikit-learn's rules of stopping.

    Parameters
    ----------
    task : Task
        What to do.
    start : State
        Where to start.
    once : bool
        Whether this is a `partial_fit`: one epoch, no rule of stopping, and the state's optimiser goes on.
    rebuild : Rebuild, optional
        What is changed on the way.
    """

    def __init__(self, task: Task[M], start: State[M], *, once: bool, rebuild: Rebuild[M] | None = None) -> None:
        self.task = task
        self.max_epochs = 1 if once else task.stopping.max_iter
        self.rebuild = rebuild
        how, data, model = task.how, task.data, start.model
        self._untrained = model.theta if start.n_epochs == 0 and not once else None
        self._ends_with_epochs = once or how.schedule.fixed_length or task.stopping.patience == math.inf
        plan = BatchPlan(how.samples_of_a_batch(len(data.rows)), 0 if once else len(data.X))
        self.training = Training(
            task.make_network(model, plan),
            model.theta,
            Samples(data.X, data.targets, data.weight, data.rows),
            how,
            Course(plan.size, self.max_epochs, model.seed, start.n_epochs, start.n_seen),
            task.machine.n_threads,
        )
        if once and start.optimiser is not None:
            self.training.load_state(start.optimiser)
        self._keeps_best = task.stopping.early and data.validate is not None
        # a model that is trained further has to be surpassed; one that was just made has not
        best = task.validated(model)["val_score"] if self._keeps_best and start.n_epochs > 0 else None
        self.state = start.begun(model, plan, best)
        patience = math.inf if once else task.stopping.patience
        self._stagnation = Stagnation(task.stopping.tol, patience, -math.inf if best is None else best)

    def run(self) -> State[M]:
        """Train until a rule, a callback, the user or the number of epochs ends it."""
        try:
            ended = self._epochs()
        except KeyboardInterrupt:
            done = self.state.n_iter
            if done == 0:
                raise
            warnings.warn(f"Training interrupted by user; the model is that of {done} complete epoch(s)", stacklevel=2)
            return self.state
        except _core.NumericalError as error:
            done = self.state.n_iter
            if done == 0:
                raise self._explained(error) from None
            warnings.warn(
                f"Training diverged in epoch {done + 1}: {error}. The model is that of {done} complete epoch(s)",
                ConvergenceWarning,
                stacklevel=2,
            )
            return self.state
        self._warn_of_growth()
        if not ended and not self._ends_with_epochs:
            warnings.warn(
                f"Training did not converge within max_iter={self.max_epochs} epochs; raise max_iter, or tol",
                ConvergenceWarning,
                stacklevel=2,
            )
        if self.state.model.theta is not self.training.theta:  # the best model is an earlier one
            return self.state
        return dataclasses.replace(self.state, optimiser=self.training.state())

    def _warn_of_growth(self) -> None:
        """Warn where the loss stayed finite, but is far above that of a network that was not trained."""
        if self._untrained is None or self._keeps_best:
            return
        first, last = self.training.loss_at(self._untrained), self.state.loss
        if last > _GROWTH * first:
            warnings.warn(
                f"Training diverged: the loss grew from {first:.3g} to {last:.3g}; lower learning_rate_init, which is "
                f"{self.task.how.rate:g}, or scale X",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _explained(self, error: Exception) -> Exception:
        """Return the error of a first epoch that diverged, which is not always the learning rate's fault."""
        if math.isfinite(self.training.loss_at(self.state.model.theta)):
            return error
        weights = "" if self.task.data.weight is None else ", the sample weights"
        return _core.NumericalError(
            f"the loss is not finite before the first step; lower init or alpha, or scale X{weights} or y"
        )

    def _epochs(self) -> bool:
        """Run epochs; return whether something other than their number ended them."""
        table = ProgressTable(self.task.machine.verbose, "epoch")
        callbacks, model = self.task.callbacks, self.state.model
        for epoch in range(1, self.max_epochs + 1):
            callbacks.begin()
            if self.rebuild is not None and epoch == 1 + self.rebuild.after:
                model = self._rebuild(self.rebuild, model)
            model, entries = self._epoch(model)
            self.state = self._after(model, entries)
            table.line(epoch, entries)
            if callbacks.end(partial(dict, _state=dataclasses.replace(self.state, model=model))):
                table.note("A callback ends the training.")
                return True
            if self._stagnates(entries, table):
                return True
        return False

    def _epoch(self, model: M) -> tuple[M, dict[str, float]]:
        rate = float(self.training.rates()[0])
        start = time.perf_counter()
        loss = self.training.epoch()
        entries = {"loss": loss, "learning_rate": rate, "time": time.perf_counter() - start}
        model = model.with_theta(self.training.theta)
        data, n_threads = self.task.data, self.task.machine.n_threads
        seen = data.X[data.rows[: self.state.plan.size]]
        if not (math.isfinite(loss) and np.isfinite(model.predict(seen, n_threads)).all()):
            raise _core.NumericalError(
                f"the outputs are not finite after an epoch that began with learning rate {rate:g}; lower the learning "
                "rate, or scale X"
            )
        return model, {**entries, **self.task.validated(model)}

    def _after(self, model: M, entries: dict[str, float]) -> State[M]:
        """Return the state with one more epoch: its model, or, with early stopping, the best one so far."""
        n_seen = self.training.n_seen
        if not self._keeps_best:
            return self.state.after(model, entries, n_seen)
        score, best = entries["val_score"], self.state.best_score
        if best is not None and score <= best:
            return self.state.after(self.state.model, entries, n_seen)
        return dataclasses.replace(self.state.after(model, entries, n_seen), best_score=score)

    def _stagnates(self, entries: dict[str, float], table: ProgressTable) -> bool:
        stopping, schedule = self.task.stopping, self.task.how.schedule
        if schedule.fixed_length and not stopping.early:
            return False
        watched = "val_score" if self._keeps_best else "loss"
        if not self._stagnation.after(entries["val_score"] if self._keeps_best else -entries["loss"]):
            return False
        if isinstance(schedule, schedules.Adaptive):
            rate = schedule.after_stagnation(self.training.rate)
            if rate is not None:
                self.training.rate = rate
                return False
        table.note(
            f"The {watched.replace('_', ' ')} improved by less than tol={stopping.tol:g} "
            f"in {stopping.patience} epochs in a row."
        )
        return True

    def _rebuild(self, rebuild: Rebuild[M], model: M) -> M:
        """Take the other model and go on training with it."""
        model, changed = rebuild.rebuilt(model)
        network = self.task.make_network(model, self.state.plan)
        self.training.change_model(network, model.theta, changed)
        return model
