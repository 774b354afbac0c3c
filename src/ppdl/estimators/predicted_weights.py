"""Checks of the parameters that say how weights are predicted: dictionary, learned_fraction, n_columns."""

from __future__ import annotations

from typing import Any

from ppdl import _checks as checks
from ppdl.dictionaries import Dictionary, Identity


def check_learned_fraction(dictionaries: list[Any], fractions: list[Any], columns: list[Any]) -> None:
    """Check the fraction and the number of columns of each layer; fewer weights need a dictionary."""
    for fraction in fractions:
        checks.real("learned_fraction", fraction, above=0.0, at_most=1.0)
    for n_columns in columns:
        checks.integer("n_columns", n_columns, at_most=checks.LARGEST_INT)
    if all(dictionary is None for dictionary in dictionaries) and any(fraction < 1.0 for fraction in fractions):
        raise ValueError(
            f"learned_fraction: received {min(fractions)!r}, but without a dictionary every weight is "
            "learned; choose a dictionary from ppdl.dictionaries, or leave learned_fraction at 1"
        )


def checked_dictionary(value: Any, also: str = "or one of them for each hidden layer") -> Dictionary:
    """Return the dictionary of a layer; None is the identity. Errors end with what is expected `also`."""
    if value is None:
        return Identity()
    if not isinstance(value, Dictionary):
        raise ValueError(
            f"dictionary: received {value!r}; expected None or a dictionary of ppdl.dictionaries, such as "
            f"SquaredExponential(length_scale=1.0), {also}"
        )
    return value
