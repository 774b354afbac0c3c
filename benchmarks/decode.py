"""Viterbi decoding of 1000 frames through 61 phones of three states under a bigram: ppdl and NumPy, on one thread.

What counts as NumPy's time is that of its fastest writing; see `with_pointers` and `traced_again`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ppdl import _core
from ppdl.estimators.speech import PhoneBigram

from .report import Report, target
from .rounds import interleave, ratio

N_THREADS = 1
N_PHONES, N_STATES, N_FRAMES = 61, 3, 1000
LIMIT_MS = 10.0
BEAMS = (np.inf, 20.0, 10.0, 5.0)
FRAMES_PER_STATE = 3.0

Floats = npt.NDArray[np.float64]


class Steps(NamedTuple):
    """Log probabilities as `_core.f64.PhoneDecoder` takes them."""

    initial: Floats
    bigram: Floats
    final: Floats
    stay: Floats
    advance: Floats


Decoded = tuple[list[int], list[int], float]


def utterance(seed: int = 0) -> tuple[npt.NDArray[np.float32], Steps]:
    """Log posteriors of a path through the phones, in which noise hides the right state now and then."""
    rng = np.random.default_rng(seed)
    likely = rng.dirichlet(np.full(N_PHONES, 0.1), N_PHONES)  # few phones follow each

    def sentence(length: int) -> list[int]:
        phones = [int(rng.integers(N_PHONES))]
        while len(phones) < length:
            phones.append(int(rng.choice(N_PHONES, p=likely[phones[-1]])))
        return phones

    names = [str(phone) for phone in range(N_PHONES)]
    logs = PhoneBigram.of([sentence(40) for _ in range(400)], names).log_probabilities()
    states = [N_STATES * phone + state for phone in sentence(N_FRAMES) for state in range(N_STATES)]
    path = np.repeat(states, rng.geometric(1 / FRAMES_PER_STATE, len(states)))[:N_FRAMES]
    scores = 1.5 * rng.standard_normal((N_FRAMES, N_PHONES * N_STATES))
    scores[np.arange(N_FRAMES), path] += 4.0
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    every = np.ones(N_PHONES * N_STATES)
    steps = Steps(*logs, np.log(1 - 1 / FRAMES_PER_STATE) * every, np.log(1 / FRAMES_PER_STATE) * every)
    return scores.astype(np.float32), steps


def by_state(numbers: npt.NDArray[Any]) -> Floats:
    """States in rows, phones in columns, side by side."""
    return np.ascontiguousarray(np.moveaxis(numbers.reshape(*numbers.shape[:-1], N_PHONES, N_STATES), -1, -2), float)


def with_pointers(scores: npt.NDArray[np.float32], steps: Steps) -> Decoded:
    """NumPy, as it is usually written: the best phone before each phone, and whether each state was stayed in."""
    frames, stay, advance = by_state(scores), by_state(steps.stay), by_state(steps.advance)
    best = np.full((N_STATES, N_PHONES), -np.inf)
    best[0] = steps.initial + frames[0, 0]
    came = np.empty(best.shape)
    phone_before = np.zeros((len(frames), N_PHONES), dtype=np.intp)
    stayed = np.zeros((len(frames), *best.shape), dtype=bool)
    every = np.arange(N_PHONES)
    for t in range(1, len(frames)):
        leaving = best + advance
        candidates = leaving[-1][:, np.newaxis] + steps.bigram
        phone_before[t] = candidates.argmax(axis=0)
        came[0] = candidates[phone_before[t], every]
        came[1:] = leaving[:-1]
        best += stay
        np.greater_equal(best, came, out=stayed[t])
        np.maximum(best, came, out=best)
        best += frames[t]
    ends = best[-1] + advance[-1] + steps.final
    phone, state, t = int(ends.argmax()), N_STATES - 1, len(frames) - 1
    phones, begins = [phone], [len(frames)]
    while t > 0:
        if not stayed[t, state, phone]:
            if state == 0:
                begins.append(t)
                phone, state = int(phone_before[t, phone]), N_STATES
                phones.append(phone)
            state -= 1
        t -= 1
    return phones[::-1], [0, *begins[::-1]], float(ends.max())


def traced_again(scores: npt.NDArray[np.float32], steps: Steps) -> Decoded:
    """NumPy, ppdl's way: states pass on when their phone was entered; phones before are found again at the end."""
    frames, stay, advance = by_state(scores), by_state(steps.stay), by_state(steps.advance)
    best = np.full((N_STATES, N_PHONES), -np.inf)
    best[0] = steps.initial + frames[0, 0]
    came, entered, passed_on = np.empty(best.shape), np.zeros(best.shape, np.int32), np.zeros(best.shape, np.int32)
    exits, begun = np.empty((len(frames), N_PHONES)), np.zeros((len(frames), N_PHONES), np.int32)
    exits[0] = best[-1] + advance[-1]
    candidates = np.empty((N_PHONES, N_PHONES))
    for t in range(1, len(frames)):
        np.add(exits[t - 1][:, np.newaxis], steps.bigram, out=candidates)
        np.maximum.reduce(candidates, axis=0, out=came[0])
        np.add(best[:-1], advance[:-1], out=came[1:])
        passed_on[0], passed_on[1:] = t, entered[:-1]
        best += stay
        np.copyto(entered, passed_on, where=best < came)
        np.maximum(best, came, out=best)
        best += frames[t]
        np.add(best[-1], advance[-1], out=exits[t])
        begun[t] = entered[-1]
    ends = exits[-1] + steps.final
    phone, end = int(ends.argmax()), len(frames)
    phones, begins = [phone], [end]
    while (end := int(begun[end - 1, phone])) > 0:
        begins.append(end)
        phone = int((exits[end - 1] + steps.bigram[:, phone]).argmax())
        phones.append(phone)
    return phones[::-1], [0, *begins[::-1]], float(ends.max())


