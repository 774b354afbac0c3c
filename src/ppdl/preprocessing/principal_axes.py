"""Means, variances and principal axes of samples, in double whatever their precision, and what of them is rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils import gen_batches

from ppdl import _core
from ppdl._precision import Array, Floats, product

_BLOCK = 4096  # samples that are centred at a time


@dataclass(frozen=True)
class Moments:
    """Means and variances of the features.

    Parameters
    ----------
    mean, variances : ndarray of shape (n_features,)
        Float64; the variance of a feature is 0 where rounding explains it.
    precision : float
        Relative spacing of the numbers that they were taken from.
    """

    mean: Floats
    variances: Floats
    precision: float


@dataclass(frozen=True)
class PrincipalAxes:
    """Eigenvectors of a covariance.

    Parameters
    ----------
    axes : ndarray of shape (n_features, n_features)
        In columns, by decreasing variance.
    variances : ndarray of shape (n_features,)
        Along them.
    resolution : ndarray of shape (n_features,)
        Variances along them that cannot be told from rounding.
    """

    axes: Floats
    variances: Floats
    resolution: Floats


def moments(X: Array) -> Moments:
    """Compute means and variances in double, in two passes.

    Raises
    ------
    ValueError
        If squares of X are not finite.
    """
    n_samples, n_features = X.shape
    sums, differences, squares = np.zeros(n_features), np.zeros(n_features), np.zeros(n_features)
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in gen_batches(n_samples, _BLOCK):
            sums += X[rows].sum(axis=0, dtype=np.float64)
        mean = sums / n_samples
        for rows in gen_batches(n_samples, _BLOCK):
            centred = X[rows] - mean
            differences += centred.sum(axis=0)
            squares += np.square(centred).sum(axis=0)
        shift = differences / n_samples  # what rounding has left of the mean
        mean, variances = mean + shift, squares / n_samples - shift**2
    if not np.isfinite(variances).all():
        raise ValueError(
            f"X: the largest magnitude is {max(abs(float(X.min())), float(X.max())):g}; expected numbers whose squares "
            "are finite in float64; scale them"
        )
    precision = float(np.finfo(X.dtype).eps)
    return Moments(mean, np.where(variances > (2.0 * precision * mean) ** 2, variances, 0.0), precision)


def principal_axes(X: Array, seen: Moments, scales: Floats | None = None) -> PrincipalAxes:
    """Compute the principal axes of samples, after their features were divided by `scales`.

    Rounding of the samples, up to a unit in the last place of each number and together in all features, adds to a
    direction at most n² times the square of that unit; rounding of the covariance and its eigenvectors, some n units in
    the last place of the largest variance.
    """
    n = X.shape[1]
    C = _core.dictionary.covariance(X)
    mean_squares = seen.variances + seen.mean**2
    if scales is not None:
        C, mean_squares = C / scales / scales[:, np.newaxis], mean_squares / scales**2
    V = _core.dictionary.symmetric_eigenvectors(C)
    variances = np.einsum("ij,ij->j", V, product(C, V)).clip(min=0.0)
    of_samples = (n * seen.precision) ** 2 * (mean_squares @ V**2)
    of_covariance = 16.0 * n * float(np.finfo(np.float64).eps) * float(variances.max())
    return PrincipalAxes(V, variances, np.maximum(of_samples, of_covariance))
