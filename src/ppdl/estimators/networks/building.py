"""How a model comes to be: dictionaries layer by layer, initial weights, dictionaries made anew from activations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl._precision import Array

from .architecture import Architecture, build_network
from .model import Model

Rows = npt.NDArray[np.int64]


def counted(n_samples: int, rows: Rows, weight: Array | None) -> Array | None:
    """Return how much each sample counts in dictionaries, nothing unless it is in `rows`; None is 1 each."""
    if len(rows) == n_samples:
        return weight
    counts = np.zeros(n_samples, np.float64 if weight is None else weight.dtype)
    counts[rows] = 1.0 if weight is None else weight[rows]
    return counts


def initial_model(architecture: Architecture, X: Array, weight: Array | None, n_threads: int | None) -> Model:
    """Build the initial network, its data-driven dictionaries from the activations that it has at weighted samples."""
    columns: list[Any] = []
    weights: list[Any] = []
    for layer in range(len(architecture.layers)):

        def activations(layer: int = layer) -> Array:
            if layer == 0:
                return X
            network = build_network(architecture, weights, X.dtype)
            theta = initial_theta(network, architecture)
            return np.asarray(network.activations(theta, X, layer, n_threads))

        columns.append(architecture.columns(layer, activations=activations, weight=weight))
        weights.append(columns[layer].weights(X.dtype))
    network = build_network(architecture, weights, X.dtype)
    return Model(architecture, columns, initial_theta(network, architecture))


def initial_theta(network: Any, architecture: Architecture) -> Array:
    """Draw V of every layer; each layer's numbers are its own, whatever stands above it. Biases are zero."""
    return np.asarray(network.initial(architecture.seed, scale=architecture.scale))


def deeper_data_driven(architecture: Architecture) -> list[int]:
    """Numbers of the layers above the first whose dictionaries are made from activations."""
    return [n for n, plan in enumerate(architecture.layers) if n > 0 and plan.dictionary.data_driven]


def rebuilt_dictionaries(
    model: Model, X: Array, weight: Array | None, n_threads: int | None
) -> tuple[Model, list[slice]]:
    """Make the data-driven dictionaries of deeper layers anew, from the activations that the model reaches now.

    V is fitted to the former W by least squares. Layers are taken in order, each seeing the new ones below it.

    Returns
    -------
    model : Model
        The model with its new dictionaries, of as many parameters as before.
    changed : list of slice
        Where θ changed.
    """
    changed = []
    for layer in deeper_data_driven(model.architecture):
        W = model.coefs()[layer]
        activations = model.activations(X, layer, n_threads)
        columns = list(model.columns)
        columns[layer] = model.architecture.columns(layer, activations=activations, weight=weight)
        V, _ = model.slices[layer]
        theta = model.theta.copy()
        theta[V] = columns[layer].fit(W, theta[V])
        model = Model(model.architecture, columns, theta)
        changed.append(V)
    return model, changed
