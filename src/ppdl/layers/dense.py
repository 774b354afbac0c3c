"""The dense layer of predicted weights; with the identity for its dictionary it is the ordinary one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ppdl.dictionaries import Dictionary, Identity
from ppdl.dictionaries.columns import column_sizes

from .base import Layer, Shape


@dataclass(frozen=True)
class Dense(Layer):
    """Z = XW + b with W = [U_1 V_1 … U_J V_J].

    Parameters
    ----------
    units : int
        Columns of W.
    dictionary : Dictionary, default=Identity()
        How U is built.
    fraction : float, default=1.0
        Atoms of each column as a fraction of the inputs: the fraction of W that is learned.
    n_columns : int, default=1
        Number J of dictionaries, among which the units are divided evenly.
    group : int, default=1
        So many units stay together in one column, as the pieces of a maxout unit.
    bias : bool, default=True
        Whether there is a b.

    Examples
    --------
    >>> Dense(10, n_columns=4).sizes
    (3, 3, 2, 2)
    >>> Dense(20, n_columns=4, group=2).sizes
    (6, 6, 4, 4)
    """

    units: int
    dictionary: Dictionary = field(default_factory=Identity)
    fraction: float = 1.0
    n_columns: int = 1
    group: int = 1
    bias: bool = True

    weighted = True

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units of each column."""
        return tuple(size * self.group for size in column_sizes(self.units // self.group, self.n_columns))

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return Shape.flat(self.units)

    def made(self, core: Any, inputs: Shape, weights: Any = None, order: str = "auto") -> Any:
        """Return the core's layer of these weights, by default ordinary ones, evaluated in this order."""
        if weights is None:
            weights = core.PredictedWeights(inputs.size, [(self.units, None, None)])
        return core.Dense(weights, order=order, bias=self.bias)
