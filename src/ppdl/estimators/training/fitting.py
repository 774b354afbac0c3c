"""One call of `fit`: the solvers at work on a model, what they record, and what ends them."""

from __future__ import annotations

import dataclasses
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from ppdl import _core
from ppdl._precision import Array, core

from .. import schedules
from ..networks.architecture import build_network
from ..networks.building import Rows, counted, deeper_data_driven, rebuilt_dictionaries
from ..networks.model import Model
from .callbacks import FitCallbacks
from .epochs import Batches, Samples, Training
from .progress import ProgressTable
from .stopping import Stagnation

_VALUE_TOLERANCE = 2.220446049250313e-09  # of L-BFGS: SciPy's; float32 cannot show as small a decrease

Validation = Callable[[Array], tuple[float, float]]
"""Outputs for the validation set -> (loss, score)."""


@dataclass(frozen=True)
class Data:
    """What a model is fitted to.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_inputs)
        C order, float32 or float64.
    targets : ndarray
        As the core takes them.
    weight : ndarray of shape (n_samples,) or None
        Of the samples.
    rows : ndarray of int64
        Samples to train on.
    X_val : ndarray or None
        The validation set.
    validate : callable or None
        Judges the outputs for it.
    """

    X: Array
    targets: npt.NDArray[Any]
    weight: Array | None
    rows: Rows
    X_val: Array | None = None
    validate: Validation | None = None


@dataclass(frozen=True)
class Result:
    """What a solver has reached after its last complete epoch.

    Parameters
    ----------
    model : Model
        That of the last epoch, or the best one with early stopping.
    batch_plan : tuple of int
        Samples of a batch, and of the set that may be pooled once.
    history : dict of list
        What was recorded of each epoch.
    n_iter : int
        Epochs, or iterations.
    n_seen : int
        Samples seen, by earlier calls too.
    loss : float
        Training loss.
    optimizer_state : object
        Of the optimiser, to go on from.
    """

    model: Model
    batch_plan: tuple[int, int]
    history: dict[str, list[float]] = field(default_factory=dict)
    n_iter: int = 0
    n_seen: int = 0
    loss: float = math.nan
    optimizer_state: Any = None

    def after(self, model: Model, entries: dict[str, float], n_seen: int) -> Result:
        """Return what is reached with one more epoch. An interrupt thus finds either all of the epoch or nothing."""
        history = {key: [*self.history.get(key, []), value] for key, value in entries.items()}
        return dataclasses.replace(
            self, model=model, history=history, n_iter=self.n_iter + 1, n_seen=n_seen, loss=entries["loss"]
        )


def batch_size(params: Any, n_samples: int) -> int:
    """Return the size of mini-batches: as in scikit-learn, "auto" is min(200, n_samples)."""
    if params.batch_size == "auto":
        return min(200, n_samples)
    if params.batch_size > n_samples:
        warnings.warn(f"batch_size: received {params.batch_size}, clipped to the {n_samples} samples", stacklevel=2)
    return min(int(params.batch_size), n_samples)


def training_network(params: Any, model: Model, size: int, n_pooled: int) -> Any:
    """Make the network that trains: with dropout and weight decay, planned for its batches.

    Parameters
    ----------
    params : estimator
        Whose attributes are the parameters.
    model : Model
        Its weights.
    size : int
        Samples of a batch.
    n_pooled : int
        Samples that the first layer may pool once; 0 forbids it.
    """
    network = build_network(
        model.architecture,
        model.weights,
        model.dtype,
        order=params.order,
        dropout=params.dropout,
        input_dropout=params.input_dropout,
        alpha=params.alpha,
        penalty=params.penalty,
    )
    network.plan(size, n_pooled, params.memory_limit)
    return network


