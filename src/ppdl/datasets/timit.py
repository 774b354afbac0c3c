"""TIMIT, the speech of the paper's Figure 4 (right): the corpus as LDC ships it, or NLTK's free sample of it."""

from __future__ import annotations

import functools
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from sklearn.utils import Bunch

from ppdl import _checks as checks

from .files import data_folders
from .packed import read_all, readable
from .phone_sets import TIMIT_PHONES
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

#: Samples a second.
RATE = 16_000

ARCHIVE = "timit-nltk-sample.tar.gz"

#: Bytes that the archive's recordings and alignments may take together.
LARGEST_ARCHIVE = 1 << 26

SUBSETS = ("train", "development", "core-test", "test", "all")

#: 2 men and a woman of each of 8 dialects (testset.doc of the corpus).
CORE_TEST = """
mdab0 mwbt0 felc0 mtas1 mwew0 fpas0 mjmp0 mlnt0 fpkt0 mlll0 mtls0 fjlm0
mbpm0 mklt0 fnlp0 mcmj0 mjdh0 fmgd0 mgrt0 mnjm0 fdhc0 mjln0 mpam0 fmld0
"""

#: The 50 speakers of the test part that Kaldi's recipe, and most work since, takes as development set.
DEVELOPMENT = """
faks0 fdac1 fjem0 mgwt0 mjar0 mmdb1 mmdm2 mpdf0 fcmh0 fkms0 mbdg0 mbwm0 mcsh0 fadg0 fdms0 fedw0 mgjf0 mglb0 mrtk0 mtaa0
mtdt0 mthc0 mwjg0 fnmr0 frew0 fsem0 mbns0 mmjr0 mdls0 mdlf0 mdvc0 mers0 fmah0 fdrw0 mrcs0 mrjm4 fcal1 mmwh0 fjsj0 majc0
mjsw0 mreb0 fgjd0 fjmg0 mroa0 mteb0 mjfc0 mrjr0 fmml0 mrws1
"""

SPEAKERS = {"core-test": frozenset(CORE_TEST.split()), "development": frozenset(DEVELOPMENT.split())}

#: LDC's tree, TRAIN/DR1/FCJF0/SX37.WAV, or the sample's, dr1-fvmh0/sx116.wav; audio may be called .WAV.wav too.
PLACE = re.compile(
    r"(?:^|/)(?P<name>(?:(?P<part>train|test)/dr\d/|dr\d-)(?P<speaker>[a-z]{4}\d)/(?P<sentence>s[aix]\d+))"
    r"\.(?P<kind>wav|phn)(?P<again>\.wav)?$"
)

DESCRIPTION = """\
TIMIT Acoustic-Phonetic Continuous Speech Corpus: read sentences of American English at 16 kHz with hand-verified times
of 61 phones. {size}.

J. S. Garofolo, L. F. Lamel, W. M. Fisher, J. G. Fiscus, D. S. Pallett, N. L. Dahlgren, V. Zue, "TIMIT", Linguistic Data
Consortium, LDC93S1, 1993. Copyright Linguistic Data Consortium. {licence}
"""

CORPUS = {
    "size": "The corpus: 630 speakers, 462 for training and 168 for testing, 10 sentences each",
    "licence": "Licensed by the consortium.",
}
SAMPLE = {
    "size": "The sample that comes with NLTK's data: 16 speakers, 10 sentences each, 2.5 % of the corpus,\n"
    "with whose published error rates its own can't be compared",
    "licence": "The sample is under Creative Commons Attribution, NonCommercial, ShareAlike.",
}


@dataclass(frozen=True)
class _File:
    """A file of the corpus, wherever it lies."""

    path: Path
    read: Callable[[int], bytes | bytearray]
    """All of it, of which there may be so many bytes."""


@dataclass
class _Recording:
    """One sentence that one speaker reads."""

    name: str
    part: str | None
    speaker: str
    sentence: str
    audio: _File | None = None
    alignment: _File | None = None


