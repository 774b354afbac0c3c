"""What a file says of an estimator: fields and tensors, each checked as it is taken."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ppdl._precision import Array

Specification: TypeAlias = dict[str, Any]


@dataclass
class Contents:
    """Specification, in JSON's types, and tensors of one estimator.

    Parameters
    ----------
    specification : dict
        Fields by name.
    tensors : dict of ndarray
        Those that were taken are no longer there.
    memory_limit : int
        Bytes that may be taken for what the tensors do not hold.
    metadata : dict of str
        What other readers are told, if this is the whole file; `restore` does without.
    """

    specification: Specification = field(default_factory=dict)
    tensors: dict[str, Array] = field(default_factory=dict)
    memory_limit: int = 0
    metadata: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, part: Contents) -> None:
        """Add another estimator's contents, as a field and tensors of that name."""
        self.specification[name] = part.specification
        self.tensors.update({f"{name}.{key}": tensor for key, tensor in part.tensors.items()})

    def part(self, name: str) -> Contents:
        """Take another estimator's contents."""
        names = [key for key in self.tensors if key.startswith(f"{name}.")]
        tensors = {key[len(name) + 1 :]: self.tensors.pop(key) for key in names}
        return Contents(self.field(name, dict), tensors, self.memory_limit)

    def field(self, name: str, kind: type) -> Any:
        """Return a field of exactly this type."""
        if name not in self.specification:
            raise ValueError(f"{name}: missing")
        value = self.specification[name]
        if type(value) is not kind:
            raise invalid(name, type(value).__name__, kind.__name__)
        return value

    def seed(self) -> int:
        """Return the seed of everything random."""
        seed: int = self.field("seed", int)
        if not 0 <= seed < 2**64:
            raise invalid("seed", seed, "0 to 2**64 - 1")
        return seed

    def dtype(self) -> np.dtype[Any]:
        """Return the precision."""
        name = self.field("dtype", str)
        if name not in ("float32", "float64"):
            raise invalid("dtype", name, "float32 or float64")
        return np.dtype(name)

    def tensor(self, name: str, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> Array:
        """Take a tensor of finite numbers; None stands for any length."""
        if name not in self.tensors:
            raise ValueError(f"{name}: missing")
        tensor = self.tensors.pop(name)
        fits = tensor.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, tensor.shape))
        if tensor.dtype != dtype or not fits:
            expected = str(tuple("any" if n is None else n for n in shape)).replace("'", "")
            raise invalid(name, f"{tensor.dtype} of shape {tensor.shape}", f"{dtype} of shape {expected}")
        return checked_finite(name, tensor)

    def numbers(self, name: str) -> Array:
        """Take a tensor of finite numbers of any precision and shape; one without axes is a number."""
        if name not in self.tensors:
            raise ValueError(f"{name}: missing")
        tensor = self.tensors[name]
        dtype = np.dtype(np.float32 if tensor.dtype == np.float32 else np.float64)
        return self.tensor(name, dtype, tensor.shape)[()]

    def require_all_taken(self) -> None:
        """Refuse tensors that nothing asked for."""
        if self.tensors:
            raise ValueError(f"tensors: {', '.join(sorted(self.tensors))}: not part of the specified estimator")


def invalid(name: str, received: object, expected: str) -> ValueError:
    """Return the error of a field that is not what it should be."""
    return ValueError(f"{name}: received {received!r}; expected {expected}")


def checked_finite(name: str, tensor: Array) -> Array:
    """Return a tensor without NaN and infinity."""
    if not np.isfinite(tensor).all():
        raise ValueError(f"{name}: it holds NaN or infinity")
    return tensor


def checked_number(name: str, value: Any) -> float:
    """Return a number, which may be infinite or NaN after a divergence."""
    if type(value) not in (int, float):
        raise invalid(name, value, "a number")
    return float(value)


def checked_history(history: Any) -> dict[str, list[float]]:
    """Return lists of numbers by name, the course of a training."""
    if not isinstance(history, dict) or not all(
        isinstance(key, str) and isinstance(values, list) and all(type(value) in (int, float) for value in values)
        for key, values in history.items()
    ):
        raise invalid("history_", history, "lists of numbers")
    return history


@contextlib.contextmanager
def naming(what: object) -> Iterator[None]:
    """Turn any error but an OSError into a ValueError whose message begins with what was read."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        message = str(error) or type(error).__name__
        raise ValueError(message if message.startswith(f"{what}: ") else f"{what}: {message}") from None
