"""Reconstruction ICA whose weights can be predicted from a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ppdl import _checks as checks
from ppdl._precision import Array, product
from ppdl._savable import SavableMixin
from ppdl._typing import RandomState
from ppdl.dictionaries import Dictionary
from ppdl.dictionaries.columns import DictionaryColumns

from ..flattened import warn_of_images_under
from ..predicted_weights import DictionaryParamsMixin
from ..training.state import joined
from ..transaction import unchanged_on_error
from .fitting import AdamState, FoundComponents, fit_batches, fit_lbfgs
from .model import RicaModel, starting_model
from .options import Contrast, RicaOptions

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..displays import HistoryDisplay, WeightsDisplay

_DTYPES = (np.float64, np.float32)


class RICA(SavableMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, DictionaryParamsMixin):
    r"""Independent component analysis by reconstruction (RICA), with ordinary or predicted weights.

    Unit vectors :math:`w_1, \dots, w_k` are found that minimise the mean over samples x of

    .. math:: \lambda \sum_i \sigma_i\, g(w_i^T x) + \tfrac12 \|W^T W x - x\|^2,

    where g measures how far a component is from being zero most of the time [1]_. The second term takes the place of
    the orthonormality that other ICA demands: there may be more components than features, and the data need not be
    whitened.

    With a dictionary, W = UV is predicted from the learned V (Denil et al. 2013, Sec. 4.3), and all products over the
    samples shrink with `learned_fraction`.

    Parameters
    ----------
    n_components : int, default=None
        Number k of components, below, at or above the number of features; None is the number of features.
    dictionary : Dictionary, default=None
        How weights are predicted; one of `ppdl.dictionaries`. None learns all of them.
    learned_fraction : float, default=1.0
        Fraction of the weights that is learned, in (0, 1].
    n_columns : int, default=1
        Number of dictionaries, each with atoms of its own and as many of the components.
    input_shape : tuple of int, default=None
        (height, width) or (height, width, channels) of a sample that is an image: for dictionaries that need a topology
        and for `plot_components`.
    contrast : {"smooth-l1", "logcosh", "exp"}, default="smooth-l1"
        g(z): :math:`\sqrt{z^2 + \epsilon}`, :math:`\log\cosh z` or :math:`-\exp(-z^2/2)`.
    contrast_epsilon : float, default=1e-2
        :math:`\epsilon > 0` of "smooth-l1", in squared units of the components.
    sparsity : float, default=0.1
        :math:`\lambda \ge 0`, in units of the prepared samples ("smooth-l1": twice the samples, twice the λ). The
        larger, the more independent and the less faithful are the components; see Notes.
    non_gaussianity : {"auto", 1, -1} or array-like of shape (n_components,), default="auto"
        :math:`\sigma_i`: 1 for components more peaked than a Gaussian (sparse), -1 for flatter ones. "auto" lets each
        component tell its own while it is learned, as extended Infomax does; `non_gaussianity_` says what was found.
        Where components outnumber the features or, whitened, their directions, or there is a dictionary, it is 1.
    whiten : {"auto", None, "zca", "pca"}, default="auto"
        Whether the features are centred and made uncorrelated, of equal variance, before. Directions whose variance is
        rounding, in the precision of X, are left out. "pca" keeps as many of the leading principal axes as there are
        components; "zca" keeps all directions. To separate mixed sources, whiten: "auto" is "pca", unless components
        outnumber the features or there is a dictionary, where it is None.
    whiten_epsilon : float, default=0.0
        Added to the variances along the principal axes before they are made equal, in units of their mean (unlike
        `ppdl.preprocessing.Whitener`, whose epsilon is absolute). Mixed sources ask for nothing; patches of images,
        with much noise in directions of little variance, for some 0.01.
    standardize : bool, default=False
        Whether each feature is centred and scaled to unit variance before (and before whitening).
    max_iter : int, default=1000
        Iterations of L-BFGS at most.
    max_fun : int, default=15000
        Evaluations of the objective at most.
    tol : float or "auto", default="auto"
        `fit` has converged when no entry of the gradient is larger in magnitude, relative to the smaller of r² and λr,
        where r is the root mean square of the prepared samples' entries, or, in a step, ... "auto" is
        :math:`0.05 / \sqrt{n}` for n samples: some twentieth of what other n samples would make of that entry.
    step_tol : float, default=0.0
        ... when the learned numbers change by less than this, relative to their norm (both Euclidean).
    memory : int, default=10
        Pairs of steps and gradients that L-BFGS keeps.
    init : {None, "samples"} or array-like of shape (n_components, n_features), default=None
        Weights to start from: drawn at random, samples drawn at random, or given ones, such as the `components_` of an
        earlier fit. With a dictionary, the nearest predicted ones to these; where they have nothing in common with it,
        ones drawn at random.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the last call, with its means, whitening and dictionaries.
    batch_size : int, default=200
        Samples of a mini-batch of `partial_fit`.
    learning_rate_init : float, default=0.02
        Learning rate of `partial_fit`, which follows Adam. A small λ takes thousands of mini-batches.
    random_state : int, RandomState instance or None, default=None
        Of the initial weights and the choice of atoms.
    n_threads : int, default=None
        Threads of the core; None is what OpenMP allows (`OMP_NUM_THREADS`, threadpoolctl). The result does not depend
        on it.
    memory_limit : int, default=2**30
        Bytes that the pooled samples XU may take. Beyond it weights are predicted at each evaluation, which is slower.
    verbose : bool or int, default=False
        Whether to print a line for each iteration, or, if k, for every k-th.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Weights of each component: ``X @ components_.T`` (of ``X - mean_``, where there is a mean) are the components.
        Rows have unit norm, unless there was whitening or scaling, by which they are multiplied.
    mixing_ : ndarray of shape (n_features, n_components)
        Way back from the components: the pseudo-inverse of the weights of prepared samples, after which the preparation
        is undone. Made when asked for.
    mean_ : ndarray of shape (n_features,)
        Means of the features, float64; only with whitening or `standardize`.
    whitening_ : ndarray of shape (n_axes, n_features)
        Matrix of the whitening and scaling, ``(X - mean_) @ whitening_.T``; only with whitening or `standardize`. There
        are as many axes as features, or, after PCA, as components if these are fewer.
    non_gaussianity_ : ndarray of shape (n_components,)
        Sign of each component, 1 or -1.
    dynamic_components_ : list of ndarray
        What is learned: V of each column, shapes (n_atoms, n_components_j).
    dictionary_ : DictionaryColumns
        The dictionaries that were built.
    history_ : dict of str to list of float
        For each iteration "loss", "gradient_norm" (what `tol` bounds) and "time" (seconds); of `partial_fit`, for each
        call, the mean "loss" and "time". NaN where one of several calls lacks an entry.
    loss_curve_ : list of float
        ``history_["loss"]``.
    loss_ : float
        Objective at the weights; after `partial_fit`, its mean over the mini-batches of the last call.
    n_iter_ : int
        Iterations of the last `fit`, at least 1, or mini-batches of all calls of `partial_fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had any.

    See Also
    --------
    sklearn.decomposition.FastICA : ICA with at most as many components as features.
    ppdl.PatchFeatures : Features of whole images from components of their patches.

    Notes
    -----
    To separate mixed sources, as other ICA does, whiten: unit vectors that reconstruct well are then nearly orthogonal,
    and at any λ from about 0.01 to 1 they are those of the sources, whatever the units of the data. Without whitening,
    they would have to be orthogonal in the space of the features as they are. Sources near to a Gaussian, and flat
    ones, are found best with "logcosh".

    Unless the data is whitened or standardized, the meaning of `sparsity` and `contrast_epsilon` depends on its units:
    where λ is far above the size of the samples, components collapse onto directions without variance, and a warning
    says so; where it is far below, independence counts for next to nothing, and many iterations are needed. So do
    components that outnumber the features of unwhitened images, where a few directions hold most of the variance.

    The smaller ε and λ, the more iterations: "smooth-l1" has a kink of width :math:`\sqrt\epsilon` at each sample, and
    a small λ is lost beside the reconstruction. The defaults are chosen for whitened data.

    A smoothness dictionary such as `SquaredExponential` needs a space in which filters are smooth: pixels as they are,
    or after ZCA, which stays near to pixels. After PCA whitening neighbouring features have nothing in common.

    The objective is computed in blocks, so that memory does not grow with samples times components, and with the second
    moment of the data, so that only two products are left for each sample. The bits do not depend on the number of
    threads. Memory of n_features² numbers is needed: of data with very many features take principal components first.

    References
    ----------
    .. [1] Q. V. Le, A. Karpenko, J. Ngiam and A. Y. Ng, "ICA with reconstruction cost for efficient overcomplete
       feature learning", NIPS 2011.

    Examples
    --------
    Five channels, in volts, of three sources, of which the last one hums:

    >>> import numpy as np
    >>> from ppdl import RICA
    >>> rng = np.random.default_rng(0)
    >>> sources = rng.laplace(size=(3000, 3))
    >>> sources[:, 2] = np.sin(0.3 * np.arange(3000))
    >>> X = 1e-5 * sources @ rng.normal(size=(3, 5))
    >>> rica = RICA(3, random_state=0).fit(X)
    >>> components = rica.transform(X)
    >>> correlations = np.abs(np.corrcoef(components.T, sources.T)[:3, 3:])
    >>> correlations.max(axis=0).round(2)
    array([1., 1., 1.])
    >>> rica.non_gaussianity_[correlations.argmax(axis=0)]
    array([ 1,  1, -1])
    >>> np.allclose(rica.inverse_transform(components), X)
    True
    """

    _model: RicaModel
    _optimizer_state: AdamState | None
    history_: dict[str, list[float]]
    mean_: Array
    n_iter_: int
    non_gaussianity_: npt.NDArray[np.int64]

    def __init__(
        self,
        n_components: int | None = None,
        *,
        dictionary: Dictionary | None = None,
        learned_fraction: float = 1.0,
        n_columns: int = 1,
        input_shape: tuple[int, ...] | None = None,
        contrast: Contrast = "smooth-l1",
        contrast_epsilon: float = 1e-2,
        sparsity: float = 0.1,
        non_gaussianity: Literal["auto"] | npt.ArrayLike = "auto",
        whiten: Literal["auto", "zca", "pca"] | None = "auto",
        whiten_epsilon: float = 0.0,
        standardize: bool = False,
        max_iter: int = 1000,
        max_fun: int = 15000,
        tol: float | Literal["auto"] = "auto",
        step_tol: float = 0.0,
        memory: int = 10,
        init: Literal["samples"] | npt.ArrayLike | None = None,
        warm_start: bool = False,
        batch_size: int = 200,
        learning_rate_init: float = 0.02,
        random_state: RandomState = None,
        n_threads: int | None = None,
        memory_limit: int = 2**30,
        verbose: bool | int = False,
    ) -> None:
        self._set(locals())

    # Fitting ---------------------------------------------------------------------------------------------------------

    @unchanged_on_error
    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Learn the components by L-BFGS over all samples.

        The best weights that were evaluated are kept, whatever ends the search: convergence, `max_iter`, or an
        interrupt (Ctrl-C), after which the weights of the last iteration are there.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, float32 or float64; the precision is kept.
        y : None
            Ignored.

        Returns
        -------
        self : RICA

        Raises
        ------
        ValueError
            If a parameter is out of range or X is not finite.

        Warns
        -----
        ConvergenceWarning
            If it ends without converging; the message tells why.
        UserWarning
            If samples that are neither whitened nor scaled are small beside `sparsity` or `contrast_epsilon`.
        """
        continued = bool(self.warm_start) and self.__sklearn_is_fitted__()
        options, model, X = self._begin(X, continued)
        before = self.non_gaussianity_ if continued else None
        self._take(options, fit_lbfgs(options, model, model.prepared(X, options.n_threads), before), model, continued)
        return self

    @unchanged_on_error
    def partial_fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Go once through some more samples, in mini-batches, by Adam.

        The first call decides all that is made from data: means, whitening, and dictionaries of activations.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : None
            Ignored.

        Returns
        -------
        self : RICA
        """
        continued = self.__sklearn_is_fitted__()
        options, model, X = self._begin(X, continued)
        n_iter, state, signs = 0, None, None
        if continued:
            n_iter, state, signs = self.n_iter_, self._optimizer_state, self.non_gaussianity_
        self._take(options, fit_batches(options, model, X, state, signs), model, continued)
        self.n_iter_ += n_iter
        return self

    def _begin(self, X: Any, continued: bool) -> tuple[RicaOptions, RicaModel, Array]:
        """Check everything, and make the components to start from."""
        dtype = self._model.V.dtype if continued else _DTYPES
        least = 1 if continued else 2
        X = validate_data(self, X, dtype=dtype, order="C", ensure_min_samples=least, reset=not continued)
        options = RicaOptions.of(self.get_params(deep=False), X.shape[1], X.dtype)
        if not continued:
            if options.input_shape is None:
                warn_of_images_under(options.dictionary, X)
            return options, starting_model(options, X, check_random_state(self.random_state)), X
        options.check_structure(self._structure)
        return options, self._model, X

    def _take(self, options: RicaOptions, found: FoundComponents, model: RicaModel, continued: bool) -> None:
        """Set the fitted attributes."""
        before = self.history_ if continued else {}
        self._hold(options, model.with_V(found.V))
        self._optimizer_state = found.optimizer_state
        self.history_ = joined(before, found.history)
        self.loss_ = found.loss
        self.n_iter_ = found.n_iter
        self.non_gaussianity_ = found.signs

    def _hold(self, options: RicaOptions, model: RicaModel) -> None:
        """Take over a fitted model."""
        self._model, self._structure = model, options.structure
        self.components_ = model.components()
        if model.preparation is not None:
            self.mean_ = model.preparation.mean
            self.whitening_ = checks.cast("whitening_", model.preparation.matrix, model.V.dtype)

    # Use -------------------------------------------------------------------------------------------------------------

    def transform(self, X: npt.ArrayLike) -> Array:
        """Compute the components of samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
        """
        check_is_fitted(self)
        samples: Array = validate_data(self, X, dtype=self._model.V.dtype, reset=False)
        mean = None if self._model.preparation is None else self.mean_
        return checks.reported("X", product(samples, self.components_.T, checks.n_threads(self.n_threads), mean=mean))

    def inverse_transform(self, X: npt.ArrayLike) -> Array:
        """Reconstruct samples from their components, by the pseudo-inverse of the weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Components.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        found: Array = check_array(X, dtype=self._model.V.dtype, estimator=self)
        if found.shape[1] != len(self.components_):
            raise ValueError(
                f"X: received {found.shape[1]} columns; expected {len(self.components_)}, one per component"
            )
        samples = product(found, self.mixing_.T, checks.n_threads(self.n_threads))
        if self._model.preparation is not None:
            samples += self.mean_
        return checks.reported("X", samples)

    @property
    def mixing_(self) -> Array:
        """The way back from the components, shape (n_features, n_components), made when asked for."""
        return self._fitted("mixing_").mixing

    @property
    def dynamic_components_(self) -> list[Array]:
        """V of each column, shapes (n_atoms, n_components_j); before each the U that a LowRank dictionary learns."""
        model = self._fitted("dynamic_components_")
        return model.columns.dynamic(model.V)

    @property
    def dictionary_(self) -> DictionaryColumns:
        """The dictionaries that were built: U_j is ``dictionary_.dictionary(j)``."""
        return self._fitted("dictionary_").columns

    @property
    def loss_curve_(self) -> list[float]:
        """Objective of each iteration."""
        self._fitted("loss_curve_")
        return self.history_["loss"]

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def plot_components(self, components: int | Sequence[int] = 100, **options: Any) -> WeightsDisplay:
        """Draw components as images: their weights of the prepared samples, of the features after PCA.

        Parameters
        ----------
        components : int or sequence of int, default=100
            Which ones, or how many.
        **options
            For `WeightsDisplay.plot`: `ax`, and options of `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        WeightsDisplay
        """
        from ..displays import WeightsDisplay, unit_images

        check_is_fitted(self)
        weights = self.components_ if self._structure["whiten"] == "pca" else self._model.filters()
        names = getattr(self, "feature_names_in_", None)
        return WeightsDisplay(unit_images(weights, components, self.input_shape), names).plot(**options)

    def plot_history(self, **options: Any) -> HistoryDisplay:
        """Draw the curve of the objective; see `HistoryDisplay.from_estimator`."""
        from ..displays import HistoryDisplay

        return HistoryDisplay.from_estimator(self, **options)

    def _fitted(self, name: str) -> RicaModel:
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} before it is fitted")
        return self._model

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
