"""One training epoch of 784-500-500-10 sigmoid units: ppdl, PyTorch and scikit-learn, dense and at 5 % learned."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from ppdl import _core
from ppdl.dictionaries import EmpiricalCovariance, SquaredExponential

from . import gemm
from .peers import SklearnTraining, TorchTraining
from .report import Report, Row, target
from .rounds import Times, ratio
from .workload import BATCH, MOMENTUM, N_THREADS, RATE, Rows, Task, Training, load_task

# How much faster than PyTorch's the dense epoch is to be, by instructions; PyTorch's are limited by its own variables.
DENSE_GAIN = {"v4": 2.3}.get(_core.isa, 1.8)
SE_EMP2 = (SquaredExponential(length_scale=1.0), EmpiricalCovariance(power=2))
FRACTION = 0.05
DENSE, TEN, ONE = "dense", "5 %, 10 columns", "5 %, 1 column"
# PyTorch's natural writings of the same predicted network; the fastest is the one that counts.
TORCH_ORDERS = {"pool, pool": ("pool", "pool"), "pool, predict": ("pool", "predict"), "predict": ("predict", "predict")}
Trainings = dict[str, Training | TorchTraining | SklearnTraining]


def contenders(task: Task, *, sklearn_shuffles: bool = True) -> Trainings:
    """All trainings, by name, those of one network from the same initial weights."""
    ours = {
        DENSE: Training(task),
        TEN: Training(task, SE_EMP2, fraction=FRACTION, n_columns=10),
        ONE: Training(task, SE_EMP2, fraction=FRACTION, n_columns=1),
    }
    every: Trainings = {f"ppdl {name}": training for name, training in ours.items()}
    layers = {name: training.peer_layers() for name, training in ours.items()}
    every[f"PyTorch {DENSE}"] = TorchTraining(task, layers[DENSE], ("dense", "dense"))
    for name in (TEN, ONE):
        for writing, orders in TORCH_ORDERS.items():
            every[f"PyTorch {name} ({writing})"] = TorchTraining(task, layers[name], orders)
        every[f"PyTorch {name} (pool, pool; default optimiser)"] = TorchTraining(
            task, layers[name], ("pool", "pool"), fused=False
        )
    every[f"PyTorch {DENSE} (default optimiser)"] = TorchTraining(task, layers[DENSE], ("dense", "dense"), fused=False)
    every[f"scikit-learn {DENSE}"] = SklearnTraining(task, layers[DENSE], shuffle=sklearn_shuffles)
    return every


def check(task: Task) -> None:
    """Assert that all implementations of one network lose the same on the way through the same samples."""
    part = task.head(3_000)
    order = np.arange(len(part.X))
    trainings = contenders(part, sklearn_shuffles=False)
    losses = {name: training.epoch(order) for name, training in trainings.items()}
    for network in (DENSE, TEN, ONE):
        first = losses[f"ppdl {network}"]
        second = trainings[f"ppdl {network}"].epoch(order)
        assert second < first, f"{network}: the loss went from {first} to {second}"
        for name, loss in losses.items():
            if network in name:
                assert abs(loss - first) < 2e-3 * first, f"{name}: loss {loss}, ppdl's {first}"


def measure(trainings: Trainings, n_samples: int, rounds: int) -> tuple[Times, Times]:
    """Seconds of the epochs, and of the bare products and the dense epoch at the FMA peak, from the same rounds."""
    rng = np.random.default_rng(0)
    order: Rows = rng.permutation(n_samples)
    probes = gemm.probes(gemm.dense_products(), n_samples // BATCH)
    work = {name: partial(training.epoch, order) for name, training in trainings.items()}
    dense = trainings[f"ppdl {DENSE}"]
    assert isinstance(dense, Training)
    times = gemm.with_peak({**work, **probes}, dense.multiply_adds, rounds)
    return {name: times[name] for name in work}, {name: times[name] for name in (*probes, gemm.PEAK)}


def fastest(times: Times, prefix: str) -> str:
    """Name of the quickest entry among those that begin with `prefix`."""
    return min((name for name in times if name.startswith(prefix)), key=lambda name: float(np.median(times[name])))


def targets_of(times: Times, products: Times) -> list[Row]:
    """Hold the ratios of the rounds against what is wanted."""
    torch_dense = times[fastest(times, f"PyTorch {DENSE}")]
    comparisons = [
        ("dense against PyTorch", torch_dense, DENSE, DENSE_GAIN),
        ("dense against MLPClassifier", times[f"scikit-learn {DENSE}"], DENSE, 2.4),
        (f"{TEN} against PyTorch dense", torch_dense, TEN, 6.0),
        (f"{TEN} against PyTorch with the same U, V", times[fastest(times, f"PyTorch {TEN}")], TEN, 3.5),
        (f"{ONE} against PyTorch dense", torch_dense, ONE, 12.0),
        (f"{ONE} against PyTorch with the same U, V", times[fastest(times, f"PyTorch {ONE}")], ONE, 3.0),
    ]
    targets = []
    for what, peer, name, wanted in comparisons:
        measured = ratio(peer, times[f"ppdl {name}"])
        targets.append(target(what, f">= {wanted:g} × faster", measured, measured.median >= wanted))
    dense = times[f"ppdl {DENSE}"]
    reached = ratio(products[gemm.OURS], dense)
    targets.append(target("dense against its bare products", ">= 0.8 of the rate", reached, reached.median >= 0.8))
    targets.append(gemm.share_of_peak(products, dense, 0.7, DENSE))
    return targets


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--samples", type=int, default=60_000, help="train on the first ones only (default: all)")
    arguments = parser.parse_args()
    rounds = arguments.rounds
    torch.set_num_threads(N_THREADS)
    task = load_task().head(arguments.samples)
    report = Report(
        "epoch" if _core.isa == _core.levels[-1] else f"epoch-{_core.isa}",
        f"{task.source}, the first {len(task.X)}; 784-500-500-10 logistic units, float32, batch {BATCH}, SGD with "
        f"Nesterov momentum {MOMENTUM}, rate {RATE}; predicted: SE-Emp2, 5 % learned; {N_THREADS} threads, "
        f"median of {rounds} interleaved rounds",
        N_THREADS,
    )
    with threadpool_limits(N_THREADS):
        check(task)
        trainings = contenders(task)
        times, products = measure(trainings, len(task.X), rounds)

    dense_work = len(task.X) // BATCH * sum(product.multiply_adds for product in gemm.dense_products())
    rates = {name: 2 * dense_work / np.median(seconds) / 1e9 for name, seconds in products.items()}
    report.table(
        "The ordinary network's products alone",
        [{"by": name, "GF/s": rate, "seconds": float(np.median(products[name]))} for name, rate in rates.items()],
    )
    report.table(
        "Epochs",
        [
            {"training": name, "seconds": float(np.median(seconds)), "least": float(seconds.min()),
             "times ppdl dense": ratio(seconds, times["ppdl dense"])}
            for name, seconds in times.items()
        ],
    )  # fmt: skip
    report.table(
        "Operations of ppdl's epochs", [_operations(name, trainings, times, rates) for name in (DENSE, TEN, ONE)]
    )
    report.table("Layers", [_layer(name, about) for name in (DENSE, TEN, ONE) for about in _layers(trainings, name)])

    report.table("Targets", targets_of(times, products))
    report.write()


def _layers(trainings: Trainings, name: str) -> list[dict[str, object]]:
    training = trainings[f"ppdl {name}"]
    assert isinstance(training, Training)
    return training.layers


def _operations(name: str, trainings: Trainings, times: Times, rates: Mapping[str, float]) -> dict[str, object]:
    """Operations and bytes of one epoch, and the rates that they are done at."""
    training = trainings[f"ppdl {name}"]
    assert isinstance(training, Training)
    seconds = float(np.median(times[f"ppdl {name}"]))
    rate = 2 * training.multiply_adds / seconds / 1e9
    return {
        "network": name,
        "parameters": len(training.theta),
        "GF": 2 * training.multiply_adds / 1e9,
        "GF/s": rate,
        "of the bare products' rate": rate / rates[gemm.OURS],
        "of the FMA peak": rate / rates[gemm.PEAK],
        "GB at least": training.bytes_moved / 1e9,
        "GB/s": training.bytes_moved / 1e9 / seconds,
    }


def _layer(name: str, about: Mapping[str, object]) -> dict[str, object]:
    keys = ("n_visible", "n_hidden", "n_columns", "n_dynamic", "order", "pooled_once", "multiply_adds")
    return {"network": name, **{key: about[key] for key in keys}, "dense": about["dense_multiply_adds"]}


if __name__ == "__main__":
    main()
