"""What a user chooses by name or number, parsed before anything is computed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from numbers import Integral, Real
from typing import TypeVar

from ppdl import _checks

T = TypeVar("T")

#: Data that is always there: scikit-learn's, and what is drawn at random.
BUNDLED = ("digits", "enlarged-digits", "samples", "samples-colour", "hmm")

_MOST_SEEDS = 10**6
_LARGEST_SEED = 2**32 - 1  # of NumPy's generator


def several(name: str, values: Iterable[T]) -> list[T]:
    """Return a list of values, of which there must be one at least."""
    chosen = None if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
    if not chosen:
        raise ValueError(f"{name}: received {values!r}; expected at least one, in a sequence")
    return chosen


def profile(name: str | None, data: str, profiles: Mapping[str, object]) -> str:
    """Return the name of a profile; None is "smoke" for data that is always there, "quick" for others."""
    default = "smoke" if data in BUNDLED else "quick"
    return str(_checks.one_of("profile", default if name is None else name, profiles))


def proportions(name: str, values: Iterable[float]) -> tuple[float, ...]:
    """Return proportions, each above 0, at most 1."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValueError(f"{name}: received {values!r}; expected a sequence of numbers")
    chosen = tuple(values)
    for value in chosen:
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value <= 1:
            raise ValueError(f"{name}: received {value!r}; expected a number above 0, at most 1")
    return tuple(map(float, chosen))


def seeds(chosen: int | Iterable[int]) -> list[int]:
    """Return a list of seeds, the first ones if only their number is given."""
    if isinstance(chosen, int | Integral):
        return list(range(_checks.integer("seeds", chosen, at_most=_MOST_SEEDS)))
    return [_checks.integer("seeds", seed, at_least=0, at_most=_LARGEST_SEED) for seed in several("seeds", chosen)]


def names(name: str, chosen: Iterable[str] | None, table: Collection[str]) -> list[str]:
    """Return names that are in the table; None is all of them."""
    return list(table) if chosen is None else [_checks.one_of(name, entry, table) for entry in several(name, chosen)]
