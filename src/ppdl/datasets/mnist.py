"""MNIST, the 28 × 28 handwritten digits of the paper's Figure 4 (left)."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, overload

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from .bunch import Arrays, check_dtype, check_subset, image_bunch, scale
from .files import data_folders, download_files, find_files
from .idx import read_idx
from .labels import check_labels
from .packed import readable

#: Files of each subset (images, then labels) with their SHA-256.
FILES = {
    "train": {
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    },
    "test": {
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
}

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

DESCRIPTION = """\
MNIST handwritten digits: 60000 training and 10000 test images of 28 x 28 pixels, 0 (background) to 1 (ink).

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
Proceedings of the IEEE, 1998.
"""


@overload
def load_mnist(
    path: str | os.PathLike[str] | None = ...,
    *,
    subset: str = ...,
    dtype: npt.DTypeLike = ...,
    download: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_mnist(
    path: str | os.PathLike[str] | None = ...,
    *,
    subset: str = ...,
    dtype: npt.DTypeLike = ...,
    download: bool = ...,
    return_X_y: Literal[True],
) -> Arrays: ...
def load_mnist(
    path: str | os.PathLike[str] | None = None,
    *,
    subset: str = "train",
    dtype: npt.DTypeLike = np.float32,
    download: bool = False,
    return_X_y: bool = False,
) -> Bunch | Arrays:
    """Load MNIST, scaled to [0, 1], from idx files, compressed by gzip or not.

    The files are looked for in `path` if given; otherwise in ``$PPDL_DATA/mnist``, then in the cache
    (``pooch.os_cache("ppdl")``). ``train-images.idx3-ubyte`` is another name that they may have. Any other
    collection in the same format, such as Fashion-MNIST, can be read by its `path`.

    Parameters
    ----------
    path : path-like, default=None
        Folder that holds ``train-images-idx3-ubyte.gz`` and the others, under the names of the original.
    subset : {"train", "test", "all"}, default="train"
        "all" is the training images followed by the test images.
    dtype : {float32, float64}, default=float32
        Type of the pixels.
    download : bool, default=False
        Whether to download files that are not found (12 MB), checked by SHA-256, into `path` if given, otherwise into
        the cache.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch
        `data` (n_samples, 784) in [0, 1], C order; `target` (n_samples,) int64, 0 to 9; `images` (n_samples, 28, 28),
        the same memory as `data`; `input_shape`, `feature_names`, `target_names` and `DESCR`.

    Raises
    ------
    FileNotFoundError
        If a file is missing and `download` is false.
    OSError
        If a download fails, or the system can't read a file.
    ValueError
        If a file is damaged, holds too much or disagrees with the others; the message names the file and the field.

    Examples
    --------
    >>> from ppdl.datasets import load_mnist
    >>> mnist = load_mnist(subset="test")  # doctest: +SKIP
    >>> mnist.data.shape  # doctest: +SKIP
    (10000, 784)
    """
    dtype = check_dtype(dtype)
    hashes = {name: f"sha256:{hash_}" for part in check_subset(subset) for name, hash_ in FILES[part].items()}
    files = find_files(
        "mnist",
        data_folders("mnist", path),
        [[name.removesuffix(".gz") for name in hashes]],
        spellings=_spellings,
        download=functools.partial(download_files, hashes, MIRRORS) if download else None,
    )

    parts = [_read_pair(*files[i : i + 2]) for i in range(0, len(files), 2)]
    shapes = {images.shape[1:] for images, _ in parts}
    if len(shapes) > 1:
        raise ValueError(f"{files[0]} and {files[2].name}: images of different shapes, {sorted(shapes)}")
    target = np.concatenate([labels for _, labels in parts])
    bunch = image_bunch(scale([images for images, _ in parts], dtype), target, DESCRIPTION)
    return (bunch.data, bunch.target) if return_X_y else bunch


def _spellings(name: str) -> Iterable[str]:
    """List what a file may be called: packed or not, by its own name or by that which it has within the archive."""
    return [spelling + ending for ending in (".gz", "") for spelling in (name, name.replace("-idx", ".idx"))]


def _read_pair(images_file: Path, labels_file: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Read images (n_samples, height, width) and their labels (n_samples,), and check them against each other."""
    images, labels = read_idx(images_file, ndim=3), read_idx(labels_file, ndim=1)
    for file, values in ((images_file, images), (labels_file, labels)):
        if values.dtype != np.uint8:
            raise ValueError(f"{file}: magic number tells type {values.dtype.name}, expected uint8")
        if values.size == 0:
            raise ValueError(f"{file}: dimensions {values.shape} hold nothing")
    if len(images) != len(labels):
        raise ValueError(
            f"{labels_file}: count: {len(labels)} labels, but {images_file.name} holds {len(images)} images"
        )
    with readable(labels_file):
        return images, check_labels(labels)
