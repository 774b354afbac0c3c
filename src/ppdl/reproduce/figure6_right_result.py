"""What Figure 6 (right) shows: its runs as a table and as a plot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .figure import Figure, matplotlib, per_cent
from .patch_runs import TITLES, cell, decorate, spread, summarised
from .runs import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Proportion of parameters learned by the second curve.
PROPORTION = 0.5

#: Colour and marker of each curve.
STYLES = {"RICA": ("#000000", "s"), "RICA-50%": ("#009E73", "o")}


def curve(record: Record) -> str:
    """Name the curve that a run belongs to."""
    return "RICA" if record["configuration"]["proportion"] is None else "RICA-50%"


@dataclass(frozen=True)
class Figure6Right(Figure):
    """The figure's runs, as a table and as a plot. The paper prints no numbers of it, so that none are drawn beside.

    Parameters
    ----------
    records : list of dict
        One record for each run.
    data : str
        Data set.
    recipe : str
        Name of the recipe.
    folder : Path
        Where `save` writes.
    """

    name: ClassVar[str] = "figure6_right"
    records: list[Record]
    data: str
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each curve and number of features; ``pandas.DataFrame(figure.table)`` reads it.

        - `curve`: "RICA", or "RICA-50%", which predicts half of its weights
        - what `summarised` tells; `n_dynamic` is the horizontal axis
        """
        groups: dict[tuple[str, int], list[Record]] = {}
        for record in self.records:
            key = (curve(record), record["configuration"]["recipe"]["n_components"])
            groups.setdefault(key, []).append(record)
        return [{"curve": name, **summarised(group)} for (name, _), group in sorted(groups.items())]

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
        for name, (colour, marker) in STYLES.items():
            points = [row for row in self.table if row["curve"] == name and row["n_seeds"]]
            x = [point["n_dynamic"] for point in points]
            accuracies = np.array([point["accuracy"] for point in points])
            low, high = (accuracies + sign * np.nan_to_num([spread(point) for point in points]) for sign in (-1, 1))
            ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
            ax.plot(x, accuracies, color=colour, marker=marker, lw=1.8, ms=4, label=name)
            for point in points:
                ax.annotate(
                    str(point["n_components"]),
                    (point["n_dynamic"], point["accuracy"]),
                    xytext=(0, 7 if name == "RICA-50%" else -13),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                    color=colour,
                )
        decorate(ax)
        ticker = matplotlib("ticker")
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(ticker.FixedLocator(sorted({row["n_dynamic"] for row in self.table})))
        ax.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
        ax.xaxis.set_minor_locator(ticker.NullLocator())
        per_cent(ax.yaxis)
        ax.set(xlabel="number of dynamic parameters (beside each point: features)", ylabel="test accuracy")
        ax.set_title(f"{TITLES[self.data]}, recipe “{self.recipe}”", loc="left")
