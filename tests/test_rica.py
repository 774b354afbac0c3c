"""RICA: scikit-learn's contract, sources that it recovers, SciPy's search beside ours, continued fits, errors."""

import _thread
import copy
import pickle
import signal
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import rica as oracle
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from threadpoolctl import threadpool_limits

import ppdl
from ppdl import RICA
from ppdl._core import f64
from ppdl._interrupts import interruptible
from ppdl.dictionaries import (
    DCT,
    EmpiricalCovariance,
    Explicit,
    Identity,
    LowRank,
    RandomProjection,
    SquaredExponential,
)
from ppdl.estimators.ica import fitting as rica_fitting

PREDICTED = {
    "n_components": 40,
    "dictionary": SquaredExponential(),
    "learned_fraction": 0.25,
    "n_columns": 4,
    "input_shape": (8, 8),
    "random_state": 0,
    "max_iter": 4,
}
PLAIN = {"whiten": None, "non_gaussianity": 1}  # the objective of the formula, over the samples as they are
PREPARATIONS = [
    {"whiten": None},
    {"whiten": None, "standardize": True},
    {"whiten": "zca"},
    {"whiten": "pca", "standardize": True},
]
CHECKED = [
    RICA(),
    RICA(**PLAIN),
    RICA(n_components=7, standardize=True),
    RICA(whiten="zca", contrast="logcosh"),
    RICA(whiten="pca", contrast="exp"),
    RICA(dictionary=RandomProjection(), learned_fraction=0.6),
    RICA(dictionary=EmpiricalCovariance(), learned_fraction=0.6),
]

unconverged = pytest.mark.filterwarnings("ignore:RICA did not converge")


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:400] / 16


def mixed(kinds, *, n_samples=2000, seed=0):
    """Samples of sources of these kinds, unit variance, and how they are mixed."""
    rng = np.random.default_rng(seed)
    draw = {"peaked": lambda: rng.laplace(size=n_samples), "flat": lambda: rng.uniform(-1, 1, size=n_samples)}
    sources = np.stack([draw[kind]() for kind in kinds], axis=1)
    mixing = rng.normal(size=(len(kinds), len(kinds)))
    return sources / sources.std(axis=0) @ mixing.T, mixing


def loss_at_start(X, **options):
    """The objective at the weights that a fit starts from: nothing is that far from convergence."""
    return RICA(**options, tol=1e9).fit(X).loss_


@parametrize_with_checks(CHECKED)
@pytest.mark.filterwarnings("ignore")  # checks fit on purpose what cannot converge
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_scikit_learn_checks_are_many():
    assert sum(1 for _ in estimator_checks_generator(RICA())) >= 40


# Sources --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contrast", "factor"), [("smooth-l1", 1.3), ("logcosh", 1.05), ("exp", 1.15)])
@pytest.mark.parametrize("sparsity", [0.01, 1.0])
def test_whitened_sources_are_recovered_as_by_fastica(contrast, factor, sparsity):
    for seed in range(3):
        X, mixing = mixed(["peaked"] * 5, seed=seed)
        rica = RICA(whiten="zca", contrast=contrast, sparsity=sparsity, max_iter=1000, random_state=seed).fit(X)
        fastica = FastICA(whiten="unit-variance", max_iter=1000, tol=1e-6, random_state=seed).fit(X)
        ours, theirs = (oracle.amari_distance(ica.components_, mixing) for ica in (rica, fastica))
        assert ours < factor * theirs < 0.05


@unconverged  # with the wrong signs
@pytest.mark.parametrize("kinds", [["flat"] * 5, ["peaked"] * 3 + ["flat"] * 3], ids=["flat", "both"])
def test_flat_sources_are_recovered_where_the_signs_say_so(kinds):
    signs = [1 if kind == "peaked" else -1 for kind in kinds]
    for seed in range(3):
        X, mixing = mixed(kinds, seed=seed)
        rica = RICA(whiten="pca", contrast="logcosh", non_gaussianity=signs, tol=1e-5, random_state=seed).fit(X)
        fastica = FastICA(whiten="unit-variance", max_iter=1000, tol=1e-6, random_state=seed).fit(X)
        ours, theirs = (oracle.amari_distance(ica.components_, mixing) for ica in (rica, fastica))
        assert ours < 1.05 * theirs < 0.04
        all_peaked = clone(rica).set_params(non_gaussianity=1).fit(X)
        assert oracle.amari_distance(all_peaked.components_, mixing) > 0.1


def worst_correlation(components, sources):
    """Of the source that is found least, with the component that is nearest to it."""
    n = sources.shape[1]
    return np.abs(np.corrcoef(components.T, sources.T)[:-n, -n:]).max(axis=0).min()


