"""Dictionaries without atoms of their own: all inputs, some inputs, and a U that is learned."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks

from .atoms import choose_atoms, count_atoms
from .base import Dictionary
from .columns import Column, DictionaryColumns, StoredBase, checked_sizes
from .layer_input import LayerInput


@dataclass(frozen=True, repr=False)
class Identity(Dictionary, id="identity"):
    """The ordinary layer, W = V: the paper's "nokernel".

    Every input is an atom of every column, whatever the fraction; so the columns are one, and all weights are learned.

    Examples
    --------
    >>> from ppdl.dictionaries import Identity, LayerInput
    >>> columns = Identity().columns(LayerInput(20), sizes=(5, 5))
    >>> columns.n_dynamic, columns.n_static
    (200, 0)
    """

    def columns(
        self,
        inputs: LayerInput,
        *,
        sizes: Sequence[int],
        fraction: float = 1.0,
        base: StoredBase | npt.ArrayLike | None = None,
    ) -> DictionaryColumns:
        """One column of all inputs; see `Dictionary.columns`."""
        everything = Column(sum(checked_sizes(sizes)), np.arange(inputs.n_visible))
        return DictionaryColumns(inputs.n_visible, (everything,))


@dataclass(frozen=True, repr=False)
class RandomConnections(Dictionary, id="random-connections"):
    """Each column sees some of the inputs: the paper's "RandCon", random columns of the identity (Sec. 3.5).

    Parameters
    ----------
    tied : bool, default=True
        Whether the same pixels are chosen in all channels of an image; the number of inputs is then rounded down to a
        multiple of the number of channels.

    Examples
    --------
    >>> from ppdl.dictionaries import LayerInput, RandomConnections
    >>> columns = RandomConnections().columns(LayerInput(8), sizes=(5,), fraction=0.25)
    >>> columns.dictionary(0).sum(axis=0)
    array([1., 1.])
    """

    tied: bool = dataclasses.field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.boolean("tied", self.tied)

    def columns(
        self,
        inputs: LayerInput,
        *,
        sizes: Sequence[int],
        fraction: float = 1.0,
        base: StoredBase | npt.ArrayLike | None = None,
    ) -> DictionaryColumns:
        """Choose the inputs of each column; see `Dictionary.columns`."""
        n, group = inputs.n_visible, inputs.n_channels if self.tied else 1
        n_atoms = count_atoms(n, fraction, group)
        chosen = (
            Column(n_hidden, choose_atoms(n, n_atoms, inputs, j, group))
            for j, n_hidden in enumerate(checked_sizes(sizes))
        )
        return DictionaryColumns(n, tuple(chosen))


@dataclass(frozen=True, repr=False)
class LowRank(Dictionary, id="low-rank"):
    """U is learned as well as V: the paper's "LowRank" (Sec. 4), the baseline that predicts nothing.

    The fraction counts the atoms of a column, as everywhere; the numbers in U are learned on top of those in V.

    Examples
    --------
    >>> from ppdl.dictionaries import LayerInput, LowRank
    >>> LowRank().columns(LayerInput(20), sizes=(10,), fraction=0.1).n_dynamic  # V is (2, 10), U is (20, 2)
    60
    """

    def columns(
        self,
        inputs: LayerInput,
        *,
        sizes: Sequence[int],
        fraction: float = 1.0,
        base: StoredBase | npt.ArrayLike | None = None,
    ) -> DictionaryColumns:
        """Say how many atoms each column learns; see `Dictionary.columns`."""
        n_atoms = count_atoms(inputs.n_visible, fraction)
        columns = tuple(Column(n_hidden, np.arange(n_atoms)) for n_hidden in checked_sizes(sizes))
        return DictionaryColumns(inputs.n_visible, columns, learned=True)
