"""A training epoch of the paper's network for phones, ppdl over windows that overlap and PyTorch; memory of a fit."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from ppdl import PhoneRecognizer, _core
from ppdl.datasets import TIMIT_PHONES, Utterance, load_timit
from ppdl.dictionaries import EmpiricalCovariance
from ppdl.estimators.speech.targets import centres_of, state_targets
from ppdl.estimators.speech.windows import Windows
from ppdl.preprocessing import Cepstra

from .memory import CLEAR, MB, elsewhere, forget_peak, resident
from .peers import TorchTraining
from .report import Report, target
from .rounds import Times, interleave, ratio
from .workload import BATCH, MOMENTUM, N_THREADS, RATE, Rows, Task, Training

CONTEXT, HIDDEN, FRACTION, N_COLUMNS = 11, (1024, 1024), 0.1, 5
EMP_EMP = (EmpiricalCovariance(), EmpiricalCovariance())
DENSE, PREDICTED = "dense", f"{FRACTION:.0%}, {N_COLUMNS} columns"
FITS = {DENSE: {}, PREDICTED: {"learned_fraction": FRACTION, "n_columns": N_COLUMNS}}


def utterances() -> tuple[Sequence[Utterance], str]:
    """Utterances with their phones: TIMIT's sample, or frames of noise of the same size."""
    try:
        return load_timit().utterances, "TIMIT's sample, 128 utterances"
    except FileNotFoundError:
        rng = np.random.default_rng(0)
        noise = [rng.normal(size=(304, 39)).astype(np.float32) for _ in range(128)]
        phones = [rng.choice(TIMIT_PHONES.phones, 38) for _ in noise]
        made = [Utterance(f"noise {i}", own, 100.0, phones[i], np.arange(39) * 8) for i, own in enumerate(noise)]
        return made, "noise of the size of TIMIT's sample (set PPDL_DATA for the sample)"


def load_task() -> tuple[Task, Rows]:
    """Windows of all frames, overlapping in memory, with their states, and the rows that belong to an utterance."""
    (spoken, source), features = utterances(), Cepstra()
    frames = features.fit_transform(spoken)
    states = [
        state_targets(each, centres_of(features, each, len(own)), TIMIT_PHONES.index)
        for each, own in zip(spoken, frames)
    ]
    windows = Windows.over(frames, CONTEXT)
    y = np.zeros(len(windows.rows), np.int32)
    for begin, own in zip(windows.begins, states):
        y[begin : begin + len(own)] = np.maximum(own, 0)
    order = np.concatenate([begin + np.arange(length) for begin, length in zip(windows.begins, windows.lengths)])
    shape = (CONTEXT, windows.frames.shape[1])
    return Task(windows.rows, y, source, shape, HIDDEN, 3 * len(TIMIT_PHONES)), order


def contenders(task: Task) -> dict[str, Training | TorchTraining]:
    """All trainings by name, those of the ordinary network from the same initial weights."""
    dense = Training(task)
    return {
        f"ppdl {DENSE}": dense,
        f"ppdl {PREDICTED}": Training(task, EMP_EMP, fraction=FRACTION, n_columns=N_COLUMNS),
        f"PyTorch {DENSE}": TorchTraining(task, dense.peer_layers(), ("dense", "dense")),
    }


def check(task: Task, order: Rows) -> None:
    """Assert that both ordinary networks lose the same on the way through the same samples, and that all learn."""
    trainings = contenders(task)
    losses = {name: training.epoch(order[:3_000]) for name, training in trainings.items()}
    peer, ours = losses[f"PyTorch {DENSE}"], losses[f"ppdl {DENSE}"]
    assert abs(ours - peer) < 2e-3 * peer, f"{DENSE}: loss {ours}, PyTorch's {peer}"
    for name, training in trainings.items():
        assert training.epoch(order[:3_000]) < losses[name], f"{name}: the loss does not fall"


def fit(name: str) -> dict[str, float]:
    """Fit for two epochs in this process; return the peak above what stood before, in MB."""
    spoken, _ = utterances()
    n_bytes = sum(frames.nbytes for frames in Cepstra().fit_transform(spoken))
    options = dict(max_iter=2, random_state=0, n_threads=N_THREADS, **FITS[name])
    PhoneRecognizer((64, 64), **{**options, "max_iter": 1}).fit(spoken[:8])  # libraries and threads are there now
    before = resident("VmRSS")
    forget_peak()
    PhoneRecognizer(HIDDEN, **options).fit(spoken)
    return {"peak": resident("VmHWM") - before, "features": n_bytes / MB}


def main() -> None:
    """Check, measure, report; or, with --fit, be one of the processes whose memory is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fit", choices=FITS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.fit is not None:
        print(json.dumps(fit(arguments.fit)))
        return
    if not CLEAR.exists():
        sys.exit("speech: the peak of the resident memory can be measured on Linux only")
    torch.set_num_threads(N_THREADS)
    task, order = load_task()
    report = Report(
        "speech" if _core.isa == _core.levels[-1] else f"speech-{_core.isa}",
        f"{task.source}: {len(order)} frames; {task.X.shape[1]}-1024-1024-183 logistic units, float32, batch {BATCH}, "
        f"SGD with Nesterov momentum {MOMENTUM}, rate {RATE}; predicted: Emp-Emp; {N_THREADS} threads, median of "
        f"{arguments.rounds} interleaved rounds",
        N_THREADS,
    )
    with threadpool_limits(N_THREADS):
        check(task, order)
        trainings, mixed = contenders(task), np.random.default_rng(0).permutation(order)
        times = interleave(
            {name: partial(each.epoch, mixed) for name, each in trainings.items()}, rounds=arguments.rounds
        )
    memory = {name: elsewhere("speech", "--fit", name) for name in FITS}

    report.table(
        "Epochs",
        [
            {"training": name, "seconds": float(np.median(seconds)), "least": float(seconds.min()),
             "times ppdl dense": ratio(seconds, times[f"ppdl {DENSE}"])}
            for name, seconds in times.items()
        ],
    )  # fmt: skip
    rows = [
        {"fit": name, "features": used["features"], "peak above start": used["peak"]} for name, used in memory.items()
    ]
    report.table("Memory of a fit, MB", rows)
    report.table("Targets", _targets(times) + _memory_targets(memory))
    report.write()


def _targets(times: Times) -> list[dict[str, object]]:
    rows = []
    for name, wanted in ((DENSE, 1.5), (PREDICTED, 4.0)):
        measured = ratio(times[f"PyTorch {DENSE}"], times[f"ppdl {name}"])
        rows.append(
            target(f"{name} against PyTorch {DENSE}", f">= {wanted:g} × faster", measured, measured.median >= wanted)
        )
    return rows


def _memory_targets(memory: dict[str, dict[str, float]]) -> list[dict[str, object]]:
    rows = []
    for name, used in memory.items():
        beyond = used["peak"] - used["features"]
        rows.append(target(f"{name}: peak of a fit beyond features", "<= 200 MB", f"{beyond:.0f} MB", beyond <= 200))
    return rows


if __name__ == "__main__":
    main()
