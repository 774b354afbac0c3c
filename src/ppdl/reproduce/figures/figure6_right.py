"""Figure 6 (right): ordinary RICA against half-predicted RICA with as many learned parameters."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ppdl import _checks

from ..experiment import Experiment, Figure, Option, choices
from ..experiment.figure import decorate, draw_curve, grouped, matplotlib, per_cent
from ..recipes.patches import PatchRecipe
from ..runs import Record, Recording
from .patch_points import TITLES, Setting, cell, patch_options, spread, spread_shown, summarised, told

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Proportion of parameters learned by the second curve.
PROPORTION = 0.5

#: Colour and marker of each curve.
STYLES = {"RICA": ("#000000", "s"), "RICA-50%": ("#009E73", "o")}


@dataclass(frozen=True)
class Figure6Right(Figure):
    """The figure's runs, as a table and as a plot. The paper prints no numbers of it, so that none are drawn beside."""

    name: ClassVar[str] = "figure6_right"
    records: list[Record]
    data: str
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each curve and number of features.

        - `curve`: "RICA", or "RICA-50%", which predicts half of its weights
        - what `summarised` tells; `n_dynamic` is the horizontal axis
        """
        groups = grouped(self.records, _key)
        return [{"curve": key[0], **summarised(groups[key])} for key in sorted(groups)]

    def __str__(self) -> str:
        """Accuracies in per cent, numbers of learned parameters down and curves across."""
        rows = [row for row in self.table if row["n_seeds"]]
        lines = [
            f"Test accuracy in %, {TITLES[self.data]}, recipe {self.recipe}: mean ± standard deviation over seeds",
            "learned numbers".ljust(15) + "".join(f"{name}, features".rjust(32) for name in STYLES),
        ]
        for n_dynamic in sorted({row["n_dynamic"] for row in rows}):
            found = {row["curve"]: row for row in rows if row["n_dynamic"] == n_dynamic}
            cells = [f"{cell(found[name])}, {found[name]['n_components']}" if name in found else "" for name in STYLES]
            lines.append(f"{n_dynamic:<15,}" + "".join(text.rjust(32) for text in cells))
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw mean and spread of each curve."""
        for name, style in STYLES.items():
            points = [row for row in self.table if row["curve"] == name and row["n_seeds"]]
            x, accuracies = ([point[key] for point in points] for key in ("n_dynamic", "accuracy"))
            draw_curve(ax, x, accuracies, list(map(spread, points)), style, name)
            for point in points:
                ax.annotate(
                    str(point["n_components"]),
                    (point["n_dynamic"], point["accuracy"]),
                    xytext=(0, 7 if name == "RICA-50%" else -13),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                    color=style[0],
                )
        decorate(ax, spread_shown(self.table))
        ticker = matplotlib("ticker")
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(ticker.FixedLocator(sorted({row["n_dynamic"] for row in self.table})))
        ax.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
        ax.xaxis.set_minor_locator(ticker.NullLocator())
        per_cent(ax.yaxis)
        ax.set(xlabel="number of dynamic parameters (beside each point: features)", ylabel="test accuracy")
        ax.set_title(f"{TITLES[self.data]}, recipe “{self.recipe}”", loc="left")


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
    recipe : {"rica"} or PatchRecipe, default="rica"
        How features are learned and used.
    counts : sequence of int, default=None
        Numbers k of features; None is the profile's.
    profile, seeds, download
        See `figure6_left`.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.

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
    setting = Setting.chosen([data], profile, recipe, download=download)
    base = setting.recipes[data]
    numbers = choices.seeds(setting.scope.n_seeds if seeds is None else seeds)
    most = _checks.LARGEST_INT // 2
    chosen = [
        _checks.integer("counts", count, at_most=most)
        for count in choices.several("counts", setting.scope.counts if counts is None else counts)
    ]
    setting.check(PROPORTION)
    recording = Recording(output, jobs, n_threads, resume, verbose)

    configurations = [
        setting.configuration(data, dataclasses.replace(base, n_components=n_components), proportion, seed)
        for seed in numbers
        for count in chosen
        for n_components, proportion in ((count, None), (2 * count, PROPORTION))
    ]
    run = functools.partial(setting.run, n_threads=n_threads)
    arguments = dict(data=data, profile=setting.profile, recipe=base.name, counts=counts, seeds=numbers)
    records = EXPERIMENT.records(
        recording, configurations, run, told(lambda record: "{}, {} features".format(*_key(record))), arguments
    )
    return Figure6Right(records, data, base.name, recording.folder)


EXPERIMENT = Experiment(
    figure6_right,
    "accuracy against the number of parameters learned (RICA)",
    patch_options(Option("counts", "numbers of features", int, default="the profile's", nargs="+")),
)


def _key(record: Record) -> tuple[str, int]:
    """Return the curve that a run belongs to, and its number of features."""
    configuration = record["configuration"]
    return "RICA" if configuration["proportion"] is None else "RICA-50%", configuration["recipe"]["n_components"]
