"""The trainer: epochs of mini-batches against the oracle, interruption, failure and checkpoints."""

import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from cases import covering
from oracles.examples import example
from oracles.network import Adam, Column, Dense, Network, Sgd, Weights, epoch
from oracles.structures import STRUCTURES
from twins import ORDERS, core_network

from ppdl import _core

OPTIMIZERS = {
    "sgd": (lambda: Sgd(0.9), lambda core: core.Sgd(0.9)),
    "plain sgd": (lambda: Sgd(0.0), lambda core: core.Sgd(0.0)),
    "nesterov": (lambda: Sgd(0.8, nesterov=True), lambda core: core.Sgd(0.8, nesterov=True)),
    "adam": (Adam, lambda core: core.Adam()),
    "quick adam": (lambda: Adam(0.5, 0.9, 1e-4), lambda core: core.Adam(0.5, 0.9, 1e-4)),
}


def run(structure, name, *, order="auto", n_epochs=3, loss="softmax", max_column_norm=0.0, weight=None, **options):
    """θ and the losses of some epochs: the oracle's and the core's."""
    oracle, X, y, theta = example(structure, loss, n_samples=40, alpha=0.2, **options)
    rng = np.random.default_rng(5)
    rates, (slow, fast) = np.geomspace(0.05, 0.02, 3), OPTIMIZERS[name]
    slow, network = slow(), core_network(oracle, order=order)
    trainer = _core.f64.Trainer(network, fast(_core.f64), max_column_norm=max_column_norm)
    expected, received, losses = theta, theta.copy(), []
    for _ in range(n_epochs):
        rows = rng.permutation(40)
        expected, wanted = epoch(oracle, slow, expected, X, y, rows, rates, 16, weight, max_column_norm)
        losses.append((trainer.epoch(received, X, y, rows, rates, 16, weight), wanted))
    return expected, received, np.array(losses).T


def assert_run_is_the_oracles(*args, **options):
    expected, received, losses = run(*args, **options)
    np.testing.assert_allclose(received, expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-9)


@pytest.mark.parametrize(("structure", "name"), covering(STRUCTURES, OPTIMIZERS))
def test_epochs_are_those_of_the_oracle(structure, name):
    assert_run_is_the_oracles(structure, name)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("structure", ["identity", "crowded_base", "learned"])
def test_epochs_in_every_order_of_evaluation_are_those_of_the_oracle(structure, order):
    assert_run_is_the_oracles(structure, "sgd", order=order, penalty="predicted")


@pytest.mark.parametrize("loss", ["binary", "squared", "poisson"])
def test_epochs_of_every_loss_are_those_of_the_oracle(loss):
    assert_run_is_the_oracles("base_with_mix", "plain sgd", loss=loss)


def test_epochs_with_sample_weights_are_those_of_the_oracle():
    assert_run_is_the_oracles("base_with_mix", "adam", weight=np.linspace(0.2, 2.0, 40))


@pytest.mark.parametrize("structure", STRUCTURES)
def test_columns_of_the_dynamic_weights_stay_within_their_norm(structure):
    bound = 0.8
    assert_run_is_the_oracles(structure, "sgd", max_column_norm=bound)
    oracle, *_ = example(structure)
    _, theta, _ = run(structure, "sgd", max_column_norm=bound)
    norms = [np.linalg.norm(v, axis=0) for weights, span in oracle.weights for _, v in weights.split(theta[span])]
    assert np.concatenate(norms).max() <= bound * (1 + 1e-12)


def test_an_order_may_leave_out_and_repeat_rows():
    oracle, X, y, theta = example("base", n_samples=40)
    rows, rates = np.array([3, 3, 39, 0, 7]), np.array([0.1, 0.1, 0.1])
    expected, loss = epoch(oracle, Sgd(0.9), theta, X, y, rows, rates, 2)
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.9))
    assert trainer.epoch(theta, X, y, rows, rates, 2) == pytest.approx(loss, rel=1e-11)
    np.testing.assert_allclose(theta, expected, rtol=1e-10, atol=1e-11)


def test_sample_weights_are_repeated_samples():
    oracle, X, y, start = example("base_with_mix", n_samples=10, alpha=0.2)
    times = np.arange(1, 11)
    repeated = np.repeat(np.arange(10), times)
    thetas = []
    for weight, rows in [(times.astype(float), np.arange(10)), (None, repeated)]:
        theta = start.copy()
        trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Adam())
        for _ in range(5):
            trainer.epoch(theta, X, y, rows, np.array([0.05]), len(rows), weight)
        thetas.append(theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-10)


