"""Components while and after they are learned: how the samples are prepared, dictionaries, V."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from ppdl.dictionaries.columns import DictionaryColumns

from .model import Array

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

    def apply(self, X: Array) -> Array:
        """Prepare samples."""
        prepared = np.empty_like(X)
        for first in range(0, len(X), _BLOCK):
            rows = slice(first, first + _BLOCK)
            np.matmul(X[rows] - self.mean, self.matrix.T, out=prepared[rows])
        return prepared


def preparation(X: Array, *, standardize: bool, whiten: str | None, epsilon: float) -> Preparation | None:
    """Learn how samples are prepared; None where they are taken as they are."""
    from ppdl.preprocessing import Whitener

    if not standardize and whiten is None:
        return None
    mean = X.mean(axis=0, dtype=np.float64)
    matrix = np.eye(X.shape[1])
    if standardize:
        deviations = np.sqrt(np.mean(np.square(X - mean.astype(X.dtype)), axis=0, dtype=np.float64))
        matrix /= np.where(deviations > 0.0, deviations, 1.0)
    if whiten is not None:
        scaled = Preparation(mean.astype(X.dtype), matrix.astype(X.dtype)).apply(X)
        matrix = Whitener(whiten, epsilon=epsilon).fit(scaled).whitening_.T.astype(np.float64) @ matrix
    return Preparation(mean.astype(X.dtype), np.ascontiguousarray(matrix, dtype=X.dtype))


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
    """

    preparation: Preparation | None
    columns: DictionaryColumns
    V: Array

    @property
    def n_features(self) -> int:
        """Features of a sample."""
        return self.columns.n_visible

    def weights(self) -> Any:
        """Make the core's `PredictedWeights`."""
        return self.columns.weights(self.V.dtype)

    def prepared(self, X: Array) -> Array:
        """Return samples as the components see them."""
        return X if self.preparation is None else self.preparation.apply(X)

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
        W = components.T if self.preparation is None else linalg.pinv(self.preparation.matrix).T @ components.T
        return self.with_V(self.weights().fit(np.ascontiguousarray(W, dtype=self.V.dtype)))

    def filters(self) -> Array:
        """Weights of each component in the space of the prepared samples, unit rows (n_components, n_features)."""
        scaled = self.with_unit_norms()
        return np.ascontiguousarray(scaled.weights().materialise(scaled.V).T)

    def components(self) -> Array:
        """Weights of each component by the features themselves, (n_components, n_features)."""
        return self.filters() if self.preparation is None else self.filters() @ self.preparation.matrix
