"""PatchFeatures: against the oracle with scikit-learn's learners, scikit-learn's contract, errors."""

import _thread
import copy
import pickle
import threading
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles.patches import features_of, positions
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, FastICA, MiniBatchDictionaryLearning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from ppdl import RICA, PatchFeatures
from ppdl.dictionaries import SquaredExponential
from ppdl.estimators.patches.options import ENCODINGS
from ppdl.preprocessing import ContrastNormalizer, Whitener

CHECKED = [
    PatchFeatures(),
    PatchFeatures(3, patch_size=1, normalizer=None, n_patches=50),
    PatchFeatures(PCA(1), patch_size=1, normalizer=None, n_patches=50, encoding="split", pooling=None),
]
LEARNERS = {
    "k-means": KMeans(6, n_init=1),
    "principal components, which have a mean": PCA(5),
    "independent components, which whiten": FastICA(4, whiten="unit-variance", tol=0.1),
    "reconstruction ICA": RICA(7, max_iter=3),
    "reconstruction ICA, whitened": RICA(7, whiten="zca", whiten_epsilon=0.1, max_iter=3),
    "dictionary": MiniBatchDictionaryLearning(6, max_iter=3),
    "patches": 6,
}
SHAPE = (7, 8, 2)
SMALL = {"patch_size": 3, "n_patches": 300, "input_shape": SHAPE, "random_state": 0}


@pytest.fixture(scope="module")
def images():
    """Smooth images in rows."""
    rng = np.random.default_rng(0)
    return rng.random((12, *SHAPE)).cumsum(axis=1).cumsum(axis=2).reshape(12, -1) / 20


@parametrize_with_checks(CHECKED)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_scikit_learn_checks_are_many_and_none_is_expected_to_fail(estimator):
    assert sum(1 for _ in estimator_checks_generator(estimator)) >= 35


