"""The objective of reconstruction ICA: against its formula, central differences, itself with other threads; trained."""

from itertools import product

import numpy as np
import pytest
from cases import covering
from oracles import rica as oracle
from oracles.structures import STRUCTURES
from twins import core_weights, scalar

from ppdl import _core
from ppdl.testing import check_gradient

CONTRASTS = ("smooth-l1", "logcosh", "exp")
N_VISIBLE = 12


def example(structure="identity", *, n_samples=50, n_components=17, n_visible=N_VISIBLE, seed=3):
    """Weights of the oracle, samples, and V."""
    rng = np.random.default_rng(seed)
    weights = STRUCTURES[structure](rng, n_visible, n_components)
    return weights, rng.standard_normal((n_samples, n_visible)), rng.standard_normal(core_weights(weights).n_dynamic)


@pytest.mark.parametrize("memory_limit", [1e9, 0.0])
@pytest.mark.parametrize(("structure", "contrast"), covering(STRUCTURES, CONTRASTS))
def test_value_and_gradient_are_those_of_the_formula(structure, contrast, memory_limit):
    weights, X, V = example(structure)
    twin = core_weights(weights)
    options = {"contrast": contrast, "sparsity": 0.3, "contrast_epsilon": 1e-2, "norm_epsilon": 1e-3}
    objective = _core.f64.Rica(twin, memory_limit=memory_limit, **options)
    static = not twin.is_identity and not twin.learned
    assert objective.pools(len(X)) == (static and memory_limit > 0)
    assert objective.n_parameters == twin.n_dynamic
    f, dW = oracle.value_and_gradient(twin.materialise(V), X, **options)
    value, gradient = objective.value_and_gradient(V, X)
    np.testing.assert_allclose(value, f, rtol=1e-10)
    expected = twin.project(np.ascontiguousarray(dW), V)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-10 * np.abs(expected).max())
    np.testing.assert_allclose(sum(objective.terms(V, X)), f, rtol=1e-10)


@pytest.mark.parametrize(("structure", "case"), covering(STRUCTURES, product(CONTRASTS, [5, N_VISIBLE, 30])))
def test_gradient_agrees_with_central_differences(structure, case):
    contrast, n_components = case
    weights, X, V = example(structure, n_components=n_components)
    objective = _core.f64.Rica(core_weights(weights), contrast=contrast, contrast_epsilon=1e-2, norm_epsilon=0.1)
    check_gradient(lambda v: objective.value_and_gradient(v, X), V)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_signs_turn_the_contrast_of_flat_components(contrast):
    weights, X, V = example()
    signs = np.where(np.arange(17) % 3 == 0, -1.0, 1.0)
    objective = _core.f64.Rica(core_weights(weights), contrast=contrast, signs=signs)
    W = V.reshape(N_VISIBLE, 17)
    f, dW = oracle.value_and_gradient(W, X, contrast=contrast, signs=signs)
    value, gradient = objective.value_and_gradient(V, X)
    np.testing.assert_allclose(value, f, rtol=1e-10)
    np.testing.assert_allclose(gradient, dW.ravel(), rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_float32_comes_close(contrast):
    weights, X, V = example("base_with_mix", n_samples=3000)
    exact = _core.f64.Rica(core_weights(weights), contrast=contrast)
    single = _core.f32.Rica(core_weights(weights, _core.f32), contrast=contrast)
    f, g = exact.value_and_gradient(V, X)
    f32, g32 = single.value_and_gradient(V.astype(np.float32), X.astype(np.float32))
    np.testing.assert_allclose(f32, f, rtol=1e-5)
    np.testing.assert_allclose(g32, g, atol=1e-4 * np.abs(g).max())


@pytest.mark.parametrize("core", [_core.f32, _core.f64])
@pytest.mark.parametrize("structure", ["identity", "base_with_mix"])
def test_same_bits_for_any_number_of_threads(core, structure):
    weights, X, V = example(structure, n_samples=9001, n_components=40)
    X, V = X.astype(scalar(core)), V.astype(scalar(core))
    objective, results = core.Rica(core_weights(weights, core)), []
    for n_threads in (1, 2, 3, 7):
        value, gradient = objective.value_and_gradient(V, X, n_threads=n_threads)
        results.append((value, gradient.tobytes()))
    assert len(set(results)) == 1


def test_many_units_and_samples_are_cut_into_blocks():
    weights, X, V = example("base_with_mix", n_samples=5000, n_components=1001)
    twin = core_weights(weights)
    value, gradient = _core.f64.Rica(twin).value_and_gradient(V, X)
    f, dW = oracle.value_and_gradient(twin.materialise(V), X)
    np.testing.assert_allclose(value, f, rtol=1e-10)
    np.testing.assert_allclose(gradient, twin.project(np.ascontiguousarray(dW), V), rtol=1e-7, atol=1e-12)


def test_normalised_weights_have_unit_columns():
    weights, _, V = example("base_with_mix")
    twin = core_weights(weights)
    W = _core.f64.Rica(twin, norm_epsilon=1e-12).normalised_weights(V)
    predicted = twin.materialise(V)
    np.testing.assert_allclose(W, predicted / np.linalg.norm(predicted, axis=0), rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contrast": "cube"}, "contrast: received 'cube'; expected smooth-l1, logcosh or exp"),
        ({"contrast_epsilon": 0.0}, "contrast_epsilon: received 0"),
        ({"sparsity": -1.0}, "sparsity: received -1"),
        ({"norm_epsilon": 0.0}, "norm_epsilon: received 0"),
        ({"signs": np.ones(3)}, "signs: received 3[,;] expected 17"),
    ],
)
def test_bad_options_are_named(options, message):
    weights, *_ = example()
    with pytest.raises(ValueError, match=message):
        _core.f64.Rica(core_weights(weights), **options)


