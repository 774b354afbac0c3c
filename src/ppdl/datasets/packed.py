"""Reader of files, plain or packed by gzip or xz: bounded, and with one boundary for what is wrong with them."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

#: Bytes read at a time.
CHUNK = 1 << 20


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Name the file in the error for whatever is wrong with it.

    Raises
    ------
    OSError
        From within the `with` block, if the system can't read the file.
    ValueError
        If what it holds is damaged or another thing than expected.
    """
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"{path}: damaged packed data: {error}") from error
    except Exception as error:  # damaged files make readers raise nearly anything, even an OSError without a number
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise ValueError(f"{path}: {str(error) or type(error).__name__}") from error


@contextmanager
def open_packed(path: Path, packing: str | None = None) -> Iterator[io.BufferedIOBase]:
    """Open a file to read what it holds; errors are those of `readable`.

    Parameters
    ----------
    path : Path
        The file.
    packing : {".gz", ".xz", ""}, default=None
        How it is packed; None tells it by the ending of its name.
    """
    packing = path.suffix if packing is None else packing
    with (
        readable(path),
        open(path, "rb") as file,
        (
            gzip.GzipFile(fileobj=file) if packing == ".gz" else lzma.LZMAFile(file) if packing == ".xz" else file
        ) as stream,
    ):
        yield stream


def read_exactly(stream: io.BufferedIOBase, n_bytes: int, field: str) -> npt.NDArray[np.uint8]:
    """Read `n_bytes` bytes, taking memory as they come; fewer is an error that names the field."""
    data = bytearray()
    while len(data) < n_bytes:
        chunk = stream.read(min(CHUNK, n_bytes - len(data)))
        if not chunk:
            raise ValueError(f"cut short in its {field}: {n_bytes} bytes expected, {len(data)} found")
        data += chunk
    return np.frombuffer(data, np.uint8)


def read_last(stream: io.BufferedIOBase, n_bytes: int, field: str) -> npt.NDArray[np.uint8]:
    """Read `n_bytes` bytes, with which the stream must end."""
    data = read_exactly(stream, n_bytes, field)
    if stream.read(1):
        raise ValueError(f"{field}: data goes on after the {n_bytes} bytes expected")
    return data


def read_all(path: Path, n_most: int) -> bytearray:
    """Read all that a file holds, of which there may be `n_most` bytes."""
    with open_packed(path) as stream:
        content = bytearray()
        while chunk := stream.read(CHUNK):
            content += chunk
            if len(content) > n_most:
                raise ValueError(f"holds more than {n_most} bytes")
    return content


def read_lines(path: Path, n_most: int = 1 << 20) -> list[str]:
    """Read the lines of a text in UTF-8 that aren't blank, without the spaces around them."""
    content = read_all(path, n_most)
    with readable(path):
        return [line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
