"""A picture of phone errors: what was recognised as what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ppdl._extras import pyplot
from ppdl.datasets import TIMIT_PHONES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .scoring import PhoneErrors

_LEAST_WRITTEN = 0.03  # share that is written into its cell
_INCHES = 0.24  # of a cell
_MARGINS = 3.0, 1.2  # beside and below the cells


class ConfusionsDisplay:
    """What was recognised as what, as shares of what was said.

    Parameters
    ----------
    counts : ndarray of shape (n_names + 1, n_names + 1)
        Rows are what was said, columns what was recognised; the last row is what was inserted, the last column deleted.
    names : sequence of str
        Of rows and columns but the last ones.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What it is drawn on.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from ppdl.estimators.speech import PhoneErrors
    >>> errors = PhoneErrors.of([["sil", "b", "ah", "sil"]], [["sil", "ih", "sil", "k"]])
    >>> display = errors.plot_confusions()
    >>> display.names
    ('b', 'k', 'ih', 'ah', 'sil')
    """

    def __init__(self, counts: npt.NDArray[np.int64], names: Sequence[str]) -> None:
        self.counts = counts
        self.names = names

    @classmethod
    def from_errors(
        cls, errors: PhoneErrors, names: Sequence[str] | None = None, *, ax: Axes | None = None, **options: Any
    ) -> ConfusionsDisplay:
        """Draw phone errors.

        Parameters
        ----------
        errors : PhoneErrors
            Those of all sequences.
        names : sequence of str, default=None
            Those that are drawn, in their order; None takes all, in the order of TIMIT's.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options
            For `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        ConfusionsDisplay
        """
        if names is None:
            names = sorted({name for pair in errors.pairs for name in pair if name is not None}, key=_place)
        places: dict[str | None, int] = {name: place for place, name in enumerate([*names, None])}
        counts = np.zeros((len(places), len(places)), dtype=np.int64)
        for (said, heard), count in errors.pairs.items():
            if said in places and heard in places:
                counts[places[said], places[heard]] = count
        return cls(counts, tuple(names)).plot(ax=ax, **options)

    def plot(self, *, ax: Axes | None = None, **options: Any) -> ConfusionsDisplay:
        """Draw the shares of each row, which add up to 1; those of 3 % and more in numbers, too.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options
            For `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        ConfusionsDisplay
        """
        plt = pyplot("ConfusionsDisplay.plot")
        totals = self.counts.sum(axis=1)
        shares = self.counts / np.maximum(totals, 1)[:, np.newaxis]
        n = len(shares)
        if ax is None:
            size = [_INCHES * n + margin for margin in _MARGINS]
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        scale = plt.matplotlib.colors.PowerNorm(0.4, 0.0, 1.0)  # so that a share of a few per cent is seen
        drawn = ax.imshow(shares, **{"cmap": "Blues", "norm": scale, **options})
        for row, column in np.argwhere(shares >= _LEAST_WRITTEN):
            share = shares[row, column]
            ink = "white" if share > 0.4 else "black"
            ax.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=6.5, color=ink)
        ax.set_xticks(range(n), [*self.names, "deleted"], rotation=90, fontsize=8)
        labels = [f"{name} ({total})" for name, total in zip([*self.names, "inserted"], totals)]
        ax.set_yticks(range(n), labels, fontsize=8)
        ax.set_xticks(np.arange(n - 1) + 0.5, minor=True)
        ax.set_yticks(np.arange(n - 1) + 0.5, minor=True)
        ax.grid(which="minor", color="0.92", linewidth=0.5)
        ax.tick_params(which="minor", length=0)
        ax.set(xlabel="recognised", ylabel="said (how often)")
        bar = self.figure_.colorbar(drawn, ax=ax, label="share of the row, %", shrink=0.6)
        bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1], labels=["0", "1", "5", "20", "50", "100"])
        return self


def _place(name: str) -> tuple[int, str]:
    """Return what names are sorted by: place among TIMIT's, where like phones are side by side, then the alphabet."""
    return (TIMIT_PHONES.index.get(name, len(TIMIT_PHONES)), name)
