"""The two precisions, float32 and float64, the core that computes in each, and its product of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn.utils import gen_batches

from ppdl import _core

if TYPE_CHECKING:
    from ppdl._core import _scalar

Array = npt.NDArray[np.floating[Any]]
"""float32 or float64."""

Floats = npt.NDArray[np.float64]
"""float64, whatever precision else is computed in."""

_Precision = TypeVar("_Precision", bound=np.floating[Any])

_ROWS = 4096  # that are centred at a time


class Core(Protocol):
    """The part of the core that computes in one precision: what `_core.f32` and `_core.f64` both hold."""

    Dense: type[_scalar.Dense]
    Conv2D: type[_scalar.Conv2D]
    Activation: type[_scalar.Activation]
    Maxout: type[_scalar.Maxout]
    Dropout: type[_scalar.Dropout]
    Jitter: type[_scalar.Jitter]
    Pooling: type[_scalar.Pooling]
    PredictedWeights: type[_scalar.PredictedWeights]
    Network: type[_scalar.Network]
    Autoencoder: type[_scalar.Autoencoder]
    Rica: type[_scalar.Rica]
    PatchEncoder: type[_scalar.PatchEncoder]
    PhoneDecoder: type[_scalar.PhoneDecoder]
    Sgd: type[_scalar.Sgd]
    Adam: type[_scalar.Adam]
    Trainer: type[_scalar.Trainer]
    fit_lbfgs: Callable[..., _scalar.LbfgsResult]
    lbfgs: Callable[..., _scalar.LbfgsResult]
    product: Callable[..., Any]


def core(dtype: npt.DTypeLike) -> Core:
    """Return the part of the core that computes in this precision."""
    return _core.f32 if np.dtype(dtype) == np.float32 else _core.f64


def product(
    A: npt.NDArray[_Precision], B: Array, n_threads: int | None = None, *, mean: Array | None = None
) -> npt.NDArray[_Precision]:
    """Return A B, or (A - mean) B, in A's precision: unlike NumPy's product, the same bits for any number of threads.

    Differences from a float64 mean are taken in double.
    """
    multiply, B = core(A.dtype).product, np.ascontiguousarray(B, dtype=A.dtype)
    if mean is None:
        return np.asarray(multiply(np.ascontiguousarray(A), B, n_threads))
    AB = np.empty((len(A), B.shape[1]), dtype=A.dtype)
    for rows in gen_batches(len(A), _ROWS):
        AB[rows] = multiply(np.ascontiguousarray(A[rows] - mean, dtype=A.dtype), B, n_threads)
    return AB
