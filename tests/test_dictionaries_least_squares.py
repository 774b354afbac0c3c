"""V by least squares: exact where U allows it, and of a bounded length where it does not."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from ppdl import RICA, PredictedMLPClassifier, _core
from ppdl.dictionaries import DCT, EmpiricalCovariance, Explicit, LayerInput, SquaredExponential

EPSILON = np.finfo(np.float64).eps


def least_squares(U, W, *, epsilon=EPSILON, relative_length=10.0, length=0.0):
    return _core.dictionary.least_squares(U, W, epsilon=epsilon, relative_length=relative_length, length=length)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def typical_length(U, W):
    return np.linalg.norm(W) * np.sqrt(U.shape[1]) / np.linalg.norm(U)


def with_condition(condition, n_visible=40, n_atoms=12):
    """Random U with singular values from 1 down to 1 / condition."""
    left, _ = np.linalg.qr(normal(n_visible, n_atoms))
    right, _ = np.linalg.qr(normal(n_atoms, n_atoms, seed=1))
    return left * np.geomspace(1.0, 1.0 / condition, n_atoms) @ right


@pytest.mark.parametrize("condition", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_weights_that_u_spans_are_recovered(condition, scale):
    U, V = with_condition(condition), normal(12, 5)
    assert np.allclose(scale * least_squares(scale * U, U @ V), V, rtol=1e-6, atol=1e-6)


def test_other_weights_are_approached_as_by_numpy():
    U, W = normal(40, 12), normal(40, 5, seed=1)
    assert np.allclose(least_squares(U, W), np.linalg.lstsq(U, W, rcond=None)[0], rtol=1e-10)


@pytest.mark.parametrize("noise", [0.0, 1e-15, 1e-7])
def test_dependent_atoms_share_the_shortest_v(noise):
    U, W = normal(40, 6), normal(40, 5, seed=1)
    twice = np.hstack([U, U]) + noise * normal(40, 12, seed=2)
    V = least_squares(twice, W, epsilon=1e-7)
    assert np.allclose(V, np.linalg.pinv(np.hstack([U, U])) @ W, atol=1e-5)


def test_an_unbounded_v_gives_way_to_the_nearest_of_the_allowed_length():
    U, W = with_condition(1e5), normal(40, 5, seed=2)
    longest = 2.0 * typical_length(U, W)
    assert np.linalg.norm(np.linalg.lstsq(U, W, rcond=None)[0]) > 100 * longest
    for V in (least_squares(U, W, relative_length=2.0), least_squares(U, W, relative_length=0.0, length=longest)):
        assert np.linalg.norm(V) == pytest.approx(longest, rel=1e-6)
        gradient = U.T @ (W - U @ V)  # at the minimum on the sphere it points outwards along V
        assert np.allclose(gradient, np.vdot(gradient, V) / np.vdot(V, V) * V, atol=1e-10)
        assert np.vdot(gradient, V) > 0


def test_atoms_of_zeros_have_no_v():
    assert not least_squares(np.zeros((6, 3)), normal(6, 2)).any()
    assert not least_squares(normal(6, 3), np.zeros((6, 2))).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "dictionary",
    [EmpiricalCovariance(power, atoms=atoms) for power in (1, 2) for atoms in ("ridge", "raw")]
    + [SquaredExponential(4.0, ridge=1e-9), Explicit(np.ones((64, 40)) + 1e-9 * normal(64, 40))],
    ids=repr,
)
def test_v_stays_short_on_atoms_that_are_dependent_up_to_rounding(dictionary, dtype):
    X = np.maximum(normal(20, 20) @ normal(20, 64, seed=1), 0).astype(dtype)  # fewer samples than atoms
    columns = dictionary.columns(LayerInput(64, shape=(8, 8), activations=X), sizes=(4, 3), fraction=0.5)
    weights = columns.weights(dtype)
    W = normal(64, 7, seed=2).astype(dtype)
    V = weights.fit(W)
    for j, V_j in enumerate(columns.dynamic(V)):
        assert np.linalg.norm(V_j) <= 10.001 * typical_length(columns.dictionary(j), W[:, 4 * j : 4 + 3 * j])
    assert np.linalg.norm(weights.materialise(V) - W) < np.linalg.norm(W)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dictionaries_made_anew_keep_v_and_never_lengthen_it_beyond_what_their_scale_asks_for(dtype):
    X = normal(100, 30)
    first, second = (
        EmpiricalCovariance(ridge=1e-6).columns(LayerInput(30, activations=X[rows]), sizes=(4, 3), fraction=0.5)
        for rows in (slice(50), slice(50, 100))
    )
    V = normal(first.n_dynamic).astype(dtype)
    W = first.weights(dtype).materialise(V)
    assert np.allclose(first.fit(W, V), V, rtol=0, atol=1e-3 if dtype == np.float32 else 1e-9)
    fitted = second.fit(W, V)
    assert fitted.dtype == dtype
    for j, (new, former) in enumerate(zip(second.dynamic(fitted), first.dynamic(V), strict=True)):
        typical = typical_length(second.dictionary(j), W[:, 4 * j : 4 + 3 * j])
        assert np.linalg.norm(new) <= 1.001 * max(np.linalg.norm(former), typical)
    assert np.linalg.norm(second.weights(dtype).materialise(fitted) - W) < np.linalg.norm(W)


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
@pytest.mark.parametrize(
    ("atoms", "fraction"), [("ridge", 0.5), ("raw", 0.5), ("ridge", 1.0)], ids=["ridge", "raw", "square"]
)
def test_the_loss_does_not_jump_where_dictionaries_are_made_anew(activation, atoms, fraction):
    X, y = load_digits(return_X_y=True)
    clf = PredictedMLPClassifier(
        (40, 40), activation, dictionary=(DCT(), EmpiricalCovariance(atoms=atoms)), learned_fraction=fraction
    ).set_params(
        input_shape=(8, 8), pretraining="supervised", max_iter=3, batch_size=50, n_iter_no_change=np.inf, random_state=0
    )
    clf.fit(X[:500] / 16, y[:500])
    assert clf.loss_curve_[1] < 1.5 * clf.loss_curve_[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rica_starts_from_samples_on_fewer_directions_than_atoms(dtype):
    X = load_digits().data[:10].astype(dtype)
    rica = RICA(20, dictionary=EmpiricalCovariance(), learned_fraction=0.5, init="samples", max_iter=30, random_state=0)
    with pytest.warns(ConvergenceWarning):
        rica.fit(X)
    assert np.allclose(np.linalg.norm(rica.components_.astype(float), axis=1), 1, atol=1e-5)
