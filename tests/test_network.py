"""The network: values, gradients, initial parameters, dropout and errors, against the oracle."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cases import covering
from oracles.examples import LOSSES, N_INPUTS, N_OUTPUTS, example
from oracles.network import Activation, Column, Dense, Maxout, Network, Weights
from oracles.structures import STRUCTURES
from twins import HIDDEN, ORDERS, assert_same, core_layer, core_network, core_weights

from ppdl import _core
from ppdl.testing import check_gradient


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_value_and_gradient_are_those_of_the_oracle(structure, loss, order):
    weight = np.linspace(0.5, 1.5, 9)
    for penalty in ("dynamic", "predicted"):
        oracle, X, y, theta = example(structure, loss, alpha=0.3, penalty=penalty)
        received = core_network(oracle, order=order).value_and_gradient(theta, X, y, weight)
        assert_same(received, oracle.value_and_gradient(theta, X, y, weight))


@pytest.mark.parametrize(("structure", "loss", "order"), covering(STRUCTURES, LOSSES, ORDERS))
def test_gradient_agrees_with_central_differences(structure, loss, order):
    oracle, X, y, theta = example(structure, loss, alpha=0.3)
    network = core_network(oracle, order=order)
    check_gradient(lambda t: network.value_and_gradient(t, X, y, n_threads=1), theta)


@pytest.mark.parametrize(("hidden", "order"), covering(HIDDEN, ORDERS))
def test_gradient_of_every_layer_agrees_with_central_differences(hidden, order):
    oracle, X, y, theta = example("base_with_mix", hidden=hidden, alpha=0.3, penalty="predicted")
    network = core_network(oracle, order=order)
    assert_same(network.value_and_gradient(theta, X, y), oracle.value_and_gradient(theta, X, y))
    check_gradient(lambda t: network.value_and_gradient(t, X, y, n_threads=1), theta)


@pytest.mark.parametrize(("structure", "order"), covering(STRUCTURES, ORDERS))
def test_layers_wider_than_a_block_are_those_of_the_oracle(structure, order):
    rng = np.random.default_rng(0)
    first, last = Dense(STRUCTURES[structure](rng, 301, 131)), Dense(Weights(131, (Column(N_OUTPUTS),)))
    oracle = Network((first, Activation("tanh"), last), "softmax", 301, alpha=0.3, penalty="predicted")
    X, y = rng.standard_normal((150, 301)), rng.integers(N_OUTPUTS, size=150).astype(np.int32)
    theta = 0.1 * rng.standard_normal(oracle.n_parameters)
    network = core_network(oracle, order=order)
    assert_same(network.value_and_gradient(theta, X, y), oracle.value_and_gradient(theta, X, y))
    assert_same([network.predictor(theta).predict(X)], [oracle.predict(theta, X)])


def test_sample_weights_are_repeated_samples():
    oracle, X, y, theta = example("base", alpha=0.3)
    network, times = core_network(oracle), np.arange(1, 10)
    weighted = network.value_and_gradient(theta, X, y, times.astype(float))
    assert_same(weighted, network.value_and_gradient(theta, np.repeat(X, times, axis=0), np.repeat(y, times)), 1e-12)


@pytest.mark.parametrize("structure", ["identity", "crowded_base", "learned"])
def test_values_and_gradients_of_a_split_batch_add_up(structure):
    oracle, X, y, theta = example(structure, n_samples=200)
    network = core_network(oracle)
    whole, total = network.value_and_gradient(theta, X, y), [0.0, 0.0]
    for part in (slice(0, 1), slice(1, 70), slice(70, 200)):
        share = (part.stop - part.start) / 200
        f, g = network.value_and_gradient(theta, X[part], y[part])
        total = [total[0] + share * f, total[1] + share * g]
    assert_same(total, whole, 1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_a_batch_beyond_one_group_is_that_of_the_oracle(order):
    # activations are held, and gradients summed, for 1024 samples at a time
    oracle, X, y, theta = example("crowded_base", n_samples=2500, alpha=0.2, penalty="predicted")
    weight = np.linspace(0.5, 1.5, 2500)
    received = core_network(oracle, order=order).value_and_gradient(theta, X, y, weight)
    assert_same(received, oracle.value_and_gradient(theta, X, y, weight))


@pytest.mark.parametrize("structure", ["identity", "crowded_base", "learned"])
def test_groups_of_a_batch_add_up_under_dropout_in_every_order(structure):
    oracle, X, y, theta = example(structure, n_samples=2500)
    X[1024:2048], y[1024:2048] = X[:1024], y[:1024]

    def sums(order, first, last):
        """Over some samples of the batch, the others being without weight."""
        network, weight = core_network(oracle, order=order, input_dropout=0.3), np.zeros(2500)
        weight[first:last] = 1
        f, g = network.value_and_gradient(theta, X, y, weight, training=True, seed=3)
        return (last - first) * f, (last - first) * g

    whole = sums("predict", 0, 2500)
    for order in ORDERS:
        groups = [sums(order, *group) for group in ((0, 1024), (1024, 2048), (2048, 2500))]
        assert_same(map(sum, zip(*groups, strict=True)), whole)
        assert groups[0][0] != pytest.approx(groups[1][0], rel=1e-6)  # the same samples under other masks


# Initial parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("structure", "scale"),
    covering(
        ["identity", "selection", "base_with_mix", "own_atoms", "learned"],
        ["glorot", "glorot-logistic", "he", "lecun"],
    ),
)
def test_initial_predicted_weights_have_the_variance_that_the_scale_asks_for(structure, scale):
    n, m = 80, 60
    oracle = Network((Dense(STRUCTURES[structure](np.random.default_rng(0), n, m)),), "squared", n)
    network = core_network(oracle)
    bound = {
        "glorot": np.sqrt(6 / (n + m)),
        "glorot-logistic": np.sqrt(2 / (n + m)),
        "he": np.sqrt(6 / n),
        "lecun": np.sqrt(3 / n),
    }[scale]
    (weights, v) = oracle.weights[0]
    drawn = [weights.materialise(network.initial(seed, scale=scale)[v]) for seed in range(40)]
    ends = np.cumsum([column.n_hidden for column in weights.columns])
    for column in np.split(np.array(drawn), ends[:-1], axis=2):
        assert np.mean(np.square(column)) == pytest.approx(bound**2 / 3, rel=0.15)


def test_initial_within_a_bound_draws_the_dynamic_weights_themselves():
    oracle, *_ = example("base_with_mix")
    network = core_network(oracle)
    theta = network.initial(0, scale=0.1)
    for _, v in oracle.weights:
        assert 0.05 < np.abs(theta[v]).max() <= 0.1


def test_initial_depends_on_the_seed_alone():
    oracle, *_ = example("base_with_mix")
    network = core_network(oracle)
    theta = network.initial(5)
    for order in ORDERS:
        np.testing.assert_array_equal(core_network(oracle, order=order, batch_size=1).initial(5), theta)
    np.testing.assert_allclose(core_network(oracle, _core.f32).initial(5), theta, rtol=1e-4, atol=1e-6)
    assert not np.array_equal(network.initial(6), theta)


# Precision ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("structure", "loss"), covering(STRUCTURES, LOSSES))
def test_single_precision_is_close_to_double(structure, loss):
    oracle, X, y, theta = example(structure, loss, alpha=0.1)
    network = core_network(oracle, _core.f32)
    y32 = y if loss == "softmax" else y.astype(np.float32)
    f, g = network.value_and_gradient(theta.astype(np.float32), X.astype(np.float32), y32)
    assert g.dtype == np.float32
    assert network.predictor(theta.astype(np.float32)).predict(X.astype(np.float32)).dtype == np.float32
    assert_same((f, g), oracle.value_and_gradient(theta, X, y), 2e-4)


@pytest.mark.parametrize("scale", [1.0, 1e3])
@pytest.mark.parametrize("loss", ["softmax", "binary"])
def test_losses_of_saturated_outputs_stay_finite_and_right(loss, scale):
    oracle = Network((Dense(Weights(2, (Column(N_OUTPUTS),))),), loss, 2)
    X = scale * np.array([[1.0, -1.0], [2.0, 3.0], [-1.0, 0.5]])
    y = np.array([0, 1, 2], dtype=np.int32) if loss == "softmax" else np.eye(3)
    theta = np.linspace(-1, 1, oracle.n_parameters)
    f, g = core_network(oracle).value_and_gradient(theta, X, y)
    assert np.isfinite(f)
    assert_same((f, g), oracle.value_and_gradient(theta, X, y))


# Dropout --------------------------------------------------------------------------------------------------------------


def input_mask(network, X, seed=0, step=0):
    """What is left of one row X after dropout of the inputs, read off the gradient of the first weights."""
    oracle_width = network.describe()[0]["n_hidden"]
    theta = np.ones(network.n_parameters)
    _, g = network.value_and_gradient(theta, X, np.zeros((1, oracle_width)), training=True, seed=seed, step=step)
    return g[: X.size * oracle_width].reshape(X.size, oracle_width)[:, 0] / g[-1]  # dW = xᵀ dz, db = dz


def dropout_network(rate, n=2000):
    return core_network(Network((Dense(Weights(n, (Column(1),))),), "squared", n), input_dropout=rate)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_dropout_zeroes_units_at_its_rate_and_scales_the_others(rate):
    kept = input_mask(dropout_network(rate), np.ones((1, 2000)))
    np.testing.assert_allclose(kept[kept != 0], 1 / (1 - rate), rtol=1e-12)
    assert np.mean(kept == 0) == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / 2000))


def test_dropout_leaves_the_expectation_and_adds_the_variance_of_the_mask():
    rate, n, rng = 0.3, 20_000, np.random.default_rng(0)
    x, w = rng.standard_normal(10), rng.standard_normal((10, 1))
    network = core_network(Network((Dense(Weights(10, (Column(1),)), bias=False),), "squared", 10), input_dropout=rate)
    f, g = network.value_and_gradient(w.ravel(), np.tile(x, (n, 1)), np.zeros((n, 1)), training=True)
    spread = rate / (1 - rate) * x**2  # variance of each input
    assert f == pytest.approx(0.5 * ((x @ w).item() ** 2 + spread @ w.ravel() ** 2), rel=0.05)
    np.testing.assert_allclose(g, x * (x @ w).item() + spread * w.ravel(), atol=0.1)


def test_dropout_masks_are_fixed_by_seed_and_step():
    network, X = dropout_network(0.5), np.ones((1, 2000))
    mask = input_mask(network, X, seed=3, step=8)
    np.testing.assert_array_equal(input_mask(network, X, seed=3, step=8), mask)
    for other in (input_mask(network, X, seed=4, step=8), input_mask(network, X, seed=3, step=9)):
        assert np.mean((other == 0) == (mask == 0)) == pytest.approx(0.5, abs=0.06)


def test_dropout_masks_of_two_layers_and_of_two_rows_differ():
    core, n = _core.f64, 2000
    identity = core.PredictedWeights(n, [(n, None, None)])
    one = core.PredictedWeights(n, [(1, None, None)])
    network = core.Network(
        [core.Dropout(0.5), core.Dense(identity, bias=False), core.Dropout(0.5), core.Dense(one, bias=False)],
        "squared",
        n_inputs=n,
    )
    theta = np.concatenate([np.eye(n).ravel(), np.ones(n)])
    _, g = network.value_and_gradient(theta, np.ones((1, n)), np.zeros((1, 1)), training=True)
    # dw = h dz, where h is 4 where both masks keep the unit: a quarter of them
    assert np.mean(g[-n:] != 0) == pytest.approx(0.25, abs=0.04)

    single = dropout_network(0.5)
    theta = np.ones(single.n_parameters)
    _, g = single.value_and_gradient(theta, np.ones((2, n)), np.full((2, 1), 1e6), training=True)
    assert np.mean(g[:-1] / g[-1] == 0) == pytest.approx(0.25, abs=0.04)  # both rows drop a quarter of the inputs


def test_dropout_of_rate_zero_and_prediction_leave_all_units():
    oracle, X, y, theta = example("base")
    plain, dropped = core_network(oracle), core_network(oracle, input_dropout=0.5)
    none = core_network(oracle, input_dropout=1e-300)
    expected = plain.value_and_gradient(theta, X, y)
    assert_same(none.value_and_gradient(theta, X, y, training=True), expected, 1e-12)
    assert_same(dropped.value_and_gradient(theta, X, y, training=False), expected, 1e-12)
    np.testing.assert_array_equal(dropped.predictor(theta).predict(X), plain.predictor(theta).predict(X))
    exact = _core.f64.Network(
        [_core.f64.Dropout(0.0), *(core_layer(layer) for layer in oracle.layers)], oracle.loss, n_inputs=N_INPUTS
    )
    assert_same(exact.value_and_gradient(theta, X, y, training=True), expected, 1e-12)


@pytest.mark.parametrize("structure", ["identity", "base_with_mix", "learned"])
def test_gradient_through_dropout_agrees_with_central_differences(structure):
    oracle, X, y, theta = example(structure, hidden="logistic")
    core = _core.f64
    layers = [core_layer(layer) for layer in oracle.layers]
    layers[4:4] = [core.Dropout(0.5)]
    layers[2:2] = [core.Dropout(0.3)]
    network = core.Network([core.Dropout(0.2), *layers], oracle.loss, n_inputs=N_INPUTS)
    check_gradient(
        lambda t: network.value_and_gradient(t, X, y, training=True, seed=1, step=2, n_threads=1),
        theta,
    )


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_dropout_rate_outside_its_range_is_an_error(rate):
    with pytest.raises(ValueError, match=r"dropout: received .*; expected"):
        _core.f64.Dropout(rate)


def test_evaluations_on_threads_of_the_callers_do_not_disturb_each_other():
    oracle, X, y, theta = example("crowded_base", n_samples=3000)
    network = core_network(oracle)
    predictor = network.predictor(theta)
    expected = *network.value_and_gradient(theta, X, y, n_threads=1), predictor.predict(X)

    def compute(_):
        return *network.value_and_gradient(theta, X, y, n_threads=1), predictor.predict(X)

    with ThreadPoolExecutor(4) as pool:
        for received in pool.map(compute, range(40)):
            for r, e in zip(received, expected, strict=True):
                np.testing.assert_array_equal(r, e)


# Inputs and errors ----------------------------------------------------------------------------------------------------


def test_read_only_and_memory_mapped_inputs_are_taken_as_they_are(tmp_path):
    oracle, X, y, theta = example("base")
    network = core_network(oracle)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for array in (y, theta):
        array.flags.writeable = False
    received, expected = network.value_and_gradient(theta, mapped, y), network.value_and_gradient(theta, X, y)
    assert received[0] == expected[0]
    np.testing.assert_array_equal(received[1], expected[1])
    predictor = network.predictor(theta)
    np.testing.assert_array_equal(predictor.predict(mapped), predictor.predict(X))


@pytest.mark.parametrize("order", ["predict", "pool"])
def test_windows_over_a_sequence_are_read_where_they_overlap(order):
    frames = np.random.default_rng(0).normal(size=(43, 2))
    windows = np.lib.stride_tricks.as_strided(frames, (40, 8), (frames.strides[0], frames.itemsize), writeable=False)
    oracle, _, y, theta = example("base", "squared", n_samples=40)
    network = core_network(oracle, order=order, batch_size=10, n_samples=40, memory_limit=1e6)
    expected = network.value_and_gradient(theta, windows.copy(), y)
    received = network.value_and_gradient(theta, windows, y)
    assert received[0] == expected[0]
    np.testing.assert_array_equal(received[1], expected[1])
    predictor = network.predictor(theta)
    np.testing.assert_array_equal(predictor.predict(windows), predictor.predict(windows.copy()))
    np.testing.assert_array_equal(predictor.predict(windows[::3]), predictor.predict(windows[::3].copy()))
    trained = []
    for X in (windows, windows.copy()):
        trainer = _core.f64.Trainer(network, _core.f64.Sgd(0.9), X, y, batch_size=10)
        trained.append(theta.copy())
        trainer.epoch(trained[-1], np.random.default_rng(1).permutation(40), np.full(4, 0.1))
    np.testing.assert_array_equal(*trained)


@pytest.mark.parametrize(
    "wrong",
    [
        np.asfortranarray,
        lambda X: X.astype(np.float32),
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: np.broadcast_to(X[0], X.shape),
    ],
    ids=["Fortran order", "float32", "strided", "one row repeated"],
)
def test_inputs_of_another_layout_or_type_are_a_type_error(wrong):
    oracle, X, y, theta = example("base", "squared")
    network = core_network(oracle)
    with pytest.raises(TypeError):
        network.value_and_gradient(theta, wrong(X), y)
    with pytest.raises(TypeError):
        network.value_and_gradient(theta, X, wrong(y))
    with pytest.raises(TypeError):
        network.predictor(theta).predict(wrong(X))


def test_wrong_shapes_are_errors_that_name_both():
    oracle, X, y, theta = example("base", "squared")
    network = core_network(oracle)

    def names(received, expected):
        return pytest.raises(ValueError, match=rf"\b{received}\b.*\b{expected}\b")

    with names(N_INPUTS - 1, N_INPUTS):
        network.value_and_gradient(theta, X[:, 1:].copy(), y)
    with names(N_INPUTS - 1, N_INPUTS):
        network.predictor(theta).predict(X[:, 1:].copy())
    with names(theta.size - 1, theta.size):
        network.value_and_gradient(theta[1:].copy(), X, y)
    with names(theta.size - 1, theta.size):
        network.predictor(theta[1:].copy())
    with names(len(X) - 1, len(X)):
        network.value_and_gradient(theta, X, y[1:].copy())
    with names(N_OUTPUTS - 1, N_OUTPUTS):
        network.value_and_gradient(theta, X, y[:, 1:].copy())
    with names(len(X) - 1, len(X)):
        network.value_and_gradient(theta, X, y, np.ones(len(X) - 1))
    for n in (-1, 4):
        with pytest.raises(ValueError, match=rf"{n}; expected 0 to 3"):
            network.predictor(theta).activations(X, n)


@pytest.mark.parametrize("label", [-1, N_OUTPUTS])
def test_a_label_out_of_range_is_an_error_that_names_it(label):
    oracle, X, y, theta = example("base")
    y[4] = label
    with pytest.raises(ValueError, match=str(label)):
        core_network(oracle).value_and_gradient(theta, X, y)


def test_targets_must_be_of_the_kind_that_the_loss_takes():
    oracle, X, y, theta = example("base", "softmax")
    with pytest.raises((TypeError, ValueError), match="labels"):
        core_network(oracle).value_and_gradient(theta, X, np.eye(N_OUTPUTS)[y])
    oracle, X, _, theta = example("base", "squared")
    with pytest.raises((TypeError, ValueError), match="targets"):
        core_network(oracle).value_and_gradient(theta, X, y)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "layer"),
        ([Dense(Weights(5, (Column(3),)))], r"\b5\b.*\b4\b|\b4\b.*\b5\b"),
        ([Dense(Weights(4, (Column(3),))), Dense(Weights(2, (Column(3),)))], r"\b2\b.*\b3\b|\b3\b.*\b2\b"),
        ([Dense(Weights(4, (Column(3),))), Activation("tanh")], "last"),
        ([Dense(Weights(4, (Column(3),))), Maxout(2), Dense(Weights(1, (Column(3),)))], r"\b2\b.*\b3\b"),
        ([Dense(Weights(4, (Column(3),))), Maxout(0), Dense(Weights(1, (Column(3),)))], r"received 0\b"),
        ([Dense(Weights(4, (Column(4),))), Maxout(2), Dense(Weights(3, (Column(3),)))], r"\b3\b.*\b2\b"),
    ],
    ids=["none", "inputs", "between", "last", "pieces", "no pieces", "maxout"],
)
def test_layers_that_do_not_fit_are_errors_that_say_why(layers, message):
    with pytest.raises(ValueError, match=message):
        core_network(Network(tuple(layers), "softmax", 4))


def test_unknown_names_are_errors_that_name_the_known_ones():
    core, weights = _core.f64, core_weights(Weights(4, (Column(2),)))
    with pytest.raises(ValueError, match=r"'hinge'.*softmax"):
        core.Network([core.Dense(weights)], "hinge", n_inputs=4)
    with pytest.raises(ValueError, match=r"'l1'.*dynamic"):
        core.Network([core.Dense(weights)], "softmax", n_inputs=4, penalty="l1")
    with pytest.raises(ValueError, match=r"'gelu'.*logistic"):
        core.Activation("gelu")
    with pytest.raises(ValueError, match=r"'both'.*auto"):
        core.Dense(weights, order="both")
    with pytest.raises(ValueError, match=r"'wide'.*glorot"):
        core_network(example("base")[0]).initial(0, scale="wide")


@pytest.mark.parametrize("alpha", [-1.0, float("nan"), float("inf")])
def test_a_weight_decay_below_zero_is_an_error(alpha):
    with pytest.raises(ValueError, match="alpha"):
        core_network(Network((Dense(Weights(4, (Column(3),))),), "softmax", 4, alpha))


def test_no_samples_or_no_weight_is_an_error():
    oracle, X, y, theta = example("base")
    network = core_network(oracle)
    with pytest.raises(ValueError, match=r"sample|row"):
        network.value_and_gradient(theta, X[:0].copy(), y[:0].copy())
    for weight in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="weights"):
            network.value_and_gradient(theta, X, y, np.full(len(X), weight))
