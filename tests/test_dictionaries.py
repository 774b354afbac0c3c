"""What all dictionaries share: they are values, and columns choose among atoms."""

import json
import sys
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from threadpoolctl import threadpool_limits

import ppdl
from ppdl.dictionaries import (
    DCT,
    AtomDictionary,
    AutoencoderAtoms,
    Dictionary,
    EmpiricalCovariance,
    Explicit,
    Identity,
    KernelDictionary,
    LayerInput,
    LowRank,
    PrincipalComponents,
    RandomConnections,
    RandomProjection,
    SquaredExponential,
    Wavelet,
    column_sizes,
)
from ppdl.dictionaries.atoms import count_atoms
from ppdl.dictionaries.base import registry
from ppdl.testing import check_dictionary
from ppdl.testing._dictionary import example_input

MATRIX = np.random.default_rng(1).normal(size=(128, 80))

VARIANTS = [
    Identity(),
    LowRank(),
    RandomConnections(),
    RandomConnections(tied=False),
    RandomProjection(),
    RandomProjection(orthonormalize=True),
    SquaredExponential(),
    SquaredExponential(2.0, ridge=0.5, atoms="raw", tied=False),
    SquaredExponential(orthonormalize=True),
    SquaredExponential(selection="leading", leading=1.5),
    SquaredExponential(scaled=True),
    EmpiricalCovariance(),
    EmpiricalCovariance(power=2, ridge=0.01),
    EmpiricalCovariance(atoms="raw", orthonormalize=True),
    PrincipalComponents(),
    PrincipalComponents(selection="uniform"),
    PrincipalComponents(center=False),
    AutoencoderAtoms(60, epochs=2),
    AutoencoderAtoms(epochs=1, decoder="identity", learning_rate=0.01, orthonormalize=True),
    DCT(),
    DCT(selection="uniform", scaled=True),
    DCT(leading=1.0, tied=False),
    DCT(selection="all"),
    Wavelet(),
    Wavelet("db2", selection="leading", orthonormalize=True),
    Explicit(MATRIX),
    Explicit(MATRIX, selection="all", orthonormalize=True),
]


@pytest.mark.parametrize("dictionary", VARIANTS, ids=repr)
def test_every_dictionary_passes_the_shared_checks(dictionary):
    check_dictionary(dictionary)


def test_variants_cover_the_registry():
    shipped = {kind for kind in registry.values() if kind.__module__.startswith("ppdl.")}
    assert {type(dictionary) for dictionary in VARIANTS} == shipped


def chooses(dictionary):
    """Whether columns draw their atoms: not where all are taken, or just as many lead as are wanted."""
    options = (getattr(dictionary, "selection", None), getattr(dictionary, "leading", None))
    return not isinstance(dictionary, (Identity, LowRank)) and "all" not in options and options != ("leading", 1.0)


@pytest.mark.parametrize("dictionary", [*filter(chooses, VARIANTS)], ids=repr)
def test_columns_choose_for_themselves_and_seeds_differ(dictionary):
    inputs = example_input()
    built = dictionary.columns(inputs, sizes=(2, 2), fraction=0.25)
    assert not np.array_equal(built.dictionary(0), built.dictionary(1))
    for other in (replace(inputs, seed=1), replace(inputs, layer=1)):
        assert dictionary.columns(other, sizes=(2, 2), fraction=0.25).digest() != built.digest()
    fewer = dictionary.columns(inputs, sizes=(2,), fraction=0.25)
    assert np.array_equal(fewer.dictionary(0), built.dictionary(0))


def test_just_as_many_leading_atoms_as_are_wanted_serve_every_column():
    first, second = DCT(selection="leading", leading=1.0).columns(example_input(), sizes=(2, 2), fraction=0.25).columns
    assert np.array_equal(first.atoms, second.atoms)


def test_dictionaries_are_plain_values_to_scikit_learn():
    assert clone(Explicit(MATRIX), safe=False) == Explicit(MATRIX)


