"""How components are learned: L-BFGS over all samples, or Adam over mini-batches."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches

from ppdl import _core
from ppdl._precision import Array, core

from ..training.progress import ProgressTable
from .model import RicaModel
from .options import RicaOptions

_NORM_EPSILON = 1e-8
_VALUE_TOLERANCE = 1e-9
_BLOCK = 4096  # samples that are squared at a time


@dataclass(frozen=True)
class AdamState:
    """What the next mini-batches go on from.

    Parameters
    ----------
    unit : float
        What gradients are divided by.
    moments : Any
        The core's.
    """

    unit: float
    moments: Any


@dataclass(frozen=True)
class FoundComponents:
    """Components that were found.

    Parameters
    ----------
    V : ndarray of shape (n_dynamic,)
        What was learned.
    loss : float
        Objective there.
    n_iter : int
        Iterations, or mini-batches.
    history : dict of str to list of float
        What was seen on the way.
    optimizer_state : AdamState or None
        After mini-batches.
    """

    V: Array
    loss: float
    n_iter: int
    history: dict[str, list[float]]
    optimizer_state: AdamState | None = None


def objective(options: RicaOptions, model: RicaModel, dtype: np.dtype[Any]) -> Any:
    """Make the core's objective for prepared samples of a precision."""
    return core(dtype).Rica(
        model.columns.weights(dtype),
        contrast=options.contrast,
        contrast_epsilon=options.contrast_epsilon,
        sparsity=options.sparsity,
        norm_epsilon=_NORM_EPSILON,
        signs=np.ascontiguousarray(options.signs, dtype=dtype),
        memory_limit=options.memory_limit,
    )


def size_of_terms(X: Array, sparsity: float) -> float:
    """Return what tolerances are relative to: the smaller of ‖x‖² and λ‖x‖, for a feature of average size.

    So the search ends at the same place in other units of the data and of λ, and goes on until the smaller of the two
    terms of the objective is at its least, too; but for a λ that is lost beside the samples in their precision.
    """
    size = _size(X)
    least = size * float(np.finfo(X.dtype).eps)
    return min(size, max(sparsity, least) if sparsity else size) * size or 1.0


def _size(X: Array) -> float:
    """Root mean square of all entries."""
    with np.errstate(over="ignore"):
        squares = sum(float(np.sum(np.square(X[rows], dtype=np.float64))) for rows in gen_batches(len(X), _BLOCK))
    return math.sqrt(squares / X.size)


def _with_room(options: RicaOptions, X: Array) -> Array:
    """Return samples in a precision that has room for their objective: theirs, or float64.

    Warns
    -----
    ConvergenceWarning
        If even float64 has none, because they are so small.
    """
    size, unit = _size(X), size_of_terms(X, options.sparsity)
    # The contrast of components that are zero, beside which what can be gained must not be lost.
    at_zero = {"smooth-l1": math.sqrt(options.contrast_epsilon), "logcosh": math.log(2.0), "exp": 1.0}
    constant = options.sparsity * at_zero[options.contrast] * options.n_components
    for dtype in (X.dtype, np.dtype(np.float64)):
        room = np.finfo(dtype)
        seen = size > 0.0 and float(room.eps) * unit >= float(room.tiny) and unit >= 100.0 * float(room.eps) * constant
        if seen and size * max(size, options.sparsity) <= float(room.max) * float(room.eps):
            return X.astype(dtype, copy=False)
    if not seen and X.any():
        warnings.warn(
            f"RICA did not converge: the objective of samples of root mean square {size:g} is lost in rounding beside "
            f"sparsity={options.sparsity:g} and contrast {options.contrast!r}; scale the samples",
            ConvergenceWarning,
            stacklevel=5,
        )
    return X.astype(np.float64, copy=False)