def test_a_data_set_pooled_once_trains_to_the_same_parameters():
    rng = np.random.default_rng(0)
    layers = (Dense(STRUCTURES["base_with_mix"](rng, 60, 24)), Dense(Weights(24, (Column(3),))))
    oracle = Network(layers, "squared", 60)
    X, y, start = rng.standard_normal((50, 60)), rng.standard_normal((50, 3)), rng.standard_normal(oracle.n_parameters)
    thetas = []
    for memory_limit in (0, 1e9):
        network, theta = core_network(oracle), 0.1 * start
        network.plan(10, n_samples=50, memory_limit=memory_limit)
        assert network.pools_input == (memory_limit > 0)
        inputs = network.pool_input(X) if network.pools_input else X
        trainer = _core.f64.Trainer(network, _core.f64.Sgd(0.9))
        for _ in range(3):
            trainer.epoch(theta, inputs, y, np.arange(50), np.full(5, 0.001), 10)
        thetas.append(theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_single_precision_follows_double(name):
    oracle, X, y, start = example("base_with_mix", n_samples=40)
    thetas = []
    for core, dtype in [(_core.f32, np.float32), (_core.f64, np.float64)]:
        theta = start.astype(dtype)
        trainer = core.Trainer(core_network(oracle, core), OPTIMIZERS[name][1](core))
        trainer.epoch(theta, X.astype(dtype), y, np.arange(40), np.full(4, 0.01), 10)
        thetas.append(theta)
    np.testing.assert_allclose(*thetas, rtol=1e-3, atol=1e-4)


# Checkpoints ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loaded_state_continues_with_the_same_bits(name):
    oracle, X, y, theta = example("base_with_mix", n_samples=40, alpha=0.1)

    def trainer():
        network = core_network(oracle, input_dropout=0.2)  # whose masks depend on the number of steps
        return _core.f64.Trainer(network, OPTIMIZERS[name][1](_core.f64))

    def train(a_trainer, n_epochs):
        for _ in range(n_epochs):
            a_trainer.epoch(theta_now, X, y, np.arange(40), np.full(4, 0.05), 10, seed=9)

    theta_now, whole = theta.copy(), trainer()
    train(whole, 4)
    expected = theta_now

    theta_now, first = theta.copy(), trainer()
    train(first, 2)
    state, checkpoint = first.state(), theta_now.copy()
    train(first, 1)  # the state is a copy
    theta_now, second = checkpoint, trainer()
    second.load_state(state)
    train(second, 2)
    np.testing.assert_array_equal(theta_now, expected)


def test_a_state_of_another_optimiser_or_size_is_an_error():
    oracle, X, y, theta = example("base", n_samples=40)

    def trainer(optimizer, structure="base"):
        return _core.f64.Trainer(core_network(example(structure)[0]), optimizer)

    adam = trainer(_core.f64.Adam())
    adam.epoch(theta, X, y, np.arange(40), np.full(4, 0.01), 10)
    with pytest.raises(ValueError, match="state"):
        trainer(_core.f64.Sgd(0.9)).load_state(adam.state())
    with pytest.raises(ValueError, match=str(oracle.n_parameters)):
        trainer(_core.f64.Adam(), "identity").load_state(adam.state())


@pytest.mark.parametrize(("name", "n_vectors"), [("plain sgd", 1), ("sgd", 2), ("adam", 3)])
def test_state_takes_the_gradient_and_the_moments_of_the_dynamic_parameters(name, n_vectors):
    oracle, X, y, theta = example("base", n_samples=40)
    trainer = _core.f64.Trainer(core_network(oracle), OPTIMIZERS[name][1](_core.f64))
    trainer.epoch(theta, X, y, np.arange(40), np.full(4, 0.01), 10)
    assert trainer.state_bytes == n_vectors * 8 * oracle.n_parameters


# Dropout --------------------------------------------------------------------------------------------------------------


def test_dropout_masks_of_a_step_are_those_of_the_gradient_at_that_step():
    oracle, X, y, theta = example("base", n_samples=40)
    network = core_network(oracle, input_dropout=0.4)
    expected, rate = theta.copy(), 0.1
    for step in range(4):
        batch = slice(10 * step, 10 * step + 10)
        expected -= rate * network.value_and_gradient(expected, X[batch], y[batch], training=True, seed=6, step=step)[1]
    trainer = _core.f64.Trainer(network, _core.f64.Sgd(0.0))
    trainer.epoch(theta, X, y, np.arange(40), np.full(4, rate), 10, seed=6)
    np.testing.assert_allclose(theta, expected, rtol=1e-11, atol=1e-12)


def test_dropout_masks_differ_from_epoch_to_epoch():
    oracle, X, y, theta = example("base", n_samples=40)
    trainer = _core.f64.Trainer(core_network(oracle, input_dropout=0.4), _core.f64.Sgd(0.0))
    losses = [trainer.epoch(theta, X, y, np.arange(40), np.zeros(4), 10, seed=6) for _ in range(2)]
    assert losses[0] != losses[1]


# Failure --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("core", [_core.f32, _core.f64], ids=["float32", "float64"])
def test_a_loss_that_is_not_finite_is_a_numerical_error(core):
    oracle, X, y, theta = example("base", "squared", n_samples=40)
    X, y, theta = (a.astype(np.float32 if core is _core.f32 else np.float64) for a in (X, y, theta))
    trainer = core.Trainer(core_network(oracle, core), core.Sgd(0.9))
    with pytest.raises(_core.NumericalError, match="loss"):
        trainer.epoch(theta, X, y, np.tile(np.arange(40), 100), np.full(400, 1e6), 10)
    assert issubclass(_core.NumericalError, ArithmeticError)


def test_a_sample_that_is_not_finite_is_a_numerical_error():
    oracle, X, y, theta = example("base", n_samples=40)
    X[17, 3] = np.nan
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.9))
    with pytest.raises(_core.NumericalError, match="loss"):
        trainer.epoch(theta, X, y, np.arange(40), np.full(4, 0.1), 10)


