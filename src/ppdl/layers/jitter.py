"""Augmentation of images: moved and mirrored in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ppdl import _checks as checks

from .base import Layer, Shape

if TYPE_CHECKING:
    from ppdl._core import _scalar
    from ppdl._precision import Core


@dataclass(frozen=True, repr=False)
class Jitter(Layer):
    """In training only: each image is moved a little, and half of the time mirrored.

    Each image of each mini-batch has a move of its own, which follows from `random_state` alone.

    Parameters
    ----------
    shift : int, default=2
        Most points that an image is moved down or up, and to either side; what comes in is zero.
    mirror : bool, default=True
        Whether left and right are exchanged half of the time.

    Examples
    --------
    >>> from ppdl.layers import Conv2D, Jitter, MaxPool2D
    >>> layers = [Jitter(2), Conv2D(32, 5, padding=2), MaxPool2D(2)]
    >>> Jitter(2).get_config()
    {'layer': 'Jitter', 'shift': 2, 'mirror': True}
    """

    shift: int = 2
    mirror: bool = True

    spatial = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("shift", self.shift, at_least=0, at_most=2**30 - 1)
        checks.boolean("mirror", self.mirror)

    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""
        return inputs

    def made(self, core: Core, inputs: Shape) -> _scalar.LayerSpec:
        """Return the core's layer."""
        return core.Jitter(self.shift, self.mirror)
