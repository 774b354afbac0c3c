"""How a model is trained: values that the estimators' parameters are parsed into, once a call."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from ppdl._precision import core

from ..schedules import Schedule


@dataclass(frozen=True)
class Machine:
    """What the computation may use, and whether it is told; names as the estimators' parameters."""

    n_threads: int | None  # None is what OpenMP allows
    memory_limit: int  # bytes that inputs pooled once may take
    order: str  # of evaluation of the layers
    verbose: int  # every how manieth epoch is printed; 0 for none


@dataclass(frozen=True)
class Optimisation:
    """The optimiser and its mini-batches; meaning as the estimators' parameters."""

    solver: str  # "lbfgs", "sgd" or "adam"
    schedule: Schedule
    rate: float  # the initial learning rate
    momentum: float
    nesterov: bool
    betas: tuple[float, float] = (0.9, 0.999)  # of Adam
    epsilon: float = 1e-8
    batch_size: int | None = None  # None is min(200, n_samples)
    shuffle: bool = True
    max_column_norm: float = 0.0  # 0 for none
    max_evaluations: int = 15000  # of L-BFGS

    def optimiser(self, dtype: npt.DTypeLike) -> Any:
        """Make the core's optimiser of mini-batches."""
        S = core(dtype)
        if self.solver == "sgd":
            return S.Sgd(self.momentum, self.nesterov)
        return S.Adam(*self.betas, self.epsilon)

    def samples_of_a_batch(self, n_samples: int) -> int:
        """Return the size of mini-batches: as in scikit-learn, at most all samples."""
        if self.batch_size is None:
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(f"batch_size: received {self.batch_size}, clipped to the {n_samples} samples", stacklevel=2)
        return min(self.batch_size, n_samples)


@dataclass(frozen=True)
class Stopping:
    """What ends training."""

    max_iter: int  # epochs, or iterations of L-BFGS
    tol: float  # least improvement that counts; of L-BFGS, the gradient at which it ends
    patience: float  # epochs in a row without improvement that are tolerated, or inf
    early: bool  # whether a validation score is watched, and the best model kept
    validation_fraction: float
