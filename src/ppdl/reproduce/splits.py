"""Training and test sets of the figures, loaded once and known by their digest."""

from __future__ import annotations

import functools
import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from ppdl.datasets import load_digits, load_mnist


class Split(NamedTuple):
    """A training set and a test set of images.

    Arrays, and nothing else of weight: joblib hands them to its processes as read-only memory maps of one copy.
    """

    name: str
    X_train: npt.NDArray[np.float32]  # (n_train, n_pixels)
    y_train: npt.NDArray[np.int64]
    X_test: npt.NDArray[np.float32]  # (n_test, n_pixels)
    y_test: npt.NDArray[np.int64]
    input_shape: tuple[int, int]
    digest: str


def load_split(name: str, *, download: bool = False) -> Split:
    """Load a data set with its training and test sets.

    Parameters
    ----------
    name : {"digits", "mnist"}
        "digits": scikit-learn's 8 × 8 digits, a third of each class (599 images) drawn once and for all as test set.
        "mnist": its own 60000 training and 10000 test images.
    download : bool, default=False
        Whether MNIST may be downloaded.
    """
    if name not in SPLITS:
        raise ValueError(f"data must be one of {', '.join(map(repr, SPLITS))}, got {name!r}.")
    return SPLITS[name](download)


@functools.cache
def _digits(download: bool) -> Split:
    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.data, digits.target, test_size=1 / 3, stratify=digits.target, random_state=0
    )
    return _split("digits", X_train, y_train, X_test, y_test, digits.input_shape)


@functools.cache
def _mnist(download: bool) -> Split:
    train, test = (load_mnist(subset=subset, download=download) for subset in ("train", "test"))
    return _split("mnist", train.data, train.target, test.data, test.target, train.input_shape)


SPLITS = {"digits": _digits, "mnist": _mnist}


def _split(
    name: str,
    X_train: npt.NDArray[np.float32],
    y_train: npt.NDArray[np.int64],
    X_test: npt.NDArray[np.float32],
    y_test: npt.NDArray[np.int64],
    input_shape: tuple[int, int],
) -> Split:
    digest = hashlib.sha256()
    for array in (X_train, y_train, X_test, y_test):
        digest.update(f"{array.shape} {array.dtype.str} ".encode())
        digest.update(np.ascontiguousarray(array).data)
    return Split(name, X_train, y_train, X_test, y_test, input_shape, digest.hexdigest())
