"""Resumable sweeps: each finished run is a line of a JSON-lines file, known by the digest of its configuration."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib

Configuration = Mapping[str, Any]
Record = dict[str, Any]


def configuration_key(configuration: Configuration) -> str:
    """Return the digest by which a run is known: the same for equal configurations, in any order of their entries."""
    canonical = json.dumps(configuration, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


class RunFile:
    """Finished runs, one JSON object a line, appended as they finish.

    A line is written by one call and forced to the disk. A process that is killed while writing leaves at most an
    unfinished last line, which is dropped, never an unreadable file.

    Parameters
    ----------
    path : path-like
        The file; it and its folder are created by the first `append`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def read(self) -> dict[str, Record]:
        """Return the records by their key; of several with the same key the last counts.

        Raises
        ------
        ValueError
            If a line other than an unfinished last one is not a record; the message names the file and the line.
        """
        content = self.path.read_bytes() if self.path.exists() else b""
        records = {}
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                record = json.loads(line)
                records[record["key"]] = record
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(
                    f"{self.path}, line {number}: not the record of a run ({error!r}); repair or delete it"
                ) from error
        return records

    def append(self, record: Record) -> None:
        """Add a record."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a+b", buffering=0) as file:
            file.truncate(self._end_of_last_line(file.seek(0, os.SEEK_END)))
            file.write(json.dumps(record).encode() + b"\n")
            os.fsync(file.fileno())

    def _end_of_last_line(self, size: int) -> int:
        """Return how much of the file's `size` bytes is made of finished lines."""
        with open(self.path, "rb") as file:
            while size:
                start = max(0, size - 4096)
                file.seek(start)
                end = file.read(size - start).rfind(b"\n") + 1
                if end:
                    return start + end
                size = start
        return 0


def sweep(
    configurations: Sequence[Configuration],
    run: Callable[[Configuration], Record],
    path: str | os.PathLike[str],
    *,
    common: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    resume: bool = True,
) -> Iterator[Record]:
    """Run every configuration that the run file does not hold yet; give all records, those already there first.

    Runs go through `joblib.Parallel`, so that a backend chosen by `joblib.parallel_config`, such as a cluster's,
    serves them. Each is in the file as soon as it is finished, whatever happens to the others.

    Parameters
    ----------
    configurations : sequence of mappings
        JSON-serialisable descriptions of the runs, complete: two runs that may differ must have different ones.
    run : callable
        ``run(configuration)`` returns the results as a JSON-serialisable dictionary; it must be picklable if `jobs`
        is not one.
    path : path-like
        The run file.
    common : mapping, default=None
        What else is recorded with every new run.
    jobs : int, default=None
        Runs at a time; None means one, or what `joblib.parallel_config` tells.
    resume : bool, default=True
        Whether runs that the file holds count as done. If false, all are run again and supersede them.

    Yields
    ------
    dict
        `key`, `configuration`, the entries of `common`, `finished` (time, ISO 8601), `wall_time` (seconds) and the
        results.
    """
    file = RunFile(path)
    by_key = {configuration_key(configuration): configuration for configuration in configurations}
    records = file.read() if resume else {}
    yield from (records[key] for key in by_key if key in records)

    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    missing = [key for key in by_key if key not in records]
    for key, result in parallel(joblib.delayed(_timed)(key, run, by_key[key]) for key in missing):
        record = {"key": key, "configuration": by_key[key], **(common or {}), **result}
        file.append(record)
        yield record


def _timed(key: str, run: Callable[[Configuration], Record], configuration: Configuration) -> tuple[str, Record]:
    """Run a configuration; give its key and its results with the time that it took."""
    start = time.perf_counter()
    result = run(configuration)
    finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return key, {"finished": finished, "wall_time": round(time.perf_counter() - start, 3), **result}