def test_samples_that_are_not_its_own_are_refused():
    weights, X, V = example()
    objective = _core.f64.Rica(core_weights(weights))
    for message, theta, samples in [
        ("columns of X: received 5[,;] expected 12", V, (np.ascontiguousarray(X[:, :5]),)),
        ("rows", V, (X[:0].copy(),)),
        ("sample_weight", V, (X, None, np.ones(len(X)))),
        ("targets", V, (X, X)),
        (f"theta: received {V.size - 1}[,;] expected {V.size}", V[1:].copy(), (X,)),
    ]:
        with pytest.raises(ValueError, match=message):
            objective.value_and_gradient(theta, *samples)
    with pytest.raises(ValueError, match=f"received {V.size - 1}[,;] expected {V.size}"):
        objective.terms(V[1:].copy(), X)
    with pytest.raises(ValueError, match=f"received {V.size - 1}[,;] expected {V.size}"):
        objective.normalised_weights(V[1:].copy())


# Training -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", ["identity", "base_with_mix", "crowded_base", "learned"])
def test_an_epoch_of_one_batch_is_a_step_along_the_whole_gradient(structure):
    weights, X, V = example(structure)
    objective = _core.f64.Rica(core_weights(weights))
    value, gradient = objective.value_and_gradient(V, X)
    trained = V.copy()
    trainer = _core.f64.Trainer(objective, _core.f64.Sgd(0.0), X, batch_size=len(X))
    assert trainer.epoch(trained, np.arange(len(X)), np.array([0.1])) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(trained, V - 0.1 * gradient, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("structure", "batch_size"), covering(STRUCTURES, [16, 50, 80]))
def test_epochs_of_mini_batches_are_steps_along_their_own_gradients(structure, batch_size):
    weights, X, V = example(structure)
    objective, rng = _core.f64.Rica(core_weights(weights)), np.random.default_rng(0)
    order = np.concatenate([rng.permutation(50), [3, 3, 7]])  # some rows again
    batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    trainer = _core.f64.Trainer(objective, _core.f64.Sgd(0.0), X, batch_size=batch_size)
    trained, values = V.copy(), []
    mean = trainer.epoch(trained, order, np.full(len(batches), 0.01))
    for rows in batches:
        value, gradient = objective.value_and_gradient(V, X[rows])
        values.append(value)
        V = V - 0.01 * gradient
    np.testing.assert_allclose(trained, V, rtol=1e-10, atol=1e-11)
    assert mean == pytest.approx(np.average(values, weights=[len(rows) for rows in batches]), rel=1e-11)


def test_lbfgs_in_units_of_its_own_descends_to_the_same_place():
    weights, X, V = example("base_with_mix")
    objective = _core.f64.Rica(core_weights(weights))
    whole = _core.f64.fit_lbfgs(objective, V, X, max_iterations=30)
    scaled = _core.f64.fit_lbfgs(objective, V, X, max_iterations=30, unit=4.0)
    assert whole.value < objective.value_and_gradient(V, X)[0]
    assert whole.value == pytest.approx(objective.value_and_gradient(whole.x, X)[0], rel=1e-12)
    assert 4.0 * scaled.value == pytest.approx(objective.value_and_gradient(scaled.x, X)[0], rel=1e-12)
    with pytest.raises(ValueError, match="unit: received 0; expected"):
        _core.f64.fit_lbfgs(objective, V, X, unit=0.0)
