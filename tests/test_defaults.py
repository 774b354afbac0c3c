"""What a network does where parameters leave it open, and a dictionary's parameters as an estimator's."""

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

import ppdl
from ppdl import RICA, PatchFeatures, PredictedConvNetClassifier, PredictedMLPClassifier
from ppdl.dictionaries import (
    DCT,
    AutoencoderAtoms,
    Dictionary,
    Explicit,
    Identity,
    LayerInput,
    LowRank,
    PrincipalComponents,
    RandomConnections,
    SquaredExponential,
)
from ppdl.estimators.networks import choices
from ppdl.layers import Conv2D, Dense, Layer

QUICK = {"max_iter": 2, "n_iter_no_change": np.inf, "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def automatic(digits):
    """Two hidden layers of which a tenth is to be learned."""
    return PredictedMLPClassifier((30, 20), learned_fraction=0.1, input_shape=(8, 8), **QUICK).fit(*digits)


# What is decided ------------------------------------------------------------------------------------------------------


def test_without_arguments_it_is_the_ordinary_network_to_the_bit(digits):
    ordinary = PredictedMLPClassifier((20,), dictionary=None, learned_fraction=1.0, n_columns=1, **QUICK).fit(*digits)
    assert_array_equal(PredictedMLPClassifier((20,), **QUICK).fit(*digits).theta_, ordinary.theta_)
    for given in ({"dictionary": None, "learned_fraction": 0.1}, {"dictionary": Identity(), "learned_fraction": 0.1}):
        assert_array_equal(PredictedMLPClassifier((20,), **given, **QUICK).fit(*digits).theta_, ordinary.theta_)


def test_a_tenth_alone_learns_digits_as_well_as_all(digits):
    X, y = digits
    options = {"max_iter": 60, "n_iter_no_change": np.inf, "random_state": 0, "input_shape": (8, 8)}
    full, few = (PredictedMLPClassifier(learned_fraction=f, **options).fit(X[:1200], y[:1200]) for f in (None, 0.1))
    assert few.score(X[1200:], y[1200:]) > full.score(X[1200:], y[1200:]) - 0.02
    assert few.summary().n_dynamic < 0.3 * full.summary().n_dynamic


@pytest.mark.parametrize(
    ("inputs", "fraction", "dictionary", "n_atoms", "n_columns"),
    [
        (LayerInput(784, (28, 28)), 0.1, DCT(leading=2.0, scaled=True), 78, 14),
        (LayerInput(64, (8, 8)), 0.1, DCT(leading=6.0, scaled=True), 8, 100),
        (LayerInput(192, (8, 8, 3)), 0.25, DCT(leading=3.0, scaled=True), 48, 22),
        (LayerInput(50, (5, 5, 2)), 0.2, RandomConnections(tied=False), 10, 100),  # too few points to be smooth over
        (LayerInput(30), 0.1, RandomConnections(), 8, 100),
        (LayerInput(200), 0.1, RandomConnections(), 20, 100),
        (LayerInput(13), 0.1, Identity(), 13, 1),
        (LayerInput(13), 0.7, RandomConnections(), 9, 100),  # as was asked for
        (LayerInput(64, (8, 8)), 1.0, Identity(), 64, 1),
        (LayerInput(64, (8, 8)), None, Identity(), 64, 1),
    ],
)
def test_what_is_chosen_for_inputs(inputs, fraction, dictionary, n_atoms, n_columns):
    chosen = choices.decided(Dense(100, fraction=fraction), inputs)
    columns = chosen.dictionary.columns(inputs, sizes=chosen.sizes, fraction=chosen.fraction)
    assert (chosen.dictionary, chosen.n_columns) == (dictionary, n_columns)
    assert len(columns.atoms(0)) == n_atoms


@pytest.mark.parametrize(
    ("layer", "fraction", "n_columns"),
    [
        (Dense(100, dictionary=DCT()), 0.2, 80),
        (Dense(7, dictionary=DCT()), 0.2, 7),
        (Dense(20, dictionary=DCT(), group=2), 0.2, 10),
        (Dense(100, dictionary=DCT(), n_columns=3), 0.2, 3),
        (Dense(100, dictionary=DCT(selection="all")), 1.0, 1),
        (Dense(100, dictionary=LowRank()), 0.2, 1),
        (Dense(100, dictionary=Identity()), 1.0, 1),
    ],
)
def test_a_given_dictionary_without_a_fraction_predicts(layer, fraction, n_columns):
    chosen = choices.decided(layer, LayerInput(64))
    assert (chosen.dictionary, chosen.fraction, chosen.n_columns) == (layer.dictionary, fraction, n_columns)


def test_small_tables_learn_more_than_asked_and_the_summary_says_so():
    wine, cancer = (
        PredictedMLPClassifier(learned_fraction=0.1, **QUICK).fit(scale(X), y).summary()
        for X, y in (load_wine(return_X_y=True), load_breast_cancer(return_X_y=True))
    )
    assert wine.n_dynamic == wine.n_parameters
    assert str(wine).endswith("hidden 1: learned_fraction=0.1 is too little of 13 inputs; all is learned")
    assert str(cancer).endswith("30 inputs; 26.7% is learned")
    assert cancer.layers[0].n_dynamic == 800
    assert "26.7% is learned" in cancer._repr_html_()


def test_each_layer_may_leave_something_open(digits):
    clf = PredictedMLPClassifier((20, 20, 20), dictionary=(None, DCT(), "auto"), learned_fraction=(0.1, None, 0.5))
    clf.set_params(n_columns=("auto", 2, "auto"), **QUICK).fit(*digits)
    assert [layer.dictionary for layer in clf.summary().layers[:3]] == ["Identity()", "DCT()", "RandomConnections()"]
    assert [layer.n_columns for layer in clf.summary().layers[:3]] == [1, 2, 20]
    assert [layer.n_dynamic for layer in clf.summary().layers[:3]] == [64 * 20, 4 * 20, 10 * 20]


def test_convolutions_predict_at_a_fraction_alone(digits):
    X, y = digits
    clf = PredictedConvNetClassifier([Conv2D(8, 7, padding=3), Conv2D(8, 3), Dense(10)], learned_fraction=0.2, **QUICK)
    first, second, dense, _ = clf.fit(X[:50].reshape(-1, 8, 8), y[:50]).summary().layers
    assert first.dictionary.startswith("DCT(")
    assert second.dictionary == dense.dictionary == "RandomConnections(tied=False)"
    assert dense.n_dynamic / (dense.n_visible * dense.n_hidden) == pytest.approx(0.2, abs=0.01)


def test_a_fit_that_goes_on_holds_to_what_was_decided(automatic, digits, monkeypatch):
    clf = clone(automatic).fit(*digits)
    monkeypatch.setattr(choices, "LEADING", 50.0)
    monkeypatch.setattr(choices, "FEWEST_ATOMS", 16)
    clf.partial_fit(*digits)
    with pytest.raises(ValueError, match="^learned_fraction: received 0.2; expected what the network was fitted with"):
        clf.set_params(learned_fraction=0.2).partial_fit(*digits)


# Files ----------------------------------------------------------------------------------------------------------------


def test_a_file_is_loaded_where_other_things_are_decided_now(automatic, digits, tmp_path, monkeypatch):
    automatic.save(tmp_path / "m")
    monkeypatch.setattr(choices, "FEWEST_ATOMS", 16)
    loaded = ppdl.load(tmp_path / "m")
    assert repr(loaded) == repr(automatic)
    assert str(loaded.summary()) == str(automatic.summary())
    assert_array_equal(loaded.predict_proba(digits[0]), automatic.predict_proba(digits[0]))
    loaded.save(tmp_path / "again")
    loaded.partial_fit(*digits)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("decided"), "decided: received '0 layers'; expected 2, those"),
        (lambda s: s["decided"].pop(), "decided: received '1 layers'"),
        (lambda s: s["decided"].reverse(), r"decided: received Dense\(20"),
        (lambda s: s["decided"][0]["layer"].update(units=31, n_columns=30), r"decided: received Dense\(31"),
        (lambda s: s["decided"][0]["layer"].update(n_columns=10**9), "decided: .*n_columns"),
        (lambda s: s["decided"][0]["layer"].update(n_columns="auto"), "decided: n_columns: received 'auto'"),
        (lambda s: s["decided"][0]["layer"].update(fraction=None), r"decided: received Dense\(30"),
        (lambda s: s["decided"].__setitem__(0, 3), "decided"),
        (lambda s: s.update(decided=3), "decided: received 'int'"),
        (lambda s: s["params"].update(dictionary=None), "decided: received"),
    ],
)
def test_decisions_that_fit_nothing_are_refused(automatic, change, message, tmp_path):
    automatic.save(tmp_path / "m")
    with safe_open(tmp_path / "m", framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        specification = {**json.loads(file.metadata()["ppdl"]), "format": 1}  # which has no checksum
    change(specification)
    save_file(tensors, tmp_path / "m", {"ppdl": json.dumps(specification)})
    with pytest.raises(ValueError, match=message):
        ppdl.load(tmp_path / "m")


def test_a_specification_without_a_later_parameter_means_what_it_meant():
    for kind in ("dct", "principal-components"):
        assert Dictionary.from_config({"id": kind}).selection == "uniform"
    assert DCT().get_config()["selection"] == "leading"
    assert "scaled" not in DCT().get_config()
    assert Dictionary.from_config(DCT(scaled=True).get_config()) == DCT(scaled=True)
    assert Layer.from_config({"layer": "Dense", "units": 3}) == Dense(3, n_columns=1)


# A dictionary's parameters --------------------------------------------------------------------------------------------


def test_rows_of_scaled_dictionaries_have_length_one_on_average():
    inputs = LayerInput(64, shape=(8, 8))
    plain, scaled = (DCT(scaled=s).columns(inputs, sizes=(5,), fraction=0.125) for s in (False, True))
    assert np.square(scaled.dictionary(0)).sum(axis=1).mean() == pytest.approx(1.0)
    np.testing.assert_allclose(scaled.dictionary(0), np.sqrt(8) * plain.dictionary(0))


def test_searches_reach_the_parameters_of_a_dictionary(digits):
    clf = PredictedMLPClassifier((10,), dictionary=SquaredExponential(ridge=0.2), input_shape=(8, 8), **QUICK)
    search = GridSearchCV(clf, {"dictionary__length_scale": [0.5, 2.0]}, cv=2).fit(*digits)
    assert search.best_estimator_.dictionary.ridge == 0.2
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    assert clf.dictionary == SquaredExponential(ridge=0.2)


def test_none_stands_beside_fractions_in_a_search(digits):
    grid = {"dictionary": [None, DCT()], "learned_fraction": [0.25, 0.5]}
    clf = PredictedMLPClassifier((10,), input_shape=(8, 8), **QUICK)
    scores = GridSearchCV(clf, grid, cv=2, error_score="raise").fit(*digits).cv_results_["mean_test_score"]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("estimator", [PredictedMLPClassifier(), RICA(), PredictedConvNetClassifier()])
def test_parameters_of_a_dictionary_are_set_by_another_one_in_its_place(estimator):
    dictionary = SquaredExponential()
    estimator = clone(estimator).set_params(dictionary=dictionary, dictionary__length_scale=3.0)
    assert estimator.get_params()["dictionary__length_scale"] == 3.0
    assert dictionary == SquaredExponential()
    before = estimator.get_params()
    with pytest.raises(ValueError, match="width: received for SquaredExponential"):
        estimator.set_params(dictionary__width=1, verbose=True)
    assert estimator.get_params() == before
    with pytest.raises(ValueError, match="^dictionary__ridge: received for dictionary=None; expected a dictionary"):
        estimator.set_params(dictionary=None, dictionary__ridge=1.0)


PAIR = (SquaredExponential(ridge=0.2), PrincipalComponents())


def test_searches_reach_the_parameters_of_one_dictionary_among_several(digits):
    clf = PredictedMLPClassifier((10, 10), dictionary=PAIR, learned_fraction=0.5, input_shape=(8, 8), **QUICK)
    grid = {"dictionary__0__length_scale": [0.5, 2.0], "dictionary__1": [None, DCT()]}
    search = GridSearchCV(clf, grid, cv=2, error_score="raise").fit(*digits)
    assert len(set(search.cv_results_["mean_test_score"])) == 4
    length_scale, second = search.best_params_.values()
    assert search.best_estimator_.dictionary == (SquaredExponential(length_scale, ridge=0.2), second)
    assert clf.dictionary == PAIR


@pytest.mark.parametrize("kind", [tuple, list])
def test_parameters_of_one_dictionary_among_several_are_listed_and_set(kind):
    estimator = clone(PredictedMLPClassifier(dictionary=kind([*PAIR, None])))
    params = estimator.get_params()
    assert (params["dictionary__0"], params["dictionary__0__ridge"], params["dictionary__2"]) == (PAIR[0], 0.2, None)
    assert estimator.set_params(**params).get_params() == params
    assert "dictionary__0" not in estimator.get_params(deep=False)
    estimator.set_params(dictionary__0__ridge=0.3, dictionary__1__leading=3.0, dictionary__1=DCT())
    assert estimator.dictionary == kind([SquaredExponential(ridge=0.3), DCT(leading=3.0), None])
    assert clone(estimator).dictionary == estimator.dictionary


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("0__width", "width: received for SquaredExponential"),
        ("2__ridge", "dictionary__2__ridge: received for dictionary__2=None; expected a dictionary"),
        ("3__ridge", "dictionary__3__ridge: received for 3 dictionaries; expected .* dictionary__0 to dictionary__2"),
        ("ridge", "dictionary__ridge: received for 3 dictionaries; expected the number of one of them"),
    ],
)
def test_a_dictionary_or_parameter_that_is_not_there_is_named_and_nothing_set(name, message):
    estimator = PredictedMLPClassifier(dictionary=(*PAIR, None))
    before = estimator.get_params()
    with pytest.raises(ValueError, match=f"^{message}"):
        estimator.set_params(alpha=1.0, **{f"dictionary__{name}": 1})
    assert estimator.get_params() == before


