"""Eigenvectors of the covariance of a layer's inputs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl import _core

from .atoms import AtomDictionary
from .layer_input import LayerInput


@dataclass(frozen=True, repr=False)
class PrincipalComponents(AtomDictionary, id="principal-components"):
    """Eigenvectors of the covariance of the layer's inputs over the data, largest variance first.

    A sample of weight 2 counts as two. Directions without variance come last: single inputs, made orthogonal to those
    before.

    Parameters
    ----------
    center : bool, default=True
        Whether the inputs' means are removed; if not, the eigenvectors are those of the second moments, and the first
        one tends to the mean.
    orthonormalize : bool, default=False
        Of no effect: the atoms are orthonormal.
    selection : {"leading", "uniform", "all"}, default="leading"
        How a column chooses its atoms: from directions of large variance only, from all, or all of them; see
        `AtomDictionary`.
    leading, scaled
        See `AtomDictionary`.
    tied : bool, default=True
        Of no effect: the atoms span the channels.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.dictionaries import LayerInput, PrincipalComponents
    >>> X = np.random.default_rng(0).normal(size=(100, 3)) * [1.0, 10.0, 0.1]
    >>> columns = PrincipalComponents().columns(LayerInput(3, activations=X), sizes=(5,))
    >>> int(np.abs(columns.base[:, 0]).argmax())
    1
    """

    selection: Literal["uniform", "leading", "all"] = dataclasses.field(default="leading", kw_only=True)
    center: bool = dataclasses.field(default=True, kw_only=True)

    data_driven: ClassVar[bool] = True
    orthonormal: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.boolean("center", self.center)

    def base(self, inputs: LayerInput) -> npt.ArrayLike:
        """All eigenvectors in the data's precision, shape (n_visible, n_visible)."""
        X, weight = inputs.weighted_sample("PrincipalComponents")
        C = _core.dictionary.covariance(X, center=self.center, sample_weight=weight)
        # Variances that cannot be told from 0: by the eigenvectors' precision, and by that of the data, squared.
        n = inputs.n_visible
        resolution = max(n * np.finfo(np.float64).eps, (n * np.finfo(X.dtype).eps) ** 2)
        return _core.dictionary.principal_components(C, float(resolution)).astype(X.dtype, copy=False)
