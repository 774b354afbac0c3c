"""Images of one or several sizes, checked, and what fits into them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_array


@dataclass(frozen=True)
class Stack:
    """Images of one shape, (n_images, height, width, channels), and their places among all that were given."""

    pixels: npt.NDArray[Any]
    places: npt.NDArray[np.intp]

    @classmethod
    def of(cls, pixels: npt.NDArray[Any]) -> Stack:
        """Stack all images there are."""
        return cls(pixels, np.arange(len(pixels)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        _, height, width, n_channels = self.pixels.shape
        return height, width, n_channels


def by_shape(images: Any, name: str = "images") -> list[Stack] | None:
    """Sort a list of images by their shape, in the order of each shape's first image.

    Returns
    -------
    list of Stack or None
        None unless `images` is a list or a tuple of arrays of shape (height, width) or (height, width, channels).

    Raises
    ------
    ValueError
        If images have different numbers of channels.
    """
    if not (isinstance(images, list | tuple) and images and all(getattr(x, "ndim", 0) in (2, 3) for x in images)):
        return None
    shapes = [(*image.shape, 1)[:3] for image in images]
    places: dict[tuple[int, ...], list[int]] = {}
    for place, shape in enumerate(shapes):
        places.setdefault(shape, []).append(place)
        if shape[2] != shapes[0][2]:
            raise ValueError(
                f"{name}: received {shape[2]} channels in image {place}; expected {shapes[0][2]}, as in image 0, "
                "channels last"
            )
    return [
        Stack(np.stack([np.reshape(images[place], shape) for place in alike]), np.array(alike))
        for shape, alike in places.items()
    ]


def as_images(images: Any, input_shape: tuple[int, ...] | None = None) -> list[Stack]:
    """Check images, and view those of an array, or sort those of a list, by their shape.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, channels), or list
        Images; of shape (n_images, n_features), flattened, with `input_shape`. Those of a list may be of several sizes.
    input_shape : tuple of 2 or 3 ints, optional
        ``(height, width)`` or ``(height, width, channels)`` of flattened images.

    Raises
    ------
    ValueError
        If the shapes disagree, or the images hold NaN or infinity.
    """
    stacks = by_shape(images)
    if stacks is None:
        return [Stack.of(_viewed(images, input_shape))]
    return [Stack(_viewed(stack.pixels, input_shape), stack.places) for stack in stacks]


def _viewed(images: npt.ArrayLike, input_shape: tuple[int, ...] | None) -> npt.NDArray[Any]:
    """Check images of one shape and view them in the shape (n_images, height, width, channels)."""
    X = check_array(images, dtype="numeric", ensure_2d=False, allow_nd=True, input_name="images")
    if input_shape is None:
        if X.ndim not in (3, 4):
            raise ValueError(
                f"images: received shape {X.shape}; expected (n_images, height, width) or (n_images, height, width, "
                "channels), or flattened images with input_shape=(height, width) or (height, width, channels)"
            )
        return X if X.ndim == 4 else X[..., np.newaxis]
    shape = image_sides(input_shape)
    if X.shape[1:] not in ((math.prod(shape),), shape, shape[:2] if shape[2] == 1 else shape):
        raise ValueError(
            f"images: received shape {X.shape}; expected (n_images, {math.prod(shape)}) with input_shape={input_shape}"
        )
    return X.reshape(len(X), *shape)


def image_sides(input_shape: Any) -> tuple[int, int, int]:
    """Height, width and channels of an image; (height, width) has one channel.

    Raises
    ------
    ValueError
        If `input_shape` is not valid.
    """
    shape = tuple(input_shape) if np.iterable(input_shape) else ()
    if len(shape) not in (2, 3) or not all(_is_size(side) for side in shape):
        raise ValueError(
            f"input_shape: received {input_shape!r}; expected (height, width) or (height, width, channels)"
        )
    height, width, n_channels = (*(int(side) for side in shape), 1)[:3]
    return height, width, n_channels


def patch_sides(patch_size: Any, stacks: Sequence[Stack]) -> tuple[int, int]:
    """Height and width of a patch that fits into all images.

    Parameters
    ----------
    patch_size : int or tuple of 2 ints
        An int stands for both.
    stacks : sequence of Stack
        The images.

    Raises
    ------
    ValueError
        If it is not valid, or does not fit; then it names the first image that is smaller.
    """
    sides = tuple(patch_size) if np.iterable(patch_size) else (patch_size, patch_size)
    if len(sides) != 2 or not all(_is_size(side) for side in sides):
        raise ValueError(f"patch_size: received {patch_size!r}; expected an integer, at least 1, or (height, width)")
    height, width = int(sides[0]), int(sides[1])
    for stack in stacks:
        if height > stack.shape[0] or width > stack.shape[1]:
            raise ValueError(
                f"patch_size: received {patch_size!r}; expected at most {stack.shape[0]} x {stack.shape[1]}, the "
                f"height and width of image {stack.places[0]}"
            )
    return height, width


def _is_size(side: Any) -> bool:
    return isinstance(side, Integral) and not isinstance(side, bool) and int(side) > 0
