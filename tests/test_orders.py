"""Orders of evaluation and the data set that is pooled once: same values, at the cost that is described."""

import numpy as np
import pytest
from oracles.examples import N_HIDDEN, N_INPUTS, N_OUTPUTS, example
from oracles.network import Activation, Column, Dense, Network, Weights
from oracles.structures import STRUCTURES
from twins import ORDERS, assert_same, core_network, core_weights, scalar

from ppdl import _core

PLENTY = 1e9  # bytes: no bound on memory


@pytest.mark.parametrize("structure", STRUCTURES)
def test_all_orders_agree_to_rounding(structure):
    oracle, X, y, theta = example(structure, n_samples=150, alpha=0.1)
    expected = core_network(oracle, order="predict").value_and_gradient(theta, X, y)
    for batch_size in (1, 10, 1000):
        for order in ("pool", "auto"):
            network = core_network(oracle, order=order, batch_size=batch_size)
            assert_same(network.value_and_gradient(theta, X, y), expected, 1e-11)


def wide_example(structure, n_samples=50):
    """A first layer wide enough that pooling it once pays."""
    rng = np.random.default_rng(3)
    first, last = Dense(STRUCTURES[structure](rng, 60, 24)), Dense(Weights(24, (Column(N_OUTPUTS),)))
    oracle = Network((first, Activation("tanh"), last), "softmax", 60, alpha=0.3)
    y = rng.integers(N_OUTPUTS, size=n_samples).astype(np.int32)
    theta = 0.3 * rng.standard_normal(oracle.n_parameters)
    return oracle, rng.standard_normal((n_samples, 60)), y, theta


def pooled_once(network):
    return network.describe()[0]["pooled_once"]


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_data_set_pooled_once_gives_the_same_values(structure):
    oracle, X, y, theta = wide_example(structure)
    for penalty in ("dynamic", "predicted"):
        oracle = Network(oracle.layers, oracle.loss, 60, 0.3, penalty)
        network = core_network(oracle, batch_size=10, n_samples=len(X), memory_limit=PLENTY)
        assert_same(network.value_and_gradient(theta, X, y), oracle.value_and_gradient(theta, X, y))
        assert_same([network.predictor(theta).predict(X)], [oracle.predict(theta, X)])


@pytest.mark.parametrize(
    "structure", ["base", "base_with_mix", "own_atoms", "whole_base", "crowded_base", "one_column"]
)
def test_the_first_layer_is_pooled_once_where_that_is_cheaper(structure):
    oracle, *_ = wide_example(structure)
    without = core_network(oracle).describe()
    pooled = core_network(oracle, n_samples=1000, memory_limit=PLENTY).describe()
    assert [layer["pooled_once"] for layer in without] == [False, False]
    assert [layer["pooled_once"] for layer in pooled] == [True, False]
    assert pooled[0]["multiply_adds"] < without[0]["multiply_adds"]


@pytest.mark.parametrize("structure", ["identity", "selection", "learned"])
def test_a_layer_that_has_nothing_to_pool_with_is_not_pooled(structure):
    assert not pooled_once(core_network(wide_example(structure)[0], n_samples=1000, memory_limit=PLENTY))


@pytest.mark.parametrize("core", [_core.f32, _core.f64])
def test_pooling_once_respects_the_memory_limit(core):
    oracle, *_ = wide_example("base_with_mix")
    needed = 1000 * sum(oracle.weights[0][0].n_atoms) * np.dtype(scalar(core)).itemsize
    for memory_limit in (needed, needed - 1):
        network = core_network(oracle, core, "pool", n_samples=1000, memory_limit=memory_limit)
        assert pooled_once(network) == (memory_limit == needed)


