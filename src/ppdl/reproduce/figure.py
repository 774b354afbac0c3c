"""What every figure has: a table and a picture, shown together and saved together."""

from __future__ import annotations

import abc
import csv
import importlib
import math
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


class Figure(abc.ABC):
    """A figure that was recomputed; ``print`` shows its table.

    A figure names its files' stem, `name`, and has the field `folder`.
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
        self.folder.mkdir(parents=True, exist_ok=True)
        table, picture = self.folder / f"{self.name}.csv", self.folder / f"{self.name}.png"
        rows = [{name: _rounded(value) for name, value in row.items()} for row in self.table]
        unfinished = table.with_suffix(".csv.part")
        with unfinished.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(unfinished, table)

        figure = matplotlib("figure").Figure(figsize=self.size, layout="constrained")
        self.draw(figure.add_subplot())
        figure.savefig(picture, dpi=150)
        return table, picture


def matplotlib(module: str) -> Any:
    """Import a module of matplotlib.

    Raises
    ------
    ImportError
        If it is absent; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError("the figure needs matplotlib: pip install 'ppdl[reproduce]'") from error


def per_cent(axis: Axis) -> None:
    """Label an axis of shares in per cent."""
    axis.set_major_formatter(matplotlib("ticker").FuncFormatter(lambda value, _: f"{100 * value:g} %"))


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