@dataclass
class _Progress:
    """Keeps what L-BFGS reaches, tells it, and says when steps have become short; `unit` is that of its values."""

    x: Array
    unit: float
    step_tol: float
    table: ProgressTable
    loss: float = math.nan
    converged: bool = False
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "gradient_norm": [], "time": []})
    last: float = field(default_factory=time.perf_counter)

    def __call__(self, *, n_iterations: int, value: float, gradient_norm: float, x: Array, **_: Any) -> bool:
        now = time.perf_counter()
        value *= self.unit
        entries = {"loss": value, "gradient_norm": gradient_norm, "time": now - self.last}
        self.converged = bool(np.linalg.norm(x - self.x) <= self.step_tol * np.linalg.norm(self.x))
        for key, entry in entries.items():
            self.history[key].append(entry)
        self.x, self.loss, self.last = x, value, now  # with the history: an interrupt finds both at one iteration
        self.table.line(n_iterations, entries)
        return self.converged


def fit_lbfgs(options: RicaOptions, model: RicaModel, X: Array) -> FoundComponents:
    """Minimise the objective over all prepared samples, from the model's V.

    Raises
    ------
    ppdl.NumericalError
        If the objective is not finite where it starts.
    """
    unit = size_of_terms(X, options.sparsity)
    X = _with_room(options, X)
    V = model.V.astype(X.dtype, copy=False)
    progress = _Progress(V, unit, options.step_tol, ProgressTable(options.verbose, "step"))
    try:
        found = core(X.dtype).fit_lbfgs(
            objective(options, model, X.dtype),
            V,
            X,
            unit=unit,
            memory=options.memory,
            max_iterations=options.max_iter,
            max_evaluations=options.max_fun,
            gradient_tolerance=options.tol,
            value_tolerance=_VALUE_TOLERANCE,
            callback=progress,
            n_threads=options.n_threads,
        )
    except KeyboardInterrupt:
        n_iter = len(progress.history["loss"])
        if n_iter == 0:
            raise
        warnings.warn(f"RICA interrupted by user; the components are those of {n_iter} iteration(s)", stacklevel=4)
        return FoundComponents(progress.x, progress.loss, n_iter, progress.history)
    if not math.isfinite(found.value):
        raise _core.NumericalError(f"L-BFGS found no finite objective: {found.message}; scale the samples")
    if not found.converged and not progress.converged:
        warnings.warn(f"RICA did not converge: {found.message}", ConvergenceWarning, stacklevel=4)
    if found.n_iterations == 0:  # nothing could be gained: the look at the start counts as one
        progress(n_iterations=1, value=found.value, gradient_norm=found.gradient_norm, x=found.x)
    return FoundComponents(np.asarray(found.x), unit * found.value, len(progress.history["loss"]), progress.history)


def fit_batches(options: RicaOptions, model: RicaModel, X: Array, state: AdamState | None) -> FoundComponents:
    """Go once through samples, in mini-batches, by Adam, which continues from `state` if there is one.

    Raises
    ------
    ppdl.NumericalError
        If the objective of a mini-batch, or what was learned from it, is not finite.
    """
    start = time.perf_counter()
    optimizer = core(model.V.dtype).Adam()
    optimizer.reset(len(model.V))
    if state is not None:
        optimizer.load_state(state.moments)
    V, unit = model.V.copy(), 0.0 if state is None else state.unit
    objectives: dict[np.dtype[Any], Any] = {}
    losses: list[float] = []
    sizes: list[int] = []
    for rows in gen_batches(len(X), options.batch_size):
        batch = np.ascontiguousarray(model.prepared(X[rows], options.n_threads))
        if unit == 0.0 and batch.any():
            unit = size_of_terms(batch, options.sparsity)
        batch = _with_room(options, batch)
        if batch.dtype not in objectives:
            objectives[batch.dtype] = objective(options, model, batch.dtype)
        value, gradient = objectives[batch.dtype].value_and_gradient(
            V.astype(batch.dtype, copy=False), batch, n_threads=options.n_threads
        )
        gradient = (gradient / (unit or 1.0)).astype(V.dtype, copy=False)
        optimizer.step(V, gradient, options.learning_rate_init, options.n_threads)
        losses.append(value)
        sizes.append(len(batch))
        if not (math.isfinite(value) and np.isfinite(V).all()):
            raise _core.NumericalError(
                f"the objective is {value} in mini-batch {len(losses)}, and the components are not finite after it; "
                "lower learning_rate_init, or scale the samples"
            )
    loss = float(np.average(losses, weights=sizes))
    history = {"loss": [loss], "time": [time.perf_counter() - start]}
    return FoundComponents(V, loss, len(losses), history, AdamState(unit, optimizer.state()))
