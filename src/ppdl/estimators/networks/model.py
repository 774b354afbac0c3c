"""A network while and after it is learned: architecture, dictionaries, θ, and on demand the core's objects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl._precision import Array
from ppdl.dictionaries.columns import DictionaryColumns

from .architecture import Architecture, build_network


class Model:
    """Layers of predicted weights with their learned numbers.

    Parameters
    ----------
    architecture : Architecture
        Specification.
    columns : sequence of DictionaryColumns
        The dictionaries of each layer; layers may be missing at the end while a model is being built.
    theta : ndarray of shape (n_parameters,)
        V and bias of each layer, one layer after the other, float32 or float64.

    Notes
    -----
    Pickles and copies hold the specification, the bases that were made from data, and θ. The rest follows from these.
    """

    _bases: list[npt.NDArray[np.float64] | None]  # of a copy or a pickle, from which `columns` are made again

    def __init__(self, architecture: Architecture, columns: Sequence[DictionaryColumns], theta: Array) -> None:
        self.architecture = architecture
        self.columns = tuple(columns)
        self.theta = theta

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the weights."""
        return self.theta.dtype

    @cached_property
    def columns(self) -> tuple[DictionaryColumns, ...]:
        """Dictionaries of each layer."""
        return tuple(self.architecture.columns(layer, base=base) for layer, base in enumerate(self._bases))

    @cached_property
    def weights(self) -> list[Any]:
        """The core's `PredictedWeights` of each layer."""
        return [columns.weights(self.dtype) for columns in self.columns]

    @cached_property
    def network(self) -> Any:
        """The core's `Network` for predictions."""
        return build_network(self.architecture, self.weights, self.dtype)

    def with_theta(self, theta: Array) -> Model:
        """Return this model with other learned numbers; everything else is shared."""
        other = Model.__new__(Model)
        other.__dict__.update(self.__dict__, theta=theta)
        return other

    @property
    def slices(self) -> list[tuple[slice, slice]]:
        """Where V and the bias of each layer stand in θ."""
        found, start = [], 0
        for columns in self.columns:
            middle, end = start + columns.n_dynamic, start + columns.n_dynamic + columns.n_hidden
            found.append((slice(start, middle), slice(middle, end)))
            start = end
        return found

    def coefs(self) -> list[Array]:
        """W of each layer, made now."""
        return [w.materialise(self.theta[v]) for w, (v, _) in zip(self.weights, self.slices, strict=True)]

    def intercepts(self) -> list[Array]:
        """Biases of each layer: views of θ."""
        return [self.theta[bias] for _, bias in self.slices]

    def dynamic_coefs(self) -> list[list[Array]]:
        """V_1, …, V_J of each layer, views of θ; where U is learned, U_j stands before V_j."""
        return [columns.dynamic(self.theta[v]) for columns, (v, _) in zip(self.columns, self.slices, strict=True)]

    def predict(self, X: Array, n_threads: int | None) -> Array:
        """Return the outputs for X, shape (n_samples, n_outputs)."""
        return np.asarray(self.network.predict(self.theta, X, n_threads))

    def activations(self, X: Array, layer: int, n_threads: int | None) -> Array:
        """Return the inputs of a layer for X, shape (n_samples, n_visible)."""
        return np.asarray(self.network.activations(self.theta, X, layer, n_threads))

    def bases(self) -> list[npt.NDArray[np.float64] | None]:
        """B of each layer where it was made from data, else None."""
        return [columns.base if columns.stores_base else None for columns in self.columns]

    def __getstate__(self) -> dict[str, Any]:
        return {"architecture": self.architecture, "theta": self.theta, "_bases": self.bases()}