def test_dictionaries_are_ordered_by_kind_and_then_by_parameters():
    matrix = np.eye(3)
    numbers = [SquaredExponential(2.0), SquaredExponential(10.0)]
    ordered = [AutoencoderAtoms(2), AutoencoderAtoms(), DCT(), Explicit(matrix), *numbers]
    shuffled = [ordered[n] for n in (3, 5, 0, 2, 4, 1)]
    assert sorted(shuffled) == ordered
    assert DCT() <= DCT()
    assert Explicit(matrix) > DCT()
    with pytest.raises(TypeError):
        sorted([DCT(), None])


def test_another_matrix_is_another_explicit_dictionary():
    changed = Explicit(np.eye(3), selection="all").set_params(matrix=np.eye(2))
    assert changed == Explicit(np.eye(2), selection="all")


# Words of warning -----------------------------------------------------------------------------------------------------


def test_images_that_are_taken_for_signals_are_told(digits):
    X, y = digits
    with pytest.warns(UserWarning, match=r"DCT\(\) takes 64 features for a signal.*give input_shape=\(8, 8\), or \(64"):
        PredictedMLPClassifier((5,), dictionary=DCT(), **QUICK).fit(X, y)
    with pytest.warns(UserWarning, match="DCT.. takes 64 features"):
        RICA(5, dictionary=DCT(), learned_fraction=0.5, max_iter=500, tol=0.1, random_state=0).fit(X[:300])
    with pytest.warns(UserWarning, match="PatchFeatures takes 64 features"):
        PatchFeatures(4, patch_size=4, random_state=0).fit(X[:100])
    color = np.repeat(X, 3, axis=1)
    with pytest.warns(UserWarning, match=r"give input_shape=\(8, 8, 3\)"):
        PredictedMLPClassifier((5,), dictionary=DCT(), **QUICK).fit(color, y)


