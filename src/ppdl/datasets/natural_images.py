"""The 13 natural images of Hoyer and Hyvärinen, on which the paper's Figure 1 learns its features."""

from __future__ import annotations

import math
import os
import tokenize
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from .bunch import check_dtype, scale
from .files import data_folders, find_files
from .packed import open_packed, read_exactly

SHAPE = (13, 256, 512)

ARRAY = "natural_images.npy"
PICTURES = [f"{i:02}.png" for i in range(1, SHAPE[0] + 1)]

DESCRIPTION = """\
13 grey photographs of nature, 256 x 512 pixels, 0 (black) to 1 (white), on which P. O. Hoyer and A. Hyvarinen learned
independent components. Four of them stand upright in the original and lie turned by 90 degrees counter-clockwise.

A. Hyvarinen, J. Hurri, P. O. Hoyer, "Natural Image Statistics", Springer, 2009, www.naturalimagestatistics.net;
P. O. Hoyer's package imageica. The authors state no licence: take the images as given for research only.
"""


def load_natural_images(path: str | os.PathLike[str] | None = None, *, dtype: npt.DTypeLike = np.float32) -> Bunch:
    """Load the 13 natural images of Hoyer and Hyvärinen, scaled to [0, 1].

    The files are looked for in `path` if given; otherwise in ``$PPDL_DATA/natural-images``, then in the cache
    (``pooch.os_cache("ppdl")``). They are ``natural_images.npy``, packed or not, with the ending ``.gz`` or ``.xz``; or
    the pictures ``01.png`` to ``13.png``, which Pillow reads (it comes with matplotlib). They can't be downloaded.

    Parameters
    ----------
    path : path-like, default=None
        Folder that holds the array or the pictures.
    dtype : {float32, float64}, default=float32
        Type of the pixels.

    Returns
    -------
    Bunch
        `images` (13, 256, 512) in [0, 1]; `data` (13, 131072), the same memory as `images`; `input_shape` and `DESCR`.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ImportError
        If the pictures are there alone, but Pillow isn't.
    ValueError
        If a file is damaged or holds another array or picture; the message names the file and the field.

    Examples
    --------
    >>> from ppdl.datasets import load_natural_images
    >>> load_natural_images().images.shape  # doctest: +SKIP
    (13, 256, 512)
    """
    dtype = check_dtype(dtype)
    files = find_files(
        "natural-images",
        data_folders("natural-images", path),
        [[ARRAY], PICTURES],
        remedy="get the images from www.naturalimagestatistics.net first",
    )
    pixels = [_read_array(files[0])] if len(files) == 1 else [_read_picture(file)[np.newaxis] for file in files]
    images = scale(pixels, dtype)
    return Bunch(data=images.reshape(len(images), -1), images=images, input_shape=SHAPE[1:], DESCR=DESCRIPTION)


def _read_array(file: Path) -> npt.NDArray[np.uint8]:
    """Read the pixels (13, 256, 512) of all images from a file in NumPy's format."""
    with open_packed(file) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0(stream)
        except (ValueError, SyntaxError, tokenize.TokenError) as error:
            raise ValueError(f"{file.name}: header is not that of a .npy file: {error}") from error
        if version != (1, 0):
            raise ValueError(f"{file.name}: header tells version {version}, expected (1, 0).")
        if header != (SHAPE, False, np.dtype(np.uint8)):
            shape, in_fortran_order, dtype = header
            order = "Fortran" if in_fortran_order else "C"
            raise ValueError(
                f"{file.name}: header tells shape {shape}, type {dtype.name} and {order} order, expected {SHAPE}, "
                "uint8 and C."
            )
        pixels = read_exactly(stream, math.prod(SHAPE), file.name, "pixels")
        if stream.read(1):
            raise ValueError(f"{file.name}: pixels go on after the {pixels.size} bytes of shape {SHAPE}.")
        return pixels.reshape(SHAPE)


def _read_picture(file: Path) -> npt.NDArray[np.uint8]:
    """Read the pixels (256, 512) of one image, an upright one turned by 90 degrees counter-clockwise."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            f'{file.name} needs Pillow: pip install "ppdl[plot]". {ARRAY} can be read without it.'
        ) from error
    try:
        with Image.open(file, formats=["png"]) as picture:
            mode, pixels = picture.mode, np.asarray(picture)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{file.name}: damaged or not a PNG picture: {error}") from error
    if mode != "L" or sorted(pixels.shape) != sorted(SHAPE[1:]):
        raise ValueError(
            f"{file.name}: a grey picture of 256 x 512 bytes expected, found mode {mode} and shape {pixels.shape}."
        )
    return pixels if pixels.shape == SHAPE[1:] else np.rot90(pixels)
