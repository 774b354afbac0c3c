"""Random patches of images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl._typing import RandomState

from .images import Stack, as_images, patch_sides

if TYPE_CHECKING:
    from typing_extensions import Self

_BLOCK = 4096  # patches that are copied at a time


def extract_patches(
    images: npt.ArrayLike,
    patch_size: int | tuple[int, int] = 6,
    n_patches: int = 100_000,
    *,
    input_shape: tuple[int, ...] | None = None,
    random_state: RandomState = None,
) -> Array:
    """Draw patches of images at random.

    Each is drawn independently of the others, uniformly over all images and all positions at which a patch lies wholly
    within its image; so larger images give more, a patch may be drawn more than once, and `n_patches` may exceed the
    number of different ones. An array of images is not copied.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, channels), or list
        Images; of shape (n_images, n_features), flattened, with `input_shape`. Those of a list may be of several sizes.
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
        If an argument is not valid, an image is smaller than a patch, or holds NaN or infinity.

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
    stacks = as_images(images, input_shape)
    sides = patch_sides(patch_size, stacks)
    return draw(stacks, sides, checks.integer("n_patches", n_patches), check_random_state(random_state))


def draw(stacks: Sequence[Stack], sides: tuple[int, int], n_patches: int, random_state: np.random.RandomState) -> Array:
    """Draw patches of these sides, which fit; see `extract_patches`."""
    windows = [sliding_window_view(stack.pixels, sides, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3) for stack in stacks]
    ends = np.cumsum([math.prod(view.shape[:3]) for view in windows])
    drawn = random_state.randint(ends[-1], size=n_patches, dtype=np.int64)
    dtype = np.float32 if all(stack.pixels.dtype == np.float32 for stack in stacks) else np.float64
    patches: Array = np.empty((n_patches, math.prod(windows[0].shape[3:])), dtype=dtype)
    in_order = np.argsort(drawn)
    of_stacks = np.split(in_order, np.searchsorted(drawn[in_order], ends[:-1]))
    for view, start, mine in zip(windows, (0, *ends), of_stacks):
        places = view.shape[:3]  # images, rows and columns
        for first in range(0, len(mine), _BLOCK):  # none, where no patch of these images was drawn
            chosen = mine[first : first + _BLOCK]
            patches[chosen] = view[np.unravel_index(drawn[chosen] - start, places)].reshape(-1, patches.shape[1])
    return patches


class _PatchesWithoutImages(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A transformer of arrays: scikit-learn makes data frames of its output without the index of a frame of images."""

    def transform(self, X: npt.ArrayLike) -> Array:
        return np.asarray(X)


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
        None for images of shape (n_images, height, width) or (n_images, height, width, channels), and for a list of
        images of one or several sizes.
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
        random_state: RandomState = None,
    ) -> None:
        self.patch_size = patch_size
        self.n_patches = n_patches
        self.input_shape = input_shape
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Check the parameters, and learn the shape of a patch.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width) or (n_images, height, width, channels), or list
            Images; of shape (n_images, n_features) with `input_shape`. Those of a list may be of several sizes.
        y : None
            Ignored.

        Returns
        -------
        self : RandomPatches
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is not valid, an image is smaller than a patch, or holds NaN or infinity.
        """
        checks.integer("n_patches", self.n_patches)
        stacks = as_images(X, self.input_shape)
        self.patch_shape_ = (*patch_sides(self.patch_size, stacks), stacks[0].shape[2])
        return self

    def transform(self, X: npt.ArrayLike) -> Array:
        """Draw patches.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width) or (n_images, height, width, channels), or list
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
