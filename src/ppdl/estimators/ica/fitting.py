"""How components are learned: L-BFGS over all samples, or Adam over mini-batches."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import gen_batches

from ppdl import _core
from ppdl._precision import Array, core

from ..training.progress import ProgressTable
from .model import RicaModel
from .options import RicaOptions
from .signs import excess_signs

Signs: TypeAlias = npt.NDArray[np.int64]

_NORM_EPSILON = 1e-8
_VALUE_TOLERANCE = 1e-9
_BLOCK = 4096  # samples that are squared at a time
_LOOK = 20  # iterations between two looks at the components' signs, while they change


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
    signs : ndarray of shape (n_components,)
        Of the contrasts in the objective.
    optimizer_state : AdamState or None
        After mini-batches.
    """

    V: Array
    loss: float
    n_iter: int
    history: dict[str, list[float]]
    signs: Signs
    optimizer_state: AdamState | None = None


def objective(options: RicaOptions, model: RicaModel, dtype: np.dtype[Any], signs: Signs) -> Any:
    """Make the core's objective for prepared samples of a precision."""
    return core(dtype).Rica(
        model.columns.weights(dtype),
        contrast=options.contrast,
        contrast_epsilon=options.contrast_epsilon,
        sparsity=options.sparsity,
        norm_epsilon=_NORM_EPSILON,
        signs=np.ascontiguousarray(signs, dtype=dtype),
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
    UserWarning
        If they are so small that their components hardly count.
    """
    size, unit = _size(X), size_of_terms(X, options.sparsity)
    # The contrast of components that are zero, beside which what can be gained must not be lost.
    at_zero = {"smooth-l1": math.sqrt(options.contrast_epsilon), "logcosh": math.log(2.0), "exp": 1.0}
    constant = options.sparsity * at_zero[options.contrast] * options.n_components
    for dtype in (X.dtype, np.dtype(np.float64)):
        room = np.finfo(dtype)
        seen = size > 0.0 and float(room.eps) * unit >= float(room.tiny) and unit >= 100.0 * float(room.eps) * constant
        if seen and size * max(size, options.sparsity) <= float(room.max) * float(room.eps):
            _tell_of_scale(options, size)
            return X.astype(dtype, copy=False)
    if not seen and X.any():
        warnings.warn(
            f"RICA did not converge: the objective of samples of root mean square {size:g} is lost in rounding beside "
            f"sparsity={options.sparsity:g} and contrast {options.contrast!r}; scale the samples",
            ConvergenceWarning,
            stacklevel=5,
        )
    return X.astype(np.float64, copy=False)


def _tell_of_scale(options: RicaOptions, size: float) -> None:
    """Warn of samples whose root mean square `size` is out of proportion to what was chosen for them."""
    smooth = options.contrast_epsilon if options.contrast == "smooth-l1" else 0.0
    if options.sparsity > 100.0 * size or math.sqrt(smooth) > 10.0 * size:
        warnings.warn(
            f"X: received samples of root mean square {size:g}, small beside sparsity={options.sparsity:g} or "
            f"contrast_epsilon={options.contrast_epsilon:g}, so components may mean nothing; whiten, or scale them",
            UserWarning,
            stacklevel=6,
        )


def _signs(options: RicaOptions, model: RicaModel, X: Array) -> Signs:
    """Return the given signs of the components, or those of their excess over prepared samples.

    Components that outnumber the directions of the samples have none: those that are left over are to become zero.
    """
    if options.signs is not None:
        return options.signs
    if options.n_components > model.n_directions:
        return np.ones(options.n_components, dtype=np.int64)
    return excess_signs(
        model.filters(), X, contrast=options.contrast, epsilon=options.contrast_epsilon, n_threads=options.n_threads
    )


def _signs_at_start(options: RicaOptions, before: Signs | None) -> Signs:
    """Return the given signs, or those before, or 1: random components are too near to a Gaussian to tell theirs."""
    given = before if options.signs is None else options.signs
    return np.ones(options.n_components, dtype=np.int64) if given is None else given


@dataclass
class _Progress:
    """Keeps what L-BFGS reaches, tells it, and says when steps have become short; `unit` is that of its values."""

    x: Array
    signs: Signs
    unit: float
    step_tol: float
    table: ProgressTable
    loss: float = math.nan
    converged: bool = False
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "gradient_norm": [], "time": []})
    last: float = field(default_factory=time.perf_counter)

    @property
    def n_iter(self) -> int:
        """Iterations so far."""
        return len(self.history["loss"])

    def __call__(self, *, value: float, gradient_norm: float, x: Array, **_: Any) -> bool:
        now = time.perf_counter()
        value *= self.unit
        entries = {"loss": value, "gradient_norm": gradient_norm, "time": now - self.last}
        self.converged = bool(np.linalg.norm(x - self.x) <= self.step_tol * np.linalg.norm(self.x))
        for key, entry in entries.items():
            self.history[key].append(entry)
        self.x, self.loss, self.last = x, value, now  # with the history: an interrupt finds both at one iteration
        self.table.line(self.n_iter, entries)
        return self.converged


def fit_lbfgs(options: RicaOptions, model: RicaModel, X: Array, before: Signs | None = None) -> FoundComponents:
    """Minimise the objective over all prepared samples, from the model's V.

    Where the signs are not given, they begin as those `before`, an earlier fit's, or as 1; after some iterations they
    become those of the components' excess, again and again, until they stay as they are.

    Raises
    ------
    ppdl.NumericalError
        If the objective is not finite where it starts.
    """
    unit = size_of_terms(X, options.sparsity)
    X = _with_room(options, X)
    progress = _Progress(
        model.V.astype(X.dtype, copy=False),
        _signs_at_start(options, before),
        unit,
        options.step_tol,
        ProgressTable(options.verbose, "step"),
    )
    try:
        found, failure = _searched(options, model, X, progress)
    except KeyboardInterrupt:
        n_iter = progress.n_iter
        if n_iter == 0:
            raise
        warnings.warn(f"RICA interrupted by user; the components are those of {n_iter} iteration(s)", stacklevel=4)
        return FoundComponents(progress.x, progress.loss, n_iter, progress.history, progress.signs)
    if not math.isfinite(found.value):
        raise _core.NumericalError(f"L-BFGS found no finite objective: {found.message}; scale the samples")
    if failure:
        warnings.warn(f"RICA did not converge: {failure}", ConvergenceWarning, stacklevel=4)
    if progress.n_iter == 0:  # nothing could be gained: the look at the start counts as one
        progress(value=found.value, gradient_norm=found.gradient_norm, x=found.x)
    return FoundComponents(np.asarray(found.x), unit * found.value, progress.n_iter, progress.history, progress.signs)


def _searched(options: RicaOptions, model: RicaModel, X: Array, progress: _Progress) -> tuple[Any, str]:
    """Return what L-BFGS found last, and why it did not converge, empty if it did."""
    iterations, evaluations = options.max_iter, options.max_fun
    length = iterations if options.signs is not None else _LOOK
    V = progress.x
    while True:
        found = core(X.dtype).fit_lbfgs(
            objective(options, model, X.dtype, progress.signs),
            V,
            X,
            unit=progress.unit,
            memory=options.memory,
            max_iterations=min(length, iterations),
            max_evaluations=evaluations,
            gradient_tolerance=options.gradient_tolerance(len(X)),
            value_tolerance=_VALUE_TOLERANCE,
            callback=progress,
            n_threads=options.n_threads,
        )
        V = np.asarray(found.x)
        iterations -= max(found.n_iterations, 1)  # a search that finds nothing to gain counts too
        evaluations -= found.n_evaluations
        converged = found.converged or progress.converged
        signs = _signs(options, model.with_V(V), X) if math.isfinite(found.value) else progress.signs
        settled = bool((signs == progress.signs).all())
        if settled and found.status not in ("max_iterations", "max_evaluations"):
            return found, "" if converged else found.message
        if iterations <= 0 or evaluations <= 0 or not math.isfinite(found.value):
            limit = f"max_iter = {options.max_iter}" if iterations <= 0 else f"max_fun = {options.max_fun}"
            return found, f"stopped after {limit}; the largest entry of the gradient is {found.gradient_norm:g}"
        length = iterations if settled else _LOOK
        progress.signs = signs


def fit_batches(
    options: RicaOptions, model: RicaModel, X: Array, state: AdamState | None, before: Signs | None
) -> FoundComponents:
    """Go once through samples, in mini-batches, by Adam, which continues from `state` if there is one.

    Where the signs are not given, they are those of the components' excess over the samples before the first step; in
    the first call 1, and those `before`, of the last one, if there are few samples.

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
    signs = _signs_at_start(options, before)
    if before is not None and len(X) >= options.batch_size:
        signs = _signs(options, model, model.prepared(X, options.n_threads))
    objectives: dict[np.dtype[Any], Any] = {}
    losses: list[float] = []
    sizes: list[int] = []
    for rows in gen_batches(len(X), options.batch_size):
        batch = np.ascontiguousarray(model.prepared(X[rows], options.n_threads))
        if unit == 0.0 and batch.any():
            unit = size_of_terms(batch, options.sparsity)
        batch = _with_room(options, batch)
        if batch.dtype not in objectives:
            objectives[batch.dtype] = objective(options, model, batch.dtype, signs)
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
    return FoundComponents(V, loss, len(losses), history, signs, AdamState(unit, optimizer.state()))
