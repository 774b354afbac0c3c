"""The core's weights, layers and networks made from the oracles'."""

import numpy as np
from oracles.network import Activation, Dense

from ppdl import _core

ORDERS = ("predict", "pool", "auto")
HIDDEN = ("identity", "logistic", "tanh", "relu", "maxout")  # kinds of layer between those with weights


def scalar(core):
    return np.float32 if core is _core.f32 else np.float64


def core_weights(weights, core=_core.f64):
    """The core's form of the oracle's `Weights`."""

    def array(a):
        return None if a is None else np.ascontiguousarray(a, dtype=scalar(core))

    columns = [
        (column.n_hidden, None if column.atoms is None else np.array(column.atoms, dtype=np.int64), array(column.mix))
        for column in weights.columns
    ]
    structure = {"learned": weights.learned, "n_channels": weights.n_channels}
    return core.PredictedWeights(weights.n_visible, columns, array(weights.base), **structure)


def core_layer(layer, core=_core.f64, order="auto"):
    if isinstance(layer, Dense):
        return core.Dense(core_weights(layer.weights, core), order=order, bias=layer.bias)
    return core.Activation(layer.kind) if isinstance(layer, Activation) else core.Maxout(layer.n_pieces)


def core_network(
    network, core=_core.f64, order="auto", *, input_dropout=0.0, batch_size=16, n_samples=0, memory_limit=0.0
):
    """The core's form of the oracle's `Network`; dropout of its inputs if wanted."""
    layers = [core_layer(layer, core, order) for layer in network.layers]
    if input_dropout > 0:
        layers.insert(0, core.Dropout(input_dropout))
    return core.Network(
        layers,
        network.loss,
        n_inputs=network.n_inputs,
        alpha=network.alpha,
        penalty=network.penalty,
        batch_size=batch_size,
        n_samples=n_samples,
        memory_limit=memory_limit,
    )


def assert_same(received, expected, tolerance=1e-10):
    """Arrays are equal up to rounding, relative to themselves and to their greatest."""
    for r, e in zip(received, expected, strict=True):
        np.testing.assert_allclose(r, e, rtol=tolerance, atol=tolerance * np.abs(e).max())