@pytest.mark.parametrize("dictionary", [variant for variant in VARIANTS if variant != LowRank()], ids=repr)
def test_number_of_threads_changes_no_bit(dictionary):
    def build(limit):
        with threadpool_limits(limits=limit):
            return dictionary.columns(example_input(np.float32, n_samples=1500), sizes=(2, 3), fraction=0.25)

    one, two = build(1), build(2)
    for j in range(len(one.columns)):
        assert np.array_equal(one.dictionary(j), two.dictionary(j))


# Values


def test_repr_names_only_what_differs_from_the_defaults():
    assert repr(SquaredExponential()) == "SquaredExponential()"
    assert repr(SquaredExponential(2, atoms="raw")) == "SquaredExponential(length_scale=2, atoms='raw')"


def test_numbers_of_other_kinds_become_numbers_of_python():
    dictionary = SquaredExponential(np.longdouble(2.0), ridge=Fraction(1, 2), tied=np.bool_(False))
    assert repr(dictionary) == "SquaredExponential(length_scale=2.0, tied=False, ridge=0.5)"
    assert json.dumps(dictionary.get_config())
    assert dictionary == SquaredExponential(np.float64(2.0), ridge=np.float32(0.5), tied=False)


def test_equality_looks_at_kind_and_parameters():
    assert SquaredExponential(1) == SquaredExponential(1.0)
    assert SquaredExponential(1.0) != SquaredExponential(2.0)
    assert DCT() != Identity()
    assert len({DCT(), DCT(), DCT(tied=False)}) == 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "an object with an 'id'"),
        (None, "an object with an 'id'"),
        ({"id": 3}, "an object with an 'id'"),
        ({"id": "fourier"}, "received 'fourier'; expected one of autoencoder, dct"),
        ({"id": "dct", "level": 3}, "dictionary 'dct'.*'level'"),
        ({"id": "squared-exponential", "length_scale": -1}, "length_scale: received -1"),
        ({"id": "squared-exponential", "length_scale": "1"}, "length_scale: received '1'"),
        ({"id": "squared-exponential", "ridge": float("inf")}, "ridge: received inf"),
        ({"id": "explicit"}, "matrix: received None"),
    ],
)
def test_a_bad_specification_is_refused_by_name(config, message):
    with pytest.raises(ValueError, match=message):
        Dictionary.from_config(config)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (DCT, {"selection": "first"}, "selection: received 'first'; expected one of 'uniform', 'leading', 'all'"),
        (DCT, {"leading": 0.5}, "leading: received 0.5; expected a number at least 1 and finite"),
        (DCT, {"tied": "yes"}, "tied: received 'yes'; expected True or False"),
        (RandomConnections, {"tied": 1}, "tied: received 1; expected True or False"),
        (RandomProjection, {"orthonormalize": None}, "orthonormalize: received None"),
        (PrincipalComponents, {"center": 0}, "center: received 0"),
        (SquaredExponential, {"length_scale": 0.0}, "length_scale: received 0.0; expected a number above 0 and finite"),
        (SquaredExponential, {"ridge": -0.1}, "ridge: received -0.1; expected a number at least 0 and finite"),
        (SquaredExponential, {"atoms": "kernel"}, "atoms: received 'kernel'; expected one of 'ridge', 'raw'"),
        (EmpiricalCovariance, {"power": 3}, "power: received 3; expected an integer, at least 1 and at most 2"),
        (EmpiricalCovariance, {"power": 1.0}, "power: received 1.0"),
        (AutoencoderAtoms, {"momentum": 1.0}, "momentum: received 1.0; expected a number at least 0 and below 1"),
        (AutoencoderAtoms, {"epochs": 0}, "epochs: received 0"),
        (AutoencoderAtoms, {"n_base": 1.5}, "n_base: received 1.5; expected an integer, at least 1"),
        (Wavelet, {"name": "bior2.2"}, "name: received 'bior2.2'; expected an orthogonal wavelet"),
        (Wavelet, {"name": "wave"}, "name: received 'wave'; expected an orthogonal wavelet"),
        (Explicit, {"matrix": np.ones(3)}, r"matrix: received shape \(3,\)"),
        (Explicit, {"matrix": [[np.nan]]}, "finite"),
    ],
)
def test_a_bad_option_is_refused_at_once(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)


