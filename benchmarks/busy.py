"""Two threads against one while another process keeps a processor busy: fits, predictions and RICA."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ppdl import RICA, PredictedMLPClassifier
from ppdl.datasets import load_digits

from .report import Report, Row, target
from .rounds import Ratio, Times, interleave, ratio
from .workload import HIDDEN, N_THREADS, load_task

N_SAMPLES = 3_000
AT_MOST = 1.3  # times what one thread takes
NEIGHBOURS = (0, 1)


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Processes that compute without end, for as long as the context lasts."""
    every = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in every:
            process.kill()
            process.wait()


def tasks() -> dict[str, Callable[[int], Any]]:
    """What is timed, by its name: functions of the number of threads."""
    digits, mnist = load_digits(), load_task().head(N_SAMPLES)

    def small(n_threads: int) -> PredictedMLPClassifier:
        clf = PredictedMLPClassifier(max_iter=30, n_iter_no_change=30, random_state=0, n_threads=n_threads)
        return clf.fit(digits.data, digits.target)

    def large(n_threads: int) -> PredictedMLPClassifier:
        clf = PredictedMLPClassifier(
            HIDDEN, "logistic", batch_size=100, max_iter=2, random_state=0, n_threads=n_threads
        )
        return clf.fit(mnist.X, mnist.y)

    def rica(n_threads: int) -> RICA:
        return RICA(100, max_iter=20, random_state=0, n_threads=n_threads).fit(digits.data)

    fitted = {n: large(n) for n in (1, N_THREADS)}
    assert np.array_equal(fitted[1].theta_, fitted[N_THREADS].theta_)
    return {
        "fit, digits": small,
        "fit, MNIST's shape": large,
        "predict, MNIST's shape": lambda n_threads: fitted[n_threads].predict(mnist.X),
        "RICA, digits": rica,
    }


def measure(task: Callable[[int], Any], rounds: int) -> Times:
    """Seconds with one thread and with all."""
    return interleave({str(n): partial(task, n) for n in (1, N_THREADS)}, rounds=rounds)


def main() -> None:
    """Measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")  # nothing here is trained to its end
    report = Report(
        "busy",
        f"{N_THREADS} threads over one, with and without a busy process beside them; float32; {N_SAMPLES} images of "
        f"MNIST's shape, and bundled digits; median of {rounds} interleaved rounds",
        N_THREADS,
    )
    every = tasks()
    measured: dict[int, dict[str, Ratio]] = {}
    for count in NEIGHBOURS:  # the quiet machine first: what is learned of a busy one is remembered for a while
        with neighbours(count):
            seconds = {name: measure(task, rounds) for name, task in every.items()}
        measured[count] = {name: ratio(times[str(N_THREADS)], times["1"]) for name, times in seconds.items()}
    rows: list[Row] = [
        {"what": name, **{f"{count} busy neighbour(s)": measured[count][name] for count in NEIGHBOURS}}
        for name in every
    ]
    targets: list[Row] = []
    for name, worst in measured[NEIGHBOURS[-1]].items():
        targets.append(target(name, f"<= {AT_MOST} × one thread's time", worst, worst.median <= AT_MOST))
    report.table("Time of two threads over that of one", rows)
    report.table("Targets", targets)
    report.write()


if __name__ == "__main__":
    main()
