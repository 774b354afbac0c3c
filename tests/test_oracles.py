"""The oracles themselves: against central differences and against scikit-learn."""

import warnings

import numpy as np
import pytest
from oracles.examples import LOSSES, example
from oracles.network import Activation, Adam, Autoencoder, Column, Dense, Maxout, Network, Sgd, Weights, epoch
from oracles.structures import STRUCTURES
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ppdl.testing import check_gradient


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_gradient_of_the_oracle_network_agrees_with_differences(structure, loss):
    for penalty in ("dynamic", "predicted"):
        network, X, y, theta = example(structure, loss, alpha=0.3, penalty=penalty)
        check_gradient(lambda t: network.value_and_gradient(t, X, y, np.arange(1.0, len(X) + 1)), theta)  # noqa: B023


@pytest.mark.parametrize("kind", ["logistic", "tanh", "relu", "identity", "maxout"])
def test_gradient_of_each_oracle_layer_agrees_with_differences(kind):
    network, X, y, theta = example("base_with_mix", "softmax", hidden=kind)
    assert any(isinstance(layer, Maxout if kind == "maxout" else Activation) for layer in network.layers)
    check_gradient(lambda t: network.value_and_gradient(t, X, y), theta)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_gradient_of_the_oracle_autoencoder_agrees_with_differences(structure):
    rng = np.random.default_rng(0)
    model = Autoencoder(STRUCTURES[structure](rng, 8, 7), decoder_bias=True)
    X = rng.uniform(size=(5, 8))
    check_gradient(lambda t: model.value_and_gradient(t, X), rng.standard_normal(model.n_parameters))


@pytest.mark.parametrize(
    ("options", "make_optimizer"),
    [
        ({"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False}, lambda: Sgd(0.9)),
        ({"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": True}, lambda: Sgd(0.8, nesterov=True)),
        ({"solver": "adam"}, Adam),
    ],
)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_oracle_epochs_are_those_of_scikit_learn(loss, options, make_optimizer, weighted):
    rng = np.random.default_rng(1)
    X, w = rng.standard_normal((40, 6)), rng.uniform(0.5, 1.5, 40) if weighted else None
    if loss in ("softmax", "binary"):
        y = rng.integers(3 if loss == "softmax" else 2, size=40)
        peer, targets = MLPClassifier, y if loss == "softmax" else y[:, None]
    else:
        y = rng.poisson(2.0, 40).astype(float)
        peer, targets = MLPRegressor, y[:, None]
        options = {**options, "loss": "squared_error" if loss == "squared" else loss}
    options = {**options, "hidden_layer_sizes": (5,), "activation": "tanh", "alpha": 0.2, "random_state": 0}
    options = {**options, "batch_size": 16, "shuffle": False, "max_iter": 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = peer(**options, learning_rate_init=1e-300).fit(X, y, sample_weight=w)
        trained = peer(**options, learning_rate_init=0.05).fit(X, y, sample_weight=w)

    def flat(mlp):
        layers = zip(mlp.coefs_, mlp.intercepts_, strict=True)
        return np.concatenate([part.ravel() for layer in layers for part in layer])

    dense = [Dense(Weights(n, (Column(m),))) for n, m in [(6, 5), (5, trained.n_outputs_)]]
    network = Network((dense[0], Activation("tanh"), dense[1]), loss, 6, alpha=0.2)
    theta, losses, optimizer = flat(start), [], make_optimizer()
    for _ in range(3):
        theta, value = epoch(network, optimizer, theta, X, targets, np.arange(40), [0.05] * 3, 16, w)
        losses.append(value)
    np.testing.assert_allclose(theta, flat(trained), rtol=1e-9, atol=1e-12)
    if not weighted:  # scikit-learn averages the batches' losses by their numbers of samples
        np.testing.assert_allclose(losses, trained.loss_curve_, rtol=1e-9)
