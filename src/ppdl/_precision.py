"""The two precisions, float32 and float64, the core that computes in each, and its product of matrices."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.utils import gen_batches

from ppdl import _core

Array = npt.NDArray[np.floating[Any]]
"""float32 or float64."""

_Precision = TypeVar("_Precision", bound=np.floating[Any])

_ROWS = 4096  # at most that are centred at a time
_WORK = 1e10  # multiply-adds between two moments at which an interrupt is heard


def core(dtype: npt.DTypeLike) -> Any:
    """Return the part of the core that computes in this precision."""
    return _core.f32 if np.dtype(dtype) == np.float32 else _core.f64


def product(
    A: npt.NDArray[_Precision], B: Array, n_threads: int | None = None, *, mean: Array | None = None
) -> npt.NDArray[_Precision]:
    """Return A B, or (A - mean) B, in A's precision: unlike NumPy's product, the same bits for any number of threads.

    Differences from a float64 mean are taken in double.
    """
    weights = core(A.dtype).PredictedWeights(B.shape[0], [(B.shape[1], None, None)])
    V = np.ravel(B).astype(A.dtype, copy=False)
    AB = np.empty((len(A), B.shape[1]), dtype=A.dtype)
    for rows in gen_batches(len(A), max(1, min(_ROWS, int(_WORK / max(1, B.size))))):
        block = A[rows] if mean is None else (A[rows] - mean).astype(A.dtype, copy=False)
        AB[rows] = weights.apply(np.ascontiguousarray(block), V, n_threads=n_threads)
    return AB
