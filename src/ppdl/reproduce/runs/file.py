"""The run file: each finished run is a line of JSON, known by the digest of its configuration."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Mapping
from typing import Any

from ppdl import _checks

Configuration = Mapping[str, Any]
Record = dict[str, Any]


def configuration_key(configuration: Configuration) -> str:
    """Return the digest by which a run is known: the same for equal configurations, in any order of their entries."""
    canonical = json.dumps(configuration, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


class RunFile:
    """Finished runs, one JSON object a line, appended as they finish.

    A line is written whole, forced to the disk, or not at all; several processes may append to one file. A process that
    is killed while writing leaves at most an unfinished last line, which is dropped, never an unreadable file.

    Parameters
    ----------
    path : path-like
        The file; it and its folder are created by the first `append`. ``~`` is the home folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = _checks.path("path", path)

    def read(self) -> dict[str, Record]:
        """Return the records by their key; of several with the same key the last counts.

        Raises
        ------
        ValueError
            If a line other than an unfinished last one is not a record; the message names the file and the line.
        """
        lines = (self.path.read_bytes() if self.path.exists() else b"").split(b"\n")
        last = lines.pop()
        if _is_whole(last):
            lines.append(last)
        records = {}
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                records[record["key"]] = record
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise ValueError(
                    f"{self.path}, line {number}: not the record of a run ({error!r}); repair or delete it"
                ) from error
        return records

    def append(self, record: Record) -> None:
        """Add a record.

        Raises
        ------
        OSError
            If it can't be written; the file is left as it was.
        """
        line = json.dumps(record).encode() + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(self.path, "a+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
                tail = _tail(file)
                end = file.seek(0, os.SEEK_END)
                if _is_whole(tail):
                    line = b"\n" + line
                else:
                    end -= len(tail)
                    file.truncate(end)
                try:
                    _write_whole(file, line)
                    os.fsync(file.fileno())
                except BaseException:
                    file.truncate(end)
                    raise
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error


def _write_whole(file: io.FileIO, content: bytes) -> None:
    """Write all bytes: one call may take only some of them, as on a disk that is nearly full."""
    while content:
        content = content[file.write(content) :]


def _tail(file: io.FileIO) -> bytes:
    """Return what follows the last end of a line."""
    start, tail = file.seek(0, os.SEEK_END), b""
    while start and b"\n" not in tail:
        end, start = start, max(0, start - 4096)
        file.seek(start)
        tail = file.read(end - start) + tail
    return tail.rpartition(b"\n")[2]


def _is_whole(line: bytes) -> bool:
    """Whether a last line without an end is a record all the same, as some editors leave it."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
