"""Convolutions as sums over patches that are written out."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def patches(X, kernel, stride=(1, 1), padding=(0, 0)):
    """Patches of images (n, h, w, c), shape (n, rows, columns, kernel height * kernel width * c)."""
    (top, left), (kh, kw) = padding, kernel
    X = np.pad(X, ((0, 0), (top, top), (left, left), (0, 0)))
    windows = sliding_window_view(X, (kh, kw), axis=(1, 2))[:, :: stride[0], :: stride[1]]  # (n, y, x, c, kh, kw)
    windows = windows.transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:3], -1)


def convolution(X, W, b, kernel, stride=(1, 1), padding=(0, 0)):
    """Maps of images (n, h, w, c) under filters W (kernel height * kernel width * c, n_filters)."""
    return patches(X, kernel, stride, padding) @ W + b
