"""The recogniser's parameters, parsed, and what it is given beside them, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl.datasets import TIMIT_PHONES, PhoneSet, Utterance
from ppdl.dictionaries import EmpiricalCovariance
from ppdl.preprocessing import Cepstra

from .phone_model import States


@dataclass(frozen=True)
class SpeechOptions:
    """What a recogniser has beside its network; meaning as the estimator's parameters."""

    features: Cepstra
    dictionary: Any
    context: int
    coefficients: str
    n_states: int
    n_realignments: int
    language_scale: float | None  # None is to be chosen
    insertion_penalty: float | None
    beam: float

    @classmethod
    def of(cls, params: Any) -> SpeechOptions:
        """Parse the parameters of an estimator, its attributes."""
        features = Cepstra() if params.features is None else params.features
        if not isinstance(features, Cepstra):
            raise ValueError(f"features: received {features!r}; expected a ppdl.preprocessing.Cepstra, or None")
        context = checks.integer("context", params.context)
        if context % 2 == 0:
            raise ValueError(f"context: received {context}; expected an odd number, a frame and as many on either side")
        dictionary = params.dictionary
        if isinstance(dictionary, str) and dictionary == "auto":
            dictionary = None if params.learned_fraction is None else EmpiricalCovariance()
        beam = params.beam if params.beam == math.inf else checks.real("beam", params.beam, at_least=0.0)
        return cls(
            features,
            dictionary,
            context,
            str(checks.one_of("coefficients", params.coefficients, ("axis", "channels"))),
            checks.integer("n_states", params.n_states),
            checks.integer("n_realignments", params.n_realignments, at_least=0),
            _number_or_auto("language_scale", params.language_scale, at_least=0.0),
            _number_or_auto("insertion_penalty", params.insertion_penalty),
            beam,
        )

    def input_shape(self, n_features: int) -> tuple[int, ...]:
        """Where the numbers of a window lie, each frame with `n_features`."""
        if self.coefficients == "axis":
            return self.context, n_features
        return self.context, 1, n_features

    def checked_alignments(
        self, alignments: Any, utterances: Sequence[Utterance], n_frames: Sequence[int], n_phones: int
    ) -> list[States]:
        """Return the states of the frames of utterances, or raise."""
        alignments = list(alignments) if checks.is_sequence(alignments) else []
        if len(alignments) != len(utterances):
            raise ValueError(
                f"alignments: received {len(alignments)} arrays; expected {len(utterances)}, one for each utterance"
            )
        n_states, checked = n_phones * self.n_states, []
        for utterance, given, n in zip(utterances, alignments, n_frames):
            states = np.asarray(given)
            if states.shape != (n,) or states.dtype.kind not in "iu":
                raise ValueError(
                    f"alignments: {utterance.name}: received shape {states.shape} of {states.dtype}; expected "
                    f"({n},) of integers, a state for each frame"
                )
            if states.min() < -1 or states.max() >= n_states:
                raise ValueError(
                    f"alignments: {utterance.name}: received states {states.min()} to {states.max()}; expected -1 to "
                    f"{n_states - 1}"
                )
            checked.append(states.astype(np.int32))
        return checked


def _number_or_auto(name: str, value: Any, at_least: float = -math.inf) -> float | None:
    if isinstance(value, str):
        checks.one_of(name, value, ("auto",))
        return None
    return checks.real(name, value, at_least=at_least)


def require_learnable(targets: Sequence[States], n_states: int) -> None:
    """Raise if there aren't two frames with a state in any utterance, or no phone could be recognised afterwards."""
    if max(np.count_nonzero(states >= 0) for states in targets) < 2:
        raise ValueError("utterances: received none with two frames in its phones; expected at least one")
    seen = np.unique(np.concatenate([states[states >= 0] for states in targets]))
    if np.bincount(seen // n_states).max() < n_states:
        raise ValueError(f"n_states: received {n_states}; expected fewer, for no phone has frames in as many states")


def require_frames(utterance: Utterance, n_frames: int, n_states: int) -> None:
    """Raise if an utterance is too short for a phone."""
    if n_frames < n_states:
        raise ValueError(
            f"{utterance.name}: signal: received {n_frames} frames; expected at least {n_states}, one for each state "
            "of a phone"
        )


def phone_set_of(given: Any, utterances: Sequence[Utterance], silence: Any) -> PhoneSet:
    """Return the phones: those given, TIMIT's if they hold all of the utterances', else those that occur."""
    if given is not None:
        if not isinstance(given, PhoneSet):
            raise ValueError(f"phone_set: received {given!r}; expected a ppdl.datasets.PhoneSet, or None")
        return given
    present = {phone for utterance in utterances for phone in utterance.phones}
    if present <= {*TIMIT_PHONES.phones} and TIMIT_PHONES.silence in present:
        return TIMIT_PHONES
    if not isinstance(silence, str):
        raise ValueError(f"silence: received {silence!r}; expected the name of a phone")
    return PhoneSet.from_labels(present, silence=silence)
