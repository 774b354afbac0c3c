"""Outputs and activations of a network under one θ: against the oracle, and row by row."""

import gc

import numpy as np
import pytest
from cases import covering
from oracles.examples import LOSSES, N_OUTPUTS, example
from oracles.network import Activation, Column, Dense, Maxout, Network, Weights
from oracles.structures import STRUCTURES
from twins import HIDDEN, assert_same, core_network, scalar

from ppdl import _core


@pytest.mark.parametrize(("hidden", "loss"), covering(HIDDEN, LOSSES))
def test_predictions_and_activations_are_those_of_the_oracle(hidden, loss):
    oracle, X, _, theta = example("base_with_mix", loss, hidden=hidden, n_samples=150)
    predictor = core_network(oracle).predictor(theta)
    assert_same([predictor.predict(X)], [oracle.predict(theta, X)])
    for n in range(3):
        assert_same([predictor.activations(X, n)], [oracle.activations(theta, X, n)])
    assert_same([predictor.activations(X, 3)], [oracle.forward(theta, X)[-1]])


def test_activations_without_nonlinearity_between_are_those_of_the_oracle():
    dense = [Dense(Weights(n, (Column(m),))) for n, m in [(4, 3), (3, 5), (5, 2)]]
    oracle = Network(tuple(dense), "squared", 4)
    rng = np.random.default_rng(0)
    X, theta = rng.standard_normal((6, 4)), rng.standard_normal(oracle.n_parameters)
    predictor = core_network(oracle).predictor(theta)
    for n in range(3):
        assert_same([predictor.activations(X, n)], [oracle.activations(theta, X, n)])


@pytest.mark.parametrize(
    ("structure", "hidden", "loss", "core"), covering(STRUCTURES, HIDDEN, LOSSES, [_core.f32, _core.f64])
)
def test_a_row_has_the_same_bits_whichever_rows_it_is_predicted_with(structure, hidden, loss, core):
    rng = np.random.default_rng(0)
    between = Maxout(1) if hidden == "maxout" else Activation(hidden)
    first, last = Dense(STRUCTURES[structure](rng, 300, 130)), Dense(Weights(130, (Column(11),)))
    network = core_network(Network((first, between, last), loss, 300), core)
    X, predictor = rng.standard_normal((600, 300)).astype(scalar(core)), network.predictor(network.initial(0))
    whole = predictor.predict(X)
    for rows in (slice(0, 1), slice(599, 600), slice(250, 259), slice(3, None), rng.permutation(600)[:77]):
        np.testing.assert_array_equal(predictor.predict(np.ascontiguousarray(X[rows])), whole[rows])


def test_a_predictor_keeps_its_theta_and_outlives_its_network():
    oracle, X, _, theta = example("base_with_mix")
    expected, used = oracle.predict(theta, X), theta.copy()
    predictor = core_network(oracle).predictor(used)
    used[:] = 0
    gc.collect()
    assert_same([predictor.predict(X)], [expected])


def test_no_rows_are_predicted_as_none():
    oracle, X, _, theta = example("base")
    predictor = core_network(oracle).predictor(theta)
    assert predictor.predict(X[:0].copy()).shape == (0, N_OUTPUTS)
