"""A network while and after it is learned: architecture, dictionaries, θ, and on demand the core's objects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl._precision import Array, core
from ppdl.dictionaries.columns import DictionaryColumns, StoredBase
from ppdl.layers import Dense, Layer, Weighted

from .architecture import Architecture


class Model:
    """Layers of predicted weights with their learned parameters.

    Parameters
    ----------
    architecture : Architecture
        Specification.
    columns : sequence of DictionaryColumns
        The dictionaries of each layer of weights.
    theta : ndarray of shape (n_parameters,)
        V and bias of each layer, one layer after the other, float32 or float64.

    Notes
    -----
    Pickles and copies hold the specification, the bases that were made from data, and θ. The rest follows from these.
    """

    _bases: list[StoredBase | None]  # of a copy or a pickle, from which `columns` are made again

    def __init__(self, architecture: Architecture, columns: Sequence[DictionaryColumns], theta: Array) -> None:
        self.architecture = architecture
        self.columns = tuple(columns)
        self.theta = theta

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the weights."""
        return self.theta.dtype

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.architecture.seed

    @cached_property
    def columns(self) -> tuple[DictionaryColumns, ...]:
        """Dictionaries of each layer."""
        return tuple(self.architecture.columns(n, base=base) for n, base in enumerate(self._bases))

    @cached_property
    def weights(self) -> list[Any]:
        """The core's `PredictedWeights` of each layer."""
        return [self.architecture.weights(n, columns, self.dtype) for n, columns in enumerate(self.columns)]

    @cached_property
    def network(self) -> Any:
        """The core's network for predictions."""
        return network_of(self.architecture, self.architecture.layers, self.weights, self.dtype)

    @cached_property
    def predictor(self) -> Any:
        """What predicts with this θ."""
        return self.network.predictor(self.theta)

    def with_theta(self, theta: Array) -> Model:
        """Return this model with other learned parameters; all but θ, and what was made of it, is shared."""
        other = Model.__new__(Model)
        other.__dict__.update(self.__dict__, theta=theta)
        other.__dict__.pop("predictor", None)
        return other

    @property
    def slices(self) -> list[tuple[slice, slice]]:
        """Where V and the bias of each layer stand in θ."""
        found, start = [], 0
        for columns, place in zip(self.columns, self.architecture.weighted, strict=True):
            middle = start + columns.n_dynamic
            end = middle + place.layer.bias * columns.n_hidden
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
        return np.asarray(self.predictor.predict(X, n_threads))

    def linear_outputs(self, X: Array, n_threads: int | None) -> Array:
        """Return the outputs for X before their activation, shape (n_samples, n_outputs)."""
        return self.activations(X, len(self.columns), n_threads)

    def activations(self, X: Array, n: int, n_threads: int | None) -> Array:
        """Return the inputs of layer `n` of weights for X, shape (n_samples, n_visible)."""
        return np.asarray(self.predictor.activations(X, n, n_threads))

    def __getstate__(self) -> dict[str, Any]:
        bases = [columns.stored for columns in self.columns]
        return {"architecture": self.architecture, "theta": self.theta, "_bases": bases}


def network_of(
    architecture: Architecture,
    layers: Sequence[Layer],
    weights: Sequence[Any],
    dtype: npt.DTypeLike,
    *,
    order: str = "auto",
    **training: Any,
) -> Any:
    """Make the core's network from specifications and the weights of those that have them.

    Parameters
    ----------
    architecture : Architecture
        What the network is of.
    layers : sequence of Layer
        Its layers, those of training among them.
    weights : sequence of PredictedWeights
        Of each layer of weights. With fewer, the network ends early, in an ordinary layer.
    dtype : float32 or float64
        Precision.
    order : {"auto", "predict", "pool"}
        Order of evaluation.
    **training
        Penalty, and what it is planned for, as the core takes them.
    """
    S = core(dtype)
    made, remaining, shape = [], list(weights), architecture.shape
    for layer in layers:
        if not isinstance(layer, Weighted):
            made.append(layer.made(S, shape))
        elif remaining:
            made.append(layer.made(S, shape, remaining.pop(0), order))
        else:
            made.append(Dense(architecture.n_outputs).made(S, shape))
            break
        shape = layer.output_shape(shape)
    if architecture.spatial:
        training["input_shape"] = tuple(architecture.shape)
    return S.Network(made, architecture.loss, n_inputs=architecture.n_inputs, **training)
