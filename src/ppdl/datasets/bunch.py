"""The form that every loader of images returns, and the checks of what the caller asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from ppdl._checks import one_of

DTYPES = (np.dtype(np.float32), np.dtype(np.float64))

COLOURS = ("red", "green", "blue")

Arrays: TypeAlias = tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.int64]]
"""Data (n_samples, n_features) and target (n_samples,)."""


def check_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return `dtype` as a NumPy type, or raise if the core can't train on it."""
    try:
        found: object = np.dtype(dtype)
    except TypeError:
        found = dtype
    if found not in DTYPES:
        raise ValueError(f"dtype: received {found}; expected float32 or float64")
    return np.dtype(dtype)


def check_subset(subset: str) -> tuple[str, ...]:
    """Return the subsets that `subset` stands for, in order, or raise if there is none of this name."""
    subsets = {"train": ("train",), "test": ("test",), "all": ("train", "test")}
    return subsets[one_of("subset", subset, subsets)]


def scale(parts: Sequence[npt.NDArray[np.uint8]], dtype: np.dtype[Any]) -> npt.NDArray[np.floating[Any]]:
    """Join images (n_samples, ...) of bytes and scale them to [0, 1], with no other copy than the result."""
    images = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), dtype)
    end = 0
    for part in parts:
        begin, end = end, end + len(part)
        np.divide(part, 255, out=images[begin:end], dtype=dtype)
    return images


def image_bunch(
    images: npt.NDArray[np.floating[Any]],  # (n_samples, height, width) or (n_samples, height, width, 3)
    target: npt.NDArray[np.int64],  # (n_samples,)
    description: str,
    target_names: Sequence[str] | None = None,
) -> Bunch:
    """Gather grey or colour images and their classes under the names that scikit-learn gives them.

    The names of the classes are the digits if there are no others.
    """
    height, width, *channels = images.shape[1:]
    pixels = [f"pixel_{row}_{column}" for row in range(height) for column in range(width)]
    return Bunch(
        data=images.reshape(len(images), -1),
        target=target,
        images=images,
        input_shape=(height, width, *channels),
        feature_names=[f"{pixel}_{colour}" for pixel in pixels for colour in COLOURS] if channels else pixels,
        target_names=np.arange(10) if target_names is None else np.array(target_names),
        DESCR=description,
    )
