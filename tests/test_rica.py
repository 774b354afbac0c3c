"""RICA: scikit-learn's contract, what components are, and pictures of them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import rica as oracle
from rica_cases import PLAIN, PREDICTED, PREPARATIONS, mixed, unconverged
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from ppdl import RICA
from ppdl.dictionaries import EmpiricalCovariance, Explicit, LowRank, RandomProjection, SquaredExponential

CHECKED = [
    RICA(),
    RICA(**PLAIN),
    RICA(n_components=7, standardize=True),
    RICA(whiten="zca", contrast="logcosh"),
    RICA(whiten="pca", contrast="exp"),
    RICA(dictionary=RandomProjection(), learned_fraction=0.6),
    RICA(dictionary=EmpiricalCovariance(), learned_fraction=0.6),
]


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:400] / 16


@parametrize_with_checks(CHECKED)
@pytest.mark.filterwarnings("ignore")  # checks fit on purpose what cannot converge
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_scikit_learn_checks_are_many():
    assert sum(1 for _ in estimator_checks_generator(RICA())) >= 40


# Components -----------------------------------------------------------------------------------------------------------


@unconverged
@pytest.mark.parametrize("options", PREPARATIONS, ids=str)
@pytest.mark.parametrize("n_components", [20, 64, 90])
def test_components_are_unit_rows_times_the_preparation(digits, n_components, options):
    as_they_are = options == {"whiten": None}
    rica = RICA(n_components, **options, whiten_epsilon=0.01, random_state=0, max_iter=5).fit(digits)
    filters = rica.components_
    if not as_they_are:
        filters = np.linalg.lstsq(rica.whitening_.T, filters.T)[0].T
    assert_allclose(np.linalg.norm(filters, axis=1), 1.0, rtol=1e-9)
    mean = 0.0 if as_they_are else rica.mean_
    assert_allclose(rica.transform(digits), (digits - mean) @ rica.components_.T, atol=1e-9)
    assert hasattr(rica, "mean_") == hasattr(rica, "whitening_") == (not as_they_are)
    prepared = digits if as_they_are else (digits - mean) @ rica.whitening_.T
    told = {"sparsity": rica.sparsity, "contrast_epsilon": 1e-2, "signs": rica.non_gaussianity_}
    assert_allclose(rica.loss_, oracle.value(filters.T, prepared, norm_epsilon=1e-8, **told), rtol=1e-7)


def test_whitening_makes_features_uncorrelated_of_unit_variance():
    X, _ = mixed(["peaked"] * 5)
    X[:, 2] *= 1e-3
    X[:, 3] += 100.0
    for options in ({"whiten": "zca"}, {"whiten": "pca"}, {"whiten": "zca", "standardize": True}):
        rica = RICA(**options, random_state=0).fit(X)
        covariance = np.cov((X - rica.mean_) @ rica.whitening_.T, rowvar=False)
        assert_allclose(covariance, np.eye(5), atol=1e-6)
        bound = RICA(**options, whiten_epsilon=1.0, random_state=0).fit(X)
        assert np.cov((X - bound.mean_) @ bound.whitening_.T, rowvar=False).trace() < 3.0
    scaled = RICA(standardize=True, whiten=None, random_state=0).fit(X)
    assert_allclose(((X - scaled.mean_) @ scaled.whitening_.T).std(axis=0), 1.0)


@unconverged
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", PREPARATIONS, ids=str)
@pytest.mark.parametrize("n_components", [6, 9])
def test_inverse_transform_inverts(n_components, options, dtype):
    X = mixed(["peaked"] * 6)[0].astype(dtype)
    if "standardize" in options:
        X *= np.logspace(-5, 5, 6, dtype=dtype)
    rica = RICA(n_components, **options, max_iter=30, random_state=0).fit(X)
    assert_allclose(rica.inverse_transform(rica.transform(X)) / X.std(axis=0), X / X.std(axis=0), atol=2e-3)


@pytest.mark.parametrize("options", PREPARATIONS, ids=str)
def test_few_components_of_what_they_reconstruct_are_the_same(options):
    X, _ = mixed(["peaked"] * 6)
    rica = RICA(3, **options, random_state=0, max_iter=1000).fit(X)
    Z = rica.transform(X)
    assert_allclose(rica.transform(rica.inverse_transform(Z)), Z, atol=1e-9)
    assert_allclose(rica.components_ @ rica.mixing_, np.eye(3), atol=1e-9)


def test_weights_are_dictionaries_times_dynamic_weights(digits):
    for dictionary in (SquaredExponential(), LowRank()):
        with pytest.warns(ConvergenceWarning):
            rica = RICA(**{**PREDICTED, "dictionary": dictionary}).fit(digits)
        blocks = rica.dynamic_components_
        if isinstance(dictionary, LowRank):
            W = np.hstack([U @ V for U, V in zip(blocks[::2], blocks[1::2], strict=True)])
        else:
            W = np.hstack([rica.dictionary_.dictionary(j) @ V for j, V in enumerate(blocks)])
        assert [V.shape for V in blocks[-2:]] == [(16, 10)] * 2 or isinstance(dictionary, LowRank)
        assert_allclose(rica.components_, (W / np.linalg.norm(W, axis=0)).T, atol=1e-9)
        assert rica.loss_curve_[-1] < rica.loss_curve_[0]


@unconverged
@pytest.mark.parametrize("whiten", ["zca", "pca"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_directions_of_rounding_are_no_components(whiten, dtype, offset):
    X, _ = mixed(["peaked"] * 6)
    X -= X.mean(axis=1, keepdims=True)
    X = (X + offset).astype(dtype)
    rica = RICA(whiten=whiten, contrast="logcosh", sparsity=0.05, max_iter=100, random_state=0).fit(X)
    components = rica.transform(X)
    assert_allclose(
        np.sort(np.linalg.eigvalsh(np.cov((X - rica.mean_) @ rica.whitening_.T, rowvar=False))),
        [0, 1, 1, 1, 1, 1],
        atol=1e-4,
    )
    assert components.std(axis=0).min() < 0.1  # nothing is left for the sixth
    assert_allclose(components.mean(axis=0), 0.0, atol=1e-3)
    assert_allclose(rica.inverse_transform(components), X, atol=2e-5 * (1 + offset / 100))


@unconverged
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("standardize", [False, True])
def test_fewer_samples_than_features_are_whitened_where_they_differ(standardize, dtype):
    X = np.random.default_rng(0).laplace(size=(7, 20)).astype(dtype)
    X[:, 3] = 0.1
    rica = RICA(5, whiten="pca", standardize=standardize, random_state=0, max_iter=20).fit(X)
    prepared = (X - rica.mean_) @ rica.whitening_.T
    assert_allclose(np.cov(prepared, rowvar=False), np.eye(5), atol=1e-4)
    assert np.isfinite(rica.transform(X)).all()


def test_features_that_are_all_constant_cannot_be_whitened():
    with pytest.raises(ValueError, match="X: received features of variances up to 0"):
        RICA(whiten="zca").fit(np.full((10, 3), 0.1))


def test_weights_to_start_from_are_predicted_as_far_as_dependent_atoms_can(digits):
    U = np.random.default_rng(0).normal(size=(64, 5)) @ np.random.default_rng(1).normal(size=(5, 12))
    given = np.random.default_rng(2).normal(size=(3, 64))
    given[1] -= U @ np.linalg.lstsq(U, given[1], rcond=1e-10)[0]  # of which nothing can be predicted
    given[2] *= 1e-30
    options = {"dictionary": Explicit(U), "learned_fraction": 12 / 64, "init": given, "random_state": 0, "tol": 1e9}
    components = RICA(3, **options).fit(digits).components_
    assert_allclose(np.linalg.norm(components, axis=1), 1.0, rtol=1e-6)
    assert_allclose(U @ np.linalg.lstsq(U, components.T, rcond=1e-10)[0], components.T, atol=1e-3)
    nearest = U @ np.linalg.lstsq(U, given.T, rcond=1e-10)[0]
    cosines = (components.T * nearest).sum(axis=0) / np.linalg.norm(nearest, axis=0)
    assert_allclose(cosines[[0, 2]], 1.0, atol=1e-3)


def test_a_feature_that_is_constant_counts_for_nothing():
    X, _ = mixed(["peaked"] * 4)
    X[:, 1] = 0.1  # whose mean over 2000 is not quite 0.1
    rica = RICA(standardize=True, whiten=None, random_state=0).fit(X)
    assert rica.whitening_[1, 1] == 1.0
    assert np.abs(rica.transform(X)).max() < 100.0


@unconverged
def test_names_and_frames_of_the_output(digits):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(digits, columns=[f"p{i}" for i in range(64)])
    rica = RICA(**PREDICTED).set_output(transform="pandas").fit(frame)
    assert list(rica.get_feature_names_out()) == [f"rica{i}" for i in range(40)]
    out = rica.transform(frame)
    assert list(out.columns) == list(rica.get_feature_names_out())
    assert list(rica.feature_names_in_) == list(frame.columns)
    assert_array_equal(out.to_numpy(), RICA(**PREDICTED).fit_transform(digits))


@unconverged
def test_it_is_a_step_of_a_pipeline(digits):
    clusters = make_pipeline(RICA(**PREDICTED, whiten="zca"), KMeans(5, n_init=1, random_state=0)).fit_predict(digits)
    assert len(np.unique(clusters)) == 5


# Pictures -------------------------------------------------------------------------------------------------------------


@unconverged
@pytest.mark.parametrize("input_shape", [(8, 8), (4, 5, 3), (2, 3, 4), None], ids=str)
def test_components_and_history_are_drawn(digits, input_shape):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    shape = (1, 64) if input_shape is None else input_shape
    rica = RICA(20, input_shape=input_shape, random_state=0, max_iter=3).fit(digits[:, : np.prod(shape)])
    display = rica.plot_components()
    display.figure_.canvas.draw()
    expected = rica.components_[0].reshape(shape)
    if shape[2:] == (4,):  # no colours: side by side
        expected = np.hstack([expected[..., channel] for channel in range(4)])
    first = display.ax_.images[0].get_array()[: expected.shape[0], : expected.shape[1]]
    if shape[2:] == (3,):  # colours, grey for zero
        expected = 0.5 + expected / (2 * np.abs(rica.components_).max())
    assert_allclose(first, expected)
    for chosen in ([3, 1], np.int64(2)):
        assert len(rica.plot_components(chosen).images) == 2
    for chosen in (0, [20], [10**30], "all"):
        with pytest.raises(ValueError, match="units: received"):
            rica.plot_components(chosen)
    assert_allclose(rica.plot_history().ax_[0].lines[0].get_ydata(), rica.loss_curve_)
    pyplot.close("all")


@unconverged
def test_after_principal_components_pictures_are_of_the_features(digits):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    rica = RICA(4, whiten="pca", whiten_epsilon=0.01, input_shape=(8, 8), random_state=0, max_iter=3).fit(digits)
    assert_array_equal(rica.plot_components().images, rica.components_.reshape(4, 8, 8))
    pyplot.close("all")
