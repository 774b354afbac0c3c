"""Reader of the idx format: MNIST's big-endian header, then the values of one array."""

from __future__ import annotations

import io
import math
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .packed import open_packed, read_exactly, read_last

#: Third byte of the header → type of the values.
TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

#: Deflate can't shrink data further than this, so a claim beyond it is false whatever the file holds.
LARGEST_GZIP_RATIO = 1032

#: Nor does any collection hold more bytes, of those that lie packed: a small file could otherwise fill the memory.
LARGEST_UNPACKED = 1 << 30


def read_idx(path: Path, *, ndim: int | None = None) -> npt.NDArray[Any]:
    """Read the array of an idx file, compressed by gzip or not.

    Nothing is believed unchecked: the claimed size is compared with the file's before memory is taken for it.

    Parameters
    ----------
    path : Path
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
    with open_packed(path, "") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    n_held = os.path.getsize(path)
    with open_packed(path, ".gz" if compressed else "") as stream:
        return _read(stream, min(LARGEST_GZIP_RATIO * n_held, LARGEST_UNPACKED) if compressed else n_held, ndim)


def _read(stream: io.BufferedIOBase, n_held: int, ndim: int | None) -> npt.NDArray[Any]:
    """Read the array from an open stream of at most `n_held` bytes."""
    magic = read_exactly(stream, 4, "magic number").tobytes()
    zeros, kind, n_dims = struct.unpack(">HBB", magic)
    if zeros != 0 or kind not in TYPES:
        raise ValueError(
            f"magic number 0x{magic.hex()} is not idx: expected 0x0000, then the type, one of "
            f"{', '.join(f'0x{code:02x}' for code in TYPES)}, then the number of dimensions"
        )
    if ndim is not None and n_dims != ndim:
        raise ValueError(f"magic number tells {n_dims} dimensions, expected {ndim}")

    shape = struct.unpack(f">{n_dims}I", read_exactly(stream, 4 * n_dims, "dimensions").data)
    dtype = np.dtype(TYPES[kind])
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes > n_held:
        raise ValueError(
            f"dimensions {shape} of {dtype.itemsize}-byte values claim {n_bytes} bytes, but the "
            f"file can't hold more than {n_held}; it is cut short or its header is wrong"
        )

    data = read_last(stream, n_bytes, f"dimensions {shape}")
    return data.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
