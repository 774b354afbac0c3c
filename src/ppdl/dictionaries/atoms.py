"""Dictionaries of atoms: columns choose among those of one base."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Floats, product

from .base import Dictionary
from .columns import Column, DictionaryColumns, Factors, StoredBase, checked_sizes, in_each_channel
from .layer_input import LayerInput


@dataclass(frozen=True, repr=False)
class AtomDictionary(Dictionary):
    """A dictionary whose columns choose among the atoms of one shared base B.

    To add a dictionary, derive from this class and implement `base`; everything else is inherited. See the example.

    Parameters
    ----------
    orthonormalize : bool, default=False
        Whether each column's atoms are replaced by an orthonormal basis of their span, from U = QR.
    selection : {"uniform", "leading", "all"}, default="uniform"
        How a column chooses its atoms: uniformly at random (paper, Sec. 3.2); uniformly at random from the leading ones
        of the base's order, the default of dictionaries that have an order; or all of them, whatever the fraction.
    leading : float, default=2.0
        With "leading": as a multiple, at least 1, of the number that a column keeps, how many atoms it chooses from.
    tied : bool, default=True
        Whether the same atoms are chosen in all channels of an image (paper, Sec. 3.2). The number of atoms is then
        rounded down to a multiple of the number of channels. Of no effect where atoms span the channels.
    scaled : bool, default=False
        Whether atoms are lengthened by √(n_visible / n_atoms). Where they have length 1, the rows of U then have, on
        average: V starts as large as the weights of an ordinary layer, and a step of Adam takes W as far as those.

    Examples
    --------
    Local averages of a signal, in every layer alike:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from ppdl.dictionaries import AtomDictionary, LayerInput
    >>> @dataclass(frozen=True, repr=False)
    ... class Boxes(AtomDictionary, id="boxes"):
    ...     width: int = 3
    ...
    ...     def base(self, inputs):
    ...         distance = np.abs(np.subtract.outer(np.arange(inputs.n_visible), np.arange(inputs.n_visible)))
    ...         return (distance < self.width) / self.width
    >>> Boxes(width=5).columns(LayerInput(100), sizes=(10,), fraction=0.2).dictionary(0).shape
    (100, 20)
    """

    orthonormalize: bool = dataclasses.field(default=False, kw_only=True)
    selection: Literal["uniform", "leading", "all"] = dataclasses.field(default="uniform", kw_only=True)
    leading: float = dataclasses.field(default=2.0, kw_only=True)
    tied: bool = dataclasses.field(default=True, kw_only=True)
    scaled: bool = dataclasses.field(default=False, kw_only=True, metadata={"later": True})

    formerly: ClassVar[Mapping[str, Any]] = {"selection": "uniform"}
    atoms_per_channel: ClassVar[bool] = False
    """Whether every atom lives in one channel, the atoms of a point's or frequency's channels next to each other."""
    orthonormal: ClassVar[bool] = False
    """Whether the atoms of `base` are orthonormal already."""
    same_in_channels: ClassVar[bool] = False
    """Whether each channel has the atoms that a single one would have. Then `base` and `factors` are asked for the
    points alone, one channel each, without activations; and if `tied`, no larger matrix is ever made. A class that
    overrides `base` says it anew."""

    def __init_subclass__(cls, *, id: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(id=id, **kwargs)
        if "base" in vars(cls):  # what was said of another base
            if "same_in_channels" not in vars(cls):
                cls.same_in_channels = False
            if "factors" not in vars(cls):
                cls.factors = AtomDictionary.factors  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.one_of("selection", self.selection, ("uniform", "leading", "all"))
        checks.real("leading", self.leading, at_least=1.0)
        checks.boolean("orthonormalize", self.orthonormalize)
        checks.boolean("tied", self.tied)
        checks.boolean("scaled", self.scaled)

    @abc.abstractmethod
    def base(self, inputs: LayerInput) -> npt.ArrayLike:
        """B, shape (n_visible, n_base): one atom in each column, leading ones first where there is an order.

        `inputs` are the points alone where `same_in_channels` holds.
        """

    def mix(self, base: Floats, atoms: npt.NDArray[np.int64]) -> Floats | None:
        """T in U = B[:, atoms] T, shape (n_atoms, n_atoms); None is the identity.

        Where `stores_base` holds, `base` has zeros in place of the atoms that no column chose.
        """
        return None

    def factors(self, inputs: LayerInput) -> Factors | None:
        """Factors of the base's atoms, if they are outer products over the grid of these inputs; convolutions profit.

        It is asked only where the inputs lie on a grid and have one channel.
        """
        return None

    def shared_channels(self, inputs: LayerInput) -> int:
        """Channels that have every dictionary in common, so that it is held over the points alone."""
        return inputs.n_channels if self.tied and self.same_in_channels else 1

    def n_atoms(self, inputs: LayerInput, fraction: float, n_base: int | None = None) -> int:
        """Return the number of a column's atoms, in all channels, of a base of `n_base`; None is one for each input."""
        if self.selection == "all":
            return inputs.n_visible if n_base is None else n_base
        return count_atoms(inputs.n_visible, fraction, self._group(inputs))

    @property
    def stores_base(self) -> bool:
        """Whether a saved model must hold B, because the specification alone does not tell it."""
        return self.data_driven

    def columns(
        self,
        inputs: LayerInput,
        *,
        sizes: Sequence[int],
        fraction: float = 1.0,
        base: StoredBase | npt.ArrayLike | None = None,
    ) -> DictionaryColumns:
        """Build the dictionaries U_1, …, U_J of a layer; see `Dictionary.columns`."""
        sizes = checked_sizes(sizes)
        c = self.shared_channels(inputs)
        if self.selection != "all":
            count_atoms(inputs.n_visible, fraction, self._group(inputs))  # checks, before any costly base
        if isinstance(base, StoredBase):
            B, n_base = checked_base(base.atoms, inputs.n_visible // c, self), base.n_base
        else:
            B = self._checked_base(self._made_base(inputs) if base is None else base, inputs.n_visible // c)
            n_base = B.shape[1]
        choices = self._choices(inputs, len(sizes), fraction, c * n_base)
        if self.stores_base:  # then mixes, too, depend on the chosen atoms alone
            chosen = np.unique(np.concatenate(choices))
            B = with_zeros(B.take(chosen, axis=1) if B.shape[1] == n_base else B, chosen, n_base)
        columns = DictionaryColumns(
            inputs.n_visible,
            tuple(
                Column(n_hidden, atoms, self._orthonormal_mix(B, atoms, self.mix(B, atoms)))
                for n_hidden, atoms in zip(sizes, choices, strict=True)
            ),
            B,
            stores_base=self.stores_base,
            n_channels=c,
            factors=self._made_factors(inputs) if base is None and not self.stores_base else None,
            scale=math.sqrt(inputs.n_visible / (c * len(choices[0]))) if self.scaled else 1.0,
        )
        return columns.of_chosen(chosen) if self.stores_base else columns

    def _group(self, inputs: LayerInput) -> int:
        """Atoms that are chosen together."""
        return inputs.n_channels if self.tied and (self.atoms_per_channel or self.same_in_channels) else 1

    def _choices(self, inputs: LayerInput, n_columns: int, fraction: float, n_base: int) -> list[npt.NDArray[np.int64]]:
        """Choose the atoms of each column, indices of B's columns; `n_base` counts those in all channels."""
        c, group = self.shared_channels(inputs), self._group(inputs)
        n_atoms = self.n_atoms(inputs, fraction, n_base)
        if n_atoms > n_base:
            raise ValueError(
                f"learned_fraction: {fraction} of {inputs.n_visible} inputs takes {n_atoms} atoms, {self!r} has "
                f"{n_base}; lower it to at most {n_base / inputs.n_visible:.6g}"
            )
        n_choice = n_base
        if self.selection == "leading":
            n_choice = min(n_base, group * math.ceil(min(self.leading * n_atoms, n_base) / group))
        return [choose_atoms(n_choice, n_atoms, inputs, j, group)[::c] // c for j in range(n_columns)]

    def _made_base(self, inputs: LayerInput) -> npt.ArrayLike:
        if not self.same_in_channels or inputs.n_channels == 1:
            return self.base(inputs)
        points = inputs.of_points()
        if self.tied:
            return self.base(points)
        B = self._checked_base(self.base(points), points.n_visible)
        return in_each_channel(B, inputs.n_channels)

    def _made_factors(self, inputs: LayerInput) -> Factors | None:
        if inputs.grid is None or inputs.n_channels > self.shared_channels(inputs):
            return None
        return self.factors(inputs if inputs.n_channels == 1 else inputs.of_points())

    def _checked_base(self, base: npt.ArrayLike, n_visible: int) -> Floats:
        return checked_base(base, n_visible, self)

    def _orthonormal_mix(self, B: Floats, atoms: npt.NDArray[np.int64], mix: Floats | None) -> Floats | None:
        if not self.orthonormalize or (self.orthonormal and mix is None):
            return mix
        if mix is None:
            return orthonormal_mix(B[:, atoms], self)
        return product(mix, orthonormal_mix(product(B[:, atoms], mix), self))


def checked_base(base: npt.ArrayLike, n_visible: int, dictionary: Dictionary) -> Floats:
    """Return atoms as a read-only float64 matrix of `n_visible` rows; `dictionary` is named in errors."""
    B = np.ascontiguousarray(base, dtype=np.float64)
    if B.ndim != 2 or B.shape[0] != n_visible or B.shape[1] == 0:
        raise ValueError(f"atoms of {dictionary!r}: received shape {B.shape}; expected ({n_visible}, n_base)")
    if not np.isfinite(B).all():
        raise ValueError(f"atoms of {dictionary!r}: they hold NaN or infinity; check the data that they are made from")
    B = B.view()
    B.setflags(write=False)
    return B


def with_zeros(atoms: Floats, chosen: npt.NDArray[np.int64], n_base: int) -> Floats:
    """Return a base of `n_base` atoms, zeros but for the chosen ones."""
    if atoms.shape[1] != len(chosen):
        raise ValueError(f"base: received {atoms.shape[1]} atoms; expected the {len(chosen)} that the columns chose")
    B = atoms
    if len(chosen) < n_base:
        B = np.zeros((len(atoms), n_base))
        B[:, chosen] = atoms
    B.setflags(write=False)
    return B


def count_atoms(n_visible: int, fraction: float, group: int = 1) -> int:
    """Atoms of a column, ``int(n_visible * fraction)`` (the paper's rule), rounded down to a multiple of `group`.

    A product that misses a whole number by rounding alone counts as that number.

    Examples
    --------
    >>> count_atoms(784, 0.05)
    39
    >>> count_atoms(49, 1 / 49)  # where the product is 0.9999999999999999
    1
    """
    fraction = checks.real("learned_fraction", fraction, above=0.0, at_most=1.0)
    return _core.dictionary.count_atoms(n_visible, fraction, group)


def choose_atoms(n_choice: int, n_atoms: int, inputs: LayerInput, column: int, group: int = 1) -> npt.NDArray[np.int64]:
    """Choose `n_atoms` of the first `n_choice` atoms at random, in whole groups of `group` neighbours."""
    stream = inputs.stream(column)
    return np.array(_core.dictionary.choose_atoms(n_choice, n_atoms, group, inputs.seed, stream), dtype=np.int64)


def orthonormal_mix(U: Floats, dictionary: Dictionary) -> Floats:
    """R^-1 of U = QR, so that U R^-1 is orthonormal; `dictionary` is named in errors."""
    try:
        mix: Floats = _core.dictionary.orthonormal_mix(np.ascontiguousarray(U))
    except _core.NumericalError as error:
        raise _core.NumericalError(f"{error} (orthonormalize=True in {dictionary!r})") from None
    return mix
