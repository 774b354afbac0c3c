"""The parameters that say how weights are predicted: dictionary, learned_fraction, n_columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ppdl import _checks as checks
from ppdl.dictionaries import Dictionary, Identity

if TYPE_CHECKING:
    from typing_extensions import Self

_NESTED = "dictionary__"


class DictionaryParamsMixin(BaseEstimator):
    """Gives an estimator its dictionary's parameters as ones of its own, such as `dictionary__length_scale`.

    Of a sequence of dictionaries, `dictionary__0` is the first, and `dictionary__0__length_scale` a parameter of it.
    """

    dictionary: Any

    def _set(self, params: Mapping[str, Any]) -> None:
        """Keep the arguments of `__init__`, its `locals()`, unchanged, as scikit-learn wants it."""
        self.__dict__.update({name: value for name, value in params.items() if name not in ("self", "__class__")})

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return every parameter by its name, as scikit-learn does.

        Parameters
        ----------
        deep : bool, default=True
            Whether those of a dictionary are there too, and of each one in a sequence of them.
        """
        params: dict[str, Any] = super().get_params(deep)
        if deep and checks.is_sequence(self.dictionary):
            for place, dictionary in enumerate(self.dictionary):
                params[f"{_NESTED}{place}"] = dictionary
                if isinstance(dictionary, Dictionary):
                    params |= {f"{_NESTED}{place}__{name}": value for name, value in dictionary.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; of the dictionary, a value, by putting another one in its place.

        Parameters
        ----------
        **params
            New values by name; ``dictionary__length_scale`` is the dictionary's own `length_scale`, and
            ``dictionary__0__length_scale`` that of the first in a sequence of them, ``dictionary__0``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a dictionary has no parameter of a name, or there is no such dictionary; nothing is set then.
        """
        nested = {name.removeprefix(_NESTED): params.pop(name) for name in [*params] if name.startswith(_NESTED)}
        if nested:
            dictionary = params.get("dictionary", self.dictionary)
            changed = _changed_each if checks.is_sequence(dictionary) else _changed
            params["dictionary"] = changed("dictionary", dictionary, nested)
        return super().set_params(**params)


def _changed(name: str, dictionary: Any, params: Mapping[str, Any]) -> Dictionary:
    """Return the dictionary with other parameters; `name` is its own."""
    if not isinstance(dictionary, Dictionary):
        raise ValueError(
            f"{name}__{next(iter(params))}: received for {name}={dictionary!r}; expected a dictionary of "
            "ppdl.dictionaries, which has parameters"
        )
    return dictionary.set_params(**params)


def _changed_each(name: str, dictionaries: Sequence[Any], params: Mapping[str, Any]) -> Sequence[Any]:
    """Return a sequence of dictionaries with others in their places, by "0", and other parameters, by "0__leading"."""
    changed = {str(place): dictionary for place, dictionary in enumerate(dictionaries)}
    nested: dict[str, dict[str, Any]] = {}
    for key, value in params.items():
        place, _, parameter = key.partition("__")
        if place not in changed:
            raise ValueError(
                f"{name}__{key}: received for {len(changed)} dictionaries; expected the number of one of them, "
                f"{name}__0 to {name}__{len(changed) - 1}"
            )
        if parameter:
            nested.setdefault(place, {})[parameter] = value
        else:
            changed[place] = value
    for place, own in nested.items():
        changed[place] = _changed(f"{name}__{place}", changed[place], own)
    return tuple(changed.values()) if isinstance(dictionaries, tuple) else list(changed.values())


def checked_dictionary(value: Any, also: str = "or one of them for each hidden layer") -> Dictionary:
    """Return the dictionary of a layer; None is the identity. Errors end with what is expected `also`."""
    if value is None:
        return Identity()
    refuse_matrix(value)
    if not isinstance(value, Dictionary):
        raise ValueError(
            f"dictionary: received {value!r}; expected None or a dictionary of ppdl.dictionaries, such as "
            f"SquaredExponential(length_scale=1.0), {also}"
        )
    return value


def automatic_dictionary(value: Any, also: str = "or one of these for each hidden layer") -> Dictionary | None:
    """Return the dictionary of a layer, None where it is "auto", for the network to choose."""
    if isinstance(value, str) and value == "auto":
        return None
    return checked_dictionary(value, f"'auto', {also}")


def checked_fraction(value: Any) -> float | None:
    """Check a learned fraction; None leaves it to the network."""
    return None if value is None else checks.real("learned_fraction", value, above=0.0, at_most=1.0)


def refuse_matrix(value: Any) -> None:
    """Refuse an array of numbers in a dictionary's place, and say what it may be meant for."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        raise ValueError(
            f"dictionary: received an array of shape {value.shape}; expected a dictionary of ppdl.dictionaries: "
            "Explicit(matrix) is the one whose atoms are the columns of a matrix"
        )
