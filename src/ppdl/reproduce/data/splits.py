"""Training and test sets of the figures, loaded once and known by their digest."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from ppdl._checks import one_of
from ppdl.datasets import load_cifar10, load_digits, load_mnist, load_stl10

from .digests import digest_of
from .enlarging import enlarged

#: Side length of the STL-10 images: official ones, of twice the side, are made so small.
STL10_SIDE = 48


class Split(NamedTuple):
    """A training set and a test set of images.

    Arrays, and nothing else of weight: joblib hands them to its processes as read-only memory maps of one copy.
    """

    name: str
    X_train: npt.NDArray[np.float32]  # (n_train, n_pixels)
    y_train: npt.NDArray[np.int64]
    X_test: npt.NDArray[np.float32]  # (n_test, n_pixels)
    y_test: npt.NDArray[np.int64]
    input_shape: tuple[int, ...]
    digest: str
    folds: tuple[npt.NDArray[np.int64], ...] = ()  # training images to learn from at a time, if the protocol has some


def load_split(name: str, *, download: bool = False) -> Split:
    """Load a data set with its training and test sets.

    Parameters
    ----------
    name : {"digits", "enlarged-digits", "mnist", "cifar10", "stl10"}
        "digits": scikit-learn's 8 × 8 digits, a third of each class (599 images) drawn once and for all as test set.
        "enlarged-digits": six copies of each of these training images and three of each test image, at 28 × 28 pixels;
        see `enlarged`.
        "mnist": its own 60000 training and 10000 test images. "cifar10": its own 50000 and 10000. "stl10": its own
        5000 and 8000, at 48 × 48 pixels, with the ten folds of the training images.
    download : bool, default=False
        Whether what is not found may be downloaded.
    """
    return SPLITS[one_of("data", name, SPLITS)](download)


@functools.cache
def _digits(download: bool) -> Split:
    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.data, digits.target, test_size=1 / 3, stratify=digits.target, random_state=0
    )
    return _split("digits", X_train, y_train, X_test, y_test, digits.input_shape)


@functools.cache
def _enlarged_digits(download: bool) -> Split:
    digits = _digits(download)  # divided first: no image is on both sides
    X_train, X_test = (
        enlarged(X.reshape(-1, *digits.input_shape), copies, seed=seed)
        for X, copies, seed in ((digits.X_train, 6, 0), (digits.X_test, 3, 1))
    )
    return _split(
        "enlarged-digits",
        X_train.reshape(len(X_train), -1),
        np.tile(digits.y_train, 6),
        X_test.reshape(len(X_test), -1),
        np.tile(digits.y_test, 3),
        X_train.shape[1:],
    )


@functools.cache
def _mnist(download: bool) -> Split:
    train, test = (load_mnist(subset=subset, download=download) for subset in ("train", "test"))
    return _split("mnist", train.data, train.target, test.data, test.target, train.input_shape)


@functools.cache
def _cifar10(download: bool) -> Split:
    train, test = (load_cifar10(subset=subset, download=download) for subset in ("train", "test"))
    return _split("cifar10", train.data, train.target, test.data, test.target, train.input_shape)


@functools.cache
def _stl10(download: bool) -> Split:
    train, test = (_stl10_subset(subset, download) for subset in ("train", "test"))
    if "folds" not in train:
        raise FileNotFoundError("stl10: fold_indices.txt not found, so that the folds are unknown.")
    split = _split("stl10", train.data, train.target, test.data, test.target, (STL10_SIDE, STL10_SIDE, 3))
    return split._replace(folds=tuple(train.folds))


def _stl10_subset(subset: str, download: bool) -> Bunch:
    """Load images of the side that the figures take, or make them from the official ones."""
    try:
        return load_stl10(subset=subset, side=STL10_SIDE)
    except FileNotFoundError:
        bunch = load_stl10(subset=subset, side=2 * STL10_SIDE, download=download)
    bunch.data = halved(bunch.images).reshape(len(bunch.images), -1)
    return bunch


def halved(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return images at half the side: the mean of each 2 × 2 block per channel, rounded, halves up, to whole 255ths."""
    n_images, height, width, n_channels = images.shape
    half = np.empty((n_images, height // 2, width // 2, n_channels), np.float32)
    for image, small in zip(images, half):
        blocks = np.rint(255 * image).astype(np.uint16).reshape(height // 2, 2, width // 2, 2, n_channels)
        np.divide((blocks.sum(axis=(1, 3), dtype=np.uint16) + 2) >> 2, 255, out=small, dtype=np.float32)
    return half


SPLITS = {
    "digits": _digits,
    "enlarged-digits": _enlarged_digits,
    "mnist": _mnist,
    "cifar10": _cifar10,
    "stl10": _stl10,
}


def held_out(split: Split, share: float = 0.2, *, seed: int = 0) -> Split:
    """Divide the training images once more, to choose settings by: the test images of the result are training images.

    Parameters
    ----------
    split : Split
        Of its test images nothing is used.
    share : float, default=0.2
        Share of the training images, the same of each class, that become test images.
    seed : int, default=0
        Of the choice.
    """
    indices = np.arange(len(split.y_train))
    learned, tested = train_test_split(indices, test_size=share, stratify=split.y_train, random_state=seed)
    new_index = np.full(len(indices), -1)
    new_index[learned] = np.arange(len(learned))
    X, y = split.X_train, split.y_train
    validation = _split(f"{split.name}-validation", X[learned], y[learned], X[tested], y[tested], split.input_shape)
    return validation._replace(folds=tuple(kept[kept >= 0] for kept in (new_index[fold] for fold in split.folds)))


def _split(
    name: str,
    X_train: npt.NDArray[np.float32],
    y_train: npt.NDArray[np.int64],
    X_test: npt.NDArray[np.float32],
    y_test: npt.NDArray[np.int64],
    input_shape: tuple[int, ...],
) -> Split:
    digest = digest_of(X_train, y_train, X_test, y_test)
    return Split(name, X_train, y_train, X_test, y_test, input_shape, digest)
