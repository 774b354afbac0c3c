"""Prediction of 1, 100 and 10,000 rows by any dictionary in any order, and what a fit does before its first epoch."""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from ppdl import PredictedMLPClassifier
from ppdl.dictionaries import (
    DCT,
    Dictionary,
    EmpiricalCovariance,
    LowRank,
    PrincipalComponents,
    RandomConnections,
    SquaredExponential,
)

from .report import Report, Row, target
from .rounds import Times, interleave, ratio
from .workload import ALPHA, BATCH, HIDDEN, IMAGE, MOMENTUM, N_THREADS, RATE, Floats, Task, load_task

SE_EMP2 = (SquaredExponential(length_scale=1.0), EmpiricalCovariance(power=2))
DCT_PCA = (DCT(selection="leading"), PrincipalComponents(selection="leading"))
NETWORKS: dict[str, tuple[Dictionary | tuple[Dictionary, ...] | None, float, int]] = {
    "nokernel": (None, 1.0, 1),
    "SE-Emp2, 5 %, 10 columns": (SE_EMP2, 0.05, 10),
    "SE-Emp2, 50 %, 10 columns": (SE_EMP2, 0.5, 10),
    "DCT-PCA, 10 %, 1 column": (DCT_PCA, 0.1, 1),
    "random connections, 20 %, 10 columns": (RandomConnections(), 0.2, 10),
    "LowRank, 20 %, 1 column": (LowRank(), 0.2, 1),
}
ORDERS = ("auto", "predict", "pool")
ROWS = {1: 300, 100: 100, 10_000: 1}  # and how often they are predicted in a round
SLOWER = 1.1  # than the ordinary network, at most
N_FITTED, N_EPOCHS = 6_000, 3
EARLY = 1_000  # samples of the fits whose networks predict


def classifier(name: str, order: str = "auto", epochs: int = 1) -> PredictedMLPClassifier:
    """Return the estimator of a network's name, not fitted."""
    dictionary, fraction, n_columns = NETWORKS[name]
    return PredictedMLPClassifier(
        HIDDEN, "logistic", dictionary=dictionary, learned_fraction=fraction, n_columns=n_columns, order=order,
        input_shape=IMAGE, solver="sgd", alpha=ALPHA, batch_size=BATCH, learning_rate_init=RATE, momentum=MOMENTUM,
        max_iter=epochs, random_state=0, n_threads=N_THREADS,
    )  # fmt: skip


def check(fitted: PredictedMLPClassifier, ordinary: PredictedMLPClassifier, peer: MLPClassifier, X: Floats) -> None:
    """Assert that a network and its merged one predict the same, and scikit-learn's with the same weights, too."""
    expected = fitted.predict_proba(X)
    peer.coefs_, peer.intercepts_ = ordinary.coefs_, ordinary.intercepts_
    for other in (ordinary, peer):
        assert np.allclose(other.predict_proba(X), expected, rtol=1e-3, atol=1e-5), f"{fitted}: {other} differs"