@pytest.mark.parametrize("huge", [2**63, 10**400, 10**5000], ids=["2**63", "10**400", "10**5000"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (LayerInput, "n_visible"),
        (AutoencoderAtoms, "n_base"),
        (AutoencoderAtoms, "epochs"),
        (AutoencoderAtoms, "batch_size"),
        (EmpiricalCovariance, "power"),
    ],
)
def test_whole_numbers_beyond_any_range_are_refused_by_name(kind, name, huge):
    with pytest.raises(ValueError, match=f"{name}: received .*; expected an integer"):
        kind(**{name: huge})


@pytest.mark.parametrize("huge", [10**400, Fraction(10**400)], ids=["int", "fraction"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (DCT, "leading"),
        (SquaredExponential, "length_scale"),
        (EmpiricalCovariance, "ridge"),
        (AutoencoderAtoms, "learning_rate"),
        (AutoencoderAtoms, "learning_rate_decay"),
    ],
)
def test_numbers_beyond_any_range_are_refused_by_name(kind, name, huge):
    with pytest.raises(ValueError, match=f"{name}: received .*; expected a number"):
        kind(**{name: huge})


def test_the_largest_numbers_in_range_do_no_harm():
    columns = DCT(selection="leading", leading=1e308).columns(LayerInput(64), sizes=(1,), fraction=0.25)
    assert len(columns.columns[0].atoms) == 16
    columns = SquaredExponential(1e308).columns(LayerInput(4, shape=(2, 2)), sizes=(1,), fraction=0.5)
    assert np.isfinite(columns.dictionary(0)).all()


def test_atoms_too_large_for_a_precision_are_refused():
    columns = Explicit(1e200 * MATRIX).columns(LayerInput(128), sizes=(1,), fraction=0.25)
    assert columns.weights(np.float64).n_hidden == 1
    with pytest.raises(ValueError, match=r"dictionary: the largest magnitude is .*e\+200, too large for float32"):
        columns.weights(np.float32)


# A dictionary of the user's own


@dataclass(frozen=True)
class Steps(AtomDictionary, id="tests.steps"):
    n_steps: int = 8

    def base(self, inputs):
        edges = np.linspace(0, inputs.n_visible, self.n_steps, endpoint=False)
        return (np.arange(inputs.n_visible)[:, np.newaxis] >= edges).astype(np.float32)


@dataclass(frozen=True)
class Exponential(KernelDictionary, id="tests.exponential"):
    def base(self, inputs):
        return np.exp(-np.linalg.norm(inputs.points[:, np.newaxis] - inputs.points, axis=2))


def test_a_dictionary_of_the_users_own_takes_one_method():
    check_dictionary(Steps(40))
    check_dictionary(Steps(40, selection="leading", orthonormalize=True))


def test_a_kernel_of_the_users_own_takes_one_method():
    inputs = LayerInput(24, shape=np.random.default_rng(0).uniform(size=(24, 3)))
    check_dictionary(Exponential(ridge=0.2), inputs=inputs)


def test_a_dictionary_without_id_works_but_cannot_be_saved():
    @dataclass(frozen=True)
    class Nameless(AtomDictionary):
        def base(self, inputs):
            return np.eye(inputs.n_visible)

    assert Nameless().columns(LayerInput(4), sizes=(1,)).n_atoms == 4
    with pytest.raises(ValueError, match="Nameless has no id"):
        Nameless().get_config()


def test_two_dictionaries_cannot_share_an_id():
    with pytest.raises(ValueError, match="'dct': DCT of ppdl.dictionaries.grids is already registered"):

        class Other(AtomDictionary, id="dct"):
            pass


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        (np.ones((3, 2)), r"received shape \(3, 2\); expected \(4, n_base\)"),
        (np.ones((4, 0)), r"received shape \(4, 0\)"),
        (np.full((4, 4), np.nan), "NaN or infinity"),
    ],
)
def test_atoms_of_a_wrong_kind_are_refused(atoms, message):
    @dataclass(frozen=True)
    class Wrong(AtomDictionary):
        def base(self, inputs):
            return atoms

    with pytest.raises(ValueError, match=message):
        Wrong().columns(LayerInput(4), sizes=(1,))