@pytest.mark.parametrize("unit", [1.0, 1e-5])
@pytest.mark.parametrize("options", [{}, {"whiten": "pca"}, {"contrast": "logcosh"}], ids=str)
def test_fewer_components_than_average_referenced_channels_are_the_sources(unit, options):
    rng = np.random.default_rng(0)
    sources = rng.laplace(size=(6000, 8))
    X = sources @ rng.normal(size=(8, 14))
    X = unit * (X + 1e-3 * rng.normal(size=X.shape))
    X -= X.mean(axis=1, keepdims=True)
    rica = RICA(8, **options, random_state=0).fit(X)
    components = rica.transform(X)
    assert worst_correlation(components, sources) > 0.995
    assert rica.whitening_.shape == (8, 14)
    assert np.linalg.norm(rica.inverse_transform(components) - X) < 1e-3 * np.linalg.norm(X)


def test_what_whitening_and_signs_are_by_themselves(digits):
    everyday, many, predicted, told = (
        RICA(**{"random_state": 0, "max_iter": 2, **options})
        for options in ({"n_components": 5}, {"n_components": 70}, PREDICTED, {"whiten": None})
    )
    for rica in (everyday, many, predicted, told):
        with pytest.warns(ConvergenceWarning):
            rica.fit(digits)
    assert everyday.whitening_.shape == (5, 64)
    assert not any(hasattr(rica, "whitening_") for rica in (many, predicted, told))
    assert_array_equal(many.non_gaussianity_, np.ones(70))
    assert_array_equal(predicted.non_gaussianity_, np.ones(40))


@pytest.mark.parametrize("contrast", ["smooth-l1", "logcosh", "exp"])
@pytest.mark.parametrize("n_flat", [1, 4, 8])
def test_components_tell_on_which_side_of_a_gaussian_they_are(contrast, n_flat):
    X, mixing = mixed(["flat"] * n_flat + ["peaked"] * (8 - n_flat), n_samples=6000)
    rica = RICA(contrast=contrast, random_state=0).fit(X)
    assert worst_correlation(rica.transform(X), X @ np.linalg.inv(mixing).T) > 0.99
    assert sorted(rica.non_gaussianity_) == [-1] * n_flat + [1] * (8 - n_flat)
    again = clone(rica).fit(X)
    assert_array_equal(again.components_, rica.components_)


def test_one_line_noise_among_peaked_sources_is_found():
    rng = np.random.default_rng(0)
    sources = rng.laplace(size=(6000, 10))
    sources[:, 0] = np.sin(2 * np.pi * 0.04 * np.arange(6000))
    sources /= sources.std(axis=0)
    X = sources @ rng.normal(size=(10, 10))
    assert worst_correlation(RICA(random_state=0).fit_transform(X), sources) > 0.99


