"""Recordings of speech and their alignments: read from files' contents, with everything checked that can be damaged."""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ppdl._extras import imported

#: Bytes that one recording may take.
LARGEST_RECORDING = 1 << 30

#: Bytes that one alignment may take.
LARGEST_ALIGNMENT = 1 << 26

#: Codings that know no largest sample: what was within [-1, 1] may come back a little outside of it.
_LOSSY = ("VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III")

Segment: TypeAlias = tuple[int, int, str]
"""Begin, end and label, in samples."""

Waveform: TypeAlias = tuple[npt.NDArray[np.float32], int]
"""Samples in [-1, 1] and how many there are a second."""


def soundfile() -> Any:
    """Return the library that reads audio files."""
    return imported("soundfile", "reading speech", "soundfile", "speech")


def read_waveform(content: bytes | bytearray, rate: float | None = None) -> Waveform:
    """Read a recording of one channel in any format that libsndfile knows, among them RIFF and NIST SPHERE.

    Where lossy compression overshoots, samples are clipped.

    Parameters
    ----------
    content : bytes
        All that the file holds.
    rate : float, default=None
        Samples a second that it has to have; None takes any.

    Raises
    ------
    ValueError
        If the file is empty, cut short, of several channels or another rate, compressed by shorten, or not audio.
    """
    if not content:
        raise ValueError("the file is empty")
    _check_length(bytes(content[:1024]), content)
    library = soundfile()
    try:
        with library.SoundFile(io.BytesIO(content)) as file:
            if file.channels != 1:
                raise ValueError(f"channels: received {file.channels}; expected 1")
            if rate is not None and file.samplerate != rate:
                raise ValueError(f"rate: received {file.samplerate} samples a second; expected {rate:g}")
            samples: npt.NDArray[np.float32] = file.read(dtype="float32")
            if not 0 < len(samples) == file.frames:
                raise ValueError(f"cut short: the header tells of {file.frames} samples, {len(samples)} found")
            if file.subtype in _LOSSY:
                np.clip(samples, -1.0, 1.0, out=samples)
            return samples, file.samplerate
    except library.LibsndfileError as error:
        raise ValueError(error.error_string) from error


def boundaries_of(segments: Sequence[Segment], n_samples: int) -> npt.NDArray[np.int64]:
    """Return where segments begin and end, which have to follow each other without gaps, within the recording."""
    if not segments:
        raise ValueError("the alignment holds no segments")
    end_before = segments[0][0]
    for begin, end, label in segments:
        where = f"segment {label!r} from {begin} to {end}"
        if begin < 0 or end <= begin:
            raise ValueError(f"{where}: expected to end after it begins, at 0 or later")
        if begin != end_before:
            how = (
                "overlaps with the one before, which ends"
                if begin < end_before
                else "leaves a gap to the one before, which ends"
            )
            raise ValueError(f"{where}: {how} at {end_before}")
        if end > n_samples:
            raise ValueError(f"{where}: past the end of the recording, which has {n_samples} samples")
        end_before = end
    return np.array([segments[0][0], *(end for _, end, _ in segments)], np.int64)


def check_phones(phones: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the phones, or raise if one is unknown."""
    phones, known = tuple(phones), tuple(known)
    unknown = [phone for phone in phones if phone not in known]
    if unknown:
        raise ValueError(f"received the phone {unknown[0]!r}; expected one of {', '.join(known)}")
    return phones


def _check_length(head: bytes, content: bytes | bytearray) -> None:
    """Raise if a header tells of more samples than the file holds: the library would read what is there in silence."""
    n_declared, n_found = 0, 0
    if head.startswith(b"NIST_1A"):
        n_declared, n_found = _nist_sizes(head, len(content))
    elif head.startswith(b"RIFF"):
        n_declared, n_found = _riff_sizes(content)
    if n_found < n_declared:
        raise ValueError(f"cut short: the header tells of {n_declared} bytes of samples, {n_found} found")


def _nist_sizes(head: bytes, n_bytes: int) -> tuple[int, int]:
    """Return the bytes of samples that a header of NIST SPHERE tells of, and those found."""
    text = head.decode("latin-1")
    coding = re.search(r"^sample_coding -s\d+ (\S+)", text, re.MULTILINE)
    if coding and "shorten" in coding[1]:
        raise ValueError(
            f"sample_coding: received {coding[1]}, compressed by shorten; expected pcm; unpack it with sph2pipe"
        )
    sizes: list[int] = []
    for field in ("sample_count", "sample_n_bytes", "channel_count"):
        found = re.search(rf"^{field} -i (\d+)", text, re.MULTILINE)
        if found is None:
            raise ValueError(f"{field}: missing in the header")
        sizes.append(int(found[1]))
    length = re.match(r"NIST_1A\s+(\d+)\s", text)
    return math.prod(sizes), n_bytes - int(length[1] if length else 1024)


def _riff_sizes(content: bytes | bytearray) -> tuple[int, int]:
    """Return the bytes of samples that the chunk of a RIFF file tells of, and those found."""
    begin = 12
    while begin + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, begin)
        begin += 8
        if kind == b"data":
            return size, len(content) - begin
        begin += size + size % 2
    raise ValueError("cut short: no chunk of samples found")
