"""Choices of parameters for tests: a covering where axes don't interact, instead of their product."""

from collections.abc import Iterable
from itertools import cycle

import numpy as np

from ppdl.dictionaries import PrincipalComponents, SquaredExponential
from ppdl.layers import AvgPool2D, Conv2D, Dense, MaxPool2D

CONVOLUTIONS = (
    Conv2D(8, 3, padding=1, n_columns=2),
    MaxPool2D(3, stride=2),
    Conv2D(6, (3, 2), stride=(2, 1), n_columns=1, dictionary=PrincipalComponents()),
    AvgPool2D(2),
    Dense(12, n_columns=3, fraction=1.0),
)
QUICKLY = {
    "dictionary": SquaredExponential(),
    "learned_fraction": 0.5,
    "max_iter": 3,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}


def covering(first: Iterable[object], *others: Iterable[object]) -> list[tuple[object, ...]]:
    """Each value of the first, longest axis, with those of the others in turn."""
    return list(zip(first, *map(cycle, others)))
