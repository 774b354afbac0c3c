"""What a dictionary builds: the U of each column, as choices and mixtures of shared atoms."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Array, Floats, core, product

if TYPE_CHECKING:
    from ppdl._core._scalar import PredictedWeights

_HARM = 1e-5  # relative error of U above which atoms are mixed in float64, whatever the memory
_UNITS = 2**16  # of the largest entry, in digests


class Column(NamedTuple):
    """One column (paper, Sec. 3.4): U = B[:, atoms] mix for `n_hidden` hidden units, the same in each channel.

    Examples
    --------
    >>> from ppdl.dictionaries import LayerInput, RandomConnections
    >>> built = RandomConnections().columns(LayerInput(10), sizes=(4, 4), fraction=0.3)
    >>> [(column.n_hidden, len(column.atoms)) for column in built.columns]
    [(4, 3), (4, 3)]
    """

    n_hidden: int
    atoms: npt.NDArray[np.int64]
    mix: Floats | None = None


class StoredBase(NamedTuple):
    """What a saved model holds of a base B that more decides than a specification and a seed.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.dictionaries import LayerInput, PrincipalComponents
    >>> inputs = LayerInput(20, activations=np.random.default_rng(0).normal(size=(100, 20)))
    >>> stored = PrincipalComponents(selection="leading").columns(inputs, sizes=(5,), fraction=0.2).stored
    >>> stored.atoms.shape, stored.n_base
    ((20, 4), 20)
    """

    atoms: npt.ArrayLike
    """Those that a column chose, in the order of B, shape (n_points, n_chosen); or all of them."""
    n_base: int
    """Atoms of B, those that no column chose included."""


class Factors(NamedTuple):
    """Of a base of outer products over a grid: B[(r, s), a] = down[r, y] across[s, x] with (y, x) = pairs[a]."""

    down: Floats
    across: Floats
    pairs: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DictionaryColumns:
    """The dictionaries U_1, …, U_J of a layer, U_j = scale (B[:, atoms_j] mix_j) ⊗ I_c.

    `Dictionary.columns` makes them; `weights` hands them to the core.

    Parameters
    ----------
    n_visible : int
        Rows of every U_j.
    columns : tuple of Column
        Hidden units, atoms (indices of `base`'s columns; of the inputs, where there is none) and mix of each column.
    base : ndarray of shape (n_visible / n_channels, n_base), optional
        B, float64, read-only; None is the identity.
    learned : bool, default=False
        Whether U is learned with V; then only the number of a column's atoms counts.
    stores_base : bool, default=False
        Whether B follows from more than the specification, the input's shape and the seed, so that a saved model must
        hold what `stored` returns, and give it back to `Dictionary.columns(..., base=)`.
    n_channels : int, default=1
        c: every dictionary is the same in each of so many channels, a point's next to each other; B and the atoms are
        those of the points alone.
    factors : Factors, optional
        Of a B whose atoms are outer products.
    chosen : ndarray of shape (n_chosen,), optional
        Where `base` holds only those atoms that a column chose, their numbers in B.
    n_base : int, optional
        Atoms of B then.
    scale : float, default=1.0
        By which every U_j is multiplied; not where there is no B.

    Examples
    --------
    >>> from ppdl.dictionaries import DCT, LayerInput
    >>> columns = DCT().columns(LayerInput(64, shape=(8, 8)), fraction=0.25, sizes=(10, 10))
    >>> columns.n_dynamic, columns.n_static, columns.dictionary(0).shape
    (320, 2048, (64, 16))
    """

    n_visible: int
    columns: tuple[Column, ...]
    base: Floats | None = None
    learned: bool = False
    stores_base: bool = False
    n_channels: int = 1
    factors: Factors | None = None
    chosen: npt.NDArray[np.int64] | None = None
    n_base: int | None = None
    scale: float = 1.0
    _made: dict[tuple[str, bool], PredictedWeights] = field(default_factory=dict, init=False, repr=False)

    @property
    def n_hidden(self) -> int:
        """Hidden units of all columns."""
        return sum(column.n_hidden for column in self.columns)

    @property
    def n_atoms(self) -> int:
        """Atoms of all columns, in all channels."""
        return self.n_channels * sum(len(column.atoms) for column in self.columns)

    @property
    def n_dynamic(self) -> int:
        """Numbers that are learned: those of V, and of U where it is learned."""
        n_v = sum(rows * column.n_hidden for rows, column in zip(self._rows, self.columns, strict=True))
        return n_v + self.learned * self.n_visible * self.n_atoms

    @property
    def n_static(self) -> int:
        """Numbers of U that are fixed; none where U only selects inputs."""
        selects = self.base is None and not self._is_mixed
        return 0 if self.learned or selects else self.n_visible * self.n_atoms

    @property
    def stored(self) -> StoredBase | None:
        """What a saved model must hold of B; None where the specification tells it."""
        if self.base is None or not self.stores_base:
            return None
        return StoredBase(self.base, self.n_base or self.base.shape[1])

    @property
    def _rows(self) -> list[int]:
        """Rows of each V_j."""
        return [self.n_channels * len(column.atoms) for column in self.columns]

    @property
    def _is_mixed(self) -> bool:
        return any(column.mix is not None for column in self.columns)

    def dictionary(self, j: int) -> Floats:
        """U_j, shape (n_visible, n_atoms_j); not of a learned one."""
        return in_each_channel(self.point_dictionary(j), self.n_channels)

    def atoms(self, j: int) -> npt.NDArray[np.int64]:
        """Return the numbers of U_j's atoms, in all channels, or of the inputs that it selects, shape (n_atoms_j,)."""
        atoms = self.columns[j].atoms
        atoms = self.n_channels * (atoms if self.chosen is None else self.chosen[atoms])
        return np.add.outer(atoms, np.arange(self.n_channels)).ravel()

    def point_dictionary(self, j: int) -> Floats:
        """S_j of U_j = S_j ⊗ I_c, shape (n_visible / c, n_atoms_j / c); not of a learned one."""
        if self.learned:
            raise ValueError("U is learned: it is part of the network's parameters, not of its dictionary")
        S, mix = self._chosen_atoms(j), self.columns[j].mix
        return S if mix is None else product(S, mix)

    def _chosen_atoms(self, j: int) -> Floats:
        """Return what S_j is mixed of, scale B[:, atoms_j]."""
        atoms = self.columns[j].atoms
        return np.eye(self.n_visible)[:, atoms] if self.base is None else self.scale * self.base[:, atoms]

    def dynamic(self, V: Array) -> list[Array]:
        """V_1, …, V_J, shapes (n_atoms_j, n_hidden_j), as views of the flat V; before each the U_j that is learned."""
        U, V = np.split(V, [self.learned * self.n_visible * self.n_atoms])
        shapes = [(rows, column.n_hidden) for rows, column in zip(self._rows, self.columns, strict=True)]
        parts = np.split(V, np.cumsum([rows * n_hidden for rows, n_hidden in shapes])[:-1])
        Vs = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        if not self.learned:
            return Vs
        atoms = np.cumsum([len(column.atoms) for column in self.columns])
        Us = np.split(U.reshape(self.n_visible, -1), atoms[:-1], axis=1)
        return [matrix for pair in zip(Us, Vs, strict=True) for matrix in pair]

    def flat(self, matrices: Sequence[Array]) -> Array:
        """Return the flat V whose `dynamic` matrices are these."""
        Us = [np.hstack(matrices[::2])] if self.learned else []
        return np.concatenate([matrix.ravel() for matrix in (*Us, *matrices[self.learned :: 1 + self.learned])])

    def weights(self, dtype: npt.DTypeLike, *, separable: bool = False) -> PredictedWeights:
        """`PredictedWeights` of the core, `_core.f32`'s or `_core.f64`'s, made once.

        Parameters
        ----------
        dtype : float32 or float64
            Precision of the layer: B and the mixes are rounded to it.
        separable : bool, default=False
            Whether B is kept where it has factors, for a convolution that pools first.
        """
        factors = self.factors if separable else None
        key = np.dtype(dtype).name, factors is not None
        if key not in self._made:
            self._made[key] = self._weights(dtype, factors)
        return self._made[key]

    def _weights(self, dtype: npt.DTypeLike, factors: Factors | None) -> PredictedWeights:
        def rounded(matrix: Floats | None) -> Any:
            return None if matrix is None else checks.cast("dictionary", matrix, dtype)

        # Atoms are mixed here, in float64, where that takes no more memory, or an ill-conditioned mix would do harm.
        n_atoms = self.n_atoms // self.n_channels
        n_base = 0 if self.base is None else self.n_base or self.base.shape[1]
        mixes = self._is_mixed and ((n_atoms <= n_base and factors is None) or self._is_harmed_by(dtype))
        source, factors = (self._with_mixed_base(), None) if mixes else (self, factors)
        columns = [(column.n_hidden, column.atoms, rounded(column.mix)) for column in source.columns]
        return core(dtype).PredictedWeights(
            self.n_visible,
            columns,
            rounded(source.base if source.base is None or source.scale == 1.0 else source.scale * source.base),
            learned=self.learned,
            n_channels=self.n_channels,
            factors=factors and (rounded(self.scale * factors.down), rounded(factors.across), factors.pairs.tolist()),
        )

    def fit(self, W: Array, V: Array) -> Array:
        """Return the V of these dictionaries whose UV is nearest to W, flat, in W's precision.

        So that weight decay of V does not grow, no V_j is longer than the V_j it replaces, or than one of no particular
        direction whose U_j V_j is as long as W_j.

        Parameters
        ----------
        W : ndarray of shape (n_visible, n_hidden)
            Weights.
        V : ndarray of shape (n_dynamic,)
            What it replaces, V_1, …, V_J of other dictionaries of as many atoms.
        """
        fitted = np.empty_like(V, dtype=W.dtype)
        epsilon = float(np.finfo(W.dtype).eps)
        first = 0
        for j, (former, new) in enumerate(zip(self.dynamic(V), self.dynamic(fitted), strict=True)):
            n_hidden = new.shape[1]
            S = np.ascontiguousarray(self.point_dictionary(j))
            fitted_j = _core.dictionary.least_squares(
                S,
                np.ascontiguousarray(W[:, first : first + n_hidden], dtype=np.float64).reshape(len(S), -1),
                epsilon=epsilon,
                relative_length=1.0,
                length=float(np.linalg.norm(former)),
            )
            new[:] = fitted_j.reshape(new.shape)
            first += n_hidden
        return fitted

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_made": {}}

    def of_chosen(self, chosen: npt.NDArray[np.int64]) -> DictionaryColumns:
        """Return the same dictionaries without the atoms of B that no column chose."""
        if self.base is None or len(chosen) == self.base.shape[1]:
            return self
        base = self.base.take(chosen, axis=1)
        base.setflags(write=False)
        columns = (column._replace(atoms=np.searchsorted(chosen, column.atoms)) for column in self.columns)
        return replace(self, columns=tuple(columns), base=base, chosen=chosen, n_base=self.base.shape[1])

    def _is_harmed_by(self, dtype: npt.DTypeLike) -> bool:
        """Whether U is another one if atoms are rounded to this precision, and then mixed in it."""
        if np.dtype(dtype) == np.float64:
            return False
        for j, column in enumerate(self.columns):
            if column.mix is not None:
                S = self.point_dictionary(j)
                error = product(self._chosen_atoms(j).astype(dtype), column.mix) - S
                if np.linalg.norm(error) > _HARM * np.linalg.norm(S):
                    return True
        return False

    def _with_mixed_base(self) -> DictionaryColumns:
        """Form [U_1 … U_J] and take it for B: the same dictionaries without mixes."""
        base = np.concatenate([self.point_dictionary(j) for j in range(len(self.columns))], axis=1)
        ends = np.cumsum([len(column.atoms) for column in self.columns])
        columns = (
            Column(column.n_hidden, np.arange(end - len(column.atoms), end)) for column, end in zip(self.columns, ends)
        )
        return DictionaryColumns(self.n_visible, tuple(columns), base, n_channels=self.n_channels)

    def digest(self) -> str:
        """SHA-256 of the dictionaries, in hexadecimal, which tells whether the same U were built.

        It covers shapes, atoms, and one fixed random combination of the rows of each U_j in fixed point, units of 2^-16
        of its largest entry. Last bits, which differ between CPU levels and math libraries, do not show. (The entries
        of U themselves would not do: among a million, some lie on the edge between two fixed-point numbers.)
        """
        c = self.n_channels
        sha = hashlib.sha256()
        sizes = [[column.n_hidden, rows] for rows, column in zip(self._rows, self.columns, strict=True)]
        sha.update(json.dumps([self.n_visible, self.learned, sizes]).encode())
        for j in range(len(self.columns)):
            sha.update(self.atoms(j).astype("<i8").tobytes())
        if self.n_static > 0:
            probe = _core.dictionary.gaussian(1, self.n_visible, seed=0, stream=0).reshape(-1, c).T
            seen = probe if self.base is None else probe @ self.base
            parts = [seen[:, atoms] if mix is None else seen[:, atoms] @ mix for _, atoms, mix in self.columns]
            sketch = np.concatenate([part.T.ravel() for part in parts])
            largest = np.abs(sketch).max(initial=0.0) or 1.0
            sha.update(np.rint(sketch / largest * _UNITS).astype("<i8").tobytes())
        return sha.hexdigest()


def in_each_channel(S: Floats, n_channels: int) -> Floats:
    """Return S ⊗ I, a dictionary over points repeated for every channel, the channels of an atom next to each other."""
    return S if n_channels == 1 else np.kron(S, np.eye(n_channels)).astype(np.float64, copy=False)


def column_sizes(n_hidden: int, n_columns: int) -> tuple[int, ...]:
    """Divide `n_hidden` hidden units between `n_columns` columns, the first ones one unit larger if need be.

    Raises
    ------
    ValueError
        If a column would get no unit.

    Examples
    --------
    >>> column_sizes(10, 4)
    (3, 3, 2, 2)
    """
    check_columns(n_hidden, n_columns)
    small, n_larger = divmod(n_hidden, n_columns)
    return (small + 1,) * n_larger + (small,) * (n_columns - n_larger)


def check_columns(n_hidden: int, n_columns: int) -> None:
    """Check that no column would be without a hidden unit."""
    if not 1 <= n_columns <= n_hidden:
        raise ValueError(f"n_columns: received {n_columns}; expected 1 to {n_hidden}, the number of hidden units")


def checked_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    """Hidden units of each column as ints, at least one column, at least one unit in each."""
    checked = tuple(checks.integer("sizes", size, at_most=checks.LARGEST_INT) for size in sizes)
    if not checked:
        raise ValueError("sizes: received (); expected the hidden units of at least one column")
    return checked
