"""How the runs of a figure are made, and where they are kept."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ppdl import _checks


@dataclass(frozen=True)
class Recording:
    """Where the runs of a figure are recorded, and how they are made.

    Each finished run is recorded at once. If the computation is stopped, the same one goes on where it was; a setting
    that differs is another run.

    Parameters
    ----------
    output : path-like, default="."
        Folder of all files.
    jobs : int, default=None
        Runs at a time, through joblib; None means one, or what `joblib.parallel_config` tells.
    n_threads : int, default=None
        Threads of each run; None leaves it to OpenMP and BLAS, which joblib keeps to their share of the processors.
    resume : bool, default=True
        Whether runs that are in the run file already count as done.
    verbose : bool, default=True
        Whether to show progress.
    """

    output: str | os.PathLike[str] = "."
    jobs: int | None = None
    n_threads: int | None = None
    resume: bool = True
    verbose: bool = True

    def __post_init__(self) -> None:
        _checks.path("output", self.output)
        _checks.boolean("resume", self.resume)
        _checks.boolean("verbose", self.verbose)
        limit = _checks.LARGEST_INT
        if self.jobs is not None and _checks.integer("jobs", self.jobs, at_least=-limit, at_most=limit) == 0:
            raise ValueError("jobs: received 0; expected runs at a time, or a negative number as joblib takes it")
        if self.n_threads is not None:
            _checks.integer("n_threads", self.n_threads, at_most=limit)

    @property
    def folder(self) -> Path:
        """Folder of all files."""
        return _checks.path("output", self.output)
