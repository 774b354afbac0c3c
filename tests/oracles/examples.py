"""Small networks over every structure, with samples, targets and parameters."""

import numpy as np

from .network import Activation, Column, Dense, Maxout, Network, Weights
from .structures import STRUCTURES

LOSSES = ("softmax", "binary", "squared", "poisson")
N_INPUTS, N_HIDDEN, N_OUTPUTS = 8, 6, 3


def example(structure, loss="softmax", *, hidden="tanh", n_samples=9, alpha=0.0, penalty="dynamic"):
    """An oracle network with the structure in its first two layers; X, y and θ for it."""
    rng = np.random.default_rng(len(structure))
    build, pieces = STRUCTURES[structure], 2 if hidden == "maxout" else 1

    def nonlinearity():
        return Maxout(pieces) if hidden == "maxout" else Activation(hidden)

    layers = (
        Dense(build(rng, N_INPUTS, N_HIDDEN * pieces)),
        nonlinearity(),
        Dense(build(rng, N_HIDDEN, N_HIDDEN * pieces), bias=False),
        nonlinearity(),
        Dense(Weights(N_HIDDEN, (Column(N_OUTPUTS),))),
    )
    network = Network(layers, loss, N_INPUTS, alpha, penalty)
    X = rng.standard_normal((n_samples, N_INPUTS))
    return network, X, targets_for(loss, rng, n_samples), 0.7 * rng.standard_normal(network.n_parameters)


def targets_for(loss, rng, n_samples):
    if loss == "softmax":
        return rng.integers(N_OUTPUTS, size=n_samples).astype(np.int32)
    if loss == "binary":
        return rng.integers(2, size=(n_samples, N_OUTPUTS)).astype(float)
    if loss == "poisson":
        return rng.poisson(2.0, size=(n_samples, N_OUTPUTS)).astype(float)
    return rng.standard_normal((n_samples, N_OUTPUTS))
