"""Random patches of images."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted

from ppdl import _checks as checks
from ppdl._precision import Array

_BLOCK = 4096  # patches that are copied at a time


def extract_patches(
    images: npt.ArrayLike,
    patch_size: int | tuple[int, int] = 6,
    n_patches: int = 100_000,
    *,
    input_shape: tuple[int, ...] | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> Array:
    """Draw patches of images at random.

    Each is drawn independently of the others, uniformly over all images and all positions at which a patch lies wholly
    within its image; so a patch may be drawn more than once, and `n_patches` may exceed the number of different ones.
    The images are not copied.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, channels)
        Images; of shape (n_images, n_features), flattened, with `input_shape`.
    patch_size : int or tuple of 2 ints, default=6
        Height and width of a patch; an int stands for both.
    n_patches : int, default=100_000
        Number of patches.
    input_shape : tuple of 2 or 3 ints, optional
        ``(height, width)`` or ``(height, width, channels)`` of images that are flattened in C order, channels last.
    random_state : int, RandomState instance or None, default=None
        Of the draws. An int draws the same images and positions each time.

    Returns
    -------
    patches : ndarray of shape (n_patches, patch_height * patch_width * channels)
        Flattened in C order, channels last. Float32 for images of float32, else float64.

    Raises
    ------
    ValueError
        If an argument is not valid, the images are smaller than a patch, or they hold NaN or infinity.

    See Also
    --------
    sklearn.feature_extraction.image.PatchExtractor : All patches of each image, or a number of them.

    Examples
    --------
    >>> from sklearn.datasets import load_sample_images
    >>> from ppdl.preprocessing import extract_patches
    >>> images = load_sample_images().images  # two of 427 x 640 pixels, red, green and blue
    >>> extract_patches(images, patch_size=8, n_patches=1000, random_state=0).shape
    (1000, 192)
    """
    pixels = as_images(images, input_shape)
    sides = patch_sides(patch_size, pixels.shape[1:3])
    n_patches = checks.integer("n_patches", n_patches)

    windows = sliding_window_view(pixels, sides, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    places = windows.shape[:3]  # images, rows and columns
    drawn = check_random_state(random_state).randint(math.prod(places), size=n_patches, dtype=np.int64)
    dtype = np.float32 if pixels.dtype == np.float32 else np.float64
    patches: Array = np.empty((n_patches, math.prod(windows.shape[3:])), dtype=dtype)
    for rows in gen_batches(n_patches, _BLOCK):
        patches[rows] = windows[np.unravel_index(drawn[rows], places)].reshape(-1, patches.shape[1])
    return patches


class _PatchesWithoutImages(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A transformer of arrays: scikit-learn makes data frames of its output without the index of a frame of images."""

    def transform(self, X: Array) -> Any:
        return X


