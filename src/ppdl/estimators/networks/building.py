"""How a model comes to be: dictionaries layer by layer, initial weights, dictionaries made anew from activations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl._precision import Array

from .architecture import Architecture, build_network
from .model import Model

Rows = npt.NDArray[np.int64]


def taken(X: Array, rows: Rows) -> Array:
    """Return these rows of X; X itself, not a copy, where they are all of them."""
    return X if len(rows) == len(X) else X[rows]


def initial_model(architecture: Architecture, X: Array, rows: Rows, n_threads: int | None) -> Model:
    """Build the initial network, its data-driven dictionaries from the activations that it has at these samples."""
    columns: list[Any] = []
    weights: list[Any] = []
    for layer in range(len(architecture.layers)):

        def activations(layer: int = layer) -> Array:
            network = build_network(architecture, weights, X.dtype)
            theta = initial_theta(network, architecture)
            return np.asarray(network.activations(theta, taken(X, rows), layer, n_threads))

        columns.append(architecture.columns(layer, activations=activations))
        weights.append(columns[layer].weights(X.dtype))
    network = build_network(architecture, weights, X.dtype)
    return Model(architecture, columns, initial_theta(network, architecture))


def initial_theta(network: Any, architecture: Architecture) -> Array:
    """Draw V of every layer; each layer's numbers are its own, whatever stands above it. Biases are zero."""
    return np.asarray(network.initial(architecture.seed, scale=architecture.scale))


def deeper_data_driven(architecture: Architecture) -> list[int]:
    """Numbers of the layers above the first whose dictionaries are made from activations."""
    return [n for n, plan in enumerate(architecture.layers) if n > 0 and plan.dictionary.data_driven]


def rebuilt_dictionaries(model: Model, X: Array, rows: Rows, n_threads: int | None) -> tuple[Model, list[slice]]:
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
        activations = model.activations(taken(X, rows), layer, n_threads)
        columns = list(model.columns)
        columns[layer] = model.architecture.columns(layer, activations=activations)
        V, _ = model.slices[layer]
        theta = model.theta.copy()
        theta[V] = columns[layer].weights(model.dtype).fit(W)
        model = Model(model.architecture, columns, theta)
        changed.append(V)
    return model, changed
