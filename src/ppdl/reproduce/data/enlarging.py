"""Small images made larger, each moved a little: what the bundled digits need to stand in for MNIST."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Images = npt.NDArray[np.float32]

_SIDE = 28  # of MNIST's images
_FILLED = 20 / 28  # share of the side that an image fills before it is scaled, as in MNIST
_SHIFT = 2.0  # largest, in pixels of the result
_TURN = np.deg2rad(15.0)
_SCALE = 0.15


def enlarged(images: Images, copies: int, *, seed: int) -> Images:
    """Return copies of images at 28 × 28 pixels, each shifted, turned and scaled at random.

    An image fills 20 × 20 pixels before it is shifted by up to 2 pixels along each axis, turned by up to 15° and scaled
    by up to 15 %, each drawn uniformly. Between its pixels cubic splines tell the grey; neighbouring pixels of the
    result are therefore alike.

    Parameters
    ----------
    images : ndarray of shape (n_images, side, side)
        Pixels in [0, 1].
    copies : int
        Of each image.
    seed : int
        Of the movements.

    Returns
    -------
    ndarray of shape (copies * n_images, 28, 28)
        All images once, then all a second time, and so on; pixels in [0, 1].
    """
    rng = np.random.default_rng(seed)
    result = np.empty((copies * len(images), _SIDE, _SIDE), np.float32)
    for n, large in enumerate(result):
        _move(images[n % len(images)], large, rng)
    return np.clip(result, 0.0, 1.0, out=result)


def _move(image: Images, large: Images, rng: np.random.Generator) -> None:
    """Write an image, enlarged and moved, over another array."""
    shift, turn, scale = rng.uniform(-_SHIFT, _SHIFT, 2), rng.uniform(-_TURN, _TURN), 1.0 + rng.uniform(-_SCALE, _SCALE)
    step = len(image) / (_SIDE * _FILLED * scale)  # pixels of the image for one of the result
    matrix = step * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    offset = (len(image) - 1) / 2 - matrix @ ((_SIDE - 1) / 2 + shift)
    ndimage.affine_transform(image, matrix, offset, output=large, order=3, mode="grid-constant")
