"""What the figures of the patch pipeline share: profiles, checks, recorded runs, and how a point is told."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scipy import stats

from ppdl.dictionaries.base import count_atoms

from .choices import known
from .figure import deviation, mean, percent
from .patch_pipeline import run_patch_pipeline
from .patch_recipes import DATA_SETTINGS, PatchRecipe
from .recording import recorded
from .runs import Configuration, Record
from .splits import Split, load_split

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {"digits": "scikit-learn digits", "cifar10": "CIFAR-10", "stl10": "STL-10 at 48 × 48"}


@dataclass(frozen=True)
class PatchProfile:
    """How much of a figure is computed.

    Parameters
    ----------
    summary : str
        The profile in one sentence.
    proportions : tuple of float
        Grid of the proportion of parameters learned.
    counts : tuple of int
        Numbers of features.
    n_seeds : int
        Runs for each point.
    n_train : int or None
        Training images, the first ones; None is all.
    settings : mapping
        Values that replace those of a recipe.
    """

    summary: str
    proportions: tuple[float, ...]
    counts: tuple[int, ...]
    n_seeds: int
    n_train: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def replacing(self, n_components: int | None) -> dict[str, Any]:
        """Return the values that replace a recipe's, with another number of features unless that is None."""
        return {**self.settings, **({} if n_components is None else {"n_components": n_components})}


PATCH_PROFILES = {
    "smoke": PatchProfile(
        "seconds: few points and features, one seed, 1000 training images",
        proportions=(0.25, 0.5, 1.0),
        counts=(4, 8),
        n_seeds=1,
        n_train=1000,
        settings=dict(n_components=16, n_patches=5000),
    ),
    "quick": PatchProfile(
        "minutes: few points and features, one seed, 10000 training images",
        proportions=(0.1, 0.25, 0.5, 1.0),
        counts=(25, 50, 100),
        n_seeds=1,
        n_train=10_000,
        settings=dict(n_components=200, n_patches=50_000),
    ),
    "paper": PatchProfile(
        "hours: ten proportions, four numbers of features, three seeds, all images",
        proportions=tuple(tenth / 10 for tenth in range(1, 11)),
        counts=(50, 100, 200, 400),
        n_seeds=3,
    ),
}


def load_patch_split(data: str, *, download: bool) -> Split:
    """Load a data set that the patch pipeline has settings for."""
    return load_split(known("data", data, DATA_SETTINGS), download=download)


def chosen_profile(profile: str | None, data: str) -> str:
    """Return the name of the profile; None is "smoke" for the digits, "quick" for the others."""
    return known("profile", profile or ("smoke" if data == "digits" else "quick"), PATCH_PROFILES)


def check_proportion(proportion: float, recipe: PatchRecipe, split: Split) -> None:
    """Refuse a proportion that leaves a feature without an atom, and k-means, which has no atoms.

    Raises
    ------
    ValueError
        If it is refused.
    """
    n_channels = math.prod(split.input_shape[2:])
    count_atoms(recipe.patch_size**2 * n_channels, proportion, group=n_channels)
    recipe.features(proportion, split.input_shape, seed=0)


def recorded_patch_runs(
    name: str,
    configurations: Sequence[Configuration],
    splits: Mapping[str, Split],
    describe: Callable[[Record], str],
    *,
    command: str,
    output: str | os.PathLike[str],
    jobs: int | None,
    n_threads: int | None,
    resume: bool,
    verbose: bool,
) -> list[Record]:
    """Run the pipeline for each configuration that is not recorded yet; return the records of all.

    See `recorded`; `splits` holds each data set by its name.
    """
    return recorded(
        name,
        configurations,
        functools.partial(_run, splits=dict(splits), n_threads=n_threads),
        lambda record: f"{describe(record)}: {_outcome(record)}",
        command=command,
        output=Path(output),
        jobs=jobs,
        resume=resume,
        verbose=verbose,
    )


def _run(configuration: Configuration, *, splits: Mapping[str, Split], n_threads: int | None) -> Record:
    """Run the pipeline on the images that the configuration names."""
    return run_patch_pipeline(configuration, split=splits[configuration["data"]], n_threads=n_threads)


def _outcome(record: Record) -> str:
    return "diverged" if "failure" in record else f"{100 * record['accuracy']:.2f} % accuracy"


def summarised(records: Sequence[Record]) -> dict[str, Any]:
    """Summarise runs that differ by their seed alone.

    Returns
    -------
    dict
        - `accuracy`: mean over seeds; `std`: its standard deviation, NaN for one seed
        - `interval`: half of the 90 % confidence interval over the folds, each fold's accuracy being the mean over
          seeds: of n folds with the standard deviation s, t s / √n with t of n - 1 degrees of freedom; NaN where there
          are no folds
        - `n_seeds`: runs; `n_failed`: runs that diverged, beside these
        - `train_accuracy`, `wall_time` (seconds): means
        - `n_components`: features of a patch; `n_features`: of an image
        - `n_dynamic`: learned numbers of the features; `learned`: as a proportion of their weights; `n_static`: numbers
          of fixed dictionaries
    """
    done = [record for record in records if "failure" not in record]
    accuracies = [record["accuracy"] for record in done]
    row: dict[str, Any] = {
        "accuracy": mean(accuracies),
        "std": deviation(accuracies),
        "interval": _interval([record["fold_accuracies"] for record in done if "fold_accuracies" in record]),
        "n_seeds": len(done),
        "n_failed": len(records) - len(done),
        "train_accuracy": mean([record["train_accuracy"] for record in done]),
        "wall_time": mean([record["wall_time"] for record in done]),
        "n_components": records[0]["configuration"]["recipe"]["n_components"],
    }
    for name in ("n_features", "n_dynamic", "n_static"):
        row[name] = done[0][name] if done else math.nan
    row["learned"] = done[0]["n_dynamic"] / done[0]["n_weights"] if done else math.nan
    return row


def _interval(accuracies: Sequence[Sequence[float]]) -> float:
    """Return half of the 90 % confidence interval of (seeds, folds) accuracies; NaN of none."""
    by_fold = [mean(values) for values in zip(*accuracies)]
    n_folds = len(by_fold)
    if n_folds < 2:
        return math.nan
    return float(stats.t.ppf(0.95, n_folds - 1)) * deviation(by_fold) / math.sqrt(n_folds)


def spread(row: Mapping[str, Any]) -> float:
    """Return what is shown beside a mean: the confidence interval where there are folds, else the deviation."""
    return float(row["std"] if math.isnan(row["interval"]) else row["interval"])


def cell(row: Mapping[str, Any]) -> str:
    """Write a cell of the printed table."""
    return percent(row["accuracy"], spread(row)) if row["n_seeds"] else "diverged"


def decorate(ax: Axes) -> None:
    """Draw a grid, two of four spines, and beside them the legend of what was drawn before."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
