"""The parameters that say how weights are predicted: dictionary, learned_fraction, n_columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from ppdl import _checks as checks
from ppdl.dictionaries import Dictionary, Identity

if TYPE_CHECKING:
    from typing_extensions import Self

_NESTED = "dictionary__"


class DictionaryParamsMixin(BaseEstimator):
    """Gives an estimator its dictionary's parameters as ones of its own, such as `dictionary__length_scale`."""

    dictionary: Any

    def _set(self, params: Mapping[str, Any]) -> None:
        """Keep the arguments of `__init__`, its `locals()`, unchanged, as scikit-learn wants it."""
        self.__dict__.update({name: value for name, value in params.items() if name not in ("self", "__class__")})

    def set_params(self, **params: Any) -> Self:
        """Set parameters; of the dictionary, a value, by putting another one in its place.

        Parameters
        ----------
        **params
            New values by name; ``dictionary__length_scale`` is the dictionary's own `length_scale`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is no parameter of a name; nothing is set then.
        """
        nested = {name.removeprefix(_NESTED): params.pop(name) for name in [*params] if name.startswith(_NESTED)}
        if nested:
            dictionary = params.get("dictionary", self.dictionary)
            if not isinstance(dictionary, Dictionary):
                raise ValueError(
                    f"{_NESTED}{next(iter(nested))}: received for dictionary={dictionary!r}; expected a dictionary of "
                    "ppdl.dictionaries, which has parameters"
                )
            params["dictionary"] = dictionary.set_params(**nested)
        return super().set_params(**params)


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
