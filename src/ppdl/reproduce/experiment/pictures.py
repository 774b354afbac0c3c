"""Features as pictures: small enough to be kept in a record, laid out on a sheet."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Pictures = npt.NDArray[np.floating[Any]]
"""Shape (n_features, height, width) or (n_features, height, width, channels), each in [-1, 1]; 0 is grey."""

_LEVELS = 127  # to either side of zero: as many as a screen shows
_GAP = 8  # pictures of so many pixels have one between them
_BLANK = (1.0, 0.95, 0.75)  # colour of a pixel without a value, pale yellow


def pack(pictures: Pictures) -> str:
    """Write pictures as text, to 8 bits of each pixel."""
    levels = np.rint(pictures * _LEVELS).astype(np.int8)
    return base64.b64encode(zlib.compress(levels.tobytes(), 9)).decode()


def unpack(text: str, picture_shape: Sequence[int]) -> Pictures:
    """Read pictures, shape (n_pictures, *picture_shape), from text."""
    levels = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.int8)
    return levels.reshape(-1, *picture_shape) / _LEVELS


def draw_sheet(ax: Axes, columns: Sequence[Pictures], labels: Sequence[str]) -> None:
    """Draw pictures column beside column, equally many in each; pixels that are NaN are pale yellow.

    Parameters
    ----------
    ax : matplotlib Axes
        Where to draw.
    columns : sequence of ndarray
        The pictures of each column.
    labels : sequence of str
        What stands above each column.
    """
    n_down, height, width = columns[0].shape[:3]
    gap = max(1, height // _GAP)
    sheet = np.ones((n_down * (height + gap) - gap, len(columns) * (width + gap) - gap, 3))
    for across, pictures in enumerate(columns):
        for down, picture in enumerate(pictures):
            top, left = down * (height + gap), across * (width + gap)
            sheet[top : top + height, left : left + width] = np.atleast_3d(picture)
    ax.imshow(np.where(np.isnan(sheet), _BLANK, 0.5 + 0.5 * sheet), interpolation="nearest")
    ax.set_xticks([across * (width + gap) + (width - 1) / 2 for across in range(len(columns))], labels)
    ax.set_yticks([])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