def test_signs_are_kept_where_a_fit_is_continued_with_few_samples():
    X, mixing = mixed(["flat"] * 2 + ["peaked"] * 2, n_samples=4000)
    rica = RICA(sparsity=5.0, random_state=0)
    assert_array_equal(rica.partial_fit(X).non_gaussianity_, np.ones(4))
    for _ in range(10):
        rica.partial_fit(X)
    assert sorted(rica.non_gaussianity_) == [-1, -1, 1, 1]
    signs = rica.non_gaussianity_
    assert_array_equal(rica.partial_fit(X[:1]).non_gaussianity_, signs)
    assert worst_correlation(rica.transform(X), X @ np.linalg.inv(mixing).T) > 0.98


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer], ids=lambda load: load.__name__)
@pytest.mark.parametrize("options", [{}, {"whiten": "zca"}, {"whiten": "zca", "n_components": 4}], ids=str)
def test_fits_of_tables_converge_by_themselves(load, options):
    rica = RICA(**options, random_state=0).fit(load().data)  # a ConvergenceWarning would be an error
    assert rica.n_iter_ < rica.max_iter
    assert rica.history_["gradient_norm"][-1] <= 0.05 / np.sqrt(len(load().data))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_samples_that_are_small_beside_the_parameters_are_told(method):
    X = 1e-5 * mixed(["peaked"] * 4)[0]
    with pytest.warns(UserWarning, match="X: received samples of root mean square .* whiten, or scale them") as caught:
        getattr(RICA(6, random_state=0, tol=1e9), method)(X)
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("options", PREPARATIONS[1:], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_units_of_the_data_do_not_matter_after_whitening_or_scaling(options, dtype):
    X, _ = mixed(["peaked"] * 4)
    reference = RICA(**options, random_state=0).fit(X)
    for unit in (1e-9, 1e6):
        rica = RICA(**options, random_state=0).fit((unit * X).astype(dtype))
        assert_allclose(unit * rica.components_, reference.components_, atol=0.02)
        assert_allclose(rica.loss_, reference.loss_, rtol=1e-3)


@pytest.mark.parametrize("unit", [1e-6, 1e4])
def test_search_is_the_same_where_data_sparsity_and_epsilon_are_in_other_units(unit):
    X, _ = mixed(["peaked"] * 4)
    options = {**PLAIN, "random_state": 0, "n_components": 6, "tol": 1e-5}
    options |= {"sparsity": 0.05, "contrast_epsilon": 1e-5}
    reference = RICA(**options).fit(X)
    rica = RICA(**{**options, "sparsity": 0.05 * unit, "contrast_epsilon": 1e-5 * unit**2}).fit(unit * X)
    assert_allclose(rica.loss_, unit**2 * reference.loss_, rtol=1e-5)
    assert_allclose(rica.transform(unit * X), unit * reference.transform(X), atol=0.05 * unit)


@pytest.mark.parametrize(("unit", "options"), [(1e-18, {}), (1e-9, {"contrast_epsilon": 1e-23}), (1e12, {})], ids=str)
def test_float32_samples_whose_objective_leaves_its_range_are_learned_from_as_in_float64(unit, options):
    X, _ = mixed(["peaked"] * 4)
    single = (unit * X).astype(np.float32)
    scaled = {"sparsity": 0.05 * unit, "contrast_epsilon": 1e-5 * min(unit, 1.0) ** 2}
    options = {**PLAIN, "random_state": 0, "tol": 1e-5, **scaled, **options}
    double = RICA(**options).fit(single.astype(np.float64))
    rica = RICA(**options).fit(single)
    assert rica.components_.dtype == rica.transform(single).dtype == np.float32
    assert rica.n_iter_ > 10
    assert_allclose(rica.loss_, double.loss_, rtol=1e-4)
    batches = RICA(**options).partial_fit(single)
    assert np.abs(batches.components_ - RICA(**{**options, "tol": 1e9}).fit(single).components_).max() > 0.05


@pytest.mark.parametrize("contrast", ["smooth-l1", "exp"])
@pytest.mark.parametrize(("dtype", "unit"), [(np.float32, 1e-30), (np.float64, 1e-30), (np.float64, 1e-200)], ids=str)
def test_samples_too_small_for_the_objective_are_told(dtype, unit, contrast):
    X = (unit * mixed(["peaked"] * 4)[0]).astype(dtype)
    for name in ("fit", "partial_fit"):
        method = getattr(RICA(**PLAIN, contrast=contrast, random_state=0), name)
        with pytest.warns(ConvergenceWarning, match="samples of root mean square .* is lost in rounding") as caught:
            components = method(X).components_
        assert caught[0].filename == __file__
        assert_allclose(np.linalg.norm(components, axis=1), 1.0, rtol=1e-6)


def test_small_sparsity_does_not_end_the_search_early():
    X, mixing = mixed(["peaked"] * 5)
    rica = RICA(whiten="zca", contrast="logcosh", sparsity=5e-4, max_iter=2000, random_state=0).fit(X)
    assert oracle.amari_distance(rica.components_, mixing) < 0.03


# The search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_components", "options", "tolerance"),
    [
        (6, {"sparsity": 0.3, "contrast_epsilon": 1e-2}, 1e-6),
        (6, {"sparsity": 0.05, "contrast": "logcosh"}, 1e-5),
        (9, {"sparsity": 0.3, "contrast": "logcosh"}, 2e-3),  # has several minima, this close together
    ],
    ids=str,
)
def test_value_and_evaluations_are_those_of_scipy_minimising_the_formula(monkeypatch, n_components, options, tolerance):
    found, fit_lbfgs = [], f64.fit_lbfgs
    monkeypatch.setattr(f64, "fit_lbfgs", lambda *args, **how: found.append(fit_lbfgs(*args, **how)) or found[-1])
    ratios = []
    for seed in range(4):
        X, _ = mixed(["peaked"] * 6, n_samples=500, seed=seed)
        X /= np.sqrt(np.mean(X**2))
        start = np.random.default_rng(seed).standard_normal((n_components, 6))
        start /= np.linalg.norm(start, axis=1, keepdims=True)
        rica = RICA(n_components, **PLAIN, init=start, max_iter=2000, tol=1e-5, **options).fit(X)
        unit = rica_fitting.size_of_terms(X, options["sparsity"])

        def formula(w, X=X, unit=unit):
            value, gradient = oracle.value_and_gradient(w.reshape(6, -1), X, norm_epsilon=1e-8, **options)
            return value / unit, gradient.ravel() / unit

        stopping = {"maxcor": 10, "gtol": 1e-5, "ftol": 1e-9, "maxiter": 2000, "maxfun": 10**5}
        scipy = minimize(formula, start.T.ravel(), jac=True, method="L-BFGS-B", options=stopping)
        assert rica.loss_ <= unit * scipy.fun * (1 + tolerance)
        assert_allclose(rica.loss_, oracle.value(rica.components_.T, X, norm_epsilon=1e-8, **options), rtol=1e-7)

        ratios.append(found[-1].n_evaluations / scipy.nfev)
    assert np.mean(ratios) <= 1.2


