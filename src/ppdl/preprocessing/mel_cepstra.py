"""Mel-frequency cepstra and energy of a waveform, frame by frame, as HTK defines them."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl._extras import imported
from ppdl._precision import Floats, product

#: HTK's sine lifter, which scales cepstra of high order up to the size of those of low order.
LIFTER = 22

#: Energy is at most this far, in decibels, below the largest of the utterance.
ENERGY_RANGE = 50.0

#: Energy is scaled by this.
ENERGY_SCALE = 0.1

#: HTK's waveforms are 16-bit integers; the logarithms are bounded by 0 at that scale.
SCALE = np.float32(32768)


@dataclass(frozen=True)
class FrontEnd:
    """How a waveform of a rate becomes frames of cepstra and energy.

    Parameters
    ----------
    rate : float
        Samples a second.
    window, hop : int
        Length of a frame, and from one's begin to the next one's, in samples.
    n_cepstra, n_filters : int
        Numbers of cepstra and of mel filters.
    energy : bool
        Whether the logarithm of the energy follows the cepstra.
    preemphasis : float
        By how much of itself the sample before is subtracted.
    """

    rate: float
    window: int
    hop: int
    n_cepstra: int
    n_filters: int
    energy: bool
    preemphasis: float

    def __post_init__(self) -> None:
        n_fft = 2 ** math.ceil(math.log2(self.window))
        edges = np.linspace(0.0, _mel(self.rate / 2), self.n_filters + 2)
        points = np.append(_mel(np.arange(n_fft // 2) * self.rate / n_fft), np.inf)
        first_inside = points[np.searchsorted(points, edges[:-2], side="right")]
        n_empty = np.count_nonzero(first_inside >= edges[2:])
        if n_empty:
            raise ValueError(
                f"n_filters: received {self.n_filters}; expected fewer, for {n_empty} of them hold none of the "
                f"{n_fft // 2} frequencies of a frame of {self.window} samples"
            )

    def coefficients(self, waveform: npt.NDArray[np.float32]) -> Floats:
        """Return cepstra and energy, shape (n_frames, n_coefficients), of a waveform in [-1, 1]."""
        frames = self._frames(waveform)
        log_mel = np.maximum(frames[:, : self.n_filters], 0.0)
        cepstra = product(log_mel, _lifted_cosines(self.n_filters, self.n_cepstra))
        if not self.energy:
            return cepstra
        energy = frames[:, self.n_filters :]
        largest = energy.max()
        below = (largest - energy).clip(max=ENERGY_RANGE * math.log(10.0) / 10.0)
        return np.hstack([cepstra, 1.0 - ENERGY_SCALE * below])

    def _frames(self, waveform: npt.NDArray[np.float32]) -> Floats:
        """Return the logarithms of mel filters' outputs, and of the energy, shape (n_frames, n_filters + 1)."""
        library = imported("kaldi_native_fbank", "Cepstra", "kaldi-native-fbank", "speech")
        computer = library.OnlineFbank(self._options(library))
        computer.accept_waveform(self.rate, waveform * SCALE)
        computer.input_finished()
        frames = np.empty((computer.num_frames_ready, computer.dim))
        for i, frame in enumerate(frames):
            frame[:] = computer.get_frame(i)
        return frames

    def _options(self, library: Any) -> Any:
        options = library.FbankOptions()
        frame = options.frame_opts
        frame.samp_freq = self.rate
        frame.frame_length_ms = _milliseconds(self.window, self.rate)
        frame.frame_shift_ms = _milliseconds(self.hop, self.rate)
        frame.dither = 0.0  # noise, which would make two calls differ
        frame.preemph_coeff = self.preemphasis
        frame.remove_dc_offset = False
        frame.window_type = "hamming"
        frame.round_to_power_of_two = True
        frame.snip_edges = True  # no padding
        options.mel_opts.num_bins = self.n_filters
        options.mel_opts.low_freq = 0.0
        options.mel_opts.high_freq = 0.0  # up to half the rate
        options.use_power = False
        options.use_log_fbank = True
        options.use_energy = True
        options.raw_energy = True
        options.energy_floor = 0.0
        options.htk_compat = True  # energy comes last
        return options


def regression(coefficients: Floats, width: int) -> Floats:
    r"""Return derivatives over time, :math:`d_t = \sum_k k (c_{t+k} - c_{t-k}) / (2 \sum_k k^2)`, k from 1 to `width`.

    Frames at the edges are repeated beyond them.
    """
    n = len(coefficients)
    padded = np.pad(coefficients, ((width, width), (0, 0)), mode="edge")
    steps = range(1, width + 1)
    rise = sum(k * (padded[width + k : width + k + n] - padded[width - k : width - k + n]) for k in steps)
    return np.asarray(rise / (2.0 * sum(k * k for k in steps)))


def _mel(frequency: npt.ArrayLike) -> Floats:
    return 1127.0 * np.log1p(np.asarray(frequency) / 700.0)


def _milliseconds(n_samples: int, rate: float) -> float:
    """Return a time that the library rounds down to this number of samples."""
    return (n_samples + 0.25) * 1000.0 / rate


@functools.lru_cache(maxsize=8)
def _lifted_cosines(n_filters: int, n_cepstra: int) -> Floats:
    """Return the matrix (n_filters, n_cepstra) that takes logarithms of mel filters' outputs to liftered cepstra."""
    orders = np.arange(1, n_cepstra + 1)
    cosines = np.cos(np.pi / n_filters * np.outer(np.arange(n_filters) + 0.5, orders))
    return np.asarray(math.sqrt(2.0 / n_filters) * cosines * (1.0 + LIFTER / 2.0 * np.sin(np.pi * orders / LIFTER)))