def test_signals_and_tables_of_as_many_features_pass_in_silence():
    rng = np.random.default_rng(0)
    signals = rng.normal(size=(200, 64)).cumsum(axis=1)
    for X in (signals, rng.normal(size=(30, 64)), np.ones((30, 64))):  # a warning is an error
        PredictedMLPClassifier((5,), dictionary=DCT(), **QUICK).fit(X, np.arange(len(X)) % 2)


def test_connections_of_single_units_are_predicted_for_they_are_too_narrow_to_be_multiplied():
    X = np.random.default_rng(0).normal(size=(200, 300))
    clf = PredictedMLPClassifier((300,), learned_fraction=0.1, max_iter=1, n_iter_no_change=np.inf, random_state=0)
    hidden = clf.fit(X, np.arange(200) % 2).summary().layers[0]
    assert (hidden.n_columns, hidden.order) == (300, "predict")
    assert hidden.multiply_adds == hidden.dense_multiply_adds


def test_a_loss_that_grows_is_told(digits):
    clf = PredictedMLPClassifier((16,), solver="sgd", learning_rate="one_cycle", learning_rate_init=1e3, max_iter=10)
    with pytest.warns(ConvergenceWarning, match=r"Training diverged: the loss grew from .* lower learning_rate_init"):
        clf.set_params(random_state=0).fit(*digits)


def test_what_is_data_driven_stays_so(digits):
    clf = PredictedMLPClassifier((20,), dictionary=PrincipalComponents(), **QUICK).fit(*digits)
    assert clf.dictionaries_[0].base.shape[0] == 64
