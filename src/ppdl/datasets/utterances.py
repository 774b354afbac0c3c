"""A recording, or its frames of features, with the phones that are spoken in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks


def _no_boundaries() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class Utterance:
    """What one speaker says in one go: a waveform or frames of features, and the phones in it with their times.

    Segment i, in which `phones[i]` is spoken, is ``signal[boundaries[i]:boundaries[i + 1]]``. The signal may begin
    before the first segment and go on after the last one.

    Parameters
    ----------
    name : str
        What messages call it.
    signal : ndarray of shape (n_samples,) or (n_frames, n_features)
        A waveform in [-1, 1], or frames of features; float32, finite, not empty.
    rate : float
        Samples, or frames, a second; above 0.
    phones : sequence of str, default=()
        The phones, in order; none where they are not known.
    boundaries : array-like of shape (n_phones + 1,), default=()
        Where segments begin and end, in samples or frames; ascending. Empty where there are no phones.
    speaker : str, default=""
        Who speaks.

    Raises
    ------
    ValueError
        If one of these is not what it should be; the message names the utterance.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.datasets import Utterance
    >>> hiss = np.random.default_rng(0).uniform(-1, 1, 8000).astype(np.float32)
    >>> utterance = Utterance("hush", hiss, 16000, phones=["sil", "sh"], boundaries=[0, 2000, 8000], speaker="anna")
    >>> utterance
    <Utterance hush: 0.50 s at 16000 a second, 2 phones, speaker anna>
    >>> utterance.segments
    [('sil', 0.0, 0.125), ('sh', 0.125, 0.5)]
    """

    name: str
    signal: npt.NDArray[np.float32]
    rate: float
    phones: tuple[str, ...] = ()
    boundaries: npt.NDArray[np.int64] = field(default_factory=_no_boundaries)
    speaker: str = ""

    def __post_init__(self) -> None:
        for name, value in (("name", self.name), ("speaker", self.speaker)):
            if not isinstance(value, str):
                raise ValueError(f"{name}: received {value!r}; expected a string")
        self._set(signal=self._checked_signal(), rate=checks.real(f"{self.name}: rate", self.rate, above=0.0))
        self._set(phones=self._checked_phones())
        self._set(boundaries=self._checked_boundaries())

    @property
    def is_waveform(self) -> bool:
        """Whether the signal is a waveform, and not frames of features."""
        return self.signal.ndim == 1

    @property
    def duration(self) -> float:
        """Length of the signal in seconds."""
        return len(self.signal) / self.rate

    @property
    def segments(self) -> list[tuple[str, float, float]]:
        """The phones with the seconds at which they begin and end."""
        times = (self.boundaries / self.rate).tolist()
        return list(zip(self.phones, times, times[1:]))

    def __repr__(self) -> str:
        """Return what it is, without the numbers."""
        features = "" if self.is_waveform else f" of {self.signal.shape[1]} features"
        speaker = f", speaker {self.speaker}" if self.speaker else ""
        return (
            f"<Utterance {self.name}: {self.duration:.2f} s at {self.rate:g} a second{features}, "
            f"{len(self.phones)} phones{speaker}>"
        )

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _error(self, field: str, received: object, expected: str) -> ValueError:
        return ValueError(f"{self.name}: {field}: received {received}; expected {expected}")

    def _checked_signal(self) -> npt.NDArray[np.float32]:
        signal = np.asarray(self.signal)
        if signal.dtype != np.float32:
            raise self._error("signal", signal.dtype, "float32; scale integers to [-1, 1]")
        if signal.ndim not in (1, 2) or 0 in signal.shape:
            raise self._error(
                "signal", f"shape {signal.shape}", "(n_samples,) or (n_frames, n_features), and none of them 0"
            )
        if not np.isfinite(signal).all():
            raise self._error("signal", "NaN or infinity", "finite numbers")
        if signal.ndim == 1 and (largest := float(np.abs(signal).max())) > 1:
            raise self._error("signal", f"a waveform of magnitude {largest:g}", "at most 1; scale it down")
        return _read_only(signal)

    def _checked_phones(self) -> tuple[str, ...]:
        if not checks.is_sequence(self.phones) or not all(isinstance(phone, str) for phone in self.phones):
            raise self._error("phones", repr(self.phones), "a sequence of strings")
        return tuple(map(str, self.phones))  # NumPy's strings too

    def _checked_boundaries(self) -> npt.NDArray[np.int64]:
        given = np.asarray(self.boundaries)
        n_expected = len(self.phones) + 1 if self.phones else 0
        if given.shape != (n_expected,):
            raise self._error(
                "boundaries", f"shape {given.shape}", f"({n_expected},), for there are {len(self.phones)} phones"
            )
        if given.size and given.dtype.kind not in "iu":
            raise self._error("boundaries", given.dtype, "whole numbers of samples or frames")
        boundaries = given.astype(np.int64)
        if given.size and not 0 <= boundaries[0] <= boundaries[-1] <= len(self.signal):
            raise self._error("boundaries", f"{boundaries[0]} to {boundaries[-1]}", f"0 to {len(self.signal)}")
        falls = np.flatnonzero(np.diff(boundaries) <= 0)
        if falls.size:
            i = falls[0]
            raise self._error(
                "boundaries", f"{boundaries[i + 1]} after {boundaries[i]} (segment {i}, {self.phones[i]})", "ascending"
            )
        return _read_only(boundaries)


def checked_utterances(name: str, utterances: Any, *, at_least: int = 1, labelled: bool = False) -> list[Utterance]:
    """Return utterances as a list, of which all have phones, if they are to be labelled, or raise."""
    if not checks.is_sequence(utterances):
        raise ValueError(f"{name}: received {utterances!r}; expected a sequence of Utterance")
    found = list(utterances)
    other = next((item for item in found if not isinstance(item, Utterance)), None)
    if other is not None:
        raise ValueError(f"{name}: received a {type(other).__name__} among them; expected each an Utterance")
    if len(found) < at_least:
        raise ValueError(f"{name}: received none; expected at least one")
    mute = next((utterance for utterance in found if labelled and not utterance.phones), None)
    if mute is not None:
        raise ValueError(f"{name}: {mute.name} has no phones; expected phones and boundaries of each utterance")
    return found


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = values.view()
    view.flags.writeable = False
    return view
