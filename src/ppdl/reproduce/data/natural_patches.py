"""Patches of natural images, as the features of Figures 1 and 2 are learned from them."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_sample_images

from ppdl._checks import one_of
from ppdl._extras import missing
from ppdl._precision import Array
from ppdl.datasets import load_natural_images, load_stl10
from ppdl.preprocessing import ContrastNormalizer, Whitener, extract_patches

from .digests import digest_of

#: Added to the variance of a patch, of pixels in [0, 1], and to the variances of the principal components of patches.
#: The second one leaves high frequencies, which are mostly noise, below unit variance: of the 256 dimensions of grey
#: patches of 16 × 16 pixels about 160 remain in effect.
CONTRAST_EPSILON, WHITEN_EPSILON = 1e-3, 0.1


class Images(NamedTuple):
    """Images of one size, and the digest by which a record knows them."""

    images: Array  # (n_images, height, width) or (n_images, height, width, channels), pixels in [0, 1]
    digest: str


class Patches(NamedTuple):
    """Patches, prepared: each without its mean and scaled to unit deviation, then all of them whitened by ZCA."""

    X: npt.NDArray[np.float32]  # (n_patches, n_features)
    input_shape: tuple[int, ...]  # of a patch


def load_images(name: str) -> Images:
    """Load a set of images.

    Parameters
    ----------
    name : {"samples", "samples-colour", "natural-images", "stl10"}
        "samples": scikit-learn's two sample photographs in grey, "samples-colour": as they are. "natural-images": the
        13 grey ones of Hoyer and Hyvärinen. "stl10": the 1000 colour images of 96 × 96 pixels of the first training
        fold.
    """
    images = _LOADERS[one_of("data", name, _LOADERS)]()
    return Images(images, digest_of(images))


def prepared_patches(images: Array, patch_size: int, n_patches: int, seed: int) -> Patches:
    """Draw square patches at random and prepare them."""
    patches = extract_patches(images, patch_size, n_patches, random_state=seed)
    normalized = ContrastNormalizer(epsilon=CONTRAST_EPSILON, copy=False).transform(patches)
    whitened = Whitener("zca", epsilon=WHITEN_EPSILON).fit_transform(normalized)
    return Patches(np.ascontiguousarray(whitened, dtype=np.float32), (patch_size, patch_size, *images.shape[3:]))


def _samples_colour() -> Array:
    try:
        images = load_sample_images().images
    except ImportError as error:
        raise missing("scikit-learn's pair of sample images", "Pillow", "reproduce") from error
    return np.stack(images).astype(np.float32) / 255


def _samples() -> Array:
    return _samples_colour().mean(axis=3)


def _natural_images() -> Array:
    return np.asarray(load_natural_images().images)


def _stl10() -> Array:
    return np.asarray(load_stl10(side=96, fold=0).images)


_LOADERS = {
    "samples": functools.cache(_samples),
    "samples-colour": functools.cache(_samples_colour),
    "natural-images": functools.cache(_natural_images),
    "stl10": functools.cache(_stl10),
}

TITLES = {
    "samples": "scikit-learn's sample images, grey",
    "samples-colour": "scikit-learn's sample images",
    "natural-images": "natural images of Hoyer and Hyvärinen",
    "stl10": "STL-10",
}
