"""Dictionaries of kernel ridge regression: U = k_alpha^T (K_alpha + ridge I)^-1."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Floats

from .atoms import AtomDictionary
from .columns import Factors
from .layer_input import LayerInput

_HIDDEN = 0.01  # of the ridge: a change of K that does not show


@dataclass(frozen=True, repr=False)
class KernelDictionary(AtomDictionary):
    r"""A dictionary whose base is a kernel matrix K over the inputs (paper, Sec. 3.1).

    The weights at the inputs :math:`\alpha` are learned; kernel ridge regression predicts those at all other inputs,
    :math:`U = k_\alpha^T (K_\alpha + \lambda I)^{-1}`. To add a kernel, derive from this class and let `base` return K,
    of shape (n_visible, n_visible).

    Parameters
    ----------
    ridge : float, default=0.1
        :math:`\lambda \ge 0`. The larger, the smoother the prediction and the better conditioned U.
    atoms : {"ridge", "raw"}, default="ridge"
        Whether U is the ridge predictor or just the columns :math:`\alpha` of K. Both span the same weights, but
        gradient descent sees different conditioning and scale.
    orthonormalize, selection, leading, tied, scaled
        See `AtomDictionary`.

    Examples
    --------
    Weights that are alike where inputs are few steps apart:

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from ppdl.dictionaries import KernelDictionary, LayerInput
    >>> @dataclass(frozen=True, repr=False)
    ... class Exponential(KernelDictionary, id="exponential"):
    ...     def base(self, inputs):
    ...         place = np.arange(inputs.n_visible)
    ...         return np.exp(-np.abs(np.subtract.outer(place, place)) / 2.0)
    >>> Exponential().columns(LayerInput(50), sizes=(10,), fraction=0.2).dictionary(0).shape
    (50, 10)
    """

    ridge: float = dataclasses.field(default=0.1, kw_only=True)
    atoms: Literal["ridge", "raw"] = dataclasses.field(default="ridge", kw_only=True)

    atoms_per_channel: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("ridge", self.ridge, at_least=0.0)
        checks.one_of("atoms", self.atoms, ("ridge", "raw"))

    def mix(self, base: Floats, atoms: npt.NDArray[np.int64]) -> Floats | None:
        """(K_alpha + ridge I)^-1, or None for raw atoms."""
        if self.atoms == "raw":
            return None
        mix: Floats = _core.dictionary.ridge_mix(np.ascontiguousarray(base[np.ix_(atoms, atoms)]), self.ridge)
        return mix


@dataclass(frozen=True, repr=False)
class SquaredExponential(KernelDictionary, id="squared-exponential"):
    r"""Smooth weights over an image or other points: the paper's "SE" (Sec. 3.2).

    .. math:: k(i, j) = \delta_{c_i c_j} \exp\left(-\frac{\|x_i - x_j\|^2}{2 \sigma^2}\right)

    with the positions x and the channels c of two inputs. (The paper's formula has no :math:`\delta`; taken literally,
    all channels of a pixel would bear the same weight.)

    Parameters
    ----------
    length_scale : float, default=1.0
        :math:`\sigma > 0` in pixels, or in units of the coordinates.
    ridge : float, default=0.1
        :math:`\lambda \ge 0`.
    atoms : {"ridge", "raw"}, default="ridge"
        See `KernelDictionary`.
    orthonormalize, selection, leading, tied, scaled
        See `AtomDictionary`. The atoms have no order of importance but that of the pixels.

    Raises
    ------
    ValueError
        From `columns`, if the layer has no `shape`: hidden layers have none.
    ppdl.NumericalError
        From `columns`, if :math:`K_\alpha + \lambda I` is not positive definite; increase `ridge`.

    Examples
    --------
    >>> from ppdl.dictionaries import LayerInput, SquaredExponential
    >>> inputs = LayerInput(784, shape=(28, 28))
    >>> columns = SquaredExponential(length_scale=2.0).columns(inputs, sizes=(50,), fraction=0.1)
    >>> columns.dictionary(0).shape
    (784, 78)
    """

    length_scale: float = 1.0

    same_in_channels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("length_scale", self.length_scale, above=0.0)

    def base(self, inputs: LayerInput) -> Floats:
        """K, shape (n_visible, n_visible)."""
        points = inputs.points
        if points is None:
            raise ValueError(
                "SquaredExponential needs to know where the inputs lie: give input_shape. "
                "A hidden layer has no topology: choose a dictionary made from data, such as EmpiricalCovariance"
            )
        K: Floats = _core.dictionary.squared_exponential(points, inputs.n_channels, self.length_scale)
        return K

    def factors(self, inputs: LayerInput) -> Factors | None:
        """Kernels down and across: the square of a distance is a sum over both."""
        assert inputs.grid is not None
        down, across = (
            _core.dictionary.squared_exponential(np.arange(side, dtype=np.float64)[:, None], 1, self.length_scale)
            for side in inputs.grid
        )
        return Factors(down, across, np.argwhere(np.ones(inputs.grid)))


@dataclass(frozen=True, repr=False)
class EmpiricalCovariance(KernelDictionary, id="empirical-covariance"):
    """Weights that vary together where the layer's inputs do: the paper's "Emp" and "Emp2" (Sec. 3.5).

    The kernel is the covariance of the inputs over the data (``numpy.cov(X.T)``) or, with ``power=2``, that of their
    squares, element by element (``numpy.cov((X ** 2).T)``; not the square of the covariance). A sample of weight 2
    counts as two.

    Parameters
    ----------
    power : {1, 2}, default=1
        1 for Emp, 2 for Emp2.
    ridge : float, default=0.001
        At least 0, in units of the activations' variance (power 1) or of their squares' variance.
    atoms : {"ridge", "raw"}, default="ridge"
        See `KernelDictionary`.
    orthonormalize, selection, leading, tied, scaled
        See `AtomDictionary`. The atoms have no order of importance. Inputs that never vary give atoms of zeros, which
        can't be orthonormalized.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.dictionaries import EmpiricalCovariance, LayerInput
    >>> X = np.random.default_rng(0).uniform(size=(100, 20))
    >>> columns = EmpiricalCovariance(power=2).columns(LayerInput(20, activations=X), sizes=(5, 5), fraction=0.25)
    >>> np.allclose(columns.base, np.cov(X.T**2)[:, columns.chosen])
    True
    """

    power: Literal[1, 2] = 1
    ridge: float = dataclasses.field(default=1e-3, kw_only=True)

    data_driven: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("power", self.power, at_least=1, at_most=2)

    def base(self, inputs: LayerInput) -> npt.ArrayLike:
        """Covariance, shape (n_visible, n_visible), in the data's precision where the ridge hides that rounding."""
        X, weight = inputs.weighted_sample("EmpiricalCovariance")
        K: Floats = _core.dictionary.covariance(X, self.power, sample_weight=weight)
        with np.errstate(over="ignore"):
            rounded: npt.NDArray[np.floating[Any]] = K.astype(X.dtype, copy=False)
        bound = np.finfo(X.dtype).max if self.atoms == "raw" else _HIDDEN * self.ridge
        return rounded if np.linalg.norm(rounded - K) <= bound else K
