"""RICA finds sources, and the minimum that SciPy finds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import rica as oracle
from rica_cases import PLAIN, PREDICTED, PREPARATIONS, mixed, unconverged
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from ppdl import RICA
from ppdl._core import f64
from ppdl.dictionaries import DCT, EmpiricalCovariance, Explicit, Identity, RandomProjection
from ppdl.estimators.ica import fitting as rica_fitting


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:400] / 16


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
