"""Utterances that Figure 4 (right) learns from and is tested on, known by their digest."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ppdl._checks import one_of
from ppdl.datasets import PhoneSet, Utterance, load_timit
from ppdl.datasets.timit import holds_sample

from .digests import digest_of
from .known_hmm import known_hmm

#: Speaker-disjoint divisions of TIMIT's sample.
N_SPLITS = 4

#: Utterances of the known model to train on, to develop with and to test on.
N_DRAWN = (500, 60, 150)


class SpeechSplit(NamedTuple):
    """Utterances to train on, to choose a decoder's settings by, and to test on; no speaker is in two of these."""

    name: str
    """"hmm", "timit" or "timit-sample"."""
    train: list[Utterance]
    development: list[Utterance]
    test: list[Utterance]
    phone_set: PhoneSet
    alignments: list[npt.NDArray[np.int32]] | None
    """The states of the training frames, where they are known."""
    digest: str


def speech_name(data: str) -> str:
    """Return the name of the splits of "hmm" or "timit": "timit-sample" where only the sample is there.

    Parameters
    ----------
    data : {"hmm", "timit"}
        Sequences of a known hidden Markov model; or TIMIT.

    Raises
    ------
    FileNotFoundError
        If neither the corpus nor the sample is found.
    """
    if one_of("data", data, ("hmm", "timit")) == "timit" and holds_sample():
        return "timit-sample"
    return data


@functools.lru_cache(maxsize=2)
def load_speech(name: str, seed: int) -> SpeechSplit:
    """Load utterances.

    Parameters
    ----------
    name : {"hmm", "timit", "timit-sample"}
        See `speech_name`.
    seed : int
        Which division of the sample, below `N_SPLITS`; the others have only one.

    Returns
    -------
    SpeechSplit
    """
    if name != "timit-sample":
        return _drawn() if name == "hmm" else _corpus()
    test, development = held_out_speakers(seed)
    sample = _sample()
    others = {speaker for speaker in sample.speakers if speaker not in {*test, *development}}
    train, developed, tested = (
        [each for each in sample.utterances if each.speaker in who] for who in (others, development, test)
    )
    return _split(name, train, developed, tested, sample.phone_set)


def held_out_speakers(split: int) -> tuple[list[str], list[str]]:
    """Return the speakers of the sample that a split tests, and those that it develops with.

    The sample has a woman and a man of each of 8 dialects. A split tests two women and two men, of four dialects, and
    develops with a woman and a man of two others; all splits together test each speaker once.

    Examples
    --------
    >>> from ppdl.reproduce.data.speech import held_out_speakers
    >>> held_out_speakers(0)  # doctest: +SKIP
    (['fvmh0', 'ftlg0', 'madc0', 'madd0'], ['faem0', 'maeb0'])
    """
    speakers: dict[str, list[str]] = {"f": [], "m": []}
    for utterance in _sample().utterances:  # by name, and so by dialect
        of_sex = speakers[utterance.speaker[0]]
        if utterance.speaker not in of_sex:
            of_sex.append(utterance.speaker)
    women, men = speakers["f"], speakers["m"]
    test = [women[split], women[split + 4], men[(split + 2) % 8], men[(split + 6) % 8]]
    return test, [women[(split + 1) % 8], men[(split + 3) % 8]]


@functools.cache
def _sample() -> Any:
    return load_timit()


@functools.cache
def _drawn() -> SpeechSplit:
    hmm = known_hmm()
    (train, states), (development, _), (test, _) = (hmm.draw(n, seed) for seed, n in enumerate(N_DRAWN))
    return _split("hmm", train, development, test, hmm.phones, states)


@functools.cache
def _corpus() -> SpeechSplit:
    train, development, test = (load_timit(subset=subset) for subset in ("train", "development", "core-test"))
    return _split("timit", train.utterances, development.utterances, test.utterances, train.phone_set)


def _split(
    name: str,
    train: list[Utterance],
    development: list[Utterance],
    test: list[Utterance],
    phone_set: PhoneSet,
    alignments: list[npt.NDArray[np.int32]] | None = None,
) -> SpeechSplit:
    told = [
        value
        for utterance in (*train, *development, *test)
        for value in (utterance.name, utterance.signal, utterance.phones, utterance.boundaries)
    ]
    return SpeechSplit(name, train, development, test, phone_set, alignments, digest_of(*told, *(alignments or [])))
