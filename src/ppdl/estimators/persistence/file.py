"""The file: safetensors with a JSON specification and a checksum of everything, replaced whole or not at all.

The specification stands under the metadata key "ppdl". "sha256" is the SHA-256 of the file itself, with 64 zeros in its
place; files of format 1 have none. Those of formats 1 and 2 hold the whole base of a dictionary that is made from data.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import stat
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors import numpy as safetensors

from ppdl._precision import Array

from .fields import Specification, invalid

FORMAT = 3
_BEFORE_SUM = b'"sha256":"'  # in the specification, which is a string in this JSON, quotation marks are escaped
_BLANK = b"0" * 64


def write(path: Path, specification: Specification, tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write a file, or leave the one that is there as it is."""
    text = json.dumps({"format": FORMAT, **specification}, allow_nan=False)
    content = _ordered(safetensors.save(dict(tensors), {**metadata, "ppdl": text, "sha256": _BLANK.decode()}))
    start = content.index(_BEFORE_SUM) + len(_BEFORE_SUM)
    content[start : start + len(_BLANK)] = _checksum(content, start).encode()
    with _replacement(Path(os.path.realpath(path))) as descriptor, os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _ordered(content: bytes) -> bytearray:
    """Return the same file with its header in the order of names, so that equal estimators make equal files."""
    end = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.dumps(json.loads(content[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # the data stay aligned
    return bytearray(struct.pack("<Q", len(header)) + header + content[end:])


def read(path: Path) -> tuple[Specification, dict[str, Array]]:
    """Return the specification and the tensors of a file whose checksum is right.

    Raises
    ------
    ValueError
        If it is not such a file.
    """
    with open(path, "rb") as file:
        metadata = _metadata(file.read(8), file, os.fstat(file.fileno()).st_size)
        specification = _specification(metadata["ppdl"])
        file.seek(0)
        content = file.read()
    if "sha256" in metadata:
        start = content.find(_BEFORE_SUM) + len(_BEFORE_SUM)
        if _checksum(content, start) != metadata["sha256"]:
            raise ValueError("sha256: it is not that of the content; the file is damaged, or was changed")
    elif specification["format"] != 1:
        raise ValueError("sha256: missing")
    return specification, safetensors.load(content)


def _metadata(length: bytes, file: Any, size: int) -> dict[str, str]:
    n_header = struct.unpack("<Q", length)[0] if len(length) == 8 else size
    if n_header > size - 8:
        raise ValueError(f"header: received a file of {size} bytes; expected a whole safetensors file")
    header = _json("header", file.read(n_header))
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("ppdl"), str):
        raise ValueError("metadata: there is no 'ppdl'; the file was not written by ppdl")
    return metadata


def _specification(text: str) -> Specification:
    specification = _json("metadata", text)
    version = specification.get("format")
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise invalid("format", version, f"1 to {FORMAT}, which this version of ppdl reads")
    return specification


def _json(name: str, text: str | bytes) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name}: not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise invalid(name, type(value).__name__, "an object")
    return value


def _checksum(content: bytes | bytearray, start: int) -> str:
    """SHA-256 of the content with zeros where its own digits stand."""
    view = memoryview(content)
    sha = hashlib.sha256(view[:start])
    sha.update(_BLANK)
    sha.update(view[start + len(_BLANK) :])
    return sha.hexdigest()


@contextlib.contextmanager
def _replacement(target: Path) -> Iterator[int]:
    """Open a file without a name that takes the target's place at the end, and has its owner and permissions.

    Whatever ends it early, a kill too, leaves nothing of it. (Where a file system has no files without names, such as
    NFS, it has a hidden one, which a kill leaves behind.)
    """
    before = target.stat() if target.exists() else None
    if before is not None and not stat.S_ISREG(before.st_mode):
        raise OSError(f"{target}: it is not a regular file")
    mode = 0o666 if before is None else 0o600
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        descriptor, named = os.open(target.parent, os.O_TMPFILE | os.O_WRONLY, mode), False
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            raise
        descriptor, named = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), True
    try:
        yield descriptor
        if before is not None:
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
        if not named:
            os.link(f"/proc/self/fd/{descriptor}", temporary, src_dir_fd=descriptor)
            named = True
        os.replace(temporary, target)
        named = False
    finally:
        os.close(descriptor)
        if named:
            temporary.unlink()