@pytest.mark.parametrize(
    "dictionary", [Identity(), Explicit(np.eye(64)), DCT(), RandomProjection(orthonormalize=True)], ids=repr
)
def test_all_weights_learned_through_an_orthonormal_dictionary_are_ordinary_ones(digits, dictionary):
    options = {"n_components": 20, "whiten": "zca", "whiten_epsilon": 0.01, "input_shape": (8, 8), "sparsity": 0.3}
    options |= {"init": np.random.default_rng(0).standard_normal((20, 64)), "random_state": 0, "non_gaussianity": 1}
    ordinary, predicted = (RICA(**options, dictionary=d, max_iter=12, tol=0.0) for d in (None, dictionary))
    for rica in (ordinary, predicted):
        with pytest.warns(ConvergenceWarning):
            rica.fit(digits)
    assert_allclose(predicted.loss_curve_, ordinary.loss_curve_, rtol=1e-6)
    assert_allclose(predicted.components_, ordinary.components_, atol=1e-4 * np.abs(ordinary.components_).max())


@unconverged
@pytest.mark.parametrize("options", [{}, {"whiten": "zca", "whiten_epsilon": 0.01}, {"n_components": 100}], ids=str)
def test_float32_stays_close_to_float64(digits, options):
    options = {**PREDICTED, "max_iter": 15, "contrast": "logcosh", **options}
    double, single = (RICA(**options).fit(digits.astype(dtype)) for dtype in (np.float64, np.float32))
    assert single.components_.dtype == single.transform(digits).dtype == single.mixing_.dtype == np.float32
    assert_allclose(single.loss_curve_, double.loss_curve_, rtol=1e-3)
    assert_allclose(single.transform(digits), double.transform(digits), atol=0.02 * double.transform(digits).std())


@unconverged
@pytest.mark.parametrize("options", PREPARATIONS, ids=str)
def test_any_number_of_threads_gives_the_same_bits(options):
    X = np.random.default_rng(0).laplace(size=(2100, 27)).astype(np.float32)  # two groups of samples in the core
    options = {**PREDICTED, **options, "input_shape": None, "dictionary": EmpiricalCovariance(), "max_iter": 2}
    fits = []
    for n in (1, 2, 3):
        with threadpool_limits(n):  # of NumPy's products, too
            rica = RICA(**options).fit(X)
            batches = RICA(**options).partial_fit(X)
            transformed = rica.transform(X)
        with threadpool_limits(3, user_api="openmp"):  # as if there were so many processors
            assert_array_equal(RICA(**options, n_threads=n).fit(X).components_, rica.components_)
        fits.append((rica.components_, rica.loss_curve_, transformed, batches.components_))
    for fit in fits[1:]:
        for array, first in zip(fit, fits[0], strict=True):
            assert_array_equal(array, first)


@unconverged
def test_same_seed_same_bits_other_seed_others(digits):
    first, again, other = (RICA(**{**PREDICTED, "random_state": seed}).fit(digits) for seed in (5, 5, 6))
    assert_array_equal(first.components_, again.components_)
    assert first.dictionary_.digest() == again.dictionary_.digest() != other.dictionary_.digest()


@unconverged
@pytest.mark.parametrize("options", [{}, {"whiten": "zca"}, {"dictionary": EmpiricalCovariance()}], ids=str)
def test_samples_that_are_not_pooled_give_the_same_components(digits, options):
    pooled, predicted = (RICA(**{**PREDICTED, **options, "memory_limit": m}).fit(digits) for m in (2**30, 0))
    assert_allclose(predicted.components_, pooled.components_, atol=1e-9 * np.abs(pooled.components_).max())


