"""Times contenders in interleaved rounds, so that a noisy machine disturbs all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Times = dict[str, npt.NDArray[np.float64]]


def interleave(work: Mapping[str, Callable[[], object]], *, rounds: int, warmup: int = 1) -> Times:
    """Run every entry once per round, A B C … A B C …; return the seconds of each, shape (rounds,).

    The order within a round alternates, so that no entry always runs after the same neighbour.
    """
    times: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(warmup + rounds):
        names = list(work) if turn % 2 == 0 else list(reversed(work))
        for name in names:
            start = time.perf_counter()
            work[name]()
            elapsed = time.perf_counter() - start
            if turn >= warmup:
                times[name].append(elapsed)
    return {name: np.array(values) for name, values in times.items()}


@dataclass(frozen=True)
class Ratio:
    """Median of the ratios of each round with their quartiles, and the ratio of the least times."""

    median: float
    low: float
    high: float
    of_least: float

    def __str__(self) -> str:
        """Return the median, in brackets the quartiles, and what the least disturbed runs give."""
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f}; least {self.of_least:.2f})"


def ratio(numerator: npt.NDArray[np.float64], denominator: npt.NDArray[np.float64]) -> Ratio:
    """Compare two entries round by round: how many times longer the first one takes."""
    low, median, high = np.percentile(numerator / denominator, [25, 50, 75])
    return Ratio(float(median), float(low), float(high), float(numerator.min() / denominator.min()))
