"""The network: values, gradients, plans, dropout and errors, against the oracle."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cases import covering
from oracles.examples import LOSSES, N_HIDDEN, N_INPUTS, N_OUTPUTS, example
from oracles.network import Activation, Column, Dense, Maxout, Network, Weights
from oracles.structures import STRUCTURES
from twins import ORDERS, core_layer, core_network, core_weights

from ppdl import _core
from ppdl.testing import check_gradient

HIDDEN = ("identity", "logistic", "tanh", "relu", "maxout")
PLENTY = 1e9  # bytes: no bound on memory


def assert_same(received, expected, tolerance=1e-10):
    for r, e in zip(received, expected, strict=True):
        np.testing.assert_allclose(r, e, rtol=tolerance, atol=tolerance * np.abs(e).max())


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


@pytest.mark.parametrize("structure", STRUCTURES)
def test_all_orders_agree_to_rounding(structure):
    oracle, X, y, theta = example(structure, n_samples=150, alpha=0.1)
    expected = core_network(oracle, order="predict").value_and_gradient(theta, X, y)
    for batch_size in (1, 10, 1000):
        for order in ("pool", "auto"):
            network = core_network(oracle, order=order, batch_size=batch_size)
            assert_same(network.value_and_gradient(theta, X, y), expected, 1e-11)


@pytest.mark.parametrize(("hidden", "loss"), covering(HIDDEN, LOSSES))
def test_predictions_and_activations_are_those_of_the_oracle(hidden, loss):
    oracle, X, _, theta = example("base_with_mix", loss, hidden=hidden, n_samples=150)
    for order in ORDERS:
        network = core_network(oracle, order=order)
        assert_same([network.predict(theta, X)], [oracle.predict(theta, X)])
        for n in range(3):
            assert_same([network.activations(theta, X, n)], [oracle.activations(theta, X, n)])


def test_activations_without_nonlinearity_between_are_those_of_the_oracle():
    dense = [Dense(Weights(n, (Column(m),))) for n, m in [(4, 3), (3, 5), (5, 2)]]
    oracle = Network(tuple(dense), "squared", 4)
    rng = np.random.default_rng(0)
    X, theta = rng.standard_normal((6, 4)), rng.standard_normal(oracle.n_parameters)
    network = core_network(oracle)
    for n in range(3):
        assert_same([network.activations(theta, X, n)], [oracle.activations(theta, X, n)])


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


def test_full_batch_beyond_one_part_is_that_of_the_oracle():
    oracle, X, y, theta = example("crowded_base", n_samples=20_000, alpha=0.2, penalty="predicted")
    assert_same(core_network(oracle).value_and_gradient(theta, X, y), oracle.value_and_gradient(theta, X, y))


# Plans ----------------------------------------------------------------------------------------------------------------


def wide_example(structure, n_samples=50):
    """A first layer wide enough that pooling it once pays."""
    rng = np.random.default_rng(3)
    first, last = Dense(STRUCTURES[structure](rng, 60, 24)), Dense(Weights(24, (Column(N_OUTPUTS),)))
    oracle = Network((first, Activation("tanh"), last), "softmax", 60, alpha=0.3)
    y = rng.integers(N_OUTPUTS, size=n_samples).astype(np.int32)
    theta = 0.3 * rng.standard_normal(oracle.n_parameters)
    return oracle, rng.standard_normal((n_samples, 60)), y, theta


@pytest.mark.parametrize("structure", [name for name in STRUCTURES if not name.startswith("learned")])
def test_a_data_set_pooled_once_gives_the_same_values(structure):
    oracle, X, y, theta = wide_example(structure)
    for penalty in ("dynamic", "predicted"):
        network = core_network(Network(oracle.layers, oracle.loss, 60, 0.3, penalty))
        expected, predicted = network.value_and_gradient(theta, X, y), network.predict(theta, X)
        network.plan(10, n_samples=len(X), memory_limit=PLENTY)
        pooled = network.pool_input(X) if network.pools_input else X
        assert pooled.shape == (len(X), network.input_width)
        assert_same(network.value_and_gradient(theta, pooled, y), expected, 1e-11)
        assert_same([network.predict(theta, X), network.activations(theta, X, 0)], [predicted, X], 1e-12)


@pytest.mark.parametrize(
    "structure", ["base", "base_with_mix", "own_atoms", "whole_base", "crowded_base", "one_column"]
)
def test_the_first_layer_is_pooled_once_where_that_is_cheaper(structure):
    network = core_network(wide_example(structure)[0])
    assert not network.pools_input
    before = network.describe()[0]
    network.plan(16, n_samples=1000, memory_limit=PLENTY)
    after = network.describe()[0]
    assert network.pools_input
    assert after["pooled_once"]
    assert network.input_width < 60
    assert after["multiply_adds"] < before["multiply_adds"]


def test_the_ordinary_layer_is_not_pooled():
    network = core_network(wide_example("identity")[0])
    network.plan(16, n_samples=1000, memory_limit=PLENTY)
    assert not network.pools_input
    assert network.input_width == 60


def test_pooling_once_respects_the_memory_limit():
    network = core_network(wide_example("base")[0])
    network.plan(16, n_samples=1000, memory_limit=PLENTY)
    needed = 1000 * network.input_width * 8
    network.plan(16, n_samples=1000, memory_limit=needed)
    assert network.pools_input
    network.plan(16, n_samples=1000, memory_limit=needed - 1)
    assert not network.pools_input
    assert network.input_width == 60


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
    assert [d["order"] for d in network.describe()][2] == "dense"
    assert network.n_parameters == oracle.n_parameters
    assert (network.n_inputs, network.n_outputs) == (N_INPUTS, N_OUTPUTS)


def test_a_first_layer_pooled_once_costs_the_proportion_of_the_dense_one():
    rng = np.random.default_rng(0)
    for k in (5, 10, 20, 50, 90, 100):
        columns = tuple(Column(10, tuple(range(k)), rng.standard_normal((k, k))) for _ in range(10))
        layers = (Dense(Weights(100, columns, rng.standard_normal((100, 100)))), Dense(Weights(100, (Column(3),))))
        network = core_network(Network(layers, "softmax", 100), batch_size=100)
        network.plan(100, n_samples=10_000, memory_limit=PLENTY)
        first = network.describe()[0]
        assert first["multiply_adds"] == pytest.approx(k / 100 * first["dense_multiply_adds"], rel=0.01)


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
    assert np.mean(np.square(drawn)) == pytest.approx(bound**2 / 3, rel=0.15)


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
    network.plan(1)
    np.testing.assert_array_equal(network.initial(5), theta)
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
    assert network.predict(theta.astype(np.float32), X.astype(np.float32)).dtype == np.float32
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
    np.testing.assert_array_equal(dropped.predict(theta, X), plain.predict(theta, X))
    exact = _core.f64.Network(
        [_core.f64.Dropout(0.0), *(core_layer(layer) for layer in oracle.layers)], oracle.loss, n_inputs=N_INPUTS
    )
    exact.plan(16)
    assert_same(exact.value_and_gradient(theta, X, y, training=True), expected, 1e-12)


@pytest.mark.parametrize("structure", ["identity", "base_with_mix", "learned"])
def test_gradient_through_dropout_agrees_with_central_differences(structure):
    oracle, X, y, theta = example(structure, hidden="logistic")
    core = _core.f64
    layers = [core_layer(layer) for layer in oracle.layers]
    layers[4:4] = [core.Dropout(0.5)]
    layers[2:2] = [core.Dropout(0.3)]
    network = core.Network([core.Dropout(0.2), *layers], oracle.loss, n_inputs=N_INPUTS)
    network.plan(16)
    check_gradient(
        lambda t: network.value_and_gradient(t, X, y, training=True, seed=1, step=2, n_threads=1),
        theta,
    )


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_a_dropout_rate_outside_its_range_is_an_error(rate):
    core = _core.f64
    with pytest.raises(ValueError, match=r"rate|dropout"):
        core.Network([core.Dropout(rate), core.Dense(core_weights(Weights(4, (Column(2),))))], "softmax", n_inputs=4)


def test_evaluations_on_threads_of_the_callers_do_not_disturb_each_other():
    oracle, X, y, theta = example("crowded_base", n_samples=3000)
    network = core_network(oracle)
    f, g = network.value_and_gradient(theta, X, y, n_threads=1)
    with ThreadPoolExecutor(4) as pool:
        for received in pool.map(lambda _: network.value_and_gradient(theta, X, y, n_threads=1), range(40)):
            assert received[0] == f
            np.testing.assert_array_equal(received[1], g)


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
    np.testing.assert_array_equal(network.predict(theta, mapped), network.predict(theta, X))


@pytest.mark.parametrize(
    "wrong",
    [np.asfortranarray, lambda X: X.astype(np.float32), lambda X: np.repeat(X, 2, axis=1)[:, ::2]],
    ids=["Fortran order", "float32", "strided"],
)
def test_inputs_of_another_layout_or_type_are_a_type_error(wrong):
    oracle, X, y, theta = example("base", "squared")
    network = core_network(oracle)
    with pytest.raises(TypeError):
        network.value_and_gradient(theta, wrong(X), y)
    with pytest.raises(TypeError):
        network.value_and_gradient(theta, X, wrong(y))
    with pytest.raises(TypeError):
        network.predict(theta, wrong(X))


def test_wrong_shapes_are_errors_that_name_both():
    oracle, X, y, theta = example("base", "squared")
    network = core_network(oracle)

    def names(received, expected):
        return pytest.raises(ValueError, match=rf"\b{received}\b.*\b{expected}\b")

    with names(N_INPUTS - 1, N_INPUTS):
        network.value_and_gradient(theta, X[:, 1:].copy(), y)
    with names(N_INPUTS - 1, N_INPUTS):
        network.predict(theta, X[:, 1:].copy())
    with names(theta.size - 1, theta.size):
        network.value_and_gradient(theta[1:].copy(), X, y)
    with names(theta.size - 1, theta.size):
        network.predict(theta[1:].copy(), X)
    with names(len(X) - 1, len(X)):
        network.value_and_gradient(theta, X, y[1:].copy())
    with names(N_OUTPUTS - 1, N_OUTPUTS):
        network.value_and_gradient(theta, X, y[:, 1:].copy())
    with names(len(X) - 1, len(X)):
        network.value_and_gradient(theta, X, y, np.ones(len(X) - 1))
    with pytest.raises(ValueError, match=r"\b9\b"):
        network.activations(theta, X, 9)


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
        ([Dense(Weights(4, (Column(3),))), Activation("tanh")], "dense"),
        (
            [Dense(Weights(4, (Column(3),))), Maxout(3, 2), Dense(Weights(1, (Column(3),)))],
            r"\b3\b.*\b2\b|\b2\b.*\b3\b",
        ),
        (
            [Dense(Weights(4, (Column(3),))), Maxout(4, 2), Dense(Weights(2, (Column(3),)))],
            r"\b4\b.*\b3\b|\b3\b.*\b4\b",
        ),
    ],
    ids=["none", "inputs", "between", "last", "pieces", "maxout"],
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
