"""The core's encoder of patches, made from a fitted normaliser, whitener and learner."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl._precision import Array, core, product

ENCODINGS = ("linear", "rectifier", "absolute", "smooth-absolute", "split", "soft-threshold", "triangle")


@dataclass(frozen=True)
class Grid:
    """Images, the positions of a patch in them, and the regions that these are divided into."""

    image_shape: tuple[int, int, int]
    patch_size: tuple[int, int]
    stride: int
    regions: tuple[int, int]

    @property
    def patch_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a patch."""
        return (*self.patch_size, self.image_shape[2])


@dataclass(frozen=True)
class Encoding:
    """Name and constants of an encoding."""

    name: str
    epsilon: float
    threshold: float

    def __post_init__(self) -> None:
        checks.one_of("encoding", self.name, ENCODINGS)
        checks.real("encoding_epsilon", self.epsilon, above=0.0)
        checks.real("encoding_threshold", self.threshold, at_least=0.0)


def grid_of(image_shape: tuple[int, int, int], patch_size: tuple[int, int], stride: int, pooling: Any) -> Grid:
    """Divide the positions of a patch into regions.

    Raises
    ------
    ValueError
        If `pooling` is not valid, or asks for more regions than there are positions.
    """
    positions = tuple((side - patch) // stride + 1 for side, patch in zip(image_shape[:2], patch_size))
    if pooling is None:
        regions = (1, 1)
    elif isinstance(pooling, str) and pooling == "quadrants":
        regions = (min(2, positions[0]), min(2, positions[1]))
    else:
        regions = tuple(pooling) if np.iterable(pooling) and not isinstance(pooling, str) else ()
        if len(regions) != 2 or not all(isinstance(n, Integral) and int(n) > 0 for n in regions):
            raise ValueError(f"pooling: received {pooling!r}; expected 'quadrants', None or (rows, columns)")
        if regions[0] > positions[0] or regions[1] > positions[1]:
            raise ValueError(
                f"pooling: received {pooling!r}; expected at most {positions[0]} x {positions[1]} regions, the "
                "positions of a patch in an image"
            )
    return Grid(image_shape, patch_size, stride, (int(regions[0]), int(regions[1])))


def learned_filters(learner: Any, n_inputs: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the filters of a fitted learner, in rows, and what it subtracts from a sample first.

    Returns
    -------
    filters : ndarray of shape (n_filters, n_inputs)
        Its `components_`, or else its `cluster_centers_`.
    mean : ndarray of shape (n_inputs,)
        Its `mean_` where it has one beside `components_`, otherwise zeros.

    Raises
    ------
    ValueError
        If it has neither, or they are not finite, or are of another shape.
    """
    name = next((name for name in ("components_", "cluster_centers_") if hasattr(learner, name)), None)
    if name is None:
        raise ValueError(f"learner: {learner!r} has neither components_ nor cluster_centers_ after its fit")
    filters = np.asarray(getattr(learner, name), dtype=np.float64)
    mean = getattr(learner, "mean_", None) if name == "components_" else None
    mean = np.zeros(n_inputs) if mean is None else np.asarray(mean, dtype=np.float64)
    if filters.ndim != 2 or filters.shape[1] != n_inputs or mean.shape != (n_inputs,):
        raise ValueError(
            f"learner: {learner!r} has {name} of shape {filters.shape} and a mean of shape {mean.shape}; expected "
            f"(n_filters, {n_inputs}) and ({n_inputs},)"
        )
    if not (np.isfinite(filters).all() and np.isfinite(mean).all()):
        raise ValueError(f"learner: {learner!r} has {name} or a mean with NaN or infinity")
    return filters, mean


def make_encoder(
    grid: Grid,
    encoding: Encoding,
    normalizer: Any,
    whitener: Any,
    filters: Array,
    mean: Array,
) -> Any:
    """Return the core's encoder in the precision of the filters.

    Responses to a patch x are linear in it, ``((x - μ) P - m) Fᵀ`` with μ, P of the whitener and m, F of the learner:
    all products but the one with x are made here, once. Distances to centroids ask for the whitened patch itself.
    """
    dtype = filters.dtype
    F, m = filters.T.astype(np.float64, order="C"), mean.astype(np.float64)
    options: dict[str, Any] = {}
    if normalizer is not None:
        options |= {"center": normalizer.center, "scale": normalizer.scale, "contrast_epsilon": normalizer.epsilon}
    bias = None
    if encoding.name == "triangle":
        F += m[:, np.newaxis]
        if whitener is not None:
            options |= {"mean": whitener.mean_, "whitening": whitener.whitening_}
    elif whitener is not None:
        P, shift = whitener.whitening_.astype(np.float64), whitener.mean_.astype(np.float64)
        products = product(np.vstack([P, shift @ P + m]), F)
        F, bias = products[:-1], checks.cast("filters", -products[-1], dtype)
    else:
        bias = checks.cast("filters", -product(m[np.newaxis], F)[0], dtype)
    return core(dtype).PatchEncoder(
        grid.image_shape,
        checks.cast("filters", F, dtype),
        bias,
        patch_size=grid.patch_size,
        stride=grid.stride,
        regions=grid.regions,
        encoding=encoding.name,
        epsilon=encoding.epsilon,
        threshold=encoding.threshold,
        **options,
    )


def flattened(images: Any) -> tuple[Any, tuple[int, ...] | None]:
    """Return an array of shape (n_images, height, width[, channels]) in rows, with the images' shape; others as is."""
    if getattr(images, "ndim", None) not in (3, 4):
        return images, None
    images = np.asarray(images)
    return images.reshape(len(images), math.prod(images.shape[1:])), (*images.shape[1:], 1)[:3]


def image_shape_of(n_features: int, input_shape: Any) -> tuple[int, int, int]:
    """Height, width and channels of images in rows of `n_features`; without a shape, they are signals of one row.

    Raises
    ------
    ValueError
        If `input_shape` is not valid, or holds another number of features.
    """
    if input_shape is None:
        return 1, n_features, 1
    shape = tuple(input_shape) if np.iterable(input_shape) else ()
    if len(shape) not in (2, 3) or not all(isinstance(side, Integral) and int(side) > 0 for side in shape):
        raise ValueError(
            f"input_shape: received {input_shape!r}; expected (height, width) or (height, width, channels)"
        )
    if math.prod(shape) != n_features:
        raise ValueError(f"input_shape: {shape} holds {math.prod(shape)} features; X has {n_features}")
    height, width, n_channels = (*(int(side) for side in shape), 1)[:3]
    return height, width, n_channels
