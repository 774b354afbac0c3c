"""Activations stand wherever they like among a network's layers: first, behind dropout, one after another."""

import numpy as np
import pytest

from ppdl._core import f64
from ppdl.testing import check_gradient

FUNCTIONS = {"logistic": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
N = 4  # inputs and units
LISTS = [
    ["dense", "tanh", "logistic"],
    ["dense", "relu", "logistic", "tanh", "dense", "logistic", "logistic"],
    ["tanh", "dense"],
    ["tanh", "logistic", "dense", "tanh"],
    ["copy", "tanh", "dense", "relu"],
    ["copy", "relu", "logistic", "copy", "tanh", "dense", "tanh", "copy", "logistic"],
]


def made(name):
    if name == "dense":
        return f64.Dense(f64.PredictedWeights(N, [(N, None, None)]))
    return f64.Dropout(0.0) if name == "copy" else f64.Activation(name)


def network(names):
    """Layers of these names, then an ordinary one of two outputs."""
    last = f64.Dense(f64.PredictedWeights(N, [(2, None, None)]))
    return f64.Network([*map(made, names), last], "squared", n_inputs=N)


def sample(net):
    rng = np.random.default_rng(0)
    return rng.standard_normal(net.n_parameters), rng.standard_normal((9, N)), rng.standard_normal((9, 2))


@pytest.mark.parametrize("names", LISTS, ids=" ".join)
def test_outputs_are_those_of_the_functions_in_turn(names):
    net = network(names)
    theta, X, _ = sample(net)
    given, Z, start = X.copy(), X, 0
    inputs = []  # of layers with weights
    for name in [*names, "output"]:
        if name in FUNCTIONS:
            Z = FUNCTIONS[name](Z)
        elif name != "copy":
            inputs.append(Z)
            width = 2 if name == "output" else N
            W, b = theta[start:][: N * width].reshape(N, width), theta[start + N * width :][:width]
            Z, start = Z @ W + b, start + (N + 1) * width
    predictor = net.predictor(theta)
    np.testing.assert_allclose(predictor.predict(X), Z, atol=1e-12)
    for n, expected in enumerate(inputs):
        np.testing.assert_allclose(predictor.activations(X, n), expected, atol=1e-12)
    np.testing.assert_array_equal(X, given)


@pytest.mark.parametrize("names", LISTS, ids=" ".join)
def test_gradient_agrees_with_central_differences(names):
    net = network(names)
    theta, X, Y = sample(net)
    given = X.copy()
    check_gradient(lambda t: net.value_and_gradient(t, X, Y, n_threads=1), theta)
    np.testing.assert_array_equal(X, given)
