"""Pooling, one window after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pool:
    """The maximum or the average of each channel in windows of images (n, height, width, channels)."""

    kind: str
    size: tuple[int, int]
    stride: tuple[int, int]
    ceil_mode: bool

    def windows(self, shape):
        """For each output point, in order, the slices of its window that lie in the map."""
        down, right = (
            [slice(begin, min(begin + size, n)) for begin in self.begins(n, size, stride)]
            for n, size, stride in zip(shape[:2], self.size, self.stride, strict=True)
        )
        return [[(rows, cols) for cols in right] for rows in down]

    def begins(self, n, size, stride):
        rounded = math.ceil if self.ceil_mode else math.floor
        return [k * stride for k in range(rounded((n - size) / stride) + 1) if k * stride < n]

    def forward(self, X):
        """Outputs (n, height, width, channels)."""
        reduce = np.max if self.kind == "max" else np.mean
        return np.stack(
            [
                np.stack([reduce(X[:, rows, cols], axis=(1, 2)) for rows, cols in line], axis=1)
                for line in self.windows(X.shape[1:])
            ],
            axis=1,
        )

    def backward(self, X, dZ):
        """The gradient: in parts to all points of a window, or to the first that has the maximum."""
        dX = np.zeros_like(X)
        for i, line in enumerate(self.windows(X.shape[1:])):
            for j, (rows, cols) in enumerate(line):
                window, d = X[:, rows, cols], dX[:, rows, cols]
                n, height, width, channels = window.shape
                if self.kind == "average":
                    d += dZ[:, i, j][:, None, None] / (height * width)
                    continue
                winner = window.reshape(n, -1, channels).argmax(axis=1)
                won = np.arange(height * width)[None, :, None] == winner[:, None]
                d += (won * dZ[:, i, j][:, None]).reshape(d.shape)
        return dX