PEERS: dict[str, Callable[[npt.NDArray[np.float32], Steps], Decoded]] = {
    "NumPy, with pointers": with_pointers,
    "NumPy, traced again": traced_again,
}


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    report = Report(
        "decode",
        f"{N_FRAMES} frames, {N_PHONES} phones of {N_STATES} states, scores in float32, sums in float64; one thread, "
        f"median of {rounds} interleaved rounds",
        N_THREADS,
    )
    scores, steps = utterance()
    decoders = {beam: _core.f32.PhoneDecoder(*steps, beam=beam) for beam in BEAMS}
    names = {beam: "ppdl" if beam == np.inf else f"ppdl, beam {beam:g}" for beam in BEAMS}
    phones, begins, best = decoders[np.inf].decode(scores)
    for name, peer in PEERS.items():
        theirs = peer(scores, steps)
        assert theirs[:2] == (phones.tolist(), begins.tolist()), f"{name}: another path"
        assert np.isclose(theirs[2], best, rtol=1e-12), f"{name}: {theirs[2]} instead of {best}"

    work: dict[str, Callable[[], object]] = {names[beam]: partial(decoders[beam].decode, scores) for beam in BEAMS}
    work |= {name: partial(peer, scores, steps) for name, peer in PEERS.items()}
    with threadpool_limits(N_THREADS):
        times = interleave(work, rounds=rounds)
        peak = _core.peak_multiply_adds(double_precision=True)
    candidates = N_PHONES**2 * (N_FRAMES - 1)
    rows = []
    for name, seconds in times.items():
        median = float(np.median(seconds))
        rows.append({"by": name, "ms": 1e3 * median, "phone pairs, G/s": candidates / median / 1e9,
                     "times ppdl": ratio(seconds, times["ppdl"])})  # fmt: skip
    report.table("Decoding", rows)
    lost = []
    for beam in BEAMS:
        found, _, score = decoders[beam].decode(scores)
        lost.append({"beam": beam, "score below the best": best - score, "phones": len(found)})
    report.table("What a beam loses", lost)

    median = float(np.median(times["ppdl"]))
    # A pair of phones takes an addition and a maximum: two instructions, where the peak's multiply-add is one.
    share = candidates / median / (peak / 2)
    fastest = min(PEERS, key=lambda name: float(np.median(times[name])))
    gain = ratio(times[fastest], times["ppdl"])
    report.table(
        "Targets",
        [
            target(f"{N_FRAMES} frames × {N_PHONES * N_STATES} states", f"< {LIMIT_MS:g} ms on one core",
                   f"{1e3 * median:.2f} ms", 1e3 * median < LIMIT_MS),
            target("pairs of phones alone", ">= 0.2 of the core's peak", f"{share:.2f}", share >= 0.2),
            target(f"against {fastest}", ">= 2 × faster", gain, gain.median >= 2),
        ],
    )  # fmt: skip
    report.write()


if __name__ == "__main__":
    main()