def test_batches_without_weight_leave_theta_and_the_mean_loss_alone():
    oracle, X, y, theta = example("base", n_samples=40)
    weight = np.repeat([0.0, 1.0, 0.0, 1.0], 10)
    rows = np.flatnonzero(weight)
    thetas, losses = [theta.copy(), theta.copy()], []
    for t, order in zip(thetas, (np.arange(40), rows), strict=True):
        trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.0))
        losses.append(trainer.epoch(t, X, y, order, np.full(len(order) // 10, 0.1), 10, weight))
    np.testing.assert_array_equal(*thetas)
    assert losses[0] == losses[1]


def test_wrong_arguments_are_errors_before_theta_changes():
    oracle, X, y, theta = example("base", n_samples=40)
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.9))
    before, rows, rates = theta.copy(), np.arange(40), np.full(4, 0.1)
    for expected, message, arguments in [
        (ValueError, rf"\b{theta.size - 1}\b.*\b{theta.size}\b", (theta[1:].copy(), X, y, rows, rates, 10)),
        (ValueError, r"\b7\b.*\b8\b", (theta, X[:, 1:].copy(), y, rows, rates, 10)),
        (ValueError, r"\b39\b.*\b40\b", (theta, X, y[1:].copy(), rows, rates, 10)),
        (ValueError, r"\b3\b.*\b4\b", (theta, X, y, rows, rates[1:].copy(), 10)),
        (ValueError, r"\b40\b", (theta, X, y, rows + 1, rates, 10)),
        (ValueError, r"-1", (theta, X, y, rows - 1, rates, 10)),
        (ValueError, r"\b0\b", (theta, X, y, rows, rates, 0)),
        (ValueError, "samples", (theta, X, y, rows[:0], rates[:0], 10)),
        (TypeError, None, (theta.astype(np.float32), X, y, rows, rates, 10)),
        (TypeError, None, (theta, np.asfortranarray(X), y, rows, rates, 10)),
        (TypeError, None, (theta, X, y, rows.astype(np.int32), rates, 10)),
    ]:
        with pytest.raises(expected, match=message):
            trainer.epoch(*arguments)
        np.testing.assert_array_equal(theta, before)


def test_a_read_only_theta_is_an_error():
    oracle, X, y, theta = example("base", n_samples=40)
    theta.flags.writeable = False
    with pytest.raises((TypeError, ValueError)):
        _core.f64.Trainer(core_network(oracle), _core.f64.Sgd()).epoch(theta, X, y, np.arange(40), np.full(4, 0.1), 10)


@pytest.mark.parametrize("max_column_norm", [-1.0, float("nan")])
def test_a_negative_bound_on_column_norms_is_an_error(max_column_norm):
    with pytest.raises(ValueError, match="norm"):
        _core.f64.Trainer(core_network(example("base")[0]), _core.f64.Sgd(), max_column_norm=max_column_norm)


def test_an_interrupt_ends_an_epoch_before_its_last_batch():
    program = """
        import numpy as np
        from ppdl import _core
        core = _core.f32
        dense = [core.Dense(core.PredictedWeights(n, [(m, None, None)])) for n, m in [(400, 400), (400, 2)]]
        network = core.Network([dense[0], core.Activation("tanh"), dense[1]], "softmax", n_inputs=400)
        X, y = np.zeros((1000, 400), np.float32), np.zeros(1000, np.int32)
        rows = np.tile(np.arange(1000), 10_000)
        theta = network.initial(0)
        trainer, n_batches = core.Trainer(network, core.Sgd()), len(rows) // 100
        print("training", flush=True)
        try:
            trainer.epoch(theta, X, y, rows, np.zeros(n_batches), 100)
        except KeyboardInterrupt:
            print(0 < trainer.state()[0] < n_batches, np.isfinite(theta).all(), flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "training\n"
        time.sleep(0.5)  # well into the epoch
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "True True\n"
