"""Sizes and steps of windows: one number for both directions, or a pair."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from ppdl import _checks as checks

Pair = int | tuple[int, int]


def sides(value: Pair) -> tuple[int, int]:
    """Return a pair, down and across, of a number for both or a pair."""
    return value if isinstance(value, tuple) else (value, value)


def pair(name: str, value: Any, least: int) -> Pair:
    """Check a number or a pair of them; a pair of equals becomes one number."""
    given = (value, value) if isinstance(value, Integral) else value
    if not checks.is_sequence(given) or len(given) != 2:
        raise ValueError(f"{name}: received {value!r}; expected an integer, or a pair of them, for down and across")
    down, across = (checks.integer(name, side, at_least=least, at_most=checks.LARGEST_INT) for side in given)
    return down if down == across else (down, across)
