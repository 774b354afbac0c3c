"""The tied autoencoder, each of whose columns reconstructs the whole input, against the oracle."""

import numpy as np
import pytest
from cases import covering
from oracles.network import Autoencoder, Sgd, epoch
from oracles.structures import STRUCTURES
from twins import assert_same, core_weights

from ppdl import _core
from ppdl.testing import check_gradient

STATIC = [name for name in STRUCTURES if not name.startswith("learned")]
KINDS = ("identity", "logistic", "tanh", "relu")
N_VISIBLE, N_HIDDEN = 8, 7


def core_autoencoder(oracle, core=_core.f64, **options):
    return core.Autoencoder(
        core_weights(oracle.weights, core),
        activation=oracle.activation,
        decoder=oracle.decoder,
        decoder_bias=oracle.decoder_bias,
        **options,
    )


def example(structure, n_samples=9, n_visible=N_VISIBLE, n_hidden=N_HIDDEN, **options):
    rng = np.random.default_rng(11)
    oracle = Autoencoder(STRUCTURES[structure](rng, n_visible, n_hidden), **options)
    return oracle, rng.uniform(size=(n_samples, n_visible)), 0.5 * rng.standard_normal(oracle.n_parameters)


@pytest.mark.parametrize("decoder_bias", [False, True])
@pytest.mark.parametrize("structure", STATIC)
def test_value_and_gradient_are_those_of_the_oracle(structure, decoder_bias):
    oracle, X, theta = example(structure, n_samples=150, decoder_bias=decoder_bias)
    model = core_autoencoder(oracle)
    assert model.n_parameters == oracle.n_parameters
    assert_same(model.value_and_gradient(theta, X), oracle.value_and_gradient(theta, X))


@pytest.mark.parametrize(("activation", "decoder"), [*zip(KINDS, KINDS[::-1]), *zip(KINDS, KINDS)])
def test_every_activation_and_decoder_is_that_of_the_oracle(activation, decoder):
    oracle, X, theta = example("base_with_mix", activation=activation, decoder=decoder, decoder_bias=True)
    model = core_autoencoder(oracle)
    assert_same(model.value_and_gradient(theta, X), oracle.value_and_gradient(theta, X))
    check_gradient(lambda t: model.value_and_gradient(t, X, n_threads=1), theta)


@pytest.mark.parametrize("structure", STATIC)
def test_a_data_set_pooled_once_gives_the_same_values(structure):
    oracle, X, theta = example(structure, n_samples=50, n_visible=60, n_hidden=24)
    model = core_autoencoder(oracle, n_samples=50, memory_limit=1e9)
    assert_same(model.value_and_gradient(theta, X), oracle.value_and_gradient(theta, X))


@pytest.mark.parametrize("structure", ["identity", "base_with_mix"])
def test_a_batch_beyond_one_group_is_that_of_the_oracle(structure):
    # activations are held, and gradients summed, for 1024 samples at a time
    oracle, X, theta = example(structure, n_samples=2500, decoder_bias=True)
    weight = np.linspace(0.5, 1.5, 2500)
    expected = oracle.value_and_gradient(theta, X, sample_weight=weight)
    assert_same(core_autoencoder(oracle).value_and_gradient(theta, X, sample_weight=weight), expected)


@pytest.mark.parametrize("structure", ["identity", "base_with_mix"])
def test_sample_weights_are_repeated_samples(structure):
    oracle, X, theta = example(structure, decoder_bias=True)
    model, times = core_autoencoder(oracle), np.arange(len(X))
    weighted = model.value_and_gradient(theta, X, sample_weight=times.astype(float))
    assert_same(weighted, model.value_and_gradient(theta, np.repeat(X, times, axis=0)), 1e-12)


@pytest.mark.parametrize("structure", STATIC)
def test_single_precision_is_close_to_double(structure):
    oracle, X, theta = example(structure)
    X32 = X.astype(np.float32)
    f, g = core_autoencoder(oracle, _core.f32).value_and_gradient(theta.astype(np.float32), X32)
    assert g.dtype == np.float32
    assert_same((f, g), oracle.value_and_gradient(theta, X), 1e-4)


@pytest.mark.parametrize(
    ("structure", "n_samples"), covering(["identity", "base_with_mix", "crowded_base", "own_atoms"], [0, 40])
)
def test_epochs_are_those_of_the_oracle(structure, n_samples):
    oracle, X, theta = example(structure, n_samples=40)
    order, rates, weight = np.random.default_rng(0).permutation(40), np.geomspace(0.1, 0.05, 3), np.linspace(0.2, 2, 40)
    expected, optimizer, received = theta, Sgd(0.7), theta.copy()
    model = core_autoencoder(oracle, n_samples=n_samples, memory_limit=1e9)
    trainer = _core.f64.Trainer(model, _core.f64.Sgd(0.7), X, sample_weight=weight, batch_size=16)
    for _ in range(3):
        expected, expected_loss = epoch(oracle, optimizer, expected, X, X, order, rates, 16, weight)
        loss = trainer.epoch(received, order, rates)
        assert loss == pytest.approx(expected_loss, rel=1e-10)
    np.testing.assert_allclose(received, expected, rtol=1e-9, atol=1e-10)


def test_training_lowers_the_reconstruction_error():
    rng = np.random.default_rng(0)
    oracle, _, _ = example("base_with_mix", n_visible=12, n_hidden=9)
    model = core_autoencoder(oracle)
    X, theta = rng.uniform(size=(200, 3)) @ rng.uniform(size=(3, 12)) / 3, model.initial(0, scale=0.1)
    trainer = _core.f64.Trainer(model, _core.f64.Adam(), X, batch_size=20)
    losses = [trainer.epoch(theta, rng.permutation(200), np.full(10, 0.01)) for _ in range(30)]
    assert losses[-1] < 0.7 * losses[0]


def test_a_learned_dictionary_is_an_error():
    oracle, *_ = example("learned")
    with pytest.raises(ValueError, match="learned"):
        core_autoencoder(oracle)


def test_wrong_shapes_are_errors_that_name_both():
    oracle, X, theta = example("base")
    model = core_autoencoder(oracle)

    def names(received, expected):
        return pytest.raises(ValueError, match=rf"\b{received}\b.*\b{expected}\b")

    with names(theta.size - 1, theta.size):
        model.value_and_gradient(theta[1:].copy(), X)
    with names(N_VISIBLE - 1, N_VISIBLE):
        model.value_and_gradient(theta, X[:, 1:].copy())
    with names(len(X) - 1, len(X)):
        model.value_and_gradient(theta, X, sample_weight=np.ones(len(X) - 1))


def test_targets_of_its_own_are_an_error():
    oracle, X, theta = example("base")
    for targets in (X, np.zeros(len(X), dtype=np.int32)):
        with pytest.raises(ValueError, match="targets"):
            core_autoencoder(oracle).value_and_gradient(theta, X, targets)


def test_no_samples_or_no_weight_is_an_error():
    oracle, X, theta = example("base")
    model = core_autoencoder(oracle)
    with pytest.raises(ValueError, match="samples"):
        model.value_and_gradient(theta, X[:0].copy())
    with pytest.raises(ValueError, match="weights"):
        model.value_and_gradient(theta, X, sample_weight=np.zeros(len(X)))