def predictions(task: Task, rounds: int) -> tuple[list[Row], list[Row]]:
    """Measure all networks against their merged ones and against scikit-learn's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # one epoch is enough
        early = task.head(EARLY)
        peer = MLPClassifier(HIDDEN, activation="logistic", batch_size=BATCH, max_iter=1, random_state=0)
        peer.fit(early.X, early.y)
        networks = {
            f"{name}; {order}": classifier(name, order).fit(early.X, early.y)
            for name in NETWORKS
            for order in ORDERS
            if name != "nokernel" or order == "auto"
        }
    merged = {name: network.merge() for name, network in networks.items()}
    for name, network in networks.items():
        check(network, merged[name], peer, early.X[:100])
    rows, targets = [], []
    for n_rows, repeats in ROWS.items():
        X = np.ascontiguousarray(np.resize(task.X, (n_rows, task.X.shape[1])))
        times = {name: _against(network, merged[name], peer, X, repeats, rounds) for name, network in networks.items()}
        rows += [_row(name, n_rows, n_rows * repeats, measured) for name, measured in times.items()]
        slowest = max(times, key=lambda name: _to_ordinary(times[name]))
        worst = ratio(times[slowest]["ppdl"], times[slowest]["merged"])
        what = f"{n_rows:,} row{'s' * (n_rows > 1)}"
        targets.append(
            target(f"{what}: {slowest}", f"<= {SLOWER:g} × the merged network's", worst, worst.median <= SLOWER)
        )
        last = max(times, key=lambda name: ratio(times[name]["ppdl"], times[name]["scikit-learn"]).median)
        behind = ratio(times[last]["ppdl"], times[last]["scikit-learn"])
        targets.append(target(f"{what}: {last}", "<= 1 × MLPClassifier's", behind, behind.median <= 1))
    return rows, targets


def _against(
    network: PredictedMLPClassifier,
    ordinary: PredictedMLPClassifier,
    peer: MLPClassifier,
    X: Floats,
    repeats: int,
    rounds: int,
) -> Times:
    def predict(model: Any) -> Callable[[], None]:
        def run() -> None:
            for _ in range(repeats):
                model.predict_proba(X)

        return run

    contenders = {"ppdl": network, "merged": ordinary, "scikit-learn": peer}
    return interleave({name: predict(model) for name, model in contenders.items()}, rounds=rounds)


def _to_ordinary(times: Times) -> float:
    return ratio(times["ppdl"], times["merged"]).median


def _row(name: str, n_rows: int, n_predicted: int, times: Times) -> Row:
    network, order = name.split("; ")
    return {
        "network": network,
        "order": order,
        "rows": n_rows,
        "µs a row": 1e6 * float(np.median(times["ppdl"])) / n_predicted,
        "times merged": ratio(times["ppdl"], times["merged"]),
        "times MLPClassifier": ratio(times["ppdl"], times["scikit-learn"]),
    }


def set_up(task: Task, name: str) -> tuple[float, float]:
    """Fit; return the seconds of all but the epochs, and those of an epoch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        fitted = classifier(name, epochs=N_EPOCHS).fit(task.X, task.y)
        seconds = time.perf_counter() - start
    epochs = fitted.history_["time"]
    assert len(epochs) == N_EPOCHS, f"{name}: {len(epochs)} epochs"
    return seconds - sum(epochs), float(np.median(epochs))


def set_ups(task: Task, rounds: int) -> tuple[list[Row], list[Row]]:
    """Measure the set-up of fits against their epochs."""
    names = ("nokernel", "SE-Emp2, 5 %, 10 columns")
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in names}

    def run(name: str) -> None:
        measured[name].append(set_up(task, name))

    interleave({name: partial(run, name) for name in names}, rounds=rounds)
    rows = []
    for name in names:
        before, epoch = np.array(measured[name][-rounds:]).T
        share = ratio(before, epoch)
        rows.append({"fit": name, "set-up, s": float(np.median(before)), "epoch, s": float(np.median(epoch)),
                     "set-up over epoch": share})  # fmt: skip
    what = f"set-up of a fit, {names[-1]}"
    return rows, [target(what, f"<= an epoch of {len(task.X):,} samples", share, share.median <= 1)]


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--samples", type=int, default=N_FITTED, help="of the fits whose set-up is measured")
    arguments = parser.parse_args()
    task = load_task()
    report = Report(
        "predict",
        f"{task.source}; PredictedMLPClassifier, 784-500-500-10 logistic units, float32, as `predict_proba` and `fit` "
        f"are called; set-up: {arguments.samples} samples; {N_THREADS} threads, median of {arguments.rounds} "
        "interleaved rounds",
        N_THREADS,
    )
    with threadpool_limits(N_THREADS):
        rows, targets = predictions(task.head(10_000), arguments.rounds)
        report.table("Predictions", rows)
        fits, of_fits = set_ups(task.head(arguments.samples), arguments.rounds)
        report.table("Set-up", fits)
    report.table("Targets", [*targets, *of_fits])
    report.write()


if __name__ == "__main__":
    main()
