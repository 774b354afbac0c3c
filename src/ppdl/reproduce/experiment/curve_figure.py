"""What figures of test error against the proportion learned have in common: profiles, and a row for each point."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..runs import Record
from .figure import Figure, deviation, draw_curve, draw_level, grouped, mean, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class CurveProfile:
    """How much of the figure is computed.

    Parameters
    ----------
    summary : str
        The profile in one sentence.
    proportions : tuple of float
        Grid of the proportion of parameters learned.
    n_seeds : int
        Networks for each point.
    effort : float
        Factor for the recipe's numbers of epochs.
    curves : tuple of str, default=None
        Names of the curves that are computed if none are named; None is all.
    """

    summary: str
    proportions: tuple[float, ...]
    n_seeds: int
    effort: float
    curves: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CurveFigure(Figure):
    """The figure's runs, as a table and as a plot."""

    records: list[Record]
    data: str
    recipe: str
    folder: Path

    curves: ClassVar[Mapping[str, Any]]
    """The curves by name, in their order."""
    averaged: ClassVar[tuple[str, ...]]
    """What else of the records is averaged in a row."""
    measured: ClassVar[tuple[str, ...]]
    """Of these, what is no count even where it is a whole number."""

    @abc.abstractmethod
    def learned(self, row: Mapping[str, Any]) -> float:
        """Return the share of parameters learned in a row of the table, as the paper counts it, by whole atoms."""

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each curve and proportion.

        - `curve`; `proportion`, as asked for
        - `learned`: the share as the paper counts it, of whole atoms, with a U that is learned; for "narrow", that of
          the predicted network that learns as many numbers
        - `test_error`: mean over seeds; `std`: its standard deviation, NaN for one seed
        - `n_seeds`: networks; `n_failed`: networks that diverged, beside these
        - means: `train_error`, `loss`; `epochs`; `wall_time` or `training_time`, seconds
        - `n_dynamic`: all learned numbers, those of softmax layer, biases and a learned U included
        - `n_static`: numbers of fixed dictionaries
        """
        order = list(self.curves)
        groups = grouped(self.records, lambda run: (run["configuration"]["curve"], run["configuration"]["proportion"]))
        return [self._row(*key, groups[key]) for key in sorted(groups, key=lambda key: (order.index(key[0]), key[1]))]

    def _row(self, curve: str, proportion: float, group: list[Record]) -> dict[str, Any]:
        done = [record for record in group if "failure" not in record]
        errors = [record["test_error"] for record in done]
        row: dict[str, Any] = {
            "curve": curve,
            "proportion": proportion,
            "learned": math.nan,
            "test_error": mean(errors),
            "std": deviation(errors),
            "n_seeds": len(errors),
            "n_failed": len(group) - len(done),
        }
        for name in self.averaged:
            value = mean([record[name] for record in done])
            row[name] = int(value) if value.is_integer() and name not in self.measured else value
        row["learned"] = self.learned(row)
        return row


def across(rows: Sequence[Mapping[str, Any]], curves: Mapping[str, Any], write: Callable[[Any], str]) -> list[str]:
    """Write lines of a table, proportions down and curves across; one that doesn't depend on them stands in all.

    Parameters
    ----------
    rows : sequence of mappings
        Rows of the figure's table.
    curves : mapping
        The curves by name, with their `label`, and `flat` where they don't depend on the proportion.
    write : callable
        ``write(row)`` gives a cell.
    """
    names = list(dict.fromkeys(row["curve"] for row in rows))
    proportions = sorted({row["proportion"] for row in rows if not curves[row["curve"]].flat}) or [1.0]
    cells = {(row["curve"], row["proportion"]): write(row) for row in rows}
    lines = ["learned ", *(f"{100 * proportion:.3g} %".ljust(8) for proportion in proportions)]
    width = max(map(len, cells.values()))
    for name in names:
        keys = [(name, 1.0 if curves[name].flat else proportion) for proportion in proportions]
        column = [curves[name].label, *(cells.get(key, "") for key in keys)]
        lines = [f"{line}  {text:>{max(width, len(column[0]))}}" for line, text in zip(lines, column)]
    return lines


def draw_curves(
    ax: Axes,
    rows: Sequence[Mapping[str, Any]],
    curves: Mapping[str, Any],
    styles: Mapping[str, tuple[str, str]],
    spread: str = "std",
) -> None:
    """Draw the curves of a table in the order of its rows; those that don't depend on the proportion are levels.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    rows : sequence of mappings
        Rows of the figure's table; those without a network are left out.
    curves : mapping
        As of `across`.
    styles : mapping
        Colour and marker of each curve.
    spread : str, default="std"
        What of a row is the spread of a curve; that of a level is always "std".
    """
    found = [row for row in rows if row["n_seeds"]]
    for name in dict.fromkeys(row["curve"] for row in found):
        points = [row for row in found if row["curve"] == name]
        curve, style = curves[name], styles[name]
        if curve.flat:
            draw_level(ax, points[0]["test_error"], points[0]["std"], style[0], curve.label, lw=1.6)
        else:
            x, errors, spreads = ([point[key] for point in points] for key in ("learned", "test_error", spread))
            draw_curve(ax, x, errors, spreads, style, curve.label)


def one_line(record: Record, flat: Collection[str] = ()) -> str:
    """Say in a few words what a run gave; the names of the curves that don't depend on the proportion are `flat`."""
    curve, proportion = record["configuration"]["curve"], record["configuration"]["proportion"]
    at = "" if curve in flat else f" at {100 * proportion:.3g} %"
    return f"{curve}{at}: {outcome(record)}"


def cell(row: Mapping[str, Any]) -> str:
    """Write a cell of the printed table."""
    return percent(row["test_error"], row["std"]) if row["n_seeds"] else "diverged"


def outcome(record: Record) -> str:
    """Say what a run gave."""
    return "diverged" if "failure" in record else f"{100 * record['test_error']:.2f} % error"