@unconverged
def test_read_only_memory_map_is_used_as_it_is(digits, tmp_path, monkeypatch):
    np.save(tmp_path / "X.npy", digits)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    seen, fit_lbfgs = [], f64.fit_lbfgs
    monkeypatch.setattr(f64, "fit_lbfgs", lambda *args, **how: seen.append(args[2]) or fit_lbfgs(*args, **how))
    rica = RICA(**PREDICTED).fit(X)
    assert np.shares_memory(seen[0], X)
    assert_array_equal(rica.components_, RICA(**PREDICTED).fit(digits).components_)
    assert_array_equal(rica.transform(X), rica.transform(digits))


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


# Continued fits -------------------------------------------------------------------------------------------------------


@unconverged
@pytest.mark.parametrize("options", [*PREPARATIONS[:3], {"dictionary": LowRank()}], ids=str)
def test_warm_start_goes_on_from_the_weights(digits, options):
    rica = RICA(**{**PREDICTED, **options}, whiten_epsilon=0.01, warm_start=True).fit(digits)
    losses, dictionary = list(rica.loss_curve_), rica.dictionary_
    rica.fit(digits)
    assert rica.loss_curve_[: len(losses)] == losses
    assert len(rica.loss_curve_) == 8
    assert np.all(np.diff(rica.loss_curve_) < 0)
    assert rica.dictionary_ is dictionary
    assert len(rica.set_params(warm_start=False).fit(digits).loss_curve_) == 4


@unconverged
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", PREPARATIONS, ids=str)
@pytest.mark.parametrize("dictionary", [None, SquaredExponential()], ids=repr)
def test_components_as_init_are_continued(digits, dictionary, options, dtype):
    if options.get("whiten") == "pca" and dictionary is not None:
        pytest.skip("principal components are not the points of a grid")
    X = digits.astype(dtype)
    options = {**options, "whiten_epsilon": 0.01, "n_components": 70, "random_state": 0, "max_iter": 5}
    options |= {"dictionary": dictionary, "learned_fraction": 1.0 if dictionary is None else 0.5, "input_shape": (8, 8)}
    rica = RICA(**options).fit(X)
    assert_allclose(loss_at_start(X, **options, init=rica.components_), rica.loss_, rtol=1e-5)
    assert RICA(**options, init=rica.components_).fit(X).loss_ < rica.loss_


@pytest.mark.parametrize("options", [{"whiten": None}, {"whiten": "zca", "whiten_epsilon": 0.01}], ids=str)
def test_samples_as_init_are_where_it_starts(digits, options):
    start = RICA(20, **options, init="samples", random_state=0, tol=1e9).fit(digits)
    assert start.n_iter_ == 1
    filters, prepared = start.components_, digits
    if options["whiten"]:
        filters = np.linalg.solve(start.whitening_.T, filters.T).T
        prepared = (digits - start.mean_) @ start.whitening_.T
    cosines = filters @ (prepared / np.linalg.norm(prepared, axis=1, keepdims=True)).T
    assert_allclose(cosines.max(axis=1), 1.0)
    assert len(set(cosines.argmax(axis=1))) == 20


