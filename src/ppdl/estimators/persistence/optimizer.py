"""The state of an optimiser in a file: its counters, and its arrays as the tensors ``optimizer.<name>``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl._precision import Array

from .fields import Contents, invalid

_NAME = "optimizer"
_ARRAYS: tuple[list[str], ...] = ([], ["velocity"], ["mean", "mean_square"])  # of SGD, with momentum, of Adam


def put_optimizer(contents: Contents, counters: list[float], arrays: Mapping[str, Array]) -> None:
    """Add the state of an optimiser."""
    contents.put(_NAME, Contents({"counters": counters, "arrays": list(arrays)}, dict(arrays)))


def take_optimizer(
    contents: Contents, n_counters: int, dtype: np.dtype[Any], size: int
) -> tuple[list[int], dict[str, Array]] | None:
    """Take the state of an optimiser of `size` parameters; None if the file holds none."""
    if _NAME not in contents.specification:
        return None
    part = contents.part(_NAME)
    counters, names = part.field("counters", list), part.field("arrays", list)
    if len(counters) != n_counters:
        raise invalid("counters", counters, f"{n_counters} numbers of steps")
    if names not in _ARRAYS:
        raise invalid("arrays", names, "those of an optimiser")
    arrays = {name: part.tensor(name, dtype, (size,)) for name in names}
    part.require_all_taken()
    return [checks.integer("counters", n, at_least=0) for n in counters], arrays
