"""Figure 4 (right)'s networks: what each curve means, how they are trained, and what is known without any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier

from ppdl import PhoneRecognizer
from ppdl.dictionaries import Dictionary, EmpiricalCovariance
from ppdl.estimators import Geometric, PhoneErrors
from ppdl.estimators.speech.phone_model import States
from ppdl.estimators.speech.windows import Windows

from ..data.known_hmm import known_hmm
from ..data.speech import SpeechSplit
from .curves import CURVES, Architecture, Curve
from .networks import Recipe

N_STATES = 3  # of a phone


@dataclass(frozen=True)
class SpeechTask:
    """A recogniser's windows and hidden layers.

    Parameters
    ----------
    context : int
        Frames of a window.
    n_features : int
        Of a frame.
    hidden : tuple of int
        Hidden units of the two layers.
    batch_size : int
        Frames of a mini-batch.
    """

    context: int
    n_features: int
    hidden: tuple[int, int]
    batch_size: int

    def architecture(self, n_phones: int) -> Architecture:
        """Return the network that tells so many phones apart."""
        return Architecture(self.context * self.n_features, self.hidden, N_STATES * n_phones, self.batch_size)


_TIMIT = SpeechTask(context=11, n_features=39, hidden=(1024, 1024), batch_size=100)

SPEECH_TASKS = {
    "hmm": SpeechTask(context=1, n_features=40, hidden=(100, 100), batch_size=25),  # neighbours tell a state nothing
    "timit": _TIMIT,
    "timit-sample": _TIMIT,
}


@dataclass(frozen=True)
class SpeechRecipe(Recipe):
    """How a recogniser's network is trained, and of which atoms its predicted weights are.

    Parameters
    ----------
    name, summary, epochs, options, pretraining, data_pretraining
        As of `Recipe`.
    dictionary : Dictionary
        Of both hidden layers.

    Examples
    --------
    >>> from ppdl.reproduce import SPEECH_RECIPES
    >>> SPEECH_RECIPES["paper"].dictionary
    EmpiricalCovariance(atoms='raw')
    """

    dictionary: Dictionary = field(default_factory=EmpiricalCovariance)


MODERN = SpeechRecipe(
    name="modern",
    summary="Adam with a one-cycle learning rate up to 1e-3, sigmoid units, no autoencoders.",
    epochs=15,
    options=dict(activation="logistic", solver="adam", learning_rate="one_cycle", learning_rate_init=1e-3),
)

PAPER = SpeechRecipe(
    name="paper",
    summary="The authors' settings: autoencoders, then SGD with momentum, raw atoms; windows, states and decoder ours.",
    epochs=100,
    options=dict(
        activation="logistic",
        init=0.1,
        solver="sgd",
        learning_rate=Geometric(),
        learning_rate_init=0.1,
        momentum=0.7,
        nesterovs_momentum=False,
        alpha=0.0,
    ),
    pretraining=dict(pretraining="autoencoder", pretraining_epochs=20),
    dictionary=EmpiricalCovariance(atoms="raw"),
)

SPEECH_RECIPES = {recipe.name: recipe for recipe in (MODERN, PAPER)}


def in_columns(n_columns: int) -> Curve:
    """Curve of networks whose two hidden layers are predicted, each in so many columns."""

    def network(architecture: Architecture, fraction: float) -> dict[str, Any]:
        return dict(hidden_layer_sizes=architecture.hidden, learned_fraction=fraction, n_columns=n_columns)

    label = f"{n_columns} column{'s' * (n_columns > 1)}"
    return Curve(label.replace(" ", "-"), f"Emp–Emp in {label}.", network, title=f"Emp–Emp, {label}")


SPEECH_CURVES = {
    curve.name: curve
    for curve in (
        CURVES["nokernel"],
        *map(in_columns, (1, 5, 10)),
        CURVES["narrow"],
    )
}


class _Deaf(PhoneRecognizer):
    """Recogniser with the states' frequencies in place of posteriors: all scores are 0, so that the bigram decides."""

    def _trained(self, windows: Windows, targets: Sequence[States], n_features: int) -> Any:
        states = np.concatenate(targets)
        return DummyClassifier(strategy="prior").fit(*[states[states >= 0]] * 2)


def baselines(split: SpeechSplit) -> dict[str, dict[str, Any]]:
    """Return what is measured of recognisers without a network, on the test utterances.

    Parameters
    ----------
    split : SpeechSplit
        The utterances.

    Returns
    -------
    dict
        "bigram": all scores are 0; language scale and insertion penalty are chosen on the development utterances, as
        the others' are. "majority": everywhere the phone that most training frames have. And of a known model,
        "viterbi": its own most probable path.
    """
    deaf = _Deaf(context=1, phone_set=split.phone_set)
    deaf.fit(split.train, development=split.development, alignments=split.alignments)
    of_frames = deaf.score_report(split.test, "authors-code")
    trained = _said(deaf.score_report(split.train, "authors-code"))
    most_frequent = max(trained, key=trained.__getitem__)
    said = [split.phone_set.counted(utterance.phones) for utterance in split.test]
    by_majority = PhoneErrors({(phone, most_frequent): n for phone, n in _said(of_frames).items()}, "FER")
    found = {
        "bigram": measured(deaf.score_report(split.test), of_frames),
        "majority": measured(PhoneErrors.of(said, [[most_frequent]] * len(said)), by_majority),
    }
    return found | ({"viterbi": measured(*known_hmm().errors(split.test))} if split.name == "hmm" else {})


def _said(errors: PhoneErrors) -> Counter[str]:
    """Count the names of the references."""
    counts: Counter[str] = Counter()
    for (name, _), count in errors.pairs.items():
        if name is not None:
            counts[name] += count
    return counts


def measured(of_phones: PhoneErrors, of_frames: PhoneErrors) -> dict[str, Any]:
    """Return what is recorded of the phone errors and of the errors by the authors' measure, which counts frames."""
    return {
        "test_error": round(of_phones.rate, 6),
        "substitutions": of_phones.substitutions,
        "deletions": of_phones.deletions,
        "insertions": of_phones.insertions,
        "n_phones": of_phones.n_reference,
        "frame_error": round(of_frames.rate, 6),
        "n_frames": of_frames.n_reference,
    }
