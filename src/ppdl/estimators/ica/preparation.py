"""What is done to samples before components are learned: whitening and scaling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ppdl import _checks as checks
from ppdl._interrupts import interruptible
from ppdl._precision import Array, Floats, product
from ppdl.preprocessing.principal_axes import moments, principal_axes


@dataclass(frozen=True)
class Preparation:
    """What is done to samples first: x becomes M(x - mean). All in float64, whatever the samples are.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Means of the features.
    matrix : ndarray of shape (n_axes, n_features)
        M, for whitening or scaling. It takes directions without variance to zero.
    inverse : ndarray of shape (n_features, n_axes)
        The way back, but for those directions, and those that are left out.
    """

    mean: Floats
    matrix: Floats
    inverse: Floats

    @cached_property
    def n_directions(self) -> int:
        """Number of directions in which prepared samples differ."""
        return int(interruptible(lambda: np.linalg.matrix_rank(self.matrix)))

    def apply(self, X: Array, n_threads: int | None = None) -> Array:
        """Prepare samples."""
        return product(X, self.matrix.T, n_threads, mean=self.mean)


def preparation(X: Array, *, standardize: bool, whiten: str | None, epsilon: float, n_axes: int) -> Preparation | None:
    """Learn how samples are prepared; None where they are taken as they are.

    PCA keeps the `n_axes` leading axes. `epsilon` is relative to the mean variance of what is whitened. Directions
    whose variance cannot be told from rounding are left out, unless it makes them visible: noise is no component.

    Raises
    ------
    ValueError
        If squares of X are not finite, no feature has any variance to whiten, or M is out of the range of X's
        precision.
    """
    if not standardize and whiten is None:
        return None
    seen = moments(X)
    scales = np.ones(X.shape[1])
    if standardize:
        scales = np.where(seen.variances > 0.0, np.sqrt(seen.variances), 1.0)
    matrix, inverse = np.diag(1.0 / scales), np.diag(scales)
    if whiten is not None:
        found = principal_axes(X, seen, scales)
        variances = found.variances + epsilon * float(found.variances.mean())
        kept = variances > found.resolution
        if not (kept.any() and np.isfinite(variances).all()):
            raise ValueError(
                f"X: received features of variances up to {seen.variances.max():g}, whiten_epsilon={epsilon:g}; "
                "expected some that can be whitened"
            )
        deviations = np.sqrt(np.where(kept, variances, 1.0))
        forward, back = kept / deviations * found.axes, kept * deviations * found.axes
        if whiten == "zca":
            forward, back = product(forward, found.axes.T), product(back, found.axes.T)
        else:
            forward, back = forward[:, :n_axes], np.ascontiguousarray(back[:, :n_axes])
        matrix, inverse = forward.T / scales, scales[:, np.newaxis] * back
    checks.cast("whitening_", matrix, X.dtype)
    return Preparation(seen.mean, np.ascontiguousarray(matrix), inverse)
