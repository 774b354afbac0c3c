"""Phone recognisers: network and features as parts of their own, and the counts of the model of phones as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl.datasets import PhoneSet
from ppdl.preprocessing import Cepstra

from ..networks.classifier import PredictedMLPClassifier
from ..speech.language import FrameBigram, PhoneBigram
from ..speech.options import SpeechOptions
from ..speech.phone_model import PhoneModel
from ..speech.recognizer import PhoneRecognizer
from .codec import Codec, register
from .estimator import describe, restore
from .fields import Contents, invalid, naming
from .json_values import from_json, to_json

_COUNTS = np.dtype(np.float64)  # holds whole numbers as large as there are frames


def _describe(recognizer: PhoneRecognizer, optimizer_state: bool) -> Contents:
    model, options = recognizer._model, SpeechOptions.of(recognizer)
    for name in ("context", "n_states", "beam"):
        if getattr(options, name) != getattr(recognizer._options, name):
            raise invalid(name, getattr(options, name), f"{getattr(recognizer._options, name)}, as it was fitted")
    counts = {
        "phone_pairs": model.language.counts,
        "frame_pairs": model.frames.counts,
        "n_frames": model.n_frames,
        "n_visits": model.n_visits,
    }
    contents = Contents(
        {"phones": to_json("phones", recognizer.phone_set_)},
        {name: tensor.astype(_COUNTS) for name, tensor in counts.items()},
    )
    contents.put("features_", describe(recognizer.features_, optimizer_state))
    contents.put("network_", describe(recognizer.network_, optimizer_state))
    return contents


def _restore(recognizer: PhoneRecognizer, contents: Contents, fitted: Mapping[str, Any]) -> None:
    with naming("params"):
        options = SpeechOptions.of(recognizer)
    phones = from_json("phones", contents.field("phones", dict))
    if not isinstance(phones, PhoneSet):
        raise invalid("phones", phones, "a PhoneSet")
    features, network = (restore(contents.part(name)) for name in ("features_", "network_"))
    if not isinstance(features, Cepstra):
        raise invalid("features_", features, "a Cepstra")
    n, n_states = len(phones), len(phones) * options.n_states
    n_inputs = options.context * len(features.mean_)
    if not isinstance(network, PredictedMLPClassifier) or network.n_features_in_ != n_inputs:
        raise invalid("network_", network, f"a PredictedMLPClassifier of {n_inputs} features")
    n_frames = _counts("n_frames", contents, (n_states,))
    if network.classes_.dtype.kind != "i" or not np.array_equal(network.classes_, np.flatnonzero(n_frames)):
        raise invalid("network_", f"classes {network.classes_}", "the states that have frames")
    recognizer._model = PhoneModel(
        PhoneBigram(phones.phones, _counts("phone_pairs", contents, (n + 1, n + 1))),
        FrameBigram(phones.phones, _counts("frame_pairs", contents, (n, n))),
        n_frames,
        _counts("n_visits", contents, (n,)),
    )
    recognizer.features_, recognizer.network_, recognizer.phone_set_ = features, network, phones
    recognizer._options = options
    recognizer.language_scale_ = checks.real("language_scale_", fitted["language_scale_"], at_least=0.0)
    recognizer.insertion_penalty_ = checks.real("insertion_penalty_", fitted["insertion_penalty_"])


def _counts(name: str, contents: Contents, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    counts = contents.tensor(name, _COUNTS, shape)
    if not (counts >= 0).all() or not (counts == np.rint(counts)).all() or counts.sum() > 2**52:
        raise invalid(name, "other numbers", "whole numbers of at least 0")
    return counts.astype(np.int64)


register(
    Codec(
        PhoneRecognizer,
        _describe,
        _restore,
        attributes=("language_scale_", "insertion_penalty_"),
        counts_features=False,
    )
)
