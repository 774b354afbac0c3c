"""The trainer: epochs of mini-batches against the oracle, interruption, failure and checkpoints."""

import signal
import subprocess
import sys
import textwrap
import time
import weakref

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
    options = {"batch_size": 16, "max_column_norm": max_column_norm}
    trainer = _core.f64.Trainer(network, fast(_core.f64), X, y, weight, **options)
    expected, received, losses = theta, theta.copy(), []
    for _ in range(n_epochs):
        rows = rng.permutation(40)
        expected, wanted = epoch(oracle, slow, expected, X, y, rows, rates, 16, weight, max_column_norm)
        losses.append((trainer.epoch(received, rows, rates), wanted))
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
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.9), X, y, batch_size=2)
    assert trainer.epoch(theta, rows, rates) == pytest.approx(loss, rel=1e-11)
    np.testing.assert_allclose(theta, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("order", ORDERS)
def test_batches_beyond_one_group_are_those_of_the_oracle(order):
    # activations are held, and gradients summed, for 1024 samples at a time
    oracle, X, y, theta = example("crowded_base", n_samples=2500, alpha=0.2)
    rows, rates, weight = np.random.default_rng(5).permutation(2500), np.array([0.5, 0.5]), np.linspace(0.2, 2, 2500)
    expected, loss = epoch(oracle, Sgd(0.9), theta, X, y, rows, rates, 1500, weight)
    trainer = _core.f64.Trainer(core_network(oracle, order=order), _core.f64.Sgd(0.9), X, y, weight, batch_size=1500)
    assert trainer.epoch(theta, rows, rates) == pytest.approx(loss, rel=1e-11)
    np.testing.assert_allclose(theta, expected, rtol=1e-10, atol=1e-11)


def test_sample_weights_are_repeated_samples():
    oracle, X, y, start = example("base_with_mix", n_samples=10, alpha=0.2)
    times = np.arange(1, 11)
    repeated = np.repeat(np.arange(10), times)
    thetas = []
    for weight, rows in [(times.astype(float), np.arange(10)), (None, repeated)]:
        theta = start.copy()
        samples = (X, y, weight) if weight is not None else (X[rows], y[rows])
        trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Adam(), *samples, batch_size=len(rows))
        for _ in range(5):
            trainer.epoch(theta, np.arange(len(rows)), np.array([0.05]))
        thetas.append(theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-10)


