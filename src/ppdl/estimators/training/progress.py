"""The table that `verbose` prints, one line for each epoch or iteration."""

from __future__ import annotations

from collections.abc import Mapping

_COLUMNS = {  # entry of the history: heading, width, format
    "loss": ("loss", 12, ".6f"),
    "val_loss": ("val loss", 12, ".6f"),
    "val_score": ("val score", 11, ".4f"),
    "gradient_norm": ("gradient", 11, ".3e"),
    "learning_rate": ("rate", 11, ".3e"),
    "time": ("seconds", 9, ".2f"),
}


class ProgressTable:
    """Prints aligned columns, of every `verbose`-th line, none for 0; the first one brings the heading.

    Examples
    --------
    >>> table = ProgressTable(True, "epoch")
    >>> table.line(1, {"loss": 0.25, "learning_rate": 0.001, "time": 1.5})
       epoch        loss       rate  seconds
           1    0.250000  1.000e-03     1.50
    >>> table = ProgressTable(10, "epoch")
    >>> for epoch in range(1, 21):
    ...     table.line(epoch, {"loss": 1.0 / epoch})
       epoch        loss
          10    0.100000
          20    0.050000
    """

    def __init__(self, verbose: bool | int, unit: str) -> None:
        self.verbose = int(verbose)
        self.unit = unit
        self._started = False

    def line(self, number: int, entries: Mapping[str, float]) -> None:
        """Print one line, if it is its turn."""
        if not self.verbose or number % self.verbose:
            return
        columns = [
            (heading, width, form, entries[key]) for key, (heading, width, form) in _COLUMNS.items() if key in entries
        ]
        if not self._started:
            self._started = True
            print(f"{self.unit:>8}" + "".join(f"{heading:>{width}}" for heading, width, _, _ in columns))
        print(f"{number:>8}" + "".join(f"{value:>{width}{form}}" for _, width, form, value in columns), flush=True)

    def note(self, text: str) -> None:
        """Print a sentence."""
        if self.verbose:
            print(text, flush=True)