class BatchFit:
    """SGD or Adam over epochs, with scikit-learn's rules of stopping.

    Parameters
    ----------
    params : estimator
        Whose attributes are the parameters.
    model : Model
        Where to start.
    data : Data
        What to fit.
    callbacks : FitCallbacks
        Told of every epoch.
    once : bool
        Whether this is a `partial_fit`: one epoch, nothing pooled, no rule of stopping.
    first_epoch, n_seen : int
        Epochs done and samples seen by earlier calls.
    optimizer_state : object
        From an earlier call, to go on with.
    """

    def __init__(
        self,
        params: Any,
        model: Model,
        data: Data,
        callbacks: FitCallbacks,
        *,
        once: bool,
        first_epoch: int,
        n_seen: int,
        optimizer_state: Any,
    ) -> None:
        self.params = params
        self.data = data
        self.callbacks = callbacks
        self.max_epochs = 1 if once else int(params.max_iter)
        self.schedule = schedules.schedule(params.learning_rate, solver=params.solver, power_t=params.power_t)
        self._stagnation = Stagnation(params.tol, math.inf if once else params.n_iter_no_change)
        self._ends_with_epochs = once or self.schedule.fixed_length or params.n_iter_no_change == math.inf
        self.result = Result(model, (batch_size(params, len(data.rows)), 0 if once else len(data.X)), n_seen=n_seen)
        self._best_score = -math.inf
        self._rebuilds = (
            params.pretraining == "supervised" and first_epoch == 0 and bool(deeper_data_driven(model.architecture))
        )
        network = training_network(params, model, *self.result.batch_plan)
        pooled = network.pool_input(data.X, params.n_threads) if network.pools_input else data.X
        S = core(model.dtype)
        if params.solver == "sgd":
            optimizer = S.Sgd(params.momentum, params.nesterovs_momentum)
        else:
            optimizer = S.Adam(params.beta_1, params.beta_2, params.epsilon)
        self.training = Training(
            network,
            model.theta,
            optimizer,
            Samples(pooled, data.targets, data.weight, data.rows),
            Batches(self.result.batch_plan[0], params.shuffle, model.architecture.seed, params.n_threads),
            self.schedule,
            rate=params.learning_rate_init,
            max_epochs=self.max_epochs,
            first_epoch=first_epoch,
            n_seen=n_seen,
            max_column_norm=params.max_column_norm or 0.0,
        )
        if optimizer_state is not None:
            self.training.load_state(optimizer_state)

    def run(self) -> Result:
        """Train until a rule, a callback, the user or the number of epochs ends it."""
        try:
            ended = self._epochs()
        except KeyboardInterrupt:
            done = self.result.n_iter
            warnings.warn(f"Training interrupted by user; the model is that of {done} complete epoch(s)", stacklevel=2)
            return self.result
        except _core.NumericalError as error:
            done = self.result.n_iter
            if done == 0:
                raise
            warnings.warn(
                f"Training diverged in epoch {done + 1}: {error}. The model is that of {done} complete epoch(s)",
                ConvergenceWarning,
                stacklevel=2,
            )
            return self.result
        if not ended and not self._ends_with_epochs:
            warnings.warn(
                f"Training did not converge within max_iter={self.max_epochs} epochs; raise max_iter, or tol",
                ConvergenceWarning,
                stacklevel=2,
            )
        return dataclasses.replace(self.result, optimizer_state=self.training.state())

    def _epochs(self) -> bool:
        """Run epochs; return whether something other than their number ended them."""
        table = ProgressTable(self.params.verbose, "epoch")
        model = self.result.model
        for epoch in range(1, self.max_epochs + 1):
            self.callbacks.begin()
            if self._rebuilds and epoch == 1 + (self.params.pretraining_epochs or 1):
                model = self._rebuild(model)
            model, entries = self._epoch(model)
            self.result = self.result.after(self._kept(model, entries), entries, self.training.n_seen)
            table.line(epoch, entries)
            if self.callbacks.end(partial(dict, _model=model)):
                table.note("A callback ends the training.")
                return True
            if self._stagnates(entries, table):
                return True
        return False

    def _epoch(self, model: Model) -> tuple[Model, dict[str, float]]:
        rate = float(self.training.rates()[0])
        start = time.perf_counter()
        loss = self.training.epoch()
        entries = {"loss": loss, "learning_rate": rate, "time": time.perf_counter() - start}
        model = model.with_theta(self.training.theta)
        return model, {**entries, **validated(self.data, model, self.params.n_threads)}

    def _kept(self, model: Model, entries: dict[str, float]) -> Model:
        """Return the model to keep: this epoch's; with early stopping, the best one so far."""
        if not self.params.early_stopping or self.data.validate is None:
            return model
        if entries["val_score"] <= self._best_score:
            return self.result.model
        self._best_score = entries["val_score"]
        return model

    def _stagnates(self, entries: dict[str, float], table: ProgressTable) -> bool:
        if self.schedule.fixed_length and not self.params.early_stopping:
            return False
        watched = "val_score" if self.params.early_stopping and "val_score" in entries else "loss"
        value = entries[watched] if watched == "val_score" else -entries["loss"]
        if not self._stagnation.after(value):
            return False
        if isinstance(self.schedule, schedules.Adaptive):
            rate = self.schedule.after_stagnation(self.training.rate)
            if rate is not None:
                self.training.rate = rate
                return False
        table.note(
            f"The {watched.replace('_', ' ')} improved by less than tol={self.params.tol:g} "
            f"in {self.params.n_iter_no_change} epochs in a row."
        )
        return True

    def _rebuild(self, model: Model) -> Model:
        """Make the data-driven dictionaries of deeper layers anew and go on training with them."""
        data, params = self.data, self.params
        weight = counted(len(data.X), data.rows, data.weight)
        model, changed = rebuilt_dictionaries(model, data.X, weight, params.n_threads)
        network = training_network(params, model, *self.result.batch_plan)
        self.training.change_model(network, model.theta, changed)
        return model


