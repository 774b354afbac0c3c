"""Handwritten digits of 8 × 8 pixels, which come with scikit-learn: real data without a download."""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from .bunch import Arrays, check_dtype, image_bunch


@overload
def load_digits(*, dtype: npt.DTypeLike = ..., return_X_y: Literal[False] = ...) -> Bunch: ...
@overload
def load_digits(*, dtype: npt.DTypeLike = ..., return_X_y: Literal[True]) -> Arrays: ...
def load_digits(*, dtype: npt.DTypeLike = np.float32, return_X_y: bool = False) -> Bunch | Arrays:
    """Load scikit-learn's 8 × 8 digits, scaled to [0, 1].

    These are 1797 images of the UCI collection "Optical Recognition of Handwritten Digits"; they are not MNIST.

    Parameters
    ----------
    dtype : {float32, float64}, default=float32
        Type of the pixels.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch
        `data` (1797, 64) in [0, 1]; `target` (1797,) int64, 0 to 9; `images` (1797, 8, 8), the same memory as `data`;
        `input_shape`, `feature_names`, `target_names` and `DESCR`.

    Examples
    --------
    >>> from ppdl.datasets import load_digits
    >>> digits = load_digits()
    >>> digits.data.shape, digits.data.dtype.name, digits.input_shape
    ((1797, 64), 'float32', (8, 8))
    """
    from sklearn import datasets  # here, so that others needn't wait for it

    dtype = check_dtype(dtype)
    bundled = datasets.load_digits()
    images = (bundled.images / 16).astype(dtype)
    bunch = image_bunch(images, bundled.target.astype(np.int64), bundled.DESCR)
    return (bunch.data, bunch.target) if return_X_y else bunch
