"""What every figure has: a table and a picture, shown together and saved together."""

from __future__ import annotations

import abc
import csv
import math
import statistics
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from ppdl import _checks
from ppdl._extras import imported

from ..runs import Record
from ..runs.whole import written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Key = TypeVar("Key", bound=Hashable)


class Figure(abc.ABC):
    """A figure that was recomputed; ``print`` shows its table.

    A figure names its files' stem, `name`, and has the fields `records`, one for each run, and `folder`, in which
    `save` writes; where all runs are of one, also `data`, a data set's name, and `recipe`, a recipe's.
    """

    name: ClassVar[str]
    size: ClassVar[tuple[float, float]] = (9.0, 5.4)
    """Width and height in inches."""
    folder: Path

    @property
    @abc.abstractmethod
    def table(self) -> list[dict[str, Any]]:
        """Its numbers, a dictionary with the same names for each row; ``pandas.DataFrame(figure.table)`` reads it."""

    @abc.abstractmethod
    def draw(self, ax: Axes) -> None:
        """Draw it on axes."""

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the figure.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib Axes
        """
        if ax is None:
            ax = matplotlib("pyplot").subplots(figsize=self.size, layout="constrained")[1]
        self.draw(ax)
        return ax

    def save(self) -> tuple[Path, Path]:
        """Write the table (CSV) and the picture (PNG) to the folder; return their paths.

        Raises
        ------
        ImportError
            If matplotlib is absent, after the table is written; the message names the extra that brings it.
        """
        folder = _checks.path("folder", self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        table, picture = folder / f"{self.name}.csv", folder / f"{self.name}.png"
        rows = [{name: _rounded(value) for name, value in row.items()} for row in self.table]
        with written_whole(table) as part, part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

        figure = matplotlib("figure").Figure(figsize=self.size, layout="constrained")
        self.draw(figure.add_subplot())
        with written_whole(picture) as part:
            figure.savefig(part, dpi=150, format="png")
        return table, picture


def grouped(records: Iterable[Record], key: Callable[[Record], Key]) -> dict[Key, list[Record]]:
    """Gather the records of each key, in the order in which the keys are met."""
    groups: dict[Key, list[Record]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return groups


def matplotlib(module: str) -> Any:
    """Import a module of matplotlib.

    Raises
    ------
    ImportError
        If it is absent; the message names the extra that brings it.
    """
    return imported(f"matplotlib.{module}", "the figure", "matplotlib", "reproduce")


def per_cent(axis: Axis) -> None:
    """Label an axis of shares in per cent."""
    axis.set_major_formatter(matplotlib("ticker").FuncFormatter(lambda value, _: f"{100 * value:g} %"))


def draw_curve(
    ax: Axes, x: Sequence[float], y: Sequence[float], spread: Sequence[float], style: tuple[str, str], label: str
) -> None:
    """Draw a line through means, and a band of their spread to either side; the style is colour and marker."""
    low, high = (np.array(y) + sign * np.nan_to_num(spread) for sign in (-1, 1))
    ax.fill_between(x, low, high, color=style[0], alpha=0.18, lw=0)
    ax.plot(x, y, color=style[0], marker=style[1], lw=1.8, ms=4, label=label)


def draw_level(ax: Axes, y: float, spread: float, colour: str, label: str, **line: Any) -> None:
    """Draw a mean that doesn't depend on the horizontal axis, and its spread."""
    reach = np.nan_to_num(spread)
    ax.axhspan(y - reach, y + reach, color=colour, alpha=0.12, lw=0)
    ax.axhline(y, color=colour, label=label, **line)


def spread_named(rows: Iterable[Mapping[str, Any]], of: str = "seed") -> str:
    """Say what is drawn of rows with their numbers of seeds: means with bands or bars, or single runs."""
    counts = sorted({row["n_seeds"] for row in rows if row["n_seeds"]})
    if not counts or counts[-1] == 1:
        return f"one {of} each"
    return f"mean ± s.d. of {counts[0]}{f' to {counts[-1]}' if counts[1:] else ''} {of}s"


def decorate(ax: Axes, spread: str) -> None:
    """Draw a grid, two of four spines, and beside them the legend of what was drawn before, under the spread's name."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), title=spread, alignment="left")


def mean(values: Sequence[float]) -> float:
    """Return the mean; NaN of none."""
    return statistics.fmean(values) if values else math.nan


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample; NaN of fewer than two."""
    return statistics.stdev(values) if len(values) > 1 else math.nan


def percent(mean: float, spread: float = math.nan) -> str:
    """Write a cell of a table: mean ± spread in per cent, without the spread where it is NaN.

    Examples
    --------
    >>> percent(0.0182, 0.0004)
    '1.82 ± 0.04'
    """
    return f"{100 * mean:.2f}" + ("" if math.isnan(spread) else f" ± {100 * spread:.2f}")


def _rounded(value: Any) -> Any:
    """Round a number of the table for the file; NaN is an empty field."""
    if isinstance(value, float):
        return "" if math.isnan(value) else round(value, 6)
    return value
