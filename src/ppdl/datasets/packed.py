"""Reader of files that lie plain or packed by gzip or xz."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Packing: TypeAlias = Literal["gzip", "xz"] | None

#: Bytes read at a time.
CHUNK = 1 << 20


@contextmanager
def open_packed(path: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file to read what it holds; the ending ``.gz`` or ``.xz`` tells that it is packed.

    Raises
    ------
    ValueError
        From within the `with` block, if the packed data is damaged; the message names the file.
    """
    packings: dict[str, Packing] = {".gz": "gzip", ".xz": "xz"}
    with open(path, "rb") as file, unpacked(file, packings.get(path.suffix), path.name) as stream:
        yield stream


@contextmanager
def unpacked(file: io.BufferedReader, packing: Packing, name: str) -> Iterator[io.BufferedIOBase]:
    """Give the stream of what an open file holds; damage that shows while it is read is a ValueError."""
    try:
        with (
            gzip.GzipFile(fileobj=file) if packing == "gzip" else lzma.LZMAFile(file) if packing == "xz" else file
        ) as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{name}: damaged {packing} data: {error}") from error


def read_exactly(stream: io.BufferedIOBase, n_bytes: int, name: str, field: str) -> npt.NDArray[np.uint8]:
    """Read `n_bytes` bytes; fewer is an error that names the field."""
    data = np.empty(n_bytes, np.uint8)
    n_read = 0
    while n_read < n_bytes:
        n_new = stream.readinto(data[n_read : n_read + CHUNK].data)
        if not n_new:
            raise ValueError(f"{name}: cut short in its {field}: {n_bytes} bytes expected, {n_read} found.")
        n_read += n_new
    return data
