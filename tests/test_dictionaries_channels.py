"""Dictionaries that are the same in every channel: held over the points alone, and the same as if they were not."""

import copy
import pickle
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import dictionaries as oracle
from sklearn.base import clone

import ppdl
from ppdl import PredictedMLPClassifier
from ppdl.dictionaries import (
    DCT,
    AtomDictionary,
    EmpiricalCovariance,
    LayerInput,
    RandomConnections,
    SquaredExponential,
    Wavelet,
)
from ppdl.testing import check_dictionary

SQUARED = SquaredExponential(0.7)
SHARED = [
    SquaredExponential(),
    SquaredExponential(0.7, atoms="raw"),
    SquaredExponential(orthonormalize=True),
    DCT(),
    DCT(selection="leading"),
    Wavelet(selection="all"),
]


@dataclass(frozen=True, repr=False)
class Whole(SquaredExponential, id="tests.whole"):
    """The same kernel, over all inputs: it says nothing of channels."""

    def base(self, inputs):
        return super().base(inputs)


@dataclass(frozen=True, repr=False)
class Boxes(AtomDictionary, id="tests.boxes-in-channels"):
    """One's own dictionary, the same in every channel."""

    width: int = 3
    same_in_channels: ClassVar[bool] = True

    def base(self, inputs):
        points = np.arange(inputs.n_visible)
        return (np.abs(np.subtract.outer(points, points)) < self.width) / self.width


def input_of(shape, **options):
    return LayerInput(int(np.prod(shape)), shape=shape, **options)


def expanded(columns):
    """The same dictionaries over all inputs."""
    identity = np.eye(columns.n_channels)
    mixed = tuple(
        column._replace(atoms=columns.atoms(j), mix=None if column.mix is None else np.kron(column.mix, identity))
        for j, column in enumerate(columns.columns)
    )
    return replace(columns, columns=mixed, base=np.kron(columns.base, identity), n_channels=1, factors=None)


@pytest.mark.parametrize("shape", [(4, 6, 3), (6, 6, 2)])
@pytest.mark.parametrize("dictionary", SHARED, ids=repr)
def test_a_dictionary_over_points_is_the_one_over_all_channels(dictionary, shape):
    points = dictionary.columns(input_of(shape), sizes=(3, 2), fraction=0.4)
    whole = expanded(points)
    assert points.n_channels == shape[2]
    assert points.base.shape[0] * shape[2] == points.n_visible
    assert points.digest() == whole.digest()
    counts = ("n_hidden", "n_atoms", "n_dynamic", "n_static")
    assert [getattr(points, name) for name in counts] == [getattr(whole, name) for name in counts]
    V = np.random.default_rng(0).uniform(size=points.n_dynamic)
    assert_array_equal(points.flat(points.dynamic(V)), V)
    for j in range(2):
        assert_allclose(points.dictionary(j), whole.dictionary(j), atol=1e-13)
        assert_array_equal(points.dynamic(V)[j], whole.dynamic(V)[j])
    W = points.weights(np.float64).materialise(V)
    assert_allclose(W, whole.weights(np.float64).materialise(V), atol=1e-13)
    assert_allclose(points.fit(W, V), whole.fit(W, V), atol=1e-9)
    assert_allclose(points.weights(np.float64).fit(W), whole.weights(np.float64).fit(W), atol=1e-9)


def test_the_digest_of_dictionaries_in_channels_is_that_of_earlier_releases():
    """Golden values: a saved model holds such a digest. Made by version 0.1.0, which formed them over all channels."""
    inputs = input_of((8, 8, 3), seed=5, layer=1)
    found = {
        d.id: d.columns(inputs, sizes=(3, 4), fraction=0.3).digest()[:16]
        for d in (SQUARED, DCT(selection="uniform"), Wavelet(selection="uniform"))
    }
    assert found == {
        "squared-exponential": "37352940415d0398",
        "dct": "8c1a4a6fbc87fbbf",
        "wavelet": "1e67bbc25e771a8d",
    }


def test_covariances_and_connections_are_of_all_inputs():
    X = np.random.default_rng(0).uniform(size=(50, 48))
    for dictionary in (EmpiricalCovariance(), RandomConnections()):
        assert dictionary.columns(input_of((4, 4, 3), activations=X), sizes=(2,), fraction=0.3).n_channels == 1


@pytest.mark.parametrize("dictionary", SHARED[:-1], ids=repr)
def test_untied_atoms_are_chosen_from_those_of_all_channels(dictionary):
    untied = replace(dictionary, tied=False).columns(input_of((4, 6, 3)), sizes=(2,), fraction=0.4)
    assert untied.n_channels == 1
    assert_allclose(untied.base, dictionary.base(input_of((4, 6, 3))), rtol=0, atol=1e-14)
    assert len({int(atom) % 3 for atom in untied.atoms(0)}) == 3


@pytest.mark.parametrize("tied", [True, False])
def test_ones_own_dictionary_can_be_the_same_in_every_channel(tied):
    check_dictionary(Boxes(tied=tied))
    columns = Boxes(tied=tied).columns(input_of((4, 4, 3)), sizes=(2,), fraction=0.5)
    assert columns.n_channels == (3 if tied else 1)
    B = np.kron(Boxes().base(LayerInput(16)), np.eye(3))
    assert_allclose(columns.dictionary(0), B[:, columns.atoms(0)])


