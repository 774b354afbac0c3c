"""The convolution of predicted weights: a dense layer over every window of an image."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ppdl.dictionaries import Dictionary, LowRank

from .base import Shape
from .pairs import Pair, pair, sides
from .weighted import Weighted

if TYPE_CHECKING:
    from ppdl._core import _scalar
    from ppdl._precision import Core


@dataclass(frozen=True, repr=False)
class Conv2D(Weighted):
    """Filters over windows of an image: at every position z = xW + b, where x are the numbers under the window.

    W has a row for each number of a window, in the order (row, column, channel), and a column for each filter. Its
    dictionary is over windows: what `SquaredExponential` makes smooth are the filters.

    Parameters
    ----------
    filters : int
        Columns of W, the channels of the outputs.
    kernel_size : int or (int, int)
        Height and width of a window.
    stride : int or (int, int), default=1
        Steps from one window to the next, down and across.
    padding : int or (int, int), default=0
        Zeros put around the image, above and below, left and right; fewer than the window's sides.
    n_columns : int or "auto", default="auto"
        Number J of dictionaries, among which the filters are divided evenly; "auto" leaves it to the network.
    dictionary : Dictionary, optional
        How U is built; by default as the network says. `Identity()` is an ordinary convolution.
    fraction : float, optional
        Atoms of each column as a fraction of W's rows, in (0, 1]: the fraction of W that is learned; by default as the
        network says.
    group : int, default=1
        So many filters stay together in one column, as the pieces of a maxout unit; `filters` is a multiple of it.
    bias : bool, default=True
        Whether there is a b, one number for each filter.

    Raises
    ------
    ValueError
        If a field is out of range; the message names it.

    Examples
    --------
    >>> Conv2D(48, 8, padding=4).output_shape(Shape(32, 32, 3))
    Shape(height=33, width=33, channels=48)
    >>> Conv2D(16, (1, 3), stride=2).visible(Shape(10, 10, 4))
    Shape(height=1, width=3, channels=4)
    """

    filters: int
    kernel_size: Pair
    stride: Pair = 1
    padding: Pair = 0

    spatial = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check("filters")
        for name, least in (("kernel_size", 1), ("stride", 1), ("padding", 0)):
            object.__setattr__(self, name, pair(name, getattr(self, name), least))
        if any(zeros >= side for zeros, side in zip(sides(self.padding), sides(self.kernel_size), strict=True)):
            raise ValueError(
                f"padding: received {self.padding!r}; expected less than kernel_size={self.kernel_size!r}, so that no "
                "window holds zeros alone"
            )

    @property
    def n_hidden(self) -> int:
        """Columns of W."""
        return self.filters

    def visible(self, inputs: Shape) -> Shape:
        """Shape of a window."""
        return Shape(*sides(self.kernel_size), inputs.channels)

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape.

        Raises
        ------
        ValueError
            If no window fits.
        """
        height, width = (
            (length + 2 * zeros - side) // step + 1
            for length, zeros, side, step in zip(
                inputs[:2], sides(self.padding), sides(self.kernel_size), sides(self.stride), strict=True
            )
        )
        if min(height, width) < 1:
            raise ValueError(
                f"{self!r}: received inputs of {inputs.height} x {inputs.width} points, which with the padding are "
                "fewer than a window's; lower kernel_size, or raise padding"
            )
        return Shape(height, width, self.filters)

    def completed(self, dictionary: Dictionary | None, fraction: float | None) -> Conv2D:
        """Return the layer with a dictionary and a fraction where it has none of its own; None leaves them open.

        Raises
        ------
        ValueError
            If the dictionary is a learned one.
        """
        completed = super().completed(dictionary, fraction)
        if isinstance(completed.dictionary, LowRank):
            raise ValueError(
                f"dictionary: received {completed.dictionary!r} for {self!r}; expected one that is not learned, as "
                "every convolution has, or None"
            )
        return completed

    def widened(self, n_pieces: int) -> Conv2D:
        """Return the layer with so many times the filters, of which each so many neighbours stay together."""
        return dataclasses.replace(self, filters=self.filters * n_pieces, group=self.group * n_pieces)

    def made(
        self, core: Core, inputs: Shape, weights: _scalar.PredictedWeights | None = None, order: str = "auto"
    ) -> _scalar.LayerSpec:
        """Return the core's layer of these weights, by default ordinary ones, evaluated in this order."""
        if weights is None:
            weights = core.PredictedWeights(self.visible(inputs).size, [(self.filters, None, None)])
        return core.Conv2D(
            weights,
            kernel=sides(self.kernel_size),
            stride=sides(self.stride),
            padding=sides(self.padding),
            order=order,
            bias=self.bias,
        )
