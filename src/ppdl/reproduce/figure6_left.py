"""Figure 6 (left): accuracy of RICA's features against the proportion of parameters learned."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .choices import chosen_seeds
from .figure6_left_result import Figure6Left
from .patch_pipeline import patch_configuration
from .patch_recipes import PatchRecipe, patch_recipe
from .patch_runs import PATCH_PROFILES, check_proportion, chosen_profile, load_patch_split, recorded_patch_runs
from .recording import command_line
from .runs import Record


def figure6_left(
    data: str | Sequence[str] = "digits",
    profile: str | None = None,
    recipe: str | PatchRecipe = "rica",
    *,
    n_components: int | None = None,
    proportions: Sequence[float] | None = None,
    seeds: int | Iterable[int] | None = None,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    download: bool = False,
    verbose: bool = True,
) -> Figure6Left:
    """Compute Figure 6 (left): one run of the patch pipeline for each data set, proportion and seed.

    RICA's weights are predicted by a squared exponential over the pixels of a patch; "nokernel" predicts nothing. Each
    finished run is recorded at once in ``figure6_left.jsonl`` of the output folder. If the computation is stopped, the
    same call goes on where it was; a setting that differs is another run.

    Parameters
    ----------
    data : {"digits", "cifar10", "stl10"} or sequence of them, default="digits"
        scikit-learn's digits, which no one should compare with the paper, or the paper's data sets. STL-10 is taken at
        48 × 48 pixels, with its ten folds.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the digits, "quick" for the others.
    recipe : {"rica", "kmeans-triangle"} or PatchRecipe, default="rica"
        How features are learned and used. k-means has no proportions: give none.
    n_components : int, default=None
        Features of a patch; None is the number of the profile or recipe.
    proportions : sequence of float, default=None
        Proportions of parameters learned, each in (0, 1]; None is the profile's grid, an empty one leaves "nokernel".
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
    Figure6Left
        Table and plot.

    Raises
    ------
    ValueError
        If a name is unknown, or a proportion leaves a feature without an atom; before anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import figure6_left
    >>> figure = figure6_left(proportions=[0.5], output=getfixture("tmp_path"), verbose=False)
    >>> [(row["curve"], row["learned"]) for row in figure.table]
    [('nokernel', 1.0), ('SE', 0.5)]
    """
    names = [data] if isinstance(data, str) else list(data)
    if not names:
        raise ValueError("data must name at least one data set, got none.")
    profile = chosen_profile(profile, names[0])
    settings = PATCH_PROFILES[profile]
    splits = {name: load_patch_split(name, download=download) for name in names}
    replaced = settings.replacing(n_components)
    recipes = {name: patch_recipe(recipe, name, replaced) for name in names}
    grid = settings.proportions if proportions is None else tuple(float(proportion) for proportion in proportions)
    numbers = chosen_seeds(settings.n_seeds if seeds is None else seeds)
    for name in names:
        for proportion in grid:
            check_proportion(proportion, recipes[name], splits[name])

    configurations = [
        patch_configuration(splits[name], recipes[name], proportion=proportion, seed=seed, n_train=settings.n_train)
        for seed in numbers
        for name in names
        for proportion in (None, *grid)
    ]
    command = command_line(
        "figure6-left",
        data=names,
        profile=profile,
        recipe=recipes[names[0]].name,
        components=n_components,
        proportions=proportions,
        seeds=numbers,
        jobs=jobs,
        threads=n_threads,
    )
    records = recorded_patch_runs(
        Figure6Left.name,
        configurations,
        splits,
        _point,
        command=command,
        output=output,
        jobs=jobs,
        n_threads=n_threads,
        resume=resume,
        verbose=verbose,
    )
    return Figure6Left(records, recipes[names[0]].name, Path(output))


def _point(record: Record) -> str:
    """Name the point of the figure that a run belongs to."""
    configuration = record["configuration"]
    proportion = configuration["proportion"]
    return f"{configuration['data']}, " + ("nokernel" if proportion is None else f"SE at {100 * proportion:.3g} %")