# Numbers of atoms and of hidden units


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3000), st.data())
def test_a_fraction_k_over_n_means_k_atoms(n, data):
    k = data.draw(st.integers(1, n))
    assert count_atoms(n, k / n) == k


@pytest.mark.parametrize(
    ("fraction", "n_atoms"), [(0.05, 39), (10 ** np.log10(20 / 784), 20), (1.0, 784), (0.999, 783)]
)
def test_the_number_of_atoms_is_rounded_down(fraction, n_atoms):
    assert count_atoms(784, fraction) == n_atoms


def test_tied_atoms_are_rounded_down_to_whole_pixels():
    assert count_atoms(48, 11 / 48, group=3) == 9


def test_too_small_a_fraction_names_the_smallest_that_will_do():
    with pytest.raises(ValueError, match=r"0.001 of 784 inputs leaves no atom; raise it to at least 0.001276"):
        DCT().columns(LayerInput(784), sizes=(1,), fraction=0.001)
    assert count_atoms(784, 0.001276) == 1
    with pytest.raises(ValueError, match="no atom in each of 3 channels; raise it to at least 0.083334"):
        DCT().columns(LayerInput(36, shape=(4, 3, 3)), sizes=(1,), fraction=0.05)
    with pytest.raises(ValueError, match=r"0.6 of 1 feature\(s\) leaves no atom; raise it to at least 1"):
        DCT().columns(LayerInput(1), sizes=(1,), fraction=0.6)


def test_more_atoms_than_there_are_is_an_error_that_names_the_largest_fraction():
    with pytest.raises(ValueError, match="takes 96 atoms, .* has 80; lower it to at most 0.625"):
        Explicit(MATRIX).columns(LayerInput(128), sizes=(1,), fraction=0.75)


@given(st.integers(1, 500), st.integers(1, 500))
def test_hidden_units_are_divided_as_evenly_as_can_be(n_hidden, n_columns):
    if n_columns > n_hidden:
        with pytest.raises(ValueError, match=f"n_columns: received {n_columns}; expected 1 to {n_hidden}"):
            column_sizes(n_hidden, n_columns)
    else:
        sizes = column_sizes(n_hidden, n_columns)
        assert sum(sizes) == n_hidden
        assert len(sizes) == n_columns
        assert max(sizes) - min(sizes) <= 1


# Selection


@pytest.mark.parametrize(
    "dictionary", [SquaredExponential(), EmpiricalCovariance(), RandomConnections(), DCT(), Wavelet()]
)
def test_tied_atoms_are_the_same_in_all_channels(dictionary):
    inputs = example_input()
    tied = dictionary.columns(inputs, sizes=(1,), fraction=0.3).atoms(0)
    assert len(tied) == 38  # 38.4 rounded down to a multiple of 2
    assert np.array_equal(tied[::2] + 1, tied[1::2])
    assert np.all(tied[::2] % 2 == 0)
    untied = replace(dictionary, tied=False).columns(inputs, sizes=(1,), fraction=0.3).atoms(0)
    assert len(untied) == 38


def test_leading_atoms_are_chosen_from_a_multiple_of_the_number_kept():
    columns = PrincipalComponents(selection="leading", leading=1.5).columns(
        example_input(), sizes=(1,) * 40, fraction=0.25
    )
    chosen = np.concatenate([column.atoms for column in columns.columns])
    assert set(chosen) == set(range(48))  # 1.5 * 32
    first = DCT(selection="leading", leading=1.0).columns(LayerInput(64), sizes=(1,), fraction=0.25).columns[0].atoms
    assert np.array_equal(first, np.arange(16))


def test_uniform_atoms_are_uniform():
    columns = RandomConnections().columns(LayerInput(50), sizes=(1,) * 2000, fraction=0.2)
    counts = np.bincount(np.concatenate([column.atoms for column in columns.columns]), minlength=50)
    assert np.all(np.abs(counts - 400) < 5 * np.sqrt(2000 * 0.2 * 0.8))


