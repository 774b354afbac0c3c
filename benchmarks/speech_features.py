"""Features of speech on one core: seconds of speech a second, beside what each part of the work takes."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from ppdl.datasets import Utterance, load_timit
from ppdl.preprocessing import Cepstra

from .report import Report, target
from .rounds import interleave

SYNTHETIC = 100  # utterances


def load_speech() -> tuple[list[Utterance], str]:
    """TIMIT's utterances, or noise of the same lengths where it is not at hand."""
    try:
        timit = load_timit(subset=None)
    except FileNotFoundError:
        rng = np.random.default_rng(0)
        noise = [rng.normal(0, 0.05, 48_000).clip(-1, 1).astype(np.float32) for _ in range(SYNTHETIC)]
        utterances = [Utterance(f"noise{i}", signal, 16_000) for i, signal in enumerate(noise)]
        return utterances, f"{SYNTHETIC} synthetic utterances (set PPDL_DATA for TIMIT)"
    what = "TIMIT's sample" if timit.is_sample else "TIMIT"
    return timit.utterances, f"{what}, {len(timit.utterances)} utterances"


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    utterances, source = load_speech()
    duration = sum(utterance.duration for utterance in utterances)
    report = Report(
        "speech_features",
        f"{source}, {duration:.0f} s; 12 cepstra, energy, first and second derivatives; one thread, median of "
        f"{arguments.rounds} interleaved rounds",
        1,
    )
    whole, static = Cepstra().fit(utterances), Cepstra(deltas=0, standardize=False).fit(utterances)
    for once, again in zip(whole.transform(utterances), Cepstra().fit_transform(utterances)):
        assert np.array_equal(once, again)
    work: dict[str, Callable[[], object]] = {
        "transform": functools.partial(whole.transform, utterances),
        "fit": functools.partial(whole.fit, utterances),
        "fit_transform": functools.partial(Cepstra().fit_transform, utterances),
        "cepstra and energy alone": functools.partial(static.transform, utterances),
    }
    with threadpool_limits(1):
        times = interleave(work, rounds=arguments.rounds)
    speeds = {name: duration / float(np.median(seconds)) for name, seconds in times.items()}
    report.table(
        "Speed",
        [
            {"work": name, "seconds": float(np.median(times[name])), "times real time": speed}
            for name, speed in speeds.items()
        ],
    )
    reached = speeds["transform"]
    report.table("Targets", [target("features on one core", ">= 100 × real time", f"{reached:.0f} ×", reached >= 100)])
    report.write()


if __name__ == "__main__":
    main()
