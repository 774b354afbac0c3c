"""What makes a network one for images: samples that are arrays, a list of layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ppdl.layers import Weighted

from .contract import PredictedNetwork
from .image_design import ImageDesign, image_design


class ImageNetwork(PredictedNetwork):
    """A network of a list of layers, whose samples are images."""

    layers: Any

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


def image_rows(name: str, X: Any, known: tuple[int, int, int] | None) -> tuple[Any, tuple[int, ...] | None]:
    """Return images as rows in C order, which are not copied if they lie in it, and their shape; rows as they are.

    Parameters
    ----------
    name : str
        Of the argument, in errors.
    X : array-like of shape (n_samples, n_features), (n_samples, height, width) or (n_samples, height, width, channels)
        Samples.
    known : (int, int, int), optional
        What the shape of an image has to be.

    Raises
    ------
    ValueError
        If images have another shape, or `X` more dimensions.

    Examples
    --------
    >>> rows, shape = image_rows("X", np.zeros((10, 8, 8)), None)
    >>> rows.shape, shape
    ((10, 64), (8, 8, 1))
    """
    if not hasattr(X, "ndim"):
        try:
            X = X if X is None else np.asarray(X)
        except ValueError:  # rows of different lengths, which scikit-learn explains
            return X, None
    if X is None or X.ndim < 3:
        return X, None
    array = np.asarray(X)
    if array.ndim > 4:
        raise ValueError(
            f"{name}: received shape {array.shape}; expected images, (n_samples, height, width) or (n_samples, height, "
            "width, channels), or rows, (n_samples, n_features)"
        )
    height, width, channels = (*array.shape[1:], 1)[:3]
    if known is not None and (height, width, channels) != known:
        raise ValueError(
            f"{name}: received images of shape {array.shape[1:]}; expected {known}, height, width and channels"
        )
    return array.reshape(len(array), height * width * channels), (height, width, channels)
