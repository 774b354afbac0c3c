"""What Figure 4 (left) shows: its runs as a table and as a plot, beside the paper's printed curves."""

from __future__ import annotations

import csv
import importlib.resources
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .curves import ARCHITECTURES, CURVES
from .figure import Figure, deviation, matplotlib, mean, per_cent, percent
from .runs import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and marker of each curve: Okabe and Ito's palette, told apart by colour-blind readers too, and a brown.
STYLES = {
    "nokernel": ("#000000", ""),
    "LowRank": ("#999999", "v"),
    "RandCon": ("#E69F00", "s"),
    "RandFixU": ("#D55E00", "D"),
    "SE-Emp": ("#56B4E9", "o"),
    "SE-Emp2": ("#0072B2", "o"),
    "SE-AE": ("#CC79A7", "^"),
    "narrow": ("#8C6D31", "P"),
    "best": ("#009E73", "o"),
}

TITLES = {"digits": "scikit-learn digits, 8 × 8 (not MNIST)", "mnist": "MNIST"}

_X_TICKS = (0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_Y_TICKS = (0.005, 0.007, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.9)
_DASHES: dict[str, Any] = dict(lw=1.0, ls=(0, (4, 2)), alpha=0.85)


@dataclass(frozen=True)
class Figure4Left(Figure):
    """The figure's runs, as a table and as a plot.

    Parameters
    ----------
    records : list of dict
        One record for each network.
    data : str
        Data set.
    recipe : str
        Name of the recipe.
    folder : Path
        Where `save` writes.
    """

    name: ClassVar[str] = "figure4_left"
    records: list[Record]
    data: str
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each curve and proportion; ``pandas.DataFrame(figure.table)`` reads it.

        - `curve`; `proportion`, as asked for
        - `learned`: the proportion as the paper counts it, V of the two predicted layers among their weights, by whole
          atoms; for "narrow", that of the predicted networks that learn as many numbers
        - `test_error`: mean over seeds; `std`: its standard deviation, NaN for one seed
        - `n_seeds`: networks; `n_failed`: networks that diverged, beside these
        - `train_error`: mean; `epochs`; `wall_time`: mean, seconds
        - `n_dynamic`: all learned numbers, those of softmax layer, biases and the U of "LowRank" included
        - `n_static`: numbers of fixed dictionaries
        """
        groups: dict[tuple[str, float], list[Record]] = {}
        for record in self.records:
            configuration = record["configuration"]
            groups.setdefault((configuration["curve"], configuration["proportion"]), []).append(record)
        order = list(CURVES)
        return [self._row(*key, groups[key]) for key in sorted(groups, key=lambda key: (order.index(key[0]), key[1]))]

    def _row(self, curve: str, proportion: float, group: list[Record]) -> dict[str, Any]:
        done = [record for record in group if "failure" not in record]
        errors = [record["test_error"] for record in done]
        row: dict[str, Any] = {
            "curve": curve,
            "proportion": proportion,
            "learned": ARCHITECTURES[self.data].learned_proportion(proportion),
            "test_error": mean(errors),
            "std": deviation(errors),
            "n_seeds": len(errors),
            "n_failed": len(group) - len(done),
        }
        for name in ("train_error", "n_dynamic", "n_static", "epochs", "wall_time"):
            value = mean([record[name] for record in done])
            row[name] = int(value) if value.is_integer() and name != "wall_time" else value
        return row

    def __str__(self) -> str:
        """Test errors in per cent, proportions down and curves across."""
        rows = self.table
        names = list(dict.fromkeys(row["curve"] for row in rows))
        cells = {(row["curve"], row["proportion"]): _cell(row) for row in rows}
        width = max(9, *map(len, names), *map(len, cells.values())) + 2
        lines = [
            f"Test error in %, {TITLES[self.data]}, recipe {self.recipe}: mean ± standard deviation over seeds",
            "learned".ljust(8) + "".join(name.rjust(width) for name in names),
        ]
        for proportion in sorted({row["proportion"] for row in rows}):
            keys = [(name, 1.0 if CURVES[name].flat else proportion) for name in names]
            label = f"{100 * proportion:.3g} %".ljust(8)
            lines.append(label + "".join(cells.get(key, "").rjust(width) for key in keys))
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw our mean with its spread (one standard deviation) and, for MNIST, the paper's printed curves, dashed."""
        rows = self.table
        names = _by_height(rows)
        for name in names:
            _draw_curve(ax, name, [row for row in rows if row["curve"] == name and row["n_seeds"]])
        if self.data == "mnist":
            _draw_printed(ax, names)
        _decorate(ax)
        ax.set_title(f"{TITLES[self.data]}, recipe “{self.recipe}”", loc="left")


def printed_curves() -> dict[str, list[tuple[float, float]]]:
    """Return the paper's curves, (proportion, test error) pairs read off its printed Figure 4 (left)."""
    text = (importlib.resources.files(__package__) / "printed" / f"{Figure4Left.name}.csv").read_text()
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        curves.setdefault(row["curve"], []).append((float(row["proportion"]), float(row["test_error"])))
    return {name: sorted(points) for name, points in curves.items()}


def _draw_curve(ax: Axes, name: str, points: Sequence[Mapping[str, Any]]) -> None:
    """Draw a curve: a line through the means, a band of one standard deviation to either side."""
    colour, marker = STYLES[name]
    errors = np.array([point["test_error"] for point in points])
    low, high = (errors + sign * np.nan_to_num([point["std"] for point in points]) for sign in (-1, 1))
    if CURVES[name].flat:
        ax.axhspan(low[0], high[0], color=colour, alpha=0.12, lw=0)
        ax.axhline(errors[0], color=colour, lw=1.6, label=name)
        return
    x = [point["learned"] for point in points]
    ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
    ax.plot(x, errors, color=colour, marker=marker, lw=1.8, ms=4, label=name)


def _draw_printed(ax: Axes, names: Sequence[str]) -> None:
    """Add the paper's curves of these names, dashed in the same colours."""
    for name, points in printed_curves().items():
        if name not in names:
            continue
        proportions, errors = np.array(points).T
        if CURVES[name].flat:
            ax.axhline(errors[0], color=STYLES[name][0], **_DASHES)
        else:
            ax.plot(proportions, errors, color=STYLES[name][0], **_DASHES)
    ax.plot([], [], color="0.4", label="printed in\nthe paper", **_DASHES)


def _decorate(ax: Axes) -> None:
    """Set logarithmic axes in per cent, and the legend beside them."""
    ticker = matplotlib("ticker")
    ax.set(xscale="log", yscale="log", xlabel="proportion of parameters learned", ylabel="test error")
    for axis, ticks in ((ax.xaxis, _X_TICKS), (ax.yaxis, _Y_TICKS)):
        axis.set_major_locator(ticker.FixedLocator(ticks))
        per_cent(axis)
        axis.set_minor_locator(ticker.NullLocator())
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    if ax.lines:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _by_height(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the curves, the one that starts highest first, so that the legend follows the picture."""
    first: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: row["proportion"]):
        if row["n_seeds"]:
            first.setdefault(row["curve"], row["test_error"])
    return sorted(first, key=lambda name: -first[name])


def _cell(row: Mapping[str, Any]) -> str:
    """Write a cell of the printed table."""
    return percent(row["test_error"], row["std"]) if row["n_seeds"] else "diverged"
