"""Choices of parameters for tests: a covering where axes don't interact, instead of their product."""

from collections.abc import Iterable
from itertools import cycle


def covering(first: Iterable[object], *others: Iterable[object]) -> list[tuple[object, ...]]:
    """Each value of the first, longest axis, with those of the others in turn."""
    return list(zip(first, *map(cycle, others)))
