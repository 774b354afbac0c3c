"""What stands between layers of weights: activations, maxout and dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ppdl import _checks as checks

from .base import Layer, Shape

if TYPE_CHECKING:
    from ppdl._core import _scalar
    from ppdl._precision import Core

KINDS = ("identity", "logistic", "tanh", "relu")


@dataclass(frozen=True, repr=False)
class Activation(Layer):
    """A function of each number.

    Parameters
    ----------
    kind : {"identity", "logistic", "tanh", "relu"}
        Which.

    Examples
    --------
    >>> from ppdl.layers import Activation
    >>> Activation("tanh").get_config()
    {'layer': 'Activation', 'kind': 'tanh'}
    """

    kind: str

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.one_of("kind", self.kind, KINDS)

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return inputs

    def made(self, core: Core, inputs: Shape) -> _scalar.LayerSpec:
        """Return the core's layer."""
        return core.Activation(self.kind)


@dataclass(frozen=True, repr=False)
class Maxout(Layer):
    """The largest of each point's channels, `n_pieces` neighbours at a time.

    Parameters
    ----------
    n_pieces : int
        Channels that each of the outputs is the largest of.

    Examples
    --------
    >>> Maxout(2).output_shape(Shape(5, 5, 8))
    Shape(height=5, width=5, channels=4)
    """

    n_pieces: int

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("n_pieces", self.n_pieces, at_most=checks.LARGEST_INT)

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape.

        Raises
        ------
        ValueError
            If the channels are no multiple of `n_pieces`.
        """
        if inputs.channels % self.n_pieces != 0:
            raise ValueError(f"{self!r}: received {inputs.channels} channels; expected a multiple of {self.n_pieces}")
        return inputs._replace(channels=inputs.channels // self.n_pieces)

    def made(self, core: Core, inputs: Shape) -> _scalar.LayerSpec:
        """Return the core's layer."""
        return core.Maxout(self.n_pieces)


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """In training only: each number is zero with this probability, and the others are scaled up.

    Parameters
    ----------
    rate : float
        The probability, in [0, 1).

    Examples
    --------
    >>> from ppdl.layers import Dropout, Shape
    >>> Dropout(0.5).output_shape(Shape(8, 8, 3))
    Shape(height=8, width=8, channels=3)
    """

    rate: float

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("rate", self.rate, at_least=0.0, below=1.0)

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return inputs

    def made(self, core: Core, inputs: Shape) -> _scalar.LayerSpec:
        """Return the core's layer."""
        return core.Dropout(self.rate)
