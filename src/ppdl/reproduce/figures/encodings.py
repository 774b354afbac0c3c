"""A check of the patch pipeline beyond the paper: every encoding of RICA's features, beside the published k-means."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ppdl.estimators.patches.options import Encoding

from ..experiment import Experiment, Figure, Option, choices
from ..experiment.figure import decorate, grouped, per_cent
from ..recipes.patches import PATCH_RECIPES, PatchRecipe, patch_recipe
from ..runs import Record, Recording
from .patch_points import COMPONENTS, TITLES, Setting, cell, patch_options, spread, spread_shown, summarised, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The recipe of k-means, which has one encoding.
KMEANS = "kmeans-triangle"

#: What becomes of RICA's responses z; see `ppdl.PatchFeatures`.
RICA_ENCODINGS: dict[Encoding, str] = {
    "linear": "z",
    "rectifier": "max(z, 0)",
    "absolute": "|z|",
    "smooth-absolute": "√(z² + ε)",
    "split": "max(z, 0) and max(-z, 0)",
    "soft-threshold": "max(z - t, 0) and max(-z - t, 0)",
}


@dataclass(frozen=True)
class Encodings(Figure):
    """The runs, as a table and as a plot."""

    name: ClassVar[str] = "encodings"
    records: list[Record]
    data: str
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each encoding, the most accurate first.

        - `encoding`: of RICA's features, or "kmeans-triangle"
        - what `summarised` tells
        """
        rows = [{"encoding": name, **summarised(group)} for name, group in grouped(self.records, _label).items()]
        return sorted(rows, key=lambda row: -np.nan_to_num(row["accuracy"]))

    def __str__(self) -> str:
        """Accuracies in per cent, encodings down."""
        lines = [
            f"Test accuracy in %, {TITLES[self.data]}, recipe {self.recipe}: mean ± standard deviation over seeds",
            f"{'encoding':<18}{'features of a patch':>20}{'of an image':>14}{'accuracy':>18}",
        ]
        for row in self.table:
            counts = f"{row['n_components']:>20,}{row['n_features']:>14,}"
            lines.append(f"{row['encoding']:<18}{counts}{cell(row):>18}")
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw a point with its spread for each encoding, k-means grey."""
        rows = [row for row in self.table[::-1] if row["n_seeds"]]
        for row in rows:
            colour = "#999999" if row["encoding"] == KMEANS else "#0072B2"
            ax.errorbar(row["accuracy"], row["encoding"], xerr=np.nan_to_num(spread(row)), fmt="o", color=colour)
        decorate(ax, spread_shown(rows))
        ax.set(xlabel=f"test accuracy, {spread_shown(rows)}", title=f"{TITLES[self.data]}, recipe “{self.recipe}”")
        per_cent(ax.xaxis)


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
    recipe : {"rica"} or PatchRecipe, default="rica"
        How RICA's features are learned and used.
    encodings : sequence of str, default=None
        "kmeans-triangle", or encodings of `RICA_ENCODINGS`; None is all of them.
    profile, n_components, seeds, download
        See `figure6_left`.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.

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
    [('split', 64)]
    """
    setting = Setting.chosen([data], profile, recipe, n_components=n_components, download=download)
    rica = setting.recipes[data]
    offered: dict[str, PatchRecipe] = {name: dataclasses.replace(rica, encoding=name) for name in RICA_ENCODINGS}
    offered[KMEANS] = patch_recipe(PATCH_RECIPES[KMEANS].name, data, setting.replaced)
    names = choices.names("encodings", encodings, offered)
    numbers = choices.seeds(setting.scope.n_seeds if seeds is None else seeds)
    recording = Recording(output, jobs, n_threads, resume, verbose)

    configurations = [setting.configuration(data, offered[name], None, seed) for seed in numbers for name in names]
    run = functools.partial(setting.run, n_threads=n_threads)
    arguments = dict(
        data=data,
        profile=setting.profile,
        recipe=rica.name,
        encodings=encodings,
        n_components=n_components,
        seeds=numbers,
    )
    records = EXPERIMENT.records(recording, configurations, run, told(_label), arguments)
    return Encodings(records, data, rica.name, recording.folder)


_NAMES = RICA_ENCODINGS | {KMEANS: PATCH_RECIPES[KMEANS].summary}

EXPERIMENT = Experiment(
    encodings,
    "accuracy of each encoding of RICA's features, and of k-means",
    patch_options(Option("encodings", "encodings", choices=_NAMES, default="all", nargs="+"), COMPONENTS),
)


def _label(record: Record) -> str:
    """Name the encoding of a run, or k-means."""
    recipe = record["configuration"]["recipe"]
    return KMEANS if recipe["learner"] == "kmeans" else str(recipe["encoding"])
