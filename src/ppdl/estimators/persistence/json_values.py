"""Parameters and fitted attributes as JSON: each value that JSON lacks is an object with one telling key."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from ppdl.datasets.phone_sets import PhoneSet
from ppdl.dictionaries import Dictionary
from ppdl.layers import Layer

from .. import schedules
from .codec import codec_named, codec_of
from .fields import invalid, naming

_DTYPE = re.compile(r"[<>|](?:[biu]|f(?=[248]$)|U)([0-9]{1,9})")  # truth values, numbers, strings
_MOST_BYTES = 2**26  # of one array in JSON: few characters can ask for long strings


def to_json(name: str, value: Any) -> Any:
    """Return a value in JSON's types.

    Raises
    ------
    ValueError
        If it has no such form, or would not come back from it; the message begins with `name`.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, (list, tuple, range)):
        return {"tuple" if isinstance(value, tuple) else "list": [to_json(name, item) for item in value]}
    if isinstance(value, Mapping):
        return {"dict": [[to_json(name, key), to_json(name, item)] for key, item in value.items()]}
    if isinstance(value, np.ndarray):
        return to_json(name, value.tolist()) if value.dtype == object else {"array": array_to_json(name, value)}
    if isinstance(value, Dictionary):
        return {"dictionary": _fields_to_json(name, value, Dictionary.from_config)}
    if isinstance(value, Layer):
        return {"layer": _fields_to_json(name, value, Layer.from_config)}
    if isinstance(value, PhoneSet):
        return {"phone_set": _fields_to_json(name, value, PhoneSet.from_config)}
    if isinstance(value, schedules.Schedule):
        return {"learning_rate": _fields_to_json(name, value, schedules.from_config)}
    if isinstance(value, BaseEstimator):
        with naming(name):
            params = params_to_json(value.get_params(deep=False))
            return {"estimator": {"class": codec_of(value).kind.__name__, "params": params}}
    raise ValueError(f"{name}: received {value!r}, which a file cannot hold; set it to a value of another kind to save")


def from_json(name: str, value: Any) -> Any:
    """Return the value that `to_json` described.

    Raises
    ------
    ValueError
        If it described none; the message begins with `name`.
    """
    if isinstance(value, list):
        raise invalid(name, "a bare list", "a tagged value")
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise invalid(name, f"an object of {len(value)} keys", "one telling key")
    ((kind, content),) = value.items()
    with naming(name):
        match kind:
            case "float":
                return float(content)
            case "list":
                return [from_json(name, item) for item in content]
            case "tuple":
                return tuple(from_json(name, item) for item in content)
            case "dict":
                return {from_json(name, key): from_json(name, item) for key, item in content}
            case "array" if isinstance(content, list):  # of format 1
                return np.array(content)
            case "array":
                return array_from_json(name, content)
            case "dictionary":
                return Dictionary.from_config(_fields_from_json(name, content))
            case "layer":
                return Layer.from_config(_fields_from_json(name, content))
            case "phone_set":
                return PhoneSet.from_config(_fields_from_json(name, content))
            case "learning_rate":
                return schedules.from_config(_fields_from_json(name, content))
            case "estimator":
                return codec_named(content["class"]).kind(**params_from_json(content["params"]))
    raise invalid(name, f"a value of kind {kind!r}", "a kind of value that this version of ppdl knows")


def params_to_json(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return an estimator's parameters in JSON's types; a random state that is a stream of numbers becomes None."""
    kept = {**params}
    if not isinstance(kept.get("random_state", 0), (int, np.integer)):
        kept["random_state"] = None
    return {name: to_json(name, value) for name, value in kept.items()}


def params_from_json(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that `params_to_json` described."""
    return {name: from_json(name, value) for name, value in described.items()}


def array_to_json(name: str, array: npt.NDArray[Any], values: str = "values") -> dict[str, Any]:
    """Return an array's dtype and, under the given key, its values in nested lists."""
    _check_dtype(name, array.dtype.str, array.size)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name}: it holds NaN or infinity")
    return {"dtype": array.dtype.str, values: array.tolist()}


def array_from_json(name: str, content: Any, values: str = "values") -> npt.NDArray[Any]:
    """Return the array that `array_to_json` described."""
    with naming(name):
        nested = content[values]
        _check_dtype(name, content["dtype"], np.array(nested, dtype=object).size)
        array = np.array(nested, dtype=content["dtype"])
    if array.tolist() != nested:
        raise invalid(name, nested, f"values of dtype {content['dtype']}")
    return array


def _check_dtype(name: str, dtype: str, size: int) -> None:
    match = _DTYPE.fullmatch(dtype)
    if match is None or int(match[1]) * size > _MOST_BYTES:
        raise ValueError(f"{name}: received {size} values of dtype {dtype}; expected numbers or strings, not too long")


def _fields_to_json(name: str, value: Any, from_config: Callable[[Mapping[str, Any]], Any]) -> dict[str, Any]:
    with naming(name):
        config = value.get_config()
        if from_config(config) != value:
            raise ValueError(f"{value!r} is made by its specification as {from_config(config)!r}")
    return {key: to_json(name, field) for key, field in config.items()}


def _fields_from_json(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: from_json(name, field) for key, field in content.items()}
