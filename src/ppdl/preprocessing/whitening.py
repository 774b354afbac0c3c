"""Whitening: features of equal variance that are not correlated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Array, product
from ppdl._savable import SavableMixin

from .principal_axes import moments, principal_axes

if TYPE_CHECKING:
    from typing_extensions import Self


class Whitener(SavableMixin, ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Whiten the features: remove their means and make their covariance the identity, but for :math:`\epsilon`.

    With the covariance :math:`C = V \operatorname{diag}(d) V^T`, a row x becomes :math:`(x - \mu) P`, where P is

    - ``method="zca"``: :math:`V \operatorname{diag}(1 / \sqrt{d + \epsilon}) V^T`, of all whitenings the one that
      changes x least: each feature stays at its pixel,
    - ``method="pca"``: :math:`V \operatorname{diag}(1 / \sqrt{d + \epsilon})`, the principal components at unit
      variance, largest first.

    Parameters
    ----------
    method : {"zca", "pca"}, default="zca"
        Which of the two.
    epsilon : float, default=0.1
        Added to the variances, in units of the features squared; at least 0. It keeps directions of little variance,
        where noise is most of it, from being blown up. The default is that of [1]_ for patches of unit deviation, such
        as `ContrastNormalizer` makes them; pixels in [0, 1] as they are, whose variances are smaller, ask for less.
        With 0, the covariance of what `fit` saw becomes the identity.
    n_components : int, optional
        Number of principal components that are kept, the leading ones; all by default. "zca" has an output for each
        feature nonetheless: the other components are left out of the sum.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Means of the features, float64.
    whitening_ : ndarray of shape (n_features, n_outputs)
        P.
    dewhitening_ : ndarray of shape (n_outputs, n_features)
        The way back, :math:`\operatorname{diag}(\sqrt{d + \epsilon}) V^T`, with V before it for "zca".
    explained_variance_ : ndarray of shape (n_components,)
        d: variances of the principal components that are kept, largest first.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`; only where all are strings.

    Notes
    -----
    Which whitening goes with which dictionary: `ppdl.dictionaries.SquaredExponential` predicts a weight from those of
    pixels near by, because filters are smooth over the image. That holds for unwhitened pixels, and nearly so after
    ZCA, which acts on a patch as a filter of a pixel and its close neighbours. It does not hold after PCA whitening:
    principal components have no neighbours, so there is nothing to be smooth over. There, take a dictionary that needs
    no topology.

    Means, covariance and eigenvectors are computed in float64, for blocks of samples, and are the same bits for any
    number of threads; float32 data too are centred in float64. Each eigenvector's entry of largest magnitude is
    positive, so that signs do not depend on chance.

    References
    ----------
    .. [1] A. Coates, H. Lee and A. Y. Ng, "An analysis of single-layer networks in unsupervised feature learning",
       AISTATS 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.preprocessing import Whitener
    >>> X = np.random.default_rng(0).normal(size=(1000, 2)) @ [[3.0, 2.0], [0.0, 1.0]]
    >>> np.cov(X, rowvar=False).round(1)
    array([[9.4, 6.2],
           [6.2, 5. ]])
    >>> np.cov(Whitener(epsilon=0).fit_transform(X), rowvar=False).round(6) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """

    mean_: Array

    def __init__(
        self, method: Literal["zca", "pca"] = "zca", *, epsilon: float = 0.1, n_components: int | None = None
    ) -> None:
        self.method = method
        self.epsilon = epsilon
        self.n_components = n_components

    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn the whitening matrix.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            At least 2 samples.
        y : None
            Ignored.

        Returns
        -------
        self : Whitener
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is not valid, or X holds NaN or infinity, or numbers whose squares do.
        ppdl.NumericalError
            If directions of no variance are to be scaled to unit variance; increase `epsilon`, or keep fewer
            components.
        """
        checks.one_of("method", self.method, ("zca", "pca"))
        epsilon = checks.real("epsilon", self.epsilon, at_least=0.0)
        samples: Array = validate_data(self, X, dtype=[np.float64, np.float32], order="C", ensure_min_samples=2)
        n_kept = samples.shape[1]
        if self.n_components is not None:
            n_kept = checks.integer("n_components", self.n_components, at_most=n_kept)
        seen = moments(samples)
        found = principal_axes(samples, seen)
        V, variances = np.ascontiguousarray(found.axes[:, :n_kept]), found.variances[:n_kept]
        n_flat = np.count_nonzero(variances + epsilon <= found.resolution[:n_kept])
        if n_flat > 0:
            raise _core.NumericalError(
                f"{n_flat} of {n_kept} components have no variance, and cannot be scaled to unit variance; "
                f"increase epsilon (got {self.epsilon!r}), or keep fewer components"
            )
        deviations = np.sqrt(variances + epsilon)
        whitening, dewhitening = V / deviations, (V * deviations).T
        if self.method == "zca":
            whitening, dewhitening = product(whitening, V.T), product(V, dewhitening)
        self.mean_ = seen.mean
        self.whitening_ = checks.cast("whitening_", whitening, samples.dtype)
        self.dewhitening_ = checks.cast("dewhitening_", dewhitening, samples.dtype)
        self.explained_variance_ = checks.cast("explained_variance_", variances, samples.dtype)
        return self

    def transform(self, X: npt.ArrayLike) -> Array:
        """Whiten.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Taken in the precision of the data of `fit`.

        Returns
        -------
        whitened : ndarray of shape (n_samples, n_outputs)
            In that precision.
        """
        check_is_fitted(self)
        samples: Array = validate_data(self, X, dtype=self.whitening_.dtype, reset=False)
        return checks.reported("X", product(samples, self.whitening_, mean=self.mean_))

    def inverse_transform(self, X: npt.ArrayLike) -> Array:
        """Go back to the features, up to rounding; with fewer components than features, to the closest that they can.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_outputs)
            Whitened.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features)
            As they were before `transform`.
        """
        check_is_fitted(self)
        whitened: Array = check_array(X, dtype=self.dewhitening_.dtype, input_name="X", estimator=self)
        if whitened.shape[1] != len(self.dewhitening_):
            raise ValueError(
                f"X: received shape {whitened.shape}; expected (n_samples, {len(self.dewhitening_)}), whitened"
            )
        features = product(whitened, self.dewhitening_)
        features += self.mean_
        return checks.reported("X", features)

    def get_feature_names_out(self, input_features: npt.ArrayLike | None = None) -> npt.NDArray[np.object_]:
        """Names of the outputs: of "zca" those of the features, of "pca" whitener0, whitener1, ….

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the features, where `fit` saw none.

        Returns
        -------
        names : ndarray of str objects
            One for each output.
        """
        kind = OneToOneFeatureMixin if self.method == "zca" else ClassNamePrefixFeaturesOutMixin
        return kind.get_feature_names_out(self, input_features)

    @property
    def _n_features_out(self) -> int:
        return int(self.whitening_.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
