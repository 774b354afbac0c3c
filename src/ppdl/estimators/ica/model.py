"""Components while and after they are learned: how the samples are prepared, dictionaries, V."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg
from sklearn.utils import gen_batches

from ppdl._precision import Array, core
from ppdl._precision import product as exact_product
from ppdl.dictionaries.columns import DictionaryColumns
from ppdl.preprocessing import Whitener

_BLOCK = 4096  # samples that are centred at a time


@dataclass(frozen=True)
class Preparation:
    """What is done to samples first: x becomes M(x - mean).

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Means of the features.
    matrix : ndarray of shape (n_features, n_features)
        M, for whitening or scaling.
    """

    mean: Array
    matrix: Array

    def apply(self, X: Array, n_threads: int | None = None) -> Array:
        """Prepare samples."""
        prepared = np.empty_like(X)
        for rows in gen_batches(len(X), _BLOCK):
            prepared[rows] = product(X[rows] - self.mean, self.matrix.T, n_threads)
        return prepared

    def inverse(self) -> Array:
        """M⁻¹, float64."""
        return np.asarray(linalg.inv(self.matrix.astype(np.float64)))


def preparation(
    X: Array, *, standardize: bool, whiten: str | None, epsilon: float, n_threads: int | None = None
) -> Preparation | None:
    """Learn how samples are prepared; None where they are taken as they are.

    `epsilon` is relative to the mean variance of what is whitened, and at least what the precision of X resolves.

    Raises
    ------
    ValueError
        If the variances are too large for float64.
    """
    if not standardize and whiten is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        mean = X.mean(axis=0, dtype=np.float64)
        variances = _variances(X, mean)
    if not np.isfinite(variances).all():
        raise ValueError(f"X: the largest magnitude is {np.abs(X).max():g}, whose square is not finite; scale it")
    scales = np.ones(X.shape[1])
    if standardize:
        scales = np.where(variances > 0.0, np.sqrt(variances), 1.0)
        variances = variances / scales**2
    matrix = np.diag(1.0 / scales)
    if whiten is not None:
        scaled = Preparation(mean.astype(X.dtype), matrix.astype(X.dtype)).apply(X, n_threads)
        epsilon = max(epsilon, _resolution(X)) * (float(variances.mean()) or 1.0)
        whitener = Whitener(whiten, epsilon=epsilon).fit(scaled)
        matrix = exact_product(whitener.whitening_.T.astype(np.float64), matrix)
    return Preparation(mean.astype(X.dtype), np.ascontiguousarray(matrix, dtype=X.dtype))


def _resolution(X: Array) -> float:
    """Variance that cannot be told from 0, relative to the mean one: by the eigenvectors' precision, and the data's.

    No direction has more than all of the variance, n times the mean.
    """
    n = X.shape[1]
    return 2.0 * n * max(n * float(np.finfo(np.float64).eps), (n * float(np.finfo(X.dtype).eps)) ** 2)


def _variances(X: Array, mean: Array) -> Array:
    """Variances of the features; 0 where a feature is constant, whatever rounding the mean has met."""
    squares = np.zeros(X.shape[1])
    for rows in gen_batches(len(X), _BLOCK):
        squares += np.square(X[rows] - mean).sum(axis=0)
    return np.where(X.min(axis=0) < X.max(axis=0), squares / len(X), 0.0)


def product(A: Array, B: Array, n_threads: int | None = None) -> Array:
    """Return A B by the core: unlike NumPy's product, the same bits for any number of threads."""
    weights = core(A.dtype).PredictedWeights(B.shape[0], [(B.shape[1], None, None)])
    AB: Array = weights.apply(np.ascontiguousarray(A), np.ravel(B), n_threads=n_threads)
    return AB


@dataclass(frozen=True)
class RicaModel:
    """Predicted weights of the components, in the space of the prepared samples.

    Parameters
    ----------
    preparation : Preparation or None
        What is done to samples first.
    columns : DictionaryColumns
        The dictionaries.
    V : ndarray of shape (n_dynamic,)
        What is learned, V_1, …, V_J flat.
    seed : int
        Of the choice of atoms.
    """

    preparation: Preparation | None
    columns: DictionaryColumns
    V: Array
    seed: int

    def weights(self) -> Any:
        """Make the core's `PredictedWeights`."""
        return self.columns.weights(self.V.dtype)

    def prepared(self, X: Array, n_threads: int | None = None) -> Array:
        """Return samples as the components see them."""
        return X if self.preparation is None else self.preparation.apply(X, n_threads)

    def with_V(self, V: Array) -> RicaModel:
        """Return the same with other learned numbers."""
        return dataclasses.replace(self, V=V)

    def with_unit_norms(self) -> RicaModel:
        """Return the same components with V scaled so that the predicted weights of each have unit norm."""
        norms = np.linalg.norm(self.weights().materialise(self.V), axis=0)
        V, first = self.V.copy(), 0
        matrices = self.columns.dynamic(V)
        for column, V_j in zip(
            self.columns.columns, matrices[self.columns.learned :: 1 + self.columns.learned], strict=True
        ):
            of_column = norms[first : first + column.n_hidden]
            V_j /= np.where(of_column > 0.0, of_column, 1.0)
            first += column.n_hidden
        return self.with_V(V)

    def nearest(self, components: Array) -> RicaModel:
        """Return the predicted components that are nearest to given ones, (n_components, n_features)."""
        return self.nearest_filters(components if self.preparation is None else components @ self.preparation.inverse())

    def nearest_filters(self, filters: Array) -> RicaModel:
        """Return the predicted components nearest to filters in the space of the prepared samples."""
        return self.with_V(self.weights().fit(np.ascontiguousarray(filters.T, dtype=self.V.dtype)))

    def filters(self) -> Array:
        """Weights of each component in the space of the prepared samples, unit rows (n_components, n_features)."""
        scaled = self.with_unit_norms()
        return np.ascontiguousarray(scaled.weights().materialise(scaled.V).T)

    def components(self) -> Array:
        """Weights of each component by the features themselves, (n_components, n_features)."""
        return self.filters() if self.preparation is None else product(self.filters(), self.preparation.matrix)

    def mixing(self) -> Array:
        """Way back from the components, (n_features, n_components): the pseudo-inverse, of prepared samples."""
        inverse = linalg.pinv(self.filters())
        return inverse if self.preparation is None else (self.preparation.inverse() @ inverse).astype(inverse.dtype)
