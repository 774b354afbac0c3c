"""On which side of a Gaussian components lie."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.utils import gen_batches

from ppdl._precision import Array, Floats, product

_BLOCK = 4096  # samples that are looked at at a time
_GRID = np.linspace(-9.0, 9.0, 4001)  # over which a contrast of Gaussian numbers is integrated


def excess_signs(
    filters: Array, X: Array, *, contrast: str, epsilon: float, n_threads: int | None = None
) -> npt.NDArray[np.int64]:
    """Return 1 for components whose mean contrast is at most a Gaussian's of as large a variance, -1 for the others.

    With these signs, minimising the contrasts takes each component away from a Gaussian.

    Parameters
    ----------
    filters : ndarray of shape (n_components, n_features)
        Weights of the components.
    X : ndarray of shape (n_samples, n_features)
        Prepared samples.
    contrast : {"smooth-l1", "logcosh", "exp"}
        Name of the contrast.
    epsilon : float
        Of "smooth-l1", in units of the components' variance.
    n_threads : int, optional
        Threads; the bits do not depend on them.

    Returns
    -------
    ndarray of shape (n_components,)
        1 too for a component that is constant.
    """
    unit = float(np.abs(X).max()) or 1.0

    def components(rows: slice) -> Floats:
        return product(X[rows], filters.T, n_threads).astype(np.float64) / unit

    blocks = list(gen_batches(len(X), _BLOCK))
    mean = sum(components(rows).sum(axis=0) for rows in blocks) / len(X)
    deviations = np.sqrt(sum(np.square(components(rows) - mean).sum(axis=0) for rows in blocks) / len(X))
    there = deviations > 0.0
    scale = np.where(there, deviations, 1.0)
    seen = sum(_contrast(contrast, epsilon, (components(rows) - mean) / scale).sum(axis=0) for rows in blocks) / len(X)
    density = np.exp(-0.5 * _GRID**2)
    gaussian = float(_contrast(contrast, epsilon, _GRID) @ density / density.sum())
    return np.where(there & (seen > gaussian), -1, 1)


def _contrast(name: str, epsilon: float, z: Floats) -> Floats:
    """g(z)."""
    if name == "smooth-l1":
        return np.sqrt(z**2 + epsilon)
    if name == "logcosh":
        return np.logaddexp(z, -z) - np.log(2.0)
    return -np.exp(-0.5 * z**2)
