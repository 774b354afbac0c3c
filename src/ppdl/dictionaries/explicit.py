"""A matrix of the user's own."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl._precision import Floats

from .atoms import AtomDictionary
from .layer_input import LayerInput


@dataclass(frozen=True, repr=False)
class Explicit(AtomDictionary, id="explicit"):
    """Any matrix whose columns are the atoms.

    It is compared, hashed, printed and specified in JSON by the SHA-256 of its matrix; a saved model stores the matrix.

    Parameters
    ----------
    matrix : array-like of shape (n_visible, n_base), optional
        The atoms, leading ones first where they have an order. Copied to float64.
    sha256 : str, optional
        In place of the matrix, which must then be given to `columns` as `base`, or those of its atoms that are chosen.
    orthonormalize, selection, leading, scaled
        See `AtomDictionary`; ``selection="all"`` gives the whole matrix to every column.
    tied : bool, default=True
        Of no effect: the atoms may span the channels.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.dictionaries import Explicit, LayerInput
    >>> dictionary = Explicit(np.eye(4)[:, :2], selection="all")
    >>> dictionary.columns(LayerInput(4), sizes=(3,)).dictionary(0).shape
    (4, 2)
    """

    matrix: npt.ArrayLike | None = dataclasses.field(default=None, compare=False)
    sha256: str = dataclasses.field(default="", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.matrix is None:
            if not isinstance(self.sha256, str) or len(self.sha256) != 64:
                raise ValueError("matrix: received None; expected an array of shape (n_visible, n_base), or its sha256")
            return
        matrix = np.array(self.matrix, dtype=np.float64, order="C")
        if matrix.ndim != 2 or matrix.size == 0 or not np.isfinite(matrix).all():
            raise ValueError(f"matrix: received shape {matrix.shape}; expected (n_visible, n_base), not empty, finite")
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "sha256", self.sha256 or _sha256(matrix))
        self._check_sha256(matrix)

    @property
    def stores_base(self) -> bool:
        """True: the specification holds only the matrix's SHA-256."""
        return True

    def __deepcopy__(self, memo: dict[int, object]) -> Explicit:
        return self  # as a frozen value may: scikit-learn's `clone` need not copy the matrix

    def set_params(self, **params: Any) -> Explicit:
        """Return the dictionary with these parameters in place of its own; another matrix has another SHA-256."""
        return super().set_params(**({"sha256": ""} if "matrix" in params else {}) | params)

    def base(self, inputs: LayerInput) -> npt.ArrayLike:
        """Return the matrix."""
        if self.matrix is None:
            raise ValueError(f"{self!r} was made without its matrix; give it to `columns` as `base`")
        return self.matrix

    def _checked_base(self, base: npt.ArrayLike, n_visible: int) -> Floats:
        B = super()._checked_base(base, n_visible)
        self._check_sha256(B)
        return B

    def _check_sha256(self, matrix: Floats) -> None:
        found = _sha256(matrix)
        if found != self.sha256:
            raise ValueError(f"sha256: the matrix has {found}; expected {self.sha256}")


def _sha256(matrix: Floats) -> str:
    sha = hashlib.sha256(np.array(matrix.shape, dtype="<i8").tobytes())
    sha.update(matrix.astype("<f8", copy=False).data)
    return sha.hexdigest()