def test_a_data_set_pooled_once_trains_to_the_same_parameters():
    rng = np.random.default_rng(0)
    layers = (Dense(STRUCTURES["base_with_mix"](rng, 60, 24)), Dense(Weights(24, (Column(3),))))
    oracle = Network(layers, "squared", 60)
    X, y, start = rng.standard_normal((50, 60)), rng.standard_normal((50, 3)), rng.standard_normal(oracle.n_parameters)
    thetas = []
    for memory_limit in (0, 1e9):
        rng = np.random.default_rng(1)
        network = core_network(oracle, batch_size=10, n_samples=50, memory_limit=memory_limit)
        assert network.describe()[0]["pooled_once"] == (memory_limit > 0)
        trainer, theta = _core.f64.Trainer(network, _core.f64.Sgd(0.9), X, y, batch_size=10), 0.1 * start
        for _ in range(3):
            trainer.epoch(theta, rng.permutation(50), np.full(5, 0.001))
        thetas.append(theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_single_precision_follows_double(name):
    oracle, X, y, start = example("base_with_mix", n_samples=40)
    thetas = []
    for core, dtype in [(_core.f32, np.float32), (_core.f64, np.float64)]:
        theta = start.astype(dtype)
        optimizer = OPTIMIZERS[name][1](core)
        trainer = core.Trainer(core_network(oracle, core), optimizer, X.astype(dtype), y, batch_size=10)
        trainer.epoch(theta, np.arange(40), np.full(4, 0.01))
        thetas.append(theta)
    np.testing.assert_allclose(*thetas, rtol=1e-3, atol=1e-4)


# Checkpoints ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loaded_state_continues_with_the_same_bits(name):
    oracle, X, y, theta = example("base_with_mix", n_samples=40, alpha=0.1)

    def trainer():
        network = core_network(oracle, input_dropout=0.2)  # whose masks depend on the number of steps
        return _core.f64.Trainer(network, OPTIMIZERS[name][1](_core.f64), X, y, batch_size=10)

    def train(a_trainer, n_epochs):
        for _ in range(n_epochs):
            a_trainer.epoch(theta_now, np.arange(40), np.full(4, 0.05), seed=9)

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
    def trainer(optimizer, structure="base"):
        oracle, X, y, _ = example(structure, n_samples=40)
        return _core.f64.Trainer(core_network(oracle), optimizer, X, y, batch_size=10)

    adam = trainer(_core.f64.Adam())
    with pytest.raises(ValueError, match="state"):
        trainer(_core.f64.Sgd(0.9)).load_state(adam.state())
    with pytest.raises(ValueError, match=str(example("base")[0].n_parameters)):
        trainer(_core.f64.Adam(), "identity").load_state(adam.state())


def test_an_optimizer_that_now_serves_another_trainer_is_an_error():
    optimizer = _core.f64.Sgd(0.0)
    oracle, X, y, theta = example("base", n_samples=40)
    trainer = _core.f64.Trainer(core_network(oracle), optimizer, X, y, batch_size=10)
    _core.f64.Trainer(core_network(example("identity")[0]), optimizer, X, y, batch_size=10)
    with pytest.raises(ValueError, match="optimi"):
        trainer.epoch(theta, np.arange(40), np.full(4, 0.1))


@pytest.mark.parametrize(("name", "n_vectors"), [("plain sgd", 1), ("sgd", 2), ("adam", 3)])
def test_state_takes_the_gradient_and_the_moments_of_the_dynamic_parameters(name, n_vectors):
    oracle, X, y, _ = example("base", n_samples=40)
    trainer = _core.f64.Trainer(core_network(oracle), OPTIMIZERS[name][1](_core.f64), X, y, batch_size=10)
    assert trainer.state_bytes == n_vectors * 8 * oracle.n_parameters


# Dropout --------------------------------------------------------------------------------------------------------------


def test_dropout_masks_of_a_step_are_those_of_the_gradient_at_that_step():
    oracle, X, y, theta = example("base", n_samples=40)
    network = core_network(oracle, input_dropout=0.4)
    expected, rate = theta.copy(), 0.1
    for step in range(4):
        batch = slice(10 * step, 10 * step + 10)
        expected -= rate * network.value_and_gradient(expected, X[batch], y[batch], training=True, seed=6, step=step)[1]
    trainer = _core.f64.Trainer(network, _core.f64.Sgd(0.0), X, y, batch_size=10)
    trainer.epoch(theta, np.arange(40), np.full(4, rate), seed=6)
    np.testing.assert_allclose(theta, expected, rtol=1e-11, atol=1e-12)


def test_dropout_masks_differ_from_epoch_to_epoch():
    oracle, X, y, theta = example("base", n_samples=40)
    network = core_network(oracle, input_dropout=0.4)
    trainer = _core.f64.Trainer(network, _core.f64.Sgd(0.0), X, y, batch_size=10)
    losses = [trainer.epoch(theta, np.arange(40), np.zeros(4), seed=6) for _ in range(2)]
    assert losses[0] != losses[1]


# Failure --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("core", [_core.f32, _core.f64], ids=["float32", "float64"])
def test_a_loss_that_is_not_finite_is_a_numerical_error(core):
    oracle, X, y, theta = example("base", "squared", n_samples=40)
    X, y, theta = (a.astype(np.float32 if core is _core.f32 else np.float64) for a in (X, y, theta))
    trainer = core.Trainer(core_network(oracle, core), core.Sgd(0.9), X, y, batch_size=10)
    with pytest.raises(_core.NumericalError, match="loss"):
        trainer.epoch(theta, np.tile(np.arange(40), 100), np.full(400, 1e6))
    assert issubclass(_core.NumericalError, ArithmeticError)


def test_a_sample_that_is_not_finite_is_a_numerical_error():
    oracle, X, y, theta = example("base", n_samples=40)
    X[17, 3] = np.nan
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.9), X, y, batch_size=10)
    with pytest.raises(_core.NumericalError, match="loss"):
        trainer.epoch(theta, np.arange(40), np.full(4, 0.1))


