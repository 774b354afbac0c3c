"""Reconstruction ICA whose weights can be predicted from a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl._savable import SavableMixin
from ppdl.dictionaries import Dictionary, LayerInput
from ppdl.dictionaries.columns import DictionaryColumns, column_sizes

from ..predicted_weights import check_learned_fraction, checked_dictionary
from ..transaction import unchanged_on_error
from .fitting import Found, fit_batches, fit_lbfgs
from .model import RicaModel, preparation, product

CONTRASTS = ("smooth-l1", "logcosh", "exp")
_DTYPES = (np.float64, np.float32)


class RICA(SavableMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
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
        Share of the weights that is learned, in (0, 1].
    n_columns : int, default=1
        Number of dictionaries, each with atoms of its own and an equal share of the components.
    input_shape : tuple of int, default=None
        (height, width) or (height, width, channels) of a sample that is an image: for dictionaries that need a topology
        and for `plot_components`.
    contrast : {"smooth-l1", "logcosh", "exp"}, default="smooth-l1"
        g(z): :math:`\sqrt{z^2 + \epsilon}`, :math:`\log\cosh z` or :math:`-\exp(-z^2/2)`.
    contrast_epsilon : float, default=1e-5
        :math:`\epsilon > 0` of "smooth-l1", in squared units of the components.
    sparsity : float, default=0.05
        :math:`\lambda \ge 0`, in units of the prepared samples ("smooth-l1": twice the samples, twice the λ). The
        larger, the more independent and the less faithful are the components; see Notes.
    non_gaussianity : {1, -1} or array-like of shape (n_components,), default=1
        :math:`\sigma_i`: 1 for components more peaked than a Gaussian (sparse), -1 for flatter ones.
    whiten : {None, "zca", "pca"}, default=None
        Whether the features are centred and made uncorrelated, of equal variance, before. To separate mixed sources,
        whiten.
    whiten_epsilon : float, default=0.0
        Added to the variances along the principal axes before they are made equal, in units of their mean (unlike
        `ppdl.preprocessing.Whitener`, whose epsilon is absolute), and at least what the precision of X resolves. Mixed
        sources ask for nothing; patches of images, with much noise in directions of little variance, for some 0.01.
    standardize : bool, default=False
        Whether each feature is centred and scaled to unit variance before (and before whitening).
    max_iter : int, default=300
        Iterations of L-BFGS at most.
    max_fun : int, default=15000
        Evaluations of the objective at most.
    tol : float, default=1e-5
        `fit` has converged when no entry of the gradient is larger in magnitude, relative to the smaller of r² and λr,
        where r is the root mean square of the prepared samples' entries, or, in a step, ...
    step_tol : float, default=0.0
        ... when the learned numbers change by less than this, relative to their norm (both Euclidean).
    memory : int, default=10
        Pairs of steps and gradients that L-BFGS keeps.
    init : {None, "samples"} or array-like of shape (n_components, n_features), default=None
        Weights to start from: drawn at random, samples drawn at random, or given ones, such as the `components_` of an
        earlier fit. With a dictionary, the nearest predicted ones to these.
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
    verbose : bool, default=False
        Whether to print a line for each iteration.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Weights of each component: ``X @ components_.T`` (of X - mean_, where there is a mean) are the components. Rows
        have unit norm, unless there was whitening or scaling, by which they are multiplied.
    mixing_ : ndarray of shape (n_features, n_components)
        Way back from the components: the pseudo-inverse of the weights of prepared samples, after which the preparation
        is undone. Made when asked for.
    mean_ : ndarray of shape (n_features,)
        Means of the features; only with `whiten` or `standardize`.
    whitening_ : ndarray of shape (n_features, n_features)
        Matrix of the whitening and scaling, ``(X - mean_) @ whitening_.T``; only with `whiten` or `standardize`.
    dynamic_components_ : list of ndarray
        What is learned: V of each column, shapes (n_atoms, n_components_j).
    dictionary_ : DictionaryColumns
        The dictionaries that were built.
    history_ : dict of str to list of float
        For each iteration "loss", "gradient_norm" (what `tol` bounds) and "time" (seconds); of `partial_fit`, for each
        call, the mean "loss" and "time".
    loss_curve_ : list of float
        ``history_["loss"]``.
    loss_ : float
        Objective at the weights; after `partial_fit`, its mean over the mini-batches of the last call.
    n_iter_ : int
        Iterations of the last `fit`, or mini-batches of all calls of `partial_fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had any.

    See Also
    --------
    sklearn.decomposition.FastICA : ICA with at most as many components as features.
    ppdl.PatchFeatures : Features of whole images from components of their patches.

    Notes
    -----
    To separate mixed sources, as other ICA does, whiten: unit vectors that reconstruct well are then nearly orthogonal,
    and at any λ from about 0.01 to 1 they are those of the sources. Without whitening, they would have to be orthogonal
    in the space of the features as they are. Sources flatter than a Gaussian ask for ``non_gaussianity=-1``, and are
    found best with "logcosh".

    Unless the data is whitened or standardized, the meaning of `sparsity` and `contrast_epsilon` depends on its units:
    where λ is far above the size of the samples, components flee to directions in which there is little to be seen;
    where it is far below, independence counts for next to nothing, and many iterations are needed. So do components
    that outnumber the features of unwhitened images, where a few directions hold most of the variance.

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
    Two mixed signals:

    >>> import numpy as np
    >>> from ppdl import RICA
    >>> rng = np.random.default_rng(0)
    >>> sources = rng.laplace(size=(2000, 2))
    >>> X = sources @ [[1.0, 0.5], [0.3, 1.0]]
    >>> rica = RICA(whiten="zca", contrast="logcosh", random_state=0).fit(X)
    >>> np.abs(np.corrcoef(rica.transform(X).T, sources.T)[:2, 2:]).max(axis=0).round(2)
    array([1., 1.])
    """

    _model: RicaModel
    history_: dict[str, list[float]]
    mean_: Array
    n_iter_: int

    def __init__(
        self,
        n_components: int | None = None,
        *,
        dictionary: Dictionary | None = None,
        learned_fraction: float = 1.0,
        n_columns: int = 1,
        input_shape: tuple[int, ...] | None = None,
        contrast: str = "smooth-l1",
        contrast_epsilon: float = 1e-5,
        sparsity: float = 0.05,
        non_gaussianity: int | npt.ArrayLike = 1,
        whiten: str | None = None,
        whiten_epsilon: float = 0.0,
        standardize: bool = False,
        max_iter: int = 300,
        max_fun: int = 15000,
        tol: float = 1e-5,
        step_tol: float = 0.0,
        memory: int = 10,
        init: str | npt.ArrayLike | None = None,
        warm_start: bool = False,
        batch_size: int = 200,
        learning_rate_init: float = 0.02,
        random_state: Any = None,
        n_threads: int | None = None,
        memory_limit: int = 2**30,
        verbose: bool = False,
    ) -> None:
        self.n_components = n_components
        self.dictionary = dictionary
        self.learned_fraction = learned_fraction
        self.n_columns = n_columns
        self.input_shape = input_shape
        self.contrast = contrast
        self.contrast_epsilon = contrast_epsilon
        self.sparsity = sparsity
        self.non_gaussianity = non_gaussianity
        self.whiten = whiten
        self.whiten_epsilon = whiten_epsilon
        self.standardize = standardize
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.tol = tol
        self.step_tol = step_tol
        self.memory = memory
        self.init = init
        self.warm_start = warm_start
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.random_state = random_state
        self.n_threads = n_threads
        self.memory_limit = memory_limit
        self.verbose = verbose

    # Fitting ---------------------------------------------------------------------------------------------------------

    @unchanged_on_error
    def fit(self, X: Any, y: Any = None) -> RICA:
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
        """
        continued = self.warm_start and self.__sklearn_is_fitted__()
        model, X = self._begin(X, continued)
        self._take(model, fit_lbfgs(self, model, model.prepared(X, self.n_threads)), continued)
        return self

    @unchanged_on_error
    def partial_fit(self, X: Any, y: Any = None) -> RICA:
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
        model, X = self._begin(X, continued)
        n_iter = self.n_iter_ if continued else 0
        state = self._optimizer_state if continued else None
        self._take(model, fit_batches(self, model, X, state), continued)
        self.n_iter_ += n_iter
        return self

    def _begin(self, X: Any, continued: bool) -> tuple[RicaModel, Array]:
        """Check everything, and make the components to start from."""
        self._check_parameters()
        dtype = self._model.V.dtype if continued else _DTYPES
        least = 1 if continued else 2
        X = validate_data(self, X, dtype=dtype, order="C", ensure_min_samples=least, reset=not continued)
        with np.errstate(over="ignore"):
            epsilon = X.dtype.type(self.contrast_epsilon)
        if not 0.0 < epsilon < np.inf:
            raise ValueError(
                f"contrast_epsilon: received {self.contrast_epsilon!r}, which is {epsilon} in {X.dtype}, the precision "
                "of X"
            )
        n_components = checks.integer("n_components", X.shape[1] if self.n_components is None else self.n_components)
        self._check_signs(n_components)
        if not continued:
            return self._start(X, n_components), X
        for name, before in self._structure.items():
            if (now := self._structure_now(n_components)[name]) != before:
                raise ValueError(
                    f"{name}: received {now!r}, but {before!r} is to be continued; set it back, or fit anew"
                )
        return self._model, X

    def _structure_now(self, n_components: int) -> dict[str, Any]:
        """Return the parameters that cannot change while a fit is continued."""
        names = ("dictionary", "learned_fraction", "n_columns", "standardize", "whiten", "whiten_epsilon")
        shape = None if self.input_shape is None else np.asarray(self.input_shape).tolist()
        return {"n_components": n_components, "input_shape": shape, **{name: getattr(self, name) for name in names}}

    def _start(self, X: Array, n_components: int) -> RicaModel:
        random = check_random_state(self.random_state)
        seed = random.randint(np.iinfo(np.int32).max)
        prepared = preparation(
            X,
            standardize=self.standardize,
            whiten=self.whiten,
            epsilon=self.whiten_epsilon,
            n_threads=self.n_threads,
        )
        inputs = LayerInput(
            X.shape[1],
            shape=self.input_shape,
            activations=lambda: X if prepared is None else prepared.apply(X, self.n_threads),
            seed=seed,
            layer=0,
        )
        sizes = column_sizes(n_components, self.n_columns)
        columns = checked_dictionary(self.dictionary).columns(inputs, sizes=sizes, fraction=self.learned_fraction)
        V = random.standard_normal(columns.n_dynamic).astype(X.dtype)
        model = RicaModel(prepared, columns, V, seed)
        if self.init is not None and columns.learned:
            raise ValueError("init: weights to start from have no unique U and V of LowRank; leave init at None")
        if isinstance(self.init, str):
            chosen = np.sort(random.choice(len(X), n_components, replace=n_components > len(X)))
            filters = model.prepared(X[chosen], self.n_threads)
            there = filters.any(axis=1, keepdims=True)  # a sample of zeros has no direction
            model = model.nearest_filters(np.where(there, filters, random.standard_normal(filters.shape)))
        elif self.init is not None:
            model = model.nearest(self._checked_init(columns))
        self._structure = self._structure_now(n_components)
        return model.with_unit_norms()

    def _take(self, model: RicaModel, found: Found, continued: bool) -> None:
        """Set the fitted attributes."""
        before = self.history_ if continued else {}
        self._model = model.with_V(found.V)
        self._optimizer_state = found.optimizer_state
        self.components_ = self._model.components()
        if model.preparation is not None:
            self.mean_, self.whitening_ = model.preparation.mean, model.preparation.matrix
        self.history_ = {key: [*before.get(key, []), *values] for key, values in found.history.items()}
        self.loss_ = found.loss
        self.n_iter_ = found.n_iter

    def _check_parameters(self) -> None:
        checks.one_of("contrast", self.contrast, CONTRASTS)
        checks.real("contrast_epsilon", self.contrast_epsilon, above=0.0)
        checks.real("sparsity", self.sparsity, at_least=0.0)
        checks.one_of("whiten", self.whiten, (None, "zca", "pca"))
        checks.real("whiten_epsilon", self.whiten_epsilon, at_least=0.0)
        for name in ("standardize", "warm_start"):
            checks.boolean(name, getattr(self, name))
        for name in ("max_iter", "max_fun", "batch_size"):
            checks.integer(name, getattr(self, name))
        checks.integer("memory", self.memory, at_most=checks.LARGEST_INT)
        for name in ("tol", "step_tol"):
            checks.real(name, getattr(self, name), at_least=0.0)
        checks.real("learning_rate_init", self.learning_rate_init, above=0.0)
        checks.integer("memory_limit", self.memory_limit, at_least=0)
        if self.n_threads is not None:
            checks.integer("n_threads", self.n_threads, at_most=checks.LARGEST_INT)
        if isinstance(self.init, str):
            checks.one_of("init", self.init, ("samples",))
        check_learned_fraction([self.dictionary], [self.learned_fraction], [self.n_columns])
        if self.whiten == "pca" and self.dictionary is not None and self.input_shape is not None:
            raise ValueError(
                "whiten: received 'pca', after which features are no longer the points of input_shape; choose 'zca' or "
                "None, or leave input_shape out with a dictionary that needs no topology"
            )

    def _check_signs(self, n_components: int) -> None:
        signs = np.asarray(self.non_gaussianity)
        if signs.shape not in ((), (n_components,)) or not np.isin(signs, (-1, 1)).all():
            raise ValueError(
                f"non_gaussianity: received {self.non_gaussianity!r}; expected 1 or -1, or one of them for each of "
                f"{n_components} components"
            )

    def _checked_init(self, columns: DictionaryColumns) -> Array:
        init = np.asarray(self.init)
        shape = (columns.n_hidden, columns.n_visible)
        if init.dtype.kind not in "iuf" or init.shape != shape:
            raise ValueError(
                f"init: received {init.dtype} of shape {init.shape}; expected numbers of shape (n_components, "
                f"n_features), {shape}"
            )
        init = check_array(init, dtype=np.float64, input_name="init", estimator=self)
        if not init.any(axis=1).all():
            raise ValueError(f"init: row {int(np.argmin(init.any(axis=1)))} is zero; a component needs a direction")
        return init

    # Use -------------------------------------------------------------------------------------------------------------

    def transform(self, X: Any) -> Array:
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
        X = validate_data(self, X, dtype=self._model.V.dtype, reset=False)
        if self._model.preparation is not None:
            X = X - self.mean_
        return product(X, self.components_.T, self.n_threads)

    def inverse_transform(self, X: Any) -> Array:
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
        X = check_array(X, dtype=self._model.V.dtype, estimator=self)
        if X.shape[1] != len(self.components_):
            raise ValueError(f"X: received {X.shape[1]} columns; expected {len(self.components_)}, one per component")
        samples = product(X, self.mixing_.T, self.n_threads)
        return samples if self._model.preparation is None else samples + self.mean_

    @property
    def mixing_(self) -> Array:
        """The way back from the components, shape (n_features, n_components), made when asked for."""
        return self._fitted("mixing_").mixing()

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

    def plot_components(self, components: int | Sequence[int] = 100, **options: Any) -> Any:
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
        weights = self.components_ if self.whiten == "pca" else self._model.filters()
        return WeightsDisplay(unit_images(weights, components, self.input_shape)).plot(**options)

    def plot_history(self, **options: Any) -> Any:
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
