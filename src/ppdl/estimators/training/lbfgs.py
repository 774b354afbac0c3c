"""One call of `fit` by L-BFGS, over the whole training set at once."""

from __future__ import annotations

import dataclasses
import math
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ppdl import _core
from ppdl._precision import Array, core

from .fitting import Task
from .progress import ProgressTable
from .state import BatchPlan, M, State

_VALUE_TOLERANCE = 2.220446049250313e-09  # SciPy's; float32 cannot show as small a decrease


def fit_lbfgs(task: Task[M], start: State[M]) -> State[M]:
    """Minimise the loss over the whole training set.

    The best point that was evaluated is kept, whatever ends the search.
    """
    data, model, n_threads = task.data, start.model, task.machine.n_threads
    plan = BatchPlan(len(data.X), len(data.X))
    state = start.begun(model, plan, None)
    table = ProgressTable(task.machine.verbose, "step")
    last = time.perf_counter()

    def after_iteration(*, n_iterations: int, n_evaluations: int, value: float, x: Array, **_: Any) -> bool:
        nonlocal last, state
        reached = model.with_theta(x)
        entries = {"loss": value, "time": time.perf_counter() - last, **task.validated(reached)}
        state = state.after(reached, entries, start.n_seen + n_evaluations * len(data.X))
        table.line(n_iterations, entries)
        stop = task.callbacks.end(partial(dict, _state=state))
        task.callbacks.begin()
        last = time.perf_counter()
        return stop

    task.callbacks.begin()
    try:
        found = core(model.dtype).fit_lbfgs(
            task.make_network(model, plan),
            model.theta,
            data.X,
            data.targets,
            data.weight,
            max_iterations=task.stopping.max_iter,
            max_evaluations=task.how.max_evaluations,
            gradient_tolerance=task.stopping.tol,
            value_tolerance=max(_VALUE_TOLERANCE, 10 * float(np.finfo(model.dtype).eps)),
            callback=after_iteration,
            n_threads=n_threads,
        )
    except KeyboardInterrupt:
        if state.n_iter == 0:
            raise
        done = state.n_iter
        warnings.warn(f"Training interrupted by user; the model is that of {done} iteration(s)", stacklevel=2)
        return state
    if not math.isfinite(found.value):
        raise _core.NumericalError(f"L-BFGS found no finite loss: {found.message}; scale the inputs, or lower init")
    if not found.converged and found.status != "stopped_by_callback":
        warnings.warn(f"L-BFGS did not converge: {found.message}", ConvergenceWarning, stacklevel=2)
    return dataclasses.replace(
        state,
        model=model.with_theta(np.asarray(found.x)),
        history={"loss": [], **state.history},
        loss=found.value,
        n_seen=start.n_seen + found.n_evaluations * len(data.X),
    )
