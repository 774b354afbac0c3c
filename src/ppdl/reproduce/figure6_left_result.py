"""What Figure 6 (left) shows: its runs as a table and as a plot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .figure import Figure, per_cent
from .patch_runs import TITLES, cell, decorate, spread, summarised
from .runs import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and marker of each data set: Okabe and Ito's palette, told apart by colour-blind readers too.
STYLES = {"digits": ("#009E73", "s"), "cifar10": ("#0072B2", "o"), "stl10": ("#D55E00", "D")}


@dataclass(frozen=True)
class Figure6Left(Figure):
    """The figure's runs, as a table and as a plot. The paper prints no numbers of it, so that none are drawn beside.

    Parameters
    ----------
    records : list of dict
        One record for each run.
    recipe : str
        Name of the recipe.
    folder : Path
        Where `save` writes.
    """

    name: ClassVar[str] = "figure6_left"
    records: list[Record]
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each data set and proportion; ``pandas.DataFrame(figure.table)`` reads it.

        - `data`; `curve`: "nokernel", or "SE" for weights predicted by the squared exponential
        - `proportion` of parameters learned, as asked for
        - what `summarised` tells; `learned` is the proportion by whole atoms
        """
        groups: dict[tuple[str, bool, float], list[Record]] = {}
        for record in self.records:
            configuration = record["configuration"]
            proportion = configuration["proportion"]
            key = (configuration["data"], proportion is not None, 1.0 if proportion is None else proportion)
            groups.setdefault(key, []).append(record)
        order = list(STYLES)
        return [
            {"data": data, "curve": "SE" if predicted else "nokernel", "proportion": proportion, **summarised(group)}
            for (data, predicted, proportion), group in sorted(
                groups.items(), key=lambda item: (order.index(item[0][0]), *item[0][1:])
            )
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
                    low, high = (row["accuracy"] + sign * np.nan_to_num(spread(row)) for sign in (-1, 1))
                    ax.axhspan(low, high, color=colour, alpha=0.12, lw=0)
                    ax.axhline(row["accuracy"], color=colour, lw=1.2, ls="--", label=f"{TITLES[name]}, nokernel")
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
        decorate(ax)
        ax.set(xlabel="proportion of parameters learned", ylabel="test accuracy", xlim=(0.0, 1.03))
        per_cent(ax.xaxis)
        per_cent(ax.yaxis)