# Against the oracle ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("learner", "encoding"),
    [*product(LEARNERS, ("smooth-absolute", "triangle")), *product(["patches"], ENCODINGS)],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_features_are_those_of_the_oracle(images, learner, encoding):
    fitted = PatchFeatures(LEARNERS[learner], encoding=encoding, **SMALL).fit(images)
    assert_allclose(fitted.transform(images), features_of(fitted, images.reshape(-1, *SHAPE)), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("encoding", ["smooth-absolute", "triangle"])
@pytest.mark.parametrize("whitener", ["zca", "pca", Whitener("pca", n_components=7), None], ids=str)
@pytest.mark.parametrize(
    "normalizer",
    ["deviation", "norm", ContrastNormalizer(None), ContrastNormalizer("norm", center=False), None],
    ids=str,
)
def test_every_normalizer_and_whitener_is_applied(images, normalizer, whitener, encoding):
    fitted = PatchFeatures(5, encoding=encoding, normalizer=normalizer, whitener=whitener, **SMALL).fit(images)
    assert_allclose(fitted.transform(images), features_of(fitted, images.reshape(-1, *SHAPE)), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("pooling", ["quadrants", None, (3, 1)])
@pytest.mark.parametrize("stride", [1, 2])
def test_every_pooling_and_stride(images, stride, pooling):
    fitted = PatchFeatures(5, stride=stride, pooling=pooling, **SMALL).fit(images)
    assert_allclose(fitted.transform(images), features_of(fitted, images.reshape(-1, *SHAPE)), rtol=1e-9)


@pytest.mark.parametrize("learner", [PCA(5), FastICA(4, whiten="unit-variance", tol=0.1)], ids=str)
def test_linear_codes_are_the_learners_own(images, learner):
    fitted = PatchFeatures(learner, encoding="linear", pooling=None, **SMALL).fit(images)
    patches = np.concatenate([positions(image, (3, 3)).reshape(30, 18) for image in images.reshape(-1, *SHAPE)])
    codes = fitted.learner_.transform(fitted.whitener_.transform(fitted.normalizer_.transform(patches)))
    assert_allclose(fitted.transform(images), codes.reshape(12, 30, -1).sum(axis=1), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("encoding", ["smooth-absolute", "triangle"])
def test_single_precision_is_kept_and_close_to_double(images, encoding):
    options = {"encoding": encoding, **SMALL}
    double = PatchFeatures(6, **options).fit_transform(images)
    single = PatchFeatures(6, **options).fit(images.astype(np.float32))
    assert single.filters_.dtype == single.whitener_.whitening_.dtype == np.float32
    made = single.transform(images)
    assert made.dtype == np.float32
    assert_allclose(made, double, rtol=2e-3, atol=2e-3)


# Shapes ---------------------------------------------------------------------------------------------------------------


def test_images_of_three_and_four_dimensions_are_their_rows(images):
    rows = PatchFeatures(6, **SMALL).fit(images)
    options = {**SMALL, "input_shape": None}
    stacked = PatchFeatures(6, **options).fit(images.reshape(-1, *SHAPE))
    assert stacked.image_shape_ == rows.image_shape_ == SHAPE
    assert_array_equal(stacked.transform(images.reshape(-1, *SHAPE)), rows.transform(images))
    assert_array_equal(stacked.transform(images), rows.transform(images))
    grey = PatchFeatures(6, **options).fit(images.reshape(-1, 7, 16))
    assert (grey.image_shape_, grey.patch_shape_) == ((7, 16, 1), (3, 3, 1))


def test_a_list_of_images_is_their_array(images):
    pixels = images.reshape(-1, *SHAPE)
    features = PatchFeatures(5, patch_size=3, n_patches=200, random_state=0)
    array = features.fit(pixels).transform(pixels)
    assert_array_equal(features.fit(list(pixels)).transform(list(pixels)), array)


def test_channels_first_are_told():
    with pytest.raises(ValueError, match=r"X: received images of height 3, .* give X.transpose\(0, 2, 3, 1\)"):
        PatchFeatures(5, patch_size=4).fit(np.zeros((6, 3, 12, 12)))


@pytest.mark.parametrize("whitener", [None, "zca", "pca"])
def test_filters_are_drawn_over_the_patch(images, whitener):
    pytest.importorskip("matplotlib").use("agg")
    features = PatchFeatures(5, patch_size=3, n_patches=200, whitener=whitener, input_shape=SHAPE, random_state=0)
    display = features.fit(images).plot_filters(3)
    assert display.images.shape == (3, *features.patch_shape_)
    drawn = display.images.reshape(3, -1)
    if whitener == "pca":  # what is drawn answers as the filter does to what is white
        drawn = drawn @ features.whitener_.whitening_
    assert_allclose(drawn, features.filters_[[0, 2, 4]], atol=1e-6)
    with pytest.raises(ValueError, match="filters: received 0"):
        features.plot_filters(0)


def test_rows_without_a_shape_are_signals(images):
    options = {**SMALL, "input_shape": None}
    signals = PatchFeatures(6, **options).fit(images)
    assert (signals.image_shape_, signals.patch_shape_) == ((1, 112, 1), (1, 3, 1))
    assert signals.transform(images).shape == (12, 2 * 6)  # both halves
    flat = PatchFeatures(6, **{**options, "patch_size": (1, 3), "input_shape": (1, 112)}).fit(images)
    assert_array_equal(flat.transform(images), signals.transform(images))


def test_an_axis_with_one_position_is_no_quadrants(images):
    fitted = PatchFeatures(6, **{**SMALL, "patch_size": (7, 3)}).fit(images)
    assert fitted.transform(images).shape == (12, 2 * 6)


@pytest.mark.parametrize(("encoding", "n_codes"), [("triangle", 6), ("split", 12), ("soft-threshold", 12)])
def test_names_and_number_of_features(images, encoding, n_codes):
    fitted = PatchFeatures(6, encoding=encoding, pooling=(3, 2), **SMALL).fit(images)
    names = fitted.get_feature_names_out()
    assert len(names) == fitted.transform(images).shape[1] == 6 * n_codes
    assert names[0] == "patchfeatures0"
    pandas = pytest.importorskip("pandas")
    table = fitted.set_output(transform="pandas").transform(images)
    assert isinstance(table, pandas.DataFrame) and list(table.columns) == list(names)


# Fitting --------------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_patches_and_seeds_the_learner(images):
    learner = KMeans(6, n_init=1)
    first, again, other = (PatchFeatures(learner, **{**SMALL, "random_state": s}).fit(images) for s in (1, 1, 2))
    assert_array_equal(first.filters_, again.filters_)
    assert not np.array_equal(first.filters_, other.filters_)
    assert learner.random_state is None and not hasattr(learner, "cluster_centers_")
    seeded = PatchFeatures(KMeans(6, n_init=1, random_state=7), **SMALL).fit(images)
    assert seeded.learner_.random_state == 7


def test_patches_as_filters_have_unit_norm(images):
    fitted = PatchFeatures(20, **SMALL).fit(images)
    assert fitted.learner_ is None
    assert_allclose(np.linalg.norm(fitted.filters_, axis=1), 1.0)


class Fixed(BaseEstimator):
    """A learner that takes the first few samples, less the mean."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0, dtype=np.float64)
        self.components_ = X[:5] - self.mean_
        return self


@pytest.mark.parametrize(
    ("encoding", "whitener"), [("linear", None), ("linear", "pca"), ("triangle", None), ("triangle", "zca")]
)
@pytest.mark.parametrize(("dtype", "offset"), [(np.float32, 1e4), (np.float64, 1e9)], ids=str)
def test_features_of_pixels_far_from_zero_are_those_of_exact_differences(images, encoding, whitener, dtype, offset):
    options = {
        **SMALL,
        "encoding": encoding,
        "whitener": whitener,
        "normalizer": None,
        "pooling": None,
        "patch_size": (7, 8),
    }
    shifted = (images + offset).astype(dtype)
    fitted = PatchFeatures(Fixed(), **options).fit(shifted)
    x = shifted.astype(np.longdouble)
    if whitener is not None:
        x = (x - fitted.whitener_.mean_) @ fitted.whitener_.whitening_
    filters, mean = fitted.filters_.astype(np.longdouble), fitted._mean.astype(np.longdouble)
    if encoding == "linear":
        expected = (x - mean) @ filters.T
    else:
        distances = np.linalg.norm((x - mean)[:, np.newaxis] - filters, axis=2)
        expected = np.maximum(0, distances.mean(axis=1, keepdims=True) - distances)
    tolerance = 100 * np.finfo(dtype).eps * float(np.abs(expected).max())
    assert_allclose(fitted.transform(shifted), expected.astype(float), rtol=0, atol=tolerance)


@pytest.mark.parametrize(("dtype", "unit"), [(np.float32, 1e30), (np.float64, 1e200)], ids=str)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_large_pixel_leaves_features_finite(images, dtype, unit, encoding):
    images = images.astype(dtype)
    images[0, 0] = unit
    fitted = PatchFeatures(6, encoding=encoding, **{**SMALL, "normalizer": None, "whitener": None}).fit(images)
    features = fitted.transform(images)
    assert np.isfinite(features).all()
    assert features[0].max() > unit / 100 or encoding in ("linear", "triangle")  # as far from all centroids


def test_features_out_of_range_are_reported(images):
    fitted = PatchFeatures(6, **{**SMALL, "encoding": "linear", "normalizer": None}).fit(images.astype(np.float32))
    with pytest.warns(RuntimeWarning, match="X: the result holds NaN or infinity"):
        fitted.transform(np.full_like(images, 3e38))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted))])
def test_copies_give_the_same_bits(images, duplicate):
    fitted = PatchFeatures(KMeans(6, n_init=1), encoding="triangle", **SMALL).fit(images)
    assert_array_equal(duplicate(fitted).transform(images), fitted.transform(images))
    assert clone(fitted).get_params()["learner__n_clusters"] == 6


def test_parameters_that_change_after_the_fit_do_not_change_features(images):
    fitted = PatchFeatures(6, **SMALL).fit(images)
    before = fitted.transform(images)
    fitted.set_params(encoding="split", patch_size=2, input_shape=(1, 1), pooling=None, normalizer=None)
    assert_array_equal(fitted.transform(images), before)


def test_any_number_of_threads_gives_the_same_bits(images):
    fitted = PatchFeatures(6, **SMALL).fit(images)
    once = fitted.set_params(n_threads=1).transform(images)
    assert_array_equal(fitted.set_params(n_threads=2).transform(images), once)


@pytest.mark.parametrize("verbose", [True, 5])  # which doesn't divide 12, the number of images
def test_progress_is_told(images, capsys, verbose):
    fitted = PatchFeatures(6, verbose=verbose, **SMALL).fit(images)
    assert "300 patches of (3, 3, 2), 18 numbers each: 6" in capsys.readouterr().out
    fitted.transform(images)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["images", "seconds"]
    assert lines[-1].split()[0] == "12"


def test_an_interrupt_is_heard_between_batches(images, monkeypatch):
    monkeypatch.setattr("ppdl.estimators.patches.patch_features._WORK", 1.0)  # a batch for each image
    fitted = PatchFeatures(6, **SMALL).fit(images)
    many = np.tile(images, (5000, 1))
    timer = threading.Timer(0.05, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        fitted.transform(many)
    timer.join()


def test_digits_in_a_pipeline():
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    model = make_pipeline(
        PatchFeatures(KMeans(40, n_init=1), 4, encoding="triangle", n_patches=4000, input_shape=(8, 8), random_state=0),
        StandardScaler(),
        LinearSVC(C=0.01, random_state=0),
    )
    assert model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.95


# Errors ---------------------------------------------------------------------------------------------------------------


class Forgetful(BaseEstimator):
    """A learner that leaves what it is told to."""

    def __init__(self, components=None):
        self.components = components

    def fit(self, X, y=None):
        if self.components is not None:
            self.components_ = self.components
        return self


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learner": "k-means"}, "learner: received 'k-means'; expected an estimator"),
        ({"learner": KMeans}, "learner: received <class"),
        ({"learner": 0}, "learner: received 0"),
        ({"learner": 301}, "learner: received 301; .* at most 300"),
        ({"learner": Forgetful()}, "neither components_ nor cluster_centers_"),
        ({"learner": Forgetful(np.ones((4, 17)))}, r"\(4, 17\).*\(n_filters, 18\)"),
        ({"learner": Forgetful(np.full((4, 18), np.nan))}, "NaN"),
        ({"patch_size": 8}, "patch_size: received 8; expected at most 7 x 8"),
        ({"patch_size": 2.5}, "patch_size: received 2.5"),
        ({"stride": 0}, "stride: received 0"),
        ({"pooling": "halves"}, "pooling: received 'halves'"),
        ({"pooling": (0, 1)}, r"pooling: received \(0, 1\)"),
        ({"pooling": (6, 1)}, r"pooling: received \(6, 1\); expected at most 5 x 6"),
        ({"encoding": "hard"}, "encoding: received 'hard'; expected one of 'linear'"),
        ({"encoding_epsilon": 0.0}, "encoding_epsilon: received 0"),
        ({"encoding_threshold": -0.1}, "encoding_threshold: received -0.1"),
        ({"normalizer": "variance"}, "normalizer: received 'variance'; expected a ContrastNormalizer"),
        ({"normalizer": StandardScaler()}, r"normalizer: received StandardScaler\(\)"),
        ({"whitener": PCA(whiten=True)}, r"whitener: received PCA\(whiten=True\); expected a Whitener, 'zca', 'pca'"),
        ({"n_patches": 0}, "n_patches: received 0"),
        ({"n_patches": 10**30}, "n_patches: received 1000"),
        ({"stride": 2**63}, "stride: received 9223372036854775808"),
        ({"pooling": (10**30, 1)}, "pooling: received .* at most 5 x 6"),
        ({"encoding_epsilon": 10**400}, "encoding_epsilon: received an integer of 1329 bits"),
        ({"n_threads": 0}, "n_threads: received 0"),
        ({"verbose": "yes"}, "verbose: received 'yes'"),
        ({"input_shape": (7, 8)}, "input_shape: received 7 x 8 x 1; expected 112 features"),
        ({"input_shape": 112}, "input_shape: received 112"),
    ],
)
def test_parameters_that_do_not_fit_are_errors_that_name_them(images, change, message):
    estimator = PatchFeatures(**{"learner": 6, **SMALL, **change})
    with pytest.raises(ValueError, match=message):
        estimator.fit(images)
    assert not hasattr(estimator, "n_features_in_")


def test_images_that_do_not_fit_are_errors(images):
    fitted = PatchFeatures(6, **SMALL)
    with pytest.raises(ValueError, match=r"received images of shape \(8, 7, 2\); expected input_shape, \(7, 8, 2\)"):
        fitted.fit(images.reshape(-1, 8, 7, 2))
    fitted.fit(images)
    with pytest.raises(ValueError, match=r"received images of shape \(8, 7, 2\); expected \(7, 8, 2\), as in fit"):
        fitted.transform(images.reshape(-1, 8, 7, 2))
    with pytest.raises(ValueError, match="111 features"):
        fitted.transform(images[:, 1:])
    with pytest.raises(ValueError, match="NaN"):
        fitted.transform(np.where(images > 0, np.nan, images))


def test_a_failed_fit_leaves_the_last_one(images):
    fitted = PatchFeatures(6, **SMALL).fit(images)
    before = fitted.transform(images)
    with pytest.raises(ValueError, match="learner"):
        fitted.set_params(learner=Forgetful()).fit(images)
    assert_array_equal(fitted.transform(images), before)


def test_learner_is_told_the_shape_of_its_patches_and_that_they_are_white():
    images = np.random.default_rng(0).normal(size=(10, 9, 9, 3))

    def learner_of(**options):
        learner = RICA(7, max_iter=2, tol=1e9, **options.pop("learner", {}))
        return PatchFeatures(learner, 4, n_patches=200, random_state=0, **options).fit(images).learner_

    smooth = {"dictionary": SquaredExponential(), "learned_fraction": 0.5}
    told = learner_of(learner=smooth)
    assert (told.input_shape, told.whiten) == ((4, 4, 3), None)
    assert learner_of(whitener=None).whiten == "auto"
    assert learner_of(whitener="pca").input_shape is None
    assert learner_of(learner={"whiten": "zca", "input_shape": (16, 3)}).input_shape == (16, 3)
    assert learner_of(learner={"whiten": "pca"}).input_shape is None