def test_batches_without_weight_leave_theta_and_the_mean_loss_alone():
    oracle, X, y, theta = example("base", n_samples=40)
    weight = np.repeat([0.0, 1.0, 0.0, 1.0], 10)
    rows = np.flatnonzero(weight)
    thetas, losses = [theta.copy(), theta.copy()], []
    for t, order in zip(thetas, (np.arange(40), rows), strict=True):
        trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.0), X, y, weight, batch_size=10)
        losses.append(trainer.epoch(t, order, np.full(len(order) // 10, 0.1)))
    np.testing.assert_array_equal(*thetas)
    assert losses[0] == losses[1]


def test_wrong_arguments_are_errors_before_theta_changes():
    oracle, X, y, theta = example("base", n_samples=40)
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(0.9), X, y, batch_size=10)
    before, rows, rates = theta.copy(), np.arange(40), np.full(4, 0.1)
    for expected, message, arguments in [
        (ValueError, rf"\b{theta.size - 1}\b.*\b{theta.size}\b", (theta[1:].copy(), rows, rates)),
        (ValueError, r"\b3\b.*\b4\b", (theta, rows, rates[1:].copy())),
        (ValueError, r"\b40\b", (theta, rows + 1, rates)),
        (ValueError, r"-1", (theta, rows - 1, rates)),
        (ValueError, "samples", (theta, rows[:0], rates[:0])),
        (TypeError, None, (theta.astype(np.float32), rows, rates)),
        (TypeError, None, (theta, rows.astype(np.int32), rates)),
    ]:
        with pytest.raises(expected, match=message):
            trainer.epoch(*arguments)
        np.testing.assert_array_equal(theta, before)


def test_samples_are_checked_when_the_trainer_is_made():
    oracle, X, y, _ = example("base", n_samples=40)
    network, w = core_network(oracle), np.ones(40)
    for expected, message, samples, batch_size in [
        (ValueError, r"\b7\b.*\b8\b", (X[:, 1:].copy(), y), 10),
        (ValueError, r"\b39\b.*\b40\b", (X, y[1:].copy()), 10),
        (ValueError, r"\b39\b.*\b40\b", (X, y, w[1:].copy()), 10),
        (ValueError, "labels: received -1 … ", (X, y - 1), 10),
        (ValueError, "labels", (X,), 10),
        (ValueError, "weights", (X, y, 0 * w), 10),
        (ValueError, "samples", (X[:0].copy(), y[:0].copy()), 10),
        (ValueError, "batch_size: received 0; expected", (X, y), 0),
        (TypeError, None, (np.asfortranarray(X), y), 10),
        (TypeError, None, (X.astype(np.float32), y), 10),
        (TypeError, None, (X, y, w.astype(np.float32)), 10),
    ]:
        with pytest.raises(expected, match=message):
            _core.f64.Trainer(network, _core.f64.Sgd(), *samples, batch_size=batch_size)


def test_samples_live_as_long_as_their_trainer():
    oracle, X, y, _ = example("base", n_samples=40)
    samples = [X, y, np.ones(40)]
    del X, y
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(), *samples, batch_size=10)
    arrays = [weakref.ref(array) for array in samples]
    del samples
    assert all(array() is not None for array in arrays)
    del trainer
    assert all(array() is None for array in arrays)


def test_a_read_only_theta_is_an_error():
    oracle, X, y, theta = example("base", n_samples=40)
    theta.flags.writeable = False
    trainer = _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(), X, y, batch_size=10)
    with pytest.raises((TypeError, ValueError)):
        trainer.epoch(theta, np.arange(40), np.full(4, 0.1))


@pytest.mark.parametrize("max_column_norm", [-1.0, float("nan")])
def test_a_negative_bound_on_column_norms_is_an_error(max_column_norm):
    oracle, X, y, _ = example("base")
    options = {"batch_size": 10, "max_column_norm": max_column_norm}
    with pytest.raises(ValueError, match="max_column_norm: received"):
        _core.f64.Trainer(core_network(oracle), _core.f64.Sgd(), X, y, **options)


def test_an_interrupt_ends_an_epoch_before_its_last_batch():
    program = """
        import numpy as np
        from ppdl import _core
        core = _core.f32
        dense = [core.Dense(core.PredictedWeights(n, [(m, None, None)])) for n, m in [(400, 400), (400, 2)]]
        network = core.Network([dense[0], core.Activation("tanh"), dense[1]], "softmax", n_inputs=400)
        X, y = np.zeros((1000, 400), np.float32), np.zeros(1000, np.int32)
        rows = np.tile(np.arange(1000), 10_000)
        theta, n_batches = network.initial(0), len(rows) // 100
        trainer = core.Trainer(network, core.Sgd(), X, y, batch_size=100)
        print("training", flush=True)
        try:
            trainer.epoch(theta, rows, np.zeros(n_batches))
        except KeyboardInterrupt:
            print(0 < trainer.state()[0] < n_batches, np.isfinite(theta).all(), flush=True)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "training\n"
        time.sleep(0.5)  # well into the epoch
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "True True\n"