def load_timit(path: str | os.PathLike[str] | None = None, *, subset: str | None = None, sa: bool = False) -> Bunch:
    """Load recordings of TIMIT with their phones, from LDC's tree or from NLTK's sample.

    The files are looked for in `path` if given; otherwise in ``$PPDL_DATA/timit``, then in the cache
    (``pooch.os_cache("ppdl")``), then, for the sample, in ``timit-sample`` in place of ``timit``. LDC's tree is
    ``TRAIN/DR1/FCJF0/SX37.WAV`` with ``SX37.PHN`` beside it, in upper or lower case, at any depth; audio is NIST SPHERE
    or RIFF, and may be called ``SX37.WAV.wav``. The sample is ``dr1-fvmh0/sx116.wav``, unpacked, or
    ``timit-nltk-sample.tar.gz`` as it comes. Nothing can be downloaded: the corpus is licensed.

    Parameters
    ----------
    path : path-like, default=None
        Folder that holds the corpus or the sample.
    subset : {"train", "development", "core-test", "test", "all"}, default=None
        "train" is 462 speakers, "test" the other 168, of which "core-test" is the standard 24 and "development" the 50
        others that Kaldi's recipe takes. `None` is "all". The sample has no subsets: split it by speaker.
    sa : bool, default=False
        Whether to load the two sentences, sa1 and sa2, that every speaker reads; the standard protocol leaves them out.

    Returns
    -------
    Bunch
        `utterances`, a list of `Utterance`, ordered by name; `speakers` (n_utterances,), who speaks in each, the
        `groups` of scikit-learn's `GroupKFold`; `phone_set`, `TIMIT_PHONES`; `is_sample`; `DESCR`.

    Raises
    ------
    FileNotFoundError
        If nothing is found, or not every speaker of a subset, or not both files of a recording; the message tells.
    ImportError
        If soundfile is not installed.
    OSError, ValueError
        If a file can't be read, is damaged, or isn't what it should be: a recording cut short, of another rate than 16
        kHz or of two channels, an alignment past its end, with gaps, overlaps or unknown phones. The message names it.

    Examples
    --------
    >>> from ppdl.datasets import load_timit
    >>> timit = load_timit()  # doctest: +SKIP
    >>> timit.utterances[0]  # doctest: +SKIP
    <Utterance dr1-fvmh0/si1466: 3.99 s at 16000 a second, 57 phones, speaker fvmh0>
    """
    if subset is not None:
        checks.one_of("subset", subset, SUBSETS)
    checks.boolean("sa", sa)
    found, is_sample = _find(path)
    soundfile()  # its absence is no file's fault
    recordings = [recording for recording in _chosen(found, subset, is_sample) if sa or recording.sentence[:2] != "sa"]
    utterances = [_read(recording) for recording in recordings]
    return Bunch(
        utterances=utterances,
        speakers=np.array([utterance.speaker for utterance in utterances]),
        phone_set=TIMIT_PHONES,
        is_sample=is_sample,
        DESCR=DESCRIPTION.format(**(SAMPLE if is_sample else CORPUS)),
    )


def holds_sample(path: str | os.PathLike[str] | None = None) -> bool:
    """Tell whether `load_timit` would find the sample, and not the corpus.

    Parameters
    ----------
    path : path-like, default=None
        As `load_timit` takes it.

    Returns
    -------
    bool

    Raises
    ------
    FileNotFoundError
        If neither is found.
    """
    return _find(path)[1]


def _find(path: str | os.PathLike[str] | None) -> tuple[list[_Recording], bool]:
    """Return all recordings of the first folder that holds some, by name, and whether they are the sample's."""
    folders = data_folders("timit", path)
    if path is None:
        folders += data_folders("timit-sample")
    for folder in folders:
        recordings = _gather(_files_below(folder))
        if not recordings and (folder / ARCHIVE).is_file():
            recordings = _gather(_files_in(folder / ARCHIVE))
        corpus = [recording for recording in recordings if recording.part]
        if recordings:
            return corpus or recordings, not corpus
    raise FileNotFoundError(
        f"timit: neither LDC's tree (TRAIN/DR1/FCJF0/SX37.WAV) nor NLTK's sample ({ARCHIVE}) found in "
        f"{' or '.join(map(str, folders))}. Give the folder as `path`, or set PPDL_DATA to the folder of timit/ "
        "or timit-sample/"
    )


