"""The digest by which a record knows its data."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt


def digest_of(*values: npt.NDArray[Any] | str | tuple[str, ...]) -> str:
    """Return the SHA-256 of arrays, with their shapes and types, and of names."""
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.shape} {value.dtype.str} ".encode())
            digest.update(np.ascontiguousarray(value).data)
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()
