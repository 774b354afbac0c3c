"""The runs of a figure, each recorded with the command, the code and the machine that made it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .environment import environment
from .progress import tracked
from .runs import Configuration, Record, sweep


def command_line(figure: str, **options: Any) -> str:
    """Write the command that computes a figure.

    Parameters
    ----------
    figure : str
        Its name on the command line.
    **options
        Values of the options, one or a sequence of them each; those that are None are left out.

    Examples
    --------
    >>> command_line("figure4-left", data="digits", curves=["nokernel"], seeds=[0, 1], jobs=None)
    'ppdl reproduce figure4-left --data digits --curves nokernel --seeds 0 1'
    """
    words = ["ppdl", "reproduce", figure]
    for name, value in options.items():
        if value is not None:
            values = [value] if isinstance(value, str) or not isinstance(value, Sequence) else value
            words += [f"--{name}", *(f"{entry:g}" if isinstance(entry, float) else str(entry) for entry in values)]
    return shlex.join(words)


def recorded(
    name: str,
    configurations: Sequence[Configuration],
    run: Callable[[Configuration], Record],
    describe: Callable[[Record], str],
    *,
    command: str,
    output: str | os.PathLike[str],
    jobs: int | None = None,
    resume: bool = True,
    verbose: bool = True,
) -> list[Record]:
    """Run the configurations that are not recorded yet; return the records of all.

    Parameters
    ----------
    name : str
        The runs are recorded in ``<name>.jsonl``.
    configurations, run, jobs, resume
        See `sweep`.
    describe : callable
        ``describe(record)`` says in a few words what a run gave, for the progress bar.
    command : str
        Command that computes the same.
    output : path-like
        Folder of the run file.
    verbose : bool, default=True
        Whether to show progress.
    """
    common = environment() | {"command": command}
    runs = sweep(configurations, run, Path(output) / f"{name}.jsonl", common=common, jobs=jobs, resume=resume)
    return list(tracked(runs, len(configurations), describe) if verbose else runs)