def _files_below(folder: Path) -> Iterator[tuple[str, _File]]:
    """Walk over the files below a folder, with the places where they lie in it."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            yield path.relative_to(folder).as_posix(), _File(path, functools.partial(read_all, path))


def _files_in(archive: Path) -> Iterator[tuple[str, _File]]:
    """Walk over the recordings and alignments in an archive, which is read once."""
    n_left = LARGEST_ARCHIVE
    with readable(archive), tarfile.open(archive) as tar:
        for entry in tar:
            if not entry.isfile() or PurePosixPath(entry.name).suffix.lower() not in (".wav", ".phn"):
                continue
            n_left -= entry.size
            stream = tar.extractfile(entry)
            if stream is None or n_left < 0:
                raise ValueError(f"holds more than {LARGEST_ARCHIVE} bytes of recordings")
            yield entry.name, _File(archive / entry.name, functools.partial(_unpacked, stream.read()))


def _unpacked(content: bytes, n_most: int) -> bytes:
    return content


def _gather(files: Iterable[tuple[str, _File]]) -> list[_Recording]:
    """Put recordings and alignments together, ordered by name."""
    recordings: dict[str, _Recording] = {}
    for place, file in sorted(files, key=lambda item: item[0]):
        parts = PLACE.search(place.lower())
        if parts is None:
            continue
        name = parts["name"]
        recording = recordings.setdefault(name, _Recording(name, parts["part"], parts["speaker"], parts["sentence"]))
        if parts["kind"] == "phn":
            recording.alignment = file
        elif recording.audio is None or parts["again"]:
            recording.audio = file
    return [recordings[name] for name in sorted(recordings)]


def _chosen(recordings: list[_Recording], subset: str | None, is_sample: bool) -> list[_Recording]:
    """Return the recordings of a subset."""
    if subset in (None, "all"):
        return recordings
    if is_sample:
        raise ValueError(
            f"subset: received {subset!r}; expected None or 'all', for the sample has no subsets: split it by speaker, "
            "as scikit-learn's GroupKFold does with the Bunch's speakers for groups"
        )
    part = "train" if subset == "train" else "test"
    chosen = [recording for recording in recordings if recording.part == part]
    if subset in SPEAKERS:
        chosen = [recording for recording in chosen if recording.speaker in SPEAKERS[subset]]
    absent = SPEAKERS.get(str(subset), frozenset()) - {recording.speaker for recording in chosen}
    if absent or not chosen:
        what = f"speakers {', '.join(sorted(absent))}" if absent else "speakers"
        raise FileNotFoundError(f"timit: {subset}: no recordings found of its {what} ({part.upper()}/DR1/…)")
    return chosen


def _read(recording: _Recording) -> Utterance:
    """Read one recording and its alignment."""
    audio, alignment = recording.audio, recording.alignment
    if audio is None or alignment is None:
        there, absent = (alignment, "recording (.wav)") if audio is None else (audio, "alignment (.phn)")
        raise FileNotFoundError(f"{there.path if there else recording.name}: without its {absent}")
    with readable(audio.path):
        signal, rate = read_waveform(audio.read(LARGEST_RECORDING), RATE)
    with readable(alignment.path):
        segments = list(_segments(alignment.read(LARGEST_ALIGNMENT).decode("ascii")))
        phones = check_phones((phone for _, _, phone in segments), TIMIT_PHONES.phones)
        boundaries = boundaries_of(segments, len(signal))
    return Utterance(recording.name, signal, rate, phones, boundaries, recording.speaker)


def _segments(text: str) -> Iterator[Segment]:
    """Parse an alignment: a line for each segment, with its begin, its end and its phone."""
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].isdecimal()):
            raise ValueError(f"line {number}: received {line.strip()[:80]!r}; expected begin, end and phone")
        yield int(parts[0]), int(parts[1]), parts[2]
