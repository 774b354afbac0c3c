"""The dense layer of predicted weights; with the identity for its dictionary it is the ordinary one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .base import Shape
from .weighted import Weighted

if TYPE_CHECKING:
    from ppdl._core import _scalar
    from ppdl._precision import Core


@dataclass(frozen=True, repr=False)
class Dense(Weighted):
    """Z = XW + b with W = [U_1 V_1 … U_J V_J].

    Its dictionary may know where its inputs lie, if they are images or maps.

    Parameters
    ----------
    units : int
        Columns of W.
    n_columns : int or "auto", default="auto"
        Number J of dictionaries, among which the units are divided evenly; "auto" leaves it to the network.
    dictionary : Dictionary, optional
        How U is built; by default as the network says. `Identity()` is an ordinary layer.
    fraction : float, optional
        Atoms of each column as a fraction of the inputs, in (0, 1]: the fraction of W that is learned; by default as
        the network says.
    group : int, default=1
        So many units stay together in one column, as the pieces of a maxout unit; `units` is a multiple of it.
    bias : bool, default=True
        Whether there is a b.

    Raises
    ------
    ValueError
        If a field is out of range; the message names it.

    Examples
    --------
    >>> Dense(10, n_columns=4).sizes
    (3, 3, 2, 2)
    >>> Dense(20, n_columns=4, group=2).sizes
    (6, 6, 4, 4)
    """

    units: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("units")

    @property
    def n_hidden(self) -> int:
        """Columns of W."""
        return self.units

    def visible(self, inputs: Shape) -> Shape:
        """Return the inputs' shape: a unit sees them all."""
        return inputs

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return Shape.flat(self.units)

    def widened(self, n_pieces: int) -> Dense:
        """Return the layer with so many times the units, of which each so many neighbours stay together."""
        return dataclasses.replace(self, units=self.units * n_pieces, group=self.group * n_pieces)

    def made(
        self, core: Core, inputs: Shape, weights: _scalar.PredictedWeights | None = None, order: str = "auto"
    ) -> _scalar.LayerSpec:
        """Return the core's layer of these weights, by default ordinary ones, evaluated in this order."""
        if weights is None:
            weights = core.PredictedWeights(inputs.size, [(self.units, None, None)])
        return core.Dense(weights, order=order, bias=self.bias)
