"""Predicted weights in a file: V of column j as the tensor ``V.j``, U as ``U.j`` where it is learned.

Where B was made from data, the atoms that a column chose are the tensor ``base``. All else of U follows from the
specification, and is compared with a digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl.dictionaries import (
    AtomDictionary,
    Dictionary,
    Identity,
    LayerInput,
    RandomConnections,
    RandomProjection,
    StoredBase,
)
from ppdl.dictionaries.atoms import count_atoms
from ppdl.dictionaries.columns import DictionaryColumns

from .fields import Contents, invalid, naming


def weights_tensors(prefix: str, columns: DictionaryColumns, V: Array) -> dict[str, Array]:
    """Return the tensors of predicted weights whose learned numbers are V."""
    names = ["U", "V"] if columns.learned else ["V"]
    tensors: dict[str, Array] = {
        f"{prefix}{names[k % len(names)]}.{k // len(names)}": matrix for k, matrix in enumerate(columns.dynamic(V))
    }
    if columns.stored is not None:
        tensors[f"{prefix}base"] = _shortened(np.asarray(columns.stored.atoms))
    return tensors


def _shortened(base: Array) -> Array:
    """Return float64 numbers as float32 if none of them changes."""
    with np.errstate(over="ignore"):
        single = base.astype(np.float32)
    return single if np.array_equal(single, base) else base


@dataclass(frozen=True)
class WeightsPlan:
    """What the specification says of predicted weights; the tensors are compared with it before anything is built.

    Parameters
    ----------
    prefix : str
        Of the names of the tensors.
    dictionary : Dictionary
        How U is built.
    inputs : LayerInput
        Without activations.
    sizes : sequence of int
        Hidden units of each column.
    fraction : float
        Atoms of each column, as a fraction of the inputs.
    """

    prefix: str
    dictionary: Dictionary
    inputs: LayerInput
    sizes: Sequence[int]
    fraction: float

    def take(
        self, contents: Contents, dtype: np.dtype[Any], digest: object, n_base: object
    ) -> tuple[DictionaryColumns, Array]:
        """Take the tensors, and build U.

        Parameters
        ----------
        contents : Contents
            Of the file.
        dtype : dtype
            Of U and V.
        digest : str
            Of the dictionaries.
        n_base : int or None
            Atoms of B, those that no column chose included; None for as many as there are.

        Returns
        -------
        columns : DictionaryColumns
            The dictionaries.
        V : ndarray of shape (n_dynamic,)
            The learned numbers, U_j before V_j where it is learned.
        """
        base = self._base(contents, n_base)
        with naming(f"{self.prefix}V"):
            n_atoms = self._n_atoms(base)
        matrices, atoms = [], []
        for j, n_hidden in enumerate([sum(self.sizes)] if isinstance(self.dictionary, Identity) else self.sizes):
            V = contents.tensor(f"{self.prefix}V.{j}", dtype, (n_atoms, n_hidden))
            atoms.append(len(V))
            if f"{self.prefix}U.{j}" in contents.tensors:
                matrices.append(contents.tensor(f"{self.prefix}U.{j}", dtype, (self.inputs.n_visible, len(V))))
            matrices.append(V)
        with naming(f"{self.prefix}U"):
            self._require_memory(contents.memory_limit, base, sum(atoms))
            columns = self.dictionary.columns(self.inputs, sizes=self.sizes, fraction=self.fraction, base=base)
            if columns.digest() != digest:
                raise ValueError(
                    f"its digest is {digest!r} in the file, but {columns.digest()!r} by the specification, "
                    f"{self.dictionary!r}; the file is damaged, or another version of ppdl or of a library wrote it"
                )
            built = [columns.n_channels * len(column.atoms) for column in columns.columns]
            if built != atoms or columns.n_dynamic != sum(matrix.size for matrix in matrices):
                raise ValueError(f"received columns of {atoms} atoms; {self.dictionary!r} has others")
        return columns, columns.flat(matrices)

    def _require_memory(self, limit: int, base: StoredBase | None, n_atoms: int) -> None:
        """Refuse to build what takes more bytes than `limit`, as far as ppdl's own dictionaries tell."""
        height, width = self.inputs.n_visible, 0
        if isinstance(self.dictionary, RandomProjection):
            width = n_atoms
        elif isinstance(self.dictionary, RandomConnections):
            width = 1
        elif base is not None:
            height, width = self._n_rows, base.n_base
        elif isinstance(self.dictionary, AtomDictionary):
            height = width = self._n_rows
        n_bytes = 8 * height * width
        if n_bytes > limit:
            raise ValueError(
                f"{self.dictionary!r} of {self.inputs.n_visible} inputs takes {n_bytes} bytes; expected at most "
                f"memory_limit={limit}; raise it, if you know the file"
            )

    @property
    def _n_rows(self) -> int:
        """Rows of B: the inputs, or the points alone."""
        shared = self.dictionary.shared_channels(self.inputs) if isinstance(self.dictionary, AtomDictionary) else 1
        return self.inputs.n_visible // shared

    def _base(self, contents: Contents, n_base: object) -> StoredBase | None:
        name = f"{self.prefix}base"
        if name in contents.tensors:
            atoms = contents.numbers(name)
            if atoms.ndim != 2 or len(atoms) != self._n_rows:
                raise invalid(name, f"shape {atoms.shape}", f"shape ({self._n_rows}, any)")
            least = atoms.shape[1]
            n_base = least if n_base is None else n_base
            return StoredBase(atoms, checks.integer(f"{self.prefix}n_base", n_base, at_least=least))
        if self.dictionary.data_driven:
            raise ValueError(f"{name}: missing; {self.dictionary!r} is made from data")
        return None

    def _n_atoms(self, base: StoredBase | None) -> int | None:
        """Atoms of each column; None if the dictionary is not one of ppdl's, and may count them as it likes."""
        dictionary, n_visible = self.dictionary, self.inputs.n_visible
        if not type(dictionary).__module__.startswith("ppdl.dictionaries."):
            return None
        if isinstance(dictionary, Identity):
            return n_visible
        if getattr(dictionary, "selection", None) == "all":
            return n_visible if base is None else base.n_base
        tied = getattr(dictionary, "tied", False) and getattr(dictionary, "atoms_per_channel", True)
        return count_atoms(n_visible, self.fraction, self.inputs.n_channels if tied else 1)
