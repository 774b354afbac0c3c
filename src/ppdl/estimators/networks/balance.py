"""How the weights that a network for images learns are divided among its layers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TypeGuard

from ppdl.dictionaries import Identity
from ppdl.dictionaries.atoms import count_atoms
from ppdl.layers import Layer, Shape, Weighted

from .image_design import check_sizes, image_shape, listed_layers, places


def balanced(layers: str | Sequence[Layer], input_shape: Sequence[int], learned_fraction: float) -> list[Layer]:
    """Divide the weights that a network learns evenly among its layers, instead of learning one fraction of each.

    The same fraction of every layer leaves little to the first convolution, which has the fewest weights, and most to
    the dense layer, which has the most. Here a fraction of the weights of all layers together is learned, and about as
    many of one layer as of another: from one atom a channel on, it is always the layer that learns least that gets the
    next one. A layer that learns all of its weights leaves the rest to the others.

    Parameters
    ----------
    layers : str or sequence of Layer
        A preset, or the layers before the output layer. A layer with a fraction of its own, or without a dictionary
        (`Identity`), stays as it is and is not counted.
    input_shape : tuple of int
        ``(height, width)`` or ``(height, width, channels)`` of the images.
    learned_fraction : float
        How much of the weights of these layers together is learned at most, in (0, 1].

    Returns
    -------
    list of Layer
        The same layers, each of those with weights with a `fraction` of its own.

    Raises
    ------
    ValueError
        If a layer has no outputs, all say what they learn, or the fraction is out of range or too little for an atom
        in each.

    Examples
    --------
    >>> from ppdl.estimators import balanced
    >>> from ppdl.layers import Conv2D, Dense, MaxPool2D
    >>> for layer in balanced([Conv2D(16, 5), MaxPool2D(2), Conv2D(32, 5), Dense(100)], (16, 16, 3), 0.2):
    ...     print(layer)
    Conv2D(16, 5, fraction=0.92)
    MaxPool2D(2)
    Conv2D(32, 5, fraction=0.08)
    Dense(100, fraction=0.25)
    """
    layers, sides = listed_layers(layers), image_shape(input_shape)
    if sides is None:
        raise ValueError("input_shape: received None; expected (height, width) or (height, width, channels)")
    inputs = Shape(*sides)
    check_sizes(layers, inputs)
    shared = [(layer, seen) for layer, seen in places(layers, inputs) if _is_open(layer)]
    if not shared:
        raise ValueError(
            f"layers: received {list(layers)}, which all say what they learn; expected one without a fraction"
        )
    most = [_n_points(seen) for _, seen in shared]
    costs = [seen.size // n * layer.n_hidden for n, (layer, seen) in zip(most, shared)]  # one more atom in each channel
    n_atoms = [1] * len(costs)
    n_weights = sum(seen.size * layer.n_hidden for layer, seen in shared)
    left = count_atoms(n_weights, learned_fraction) - sum(costs)
    if left < 0:
        raise ValueError(
            f"learned_fraction: received {learned_fraction}; expected at least "
            f"{math.ceil(1e3 * sum(costs) / n_weights) / 1e3}, for one atom in each channel of every layer"
        )
    while growing := [i for i, cost in enumerate(costs) if cost <= left and n_atoms[i] < most[i]]:
        least = min(growing, key=lambda i: n_atoms[i] * costs[i])
        n_atoms[least] += 1
        left -= costs[least]
    fractions = iter(n / n_most for n, n_most in zip(n_atoms, most))
    return [dataclasses.replace(layer, fraction=next(fractions)) if _is_open(layer) else layer for layer in layers]


def _n_points(seen: Shape) -> int:
    """Return how many atoms a channel of what a unit sees can have; numbers that have no place are one channel."""
    return seen.size if seen.grid is None else seen.height * seen.width


def _is_open(layer: Layer) -> TypeGuard[Weighted]:
    return isinstance(layer, Weighted) and layer.fraction is None and not isinstance(layer.dictionary, Identity)
