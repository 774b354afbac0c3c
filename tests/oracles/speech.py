"""HTK's front end (The HTK book, version 3.4, Ch. 5), frame by frame."""

import numpy as np


def mel(frequency):
    return 1127 * np.log(1 + frequency / 700)


def filters(n_filters, n_fft, rate):
    """Triangles (n_fft / 2, n_filters) on the mel scale, as far up as half the rate."""
    centres = np.arange(n_filters + 2) * mel(rate / 2) / (n_filters + 1)
    weights = np.zeros((n_fft // 2, n_filters))
    for point, place in enumerate(mel(np.arange(n_fft // 2) * rate / n_fft)):
        for i in range(n_filters):
            left, centre, right = centres[i : i + 3]
            if left < place <= centre:
                weights[point, i] = (place - left) / (centre - left)
            elif centre < place < right:
                weights[point, i] = (right - place) / (right - centre)
    return weights


def cepstra(waveform, rate, *, window, hop, n_cepstra, n_filters, preemphasis, lifter=22):
    """Cepstra of order 1 and up and the normalised energy, (n_frames, n_cepstra + 1), of a waveform in [-1, 1]."""
    waveform = waveform.astype(np.float64) * 32768
    n_fft = 2 ** int(np.ceil(np.log2(window)))
    orders = np.arange(1, n_cepstra + 1)
    triangles = filters(n_filters, n_fft, rate)
    rows, energies = [], []
    for begin in range(0, len(waveform) - window + 1, hop):
        frame = waveform[begin : begin + window]
        energies.append(np.log((frame**2).sum()))
        emphasised = frame - preemphasis * np.concatenate([frame[:1], frame[:-1]])
        windowed = emphasised * (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(window) / (window - 1)))
        spectrum = np.abs(np.fft.rfft(windowed, n_fft))[: n_fft // 2]
        outputs = np.log(np.maximum(spectrum @ triangles, 1))
        row = [
            np.sqrt(2 / n_filters)
            * sum(outputs[j] * np.cos(np.pi * i / n_filters * (j + 0.5)) for j in range(n_filters))
            for i in orders
        ]
        rows.append(row * (1 + lifter / 2 * np.sin(np.pi * orders / lifter)))
    energies = np.array(energies)
    energies = np.maximum(energies, energies.max() - 50 * np.log(10) / 10)
    return np.column_stack([rows, 1 - 0.1 * (energies.max() - energies)])


def derivative(features, width):
    """Regression over `width` frames on either side of each; frames at the edges are repeated."""
    last = len(features) - 1
    rows = []
    for t in range(len(features)):
        rise = sum(k * (features[min(t + k, last)] - features[max(t - k, 0)]) for k in range(1, width + 1))
        rows.append(rise / (2 * sum(k**2 for k in range(1, width + 1))))
    return np.array(rows)
