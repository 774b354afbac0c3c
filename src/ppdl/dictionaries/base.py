"""The interface of dictionaries: values that say which U to build, and build it."""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy.typing as npt

from ppdl import _checks as checks

from .columns import DictionaryColumns, StoredBase
from .layer_input import LayerInput

registry: dict[str, type[Dictionary]] = {}
"""Every dictionary that can be named in a saved model, by its id."""

if TYPE_CHECKING:
    from typing_extensions import Self


@functools.total_ordering
@dataclass(frozen=True, repr=False)
class Dictionary(abc.ABC):
    """A specification of the static factor U in W = UV (paper, Sec. 2).

    A value: frozen, with `==`, `hash`, a `repr` that evaluates back, and a JSON form. It holds no U; `columns` builds
    one for a given layer. Most dictionaries are an `AtomDictionary`, which is the class to derive a new one from.

    Notes
    -----
    A subclass is a frozen dataclass and names its id, ``class Mine(Dictionary, id="mine")``; this registers it.

    A search over an estimator's parameters reaches those of its dictionary, as ``dictionary__length_scale``.
    Dictionaries are ordered, by kind and then by parameters, so that tables of results can be sorted and pivoted.

    Examples
    --------
    >>> from ppdl.dictionaries import DCT, Dictionary, LayerInput
    >>> isinstance(DCT(), Dictionary), DCT() == DCT()
    (True, True)
    >>> built = DCT().columns(LayerInput(64, (8, 8)), sizes=(50, 50), fraction=0.25)
    >>> built.dictionary(0).shape
    (64, 16)
    """

    id: ClassVar[str] = ""
    formerly: ClassVar[Mapping[str, Any]] = {}
    """What parameters mean that a specification lacks, where they once had another default."""
    data_driven: ClassVar[bool] = False
    """Whether it is made from the layer's activations."""

    def __init_subclass__(cls, *, id: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.id = id
        if id:
            known = registry.setdefault(id, cls)
            if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
                raise ValueError(
                    f"dictionary id {id!r}: {known.__qualname__} of {known.__module__} is already registered"
                )
            registry[id] = cls  # a notebook cell that is run again

    def __post_init__(self) -> None:
        for name, value in self._fields().items():
            object.__setattr__(self, name, checks.plain(value))

    @abc.abstractmethod
    def columns(
        self,
        inputs: LayerInput,
        *,
        sizes: Sequence[int],
        fraction: float = 1.0,
        base: StoredBase | npt.ArrayLike | None = None,
    ) -> DictionaryColumns:
        """Build the dictionaries U_1, …, U_J of a layer.

        Parameters
        ----------
        inputs : LayerInput
            The layer's inputs.
        sizes : sequence of int
            Hidden units of each column; `column_sizes` divides them evenly.
        fraction : float, default=1.0
            Atoms of each column as a fraction of `n_visible`, in (0, 1]: ``int(n_visible * fraction)`` of them.
        base : StoredBase or array-like of shape (n_visible, n_base), optional
            `DictionaryColumns.stored` of a saved model, or all of B; then no data is looked at.

        Returns
        -------
        DictionaryColumns

        Raises
        ------
        ValueError
            If `fraction` leaves no atom, or asks for more than there are; if the dictionary needs a shape or
            activations that `inputs` lacks.
        ppdl.NumericalError
            If a factorisation fails; the message says what to change.
        """

    def get_config(self) -> dict[str, Any]:
        """Specification in JSON's types: the id and every parameter.

        A parameter that this class gained later is left out where it changes nothing, so that a specification stays
        what it was.

        Examples
        --------
        >>> from ppdl.dictionaries import RandomConnections
        >>> RandomConnections(tied=False).get_config()
        {'id': 'random-connections', 'tied': False}
        """
        if not self.id:
            name = type(self).__qualname__
            raise ValueError(f'{name} has no id to be saved under; declare it as `class {name}(..., id="…")`')
        later = {field.name: field.default for field in dataclasses.fields(self) if field.metadata.get("later")}
        fields = self._fields().items()
        return {"id": self.id, **{name: value for name, value in fields if (name, value) not in later.items()}}

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> Dictionary:
        """Make the dictionary that `get_config` described.

        Raises
        ------
        ValueError
            If the id is unknown, or a parameter is unknown or out of range.

        Examples
        --------
        >>> Dictionary.from_config({"id": "squared-exponential", "length_scale": 2.0})
        SquaredExponential(length_scale=2.0)
        """
        if not isinstance(config, Mapping) or not isinstance(config.get("id"), str):
            raise ValueError(f"dictionary specification: received {config!r}; expected an object with an 'id'")
        id = config["id"]
        if id not in registry:
            raise ValueError(
                f"dictionary id: received {id!r}; expected one of {', '.join(sorted(registry))}. "
                "A dictionary of your own is known once the module that defines it is imported"
            )
        try:
            given = {name: value for name, value in config.items() if name != "id"}
            return registry[id](**{**registry[id].formerly, **given})
        except TypeError as error:
            raise ValueError(f"dictionary {id!r}: {error}") from None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return every parameter by its name, as scikit-learn asks for them.

        Parameters
        ----------
        deep : bool, default=True
            Of no effect: no parameter has parameters of its own.

        Examples
        --------
        >>> from ppdl.dictionaries import RandomConnections
        >>> RandomConnections(tied=False).get_params()
        {'tied': False}
        """
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def set_params(self, **params: Any) -> Self:
        """Return the dictionary that has these parameters in place of its own; this one, a value, stays what it is.

        Raises
        ------
        ValueError
            If a parameter is unknown or out of range.

        Examples
        --------
        >>> from ppdl.dictionaries import SquaredExponential
        >>> SquaredExponential(ridge=0.2).set_params(length_scale=2.0)
        SquaredExponential(length_scale=2.0, ridge=0.2)
        """
        known = self.get_params()
        for name in params:
            if name not in known:
                raise ValueError(f"{name}: received for {self!r}; expected one of {', '.join(map(repr, known))}")
        return dataclasses.replace(self, **params)

    def __sklearn_clone__(self) -> Self:
        return self  # as a frozen value may

    def __lt__(self, other: object) -> bool:
        return self._rank() < other._rank() if isinstance(other, Dictionary) else NotImplemented

    def _rank(self) -> tuple[Any, ...]:
        """Kind and parameters, such that any two compare: numbers by size, all else by how it is written."""
        values = [*self._fields().values()]
        plain = [(0, value, "") if isinstance(value, (int, float)) else (1, 0, repr(value)) for value in values]
        return type(self).__qualname__, type(self).__module__, plain

    def _fields(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.compare}

    def __repr__(self) -> str:
        fields = sorted(dataclasses.fields(self), key=lambda field: bool(field.kw_only))  # as in the signature
        values = ((field, getattr(self, field.name)) for field in fields if field.compare)
        changed = (f"{field.name}={value!r}" for field, value in values if value != field.default)
        return f"{type(self).__name__}({', '.join(changed)})"
