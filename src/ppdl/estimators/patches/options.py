"""The parameters of `PatchFeatures`, parsed once, and where patches lie in images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from sklearn.base import clone

from ppdl import _checks as checks
from ppdl.preprocessing import ContrastNormalizer, Whitener
from ppdl.preprocessing.images import Stack, image_sides, patch_sides

Encoding: TypeAlias = Literal[
    "linear", "rectifier", "absolute", "smooth-absolute", "split", "soft-threshold", "triangle"
]
ENCODINGS = get_args(Encoding)


@dataclass(frozen=True)
class PatchGrid:
    """The positions of a patch in images, the smallest of which is of this shape, and the regions of positions."""

    smallest: tuple[int, int, int]
    patch_size: tuple[int, int]
    stride: int
    regions: tuple[int, int]

    @classmethod
    def of(cls, smallest: tuple[int, int, int], patch_size: tuple[int, int], stride: int, pooling: Any) -> PatchGrid:
        """Find the patches of images, and divide their positions into as many regions in each.

        Raises
        ------
        ValueError
            If `pooling` does not fit.
        """
        down, across = ((side - patch) // stride + 1 for side, patch in zip(smallest, patch_size))
        if pooling is None:
            return cls(smallest, patch_size, stride, (1, 1))
        if isinstance(pooling, str) and pooling == "quadrants":
            return cls(smallest, patch_size, stride, (min(2, down), min(2, across)))
        regions = tuple(pooling) if np.iterable(pooling) and not isinstance(pooling, str) else ()
        if len(regions) != 2 or not all(isinstance(n, Integral) and int(n) > 0 for n in regions):
            raise ValueError(f"pooling: received {pooling!r}; expected 'quadrants', None or (rows, columns)")
        if regions[0] > down or regions[1] > across:
            raise ValueError(
                f"pooling: received {pooling!r}; expected at most {down} x {across} regions, the positions of a patch "
                "in the smallest images"
            )
        return cls(smallest, patch_size, stride, (int(regions[0]), int(regions[1])))

    @property
    def patch_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a patch."""
        return (*self.patch_size, self.smallest[2])

    def check(self, stack: Stack) -> None:
        """Refuse images that have other channels, or no position for each region, naming the first."""
        down, across = (patch + (n - 1) * self.stride for patch, n in zip(self.patch_size, self.regions))
        height, width, n_channels = stack.shape
        if n_channels != self.smallest[2]:
            raise ValueError(
                f"X: received images of {n_channels} channels; expected {self.smallest[2]}, as in fit, channels last"
            )
        if height < down or width < across:
            raise ValueError(
                f"X: received {height} x {width}, the height and width of image {stack.places[0]}; expected at least "
                f"{down} x {across}, a position of a patch in each of {self.regions[0]} x {self.regions[1]} regions"
            )


@dataclass(frozen=True)
class PatchCode:
    """What is made of responses: name and constants of an encoding."""

    encoding: str
    epsilon: float
    threshold: float

    @classmethod
    def of(cls, encoding: Any, epsilon: Any, threshold: Any) -> PatchCode:
        """Parse the parameters of an encoding."""
        return cls(
            checks.one_of("encoding", encoding, ENCODINGS),
            checks.real("encoding_epsilon", epsilon, above=0.0),
            checks.real("encoding_threshold", threshold, at_least=0.0),
        )


@dataclass(frozen=True)
class PatchOptions:
    """Valid parameters of `PatchFeatures`, which describes them; normaliser and whitener are unfitted copies.

    `learner` is a number of patches, or an estimator that is not yet cloned.
    """

    learner: Any
    patch_size: Any
    stride: int
    pooling: Any
    code: PatchCode
    normalizer: ContrastNormalizer | None
    whitener: Whitener | None
    n_patches: int
    input_shape: tuple[int, int, int] | None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> PatchOptions:
        """Parse the constructor's parameters; what depends on the images is parsed by `image_shape` and `grid`.

        Raises
        ------
        ValueError
            Naming the parameter, what was received and what was expected.
        """
        n_patches = checks.integer("n_patches", params["n_patches"])
        checks.n_threads(params["n_threads"])
        shape = params["input_shape"]
        return cls(
            learner=_learner(params["learner"], n_patches),
            patch_size=params["patch_size"],
            stride=checks.integer("stride", params["stride"]),
            pooling=params["pooling"],
            code=PatchCode.of(params["encoding"], params["encoding_epsilon"], params["encoding_threshold"]),
            normalizer=_step("normalizer", params["normalizer"], ContrastNormalizer, ("deviation", "norm")),
            whitener=_step("whitener", params["whitener"], Whitener, ("zca", "pca")),
            n_patches=n_patches,
            input_shape=None if shape is None else image_sides(shape),
        )

    def image_shape(self, n_features: int, seen: tuple[int, ...] | None) -> tuple[int, int, int]:
        """Find the shape of images in rows of `n_features`, which were seen in a shape of their own or none.

        Without any shape, they are signals of one row.

        Raises
        ------
        ValueError
            If `input_shape` does not fit them.
        """
        height, width, n_channels = shape = self.input_shape or image_sides(seen or (1, n_features))
        if seen not in (None, shape):
            raise ValueError(f"X: received images of shape {seen}; expected input_shape, {shape}")
        if math.prod(shape) != n_features:
            raise ValueError(
                f"input_shape: received {height} x {width} x {n_channels}; expected {n_features} features, those of X"
            )
        if seen is not None and np.max(self.patch_size) > height and n_channels > height in (1, 3, 4):
            raise ValueError(
                f"X: received images of height {height}, width {width} and {n_channels} channels; expected channels "
                "last: if they come first, give X.transpose(0, 2, 3, 1)"
            )
        return shape

    def grid(self, stacks: Sequence[Stack]) -> PatchGrid:
        """Find the patches of images.

        Raises
        ------
        ValueError
            If `patch_size` or `pooling` does not fit them.
        """
        heights, widths, n_channels = zip(*(stack.shape for stack in stacks))
        smallest = min(heights), min(widths), n_channels[0]
        patch_size = self.patch_size
        if self.input_shape is None and max(heights) == smallest[2] == 1 and isinstance(patch_size, Integral):
            patch_size = 1, min(checks.integer("patch_size", patch_size), smallest[1])
        return PatchGrid.of(smallest, patch_sides(patch_size, stacks), self.stride, self.pooling)


def _learner(value: Any, n_patches: int) -> Any:
    if isinstance(value, Integral):
        return checks.integer("learner", value, at_most=n_patches)
    if isinstance(value, type) or not (hasattr(value, "fit") and hasattr(value, "get_params")):
        raise ValueError(f"learner: received {value!r}; expected an estimator with fit, or an integer")
    return value


def _step(name: str, given: Any, kind: type[Any], shorthands: tuple[str, ...]) -> Any:
    """Unfitted transformer of its kind, or None."""
    if given is None:
        return None
    if isinstance(given, str) and given in shorthands:
        return kind(given)
    if not isinstance(given, kind):
        expected = ", ".join(map(repr, shorthands))
        raise ValueError(f"{name}: received {given!r}; expected a {kind.__name__}, {expected} or None")
    return clone(given)