def test_samples_of_zeros_have_no_direction_to_start_from(digits):
    X = np.vstack([np.zeros((2000, 64)), digits])
    start = RICA(20, **PLAIN, init="samples", random_state=0, tol=1e9).fit(X)
    assert_allclose(np.linalg.norm(start.components_, axis=1), 1.0)
    assert np.linalg.matrix_rank(start.components_) == 20


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_components": 41}, "n_components: received 41; expected 40, which was fitted"),
        ({"dictionary": DCT()}, r"dictionary: received DCT\(\); expected SquaredExponential"),
        ({"learned_fraction": 0.5}, "learned_fraction: received 0.5; expected 0.25"),
        ({"n_columns": 2}, "n_columns: received 2; expected 4"),
        ({"input_shape": (4, 16)}, r"input_shape: received \[4, 16\]; expected \[8, 8\]"),
        ({"whiten": "zca"}, "whiten: received 'zca'; expected None"),
        ({"standardize": True}, "standardize: received True; expected False"),
    ],
    ids=str,
)
@unconverged
def test_what_is_continued_cannot_be_another_model(digits, changed, message):
    rica = RICA(**PREDICTED, warm_start=True).fit(digits).set_params(**changed)
    before = dict(vars(rica))
    for method in (rica.fit, rica.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(digits)
    assert vars(rica) == before


@pytest.mark.parametrize("options", [{}, {"whiten": "zca", "whiten_epsilon": 0.01}, {"dictionary": LowRank()}], ids=str)
def test_partial_fit_learns_call_by_call(digits, options):
    rica = RICA(**{**PREDICTED, **options}, batch_size=100)
    for _ in range(6):
        rica.partial_fit(digits)
    assert np.all(np.diff(rica.loss_curve_) < 0)
    assert len(rica.history_["time"]) == 6
    assert rica.n_iter_ == 24
    assert_allclose(rica.loss_, rica.loss_curve_[-1])
    assert rica.partial_fit(digits[:1]).n_iter_ == 25


@unconverged
def test_entries_that_a_call_lacks_are_nan(digits):
    rica = RICA(**PREDICTED).fit(digits)
    n, before = rica.n_iter_, rica.history_["gradient_norm"]
    norms = rica.partial_fit(digits).history_["gradient_norm"]
    assert norms[:n] == before
    assert np.isnan(norms[n:]).all() and len(norms) == len(rica.loss_curve_) == n + 1


def test_partial_fits_are_one_run_of_adam(digits):
    whole = RICA(**PREDICTED, batch_size=50).partial_fit(digits)
    parts = RICA(**PREDICTED, batch_size=50)
    for first in range(0, 400, 200):
        parts.partial_fit(digits[first : first + 200])
    assert_array_equal(parts.components_, whole.components_)
    assert_allclose(np.mean(parts.loss_curve_), whole.loss_)


def test_partial_fit_separates_sources():
    X, mixing = mixed(["peaked"] * 4)
    rica = RICA(whiten="zca", sparsity=1.0, batch_size=50, random_state=0)
    for _ in range(20):
        rica.partial_fit(X)
    assert oracle.amari_distance(rica.components_, mixing) < 0.05


@unconverged
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda rica: pickle.loads(pickle.dumps(rica))])
def test_copies_transform_to_the_same_bits_and_learn_on(digits, duplicate):
    rica = RICA(**PREDICTED, whiten="zca").partial_fit(digits)
    other = duplicate(rica)
    assert_array_equal(other.transform(digits), rica.transform(digits))
    assert_array_equal(other.mixing_, rica.mixing_)
    assert_array_equal(other.partial_fit(digits).components_, rica.partial_fit(digits).components_)
    assert_array_equal(
        clone(rica).partial_fit(digits).components_, RICA(**PREDICTED, whiten="zca").partial_fit(digits).components_
    )


def test_pickles_hold_no_object_of_the_core(digits):
    assert b"ppdl._core" not in pickle.dumps(RICA(**PREDICTED).partial_fit(digits))


# Interrupts, warnings, errors -----------------------------------------------------------------------------------------


def test_interrupt_keeps_the_last_iteration(digits, monkeypatch):
    rica = RICA(**{**PREDICTED, "max_iter": 10**6, "tol": 0.0})
    seen = []

    def interrupt(self, number, entries):
        seen.append(number)
        if number == 3:
            _thread.interrupt_main()  # as Ctrl-C; it is met in the next evaluation

    monkeypatch.setattr("ppdl.estimators.training.progress.ProgressTable.line", interrupt)
    with pytest.warns(UserWarning, match=r"RICA interrupted by user; the components are those of \d iteration"):
        rica.fit(digits)
    monkeypatch.undo()
    assert rica.n_iter_ == len(rica.loss_curve_) == seen[-1]
    with pytest.warns(ConvergenceWarning):
        undisturbed = RICA(**{**PREDICTED, "max_iter": rica.n_iter_, "tol": 0.0}).fit(digits)
    assert_array_equal(rica.components_, undisturbed.components_)


def test_interrupt_before_the_first_iteration_changes_nothing(digits, monkeypatch):
    rica = RICA(**PREDICTED).partial_fit(digits)
    before = dict(vars(rica))

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(rica_fitting, "objective", interrupted)
    for method in (rica.fit, rica.partial_fit):
        with pytest.raises(KeyboardInterrupt):
            method(digits)
        assert vars(rica) == before


def test_an_interrupt_ends_the_wait_for_a_library_and_errors_pass():
    never = threading.Event()
    timer = threading.Timer(0.05, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        interruptible(never.wait)
    never.set()
    timer.join()
    with pytest.raises(np.linalg.LinAlgError):
        interruptible(lambda: np.linalg.inv(np.zeros((2, 2))))


def test_an_interrupt_ends_the_iteration_that_it_meets(monkeypatch):
    X = np.random.default_rng(0).laplace(size=(20_000, 100)).astype(np.float32)
    rica = RICA(1600, max_iter=10**6, tol=0.0, random_state=0)

    def line(self, number, entries):
        if number == 1:  # while the second iteration is computed
            threading.Timer(0.01, _thread.interrupt_main).start()

    monkeypatch.setattr("ppdl.estimators.training.progress.ProgressTable.line", line)
    with pytest.warns(UserWarning, match="interrupted by user"):
        rica.fit(X)
    assert rica.n_iter_ < rica.max_iter


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iter": 2}, "RICA did not converge: stopped after max_iter = 2; the largest entry of the gradient"),
        ({"max_fun": 3}, "RICA did not converge: stopped after max_fun = 3"),
    ],
    ids=str,
)
def test_warning_tells_why_it_did_not_converge(options, message):
    X, _ = mixed(["peaked"] * 4)
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        RICA(**options, random_state=0).fit(X)
    assert caught[0].filename == __file__