@pytest.mark.parametrize(
    ("structure", "n_formed"), [("base_with_mix", 1), ("own_atoms", 1), ("identity", 0), ("learned", 0)]
)
def test_a_dictionary_is_formed_once_for_all_that_use_it(structure, n_formed):
    core, (oracle, X, y, _) = _core.f64, wide_example(structure)
    before = core.PredictedWeights.n_dictionaries_formed
    weights, last = core_weights(oracle.weights[0][0]), core_weights(oracle.weights[1][0])
    for order in ORDERS:
        for n_samples in (0, len(X)):
            layers = [core.Dense(weights, order=order), core.Activation("tanh"), core.Dense(last)]
            options = {"n_inputs": 60, "batch_size": 10, "n_samples": n_samples, "memory_limit": PLENTY}
            network = core.Network(layers, "softmax", penalty="predicted", alpha=0.1, **options)
            theta = network.initial(0)
            network.value_and_gradient(theta, X, y)
            trainer = core.Trainer(network, core.Sgd(), X, y, batch_size=10, max_column_norm=1.0)
            trainer.epoch(theta, np.arange(len(X)), np.full(5, 0.01))
            core.fit_lbfgs(network, theta, X, y, max_iterations=2)
            predictor = network.predictor(theta)
            for row in X:
                predictor.predict(row[None])
    if n_formed > 0:
        autoencoder = core.Autoencoder(weights, n_samples=len(X), memory_limit=PLENTY)
        autoencoder.value_and_gradient(autoencoder.initial(0), X)
        weights.fit(weights.materialise(np.ones(weights.n_dynamic)))
        core.Rica(weights).value_and_gradient(np.ones(weights.n_dynamic), X)
    assert core.PredictedWeights.n_dictionaries_formed - before == n_formed


def test_columns_whose_atoms_outnumber_the_base_share_it():
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((30, 30))
    columns = tuple(Column(20, tuple(np.sort(rng.permutation(100)[:30]).tolist()), mix) for _ in range(20))
    layers = (Dense(Weights(100, columns, rng.standard_normal((100, 100)))), Dense(Weights(400, (Column(2),))))
    oracle = Network(layers, "squared", 100)
    network = core_network(oracle, order="pool", batch_size=100)
    assert network.describe()[0]["order"] == "shared"
    X, y, theta = rng.standard_normal((80, 100)), np.zeros((80, 2)), rng.standard_normal(oracle.n_parameters) / 30
    assert_same(network.value_and_gradient(theta, X, y), oracle.value_and_gradient(theta, X, y))


def test_description_tells_shapes_counts_and_offsets():
    oracle, *_ = example("base_with_mix")
    network = core_network(oracle, order="pool")
    for d, (weights, v), bias in zip(network.describe(), oracle.weights, (N_HIDDEN, 0, N_OUTPUTS), strict=True):
        assert (d["n_visible"], d["n_hidden"]) == (weights.n_visible, weights.n_hidden)
        assert d["n_columns"] == len(weights.columns)
        assert (d["n_dynamic"], d["n_bias"]) == (weights.n_dynamic, bias)
        assert (d["offset"], d["bias_offset"]) == (v.start, v.stop)
        assert d["multiply_adds"] > 0
        assert d["dense_multiply_adds"] > 0
    assert [d["order"] for d in network.describe()] == ["pool", "pool", "dense"]
    assert network.n_parameters == oracle.n_parameters
    assert (network.n_inputs, network.n_outputs) == (N_INPUTS, N_OUTPUTS)


@pytest.mark.parametrize("structure", ["learned", "learned_in_one_column"])
def test_a_layer_with_a_learned_dictionary_is_described_as_one_that_pools(structure):
    oracle, *_ = example(structure)
    first, weights = core_network(oracle).describe()[0], oracle.weights[0][0]
    expected = {"n_visible": N_INPUTS, "n_hidden": N_HIDDEN, "n_columns": len(weights.columns), "order": "pool"}
    expected |= {"n_atoms": sum(weights.n_atoms), "n_dynamic": weights.n_dynamic, "n_static": 0, "pooled_once": False}
    assert {name: first[name] for name in expected} == expected


def test_a_first_layer_pooled_once_costs_the_proportion_of_the_dense_one():
    rng = np.random.default_rng(0)
    for k in (5, 10, 20, 50, 90, 100):
        columns = tuple(Column(10, tuple(range(k)), rng.standard_normal((k, k))) for _ in range(10))
        layers = (Dense(Weights(100, columns, rng.standard_normal((100, 100)))), Dense(Weights(100, (Column(3),))))
        options = {"batch_size": 100, "n_samples": 10_000, "memory_limit": PLENTY}
        first = core_network(Network(layers, "softmax", 100), **options).describe()[0]
        assert first["multiply_adds"] == pytest.approx(k / 100 * first["dense_multiply_adds"], rel=0.01)
