"""The same bits for any number of threads; in a process of its own, where OpenMP allows seven."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from oracles.network import Activation, Column, Dense, Maxout, Network, Weights
from oracles.structures import STRUCTURES
from twins import core_network, core_weights, scalar

from ppdl import _core

THREADS = (1, 2, 3, 7)
N, M, N_SAMPLES = 150, 90, 333


def test_one_to_seven_threads_give_the_same_bits():
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(Path(_core.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    # passive: seven threads that spin while they wait would starve each other
    environment = {**os.environ, "OMP_NUM_THREADS": "7", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": path}
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def products(core, weights, rng, n_threads):
    """XW and its reverse, in every order."""
    if weights.learned:
        return
    w, V = core_weights(weights, core), rng.standard_normal(weights.n_dynamic).astype(scalar(core))
    X, dZ = (rng.standard_normal((N_SAMPLES, k)).astype(scalar(core)) for k in (N, M))
    for order in ("predict", "pool", *(["shared"] if weights.base is not None else [])):
        yield w.apply(X, V, order, n_threads)
        yield from w.reverse(X, dZ, V, order, n_threads)


def network_steps(core, weights, rng, n_threads):
    """Value, gradient and epochs of a network with dropout, and its predictions."""
    layers = (Dense(weights), Activation("tanh"), Dense(Weights(M, (Column(60),))), Maxout(2))
    oracle = Network((*layers, Dense(Weights(30, (Column(10),)))), "softmax", N, alpha=0.1)
    X = rng.standard_normal((N_SAMPLES, N)).astype(scalar(core))
    y = rng.integers(10, size=N_SAMPLES).astype(np.int32)
    for optimizer in (core.Sgd(0.9), core.Adam()):
        network = core_network(oracle, core, input_dropout=0.2, batch_size=100)
        theta = network.initial(0)
        yield from map(np.array, network.value_and_gradient(theta, X, y, training=True, n_threads=n_threads))
        trainer = core.Trainer(network, optimizer, X, y, batch_size=100, max_column_norm=1.5, n_threads=n_threads)
        for _ in range(2):
            yield np.array(trainer.epoch(theta, np.arange(N_SAMPLES), np.full(4, 0.05)))
            yield theta.copy()
        yield network.predictor(theta).predict(X, n_threads)
    pooled = core_network(oracle, core, batch_size=100, n_samples=N_SAMPLES, memory_limit=1e9)
    yield from map(np.array, pooled.value_and_gradient(theta, X, y, n_threads=n_threads))


def map_steps(core, weights, rng, n_threads):
    """Of a network whose activations are maps, so that its blocks have few samples."""
    layers = [core.Conv2D(core.PredictedWeights(27, [(24, None, None)]), kernel=(3, 3), padding=(1, 1))]
    for kind in ("max", "average"):
        layers += [core.Activation("relu"), core.Pooling(kind, size=(3, 3), stride=(2, 2))]
    layers.append(core.Dense(core.PredictedWeights(8 * 8 * 24, [(10, None, None)])))
    network = core.Network(layers, "softmax", n_inputs=32 * 32 * 3, input_shape=(32, 32, 3))
    X = rng.standard_normal((60, 32 * 32 * 3)).astype(scalar(core))
    y, theta = rng.integers(10, size=60).astype(np.int32), network.initial(0)
    yield from map(np.array, network.value_and_gradient(theta, X, y, n_threads=n_threads))
    yield network.predictor(theta).predict(X, n_threads)


def autoencoder_steps(core, weights, rng, n_threads):
    if weights.learned:
        return
    model = core.Autoencoder(core_weights(weights, core), decoder_bias=True)
    X, theta = rng.uniform(size=(N_SAMPLES, N)).astype(scalar(core)), model.initial(0)
    yield from map(np.array, model.value_and_gradient(theta, X, n_threads=n_threads))


def rica_steps(core, weights, rng, n_threads):
    """Of a whole data set, and of a mini-batch."""
    model = core.Rica(core_weights(weights, core))
    X = rng.standard_normal((N_SAMPLES, N)).astype(scalar(core))
    V = rng.standard_normal(model.n_parameters).astype(scalar(core))
    yield from map(np.array, model.value_and_gradient(V, X, n_threads=n_threads))
    trainer = core.Trainer(model, core.Sgd(), X, batch_size=100, n_threads=n_threads)
    yield np.array(trainer.epoch(V, np.arange(N_SAMPLES), np.full(4, 0.01)))
    yield V


def minimisation(core, weights, rng, n_threads):
    oracle = Network((Dense(weights),), "squared", N, alpha=0.1)
    X, Y = (rng.standard_normal((N_SAMPLES, k)).astype(scalar(core)) for k in (N, M))
    network = core_network(oracle, core)
    yield core.fit_lbfgs(network, network.initial(0), X, Y, max_iterations=5, n_threads=n_threads).x


def main():
    assert [_core.resolve_threads(n) for n in THREADS] == list(THREADS)
    for core in (_core.f32, _core.f64):
        for structure, build in STRUCTURES.items():
            weights = build(np.random.default_rng(0), N, M)
            of_weights = (products, network_steps, autoencoder_steps, rica_steps, minimisation)
            for compute in (*of_weights, *([map_steps] if structure == "identity" else [])):
                once = list(compute(core, weights, np.random.default_rng(1), 1))
                for n_threads in THREADS[1:]:
                    again = compute(core, weights, np.random.default_rng(1), n_threads)
                    for i, (one, many) in enumerate(zip(once, again, strict=True)):
                        what = f"{core.__name__}, {structure}, {compute.__name__}, result {i}, {n_threads} threads"
                        np.testing.assert_array_equal(many, one, err_msg=what)


if __name__ == "__main__":
    main()
