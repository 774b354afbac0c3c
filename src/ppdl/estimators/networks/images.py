"""What makes a network one for images: samples that are arrays, a list of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ppdl.layers import Layer, Weighted

from ..flattened import image_rows
from .contract import PredictedNetwork
from .image_design import ImageDesign, image_design
from .parameters import Preset


class ImageNetwork(PredictedNetwork):
    """A network of a list of layers, whose samples are images."""

    layers: Sequence[Layer] | Preset

    def _design(self) -> ImageDesign:
        return image_design(self)

    def _ordinary(self) -> dict[str, Any]:
        layers = self.layers
        if not isinstance(layers, str):
            layers = [layer.ordinary() if isinstance(layer, Weighted) else layer for layer in layers]
        return {"layers": layers, "dictionary": None, "learned_fraction": None}

    def _rows(self, name: str, X: Any, known: Any) -> tuple[Any, Any]:
        return image_rows(name, X, known)

    @property
    def input_shape_(self) -> tuple[int, int, int]:
        """Height, width and channels of the images."""
        shape: tuple[int, int, int] = self._fitted("input_shape_").model.architecture.input_shape
        return shape
