"""Resumable sweeps: runs that the run file does not hold yet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import joblib

from .file import Configuration, Record, RunFile, configuration_key


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
