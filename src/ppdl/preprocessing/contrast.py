"""Brightness and contrast taken out of every patch by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import validate_data

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl._savable import SavableMixin

if TYPE_CHECKING:
    from typing_extensions import Self

Scale: TypeAlias = Literal["deviation", "norm"]
_BLOCK = 512  # rows that are normalised at a time
_LARGE = 1e100  # rows of larger numbers are scaled before they are squared


@dataclass(frozen=True)
class _Contrast:
    """Parameters of a normaliser, checked."""

    scale: str | None
    center: bool
    epsilon: float

    def normalized(self, rows: Array) -> Array:
        """Normalise a block of rows, in double."""
        x = rows.astype(np.float64)
        units = np.zeros((len(x), 1), dtype=np.intp)  # powers of two that rows are divided by
        if max(x.max(), -x.min()) > _LARGE:
            units = np.frexp(np.abs(x).max(axis=1, keepdims=True))[1].astype(np.intp)
            x = np.ldexp(x, -units)
        if self.center:
            x -= x.mean(axis=1, keepdims=True)
        if self.scale is None:
            with np.errstate(over="ignore"):
                return np.asarray(np.ldexp(x, units) if units.any() else x, dtype=rows.dtype)
        squared = np.einsum("ij,ij->i", x, x)[:, np.newaxis]
        if self.scale == "deviation":
            squared = squared / x.shape[1] if self.center else x.var(axis=1, keepdims=True)
        x /= np.sqrt(squared + np.ldexp(self.epsilon, -2 * units))
        return x.astype(rows.dtype, copy=False)


class ContrastNormalizer(SavableMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Subtract from each row its mean (its DC component) and divide it by its contrast.

    With :math:`\tilde x = x - \bar x` and n features, a row becomes

    - ``scale="deviation"``: :math:`\tilde x / \sqrt{\frac1n \sum_i \tilde x_i^2 + \epsilon}` [1]_,
    - ``scale="norm"``: :math:`\tilde x / \sqrt{\sum_i \tilde x_i^2 + \epsilon}`, the unit norm of RICA's demonstration
      [2]_,
    - ``scale=None``: :math:`\tilde x`.

    Float32 rows too are normalised in double. Rows do not depend on each other: nothing is learned from the data, and
    `transform` does without `fit`.

    Parameters
    ----------
    scale : {"deviation", "norm"} or None, default="deviation"
        What a row is divided by.
    center : bool, default=True
        Whether the mean of each row is subtracted. Without it, "norm" is that of the row as it is; "deviation" is
        still the one about the mean.
    epsilon : float, default=10 / 255**2
        Added to the variance or to the squared norm, in units of the features squared; above 0. It keeps rows of
        little contrast, where noise is most of it, from being blown up, and constant rows from a division by 0. The
        default is that of [1]_ for pixels in [0, 1]; it is 10 for pixels of 0 to 255. With ``scale="norm"``, [2]_
        takes 1e-8. Of no effect with ``scale=None``.
    copy : bool, default=True
        Whether `transform` leaves X as it is. If not, a writeable array of float32 or float64 is overwritten.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`; only where all are strings.

    References
    ----------
    .. [1] A. Coates, H. Lee and A. Y. Ng, "An analysis of single-layer networks in unsupervised feature learning",
       AISTATS 2011.
    .. [2] Q. V. Le, A. Karpenko, J. Ngiam and A. Y. Ng, "ICA with reconstruction cost for efficient overcomplete
       feature learning", NIPS 2011.

    Examples
    --------
    >>> from ppdl.preprocessing import ContrastNormalizer
    >>> patches = [[0.25, 0.5, 0.75], [0.5, 0.5, 0.5]]
    >>> ContrastNormalizer("norm", epsilon=1e-8).fit_transform(patches).round(3)
    array([[-0.707,  0.   ,  0.707],
           [ 0.   ,  0.   ,  0.   ]])
    """

    def __init__(
        self, scale: Scale | None = "deviation", *, center: bool = True, epsilon: float = 10 / 255**2, copy: bool = True
    ) -> None:
        self.scale = scale
        self.center = center
        self.epsilon = epsilon
        self.copy = copy

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Check the parameters and X; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Patches, in rows.
        y : None
            Ignored.

        Returns
        -------
        self : ContrastNormalizer
            The transformer itself.

        Raises
        ------
        ValueError
            If a parameter is not valid, or X holds NaN or infinity.
        """
        self._contrast()
        validate_data(self, X, dtype=[np.float64, np.float32])
        return self

    def transform(self, X: npt.ArrayLike) -> Array:
        """Normalise each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Patches, in rows.

        Returns
        -------
        normalized : ndarray of shape (n_samples, n_features)
            Float32 for float32, else float64.
        """
        contrast = self._contrast()
        samples: Array = validate_data(
            self, X, dtype=[np.float64, np.float32], copy=self.copy, force_writeable=True, reset=False
        )
        for rows in gen_batches(len(samples), _BLOCK):
            samples[rows] = contrast.normalized(samples[rows])
        return checks.reported("X", samples)

    def _contrast(self) -> _Contrast:
        checks.boolean("copy", self.copy)
        return _Contrast(
            checks.one_of("scale", self.scale, (*get_args(Scale), None)),
            checks.boolean("center", self.center),
            checks.real("epsilon", self.epsilon, above=0.0),
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
