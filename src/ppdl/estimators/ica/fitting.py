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

_NORM_EPSILON = 1e-8
_VALUE_TOLERANCE = 1e-9
_BLOCK = 4096  # samples that are squared at a time


@dataclass(frozen=True)
class Found:
    """Weights that were found.

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
    optimizer_state : tuple
        Of Adam.
    """

    V: Array
    loss: float
    n_iter: int
    history: dict[str, list[float]]
    optimizer_state: Any = None


def objective(params: Any, model: RicaModel, X: Array) -> Any:
    """Make the core's objective for prepared samples, with the options of the estimator `params`."""
    signs = np.broadcast_to(np.asarray(params.non_gaussianity, dtype=X.dtype), (model.columns.n_hidden,))
    return core(X.dtype).RicaObjective(
        model.weights(),
        X,
        contrast=params.contrast,
        contrast_epsilon=params.contrast_epsilon,
        sparsity=params.sparsity,
        norm_epsilon=_NORM_EPSILON,
        signs=np.ascontiguousarray(signs),
        memory_limit=params.memory_limit,
        n_threads=params.n_threads,
    )


def size_of_terms(X: Array, sparsity: float) -> float:
    """Return what tolerances are relative to: the smaller of ‖x‖² and λ‖x‖, for a feature of average size.

    So the search ends at the same place in other units of the data and of λ, and goes on until the smaller of the two
    terms of the objective is at its least, too.
    """
    with np.errstate(over="ignore"):
        squares = sum(float(np.sum(np.square(X[rows], dtype=np.float64))) for rows in gen_batches(len(X), _BLOCK))
    size = math.sqrt(squares / X.size)
    return min(size, sparsity or size) * size or 1.0


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


def fit_lbfgs(params: Any, model: RicaModel, X: Array) -> Found:
    """Minimise the objective over all prepared samples, from the model's V.

    Raises
    ------
    ppdl.NumericalError
        If the objective is not finite where it starts.
    """
    f = objective(params, model, X)
    unit = size_of_terms(X, params.sparsity)
    progress = _Progress(model.V, unit, params.step_tol, ProgressTable(params.verbose, "step"))

    def in_units(V: Array) -> tuple[float, Array]:
        value, gradient = f.value_and_gradient(V, params.n_threads)
        gradient /= unit
        return value / unit, gradient

    try:
        found = core(X.dtype).lbfgs(
            in_units,
            model.V,
            memory=params.memory,
            max_iterations=params.max_iter,
            max_evaluations=params.max_fun,
            gradient_tolerance=params.tol,
            value_tolerance=_VALUE_TOLERANCE,
            callback=progress,
            n_threads=params.n_threads,
        )
    except KeyboardInterrupt:
        n_iter = len(progress.history["loss"])
        if n_iter == 0:
            raise
        warnings.warn(f"RICA interrupted by user; the components are those of {n_iter} iteration(s)", stacklevel=4)
        return Found(progress.x, progress.loss, n_iter, progress.history)
    if not math.isfinite(found.value):
        raise _core.NumericalError(f"L-BFGS found no finite objective: {found.message}; scale the samples")
    if not found.converged and not progress.converged:
        warnings.warn(f"RICA did not converge: {found.message}", ConvergenceWarning, stacklevel=4)
    return Found(np.asarray(found.x), unit * found.value, found.n_iterations, progress.history)


def fit_batches(params: Any, model: RicaModel, X: Array, optimizer_state: Any) -> Found:
    """Go once through samples, in mini-batches, by Adam, which continues from `optimizer_state` if there is one.

    Raises
    ------
    ppdl.NumericalError
        If the objective of a mini-batch is not finite.
    """
    start = time.perf_counter()
    optimizer = core(X.dtype).Adam()
    optimizer.reset(len(model.V))
    if optimizer_state is not None:
        optimizer.load_state(optimizer_state)
    V = model.V.copy()
    losses: list[float] = []
    sizes: list[int] = []
    for rows in gen_batches(len(X), params.batch_size):
        batch = np.ascontiguousarray(model.prepared(X[rows], params.n_threads))
        value, gradient = objective(params, model, batch).value_and_gradient(V, params.n_threads)
        if not math.isfinite(value):
            raise _core.NumericalError(
                f"the objective is {value} in mini-batch {len(losses) + 1}; lower learning_rate_init, or scale the "
                "samples"
            )
        optimizer.step(V, gradient, params.learning_rate_init, params.n_threads)
        losses.append(value)
        sizes.append(len(batch))
    loss = float(np.average(losses, weights=sizes))
    history = {"loss": [loss], "time": [time.perf_counter() - start]}
    return Found(V, loss, len(losses), history, optimizer.state())
