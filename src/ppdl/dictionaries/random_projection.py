"""Gaussian atoms."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import product

from .atoms import count_atoms, orthonormal_mix
from .base import Dictionary
from .columns import Column, DictionaryColumns, StoredBase, checked_sizes
from .layer_input import LayerInput


@dataclass(frozen=True, repr=False)
class RandomProjection(Dictionary, id="random-projection"):
    r"""Independent Gaussian atoms, new ones for each column: the paper's "RandFixU" (Sec. 3.5).

    Entries are drawn from :math:`N(0, 1 / n_{visible})`, so that an atom has length 1 on average.

    Parameters
    ----------
    orthonormalize : bool, default=False
        Whether each column's atoms are replaced by an orthonormal basis of their span.

    Examples
    --------
    >>> from ppdl.dictionaries import LayerInput, RandomProjection
    >>> columns = RandomProjection().columns(LayerInput(400), sizes=(5, 5), fraction=0.25)
    >>> columns.base.shape, columns.columns[1].atoms[:3]
    ((400, 200), array([100, 101, 102]))
    """

    orthonormalize: bool = dataclasses.field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.boolean("orthonormalize", self.orthonormalize)

    def columns(
        self,
        inputs: LayerInput,
        *,
        sizes: Sequence[int],
        fraction: float = 1.0,
        base: StoredBase | npt.ArrayLike | None = None,
    ) -> DictionaryColumns:
        """Draw the atoms of each column; see `Dictionary.columns`."""
        sizes = checked_sizes(sizes)
        n, n_atoms = inputs.n_visible, count_atoms(inputs.n_visible, fraction)
        drawn = [_core.dictionary.gaussian(n, n_atoms, inputs.seed, inputs.stream(j)) for j in range(len(sizes))]
        if self.orthonormalize:
            drawn = [product(U, orthonormal_mix(U, self)) for U in drawn]
        B = np.concatenate(drawn, axis=1) / (1.0 if self.orthonormalize else np.sqrt(n))
        B.setflags(write=False)
        columns = (Column(n_hidden, np.arange(n_atoms) + j * n_atoms) for j, n_hidden in enumerate(sizes))
        return DictionaryColumns(n, tuple(columns), B)
