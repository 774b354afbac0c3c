"""Epoch time against the proportion learned: does it fall with it, and is it ever above the dense network's?"""

from __future__ import annotations

import argparse
from functools import partial
from itertools import pairwise

import numpy as np

from ppdl.dictionaries import DCT, Dictionary, EmpiricalCovariance, PrincipalComponents, SquaredExponential

from .report import Report, Row, target
from .rounds import Times, interleave, ratio
from .workload import BATCH, HIDDEN, N_THREADS, Task, Training, load_task

FRACTIONS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.85, 1.0)
COLUMNS = (1, 10)
DICTIONARIES: dict[str, tuple[Dictionary, Dictionary]] = {
    "SE-Emp2": (SquaredExponential(length_scale=1.0), EmpiricalCovariance(power=2)),
    "DCT-PCA": (DCT(selection="leading"), PrincipalComponents(selection="leading")),
}
N_SAMPLES = 6_000
NOISE = 0.03  # two times closer than this are the same


def trainings_of(task: Task, pair: tuple[Dictionary, Dictionary], n_columns: int) -> dict[str, Training]:
    """The dense network, and the predicted ones by their proportion."""
    every = {"dense": Training(task)}
    for fraction in FRACTIONS:
        every[f"{fraction:g}"] = Training(task, pair, fraction=fraction, n_columns=n_columns)
    return every


def check(trainings: dict[str, Training], n_samples: int) -> None:
    """Assert that every network learns, and that as many parameters are learned as the proportion says."""
    order = np.arange(n_samples)
    for name, training in trainings.items():
        first, second = training.epoch(order), training.epoch(order)
        assert second < first, f"{name}: the loss went from {first} to {second}"
        if name != "dense":
            for about, n_hidden in zip(training.layers, HIDDEN, strict=False):
                assert about["n_dynamic"] == int(about["n_visible"] * float(name)) * n_hidden, (name, about)


def rows_of(trainings: dict[str, Training], times: Times) -> list[Row]:
    """One row for each proportion."""
    dense = times["dense"]
    return [
        {
            "proportion": name,
            "times dense": ratio(seconds, dense),
            "operations over dense": training.multiply_adds / trainings["dense"].multiply_adds,
            "orders": ", ".join(
                f"{about['order']}{' once' if about['pooled_once'] else ''}" for about in training.layers[: len(HIDDEN)]
            ),
        }
        for (name, training), seconds in zip(trainings.items(), times.values(), strict=True)
    ]


def epochs(trainings: dict[str, Training], n_samples: int, rounds: int) -> Times:
    """Seconds of each network's epochs."""
    order = np.random.default_rng(0).permutation(n_samples)
    return interleave({name: partial(training.epoch, order) for name, training in trainings.items()}, rounds=rounds)


def targets_of(name: str, times: Times) -> list[Row]:
    """Does the time fall with the proportion, and stay below the dense network's?"""
    medians = [ratio(times[f"{fraction:g}"], times["dense"]).median for fraction in FRACTIONS]
    against = [
        f"{small:g} takes {less / more:.2f} × {large:g}"
        for (small, less), (large, more) in pairwise(zip(FRACTIONS, medians))
        if less > more * (1 + NOISE)
    ]
    highest = max(medians)
    return [
        target(name, "falls with the proportion", "; ".join(against) or "it does", not against),
        target(name, "never above dense", f"at most {highest:.2f} ×", highest <= 1 + NOISE),
    ]


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    task = load_task().head(N_SAMPLES)
    report = Report(
        "proportion",
        f"{task.source}, the first {N_SAMPLES}; 784-500-500-10 logistic units, float32, batch {BATCH}, SGD; "
        f"{N_THREADS} threads; median of {rounds} interleaved rounds; steps up to {NOISE:.0%} count as noise",
        N_THREADS,
    )
    targets: list[Row] = []
    for dictionary, pair in DICTIONARIES.items():
        for n_columns in COLUMNS:
            name = f"{dictionary}, {n_columns} column{'s' if n_columns > 1 else ''}"
            trainings = trainings_of(task, pair, n_columns)
            check(trainings, N_SAMPLES)
            times = epochs(trainings, N_SAMPLES, rounds)
            report.table(name, rows_of(trainings, times))
            targets += targets_of(name, times)
    report.table("Targets", targets)
    report.write()


if __name__ == "__main__":
    main()
