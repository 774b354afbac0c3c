"""Predicted weights: the algebra between V and W, against the oracle."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.network import Column, Weights
from oracles.structures import STRUCTURES
from twins import core_weights, scalar

from ppdl import _core

ORDERS = ("predict", "pool", "shared", "auto")
N_VISIBLE, N_HIDDEN, N_SAMPLES = 9, 7, 5
STATIC = [name for name in STRUCTURES if not name.startswith("learned")]


def orders(weights):
    """The orders that these weights can be evaluated in."""
    return [order for order in ORDERS if order != "shared" or weights.base is not None]


def example(structure, n_visible=N_VISIBLE, n_hidden=N_HIDDEN):
    rng = np.random.default_rng(7)
    weights = STRUCTURES[structure](rng, n_visible, n_hidden)
    return weights, core_weights(weights), rng.standard_normal(weights.n_dynamic), rng


@pytest.mark.parametrize("structure", STRUCTURES)
def test_counts_are_those_of_the_formulas(structure):
    weights, core, _, _ = example(structure)
    assert (core.n_visible, core.n_hidden, core.n_columns) == (N_VISIBLE, N_HIDDEN, len(weights.columns))
    assert core.n_atoms == sum(weights.n_atoms)
    assert core.n_dynamic == weights.n_dynamic
    assert core.learned == weights.learned
    assert core.is_identity == (structure == "identity")
    selects = weights.base is None and all(column.mix is None for column in weights.columns)
    if selects or weights.learned:
        assert core.n_static == 0
    else:
        assert core.n_static == N_VISIBLE * core.n_atoms


@pytest.mark.parametrize("structure", STRUCTURES)
def test_predicted_weights_are_dictionary_times_dynamic_weights(structure):
    weights, core, V, _ = example(structure)
    np.testing.assert_allclose(core.materialise(V), weights.materialise(V), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("structure", STATIC)
def test_dictionaries_are_mixed_atoms_of_the_base(structure):
    weights, core, _, _ = example(structure)
    each = [weights.dictionary(j) for j in range(len(weights.columns))]
    for j, U in enumerate(each):
        np.testing.assert_allclose(core.dictionary(j), U, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(core.dictionary(), np.hstack(each), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("structure", STATIC)
def test_product_in_every_order_is_that_with_the_predicted_weights(structure):
    weights, core, V, rng = example(structure)
    X = rng.standard_normal((N_SAMPLES, N_VISIBLE))
    for order in orders(weights):
        np.testing.assert_allclose(core.apply(X, V, order), X @ weights.materialise(V), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("structure", STATIC)
def test_reverse_in_every_order_is_that_of_the_predicted_weights(structure):
    weights, core, V, rng = example(structure)
    X, dZ = rng.standard_normal((N_SAMPLES, N_VISIBLE)), rng.standard_normal((N_SAMPLES, N_HIDDEN))
    for order in orders(weights):
        dV, dX = core.reverse(X, dZ, V, order)
        np.testing.assert_allclose(dV, weights.project(X.T @ dZ, V), rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(dX, dZ @ weights.materialise(V).T, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("structure", STATIC)
def test_all_orders_agree_on_batches_of_many_blocks(structure):
    weights, core, V, rng = example(structure, 40, 30)
    X, dZ = rng.standard_normal((150, 40)), rng.standard_normal((150, 30))
    expected = core.apply(X, V, "predict"), *core.reverse(X, dZ, V, "predict")
    for order in orders(weights):
        for received, wanted in zip((core.apply(X, V, order), *core.reverse(X, dZ, V, order)), expected, strict=True):
            np.testing.assert_allclose(received, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_project_is_that_of_the_oracle(structure):
    weights, core, V, rng = example(structure)
    dW = rng.standard_normal((N_VISIBLE, N_HIDDEN))
    np.testing.assert_allclose(core.project(dW, V), weights.project(dW, V), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("structure", STATIC)
def test_residual_of_fit_is_orthogonal_to_the_atoms(structure):
    _, core, _, rng = example(structure)
    W = rng.standard_normal((N_VISIBLE, N_HIDDEN))
    V = core.fit(W)
    np.testing.assert_allclose(core.project(W - core.materialise(V), V), 0, atol=1e-8)


def test_a_learned_dictionary_is_not_fitted_with_nor_evaluated_as_one_product():
    _, core, V, rng = example("learned")
    for compute in (
        lambda: core.fit(rng.standard_normal((N_VISIBLE, N_HIDDEN))),
        lambda: core.apply(rng.standard_normal((N_SAMPLES, N_VISIBLE)), V),
        core.dictionary,
    ):
        with pytest.raises(ValueError, match="learned"):
            compute()


@settings(max_examples=30, deadline=None)
@given(structure=st.sampled_from(sorted(STATIC)), order=st.sampled_from(["predict", "pool", "auto"]), data=st.data())
def test_permuting_columns_only_permutes_hidden_units(structure, order, data):
    weights, core, V, rng = example(structure)
    permutation = data.draw(st.permutations(range(len(weights.columns))))
    pairs = weights.split(V)
    permuted = replace(weights, columns=tuple(weights.columns[j] for j in permutation))
    ends = np.cumsum([column.n_hidden for column in weights.columns])
    units = np.split(np.arange(N_HIDDEN), ends[:-1])
    X = rng.standard_normal((N_SAMPLES, N_VISIBLE))
    received = core_weights(permuted).apply(X, permuted.join([pairs[j] for j in permutation]), order)
    expected = core.apply(X, V, order)[:, np.concatenate([units[j] for j in permutation])]
    np.testing.assert_allclose(received, expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    n_visible=st.integers(1, 12),
    sizes=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 12)), min_size=1, max_size=4),
    n_base=st.integers(1, 12),
    n_samples=st.integers(1, 130),
    order=st.sampled_from(ORDERS),
)
def test_any_sizes_evaluate_as_the_formula_says(n_visible, sizes, n_base, n_samples, order):
    rng = np.random.default_rng(0)
    columns = []
    for n_hidden, k in sizes:
        k = min(k, n_base)
        atoms = tuple(int(i) for i in np.sort(rng.permutation(n_base)[:k]))
        columns.append(Column(n_hidden, atoms, rng.standard_normal((k, k)) if rng.uniform() < 0.5 else None))
    weights = Weights(n_visible, tuple(columns), rng.standard_normal((n_visible, n_base)))
    core, V = core_weights(weights), rng.standard_normal(weights.n_dynamic)
    X, dZ = rng.standard_normal((n_samples, n_visible)), rng.standard_normal((n_samples, weights.n_hidden))
    np.testing.assert_allclose(core.apply(X, V, order), X @ weights.materialise(V), rtol=1e-9, atol=1e-9)
    dV, dX = core.reverse(X, dZ, V, order)
    np.testing.assert_allclose(dV, weights.project(X.T @ dZ, V), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(dX, dZ @ weights.materialise(V).T, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("structure", STATIC)
def test_single_precision_is_close_to_double(structure):
    weights, core, V, rng = example(structure, 40, 30)
    X, dZ = rng.standard_normal((20, 40)), rng.standard_normal((20, 30))
    single = core_weights(weights, _core.f32)
    X32, dZ32, V32 = (a.astype(np.float32) for a in (X, dZ, V))
    for order in orders(weights):
        Z32, (dV32, dX32) = single.apply(X32, V32, order), single.reverse(X32, dZ32, V32, order)
        dV, dX = core.reverse(X, dZ, V, order)
        for received, wanted in [(Z32, core.apply(X, V, order)), (dV32, dV), (dX32, dX)]:
            assert received.dtype == np.float32
            np.testing.assert_allclose(received, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(("core", "tolerance"), [(_core.f32, 1e-5), (_core.f64, 1e-13)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 700, 5), (65, 17, 33), (300, 150, 97), (0, 4, 3)])
def test_a_product_is_that_of_numpy_and_each_row_of_it_stands_alone(shape, core, tolerance):
    m, k, n = shape
    rng = np.random.default_rng(0)
    A, B = (rng.standard_normal(size).astype(scalar(core)) for size in ((m, k), (k, n)))
    C = core.product(A, B)
    np.testing.assert_allclose(C, A.astype(float) @ B.astype(float), rtol=0, atol=tolerance * k)
    for row in range(0, m, 7):
        np.testing.assert_array_equal(core.product(A[row : row + 1], B), C[row : row + 1])


def test_factors_of_a_product_must_fit():
    with pytest.raises(ValueError, match=r"\b3\b.*\b2\b|\b2\b.*\b3\b"):
        _core.f64.product(np.ones((2, 3)), np.ones((2, 3)))


def test_read_only_and_memory_mapped_inputs_are_taken_as_they_are(tmp_path):
    weights, core, V, rng = example("base_with_mix")
    X = rng.standard_normal((N_SAMPLES, N_VISIBLE))
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    V.flags.writeable = False
    np.testing.assert_array_equal(core.apply(mapped, V), core.apply(X, V))
    np.testing.assert_allclose(core.apply(mapped, V), X @ weights.materialise(V), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    "wrong",
    [np.asfortranarray, lambda X: X.astype(np.float32), lambda X: np.repeat(X, 2, axis=1)[:, ::2], np.ndarray.tolist],
    ids=["Fortran order", "float32", "strided", "list"],
)
def test_inputs_of_another_layout_or_type_are_a_type_error(wrong):
    _, core, V, rng = example("base")
    with pytest.raises(TypeError):
        core.apply(wrong(rng.standard_normal((N_SAMPLES, N_VISIBLE))), V)


def test_wrong_shapes_are_errors_that_name_both():
    _, core, V, rng = example("base")
    X, dZ = rng.standard_normal((N_SAMPLES, N_VISIBLE)), rng.standard_normal((N_SAMPLES, N_HIDDEN))
    with pytest.raises(ValueError, match=rf"\b{N_VISIBLE - 1}\b.*\b{N_VISIBLE}\b"):
        core.apply(X[:, 1:].copy(), V)
    with pytest.raises(ValueError, match=rf"\b{V.size - 1}\b.*\b{V.size}\b"):
        core.apply(X, V[1:].copy())
    with pytest.raises(ValueError, match=rf"\b{V.size - 1}\b.*\b{V.size}\b"):
        core.materialise(V[1:].copy())
    with pytest.raises(ValueError, match=rf"\b{N_SAMPLES - 1}\b.*\b{N_SAMPLES}\b"):
        core.reverse(X, dZ[1:].copy(), V)
    with pytest.raises(ValueError, match=rf"\b{N_HIDDEN - 1}\b.*\b{N_HIDDEN}\b"):
        core.reverse(X, dZ[:, 1:].copy(), V)
    with pytest.raises(ValueError, match=rf"\b{N_VISIBLE - 1}\b.*\b{N_VISIBLE}\b"):
        core.project(rng.standard_normal((N_VISIBLE - 1, N_HIDDEN)), V)
    with pytest.raises(ValueError, match=rf"\b{N_VISIBLE - 1}\b.*\b{N_VISIBLE}\b"):
        core.fit(rng.standard_normal((N_VISIBLE - 1, N_HIDDEN)))
    with pytest.raises((ValueError, IndexError), match=r"\b3\b"):
        core.dictionary(3)


@pytest.mark.parametrize(
    ("columns", "base", "message"),
    [
        ([], None, "column"),
        ([(2, np.array([0, 4]), None)], None, r"\b4\b"),
        ([(2, np.array([-1]), None)], None, "-1"),
        ([(2, np.array([0, 5]), None)], np.ones((4, 5)), r"\b5\b"),
        ([(2, np.array([0, 1]), np.eye(3))], None, r"\b3\b.*\b2\b"),
        ([(0, np.array([0]), None)], None, r"\b0\b"),
        ([(2, np.array([], dtype=np.int64), None)], None, r"\b0\b|no atom"),
        ([(2, None, None)], np.ones((3, 5)), r"\b3\b.*\b4\b"),
    ],
    ids=["no column", "atom", "negative atom", "atom of base", "mix", "no unit", "no atom", "base"],
)
def test_weights_that_cannot_be_are_errors_that_say_why(columns, base, message):
    with pytest.raises(ValueError, match=message):
        _core.f64.PredictedWeights(4, columns, base)


def test_a_learned_dictionary_has_no_base():
    with pytest.raises(ValueError, match="base"):
        _core.f64.PredictedWeights(4, [(2, np.array([0]), None)], np.eye(4), learned=True)


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        ({"n_channels": 0}, r"n_channels: received 0; expected a divisor of 6"),
        ({"n_channels": 4}, r"n_channels: received 4; expected a divisor of 6"),
        ({"n_channels": 3}, r"rows of the base: received 3; expected 2"),
        ({"factors": (np.eye(2), np.eye(2), [(0, 0)] * 4)}, r"height of 2 and a width of 2; expected 3 points"),
        ({"factors": (np.eye(3), np.eye(1), [(0, 0)] * 3)}, r"pairs of factors: received 3; expected 4"),
        ({"factors": (np.eye(3), np.eye(1), [(0, 1)] * 4)}, r"pair \(0, 1\) is outside 3 × 1 factors"),
    ],
)
def test_structure_that_does_not_fit_is_an_error_that_says_why(structure, message):
    structure = {"n_channels": 2} | structure
    with pytest.raises(ValueError, match=message):
        _core.f64.PredictedWeights(6, [(2, np.array([0, 3]), None)], np.ones((3, 4)), **structure)


def test_a_learned_dictionary_spans_the_channels():
    with pytest.raises(ValueError, match="n_channels=2"):
        _core.f64.PredictedWeights(4, [(2, np.array([0]), None)], learned=True, n_channels=2)


def test_an_unknown_order_is_an_error_that_names_the_known_ones():
    _, core, V, rng = example("base")
    with pytest.raises(ValueError, match=r"'both'.*auto"):
        core.apply(rng.standard_normal((2, N_VISIBLE)), V, "both")
