"""Components while and after they are learned: how the samples are prepared, dictionaries, V."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl._interrupts import interruptible
from ppdl._precision import Array, Floats, product
from ppdl.dictionaries.columns import DictionaryColumns, column_sizes

from .options import RicaOptions
from .preparation import Preparation, preparation


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
        """Return the same with other learned parameters, in the precision of the present ones."""
        return dataclasses.replace(self, V=V.astype(self.V.dtype, copy=False))

    def with_unit_norms(self) -> RicaModel:
        """Return the same components with V scaled so that the predicted weights of each have unit norm."""
        V = self.V.copy()
        norms = _norms(self._predicted())
        of_columns = self._of_columns(np.where(norms > 0.0, norms, 1.0).astype(V.dtype))
        matrices = self.columns.dynamic(V)[self.columns.learned :: 1 + self.columns.learned]
        for V_j, of_column in zip(matrices, of_columns, strict=True):
            V_j /= of_column
        return self.with_V(V)

    def nearest(self, components: Floats, otherwise: Array) -> RicaModel:
        """Return the predicted components nearest to given ones, (n_components, n_features); see `nearest_filters`."""
        filters = components if self.preparation is None else product(components, self.preparation.inverse)
        return self.nearest_filters(filters, otherwise)

    def nearest_filters(self, filters: Array, otherwise: Array) -> RicaModel:
        """Return the predicted components nearest to filters in the space of the prepared samples, of unit norm.

        A filter of which the dictionaries predict nothing but rounding becomes that component which the V `otherwise`
        has.
        """
        largest = np.abs(filters).max(axis=1, keepdims=True)
        given = filters / np.where(largest > 0.0, largest, 1.0)
        model = self.with_V(self.weights().fit(np.ascontiguousarray(given.T, dtype=self.V.dtype)))
        least = np.sqrt(np.finfo(self.V.dtype).eps) * np.linalg.norm(given, axis=1)
        predicted = self._of_columns(_norms(model._predicted()) > least)
        V = model.V.copy()
        for V_j, other, there in zip(self.columns.dynamic(V), self.columns.dynamic(otherwise), predicted, strict=True):
            np.copyto(V_j, other, where=~there)
        return self.with_V(V).with_unit_norms()

    def filters(self) -> Array:
        """Weights of each component in the space of the prepared samples, unit rows (n_components, n_features)."""
        W = self._predicted()
        norms = _norms(W)
        return np.ascontiguousarray((W / np.where(norms > 0.0, norms, 1.0)).T, dtype=self.V.dtype)

    def components(self) -> Array:
        """Weights of each component by the features themselves, (n_components, n_features)."""
        filters = self.filters()
        if self.preparation is None:
            return filters
        return product(filters.astype(np.float64), self.preparation.matrix).astype(filters.dtype)

    @cached_property
    def mixing(self) -> Array:
        """Way back from the components, (n_features, n_components): the pseudo-inverse, of prepared samples."""
        filters = self.filters()
        tolerance = max(filters.shape) * np.finfo(filters.dtype).eps
        back: Floats = interruptible(lambda: np.linalg.pinv(filters.astype(np.float64), rcond=tolerance))
        return (back if self.preparation is None else product(self.preparation.inverse, back)).astype(filters.dtype)

    @property
    def n_directions(self) -> int:
        """Number of directions in which prepared samples differ, as far as the preparation tells."""
        return self.columns.n_visible if self.preparation is None else self.preparation.n_directions

    def _predicted(self) -> Array:
        """W, (n_features, n_components)."""
        W: Array = self.weights().materialise(self.V)
        return W

    def _of_columns(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Divide values, one for each component, between the columns."""
        return np.split(values, np.cumsum([column.n_hidden for column in self.columns.columns])[:-1])


def _norms(W: Array) -> Floats:
    return np.asarray(np.linalg.norm(W.astype(np.float64), axis=0))


def starting_model(options: RicaOptions, X: Array, random: np.random.RandomState) -> RicaModel:
    """Learn the preparation, build the dictionaries, and draw or take over the weights to start from."""
    seed = random.randint(np.iinfo(np.int32).max)
    prepared = preparation(
        X,
        standardize=options.standardize,
        whiten=options.whiten,
        epsilon=options.whiten_epsilon,
        n_axes=options.n_axes(X.shape[1]),
    )
    inputs = options.inputs(
        X.shape[1], seed, activations=lambda: X if prepared is None else prepared.apply(X, options.n_threads)
    )
    sizes = column_sizes(options.n_components, options.n_columns)
    columns = options.dictionary.columns(inputs, sizes=sizes, fraction=options.learned_fraction)
    drawn = random.standard_normal(columns.n_dynamic).astype(X.dtype)
    model = RicaModel(prepared, columns, drawn, seed)
    if isinstance(options.init, str):
        n = options.n_components
        chosen = np.sort(random.choice(len(X), n, replace=n > len(X)))
        filters = model.prepared(X[chosen], options.n_threads)
        there = filters.any(axis=1, keepdims=True)  # a sample of zeros has no direction
        model = model.nearest_filters(np.where(there, filters, random.standard_normal(filters.shape)), drawn)
    elif options.init is not None:
        model = model.nearest(options.init, drawn)
    return model.with_unit_norms()
