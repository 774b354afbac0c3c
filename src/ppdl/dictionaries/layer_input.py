"""What a dictionary may know of the layer that it is built for."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Floats

Activations = npt.NDArray[np.float32] | npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LayerInput:
    """The inputs of one layer: how many, where they lie, what they look like over the data.

    Parameters
    ----------
    n_visible : int
        Number of inputs of the layer, at least 1.
    shape : tuple of 2 or 3 ints, or array-like of shape (n_points, d), optional
        Where the inputs lie. ``(height, width)`` or ``(height, width, channels)`` for images flattened in C order, so
        that input ``(row * width + column) * channels + channel`` is that channel of that pixel. Or the coordinates of
        any points; then `n_visible` is a multiple of their number, and again a point's channels stand next to each
        other. None where there is no topology, as in hidden layers.
    activations : array of shape (n_samples, n_visible), or callable that returns it, optional
        The layer's inputs over the data, float32 or float64, for the dictionaries that are made from data. A callable
        is only called by those.
    seed : int, default=0
        Seed of the random choices.
    layer : int, default=0
        Number of the layer in its network: layers with the same seed make independent choices.
    sample_weight : array of shape (n_samples,), optional
        How much each sample counts in a dictionary that is made from data, at least 0; by default 1 each.

    Raises
    ------
    ValueError
        If `shape` does not hold `n_visible` inputs, or a number is out of range.

    Examples
    --------
    >>> inputs = LayerInput(12, shape=(2, 3, 2))
    >>> inputs.n_channels, inputs.points.shape
    (2, (6, 2))
    """

    n_visible: int
    shape: tuple[int, ...] | npt.ArrayLike | None = None
    activations: Activations | Callable[[], Activations] | None = None
    seed: int = 0
    layer: int = 0
    sample_weight: npt.NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        checks.integer("n_visible", self.n_visible)
        checks.integer("seed", self.seed, at_least=0, at_most=2**64 - 1)
        checks.integer("layer", self.layer, at_least=0, at_most=2**16 - 1)
        if self.shape is not None:
            object.__setattr__(self, "shape", _checked_shape(self.shape, self.n_visible))

    @property
    def grid(self) -> tuple[int, int] | None:
        """Height and width, None unless the inputs lie on a grid."""
        return self.shape[:2] if isinstance(self.shape, tuple) else None

    @property
    def points(self) -> Floats | None:
        """Coordinates of the pixels or points, shape (n_points, d); None without a topology."""
        if self.grid is None:
            return None if self.shape is None else np.asarray(self.shape, dtype=np.float64)
        return np.ascontiguousarray(np.indices(self.grid, dtype=np.float64).reshape(2, -1).T)

    @property
    def n_channels(self) -> int:
        """Inputs at each point; 1 without a topology."""
        if self.shape is None:
            return 1
        return self.n_visible // (math.prod(self.grid) if self.grid else len(np.asarray(self.shape)))

    def of_points(self) -> LayerInput:
        """Return the same points with one channel each, and without activations."""
        shape = self.grid or self.shape
        return replace(self, n_visible=self.n_visible // self.n_channels, shape=shape, activations=None)

    def sample(self, who: str) -> Activations:
        """Activations of the samples that count, shape (n_samples, n_visible), C order, float32 or float64.

        They are copied only where some samples have no weight.

        Parameters
        ----------
        who : str
            The dictionary that asks, named in errors.
        """
        X, weight = self.weighted_sample(who)
        return X if weight is None or weight.all() else X[weight > 0.0]

    def weighted_sample(self, who: str) -> tuple[Activations, Floats | None]:
        """Activations of all samples, never copied if C order and precision allow, and their weights, None for 1 each.

        Parameters
        ----------
        who : str
            The dictionary that asks, named in errors.
        """
        given = self.activations() if callable(self.activations) else self.activations
        if given is None:
            raise ValueError(
                f"{who} is made from data: LayerInput needs `activations`, of shape (n_samples, {self.n_visible})"
            )
        X: Activations
        if np.asarray(given).dtype == np.float32:
            X = np.ascontiguousarray(given, dtype=np.float32)
        else:
            X = np.ascontiguousarray(given, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != self.n_visible:
            raise ValueError(f"activations: received shape {X.shape}; expected (n_samples, {self.n_visible})")
        return X, None if self.sample_weight is None else _checked_weight(self.sample_weight, len(X))

    def stream(self, column: int = 0) -> int:
        """Key of the random numbers of one column of this layer."""
        return _core.dictionary.stream(self.layer, column)


def _checked_weight(sample_weight: npt.ArrayLike, n_samples: int) -> Floats:
    weight = np.ascontiguousarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight: received shape {weight.shape}; expected ({n_samples},), one for each sample")
    if not (np.isfinite(weight).all() and (weight >= 0.0).all() and weight.any()):
        raise ValueError(
            f"sample_weight: received weights from {weight.min()} to {weight.max()}; expected finite numbers of at "
            "least 0, not all of them 0"
        )
    return weight


def _checked_shape(shape: object, n_visible: int) -> tuple[int, ...] | Floats:
    try:
        points = np.array(shape, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        points = np.empty(0)
    if points.ndim != 2:
        return _checked_grid(shape, n_visible)
    if not np.isfinite(points).all():
        raise ValueError("input_shape: received coordinates with NaN or infinity; expected finite ones")
    if len(points) == 0 or n_visible % len(points) != 0:
        raise ValueError(
            f"input_shape: received coordinates of {len(points)} points; "
            f"expected as many as there are inputs, {n_visible}, or that number divided by the channels"
        )
    points.setflags(write=False)
    return points


def _checked_grid(shape: object, n_visible: int) -> tuple[int, ...]:
    try:
        grid = tuple(operator.index(side) for side in shape)  # type: ignore[attr-defined]
    except TypeError:
        grid = ()
    if len(grid) not in (2, 3) or min(grid) < 1:
        raise ValueError(
            f"input_shape: received {shape!r}; expected (height, width), (height, width, channels), "
            "or coordinates of shape (n_points, d)"
        )
    if math.prod(grid) != n_visible:
        raise ValueError(
            f"input_shape: {grid} holds {math.prod(grid)} inputs; expected {n_visible}, those of the layer"
        )
    return grid
