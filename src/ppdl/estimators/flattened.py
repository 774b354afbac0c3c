"""Images as rows: those that become rows, and those that came as rows and would be taken for signals."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ppdl._precision import Array
from ppdl.dictionaries import DCT, Dictionary, Wavelet

_MOST_ROWS = 1000  # that are looked at
_SMALLEST = 4  # side of an image
_CLOSER = 0.1  # correlation by which the next row is closer than the middle of this one


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


def warn_of_images(X: Array, who: object) -> None:
    """Warn where samples of a square number of features look like square images, whose rows follow each other.

    An image's pixel is more like the one below it than like one half a row away; of a signal, the nearer is the more
    alike. So what has as many numbers as an image, but is none, passes in silence.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples.
    who : object
        What takes them for signals, named in the warning.
    """
    for channels in (1, 3):
        side = math.isqrt(X.shape[1] // channels)
        if side >= _SMALLEST and channels * side**2 == X.shape[1] and _is_image(X[:_MOST_ROWS], channels, side):
            shape = (side, side) if channels == 1 else (side, side, channels)
            warnings.warn(
                f"input_shape: received None, so that {who} takes {X.shape[1]} features for a signal, but they look "
                f"like images: give input_shape={shape}, or ({X.shape[1]}, 1) if a signal is what they are",
                UserWarning,
                stacklevel=2,
            )


def warn_of_images_under(dictionary: Dictionary, X: Array) -> None:
    """Warn likewise where a dictionary takes inputs for signals; see `warn_of_images`."""
    if isinstance(dictionary, DCT | Wavelet):
        warn_of_images(X, repr(dictionary))


def _is_image(X: Array, channels: int, side: int) -> bool:
    centred = X.astype(np.float64) - X.mean(axis=0, dtype=np.float64)
    deviations = centred.std(axis=0)
    varies = deviations > 1e-6 * deviations.max(initial=0.0)
    Z = np.where(varies, centred / np.where(varies, deviations, 1.0), 0.0)

    def correlation(points: int) -> float:
        lag = channels * points
        pairs = np.count_nonzero(varies[lag:] & varies[:-lag])
        return float((Z[:, lag:] * Z[:, :-lag]).mean(axis=0).sum() / max(pairs, 1))

    return correlation(side) > correlation(side // 2) + _CLOSER
