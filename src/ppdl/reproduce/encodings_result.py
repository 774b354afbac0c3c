"""What the comparison of encodings shows: its runs as a table and as a plot."""

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

#: The recipe of k-means, which has one encoding.
KMEANS = "kmeans-triangle"


def label(record: Record) -> str:
    """Name the encoding of a run, or k-means."""
    recipe = record["configuration"]["recipe"]
    return KMEANS if recipe["learner"] == "kmeans" else str(recipe["encoding"])


@dataclass(frozen=True)
class Encodings(Figure):
    """The runs, as a table and as a plot.

    Parameters
    ----------
    records : list of dict
        One record for each run.
    data : str
        Data set.
    recipe : str
        Name of RICA's recipe.
    folder : Path
        Where `save` writes.
    """

    name: ClassVar[str] = "encodings"
    records: list[Record]
    data: str
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each encoding, the most accurate first; ``pandas.DataFrame(figure.table)`` reads it.

        - `encoding`: of RICA's features, or "kmeans-triangle"
        - what `summarised` tells
        """
        groups: dict[str, list[Record]] = {}
        for record in self.records:
            groups.setdefault(label(record), []).append(record)
        rows = [{"encoding": name, **summarised(group)} for name, group in groups.items()]
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
        decorate(ax)
        ax.set(xlabel="test accuracy", title=f"{TITLES[self.data]}, recipe “{self.recipe}”")
        per_cent(ax.xaxis)
