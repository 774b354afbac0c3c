"""Figure 6 (left): accuracy of RICA's features against the proportion of parameters learned."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..experiment import Experiment, Figure, choices, options
from ..experiment.figure import decorate, draw_level, grouped, per_cent
from ..recipes.patches import PatchRecipe
from ..runs import Record, Recording
from .patch_points import COMPONENTS, TITLES, Setting, cell, patch_options, spread, spread_shown, summarised, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and marker of each data set: Okabe and Ito's palette, told apart by colour-blind readers too.
STYLES = {"digits": ("#009E73", "s"), "cifar10": ("#0072B2", "o"), "stl10": ("#D55E00", "D")}


@dataclass(frozen=True)
class Figure6Left(Figure):
    """The figure's runs, as a table and as a plot. The paper prints no numbers of it, so that none are drawn beside."""

    name: ClassVar[str] = "figure6_left"
    records: list[Record]
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each data set and proportion.

        - `data`; `curve`: "nokernel", or "SE" for weights predicted by the squared exponential
        - `proportion` of parameters learned, as asked for
        - what `summarised` tells; `learned` is the proportion by whole atoms
        """
        order = list(STYLES)
        groups = grouped(self.records, _key)
        return [
            {"data": key[0], "curve": "SE" if key[1] else "nokernel", "proportion": key[2], **summarised(groups[key])}
            for key in sorted(groups, key=lambda key: (order.index(key[0]), *key[1:]))
        ]

    def __str__(self) -> str:
        """Accuracies in per cent, proportions down and data sets across."""
        rows = self.table
        names = list(dict.fromkeys(row["data"] for row in rows))
        cells = {(row["data"], row["curve"], row["proportion"]): row for row in rows}
        width = max(18, *(len(TITLES[name]) for name in names)) + 2
        lines = [
            f"Test accuracy in %, recipe {self.recipe}: mean ± standard deviation over seeds "
            "(STL-10: 90 % confidence interval over folds)",
            "learned".ljust(9) + "".join(TITLES[name].rjust(width) for name in names),
        ]
        for curve, proportion in sorted({key[1:] for key in cells}):
            label = "nokernel" if curve == "nokernel" else f"{100 * proportion:.3g} %"
            found = [cells.get((name, curve, proportion)) for name in names]
            lines.append(label.ljust(9) + "".join(("" if row is None else cell(row)).rjust(width) for row in found))
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw mean and spread of each data set, and its "nokernel" as a dashed line."""
        rows = [row for row in self.table if row["n_seeds"]]
        for name in dict.fromkeys(row["data"] for row in rows):
            colour, marker = STYLES[name]
            for row in rows:
                if (row["data"], row["curve"]) == (name, "nokernel"):
                    label = f"{TITLES[name]}, nokernel"
                    draw_level(ax, row["accuracy"], spread(row), colour, label, lw=1.2, ls="--")
            points = [row for row in rows if (row["data"], row["curve"]) == (name, "SE")]
            ax.errorbar(
                [point["learned"] for point in points],
                [point["accuracy"] for point in points],
                yerr=[np.nan_to_num(spread(point)) for point in points],
                color=colour,
                marker=marker,
                lw=1.8,
                ms=4,
                capsize=3,
                label=f"{TITLES[name]}, SE",
            )
        decorate(ax, spread_shown(rows))
        ax.set(xlabel="proportion of parameters learned", ylabel="test accuracy", xlim=(0.0, 1.03))
        per_cent(ax.xaxis)
        per_cent(ax.yaxis)


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
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.
    download : bool, default=False
        Whether data that is not found may be downloaded.

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
    names = [data] if isinstance(data, str) else choices.several("data", data)
    setting = Setting.chosen(names, profile, recipe, n_components=n_components, download=download)
    grid = choices.proportions("proportions", setting.scope.proportions if proportions is None else proportions)
    numbers = choices.seeds(setting.scope.n_seeds if seeds is None else seeds)
    recording = Recording(output, jobs, n_threads, resume, verbose)
    for proportion in grid:
        setting.check(proportion)

    configurations = [
        setting.configuration(name, setting.recipes[name], proportion, seed)
        for seed in numbers
        for name in names
        for proportion in (None, *grid)
    ]
    recipe_name = setting.recipes[names[0]].name
    run = functools.partial(setting.run, n_threads=n_threads)
    arguments = dict(
        data=names,
        profile=setting.profile,
        recipe=recipe_name,
        n_components=n_components,
        proportions=proportions,
        seeds=numbers,
    )
    records = EXPERIMENT.records(recording, configurations, run, told(_point), arguments)
    return Figure6Left(records, recipe_name, recording.folder)


EXPERIMENT = Experiment(
    figure6_left,
    "accuracy against the proportion of parameters learned (RICA)",
    patch_options(COMPONENTS, dataclasses.replace(options.PROPORTIONS, nargs="*"), nargs="+"),
)


def _key(record: Record) -> tuple[str, bool, float]:
    """Return the data set of a run, whether weights are predicted, and the proportion that is learned."""
    configuration = record["configuration"]
    proportion = configuration["proportion"]
    return configuration["data"], proportion is not None, 1.0 if proportion is None else proportion


def _point(record: Record) -> str:
    """Name the point of the figure that a run belongs to."""
    data, predicted, proportion = _key(record)
    return f"{data}, " + (f"SE at {100 * proportion:.3g} %" if predicted else "nokernel")
