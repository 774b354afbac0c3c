"""The numbers in dictionaries, against their formulas, SciPy, scikit-learn and PyWavelets."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import dictionaries as oracle
from sklearn.kernel_ridge import KernelRidge

from ppdl import _core
from ppdl.dictionaries import (
    DCT,
    AutoencoderAtoms,
    EmpiricalCovariance,
    LayerInput,
    PrincipalComponents,
    RandomProjection,
    SquaredExponential,
    Wavelet,
)

GRIDS = [(8, 8), (28, 28), (6, 4), (4, 6, 3), (8, 4, 2)]


def input_of(shape, **options):
    return LayerInput(int(np.prod(shape)), shape=shape, **options)


def uniform(*shape):
    return np.random.default_rng(0).uniform(size=shape)


# Kernels


@pytest.mark.parametrize(
    ("shape", "length_scale"), [((5, 4), 0.5), ((3, 4, 3), 3.0), (uniform(7, 1), 3.0), (uniform(7, 3), 0.5)]
)
def test_squared_exponential_is_its_formula(shape, length_scale):
    n_visible = 21 if np.ndim(shape) == 2 else int(np.prod(shape))  # points bear three channels
    inputs = LayerInput(n_visible, shape=shape)
    columns = SquaredExponential(length_scale, ridge=0.3).columns(inputs, sizes=(2, 2), fraction=0.5)
    K = oracle.squared_exponential(inputs.points, inputs.n_channels, length_scale)
    assert np.allclose(np.kron(columns.base, np.eye(columns.n_channels)), K, rtol=1e-14, atol=1e-300)
    for j in range(len(columns.columns)):
        assert np.allclose(columns.dictionary(j), oracle.ridge(K, columns.atoms(j), 0.3), atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.3, 1.2), st.integers(0, 2**32), st.floats(0.1, 1.0))
def test_without_ridge_the_predictor_interpolates_the_chosen_weights(length_scale, seed, fraction):
    columns = SquaredExponential(length_scale, ridge=1e-12).columns(
        input_of((6, 6), seed=seed), sizes=(1,), fraction=fraction
    )
    at_atoms = columns.dictionary(0)[columns.columns[0].atoms]
    assert np.allclose(at_atoms, np.eye(len(at_atoms)), atol=1e-6)


@pytest.mark.parametrize("ridge", [1e-3, 0.1, 10.0])
def test_kernel_ridge_predicts_what_scikit_learn_predicts(ridge):
    columns = SquaredExponential(1.5, ridge=ridge).columns(input_of((10, 10)), sizes=(3,), fraction=0.3)
    K, atoms, V = columns.base, columns.columns[0].atoms, uniform(30, 3)
    peer = KernelRidge(alpha=ridge, kernel="precomputed").fit(K[np.ix_(atoms, atoms)], V).predict(K[:, atoms])
    assert np.allclose(columns.dictionary(0) @ V, peer, atol=1e-10)


def test_ridge_and_raw_atoms_span_the_same_weights():
    ridge, raw = (
        SquaredExponential(atoms=atoms).columns(input_of((8, 8)), sizes=(1,), fraction=0.3).dictionary(0)
        for atoms in ("ridge", "raw")
    )
    residual = ridge - raw @ np.linalg.lstsq(raw, ridge, rcond=None)[0]
    assert np.abs(residual).max() < 1e-12


# Covariance


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "power"), [((2, 1), 1), ((100, 7), 2), ((513, 129), 1), ((2000, 300), 2)])
def test_covariance_is_that_of_numpy(dtype, shape, power):
    X = uniform(*shape).astype(dtype)
    C = _core.dictionary.covariance(X, power)
    # Sums of n products of numbers below 1, in double precision.
    assert np.allclose(C, np.cov(X.T.astype(np.float64) ** power), rtol=0, atol=1e-13)
    assert np.array_equal(C, C.T)
    assert np.allclose(
        _core.dictionary.covariance(X, power, center=False), oracle.covariance(X, power, False), atol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_covariance_survives_a_large_mean(dtype):
    X = (1e6 + 10 * uniform(1000, 5)).astype(dtype)
    assert np.allclose(_core.dictionary.covariance(X), np.cov(X.T.astype(np.float64)), rtol=0, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("weight", [None, np.r_[0, np.full(1000, 0.3)]], ids=["plain", "weighted"])
def test_what_is_constant_has_no_variance_at_all(dtype, power, weight):
    X = np.full((1001, 2), 0.1, dtype)
    assert not _core.dictionary.covariance(X, power, sample_weight=weight).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [1, 2])
def test_weighted_covariance_is_that_of_numpy(dtype, power):
    X = uniform(700, 140).astype(dtype)
    powers = X.T.astype(np.float64) ** power
    counts = np.random.default_rng(1).integers(0, 4, size=700)
    found = _core.dictionary.covariance(X, power, sample_weight=counts.astype(np.float64))
    assert np.allclose(found, np.cov(powers, fweights=counts), rtol=0, atol=1e-13)
    reliabilities = uniform(700) / 700
    for scale in (1.0, 1e-9):
        found = _core.dictionary.covariance(X, power, sample_weight=scale * reliabilities)
        assert np.allclose(found, np.cov(powers, aweights=reliabilities), rtol=0, atol=1e-13)
    found = _core.dictionary.covariance(X, power, center=False, sample_weight=reliabilities)
    assert np.allclose(found, powers * reliabilities @ powers.T / reliabilities.sum(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("power", [1, 2])
def test_covariance_is_the_same_bits_for_any_number_of_threads(power):
    X = uniform(3000, 300).astype(np.float32)
    one = _core.dictionary.covariance(X, power, n_threads=1)
    for n_threads in (2, 3, 7):
        assert np.array_equal(_core.dictionary.covariance(X, power, n_threads=n_threads), one)


def test_covariance_copies_nothing_in_silence():
    for X in (uniform(6, 4)[::2], np.asfortranarray(uniform(6, 4)), uniform(6, 4).astype(int)):
        with pytest.raises(TypeError):
            _core.dictionary.covariance(X)


@pytest.mark.parametrize("power", [1, 2])
def test_empirical_covariance_is_kernel_ridge_on_the_covariance(power):
    X = uniform(200, 12)
    columns = EmpiricalCovariance(power).columns(LayerInput(12, activations=X), sizes=(2, 2), fraction=0.5)
    for j in range(2):
        expected = oracle.ridge(oracle.covariance(X, power), columns.atoms(j), 1e-3)
        assert np.allclose(columns.dictionary(j), expected, atol=1e-11)


# Orthonormal bases


@pytest.mark.parametrize(
    ("dictionary", "shape"),
    [(dictionary, shape) for dictionary in (DCT(), Wavelet()) for shape in GRIDS]
    + [(Wavelet("db2"), shape) for shape in ((8, 8), (28, 28), (6, 12, 3))]
    + [(PrincipalComponents(), (6, 4))],
    ids=str,
)
def test_orthonormal_bases_keep_lengths(dictionary, shape):
    inputs = input_of(shape, activations=uniform(50, int(np.prod(shape))))
    B = dictionary.columns(inputs, sizes=(1,)).dictionary(0)
    assert B.shape == (inputs.n_visible, inputs.n_visible)
    assert np.allclose(B.T @ B, np.eye(len(B)), atol=1e-11)


@pytest.mark.parametrize(
    "dictionary",
    [SquaredExponential(), SquaredExponential(atoms="raw"), EmpiricalCovariance(2), RandomProjection(), DCT()],
    ids=repr,
)
def test_orthonormalize_keeps_the_span_and_makes_the_atoms_orthonormal(dictionary):
    inputs = input_of((8, 8), activations=uniform(300, 64))
    plain = dictionary.columns(inputs, sizes=(1, 1), fraction=0.3)
    orthonormal = replace(dictionary, orthonormalize=True).columns(inputs, sizes=(1, 1), fraction=0.3)
    for j in range(2):
        Q = orthonormal.dictionary(j)
        assert np.allclose(Q.T @ Q, np.eye(Q.shape[1]), atol=1e-10)
        assert np.allclose(Q, oracle.gram_schmidt(plain.dictionary(j)), atol=1e-9)
        core = orthonormal.weights(np.float32).dictionary(j)
        assert np.allclose(core.T @ core, np.eye(Q.shape[1]), atol=1e-5)


@pytest.mark.parametrize(("sizes", "separable"), [((1,), False), ((1, 1), False), ((1,), True)])
def test_an_ill_conditioned_mix_does_no_harm_in_float32(sizes, separable):
    columns = SquaredExponential(1.5, ridge=1e-9, orthonormalize=True).columns(
        input_of((10, 10)), sizes=sizes, fraction=0.9
    )
    assert np.abs(columns.columns[0].mix).max() > 1e3
    weights = columns.weights(np.float32, separable=separable)
    for j in range(len(sizes)):
        Q = weights.dictionary(j)
        assert np.allclose(Q.T @ Q, np.eye(90), atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (5, 7), (1, 6), (6, 1)])
def test_cosines_are_the_transform_of_scipy_in_order_of_frequency(shape):
    B = _core.dictionary.cosines(*shape)
    image = uniform(*shape)
    basis, frequencies = oracle.cosines(*shape)
    order = np.argsort(frequencies.round(12), kind="stable")
    assert np.allclose(B, basis[:, order], atol=1e-14)
    assert np.allclose(B.T @ image.ravel(), scipy.fft.dctn(image, norm="ortho").ravel()[order], atol=1e-13)


def test_cosines_of_a_layer_without_shape_are_those_of_a_signal():
    B = DCT().columns(LayerInput(20), sizes=(1,)).base
    x = uniform(20)
    assert np.allclose(B.T @ x, scipy.fft.dct(x, norm="ortho"), atol=1e-14)


def test_atoms_of_a_channel_stay_in_it():
    for dictionary in (DCT(), Wavelet()):
        one = dictionary.columns(input_of((4, 4)), sizes=(1,)).dictionary(0)
        three = dictionary.columns(input_of((4, 4, 3)), sizes=(1,)).dictionary(0)
        for channel in range(3):
            assert np.array_equal(three[channel::3, channel::3], one)
            assert not three[channel::3, (channel + 1) % 3 :: 3].any()


def test_wavelets_go_from_coarse_to_fine():
    B = Wavelet().columns(input_of((28, 28)), sizes=(1,)).base
    support = (np.abs(B) > 1e-12).sum(axis=0)
    assert np.array_equal(support, [16] * 196 + [4] * 588)
    assert np.all(B[:, :49] >= -1e-15)  # the averages of 4 x 4 pixels come first


def test_haar_wavelets_of_a_signal_are_known():
    B = Wavelet().columns(LayerInput(4), sizes=(1,)).base
    expected = (
        np.array([[1, 1, np.sqrt(2), 0], [1, 1, -np.sqrt(2), 0], [1, -1, 0, np.sqrt(2)], [1, -1, 0, -np.sqrt(2)]]) / 2
    )
    assert np.allclose(B, expected, atol=1e-15)


# Eigenvectors


@pytest.mark.parametrize("n", [1, 2, 30, 120])
def test_eigenvectors_are_those_of_scipy_by_decreasing_eigenvalue(n):
    A = np.random.default_rng(n).normal(size=(n, n))
    vectors = _core.dictionary.symmetric_eigenvectors(A + A.T)
    values, expected = scipy.linalg.eigh(A + A.T)
    assert np.allclose(np.abs(vectors.T @ expected[:, ::-1]), np.eye(n), atol=1e-9)
    assert np.allclose(np.diag(vectors.T @ (A + A.T) @ vectors), values[::-1], atol=1e-10 * max(1, n))
    assert np.all(vectors[np.abs(vectors).argmax(axis=0), range(n)] > 0)


def test_principal_components_diagonalise_the_covariance():
    X = uniform(100, 10) * np.arange(1, 11)
    B = PrincipalComponents().columns(LayerInput(10, activations=X), sizes=(1,)).base
    variances = B.T @ np.cov(X.T) @ B
    assert np.allclose(variances, np.diag(np.sort(np.diag(variances))[::-1]), atol=1e-12)


def test_uncentred_components_begin_with_the_mean():
    X = 10 + uniform(100, 10)
    B = PrincipalComponents(center=False).columns(LayerInput(10, activations=X), sizes=(1,)).base
    assert np.abs(B[:, 0] @ X.mean(axis=0)) / np.linalg.norm(X.mean(axis=0)) > 0.999


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_chooses_no_component_where_there_is_no_variance(dtype):
    X = np.random.default_rng(0).normal(size=(10, 30)).astype(dtype)
    X[:, [0, 7]] = 0.1  # constant, which their mean is only to rounding
    first, second = (
        PrincipalComponents().columns(LayerInput(30, activations=rows), sizes=(1,)).base for rows in (X, X[::-1].copy())
    )
    rounding = 10 * np.finfo(dtype).eps  # atoms have the data's precision
    assert np.allclose(first.T @ first, np.eye(30), atol=max(1e-12, rounding))
    assert np.allclose(first, second, atol=max(1e-9, rounding))
    assert np.allclose(np.diag(first.T @ np.cov(X.T.astype(np.float64)) @ first)[9:], 0, atol=1e-12)
    assert np.allclose(first[[0, 7]].T[9:11], np.eye(2), atol=1e-9)
    constant = PrincipalComponents().columns(LayerInput(3, activations=np.full((7, 3), 0.1, dtype)), sizes=(1,)).base
    assert np.array_equal(constant, np.eye(3))


# Random dictionaries


def test_projections_have_atoms_of_length_one_on_average():
    columns = RandomProjection().columns(LayerInput(400), sizes=(1, 1), fraction=1.0)
    assert np.isclose((columns.base**2).sum(axis=0).mean(), 1.0, atol=5 * np.sqrt(2 / 400 / 800))
    assert abs(columns.base.mean()) < 5 / 400 / np.sqrt(800)
    assert abs((columns.dictionary(0) * columns.dictionary(1)).sum()) < 5  # columns are independent: variance 1


def test_gaussian_numbers_are_gaussian():
    numbers = _core.dictionary.gaussian(300, 400, seed=1, stream=2)
    assert numbers.shape == (300, 400)
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((numbers**power).mean() - moment) < 5 * np.sqrt(variance / numbers.size)


# Autoencoder


def test_the_autoencoder_is_that_of_plain_numpy():
    X = uniform(60, 8)
    inputs = LayerInput(8, activations=X)
    options = {"batch_size": 20, "learning_rate": 0.2, "momentum": 0.5, "learning_rate_decay": 1.01}
    found = AutoencoderAtoms(5, epochs=3, **options).base(inputs)

    seed = _core.Random(0, inputs.stream((1 << 30) - 1)).words(0)[0]
    core = _core.f64
    model = core.Autoencoder(core.PredictedWeights(8, [(5, None, None)]))
    W, b = np.split(model.initial(seed), [40])
    W = W.reshape(8, 5)
    step_W, step_b, step = np.zeros_like(W), np.zeros_like(b), 0
    for epoch in range(3):
        order = np.array(_core.Random(0, inputs.stream((1 << 30) + epoch)).permutation(60))
        for batch in order.reshape(3, 20):
            _, dW, db = oracle.autoencoder_gradient(W, b, X[batch])
            rate = 0.2 / 1.01**step
            step_W, step_b, step = 0.5 * step_W - rate * dW, 0.5 * step_b - rate * db, step + 1
            W, b = W + step_W, b + step_b
    assert np.allclose(found, W, atol=1e-12)


def test_the_autoencoder_learns():
    X = uniform(500, 2) @ uniform(2, 10)
    X /= X.max()

    def error(epochs):
        W = AutoencoderAtoms(20, epochs=epochs).base(LayerInput(10, activations=X))
        return oracle.autoencoder_gradient(W, np.zeros(20), X)[0]

    assert error(50) < 0.7 * error(1)