# Layers' inputs


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 7), r"\(8, 7\) holds 56 inputs; expected 64"),
        ((64,), r"received \(64,\); expected \(height, width\)"),
        ((8.0, 8.0), "expected"),
        ((-8, -8), "expected"),
        ("image", "received 'image'"),
        (np.zeros((60, 2)), "received coordinates of 60 points; expected as many as there are inputs, 64"),
        (np.full((64, 2), np.nan), "NaN or infinity"),
    ],
)
def test_a_shape_that_does_not_hold_the_inputs_is_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        LayerInput(64, shape=shape)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_visible": 0}, "n_visible: received 0; expected an integer, at least 1"),
        ({"seed": -1}, "seed: received -1; expected an integer, at least 0"),
        ({"seed": 2**64}, "seed: received 18446744073709551616"),
        ({"layer": 2**16}, "layer: received 65536; expected an integer, at least 0 and at most 65535"),
        ({"shape": [[10**400], [1]]}, "input_shape: received"),
        ({"shape": [[1, 2], [3]]}, "input_shape: received"),
    ],
)
def test_a_layer_with_an_impossible_number_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LayerInput(**{"n_visible": 2, **options})


def test_columns_of_an_impossible_size_are_refused():
    for sizes in ((0,), (2**63,), (1.5,)):
        with pytest.raises(ValueError, match="sizes: received .*; expected an integer"):
            DCT().columns(LayerInput(4), sizes=sizes)


def test_points_and_channels_follow_c_order():
    image = np.arange(24).reshape(2, 4, 3)
    inputs = LayerInput(24, shape=(2, 4, 3))
    for value, (row, column, channel) in zip(image.ravel(), np.ndindex(2, 4, 3)):
        assert np.array_equal(inputs.points[value // inputs.n_channels], [row, column])
        assert value % inputs.n_channels == channel


def test_a_hidden_layer_has_no_squared_exponential():
    with pytest.raises(ValueError, match="SquaredExponential needs to know where the inputs lie.*EmpiricalCovariance"):
        SquaredExponential().columns(LayerInput(10), sizes=(1,))


@pytest.mark.parametrize("dictionary", [EmpiricalCovariance(), PrincipalComponents(), AutoencoderAtoms(epochs=1)])
def test_dictionaries_made_from_data_ask_for_it(dictionary):
    assert dictionary.data_driven
    name = type(dictionary).__name__
    with pytest.raises(ValueError, match=rf"{name} is made from data: .* \(n_samples, 10\)"):
        dictionary.columns(LayerInput(10), sizes=(1,))
    with pytest.raises(ValueError, match=r"activations: received shape \(5, 9\); expected \(n_samples, 10\)"):
        dictionary.columns(LayerInput(10, activations=np.ones((5, 9))), sizes=(1,))


def test_only_dictionaries_made_from_data_call_for_it():
    def never():
        raise AssertionError("activations were asked for")

    for dictionary in VARIANTS:
        if not dictionary.data_driven:
            dictionary.columns(LayerInput(128, shape=(8, 8, 2), activations=never), sizes=(1,), fraction=0.25)


def test_activations_are_read_where_they_lie(tmp_path):
    path = tmp_path / "X.npy"
    np.save(path, np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32))
    X = np.load(path, mmap_mode="r")
    assert np.shares_memory(LayerInput(8, activations=X).sample("test"), X)
    columns = EmpiricalCovariance().columns(LayerInput(8, activations=X), sizes=(1,))
    assert np.allclose(columns.base, np.cov(X.T.astype(np.float64)))


DATA_DRIVEN = [
    EmpiricalCovariance(),
    EmpiricalCovariance(2),
    PrincipalComponents(),
    PrincipalComponents(center=False),
    AutoencoderAtoms(epochs=2, batch_size=7),
]


def base_of(dictionary, X, weight=None):
    return dictionary.base(LayerInput(X.shape[1], activations=X, sample_weight=weight))


@pytest.mark.parametrize("dictionary", DATA_DRIVEN, ids=repr)
def test_samples_without_weight_are_as_if_absent(dictionary):
    X = np.random.default_rng(0).uniform(size=(30, 6))
    weight = np.arange(30) % 3 > 0
    absent = base_of(dictionary, X[weight])
    X[~weight] = 1e6
    assert np.allclose(base_of(dictionary, X, weight), absent, rtol=1e-9)
    X[~weight] = np.nan  # not even looked at
    assert np.allclose(base_of(dictionary, X, weight), absent, rtol=1e-9)


@pytest.mark.parametrize("dictionary", DATA_DRIVEN[:4], ids=repr)
def test_whole_weights_count_as_repeated_samples(dictionary):
    rng = np.random.default_rng(0)
    X, weight = rng.uniform(size=(30, 6)), rng.integers(0, 4, size=30)
    assert np.allclose(base_of(dictionary, X, weight), base_of(dictionary, np.repeat(X, weight, axis=0)), rtol=1e-9)


def test_whole_weights_count_as_repeated_samples_in_the_autoencoder():
    rng = np.random.default_rng(0)
    X, weight = rng.uniform(size=(30, 6)), rng.integers(0, 4, size=30)
    dictionary = AutoencoderAtoms(epochs=5)  # whose batch holds all samples
    assert np.allclose(base_of(dictionary, X, weight), base_of(dictionary, np.repeat(X, weight, axis=0)), rtol=1e-9)


def test_a_dictionary_that_knows_no_weights_sees_the_samples_that_have_some():
    X = np.arange(12.0).reshape(4, 3)
    inputs = LayerInput(3, activations=X, sample_weight=np.array([1.0, 0.0, 2.0, 0.0]))
    assert np.array_equal(inputs.sample("test"), X[[0, 2]])
    assert np.shares_memory(replace(inputs, sample_weight=np.ones(4)).sample("test"), X)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(4), r"sample_weight: received shape \(4,\); expected \(5,\)"),
        (np.ones((5, 1)), r"sample_weight: received shape \(5, 1\)"),
        (np.array([1, 1, 1, 1, -1e-3]), "at least 0"),
        (np.array([1, 1, 1, 1, np.nan]), "finite"),
        (np.zeros(5), "not all of them 0"),
        (np.full(5, 1e308), "the sum is not finite"),
    ],
)
def test_impossible_weights_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        base_of(EmpiricalCovariance(), np.eye(5), weight)


