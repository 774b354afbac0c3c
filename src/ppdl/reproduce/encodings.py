"""A check of the patch pipeline beyond the paper: every encoding of RICA's features, beside the published k-means."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .choices import chosen_seeds, known
from .encodings_result import KMEANS, Encodings, label
from .patch_pipeline import patch_configuration
from .patch_recipes import PATCH_RECIPES, PatchRecipe, patch_recipe
from .patch_runs import PATCH_PROFILES, chosen_profile, load_patch_split, recorded_patch_runs
from .recording import command_line

#: What becomes of RICA's responses; see `ppdl.PatchFeatures`.
RICA_ENCODINGS = ("linear", "rectifier", "absolute", "smooth-absolute", "split", "soft-threshold")


def encodings(
    data: str = "digits",
    profile: str | None = None,
    recipe: str | PatchRecipe = "rica",
    *,
    encodings: Sequence[str] | None = None,
    n_components: int | None = None,
    seeds: int | Iterable[int] | None = None,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    download: bool = False,
    verbose: bool = True,
) -> Encodings:
    """Compare the encodings of RICA's features, nothing predicted, and k-means with its own.

    With 1600 features on CIFAR-10, k-means with the triangle encoding is the pipeline that Coates, Lee and Ng (AISTATS
    2011) published as 77.9 % accurate. Each finished run is recorded at once in ``encodings.jsonl`` of the output
    folder. If the computation is stopped, the same call goes on where it was; a setting that differs is another run.

    Parameters
    ----------
    data : {"digits", "cifar10", "stl10"}, default="digits"
        Data set.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the digits, "quick" for the others.
    recipe : {"rica"} or PatchRecipe, default="rica"
        How RICA's features are learned and used.
    encodings : sequence of str, default=None
        "kmeans-triangle", or encodings of `RICA_ENCODINGS`; None is all of them.
    n_components : int, default=None
        Features of a patch; None is the number of the profile or recipes.
    seeds : int or iterable of int, default=None
        How many runs for each, or their seeds; None is the profile's number.
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
    Encodings
        Table and plot.

    Raises
    ------
    ValueError
        If a name is unknown; before anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import encodings
    >>> figure = encodings(encodings=["split"], output=getfixture("tmp_path"), verbose=False)
    >>> [(row["encoding"], row["n_features"]) for row in figure.table]
    [('split', 128)]
    """
    split = load_patch_split(data, download=download)
    profile = chosen_profile(profile, data)
    settings = PATCH_PROFILES[profile]
    replaced = settings.replacing(n_components)
    rica = patch_recipe(recipe, data, replaced)
    choices = {name: dataclasses.replace(rica, encoding=name) for name in RICA_ENCODINGS}
    choices[KMEANS] = patch_recipe(PATCH_RECIPES[KMEANS].name, data, replaced)
    names = list(choices) if encodings is None else [known("encoding", name, choices) for name in encodings]
    numbers = chosen_seeds(settings.n_seeds if seeds is None else seeds)

    configurations = [
        patch_configuration(split, choices[name], seed=seed, n_train=settings.n_train)
        for seed in numbers
        for name in names
    ]
    command = command_line(
        "encodings",
        data=data,
        profile=profile,
        recipe=rica.name,
        encodings=encodings,
        components=n_components,
        seeds=numbers,
        jobs=jobs,
        threads=n_threads,
    )
    records = recorded_patch_runs(
        Encodings.name,
        configurations,
        {data: split},
        label,
        command=command,
        output=output,
        jobs=jobs,
        n_threads=n_threads,
        resume=resume,
        verbose=verbose,
    )
    return Encodings(records, data, rica.name, Path(output))
