"""Memory of a fit at 5 % learned against the dense network's: optimiser and gradient state, and the process's peak.

Each fit runs in a process of its own, which is asked for the peak of its resident memory during the fit alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ppdl import PredictedMLPClassifier
from ppdl.dictionaries import EmpiricalCovariance, SquaredExponential

from .report import Report, target
from .workload import ALPHA, BATCH, HIDDEN, IMAGE, MOMENTUM, N_THREADS, RATE, Training, load_task

FRACTION = 0.05
SE_EMP2 = (SquaredExponential(length_scale=1.0), EmpiricalCovariance(power=2))
FITS: dict[str, dict[str, Any]] = {
    "dense": {},
    "5 %, 10 columns": {"dictionary": SE_EMP2, "learned_fraction": FRACTION, "n_columns": 10},
    "5 %, 1 column": {"dictionary": SE_EMP2, "learned_fraction": FRACTION, "n_columns": 1},
    "5 %, 10 columns, pooled per batch": {
        "dictionary": SE_EMP2, "learned_fraction": FRACTION, "n_columns": 10, "memory_limit": 0,
    },
}  # fmt: skip
MB = 2**20
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(field: str) -> float:
    """Resident memory of this process in MB: "VmRSS" now, "VmHWM" at its peak since `forget_peak`."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Let the peak of the resident memory start from its present size."""
    CLEAR.write_text("5")


def fit(name: str) -> dict[str, float]:
    """Fit for two epochs in this process; return the peak above what stood before, in MB."""
    task = load_task()
    options = {
        "hidden_layer_sizes": HIDDEN, "activation": "logistic", "solver": "sgd", "alpha": ALPHA, "batch_size": BATCH,
        "learning_rate_init": RATE, "momentum": MOMENTUM, "max_iter": 2, "input_shape": IMAGE, "random_state": 0,
        "n_threads": N_THREADS, **FITS[name],
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs don't converge
        PredictedMLPClassifier(**options).fit(
            task.X[:BATCH].copy(), task.y[:BATCH]
        )  # libraries and threads are there now
        before = resident("VmRSS")
        forget_peak()
        classifier = PredictedMLPClassifier(**options).fit(task.X, task.y)
    peak = resident("VmHWM")
    losses = classifier.loss_curve_
    assert losses[1] < losses[0], f"{name}: the loss went from {losses[0]} to {losses[1]}"
    return {"peak": peak - before, "X": task.X.nbytes / MB}


def elsewhere(benchmark: str, *arguments: str) -> Any:
    """Run a benchmark in a process of its own; return the JSON that it prints."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *arguments]
    root = Path(__file__).parent.parent
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout)


def training(name: str) -> Training:
    """The core's side of the same fit, which tells its state."""
    options = FITS[name]
    return Training(
        load_task(),
        options.get("dictionary", (None, None)),
        fraction=options.get("learned_fraction", 1.0),
        n_columns=options.get("n_columns", 1),
        memory_limit=options.get("memory_limit", 2**30),
    )


def row(name: str) -> Mapping[str, Any]:
    """Measure one fit."""
    about = training(name)
    measured = elsewhere("memory", "--fit", name)
    # What the dictionaries of the deeper layer look at: that layer's inputs for all of the data, freed before training.
    activations = len(about.task.X) * HIDDEN[0] * about.task.X.itemsize / MB if "dictionary" in FITS[name] else 0.0
    return {
        "fit": name,
        "parameters": len(about.theta),
        "state, MB": about.trainer.state_bytes / MB,
        "X, MB": measured["X"],
        "pooled X, MB": about.pooled_bytes / MB,
        "activations for Emp2, MB": activations,
        "peak above the start, MB": measured["peak"],
    }


def main() -> None:
    """Check, measure, report; or, with --fit, be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", choices=FITS, help=argparse.SUPPRESS)
    name = parser.parse_args().fit
    if name is not None:
        print(json.dumps(fit(name)))
        return
    if not CLEAR.exists():
        sys.exit("memory: the peak of the resident memory can be measured on Linux only")
    report = Report(
        "memory",
        f"{load_task().source}; PredictedMLPClassifier, 784-500-500-10 logistic units, float32, batch {BATCH}, SGD; "
        "5 %: SE-Emp2; the peak is of the resident memory during fit, above what stood before it (X among that)",
        N_THREADS,
    )
    rows = {name: row(name) for name in FITS}
    report.table("Fits", list(rows.values()))
    dense = rows["dense"]
    targets = []
    for name, measured in rows.items():
        if name == "dense":
            continue
        share = measured["state, MB"] / dense["state, MB"]
        targets.append(target(f"{name}: state", "<= 6 % of the dense one's", f"{share:.2%}", share <= 0.06))
    for name, measured in rows.items():
        accounted = max(measured["pooled X, MB"], measured["activations for Emp2, MB"])
        beyond = measured["peak above the start, MB"] - accounted
        share = beyond / measured["X, MB"]
        targets.append(
            target(f"{name}: no copy of X", "peak beyond the accounted < half of X", f"{share:.0%} of X", share < 0.5)
        )
    report.table("Targets", targets)
    report.write()


if __name__ == "__main__":
    main()