def test_short_steps_end_the_search():
    X, _ = mixed(["peaked"] * 4)
    short, long = (RICA(step_tol=step_tol, random_state=0).fit(X) for step_tol in (1e-2, 0.0))
    assert 1 < short.n_iter_ < long.n_iter_


def test_progress_is_printed(digits, capsys):
    with pytest.warns(ConvergenceWarning):
        RICA(**PREDICTED, verbose=True).fit(digits)
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["step", "loss", "gradient", "seconds"]
    assert len(lines) == 4
    with pytest.warns(ConvergenceWarning):
        RICA(**PREDICTED, verbose=2).fit(digits)
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "4"]


BAD_PARAMETERS = [
    ({"n_components": 0}, "n_components: received 0"),
    ({"n_components": 2.5}, "n_components: received 2.5"),
    ({"n_components": 2**31}, "n_components: received 2147483648"),
    ({"n_columns": 10**30}, "n_columns: received 1000"),
    ({"dictionary": "SE"}, "dictionary: received 'SE'"),
    ({"dictionary": SquaredExponential(), "input_shape": None}, "input_shape"),
    ({"learned_fraction": 0.0}, "learned_fraction: received 0.0"),
    ({"learned_fraction": 1.5}, "learned_fraction: received 1.5"),
    ({"learned_fraction": 0.01}, "learned_fraction: 0.01 of 64 inputs leaves no atom"),
    ({"dictionary": None}, "learned_fraction: received 0.25, but without a dictionary"),
    ({"n_columns": 0}, "n_columns: received 0"),
    ({"n_columns": 41}, "n_columns: received 41; expected 1 to 40"),
    ({"input_shape": (8, 9)}, r"input_shape: \(8, 9\) holds 72 inputs; expected 64"),
    ({"input_shape": "square"}, "input_shape: received 'square'"),
    ({"contrast": "cube"}, "contrast: received 'cube'; expected one of 'smooth-l1', 'logcosh', 'exp'"),
    ({"contrast_epsilon": 0.0}, "contrast_epsilon: received 0.0"),
    ({"contrast_epsilon": float("nan")}, "contrast_epsilon: received nan"),
    ({"sparsity": -0.1}, "sparsity: received -0.1"),
    ({"sparsity": "0.1"}, "sparsity: received '0.1'"),
    ({"non_gaussianity": 0}, "non_gaussianity: received 0; expected 'auto', 1 or -1"),
    ({"non_gaussianity": [1, -1]}, r"non_gaussianity: received \[1, -1\]; .* each of 40 components"),
    ({"whiten": True}, "whiten: received True; expected one of 'auto', None, 'zca', 'pca'"),
    ({"whiten": "pca"}, "whiten: received 'pca', after which features are no longer the points of input_shape"),
    ({"whiten_epsilon": -1.0}, "whiten_epsilon: received -1.0"),
    ({"standardize": "yes"}, "standardize: received 'yes'"),
    ({"max_iter": 0}, "max_iter: received 0"),
    ({"max_fun": 0}, "max_fun: received 0"),
    *[({name: 2**63}, f"{name}: received 9223372036854775808") for name in ("max_iter", "max_fun", "batch_size")],
    *[({name: 10**400}, f"{name}: received") for name in ("sparsity", "tol", "whiten_epsilon", "memory_limit")],
    ({"tol": -1.0}, "tol: received -1.0"),
    ({"tol": "small"}, "tol: received 'small'"),
    ({"verbose": -1}, "verbose: received -1; expected an integer, at least 0"),
    ({"step_tol": float("inf")}, "step_tol: received inf"),
    ({"memory": 0}, "memory: received 0"),
    ({"memory": 2**40}, "memory: received 1099511627776"),
    ({"init": "pca"}, "init: received 'pca'"),
    ({"init": [["a", "b"]]}, r"init: received <U1 of shape \(1, 2\)"),
    ({"init": np.ones((3, 64))}, r"init: received float64 of shape \(3, 64\); .* \(40, 64\)"),
    ({"init": np.full((40, 64), np.nan)}, "init: received NaN or infinity"),
    ({"init": np.eye(40, 64, k=1)[::-1] * 0.0}, "init: row 0 is zero"),
    ({"init": np.ones((40, 64)), "dictionary": LowRank()}, "init: .* no unique U and V of LowRank"),
    ({"warm_start": None}, "warm_start: received None"),
    ({"batch_size": 0}, "batch_size: received 0"),
    ({"learning_rate_init": 0.0}, "learning_rate_init: received 0.0"),
    ({"random_state": "x"}, "'x' cannot be used to seed"),
    ({"n_threads": 0}, "n_threads: received 0"),
    ({"memory_limit": 1e9}, "memory_limit: received 1000000000.0"),
]