@pytest.mark.parametrize("dictionary", [DCT(), Wavelet()])
def test_bases_of_grids_refuse_coordinates(dictionary):
    with pytest.raises(ValueError, match="needs a grid: input_shape is a list of coordinates"):
        dictionary.columns(LayerInput(10, shape=np.zeros((10, 2))), sizes=(1,))


# Stored dictionaries


def test_only_what_the_specification_does_not_tell_is_stored():
    for dictionary in VARIANTS:
        stores = dictionary.columns(example_input(), sizes=(1,), fraction=0.25).stores_base
        assert stores == (dictionary.data_driven or isinstance(dictionary, Explicit))


def test_an_explicit_dictionary_knows_its_matrix_again():
    dictionary = Dictionary.from_config(Explicit(MATRIX).get_config())
    assert dictionary == Explicit(MATRIX)
    with pytest.raises(ValueError, match="was made without its matrix; give it to `columns` as `base`"):
        dictionary.columns(LayerInput(128), sizes=(1,), fraction=0.1)
    with pytest.raises(ValueError, match="sha256: the matrix has"):
        dictionary.columns(LayerInput(128), sizes=(1,), fraction=0.1, base=2 * MATRIX)
    with pytest.raises(ValueError, match="sha256: the matrix has"):
        Explicit(2 * MATRIX, sha256=dictionary.sha256)
    columns = dictionary.columns(LayerInput(128), sizes=(1,), fraction=0.1, base=MATRIX)
    assert np.array_equal(columns.base, MATRIX[:, columns.chosen])


def test_an_explicit_dictionary_keeps_its_own_copy():
    matrix = MATRIX.copy()
    dictionary = Explicit(matrix)
    matrix[:] = 0
    assert np.array_equal(dictionary.matrix, MATRIX)
    assert not dictionary.matrix.flags.writeable
    assert clone(dictionary, safe=False).matrix is dictionary.matrix


