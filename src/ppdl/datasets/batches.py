"""Reader of CIFAR-10's Python version: pickles of Python 2, of which only plain values and bytes are taken."""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .labels import check_labels
from .records import N_VALUES


def read_batch(content: bytes, name: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the planes (n_samples, 3072) and labels (n_samples,) that the content of a file holds.

    Nothing that the pickle refers to is ever called: its array is read from the bytes that it is made of.

    Raises
    ------
    ValueError
        If the content is no such pickle, or refers to anything but an array, or if data and labels disagree; the
        message begins with `name`.
    """
    try:
        _check_memo(content)
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # damaged pickles raise nearly anything
        raise ValueError(f"{name}: not a batch of CIFAR-10's Python version: {error}") from error
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise ValueError(f"{name}: a dictionary with data and labels expected, found {_outline(batch)}.")
    data, labels = _bytes_of(batch[b"data"], name), batch[b"labels"]
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise ValueError(f"{name}: labels must be a list of integers.")
    if len(labels) != len(data):
        raise ValueError(f"{name}: labels: {len(labels)} labels, but data holds {len(data)} images.")
    return data, check_labels(np.array(labels), name)


class _Type:
    """Stands for NumPy's `dtype`: it keeps the code of the type."""

    def __init__(self, code: object = None, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """Stands for NumPy's array: it keeps (version, shape, type, whether in Fortran order, bytes)."""

    state: object = None

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Unpickler(pickle.Unpickler):
    """Admits builtin values and, in place of NumPy's, our `_Array` and `_Type`."""

    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case "numpy", "dtype":
                return _Type
            case ("numpy", "ndarray") | (("numpy.core.multiarray" | "numpy._core.multiarray"), "_reconstruct"):
                return _Array
        raise pickle.UnpicklingError(f"it refers to {module}.{name}, which is neither an array nor a plain value")


def _check_memo(content: bytes) -> None:
    """Raise if the pickle numbers more objects than it can hold: the unpickler would take memory for all of them."""
    for opcode, number, _ in pickletools.genops(content):
        if opcode.name in ("PUT", "LONG_BINPUT") and isinstance(number, int) and number > len(content):
            raise pickle.UnpicklingError(f"it numbers an object {number}, but is {len(content)} bytes long")


def _bytes_of(array: object, name: str) -> npt.NDArray[np.uint8]:
    """Return the array (n_samples, 3072) that the pickled one stands for."""
    match array:
        case _Array(state=(_, (int(n), int(width)), _Type(code="u1" | b"u1"), in_fortran_order, bytes(content))):
            if width == N_VALUES and n > 0 and len(content) == n * width:
                order: Literal["F", "C"] = "F" if in_fortran_order else "C"
                return np.frombuffer(content, np.uint8).reshape(n, width, order=order)
    raise ValueError(f"{name}: data must be an array of bytes of shape (n_samples, {N_VALUES}).")


def _outline(value: object) -> str:
    return f"keys {sorted(map(repr, value))}" if isinstance(value, dict) else type(value).__name__
