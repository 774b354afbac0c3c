"""How a model comes to be: dictionaries layer by layer, initial weights, and dictionaries made anew."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ppdl._precision import Array
from ppdl.layers import Weighted

from ..training.options import Machine
from ..training.state import BatchPlan, Data, Rows
from .architecture import Architecture
from .layer_samples import LayerSamples
from .model import Model, network_of
from .options import Regularisation


def counts_of(data: Data) -> Array | None:
    """Return how much each sample counts in dictionaries, nothing unless it is trained on; None is 1 each."""
    if len(data.rows) == len(data.X):
        return data.weight
    counts = np.zeros(len(data.X), data.X.dtype)
    counts[data.rows] = 1.0 if data.weight is None else data.weight[data.rows]
    return counts


def initial_model(architecture: Architecture, data: Data, n_threads: int | None) -> Model:
    """Build the initial network, its data-driven dictionaries from the activations that it has at the samples."""
    columns: list[Any] = []
    weights: list[Any] = []
    X, counts = data.X, counts_of(data)

    @cache
    def predictor(n: int) -> Any:
        network = network_of(architecture, architecture.layers, weights[:n], X.dtype)
        return network.predictor(initial_theta(network, architecture))

    for n in range(len(architecture.weighted)):

        def inputs(rows: slice | Rows, n: int = n) -> Array:
            sees_data = n == 0 and isinstance(architecture.layers[0], Weighted)
            return X[rows] if sees_data else np.asarray(predictor(n).activations(X[rows], n, n_threads))

        columns.append(architecture.columns(n, LayerSamples(len(X), inputs, counts)))
        weights.append(architecture.weights(n, columns[n], X.dtype))
    network = network_of(architecture, architecture.layers, weights, X.dtype)
    return Model(architecture, columns, initial_theta(network, architecture))


def initial_theta(network: Any, architecture: Architecture) -> Array:
    """Draw V of every layer; each layer's parameters are its own, whatever stands above it. Biases are zero."""
    return np.asarray(network.initial(architecture.seed, scale=architecture.scale))


def training_network(model: Model, plan: BatchPlan, regularisation: Regularisation, machine: Machine) -> Any:
    """Make the core's network that trains: with dropout and weight decay, planned for its batches."""
    layers = tuple(model.architecture.in_training(regularisation.dropout, regularisation.input_dropout))
    return network_of(
        model.architecture,
        layers,
        model.weights,
        model.dtype,
        order=machine.order,
        alpha=regularisation.alpha,
        penalty=regularisation.penalty,
        batch_size=plan.size,
        n_samples=plan.n_pooled,
        memory_limit=machine.memory_limit,
    )


def rebuilt_dictionaries(model: Model, data: Data, n_threads: int | None) -> tuple[Model, list[slice]]:
    """Make the data-driven dictionaries of deeper layers anew, from the activations that the model reaches now.

    V is fitted to the former W by least squares, which bound its length. Layers are taken in order, each seeing the new
    ones below it.

    Returns
    -------
    model : Model
        The model with its new dictionaries, of as many parameters as before.
    changed : list of slice
        Where θ changed.
    """
    changed, counts = [], counts_of(data)
    for n in model.architecture.data_driven:
        W = model.coefs()[n]

        def inputs(rows: slice | Rows, n: int = n, model: Model = model) -> Array:
            return model.activations(data.X[rows], n, n_threads)

        columns = list(model.columns)
        columns[n] = model.architecture.columns(n, LayerSamples(len(data.X), inputs, counts))
        V, _ = model.slices[n]
        theta = model.theta.copy()
        theta[V] = columns[n].fit(W, theta[V])
        model = Model(model.architecture, columns, theta)
        changed.append(V)
    return model, changed
