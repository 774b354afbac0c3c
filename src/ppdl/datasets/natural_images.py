"""The 13 natural images of Hoyer and Hyvärinen, on which the paper's Figure 1 learns its features."""

from __future__ import annotations

import math
import os
import struct
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from ppdl._extras import imported

from .bunch import check_dtype, scale
from .files import data_folders, find_files
from .packed import open_packed, read_exactly, read_last, readable

SHAPE = (13, 256, 512)

ARRAY = "natural_images.npy"

#: Beginning of the array's file, but for blanks, which NumPy adds to a round number of bytes.
MAGIC, HEADER = b"\x93NUMPY\x01\x00", "{'descr': '|u1', 'fortran_order': False, 'shape': (13, 256, 512), }"

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
    """Read the pixels (13, 256, 512) of all images from a file in NumPy's format; nothing in it is evaluated."""
    with open_packed(file) as stream:
        if read_exactly(stream, len(MAGIC), "magic string").tobytes() != MAGIC:
            raise ValueError("not a .npy file of version (1, 0)")
        (length,) = struct.unpack("<H", read_exactly(stream, 2, "header").data)
        header = read_exactly(stream, length, "header").tobytes().decode("latin-1")
        if header.split() != HEADER.split():
            raise ValueError(f"header: received {header.strip()[:100]!r}; expected {HEADER!r}")
        return read_last(stream, math.prod(SHAPE), "pixels").reshape(SHAPE)


def _read_picture(file: Path) -> npt.NDArray[np.uint8]:
    """Read the pixels (256, 512) of one image, an upright one turned by 90 degrees counter-clockwise."""
    image = imported("PIL.Image", file.name, "Pillow", "plot", f". {ARRAY} can be read without it.")
    height, width = SHAPE[1:]
    with readable(file), warnings.catch_warnings():
        warnings.simplefilter("ignore", image.DecompressionBombWarning)  # the size is checked before it is decoded
        with image.open(file, formats=["png"]) as picture:
            if picture.mode != "L" or picture.size not in ((width, height), (height, width)):
                across, down = picture.size
                raise ValueError(
                    f"a grey picture of {height} x {width} bytes expected, "
                    f"found mode {picture.mode} and {down} x {across}"
                )
            pixels = np.asarray(picture)
    return pixels if pixels.shape == SHAPE[1:] else np.rot90(pixels)
