"""CIFAR-10, the 32 × 32 colour images of the paper's Figures 1, 5 and 6."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, overload

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from .bunch import Arrays, check_dtype, check_subset, image_bunch, scale
from .files import data_folders, download_archive, find_files
from .labels import check_labels, read_class_names
from .packed import read_all, readable

#: Batches of each subset; in the binary version, the one that is read, their names end in ``.bin``.
BATCHES = {"train": [f"data_batch_{i}" for i in range(1, 6)], "test": ["test_batch"]}

#: File beside the batches that names the classes.
NAMES_FILE = "batches.meta.txt"

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

#: What the official archive unpacks to; a download goes there.
SUBFOLDERS = ("cifar-10-batches-bin",)

#: What the archive of the Python version unpacks to.
PYTHON_FOLDER = "cifar-10-batches-py/"

#: Bytes of a record: a label, then 32 × 32 of red, of green, of blue.
RECORD = 1 + 3 * 32 * 32

#: Images that a batch may hold: as many as one of the original.
N_MOST = 10_000

ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_HASH = "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)

DESCRIPTION = """\
CIFAR-10: 50000 training and 10000 test colour images of 32 x 32 pixels in ten classes of equal size, a labelled subset
of 80 Million Tiny Images. Pixels run from 0 to 1, the channels red, green, blue last. About 3 % of the test images
have a near-duplicate in the training set (Barz and Denzler, 2020).

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""


@overload
def load_cifar10(
    path: str | os.PathLike[str] | None = ...,
    *,
    subset: str = ...,
    dtype: npt.DTypeLike = ...,
    download: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_cifar10(
    path: str | os.PathLike[str] | None = ...,
    *,
    subset: str = ...,
    dtype: npt.DTypeLike = ...,
    download: bool = ...,
    return_X_y: Literal[True],
) -> Arrays: ...
def load_cifar10(
    path: str | os.PathLike[str] | None = None,
    *,
    subset: str = "train",
    dtype: npt.DTypeLike = np.float32,
    download: bool = False,
    return_X_y: bool = False,
) -> Bunch | Arrays:
    """Load CIFAR-10, scaled to [0, 1], from its binary version.

    The files are looked for in `path` if given; otherwise in ``$PPDL_DATA/cifar10``, then in the cache
    (``pooch.os_cache("ppdl")``); in each also in ``cifar-10-batches-bin``. They may lie there packed, with the
    ending ``.gz`` or ``.xz``. The Python version isn't read: pickles of unknown origin can hang the interpreter.

    Parameters
    ----------
    path : path-like, default=None
        Folder that holds ``data_batch_1.bin`` and the others.
    subset : {"train", "test", "all"}, default="train"
        "all" is the training images followed by the test images.
    download : bool, default=False
        Whether to download files that are not found (170 MB), checked by SHA-256, into ``cifar-10-batches-bin`` of
        `path` if given, otherwise of the cache.
    dtype, return_X_y
        See `load_mnist`.

    Returns
    -------
    Bunch
        `data` (n_samples, 3072) in [0, 1], C order, channels last; `target` (n_samples,) int64, 0 to 9; `images`
        (n_samples, 32, 32, 3), the same memory as `data`; `input_shape`, `feature_names`, `target_names` (from
        ``batches.meta.txt`` if it is there) and `DESCR`.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        See `load_mnist`.

    Examples
    --------
    >>> from ppdl.datasets import load_cifar10
    >>> cifar = load_cifar10(subset="test")  # doctest: +SKIP
    >>> cifar.data.shape, cifar.input_shape  # doctest: +SKIP
    ((10000, 3072), (32, 32, 3))
    """
    dtype = check_dtype(dtype)
    names = [f"{batch}.bin" for part in check_subset(subset) for batch in BATCHES[part]]
    members = [f"{batch}.bin" for part in BATCHES.values() for batch in part]
    folders = data_folders("cifar10", path, SUBFOLDERS)
    archive = functools.partial(download_archive, ARCHIVE, ARCHIVE_HASH, MIRRORS, [*members, NAMES_FILE])
    try:
        files = find_files("cifar10", folders, [names], download=archive if download else None)
    except FileNotFoundError:
        _refuse_pickles(folders)
        raise

    parts = [_read(file) for file in files]
    target = np.concatenate([labels for _, labels in parts])
    classes = read_class_names(files[0].parent / NAMES_FILE, CLASS_NAMES)
    bunch = image_bunch(scale([images for images, _ in parts], dtype), target, DESCRIPTION, classes)
    return (bunch.data, bunch.target) if return_X_y else bunch


def _refuse_pickles(folders: Sequence[Path]) -> None:
    """Raise if a batch of the Python version is there."""
    names = [prefix + batch for prefix in ("", PYTHON_FOLDER) for part in BATCHES.values() for batch in part]
    for file in (folder / name for folder in folders for name in names):
        if file.is_file():
            raise ValueError(f"{file}: a pickle of the Python version; expected the binary version, {ARCHIVE}")


def _read(file: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Read images (n_samples, 32, 32, 3) and labels (n_samples,) of a batch."""
    content = read_all(file, RECORD * N_MOST)
    with readable(file):
        if not content or len(content) % RECORD:
            raise ValueError(
                f"records of {RECORD} bytes expected, found {len(content)} bytes, which is no whole number of them; it "
                "is cut short or in another format"
            )
        records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
        labels = check_labels(records[:, 0])
    return np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels
