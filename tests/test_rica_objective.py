"""The objective of reconstruction ICA: against its formula, central differences, and itself with other threads."""

from itertools import product

import numpy as np
import pytest
from cases import covering
from oracles import rica as oracle
from oracles.structures import STRUCTURES
from twins import core_weights

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
    objective = _core.f64.RicaObjective(twin, X, memory_limit=memory_limit, **options)
    static = not twin.is_identity and not twin.learned
    assert objective.pools_input == (static and memory_limit > 0)
    f, dW = oracle.value_and_gradient(twin.materialise(V), X, **options)
    value, gradient = objective.value_and_gradient(V)
    np.testing.assert_allclose(value, f, rtol=1e-10)
    expected = twin.project(np.ascontiguousarray(dW), V)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-10 * np.abs(expected).max())
    np.testing.assert_allclose(sum(objective.terms(V)), f, rtol=1e-10)


@pytest.mark.parametrize(("structure", "case"), covering(STRUCTURES, product(CONTRASTS, [5, N_VISIBLE, 30])))
def test_gradient_agrees_with_central_differences(structure, case):
    contrast, n_components = case
    weights, X, V = example(structure, n_components=n_components)
    objective = _core.f64.RicaObjective(
        core_weights(weights), X, contrast=contrast, contrast_epsilon=1e-2, norm_epsilon=0.1
    )
    check_gradient(lambda v: objective.value_and_gradient(v), V)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_signs_turn_the_contrast_of_flat_components(contrast):
    weights, X, V = example()
    signs = np.where(np.arange(17) % 3 == 0, -1.0, 1.0)
    objective = _core.f64.RicaObjective(core_weights(weights), X, contrast=contrast, signs=signs)
    W = V.reshape(N_VISIBLE, 17)
    f, dW = oracle.value_and_gradient(W, X, contrast=contrast, signs=signs)
    value, gradient = objective.value_and_gradient(V)
    np.testing.assert_allclose(value, f, rtol=1e-10)
    np.testing.assert_allclose(gradient, dW.ravel(), rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_float32_comes_close(contrast):
    weights, X, V = example("base_with_mix", n_samples=3000)
    exact = _core.f64.RicaObjective(core_weights(weights), X, contrast=contrast)
    single = _core.f32.RicaObjective(core_weights(weights, _core.f32), X.astype(np.float32), contrast=contrast)
    f, g = exact.value_and_gradient(V)
    f32, g32 = single.value_and_gradient(V.astype(np.float32))
    np.testing.assert_allclose(f32, f, rtol=1e-5)
    np.testing.assert_allclose(g32, g, atol=1e-4 * np.abs(g).max())


@pytest.mark.parametrize("core", [_core.f32, _core.f64])
@pytest.mark.parametrize("structure", ["identity", "base_with_mix"])
def test_same_bits_for_any_number_of_threads(core, structure):
    weights, X, V = example(structure, n_samples=9001, n_components=40)
    dtype = np.float32 if core is _core.f32 else np.float64
    X, V = X.astype(dtype), V.astype(dtype)
    results = []
    for n_threads in (1, 2, 3, 7):
        objective = core.RicaObjective(core_weights(weights, core), X, n_threads=n_threads)
        value, gradient = objective.value_and_gradient(V, n_threads)
        results.append((value, gradient.tobytes()))
    assert len(set(results)) == 1


def test_many_units_and_samples_are_cut_into_blocks():
    weights, X, V = example("base_with_mix", n_samples=5000, n_components=1001)
    twin = core_weights(weights)
    value, gradient = _core.f64.RicaObjective(twin, X).value_and_gradient(V)
    f, dW = oracle.value_and_gradient(twin.materialise(V), X)
    np.testing.assert_allclose(value, f, rtol=1e-10)
    np.testing.assert_allclose(gradient, twin.project(np.ascontiguousarray(dW), V), rtol=1e-7, atol=1e-12)


def test_normalised_weights_have_unit_columns():
    weights, X, V = example("base_with_mix")
    twin = core_weights(weights)
    W = _core.f64.RicaObjective(twin, X, norm_epsilon=1e-12).normalised_weights(V)
    predicted = twin.materialise(V)
    np.testing.assert_allclose(W, predicted / np.linalg.norm(predicted, axis=0), rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contrast": "cube"}, "unknown contrast 'cube'; known are smooth-l1, logcosh, exp"),
        ({"contrast_epsilon": 0.0}, "contrast_epsilon: received 0"),
        ({"sparsity": -1.0}, "sparsity: received -1"),
        ({"norm_epsilon": 0.0}, "norm_epsilon: received 0"),
        ({"signs": np.ones(3)}, "signs: received 3, expected 17"),
    ],
)
def test_bad_options_are_named(options, message):
    weights, X, _ = example()
    with pytest.raises(ValueError, match=message):
        _core.f64.RicaObjective(core_weights(weights), X, **options)


def test_samples_of_another_width_are_refused():
    weights, X, _ = example()
    with pytest.raises(ValueError, match="columns of X: received 5, expected 12"):
        _core.f64.RicaObjective(core_weights(weights), np.ascontiguousarray(X[:, :5]))
