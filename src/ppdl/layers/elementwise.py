"""What stands between layers of weights: activations, maxout and dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import Layer, Shape


@dataclass(frozen=True)
class Activation(Layer):
    """A function of each number.

    Parameters
    ----------
    kind : {"identity", "logistic", "tanh", "relu"}
        Which.
    """

    kind: str

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return inputs

    def made(self, core: Any, inputs: Shape) -> Any:
        """Return the core's layer."""
        return core.Activation(self.kind)


@dataclass(frozen=True)
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

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return inputs._replace(channels=inputs.channels // self.n_pieces)

    def made(self, core: Any, inputs: Shape) -> Any:
        """Return the core's layer."""
        return core.Maxout(self.n_pieces)


@dataclass(frozen=True)
class Dropout(Layer):
    """In training only: each number is zero with this probability, and the others are scaled up.

    Parameters
    ----------
    rate : float
        The probability, in [0, 1).
    """

    rate: float

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return inputs

    def made(self, core: Any, inputs: Shape) -> Any:
        """Return the core's layer."""
        return core.Dropout(self.rate)
