"""Checks of constructor parameters: each names the parameter, what was received and what was expected."""

from __future__ import annotations

import contextlib
import math
import os
import warnings
from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import gen_batches

LARGEST_INT = 2**31 - 1  # of the core's int
_LARGEST_INDEX = 2**63 - 1

_BLOCK = 4096  # rows that are looked at before an interrupt is heard


def integer(name: str, value: Any, *, at_least: int = 1, at_most: int = _LARGEST_INDEX) -> int:
    """Check a whole number."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not at_least <= int(value) <= at_most:
        bound = f" and at most {at_most}" if at_most < _LARGEST_INDEX or (whole and int(value) > at_most) else ""
        raise ValueError(f"{name}: received {_shown(value)}; expected an integer, at least {at_least}{bound}")
    return int(value)


def real(
    name: str,
    value: Any,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
) -> float:
    """Check a finite number with above < value < below and at_least <= value <= at_most."""
    try:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    except OverflowError:  # of integers and fractions beyond any float
        number = math.nan
    if not (above < number < below and at_least <= number <= at_most and math.isfinite(number)):
        lower = f"above {above:g}" if above > -math.inf else f"at least {at_least:g}"
        upper = f"below {below:g}" if below < math.inf else f"at most {at_most:g}" if at_most < math.inf else "finite"
        raise ValueError(f"{name}: received {_shown(value)}; expected a number {lower} and {upper}")
    return number


def plain(value: Any) -> Any:
    """Return numbers, of NumPy's and other kinds, as Python's own, so that `repr` and JSON read back."""
    if isinstance(value, np.generic):  # as from a parameter grid
        value = value.item()
    with contextlib.suppress(OverflowError):  # then a check refuses it
        return float(value) if isinstance(value, Real) and not isinstance(value, (int, float)) else value
    return value


def _shown(value: Any) -> str:
    huge = isinstance(value, int) and value.bit_length() > 128
    return f"an integer of {value.bit_length()} bits" if huge else repr(value)


def cast(name: str, values: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return finite numbers in C order and the network's precision, in which they must be finite too."""
    with np.errstate(over="ignore"):
        converted = np.ascontiguousarray(values, dtype=dtype)
    if not np.isfinite(converted).all():
        raise ValueError(
            f"{name}: the largest magnitude is {np.abs(values).max():g}, too large for {np.dtype(dtype)}, the "
            "precision of X; scale it down, or give X as float64"
        )
    return converted


def reported(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what was computed from `name`, with a warning where it is not finite."""
    if not all(np.isfinite(values[rows]).all() for rows in gen_batches(len(values), _BLOCK)):
        warnings.warn(
            f"{name}: the result holds NaN or infinity; expected numbers of moderate size; scale them",
            RuntimeWarning,
            stacklevel=3,
        )
    return values


def boolean(name: str, value: Any) -> bool:
    """Check a truth value."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name}: received {value!r}; expected True or False")
    return bool(value)


def verbosity(value: Any) -> int:
    """Parse `verbose`: 0 for False, 1 for True, k where every k-th line is printed."""
    return int(value) if isinstance(value, (bool, np.bool_)) else integer("verbose", value, at_least=0)


def one_of(name: str, value: Any, options: Iterable[Any]) -> Any:
    """Check an option."""
    options = list(options)
    if not any(isinstance(value, type(option)) and value == option for option in options):
        raise ValueError(f"{name}: received {value!r}; expected one of {', '.join(map(repr, options))}")
    return value


def path(name: str, value: Any) -> Path:
    """Parse the path of a file or folder; ``~`` at its beginning is the home folder."""
    try:
        return Path(os.path.expanduser(os.fsdecode(value)))
    except TypeError as error:
        raise ValueError(f"{name}: received {value!r}; expected a path") from error


def n_threads(value: Any) -> int | None:
    """Check a number of threads; None is what OpenMP allows."""
    return None if value is None else integer("n_threads", value, at_most=LARGEST_INT)


def is_sequence(value: Any) -> bool:
    """Whether a parameter holds values in an order: a list, a tuple, an array, but no string, set or mapping."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return hasattr(value, "__iter__") and not isinstance(value, (str, bytes, Set, Mapping))


def per_layer(name: str, value: Any, n_layers: int) -> list[Any]:
    """Return one value for each hidden layer, from a sequence of them or from a single one for all."""
    if not is_sequence(value):
        return [value.item() if isinstance(value, np.ndarray) else value] * n_layers
    values = list(value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name}: received {len(values)} values; expected one, or one for each of {n_layers} hidden layers"
        )
    return values
