"""Parameters and fitted attributes as JSON: each value that JSON lacks is an object with one telling key."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ppdl.dictionaries import Dictionary

from .. import schedules


def to_json(name: str, value: Any) -> Any:
    """Return a parameter in JSON's types; dictionaries, schedules and arrays as objects with one telling key."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, Dictionary):
        return {"dictionary": value.get_config()}
    if isinstance(value, schedules.Schedule):
        return {"learning_rate": value.get_config()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        return {"array": value.tolist()}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [to_json(name, item) for item in value]}
    if isinstance(value, Mapping):
        return {"dict": [[to_json(name, key), to_json(name, item)] for key, item in value.items()]}
    raise ValueError(
        f"{name}: {value!r} has no JSON form, so that the estimator cannot be saved; set the parameter to one"
    )


def from_json(name: str, value: Any) -> Any:
    """Return the value that `to_json` described."""
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise invalid(name, "a bare list", "a tagged value")
        return value
    if len(value) != 1:
        raise invalid(name, f"an object of {len(value)} keys", "one telling key")
    ((kind, content),) = value.items()
    try:
        match kind:
            case "float":
                return float(content)
            case "dictionary":
                return Dictionary.from_config(content)
            case "learning_rate":
                return schedules.from_config(content)
            case "array":
                return np.asarray(content, dtype=np.float64)
            case "list" | "tuple":
                items = [from_json(name, item) for item in content]
                return tuple(items) if kind == "tuple" else items
            case "dict":
                return {from_json(name, key): from_json(name, item) for key, item in content}
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
    raise invalid(name, f"a value of kind {kind!r}", "float, dictionary, learning_rate, array, list, tuple or dict")


def invalid(name: str, received: Any, expected: str) -> ValueError:
    """Return the error of a field that is not what it should be."""
    return ValueError(f"{name}: received {received!r}; expected {expected}")
