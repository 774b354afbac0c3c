"""Any folder of recordings with Praat's TextGrids beside them, such as forced aligners write."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from ppdl import _checks as checks

from .packed import read_all, readable
from .phone_sets import PhoneSet
from .praat import Interval, read_tiers
from .recordings import (
    LARGEST_ALIGNMENT,
    LARGEST_RECORDING,
    Segment,
    boundaries_of,
    check_phones,
    read_waveform,
    soundfile,
)
from .utterances import Utterance

#: The phone that silence is.
SILENCE = "sil"

#: Endings of recordings, in order of preference.
AUDIO = (".wav", ".flac", ".sph", ".aiff", ".aif", ".ogg", ".mp3")

#: Seconds by which rounded times may go past the end of a recording.
SLACK = 0.01


@dataclass(frozen=True)
class _Reader:
    """How the labels of a tier become phones."""

    tier: str
    phone_map: Mapping[str, str] | None
    silence: Collection[str]

    def segments(self, tiers: Mapping[str, Sequence[Interval]], rate: float, n_samples: int) -> list[Segment]:
        """Return the tier's segments in samples, with their phones."""
        if self.tier not in tiers:
            raise ValueError(f"tier: received {self.tier!r}; expected one of {', '.join(map(repr, tiers))}")
        segments = [
            (round(begin * rate), round(end * rate), self._phone(label.strip()))
            for begin, end, label in tiers[self.tier]
        ]
        if segments and n_samples < segments[-1][1] <= n_samples + SLACK * rate:
            begin, _, phone = segments[-1]
            segments[-1] = begin, n_samples, phone
        return segments

    def _phone(self, label: str) -> str:
        if label in self.silence:
            return SILENCE
        if self.phone_map is None:
            return label
        check_phones([label], self.phone_map)
        return self.phone_map[label]


def load_textgrid_corpus(
    folder: str | os.PathLike[str],
    *,
    tier: str = "phones",
    phone_map: Mapping[str, str] | None = None,
    silence: Sequence[str] = ("", "sil", "sp"),
    rate: float | None = None,
    speaker: Callable[[Path], str] | None = None,
) -> Bunch:
    """Load recordings with the phones of Praat's TextGrids that lie beside them, such as forced aligners write.

    A recording has the name of its TextGrid, and one of the endings wav, flac, sph, aiff, ogg and mp3; folders in the
    folder are looked through too, but not files whose names begin with a dot. TextGrids are texts, long or short, in
    UTF-8 or UTF-16.

    Parameters
    ----------
    folder : path-like
        Where they are.
    tier : str, default="phones"
        The tier of intervals whose labels are phones. They follow each other without gaps; times are rounded to
        samples, and may go past the end of the recording by 10 ms.
    phone_map : mapping of str to str, default=None
        The phone of each label, as ``{"AA0": "aa", "AA1": "aa", …}``; with it, other labels are errors. Without it,
        every label is a phone.
    silence : sequence of str, default=("", "sil", "sp")
        Labels of silence, which need not be in `phone_map`; the phone is "sil".
    rate : float, default=None
        Samples a second that all recordings have to have; by default as many as the first one.
    speaker : callable, default=None
        ``speaker(path)`` says who speaks in the recording at this path; by default, the name of its folder.

    Returns
    -------
    Bunch
        `utterances`, a list of `Utterance`, ordered by name, which is the path in the folder; `speakers`
        (n_utterances,), who speaks in each, the `groups` of scikit-learn's `GroupKFold`; `phone_set`, a `PhoneSet` of
        the phones of `phone_map`, in its order, or of all found, sorted.

    Raises
    ------
    FileNotFoundError
        If there is no TextGrid, or one or a recording without the other; the message tells which.
    ImportError
        If soundfile is not installed.
    OSError, ValueError
        If a file can't be read, is damaged, or isn't what it should be: a recording cut short, of another rate than the
        others or of two channels, a TextGrid without the tier, past the end of its recording, with gaps, overlaps or
        labels that aren't in `phone_map`. The message names it.

    Examples
    --------
    >>> from ppdl.datasets import load_textgrid_corpus
    >>> corpus = load_textgrid_corpus("~/aligned", speaker=lambda path: path.stem[:4])  # doctest: +SKIP
    >>> corpus.phone_set  # doctest: +SKIP
    <PhoneSet: 40 phones>
    """
    top = checks.path("folder", folder)
    table = None if phone_map is None else _checked_table(phone_map)
    if not (checks.is_sequence(silence) or isinstance(silence, Set)):  # a string is letters to frozenset
        raise ValueError(f"silence: received {silence!r}; expected a sequence of labels")
    reader = _Reader(tier, table, frozenset(silence))
    rate = None if rate is None else checks.real("rate", rate, above=0.0)
    pairs = _pairs(top)
    soundfile()  # its absence is no file's fault
    utterances = []
    for audio, grid in pairs:
        name = audio.relative_to(top).with_suffix("").as_posix()
        who = audio.parent.name if speaker is None else speaker(audio)
        utterances.append(_read(audio, grid, reader, rate, name, who))
        rate = utterances[0].rate
    labels = (phone for utterance in utterances for phone in utterance.phones)
    return Bunch(
        utterances=utterances,
        speakers=np.array([utterance.speaker for utterance in utterances]),
        phone_set=PhoneSet.from_labels(labels, silence=SILENCE)
        if table is None
        else PhoneSet.from_table(table, silence=SILENCE),
    )


def _checked_table(phone_map: Mapping[str, str]) -> dict[str, str]:
    table = dict(phone_map) if isinstance(phone_map, Mapping) else {}
    if not table or not all(isinstance(name, str) for pair in table.items() for name in pair):
        raise ValueError(f"phone_map: received {phone_map!r}; expected a phone, a string, for each label")
    return table


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Find recordings and their TextGrids, ordered by path."""
    audio: dict[Path, Path] = {}
    grids: dict[Path, Path] = {}
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in sorted(names) if not name.startswith(".")):
            stem, suffix = path.with_suffix(""), path.suffix.lower()
            if suffix == ".textgrid":
                grids[stem] = path
            elif suffix in AUDIO:
                audio[stem] = min(path, audio.get(stem, path), key=lambda file: AUDIO.index(file.suffix.lower()))
    if not grids:
        raise FileNotFoundError(f"{folder}: no .TextGrid found in it; put each beside its recording")
    for there, absent, what in ((audio, grids, "TextGrid"), (grids, audio, "recording")):
        if alone := sorted(there.keys() - absent.keys()):
            others = f", and those of {len(alone) - 1} other files" if alone[1:] else ""
            raise FileNotFoundError(f"{there[alone[0]]}: without its {what}{others}")
    return [(audio[stem], grids[stem]) for stem in sorted(audio)]


def _read(audio: Path, grid: Path, reader: _Reader, rate: float | None, name: str, speaker: str) -> Utterance:
    """Read one recording and its TextGrid."""
    with readable(audio):
        signal, rate = read_waveform(read_all(audio, LARGEST_RECORDING), rate)
    with readable(grid):
        segments = reader.segments(read_tiers(read_all(grid, LARGEST_ALIGNMENT)), rate, len(signal))
        boundaries = boundaries_of(segments, len(signal))
    with readable(audio):
        return Utterance(name, signal, rate, tuple(phone for _, _, phone in segments), boundaries, speaker)
