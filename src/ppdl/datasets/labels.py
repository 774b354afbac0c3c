"""Labels and names of the classes that come with a collection of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def check_labels(labels: npt.NDArray[Any], name: str, *, first: int = 0) -> npt.NDArray[np.int64]:
    """Return labels of ten classes counted from zero, or raise if one isn't among `first` to `first` + 9.

    `name` is that of the file, for the message.
    """
    wrong = (labels < first) | (labels > first + 9)
    if wrong.any():
        index = wrong.argmax()
        raise ValueError(f"{name}: labels must be {first} to {first + 9}, label {index} is {labels[index]}.")
    return labels.astype(np.int64) - first


def read_class_names(file: Path, default: Sequence[str]) -> Sequence[str]:
    """Return the names of the classes, one a line in `file`, or `default` if the file isn't there."""
    if not file.is_file():
        return default
    names = file.read_text(encoding="utf-8").split()
    if len(names) != len(default):
        raise ValueError(f"{file.name}: names of {len(default)} classes expected, {len(names)} found.")
    return names