def test_the_digest_sees_changes_and_not_rounding():
    columns = SquaredExponential().columns(LayerInput(64, shape=(8, 8)), sizes=(3, 3), fraction=0.2)
    noise = 1 + 1e-14 * np.random.default_rng(0).normal(size=columns.base.shape)
    assert replace(columns, base=columns.base * noise).digest() == columns.digest()
    for i in columns.columns[0].atoms:
        changed = columns.base.copy()
        changed[5, i] += 1e-2
        assert replace(columns, base=changed).digest() != columns.digest()
    first, second = columns.columns
    assert replace(columns, columns=(second, first)).digest() != columns.digest()
    assert replace(columns, columns=(first._replace(n_hidden=4), second)).digest() != columns.digest()


def test_the_digest_is_that_of_earlier_releases():
    """Golden values: a saved model holds such a digest. Made by this test's own expressions, version 0.1."""
    inputs = LayerInput(64, shape=(8, 8))
    cosines = Dictionary.from_config({"id": "dct"})
    found = {d: d.columns(inputs, sizes=(3, 2), fraction=0.2).digest()[:16] for d in (cosines, SquaredExponential())}
    assert found == {cosines: "e667d3f686778451", SquaredExponential(): "e70dc5867c2b3dc2"}


# Numerical failures


def test_too_small_a_ridge_is_a_numerical_error_that_says_so():
    with pytest.raises(ppdl.NumericalError, match=r"Cholesky of K_alpha \+ ridge I failed; increase ridge \(got 0\)"):
        SquaredExponential(length_scale=20.0, ridge=0.0).columns(LayerInput(64, shape=(8, 8)), sizes=(1,))
    with pytest.raises(ppdl.NumericalError, match=r"increase ridge \(got 0\)"):
        EmpiricalCovariance(ridge=0).columns(LayerInput(3, activations=np.ones((5, 3))), sizes=(1,))


def test_dependent_atoms_cannot_be_orthonormalized():
    X = np.random.default_rng(0).normal(size=(10, 20))  # a covariance of rank 9
    with pytest.raises(
        ppdl.NumericalError, match=r"linearly dependent.*smaller fraction.*orthonormalize=True in Empirical"
    ):
        EmpiricalCovariance(orthonormalize=True).columns(LayerInput(20, activations=X), sizes=(1,), fraction=0.8)
    with pytest.raises(ppdl.NumericalError, match="the 5 atoms of a column are linearly dependent"):
        Explicit(np.ones((4, 5)), selection="all", orthonormalize=True).columns(LayerInput(4), sizes=(1,))


def test_a_diverging_autoencoder_says_what_to_lower():
    X = np.random.default_rng(0).normal(size=(200, 8)) * 100
    dictionary = AutoencoderAtoms(decoder="identity", learning_rate=100.0, epochs=50)
    with pytest.raises(ppdl.NumericalError, match="autoencoder of AutoencoderAtoms.*lower its learning_rate"):
        dictionary.columns(LayerInput(8, activations=X), sizes=(1,))


def test_a_single_sample_has_no_covariance():
    for X, weight in ((np.ones((1, 3)), None), (np.ones((3, 3)), np.array([0.0, 0.5, 0.0]))):
        with pytest.raises(ValueError, match="received 1 samples; a covariance takes at least 2"):
            base_of(EmpiricalCovariance(), X, weight)


def test_activations_with_nan_are_refused():
    X = np.ones((5, 3))
    X[2, 1] = np.nan
    with pytest.raises(ValueError, match="NaN or infinity; check the data"):
        EmpiricalCovariance().columns(LayerInput(3, activations=X), sizes=(1,))


def test_wavelets_without_pywavelets_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywt", None)
    with pytest.raises(ImportError, match=r"pip install 'predicted-parameters\[wavelet\]'"):
        Wavelet()


def test_wavelets_need_even_sides():
    with pytest.raises(ValueError, match="needs sides that are even and longer than the wavelet; received 5 x 4"):
        Wavelet().columns(LayerInput(20, shape=(5, 4)), sizes=(1,))


def test_a_learned_dictionary_is_not_there_to_be_looked_at_or_fitted_with():
    columns = LowRank().columns(LayerInput(10), sizes=(4,), fraction=0.3)
    for ask in (
        lambda: columns.dictionary(0),
        lambda: columns.point_dictionary(0),
        lambda: columns.fit(np.ones((10, 4)), np.ones(columns.n_dynamic)),
    ):
        with pytest.raises(ValueError, match="U is learned"):
            ask()