@pytest.mark.parametrize(("changed", "message"), BAD_PARAMETERS, ids=lambda value: str(value)[:60])
@unconverged
def test_bad_parameters_are_named_and_nothing_changes(digits, changed, message):
    rica = RICA(**PREDICTED).fit(digits)
    rica.set_params(**changed)
    before = dict(vars(rica))
    with pytest.raises(ValueError, match=message):
        rica.fit(digits)
    assert vars(rica) == before


BAD_DATA = [
    ("NaN", lambda X: np.where(X.max() == X, np.nan, X), "NaN"),
    ("infinity", lambda X: np.where(X.max() == X, np.inf, X), "infinity"),
    ("one dimension", lambda X: X[0], "2D array"),
    ("one sample", lambda X: X[:1], "1 sample"),
    ("no sample", lambda X: X[:0], "0 sample"),
    ("text", lambda X: np.full(X.shape, "a"), "could not convert"),
]


@pytest.mark.parametrize(("damage", "message"), [case[1:] for case in BAD_DATA], ids=[case[0] for case in BAD_DATA])
def test_bad_data_are_refused_and_nothing_changes(digits, damage, message):
    unfitted, fitted = RICA(**PREDICTED), RICA(**PREDICTED).partial_fit(digits)
    for rica in (unfitted, fitted):
        before = dict(vars(rica))
        with pytest.raises(ValueError, match=message):
            rica.fit(damage(digits))
        assert vars(rica) == before
    for damaged in (digits[:, 1:], np.where(digits == 0, np.nan, digits)):
        for method in (fitted.partial_fit, fitted.transform):
            with pytest.raises(ValueError, match="63 features|NaN"):
                method(damaged)
    with pytest.raises(ValueError, match="X: received 39 columns; expected 40, one per component"):
        fitted.inverse_transform(np.ones((2, 39)))


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (np.eye(4) * 1e200, {"whiten": None}, ppdl.NumericalError, "no finite objective: .* scale the samples"),
        (np.eye(4) * 1e200, {"standardize": True, "whiten": None}, ValueError, r"X: the largest magnitude is 1e\+200"),
        (np.eye(4) * 1e200, {"whiten": "zca"}, ValueError, r"X: the largest magnitude is 1e\+200"),
        (np.eye(4, dtype="f4"), {"contrast_epsilon": 1e-60}, ValueError, "contrast_epsilon: .* is 0.0 in float32"),
    ],
    ids=str,
)
def test_numbers_out_of_range_are_named(X, options, error, message):
    rica = RICA(**options)
    before = dict(vars(rica))
    with pytest.raises(error, match=message), np.errstate(all="ignore"):
        rica.fit(X)
    assert vars(rica) == before


def test_steps_that_leave_the_range_are_refused(digits):
    rica = RICA(learning_rate_init=1e300, tol=1e9, random_state=0).fit(digits.astype(np.float32))
    before = dict(vars(rica))
    with pytest.raises(ppdl.NumericalError, match="not finite after it; lower learning_rate_init"):
        rica.partial_fit(digits[:10])
    assert vars(rica) == before


@unconverged
def test_components_beyond_the_range_are_reported(digits):
    rica = RICA(5, max_iter=2, random_state=0).fit(digits.astype(np.float32))
    with pytest.warns(RuntimeWarning, match="X: the result holds NaN or infinity"):
        rica.transform(np.full((2, 64), 3e38, dtype=np.float32))


def test_what_is_fitted_is_absent_before():
    rica = RICA()
    for name in ("components_", "mixing_", "dynamic_components_", "dictionary_", "loss_curve_"):
        assert not hasattr(rica, name)
    for use in (rica.plot_components, rica.plot_history, lambda: rica.transform(np.eye(2))):
        with pytest.raises(NotFittedError):
            use()


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
