"""Figure 6 (right): ordinary RICA against half-predicted RICA with as many learned parameters."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .choices import chosen_seeds
from .figure6_right_result import PROPORTION, Figure6Right, curve
from .patch_pipeline import patch_configuration
from .patch_recipes import PatchRecipe, patch_recipe
from .patch_runs import PATCH_PROFILES, check_proportion, chosen_profile, load_patch_split, recorded_patch_runs
from .recording import command_line
from .runs import Record


def figure6_right(
    data: str = "digits",
    profile: str | None = None,
    recipe: str | PatchRecipe = "rica",
    *,
    counts: Sequence[int] | None = None,
    seeds: int | Iterable[int] | None = None,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    download: bool = False,
    verbose: bool = True,
) -> Figure6Right:
    """Compute Figure 6 (right): RICA with k features, and with 2k features of which half of the weights are predicted.

    Both learn the same number of parameters. Each finished run is recorded at once in ``figure6_right.jsonl`` of the
    output folder. If the computation is stopped, the same call goes on where it was; a setting that differs is another
    run.

    Parameters
    ----------
    data : {"digits", "cifar10", "stl10"}, default="digits"
        Data set; the paper's is CIFAR-10.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the digits, "quick" for the others.
    recipe : {"rica"} or PatchRecipe, default="rica"
        How features are learned and used.
    counts : sequence of int, default=None
        Numbers k of features; None is the profile's.
    seeds : int or iterable of int, default=None
        How many runs for each point, or their seeds; None is the profile's number.
    output : path-like, default="."
        Folder of all files.
    jobs : int, default=None
        Runs at a time, through joblib; None means one, or what `joblib.parallel_config` tells.
    n_threads : int, default=None
        Threads of each run; None leaves it to OpenMP and BLAS.
    resume : bool, default=True
        Whether runs that are in the run file already count as done.
    download : bool, default=False
        Whether data that is not found may be downloaded.
    verbose : bool, default=True
        Whether to show progress.

    Returns
    -------
    Figure6Right
        Table and plot.

    Raises
    ------
    ValueError
        If a name is unknown or a number of features is not positive; before anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import figure6_right
    >>> figure = figure6_right(counts=[4], output=getfixture("tmp_path"), verbose=False)
    >>> [(row["curve"], row["n_components"], row["n_dynamic"]) for row in figure.table]
    [('RICA', 4, 64), ('RICA-50%', 8, 64)]
    """
    split = load_patch_split(data, download=download)
    profile = chosen_profile(profile, data)
    settings = PATCH_PROFILES[profile]
    base = patch_recipe(recipe, data, settings.settings)
    numbers = chosen_seeds(settings.n_seeds if seeds is None else seeds)
    chosen = settings.counts if counts is None else tuple(counts)
    if not chosen or min(chosen) < 1:
        raise ValueError(f"counts must be positive numbers of features, got {counts!r}.")
    check_proportion(PROPORTION, base, split)

    configurations = [
        patch_configuration(
            split,
            dataclasses.replace(base, n_components=n_components),
            proportion=proportion,
            seed=seed,
            n_train=settings.n_train,
        )
        for seed in numbers
        for count in chosen
        for n_components, proportion in ((count, None), (2 * count, PROPORTION))
    ]
    command = command_line(
        "figure6-right",
        data=data,
        profile=profile,
        recipe=base.name,
        counts=counts,
        seeds=numbers,
        jobs=jobs,
        threads=n_threads,
    )
    records = recorded_patch_runs(
        Figure6Right.name,
        configurations,
        {data: split},
        _point,
        command=command,
        output=output,
        jobs=jobs,
        n_threads=n_threads,
        resume=resume,
        verbose=verbose,
    )
    return Figure6Right(records, data, base.name, Path(output))


def _point(record: Record) -> str:
    """Name the point of the figure that a run belongs to."""
    return f"{curve(record)}, {record['configuration']['recipe']['n_components']} features"
