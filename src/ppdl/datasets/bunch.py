"""The form that every loader of images returns."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))

Arrays: TypeAlias = tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.int64]]
"""Data (n_samples, n_features) and target (n_samples,)."""


def check_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as a NumPy type, or raise if the core can't train on it."""
    if np.dtype(dtype) not in DTYPES:
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype).name}.")
    return np.dtype(dtype)


def image_bunch(
    images: npt.NDArray[np.floating[Any]],  # (n_samples, height, width)
    target: npt.NDArray[np.int64],  # (n_samples,)
    description: str,
) -> Bunch:
    """Gather grey images and their digits under the names that scikit-learn gives them."""
    height, width = images.shape[1:]
    return Bunch(
        data=images.reshape(len(images), -1),
        target=target,
        images=images,
        input_shape=(height, width),
        feature_names=[f"pixel_{row}_{column}" for row in range(height) for column in range(width)],
        target_names=np.arange(10),
        DESCR=description,
    )