def validated(data: Data, model: Model, n_threads: int | None) -> dict[str, float]:
    """Return loss and score on the validation set, if there is one, under the names that the history gives them."""
    if data.X_val is None or data.validate is None:
        return {}
    loss, score = data.validate(model.predict(data.X_val, n_threads))
    return {"val_loss": loss, "val_score": score}


def fit_lbfgs(params: Any, model: Model, data: Data, callbacks: FitCallbacks, *, n_seen: int) -> Result:
    """Minimise the loss over the whole training set by L-BFGS.

    The best point that was evaluated is kept, whatever ends the search.
    """
    result = Result(model, (len(data.X), len(data.X)), n_seen=n_seen)
    network = training_network(params, model, *result.batch_plan)
    inputs = network.pool_input(data.X, params.n_threads) if network.pools_input else data.X
    table = ProgressTable(params.verbose, "step")
    last = time.perf_counter()

    def after_iteration(*, n_iterations: int, n_evaluations: int, value: float, x: Array, **_: Any) -> bool:
        nonlocal last, result
        entries = {"loss": value, "time": time.perf_counter() - last}
        reached = model.with_theta(x)
        entries |= validated(data, reached, params.n_threads)
        result = result.after(reached, entries, n_seen + n_evaluations * len(data.X))
        table.line(n_iterations, entries)
        stop = callbacks.end(partial(dict, _model=reached))
        callbacks.begin()
        last = time.perf_counter()
        return stop

    callbacks.begin()
    try:
        found = core(model.dtype).fit_lbfgs(
            network,
            model.theta,
            inputs,
            data.targets,
            data.weight,
            max_iterations=params.max_iter,
            max_evaluations=params.max_fun,
            gradient_tolerance=params.tol,
            value_tolerance=max(_VALUE_TOLERANCE, 10 * float(np.finfo(model.dtype).eps)),
            callback=after_iteration,
            n_threads=params.n_threads,
        )
    except KeyboardInterrupt:
        done = result.n_iter
        warnings.warn(f"Training interrupted by user; the model is that of {done} iteration(s)", stacklevel=2)
        return result
    if not math.isfinite(found.value):
        raise _core.NumericalError(f"L-BFGS found no finite loss: {found.message}; scale the inputs, or lower init")
    if not found.converged and found.status != "stopped_by_callback":
        warnings.warn(f"L-BFGS did not converge: {found.message}", ConvergenceWarning, stacklevel=2)
    return dataclasses.replace(
        result,
        model=model.with_theta(np.asarray(found.x)),
        loss=found.value,
        n_seen=n_seen + found.n_evaluations * len(data.X),
    )