def test_another_base_says_anew_whether_it_is_the_same_in_every_channel_and_what_its_factors_are():
    columns = Whole(0.8).columns(input_of((4, 4, 3)), sizes=(2,), fraction=0.5)
    assert (columns.n_channels, columns.factors) == (1, None)
    K = oracle.squared_exponential(input_of((4, 4, 3)).points, 3, 0.8)
    assert_allclose(columns.base, K, rtol=1e-14)
    assert Whole().columns(input_of((4, 4)), sizes=(2,)).factors is None


@pytest.mark.parametrize("dictionary", [SquaredExponential(0.8), DCT()], ids=repr)
@pytest.mark.parametrize("shape", [(4, 6), (5, 3, 2), (1, 7), (6, 9)])
def test_atoms_are_the_outer_products_of_their_factors(dictionary, shape):
    columns = dictionary.columns(input_of(shape), sizes=(1,))
    down, across, pairs = columns.factors
    atoms = [np.outer(down[:, y], across[:, x]).ravel() for y, x in pairs]
    assert_allclose(np.column_stack(atoms), columns.base, atol=1e-14)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_that_keep_the_factors_are_the_same(dtype, tied):
    columns = replace(SQUARED, tied=tied).columns(input_of((5, 4, 2)), sizes=(3, 2), fraction=0.4)
    assert (columns.factors is not None) == tied
    V = np.random.default_rng(0).uniform(size=columns.n_dynamic).astype(dtype)
    for_all, for_convolutions = columns.weights(dtype), columns.weights(dtype, separable=True)
    tolerance = 20 * np.finfo(dtype).eps
    assert_allclose(for_convolutions.materialise(V), for_all.materialise(V), rtol=0, atol=20 * tolerance)


# Estimators


def data(dtype=np.float64):
    X = np.random.default_rng(0).uniform(size=(120, 6 * 6 * 3)).astype(dtype)
    return X, (X[:, :50].sum(axis=1) > X[:, 50:100].sum(axis=1)).astype(int)


def classifier(dictionary, **options):
    shape = {"input_shape": (6, 6, 3), "learned_fraction": 0.3}
    return PredictedMLPClassifier(
        (14,), dictionary=dictionary, max_iter=3, random_state=0, n_iter_no_change=np.inf, **shape, **options
    )


@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("order", ["auto", "predict", "pool"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_training_in_channels_is_that_with_the_whole_dictionary(dtype, tolerance, order, n_columns):
    X, y = data(dtype)
    options = {"order": order, "n_columns": n_columns, "penalty": "predicted", "alpha": 0.01}
    points = classifier(SquaredExponential(), **options).fit(X, y)
    whole = classifier(Whole(), **options).fit(X, y)
    assert points.dictionaries_[0].n_channels == 3
    assert whole.dictionaries_[0].n_channels == 1
    assert_allclose(points.coefs_[0], whole.coefs_[0], rtol=0, atol=tolerance)
    assert_allclose(points.predict_proba(X), whole.predict_proba(X), rtol=0, atol=tolerance)


@pytest.mark.filterwarnings("ignore:L-BFGS did not converge")
@pytest.mark.parametrize("options", [{}, {"pretraining": "autoencoder", "pretraining_epochs": 2}, {"solver": "lbfgs"}])
def test_other_ways_of_training_are_those_with_the_whole_dictionary(options):
    X, y = data()
    points, whole = (classifier(d, n_columns=2, **options).fit(X, y) for d in (SquaredExponential(), Whole()))
    assert_allclose(points.coefs_[0], whole.coefs_[0], rtol=0, atol=1e-8)


@pytest.mark.parametrize("dictionary", [SquaredExponential(), DCT(), Boxes()], ids=repr)
def test_a_classifier_in_channels_is_saved_loaded_pickled_and_cloned(dictionary, tmp_path):
    X, y = data()
    fitted = classifier(dictionary, n_columns=2).fit(X, y)
    fitted.save(tmp_path / "m")
    for twin in (ppdl.load(tmp_path / "m"), pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert_array_equal(twin.predict_proba(X), fitted.predict_proba(X))
    assert_array_equal(clone(fitted).fit(X, y).predict_proba(X), fitted.predict_proba(X))


def test_the_memory_limit_of_a_file_counts_the_points_alone(tmp_path):
    X, y = data()
    fitted = classifier(SquaredExponential()).fit(X, y)
    fitted.save(tmp_path / "m")
    needed = 8 * 36 * 36
    with pytest.raises(ValueError, match=rf"of 108 inputs takes {needed} bytes; .* memory_limit={needed - 1};"):
        ppdl.load(tmp_path / "m", memory_limit=needed - 1)
    size = (tmp_path / "m").stat().st_size
    assert_array_equal(ppdl.load(tmp_path / "m", memory_limit=max(needed, size)).predict(X), fitted.predict(X))
