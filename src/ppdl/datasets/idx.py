"""Reader of the idx format: MNIST's big-endian header, then the values of one array."""

from __future__ import annotations

import io
import math
import os
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from .packed import read_exactly, unpacked

#: Third byte of the header → type of the values.
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

#: Deflate can't shrink data further than this, so a claim beyond it is false whatever the file holds.
LARGEST_GZIP_RATIO = 1032


def read_idx(path: str | os.PathLike[str], *, ndim: int | None = None) -> npt.NDArray[Any]:
    """Read the array of an idx file, compressed by gzip or not.

    Nothing is believed unchecked: the claimed size is compared with the file's before memory is taken for it.

    Parameters
    ----------
    path : path-like
        The file; gzip is recognised by its content, not by its name.
    ndim : int, default=None
        Number of dimensions that the array must have; `None` takes any.

    Returns
    -------
    ndarray
        C-contiguous, in the type and shape that the header tells, native byte order.

    Raises
    ------
    ValueError
        If the file is not idx, is cut short, holds more than its header tells, or is damaged; the message names the
        file and the field.
    """
    name = os.path.basename(path)
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        n_held = os.fstat(file.fileno()).st_size * (LARGEST_GZIP_RATIO if compressed else 1)
        file.seek(0)
        with unpacked(file, "gzip" if compressed else None, name) as stream:
            return _read(stream, name, n_held, ndim)


def _read(stream: io.BufferedIOBase, name: str, n_held: int, ndim: int | None) -> npt.NDArray[Any]:
    """Read the array from an open stream of at most `n_held` bytes."""
    magic = read_exactly(stream, 4, name, "magic number").tobytes()
    zeros, kind, n_dims = struct.unpack(">HBB", magic)
    if zeros != 0 or kind not in TYPES:
        raise ValueError(
            f"{name}: magic number 0x{magic.hex()} is not idx: expected 0x0000, then the type, one of "
            f"{', '.join(f'0x{code:02x}' for code in TYPES)}, then the number of dimensions."
        )
    if ndim is not None and n_dims != ndim:
        raise ValueError(f"{name}: magic number tells {n_dims} dimensions, expected {ndim}.")

    shape = struct.unpack(f">{n_dims}I", read_exactly(stream, 4 * n_dims, name, "dimensions").data)
    dtype = np.dtype(TYPES[kind])
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes > n_held:
        raise ValueError(
            f"{name}: dimensions {shape} of {dtype.itemsize}-byte values claim {n_bytes} bytes, but the "
            f"file can't hold more than {n_held}; it is cut short or its header is wrong."
        )

    data = read_exactly(stream, n_bytes, name, "data")
    if stream.read(1):
        raise ValueError(f"{name}: data goes on after the {n_bytes} bytes that dimensions {shape} claim.")
    return data.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
