"""STL-10, the 96 × 96 colour images of the paper's Figures 1 and 6, at any side length."""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, overload

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from ppdl._checks import LARGEST_INT, integer

from .bunch import Arrays, check_dtype, check_subset, image_bunch, scale
from .files import data_folders, download_archive, find_files
from .labels import check_labels, read_class_names
from .packed import open_packed, read_all, read_last, read_lines, readable

#: Side length of the official images; other sides stand in the names of their files.
OFFICIAL_SIDE = 96

#: Files beside the images: what they are called in the official archive.
FOLDS_FILE, NAMES_FILE = "fold_indices.txt", "class_names.txt"

#: Images that a file may hold: as many as are labelled in the original.
N_MOST = 13_000

#: Bytes that their pixels may take, at whatever side.
LARGEST = N_MOST * 3 * OFFICIAL_SIDE**2

CLASS_NAMES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")

#: What the official archive unpacks to; a download goes there.
SUBFOLDERS = ("stl10_binary",)

ARCHIVE = "stl10_binary.tar.gz"
ARCHIVE_HASH = "md5:91f7769df0f17e558f3565bffb0c7dfb"
ARCHIVE_FILES = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", FOLDS_FILE, NAMES_FILE)
MIRRORS = ("http://ai.stanford.edu/~acoates/stl10/", "https://cs.stanford.edu/~acoates/stl10/")

DESCRIPTION = """\
STL-10, labelled part: 5000 training and 8000 test colour images of 96 x 96 pixels, or made smaller, in ten classes of
equal size, taken from ImageNet. Pixels run from 0 to 1, the channels red, green, blue last. The protocol is to train on
each of the ten folds of 1000 training images, to test on all 8000 test images, and to tell the mean. Results at another
side length than 96 are not comparable with published ones.

A. Coates, H. Lee, A. Y. Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning", AISTATS 2011.
"""


