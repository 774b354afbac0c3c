"""Features of whole images from what a learner made of their patches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.preprocessing import normalize
from sklearn.utils import check_array, check_random_state, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from ppdl import _checks as checks
from ppdl._precision import Array, product
from ppdl._savable import SavableMixin
from ppdl._typing import RandomState
from ppdl.preprocessing import ContrastNormalizer, Whitener
from ppdl.preprocessing.images import Stack, by_shape
from ppdl.preprocessing.patches import draw

from ..flattened import image_rows, warn_of_images
from ..training.progress import ProgressTable
from ..transaction import unchanged_on_error
from .encoding import encoder_maker, learned_filters
from .options import Encoding, PatchOptions

if TYPE_CHECKING:
    from typing_extensions import Self

    from ppdl._core import _scalar

    from ..displays import WeightsDisplay

_WORK = 1e10  # multiply-adds between two moments at which an interrupt is heard


class PatchFeatures(SavableMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Learn filters from patches of images; describe images by the filters' responses, pooled over regions [1]_.

    `fit` draws patches at random, normalises and whitens them, and lets the learner learn from them. `transform`
    applies what was learned to every patch of an image, at all positions, encodes the responses and sums the codes over
    the regions of the image. It never stores all patches: it works on as many at a time as the processor's cache holds.

    Parameters
    ----------
    learner : estimator or int, default=100
        What learns the filters: any estimator that has `components_` or `cluster_centers_` after its fit, such as
        scikit-learn's `KMeans`, `FastICA` or `MiniBatchDictionaryLearning`. It is cloned. Where it has a `mean_` beside
        `components_`, that is subtracted first. Where its `random_state` is None, this one's is taken; where its
        `input_shape` is None, the shape of a patch, unless principal components take the pixels' place; where its
        `whiten` is "auto", None, if patches are whitened here. An int: no learning, the filters are so many of the
        patches, of unit norm.
    patch_size : int or tuple of 2 ints, default=6
        Height and width of a patch; an int stands for both, or for the length if there is no `input_shape`.
    stride : int, default=1
        Pixels from one position of a patch to the next, down and across.
    pooling : "quadrants", None or tuple of 2 ints, default="quadrants"
        Regions over which codes are summed: (rows, columns) of them, or None for the whole image. "quadrants" is two
        by two, where an axis with a single position is not divided. Of n positions along an axis, region r of R begins
        at :math:`rn / R`, rounded, halves up: quadrants of 27 positions have 14 and 13.
    encoding : str, default="smooth-absolute"
        What becomes of the responses :math:`z = F(x - m)`, one of:

        - "linear": :math:`z`; "rectifier": :math:`\max(0, z)`; "absolute": :math:`|z|`;
        - "smooth-absolute": :math:`\sqrt{z^2 + \epsilon}`;
        - "split": :math:`\max(0, z)` of all filters, then :math:`\max(0, -z)`: twice as many features;
        - "soft-threshold": :math:`\max(0, z - t)` of all filters, then :math:`\max(0, -z - t)` [2]_;
        - "triangle": :math:`\max(0, \bar d - d)`, d being the Euclidean distances of :math:`x - m` from the filters,
          which are centroids then, and :math:`\bar d` their mean [1]_.
    encoding_epsilon : float, default=1e-2
        :math:`\epsilon` of "smooth-absolute", above 0.
    encoding_threshold : float, default=0.25
        :math:`t` of "soft-threshold", at least 0.
    normalizer : ContrastNormalizer, "deviation", "norm" or None, default="deviation"
        What is done to each patch by itself; a name stands for ``ContrastNormalizer(name)``.
    whitener : Whitener, "zca", "pca" or None, default="zca"
        What whitens the patches; a name stands for ``Whitener(name)``.
    n_patches : int, default=100_000
        Number of patches that `fit` draws, uniformly over all positions in all images, with repetition.
    input_shape : tuple of 2 or 3 ints, optional
        ``(height, width)`` or ``(height, width, channels)`` of images that are flattened in C order, channels last.
        Without it, rows of X are signals, images of a single row, unless X itself has 3 or 4 dimensions; patches are
        then no longer than the signals.
    random_state : int, RandomState instance or None, default=None
        Determines the patches that are drawn, and the learner where that leaves it open.
    n_threads : int or None, default=None
        Threads of `transform`; None is what OpenMP allows. The bits are the same for any number.
    verbose : bool or int, default=False
        Whether to tell what `fit` does, and to print a table of `transform`'s progress.

    Attributes
    ----------
    learner_ : estimator or None
        The fitted learner; None if `learner` is an int.
    filters_ : ndarray of shape (n_filters, n_inputs)
        Filters or centroids, which apply to patches that are normalised and whitened.
    normalizer_ : ContrastNormalizer or None
        As it is applied.
    whitener_ : Whitener or None
        Fitted.
    image_shape_ : tuple of 3 ints or None
        Height, width and channels of the images; None if they are of several sizes.
    patch_shape_ : tuple of 3 ints
        Height, width and channels of a patch.
    n_features_in_, feature_names_in_ : int, ndarray
        As in scikit-learn; absent if images are of several sizes.

    See Also
    --------
    ppdl.preprocessing.extract_patches : The patches that `fit` draws.

    Notes
    -----
    The features of an image are those of its first region, then those of the second and so on, regions row by row; in a
    region, one for each filter, or two halves for each filter ("split", "soft-threshold"). They are sums: larger
    regions have larger ones. Standardise them before a linear classifier.

    A list may hold images of several sizes. Each is divided into as many regions, of its own size, so that all have
    equally many features; "quadrants" divides an axis along which each image of `fit` has several positions. A larger
    image's features are larger: where that says nothing, scale each image's by scikit-learn's `Normalizer`.

    Whitening is multiplied into the filters, but for "triangle".

    A file that `save` writes holds the filters. Of the learner it holds a `RICA` or an int; any other is None in what
    `ppdl.load` returns, which transforms as before, but cannot be fitted again without one.

    References
    ----------
    .. [1] A. Coates, H. Lee and A. Y. Ng, "An analysis of single-layer networks in unsupervised feature learning",
       AISTATS 2011.
    .. [2] A. Coates and A. Y. Ng, "The importance of encoding versus training with sparse coding and vector
       quantization", ICML 2011.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import LinearSVC
    >>> from ppdl import PatchFeatures
    >>> X, y = load_digits(return_X_y=True)
    >>> features = PatchFeatures(
    ...     KMeans(50, n_init=1), patch_size=4, encoding="triangle", n_patches=5000, input_shape=(8, 8), random_state=0)
    >>> model = make_pipeline(features, StandardScaler(), LinearSVC(C=0.01, random_state=0))
    >>> model.fit(X[:1200] / 16, y[:1200]).score(X[1200:] / 16, y[1200:]) > 0.95
    True
    """

    filters_: Array
    image_shape_: tuple[int, int, int] | None

    def __init__(
        self,
        learner: BaseEstimator | int = 100,
        patch_size: int | tuple[int, int] = 6,
        *,
        stride: int = 1,
        pooling: Literal["quadrants"] | tuple[int, int] | None = "quadrants",
        encoding: Encoding = "smooth-absolute",
        encoding_epsilon: float = 1e-2,
        encoding_threshold: float = 0.25,
        normalizer: ContrastNormalizer | Literal["deviation", "norm"] | None = "deviation",
        whitener: Whitener | Literal["zca", "pca"] | None = "zca",
        n_patches: int = 100_000,
        input_shape: tuple[int, ...] | None = None,
        random_state: RandomState = None,
        n_threads: int | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.learner = learner
        self.patch_size = patch_size
        self.stride = stride
        self.pooling = pooling
        self.encoding = encoding
        self.encoding_epsilon = encoding_epsilon
        self.encoding_threshold = encoding_threshold
        self.normalizer = normalizer
        self.whitener = whitener
        self.n_patches = n_patches
        self.input_shape = input_shape
        self.random_state = random_state
        self.n_threads = n_threads
        self.verbose = verbose

    @unchanged_on_error
    def fit(self, X: npt.ArrayLike, y: object = None) -> Self:
        """Draw patches, and let the learner learn from them.

        Parameters
        ----------
        X : array-like of shape (n_images, n_features), array of shape (n_images, height, width[, channels]), or list
            Images, or a list of them, of one or several sizes, float32 or float64; others are converted to float64.
        y : None
            Ignored.

        Returns
        -------
        self : PatchFeatures
            Fitted.

        Raises
        ------
        ValueError
            If a parameter is not valid, X holds NaN or infinity, an image is smaller than a patch, which is named, or
            the learner leaves no filters.
        ppdl.NumericalError
            If the patches cannot be whitened; see `Whitener`.
        """
        options = PatchOptions.of(self.get_params(deep=False))
        progress = ProgressTable(checks.verbosity(self.verbose) > 0, "images")
        stacks = self._images_to_fit(X, options)
        grid = options.grid(stacks)
        random_state = check_random_state(self.random_state)
        patches = draw(stacks, grid.patch_size, options.n_patches, random_state)
        for transformer in (options.normalizer, options.whitener):
            if transformer is not None:
                patches = transformer.fit_transform(patches)
        progress.note(
            f"{len(patches)} patches of {grid.patch_shape}, {patches.shape[1]} numbers each: {self.learner!r}"
        )
        start = time.perf_counter()
        known: dict[str, tuple[Any, Any]] = {"whiten": ("auto", None)} if options.whitener is not None else {}
        if options.whitener is None or options.whitener.method == "zca":
            known["input_shape"] = (None, grid.patch_shape)
        self.learner_, self.filters_, self._mean = _learned(options.learner, patches, random_state, known)
        progress.note(f"{len(self.filters_)} filters after {time.perf_counter() - start:.2f} seconds")

        self.normalizer_, self.whitener_ = options.normalizer, options.whitener
        self.image_shape_ = stacks[0].shape if len(stacks) == 1 else None
        self.patch_shape_ = grid.patch_shape
        self._grid, self._code = grid, options.code
        self._n_features_out = self._encoder_maker()(grid.smallest).n_features
        return self

    def _images_to_fit(self, X: Any, options: PatchOptions) -> list[Stack]:
        """Validate images; where they are of several sizes, there is no number of features."""
        stacks = by_shape(X, "X")
        if stacks is not None and len(stacks) > 1:
            for stack in stacks:
                options.image_shape(math.prod(stack.shape), stack.shape)
            for name in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
            is_single = all(stack.pixels.dtype == np.float32 for stack in stacks)
            return [_checked(stack, np.float32 if is_single else np.float64) for stack in stacks]
        X, seen = image_rows("X", X if stacks is None else stacks[0].pixels, None)
        X = validate_data(self, X, dtype=(np.float64, np.float32), order="C")
        shape = options.image_shape(X.shape[1], seen)
        if seen is None and self.input_shape is None and isinstance(self.patch_size, Integral):
            warn_of_images(X, "PatchFeatures")
        return [Stack.of(X.reshape(-1, *shape))]

    def transform(self, X: npt.ArrayLike) -> Array:
        """Encode and pool all patches of each image.

        Parameters
        ----------
        X : array-like of shape (n_images, n_features), array of shape (n_images, height, width[, channels]), or list
            Images of the shape seen in `fit`; those of a list may have another, with a position of a patch in each
            region.

        Returns
        -------
        features : ndarray of shape (n_images, n_regions * n_codes)
            In the precision of the images of `fit`.

        Raises
        ------
        ValueError
            If images have another shape or number of channels, or are too small; or X holds NaN or infinity.

        Warns
        -----
        RuntimeWarning
            If some features are not finite, being out of the range of that precision.
        """
        check_is_fitted(self)
        n_threads = checks.n_threads(self.n_threads)
        progress = ProgressTable(checks.verbosity(self.verbose) > 0, "images")
        stacks = self._images_to_transform(X)
        n_images, n_done = sum(len(stack.places) for stack in stacks), 0
        features: Array = np.empty((n_images, self._n_features_out), dtype=self.filters_.dtype)
        encoder_of = self._encoder_maker()
        start = time.perf_counter()
        for stack in stacks:
            encoder, rows = encoder_of(stack.shape), stack.pixels.reshape(len(stack.places), -1)
            for some in gen_batches(len(rows), max(1, int(_WORK / encoder.multiply_adds))):
                encoded = np.empty((some.stop - some.start, features.shape[1]), dtype=features.dtype)
                encoder.encode(rows[some], encoded, n_threads)
                features[stack.places[some]] = encoded
                before, n_done = n_done, n_done + len(encoded)
                if 10 * n_done // n_images > 10 * before // n_images:
                    progress.line(n_done, {"time": time.perf_counter() - start})
        return checks.reported("X", features)

    def _images_to_transform(self, X: Any) -> list[Stack]:
        """Validate images: those of a list may have another size than in `fit`."""
        stacks = by_shape(X, "X")
        if stacks is not None:
            for stack in stacks:
                self._grid.check(stack)
            return [_checked(stack, self.filters_.dtype) for stack in stacks]
        X, seen = image_rows("X", X, None)
        shape = self.image_shape_ or seen
        if shape is None:
            raise ValueError(
                "X: received rows; expected images, (n_images, height, width[, channels]) or a list of them, as in fit"
            )
        X = validate_data(self, X, dtype=self.filters_.dtype, order="C", reset=False)
        if seen not in (None, shape):
            raise ValueError(f"X: received images of shape {seen}; expected {shape}, as in fit, or a list of images")
        stack = Stack.of(X.reshape(-1, *shape))
        self._grid.check(stack)
        return [stack]

    def plot_filters(self, filters: int | Sequence[int] = 100, **options: Any) -> WeightsDisplay:
        """Draw filters as images of the shape of a patch.

        Parameters
        ----------
        filters : int or sequence of int, default=100
            Which filters, or how many, spread evenly over all. After PCA whitening, what a filter adds to a patch.
        **options
            For `WeightsDisplay.plot`, such as ``ax=``.

        Returns
        -------
        WeightsDisplay
            Where it is drawn: `ax_` and `figure_`.

        Raises
        ------
        ValueError
            If there is no such filter.
        """
        from ..displays import WeightsDisplay, unit_images

        check_is_fitted(self)
        images = self.filters_
        if self.whitener_ is not None and self.whitener_.method == "pca":
            images = product(images, self.whitener_.dewhitening_.astype(images.dtype))
        return WeightsDisplay(unit_images(images, filters, self.patch_shape_, name="filters")).plot(**options)

    def _encoder_maker(self) -> Callable[[tuple[int, int, int]], _scalar.PatchEncoder]:
        return encoder_maker(self._grid, self._code, self.normalizer_, self.whitener_, self.filters_, self._mean)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _checked(stack: Stack, dtype: npt.DTypeLike) -> Stack:
    """Check that the pixels are finite, and convert them."""
    pixels = check_array(stack.pixels, dtype=dtype, order="C", allow_nd=True, input_name="X")
    return Stack(pixels, stack.places)


def _learned(
    learner: Any, patches: Array, random_state: np.random.RandomState, known: Mapping[str, tuple[Any, Any]]
) -> tuple[Any, Array, Array]:
    """Return the fitted learner, its filters, and the mean that it subtracts from a patch.

    `known` holds, by name, parameters that the learner may have: the value that leaves one open, and what it then is.
    """
    if isinstance(learner, int):
        chosen = patches[random_state.choice(len(patches), learner, replace=False)]
        filters = normalize(chosen / np.maximum(np.abs(chosen).max(axis=1, keepdims=True), np.finfo(chosen.dtype).tiny))
        return None, filters, np.zeros(patches.shape[1], dtype=patches.dtype)
    params = learner.get_params(deep=False)
    told = {name: value for name, (open_, value) in known.items() if name in params and params[name] == open_}
    if params.get("whiten") == "pca":  # after which features are no longer the points of the patch
        told.pop("input_shape", None)
    fitted = _seeded(clone(learner).set_params(**told), random_state).fit(patches)
    filters, mean = learned_filters(fitted, patches.shape[1])
    return fitted, checks.cast("filters", filters, patches.dtype), checks.cast("mean", mean, patches.dtype)


def _seeded(learner: Any, random_state: np.random.RandomState) -> Any:
    """Give an integer to each random state of the learner that is None."""
    params = learner.get_params()
    names = [name for name in sorted(params) if name.split("__")[-1] == "random_state" and params[name] is None]
    return learner.set_params(**{name: random_state.randint(np.iinfo(np.int32).max) for name in names})
