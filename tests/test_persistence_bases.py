"""Bases made from data, in files: the atoms that a column chose, and nothing needs the others."""

import os
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors import safe_open
from sklearn.datasets import load_digits

import ppdl
from ppdl import RICA, PredictedMLPClassifier
from ppdl.dictionaries import (
    DCT,
    AtomDictionary,
    AutoencoderAtoms,
    EmpiricalCovariance,
    Explicit,
    PrincipalComponents,
    SquaredExponential,
)

OPTIONS = {"hidden_layer_sizes": (40, 30), "max_iter": 2, "random_state": 0, "n_iter_no_change": np.inf}


@dataclass(frozen=True, repr=False)
class Centred(AtomDictionary, id="tests.centred"):
    """Covariances whose mix looks at the whole base."""

    data_driven = True

    def base(self, inputs):
        return np.cov(inputs.sample("Centred").T)

    def mix(self, base, atoms):
        return np.eye(len(atoms)) + base.mean()


DICTIONARIES = [
    PrincipalComponents(),
    PrincipalComponents(selection="leading", leading=1.0),
    PrincipalComponents(selection="all"),
    EmpiricalCovariance(),
    EmpiricalCovariance(ridge=1e-7),
    EmpiricalCovariance(atoms="raw"),
    EmpiricalCovariance(orthonormalize=True),
    AutoencoderAtoms(epochs=1),
    Explicit(np.random.default_rng(0).normal(size=(40, 50))),
    Centred(),
]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


def stored(path, name="layer.1.base"):
    with safe_open(path, framework="numpy") as file:
        return file.get_tensor(name)


@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dictionary", DICTIONARIES, ids=repr)
def test_what_is_loaded_goes_on_as_what_was_saved_without_the_other_atoms(
    digits, dictionary, dtype, n_columns, tmp_path
):
    X, y = digits[0].astype(dtype), digits[1]
    fractions = {"learned_fraction": (1.0, 0.1), "n_columns": (1, n_columns)}
    clf = PredictedMLPClassifier(dictionary=(None, dictionary), **fractions, **OPTIONS).fit(X, y)
    clf.save(tmp_path / "m")
    built = clf.dictionaries_[1]
    chosen = np.unique(np.concatenate([built.atoms(j) for j in range(n_columns)]))
    assert_array_equal(stored(tmp_path / "m"), built.base)
    assert built.base.shape == (40, len(chosen))
    for twin in (ppdl.load(tmp_path / "m"), pickle.loads(pickle.dumps(clf))):
        for j in range(n_columns):
            assert_array_equal(twin.dictionaries_[1].dictionary(j), built.dictionary(j))
            assert_array_equal(twin.dictionaries_[1].atoms(j), built.atoms(j))
        assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))
        assert_array_equal(twin.merge().predict_proba(X), clf.merge().predict_proba(X))
        twin.set_params(warm_start=True).fit(X, y)
        again = pickle.loads(pickle.dumps(clf)).set_params(warm_start=True).fit(X, y)
        assert_array_equal(twin.theta_, again.theta_)


@pytest.mark.parametrize(
    ("dictionary", "dtype"),
    [
        *((dictionary, np.float32) for dictionary in DICTIONARIES[:4]),
        *((dictionary, np.float64) for dictionary in DICTIONARIES[4:5]),  # its ridge does not hide a rounded kernel
        (AutoencoderAtoms(epochs=1), np.float32),
    ],
    ids=str,
)
def test_base_of_float32_data_is_stored_in_float32_where_that_does_no_harm(digits, dictionary, dtype, tmp_path):
    X = digits[0].astype(np.float32)
    clf = PredictedMLPClassifier(dictionary=(None, dictionary), learned_fraction=(1.0, 0.1), **OPTIONS)
    clf.fit(X, digits[1]).save(tmp_path / "m")
    assert stored(tmp_path / "m").dtype == dtype


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_components_hold_the_chosen_atoms_alone(digits, tmp_path):
    options = {"dictionary": PrincipalComponents(selection="leading"), "learned_fraction": 0.1}
    rica = RICA(9, max_iter=2, random_state=0, **options).fit(digits[0])
    rica.save(tmp_path / "m")
    assert stored(tmp_path / "m", "base").shape[1] == 6
    assert_array_equal(ppdl.load(tmp_path / "m").transform(digits[0]), rica.transform(digits[0]))


@pytest.mark.parametrize(
    ("dictionary", "most"),
    [
        ((DCT(selection="leading"), PrincipalComponents(selection="leading")), 0.1),
        ((SquaredExponential(), EmpiricalCovariance()), 0.25),
    ],
    ids=["leading", "paper's"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_file_of_a_network_that_learns_a_twentieth_is_a_small_part_of_the_dense_ones(dictionary, most, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.random((100, 784), dtype=np.float32), np.arange(100) % 10
    options = {"hidden_layer_sizes": (500, 500), "max_iter": 1, "random_state": 0}
    predicted = {"dictionary": dictionary, "learned_fraction": 0.05, "n_columns": 10, "input_shape": (28, 28)}
    PredictedMLPClassifier(**options).fit(X, y).save(tmp_path / "dense")
    PredictedMLPClassifier(**options, **predicted).fit(X, y).save(tmp_path / "predicted")
    assert os.path.getsize(tmp_path / "predicted") < most * os.path.getsize(tmp_path / "dense")
