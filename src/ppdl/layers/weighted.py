"""What the layers of predicted weights have in common."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ppdl import _checks as checks
from ppdl.dictionaries import Dictionary, Identity
from ppdl.dictionaries.columns import check_columns, column_sizes

from .base import Layer, Shape

if TYPE_CHECKING:
    from typing_extensions import Self

    from ppdl._core import _scalar
    from ppdl._precision import Core


@dataclass(frozen=True, repr=False)
class Weighted(Layer):
    """A layer of weights W = [U_1 V_1 … U_J V_J], one row for each number that a unit sees; and a bias.

    Parameters
    ----------
    n_columns : int or "auto", default="auto"
        Number J of dictionaries, among which the units are divided evenly; "auto" leaves it to the network.
    dictionary : Dictionary, optional
        How U is built; by default as the network says. `Identity()` is an ordinary layer.
    fraction : float, optional
        Atoms of each column as a fraction of W's rows, in (0, 1]: the fraction of W that is learned; by default as the
        network says.
    group : int, default=1
        So many units stay together in one column, as the pieces of a maxout unit.
    bias : bool, default=True
        Whether there is one.

    Examples
    --------
    >>> from ppdl.layers import Conv2D, Dense, Shape, Weighted
    >>> isinstance(Conv2D(48, 8), Weighted), isinstance(Dense(500), Weighted)
    (True, True)
    >>> Dense(500, n_columns=3).sizes
    (167, 167, 166)
    >>> Conv2D(48, 8).visible(Shape(32, 32, 3))  # a filter's window
    Shape(height=8, width=8, channels=3)
    """

    n_columns: int | Literal["auto"] = dataclasses.field(default="auto", kw_only=True)
    dictionary: Dictionary | None = dataclasses.field(default=None, kw_only=True)
    fraction: float | None = dataclasses.field(default=None, kw_only=True)
    group: int = dataclasses.field(default=1, kw_only=True)
    bias: bool = dataclasses.field(default=True, kw_only=True)

    formerly: ClassVar[Mapping[str, Any]] = {"n_columns": 1}

    def _check(self, name: str) -> None:
        """Check all fields; `name` is that of the number of units."""
        n_hidden = checks.integer(name, self.n_hidden, at_most=checks.LARGEST_INT)
        checks.integer("group", self.group, at_most=checks.LARGEST_INT)
        checks.boolean("bias", self.bias)
        if n_hidden % self.group != 0:
            raise ValueError(f"{name}: received {n_hidden}; expected a multiple of group={self.group}")
        n_columns = checked_n_columns(self.n_columns)
        if n_columns != "auto":
            check_columns(n_hidden // self.group, n_columns)
        if self.fraction is not None:
            checks.real("fraction", self.fraction, above=0.0, at_most=1.0)
        if self.dictionary is not None and not isinstance(self.dictionary, Dictionary):
            raise ValueError(
                f"dictionary: received {self.dictionary!r}; expected None, which is that of the network, or a "
                "dictionary of ppdl.dictionaries, such as SquaredExponential(length_scale=1.0)"
            )

    @property
    @abc.abstractmethod
    def n_hidden(self) -> int:
        """Columns of W."""

    @abc.abstractmethod
    def visible(self, inputs: Shape) -> Shape:
        """Shape of what a unit sees of inputs of this shape: its numbers are the rows of W."""

    @abc.abstractmethod
    def widened(self, n_pieces: int) -> Self:
        """Return the layer with so many times the units, of which each so many neighbours stay together."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each column; not where their number is left open."""
        if self.n_columns == "auto":
            raise ValueError(f"n_columns: {self!r} leaves it to a network; expected a number of columns")
        return tuple(size * self.group for size in column_sizes(self.n_hidden // self.group, self.n_columns))

    def completed(self, dictionary: Dictionary | None, fraction: float | None) -> Self:
        """Return the layer with a dictionary and a fraction where it has none of its own; None leaves them open.

        Of an ordinary layer all is learned, whatever the fraction.
        """
        dictionary = dictionary if self.dictionary is None else self.dictionary
        fraction = fraction if self.fraction is None else self.fraction
        all_learned = isinstance(dictionary, Identity)
        return dataclasses.replace(self, dictionary=dictionary, fraction=1.0 if all_learned else fraction)

    def opened(self, like: Self) -> Self:
        """Return the layer with the dictionary, fraction and columns of another one, open ones too."""
        return dataclasses.replace(self, dictionary=like.dictionary, fraction=like.fraction, n_columns=like.n_columns)

    def ordinary(self) -> Self:
        """Return the layer without a dictionary, fraction or columns of its own."""
        return dataclasses.replace(self, dictionary=None, fraction=None, n_columns=1)

    @abc.abstractmethod
    def made(
        self, core: Core, inputs: Shape, weights: _scalar.PredictedWeights | None = None, order: str = "auto"
    ) -> _scalar.LayerSpec:
        """Return the core's layer of these weights, by default ordinary ones, evaluated in this order."""


def checked_n_columns(value: Any) -> int | Literal["auto"]:
    """Check a number of columns, or "auto"."""
    if isinstance(value, str) and value == "auto":
        return "auto"
    try:
        return checks.integer("n_columns", value, at_most=checks.LARGEST_INT)
    except ValueError as error:
        raise ValueError(f"{error}, or 'auto'") from None
