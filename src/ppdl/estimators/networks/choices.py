"""What a network decides for its layers where parameters leave it open: dictionary, fraction, number of columns."""

from __future__ import annotations

import dataclasses
import math

from ppdl.dictionaries import (
    DCT,
    Dictionary,
    Identity,
    LayerInput,
    LowRank,
    RandomConnections,
)
from ppdl.layers import Weighted

# All of these were decided on validation sets; benchmarks/defaults.py measures what comes of them on other data.
FRACTION = 0.2  # of a dictionary that is given without one
FEWEST_ATOMS = 8  # of a column, where the network chooses the dictionary
LEADING = 2.0  # so many times its atoms are cosines that a column draws from
FEWEST_CHOICES = 48  # cosines that it draws from at least; a grid of fewer points is as good as none
FEWEST_TOGETHER = 1024  # atoms of all columns together


def decided(layer: Weighted, inputs: LayerInput) -> Weighted:
    """Return a layer of weights, of which nothing is left open.

    Parameters
    ----------
    layer : Weighted
        As the parameters describe it.
    inputs : LayerInput
        What a unit sees.
    """
    dictionary, fraction = layer.dictionary, layer.fraction
    if dictionary is None:
        dictionary, fraction = _automatic(1.0 if fraction is None else fraction, inputs)
    elif fraction is None:
        takes_all = isinstance(dictionary, Identity) or getattr(dictionary, "selection", None) == "all"
        fraction = 1.0 if takes_all else max(FRACTION, inputs.n_channels / inputs.n_visible)
    n_columns = layer.n_columns
    if n_columns == "auto":
        n_columns = _n_columns(dictionary, fraction, inputs.n_visible, layer.n_hidden // layer.group)
    return dataclasses.replace(layer, dictionary=dictionary, fraction=fraction, n_columns=n_columns)


def _automatic(fraction: float, inputs: LayerInput) -> tuple[Dictionary, float]:
    """Return a dictionary for these inputs, and the fraction to take of it.

    Over a grid weights are smooth, and their atoms are the coarser half of the cosines or so. Of other inputs nothing
    is known. Directions of large variance need not be those that tell classes apart, and random ones hide a feature
    that matters by itself; so each column sees some inputs, and all columns together see all. A layer of few inputs
    keeps more atoms than the fraction asks for, and where these are most of what there is, it is an ordinary one.
    """
    n_points = inputs.n_visible // inputs.n_channels
    smooth = inputs.grid is not None and n_points >= FEWEST_CHOICES
    n = n_points if smooth else inputs.n_visible
    asked = math.floor(n * fraction + 1e-9)
    n_atoms = max(asked, min(FEWEST_ATOMS, n))
    if fraction == 1.0 or (n_atoms > asked and 2 * n_atoms > n):
        return Identity(), 1.0
    if smooth:
        leading = max(LEADING, math.ceil(10 * FEWEST_CHOICES / n_atoms) / 10)
        return DCT(leading=leading, scaled=True), n_atoms / n
    return RandomConnections(tied=inputs.n_channels == 1), n_atoms / n


def _n_columns(dictionary: Dictionary, fraction: float, n_visible: int, n_most: int) -> int:
    """Return how many columns there are: more of them see more, and cost no parameters unless U is learned."""
    everything = fraction == 1.0 or getattr(dictionary, "selection", None) == "all"
    if everything or isinstance(dictionary, Identity | LowRank):
        return 1
    if isinstance(dictionary, RandomConnections):  # of which there is no matrix to hold
        return n_most
    return min(n_most, math.ceil(max(1.0 / fraction, FEWEST_TOGETHER / (fraction * n_visible))))
