"""A picture of one utterance: what is heard, what the network makes of it, and which phones the decoder finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import signal

from ppdl import PhoneRecognizer
from ppdl._precision import Array
from ppdl.datasets import Utterance

from ..experiment.figure import matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WINDOW, _STEP = 0.025, 0.010  # seconds, of a spectrogram
_DECIBELS = 70.0  # below the loudest that are shown
_LEAST = 0.2  # posterior of a phone that is worth a row, if it is nowhere the likeliest


def draw_utterance(
    recognizer: PhoneRecognizer, utterance: Utterance, *, until: float | None = None, size: tuple[float, float] = (9, 7)
) -> Figure:
    """Draw an utterance over time: its spectrogram or features, posteriors of phones, and phones with their times.

    Parameters
    ----------
    recognizer : PhoneRecognizer
        Fitted. Posteriors are those of phones, their states added up, not folded; so are the names.
    utterance : Utterance
        With its phones.
    until : float, default=None
        Second at which the picture ends; None is the utterance's end.
    size : tuple of float, default=(9, 7)
        Width and height in inches.

    Returns
    -------
    matplotlib Figure
    """
    figure, axes = matplotlib("pyplot").subplots(
        3, sharex=True, figsize=size, height_ratios=[4, 5, 1.6], layout="constrained"
    )
    _draw_signal(axes[0], utterance)
    _draw_posteriors(axes[1], recognizer, utterance)
    (heard,) = recognizer.predict([utterance])
    _draw_phones(axes[2], (utterance.segments, heard), ("said", "recognised"))
    axes[2].set(xlabel="seconds", xlim=(0.0, utterance.duration if until is None else until))
    axes[0].set_title(repr(utterance).strip("<>"), loc="left", fontsize="medium")
    return figure


def _draw_signal(ax: Axes, utterance: Utterance) -> None:
    """Draw the spectrogram of a waveform, or features as they are."""
    if not utterance.is_waveform:
        ax.imshow(utterance.signal.T, extent=(0, utterance.duration, 0, utterance.signal.shape[1]), **_IMAGE)
        ax.set_ylabel("feature")
        return
    n, step = (round(seconds * utterance.rate) for seconds in (_WINDOW, _STEP))
    frequencies, times, power = signal.spectrogram(
        utterance.signal, utterance.rate, "hamming", n, n - step, nfft=2 * n, scaling="spectrum"
    )
    decibels = 10 * np.log10(power + np.finfo(np.float32).tiny)
    extent = (times[0] - _STEP / 2, times[-1] + _STEP / 2, 0, frequencies[-1] / 1000)
    ax.imshow(decibels, extent=extent, vmin=decibels.max() - _DECIBELS, **_IMAGE)
    ax.set_ylabel("kHz")


def _draw_posteriors(ax: Axes, recognizer: PhoneRecognizer, utterance: Utterance) -> None:
    """Draw posteriors of the phones that are likely somewhere, in the order in which they are likeliest."""
    (log_posteriors,) = recognizer.log_posteriors([utterance])
    phones = recognizer.phone_set_.phones
    of_phones: Array = np.exp(log_posteriors).reshape(len(log_posteriors), len(phones), -1).sum(axis=2)
    likely = (of_phones.max(axis=0) >= _LEAST) | np.isin(np.arange(len(phones)), of_phones.argmax(axis=1))
    shown = [phone for phone in of_phones.argmax(axis=0).argsort() if likely[phone]]
    ax.imshow(of_phones[:, shown[::-1]].T, extent=(0, utterance.duration, 0, len(shown)), vmin=0, vmax=1, **_IMAGE)
    ax.set_yticks(np.arange(len(shown)) + 0.5, [phones[phone] for phone in shown[::-1]], fontsize=7)
    ax.set_ylabel("posterior of a phone")


def _draw_phones(ax: Axes, rows: Iterable[Sequence[tuple[str, float, float]]], names: Sequence[str]) -> None:
    """Draw segments side by side, a row above the other, each with its phone."""
    for place, segments in enumerate(reversed(list(rows))):
        for number, (phone, begin, end) in enumerate(segments):
            ax.barh(place, end - begin, 0.9, begin, color=("#DCE9F3", "#B5CFE4")[number % 2], align="center")
            ax.text((begin + end) / 2, place, phone, ha="center", va="center", fontsize=7, clip_on=True)
    ax.set_yticks(range(len(names)), names[::-1])
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="y", length=0)


_IMAGE: dict[str, Any] = dict(aspect="auto", origin="lower", cmap="Blues", interpolation="nearest")
