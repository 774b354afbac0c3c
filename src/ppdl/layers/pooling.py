"""Pooling: the maximum or the average of each channel in each window of a map."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ppdl import _checks as checks

from .base import Layer, Shape
from .pairs import Pair, pair, sides

if TYPE_CHECKING:
    from ppdl._core import _scalar
    from ppdl._precision import Core


@dataclass(frozen=True, repr=False)
class _Pool2D(Layer):
    """What both kinds have in common: their windows."""

    size: Pair
    stride: Pair | None = None
    ceil_mode: bool = True

    spatial = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "size", pair("size", self.size, 1))
        if self.stride is not None:
            object.__setattr__(self, "stride", pair("stride", self.stride, 1))
        checks.boolean("ceil_mode", self.ceil_mode)

    @property
    @abc.abstractmethod
    def kind(self) -> str:
        """The kind's name in the core."""

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of a window."""
        return sides(self.size)

    @property
    def steps(self) -> tuple[int, int]:
        """Points from one window to the next, down and across."""
        return sides(self.size if self.stride is None else self.stride)

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape.

        Raises
        ------
        ValueError
            If the map has no place for a window.
        """
        overhangs = [step - 1 if self.ceil_mode else 0 for step in self.steps]
        least = [max(1, side - overhang) for side, overhang in zip(self.sides, overhangs, strict=True)]
        if inputs.height < least[0] or inputs.width < least[1]:
            raise ValueError(
                f"{self!r}: received a map of {inputs.height} x {inputs.width}; expected at least "
                f"{least[0]} x {least[1]}"
            )
        height, width = (
            min((n - side + overhang) // step + 1, -(-n // step))  # the last window begins inside
            for n, side, overhang, step in zip(inputs[:2], self.sides, overhangs, self.steps, strict=True)
        )
        return Shape(height, width, inputs.channels)

    def made(self, core: Core, inputs: Shape) -> _scalar.LayerSpec:
        """Return the core's layer."""
        return core.Pooling(self.kind, size=self.sides, stride=self.steps, ceil_mode=self.ceil_mode)


class MaxPool2D(_Pool2D):
    """The largest number of each channel in each window of a map.

    Where several are equal, the gradient goes to the first of them in row-major order. A window with a NaN yields NaN.

    Parameters
    ----------
    size : int or (int, int)
        Side, or height and width, of a window, in points.
    stride : int or (int, int), default=None
        Points from the beginning of one window to that of the next, down and across; None is the size.
    ceil_mode : bool, default=True
        Whether the last windows may reach over the lower and the right border, where they hold fewer points; each
        begins inside the map. So nothing at the border is lost, as in the paper's networks. PyTorch's default is
        False: then each window lies inside the map, and points that the last one does not reach are left out.

    Raises
    ------
    ValueError
        If a size or a stride is not a positive integer or a pair of these.

    Examples
    --------
    >>> MaxPool2D(3, stride=2).output_shape(Shape(32, 32, 48))
    Shape(height=16, width=16, channels=48)
    >>> MaxPool2D(3, stride=2, ceil_mode=False).output_shape(Shape(32, 32, 48))
    Shape(height=15, width=15, channels=48)
    """

    kind = "max"


class AvgPool2D(_Pool2D):
    """The average of each channel in each window of a map.

    Parameters
    ----------
    size : int or (int, int)
        Side, or height and width, of a window, in points.
    stride : int or (int, int), default=None
        Points from the beginning of one window to that of the next, down and across; None is the size.
    ceil_mode : bool, default=True
        Whether the last windows may reach over the lower and the right border; each begins inside the map, and averages
        the points that lie there. So nothing at the border is lost, as in the paper's networks. PyTorch's default is
        False: then each window lies inside the map, and points that the last one does not reach are left out.

    Raises
    ------
    ValueError
        If a size or a stride is not a positive integer or a pair of these.

    Examples
    --------
    >>> AvgPool2D((2, 3)).output_shape(Shape(5, 6, 3))
    Shape(height=3, width=2, channels=3)
    """

    kind = "average"
