"""What every specification of a layer can tell: the shape of its outputs, and the core's layer that computes it."""

from __future__ import annotations

import abc
import math
from typing import Any, ClassVar, NamedTuple


class Shape(NamedTuple):
    """Where the numbers between two layers lie: ``height * width`` points with so many channels each.

    A flat layer of n units is one point of n channels. Numbers are stored in C order, a point's channels together.

    Examples
    --------
    >>> Shape.flat(10)
    Shape(height=1, width=1, channels=10)
    >>> Shape(28, 28, 3).size
    2352
    """

    height: int
    width: int
    channels: int

    @classmethod
    def flat(cls, n: int) -> Shape:
        """Shape of n numbers that have no place."""
        return cls(1, 1, n)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self)

    @property
    def grid(self) -> tuple[int, int, int] | None:
        """The shape as `LayerInput` takes it, None where there is a single point, which has no topology."""
        return None if self.height == self.width == 1 else (self.height, self.width, self.channels)


class Layer(abc.ABC):
    """A layer as a frozen value, without the size of its input, which the layers before it decide."""

    weighted: ClassVar[bool] = False
    """Whether it holds weights."""

    @abc.abstractmethod
    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""

    @abc.abstractmethod
    def made(self, core: Any, inputs: Shape) -> Any:
        """Return the core's layer, for inputs of this shape; a layer with weights takes them as well."""