@overload
def load_stl10(
    path: str | os.PathLike[str] | None = ...,
    *,
    subset: str = ...,
    side: int | None = ...,
    fold: int | None = ...,
    dtype: npt.DTypeLike = ...,
    download: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_stl10(
    path: str | os.PathLike[str] | None = ...,
    *,
    subset: str = ...,
    side: int | None = ...,
    fold: int | None = ...,
    dtype: npt.DTypeLike = ...,
    download: bool = ...,
    return_X_y: Literal[True],
) -> Arrays: ...
def load_stl10(
    path: str | os.PathLike[str] | None = None,
    *,
    subset: str = "train",
    side: int | None = None,
    fold: int | None = None,
    dtype: npt.DTypeLike = np.float32,
    download: bool = False,
    return_X_y: bool = False,
) -> Bunch | Arrays:
    """Load the labelled images of STL-10, scaled to [0, 1], from the official binary layout.

    The files are looked for in `path` if given; otherwise in ``$PPDL_DATA/stl10``, then in the cache
    (``pooch.os_cache("ppdl")``); in each also in ``stl10_binary``. They may lie there packed, with the ending ``.gz``
    or ``.xz``. Images of another side than 96 lie, in the same layout, in files that tell it: ``train_X_48.bin``.

    Parameters
    ----------
    path : path-like, default=None
        Folder that holds ``train_X.bin``, ``train_y.bin`` and the others, under the names of the original.
    subset : {"train", "test", "all"}, default="train"
        "all" is the training images followed by the test images.
    side : int, default=None
        Side length of the images, in pixels; `None` takes the largest at which the whole subset is there. Give it
        where training and test images are loaded one after the other.
    fold : int, default=None
        Load only the images of this training fold, 0 to 9, in the fold's order; needs ``subset="train"``. If `side` is
        given, a file of the fold alone, such as ``train_X_96_fold0.bin``, serves as well as the whole.
    download : bool, default=False
        Whether to download files that are not found (2.6 GB, of side 96), checked by MD5, into ``stl10_binary`` of
        `path` if given, otherwise of the cache; the unlabelled images in it are not kept.
    dtype, return_X_y
        See `load_mnist`.

    Returns
    -------
    Bunch
        `data` (n_samples, side · side · 3) in [0, 1], C order, channels last; `target` (n_samples,) int64, 0 to 9, one
        less than in the files; `images` (n_samples, side, side, 3), the same memory as `data`; `input_shape`,
        `feature_names`, `target_names` (from ``class_names.txt`` if it is there) and `DESCR`. With whole training
        images also `folds` (10, 1000) int64, the indices of the images of each fold, if ``fold_indices.txt`` is there.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        See `load_mnist`.

    Examples
    --------
    >>> from ppdl.datasets import load_stl10
    >>> stl = load_stl10(side=48)  # doctest: +SKIP
    >>> stl.data.shape, stl.input_shape, stl.folds.shape  # doctest: +SKIP
    ((5000, 6912), (48, 48, 3), (10, 1000))
    """
    dtype = check_dtype(dtype)
    subsets = check_subset(subset)
    side = None if side is None else integer("side", side, at_most=LARGEST_INT)
    fold = None if fold is None else integer("fold", fold, at_least=0)
    if fold is not None and subset != "train":
        raise ValueError(f"subset: received {subset!r}; expected 'train', of whose images fold {fold} is")

    folders = data_folders("stl10", path, SUBFOLDERS)
    files = find_files(
        "stl10",
        folders,
        _choices(subsets, [side] if side is not None else _sides(folders), fold if side is not None else None),
        download=functools.partial(download_archive, ARCHIVE, ARCHIVE_HASH, MIRRORS, ARCHIVE_FILES)
        if download and side in (None, OFFICIAL_SIDE)
        else None,
        remedy=f"pass download=True for images of side {OFFICIAL_SIDE}",
    )
    folder = files[0].parent
    targets = [_read_labels(file) for file in files[1::2]]
    folds = _read_folds(folder / FOLDS_FILE, len(targets[0])) if "train" in subsets else None
    if fold is None:
        parts = [_read_images(file, len(target)) for file, target in zip(files[::2], targets)]
    else:
        chosen = _check_fold(fold, folds, folder)
        alone = "_fold" in files[0].name
        parts = [_read_images(files[0], len(chosen)) if alone else _read_images(files[0], len(targets[0]), chosen)]
        targets = [targets[0][chosen]]

    names = read_class_names(folder / NAMES_FILE, CLASS_NAMES)
    bunch = image_bunch(scale(parts, dtype), np.concatenate(targets), DESCRIPTION, names)
    if folds is not None and fold is None:
        bunch.folds = folds
    return (bunch.data, bunch.target) if return_X_y else bunch


def _choices(subsets: Sequence[str], sides: Sequence[int], lone_fold: int | None) -> list[list[str]]:
    """Name the files of each subset (images, then labels) at each of the sides; then those with one fold alone."""
    ends = ["" if side == OFFICIAL_SIDE else f"_{side}" for side in sides]
    choices = [[name for part in subsets for name in (f"{part}_X{end}.bin", f"{part}_y.bin")] for end in ends]
    if lone_fold is not None:
        choices += [[f"train_X_{side}_fold{lone_fold}.bin", "train_y.bin"] for side in sides]
    return choices


def _sides(folders: Sequence[Path]) -> list[int]:
    """List the official side and all others of which there are files, the largest first."""
    matches = (
        re.match(r"(?:train|test)_X_([1-9]\d{0,8})\.bin", file.name) for folder in folders for file in folder.glob("*")
    )
    return sorted({OFFICIAL_SIDE} | {int(match[1]) for match in matches if match}, reverse=True)


def _side(file: Path) -> int:
    """Return the side length that the name of a file of images tells."""
    match = re.search(r"_X_(\d+)", file.name)
    return int(match[1]) if match else OFFICIAL_SIDE


def _read_images(file: Path, n_images: int, chosen: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.uint8]:
    """Read images (n_images, side, side, 3), or those `chosen` of them, from planes that run column by column."""
    side = _side(file)
    shape = (n_images, 3, side, side)
    field = f"pixels, {n_images} images of side {side}"
    with open_packed(file) as stream:
        if math.prod(shape) > LARGEST:
            raise ValueError(f"{field}: {math.prod(shape)} bytes; expected at most {LARGEST}")
        planes = read_last(stream, math.prod(shape), field).reshape(shape)
    return np.ascontiguousarray((planes if chosen is None else planes[chosen]).transpose(0, 3, 2, 1))


def _read_labels(file: Path) -> npt.NDArray[np.int64]:
    """Read labels (n_images,), 1 to 10 in the file, as 0 to 9."""
    content = read_all(file, N_MOST)
    with readable(file):
        if not content:
            raise ValueError("labels expected, the file is empty")
        return check_labels(np.frombuffer(content, np.uint8), first=1)


def _read_folds(file: Path, n_images: int) -> npt.NDArray[np.int64] | None:
    """Read the indices (n_folds, n_images_per_fold), a fold a line, if the file is there."""
    if not file.is_file():
        return None
    lines = [line.split() for line in read_lines(file)]
    with readable(file):
        n_indices = {len(line) for line in lines}
        if len(n_indices) != 1 or not all(re.fullmatch(r"\d{1,9}", index) for line in lines for index in line):
            raise ValueError("lines of equally many indices expected")
        folds = np.array(lines, np.int64)
        if folds.max() >= n_images:
            raise ValueError(f"indices must be 0 to {n_images - 1}, the largest is {folds.max()}")
        return folds


def _check_fold(fold: int, folds: npt.NDArray[np.int64] | None, folder: Path) -> npt.NDArray[np.int64]:
    """Return the indices of the images of a fold, or raise if they are unknown."""
    if folds is None:
        raise FileNotFoundError(f"stl10: {FOLDS_FILE} not found in {folder}, so that fold {fold} is unknown")
    return folds[integer("fold", fold, at_least=0, at_most=len(folds) - 1)]