class RandomPatches(_PatchesWithoutImages):
    """Draw patches of images at random, as the first step of a pipeline that learns features of patches.

    The rows that come out are patches, not images, and their number is another: what follows in the pipeline learns
    without targets, and the fitted pipeline again draws patches of the images that it is given. The function
    `extract_patches` does the same without a pipeline.

    Parameters
    ----------
    patch_size : int or tuple of 2 ints, default=6
        Height and width of a patch; an int stands for both.
    n_patches : int, default=100_000
        Number of patches. Each is drawn independently of the others, uniformly over images and positions; so a patch
        may be drawn more than once.
    input_shape : tuple of 2 or 3 ints, optional
        ``(height, width)`` or ``(height, width, channels)`` of images that are flattened in C order, channels last.
        None for images of shape (n_images, height, width) or (n_images, height, width, channels).
    random_state : int, RandomState instance or None, default=None
        Of the draws. With an int, `transform` draws the same images and positions each time.

    Attributes
    ----------
    patch_shape_ : tuple of 3 ints
        Height, width and channels of a patch.

    Notes
    -----
    As of scikit-learn's `PatchExtractor`, the tags say that images, not rows of features, go in; scikit-learn's checks
    for estimators of rows do not apply.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_sample_images
    >>> from sklearn.pipeline import make_pipeline
    >>> from ppdl.preprocessing import ContrastNormalizer, RandomPatches, Whitener
    >>> images = np.array(load_sample_images().images) / 255
    >>> patches = RandomPatches(8, n_patches=1000, random_state=0)
    >>> make_pipeline(patches, ContrastNormalizer(), Whitener()).fit_transform(images).shape
    (1000, 192)
    """

    def __init__(
        self,
        patch_size: int | tuple[int, int] = 6,
        n_patches: int = 100_000,
        *,
        input_shape: tuple[int, ...] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.patch_size = patch_size
        self.n_patches = n_patches
        self.input_shape = input_shape
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> RandomPatches:
        """Check the parameters, and learn the shape of a patch.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width) or (n_images, height, width, channels)
            Images; of shape (n_images, n_features) with `input_shape`.
        y : None
            Ignored.

        Returns
        -------
        self : RandomPatches
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is not valid, the images are smaller than a patch, or they hold NaN or infinity.
        """
        checks.integer("n_patches", self.n_patches)
        images = as_images(X, self.input_shape)
        self.patch_shape_ = (*patch_sides(self.patch_size, images.shape[1:3]), images.shape[3])
        return self

    def transform(self, X: Any) -> Any:
        """Draw patches.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width) or (n_images, height, width, channels)
            Images; of shape (n_images, n_features) with `input_shape`. They may be larger or smaller than those of
            `fit`, with as many channels.

        Returns
        -------
        patches : ndarray of shape (n_patches, patch_height * patch_width * channels)
            Flattened in C order, channels last. Float32 for images of float32, else float64.
        """
        check_is_fitted(self)
        patches = extract_patches(
            X, self.patch_size, self.n_patches, input_shape=self.input_shape, random_state=self.random_state
        )
        if patches.shape[1] != self._n_features_out:
            n_channels = patches.shape[1] // math.prod(self.patch_shape_[:2])
            raise ValueError(f"X: received images of {n_channels} channels; expected {self.patch_shape_[2]}, as in fit")
        return super().transform(patches)

    @property
    def _n_features_out(self) -> int:
        return math.prod(self.patch_shape_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def as_images(images: npt.ArrayLike, input_shape: tuple[int, ...] | None = None) -> npt.NDArray[Any]:
    """Check images and view them in the shape (n_images, height, width, channels).

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, channels)
        Images; of shape (n_images, n_features), flattened, with `input_shape`.
    input_shape : tuple of 2 or 3 ints, optional
        ``(height, width)`` or ``(height, width, channels)`` of flattened images.

    Raises
    ------
    ValueError
        If the shapes disagree, or the images hold NaN or infinity.
    """
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


def patch_sides(patch_size: int | tuple[int, int], image_sides: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a patch that fits into an image.

    Parameters
    ----------
    patch_size : int or tuple of 2 ints
        An int stands for both.
    image_sides : tuple of 2 ints
        Height and width of the image.

    Raises
    ------
    ValueError
        If it is not valid, or does not fit.
    """
    sides = tuple(patch_size) if np.iterable(patch_size) else (patch_size, patch_size)
    if len(sides) != 2 or not all(_is_size(side) for side in sides):
        raise ValueError(f"patch_size: received {patch_size!r}; expected an integer, at least 1, or (height, width)")
    height, width = int(sides[0]), int(sides[1])
    if height > image_sides[0] or width > image_sides[1]:
        raise ValueError(
            f"patch_size: received {patch_size!r}; expected at most {image_sides[0]} x {image_sides[1]}, the images' "
            "height and width"
        )
    return height, width


def _is_size(side: Any) -> bool:
    return isinstance(side, Integral) and not isinstance(side, bool) and int(side) > 0
