"""Labels and names of the classes that come with a collection of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .packed import read_lines


def check_labels(labels: npt.NDArray[np.uint8], *, first: int = 0) -> npt.NDArray[np.int64]:
    """Return labels of ten classes counted from zero, or raise if one isn't among `first` to `first` + 9."""
    wrong = (labels < first) | (labels > first + 9)
    if wrong.any():
        index = wrong.argmax()
        raise ValueError(f"labels must be {first} to {first + 9}, label {index} is {labels[index]}")
    return labels.astype(np.int64) - first


def read_class_names(file: Path, default: Sequence[str]) -> Sequence[str]:
    """Return the names of the classes, one a line in `file`, or `default` if the file isn't there."""
    if not file.is_file():
        return default
    names = read_lines(file)
    if len(names) != len(default):
        raise ValueError(f"{file}: names of {len(default)} classes expected, one a line, {len(names)} found")
    return names
