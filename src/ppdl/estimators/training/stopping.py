"""When training ends: scikit-learn's rule of stagnation."""

from __future__ import annotations

import math


class Stagnation:
    """Counts epochs in a row that improve the best value by less than a tolerance.

    Parameters
    ----------
    tol : float
        Least improvement that counts.
    patience : int or inf
        Epochs in a row without such an improvement that are tolerated.
    best : float, default=-inf
        Best value so far.

    Examples
    --------
    >>> stagnation = Stagnation(tol=0.1, patience=1)
    >>> [stagnation.after(score) for score in (0.5, 0.7, 0.75, 0.72)]
    [False, False, False, True]
    """

    def __init__(self, tol: float, patience: float, best: float = -math.inf) -> None:
        self._tol = tol
        self._patience = patience
        self._best = best
        self._count = 0

    def after(self, value: float) -> bool:
        """Take the next value, larger being better; return whether patience has ended, which starts it anew."""
        self._count = self._count + 1 if value < self._best + self._tol else 0
        self._best = max(self._best, value)
        ended = self._count > self._patience
        if ended:
            self._count = 0
        return ended
