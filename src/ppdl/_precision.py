"""The two precisions, float32 and float64, and the core that computes in each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _core

Array = npt.NDArray[np.floating[Any]]
"""float32 or float64."""


def core(dtype: npt.DTypeLike) -> Any:
    """Return the part of the core that computes in this precision."""
    return _core.f32 if np.dtype(dtype) == np.float32 else _core.f64


def product(A: npt.NDArray[np.float64], B: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return A B, the same bits for any number of threads, which NumPy's product does not promise."""
    return np.asarray(_core.dictionary.product(np.ascontiguousarray(A), np.ascontiguousarray(B)))
