"""The estimators' contract: scikit-learn's checks; errors, precision, threads, copies, continued fits."""

import _thread
import copy
import importlib.util
import pickle
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from threadpoolctl import threadpool_limits

import ppdl
from ppdl import PredictedMLPClassifier, PredictedMLPRegressor, _core
from ppdl.dictionaries import (
    DCT,
    EmpiricalCovariance,
    LowRank,
    RandomProjection,
    SquaredExponential,
)
from ppdl.estimators import OneCycle
from ppdl.estimators.networks.layer_samples import LayerSamples, drawn

CHECKED = [
    PredictedMLPClassifier(),
    PredictedMLPRegressor(),
    PredictedMLPClassifier(solver="sgd"),
    PredictedMLPRegressor(solver="sgd"),
    PredictedMLPClassifier(solver="lbfgs"),
    PredictedMLPRegressor(solver="lbfgs"),
    PredictedMLPClassifier(hidden_layer_sizes=(20,), dictionary=RandomProjection(), n_columns=2),
]
PREDICTED = {
    "hidden_layer_sizes": (30, 20),
    "dictionary": (SquaredExponential(), EmpiricalCovariance(power=2)),
    "learned_fraction": 0.25,
    "n_columns": (4, 3),
    "input_shape": (8, 8),
    "random_state": 0,
    "max_iter": 3,
    "n_iter_no_change": np.inf,
}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


@parametrize_with_checks(CHECKED)
@pytest.mark.filterwarnings("ignore")  # checks fit on purpose what cannot converge
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_scikit_learn_checks_are_many_and_none_is_expected_to_fail(estimator):
    assert sum(1 for _ in estimator_checks_generator(estimator)) >= 45


# Kinds of data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_precision_of_the_data_is_kept_end_to_end(digits, dtype, solver):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, solver=solver).fit(X.astype(dtype), y)
    arrays = [clf.theta_, *clf.coefs_, *clf.intercepts_, *(V for layer in clf.dynamic_coefs_ for V in layer)]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert clf.predict_proba(X).dtype == dtype
    assert clf.predict_log_proba(X).dtype == dtype


def test_sparse_matrices_give_the_bits_of_dense_ones(digits):
    X, y = digits
    dense = PredictedMLPClassifier(**PREDICTED).fit(X, y)
    for container in (sparse.csr_array, sparse.csc_matrix):
        assert_array_equal(PredictedMLPClassifier(**PREDICTED).fit(container(X), y).theta_, dense.theta_)
        assert_array_equal(dense.predict(container(X)), dense.predict(X))


def test_read_only_data_are_used_as_they_are(digits):
    X, y = (array.copy() for array in digits)
    X.flags.writeable = y.flags.writeable = False
    PredictedMLPClassifier(**PREDICTED).fit(X, y)


def test_binary_multilabel_and_named_classes(digits):
    X, y = digits
    binary = PredictedMLPClassifier(
        (20,), learning_rate_init=0.01, max_iter=40, random_state=0, n_iter_no_change=np.inf
    )
    names = np.where(y % 2 == 0, "even", "odd")
    assert binary.fit(X, names).score(X, names) > 0.95
    assert list(binary.classes_) == ["even", "odd"]
    assert_allclose(binary.predict_proba(X).sum(axis=1), 1.0)
    assert (binary.out_activation_, binary.n_outputs_) == ("logistic", 1)
    labels = np.stack([y % 2 == 0, y > 4], axis=1).astype(int)
    assert binary.fit(X, labels).score(X, labels) > 0.9
    assert binary.predict(X).shape == (400, 2)


def test_class_weights_are_sample_weights(digits):
    X, y = digits
    kind = PredictedMLPClassifier(**PREDICTED)
    weighted = clone(kind).set_params(class_weight={digit: 1.0 + digit for digit in range(10)}).fit(X, y)
    assert_array_equal(weighted.theta_, clone(kind).fit(X, y, sample_weight=1.0 + y).theta_)
    counts = np.bincount(y)
    balanced = clone(kind).set_params(class_weight="balanced").fit(X, y)
    assert_array_equal(balanced.theta_, clone(kind).fit(X, y, sample_weight=(len(y) / (10 * counts))[y]).theta_)


def test_class_weights_need_not_occur_in_every_batch(digits):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, class_weight={9: 5.0})
    assert clf.partial_fit(X[y < 5], y[y < 5], classes=np.arange(10)).t_ == np.count_nonzero(y < 5)


def test_labels_have_class_weights_of_their_own(digits):
    X, y = digits
    labels = np.stack([y % 2, y > 4], axis=1).astype(int)
    clf = PredictedMLPClassifier(**PREDICTED, class_weight=[{0: 1.0, 1: 2.0}, {1: 3.0}]).fit(X, labels)
    weight = np.where(labels[:, 0], 2.0, 1.0) * np.where(labels[:, 1], 3.0, 1.0)
    same = PredictedMLPClassifier(**PREDICTED).fit(X, labels, sample_weight=weight)
    assert_array_equal(clf.theta_, same.theta_)


@pytest.mark.filterwarnings("ignore:batch_size")
def test_balanced_classes_are_balanced_by_weight(digits):
    X, y = digits
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    kind = PredictedMLPClassifier((9,), class_weight="balanced", batch_size=10**4, max_iter=5, n_iter_no_change=np.inf)
    kind.set_params(random_state=0, shuffle=False)
    weighted = clone(kind).fit(X, y, sample_weight=weight)
    repeated = clone(kind).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(weighted.theta_, repeated.theta_, atol=1e-10)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("options", [{}, {"pretraining": "autoencoder", "activation": "logistic"}], ids=str)
def test_samples_without_weight_might_as_well_be_absent(digits, early_stopping, options):
    X, y = digits
    counts = np.arange(len(y)) % 3 > 0
    clf = PredictedMLPClassifier(**{**PREDICTED, **options, "early_stopping": early_stopping, "pretraining_epochs": 2})
    nonsense = np.where(counts[:, np.newaxis], X, 1e3)
    weighted = clone(clf).fit(nonsense, np.where(counts, y, 9 - y), sample_weight=counts)
    absent = clone(clf).fit(X[counts], y[counts])
    assert_allclose(weighted.theta_, absent.theta_, atol=1e-12)
    assert weighted.best_validation_score_ == absent.best_validation_score_
    assert weighted.t_ == absent.t_


def test_validation_scores_are_weighted(digits):
    X, y = digits
    wrong = np.arange(len(y)) % 2 == 0
    clf = PredictedMLPClassifier(
        (20,), early_stopping=True, validation_fraction=0.5, learning_rate_init=0.02, max_iter=30
    )
    clf.set_params(random_state=0, n_iter_no_change=np.inf)
    clf.fit(X, np.where(wrong, (y + 1) % 10, y), sample_weight=np.where(wrong, 1e-9, 1.0))
    assert clf.best_validation_score_ > 0.8


@pytest.mark.parametrize("start", ["fit", "partial_fit"])
def test_a_single_class_has_a_single_probability(digits, start):
    X, y = digits[0], np.full(400, "only")
    clf = PredictedMLPClassifier((5,), max_iter=2, n_iter_no_change=np.inf)
    clf.fit(X, y) if start == "fit" else clf.partial_fit(X, y, classes=["only"])
    assert_array_equal(clf.predict_proba(X), np.ones((400, 1)))
    assert_array_equal(clf.predict(X), y)


def test_sparse_labels_are_those_of_the_dense_matrix(digits):
    X, labels = digits[0], np.eye(10, dtype=int)[digits[1]]
    dense = PredictedMLPClassifier(**PREDICTED).fit(X, labels)
    assert_array_equal(PredictedMLPClassifier(**PREDICTED).fit(X, sparse.csr_matrix(labels)).theta_, dense.theta_)


def test_values_for_each_layer_may_be_arrays(digits):
    listed = {"learned_fraction": [0.3, 0.5], "n_columns": [2, 3], "dictionary": [DCT(), None]}
    plain = PredictedMLPClassifier(**{**PREDICTED, **listed}).fit(*digits)
    arrays = {name: np.array(values) for name, values in listed.items()}
    clf = PredictedMLPClassifier(**{**PREDICTED, **arrays, "hidden_layer_sizes": np.array([30, 20])}).fit(*digits)
    assert_array_equal(clf.theta_, plain.theta_)


def test_several_real_targets():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    Y = X @ rng.normal(size=(6, 2))
    model = PredictedMLPRegressor(
        hidden_layer_sizes=(30,), max_iter=200, learning_rate_init=0.01, random_state=0, n_iter_no_change=np.inf
    )
    assert model.fit(X, Y).score(X, Y) > 0.95
    assert model.predict(X).shape == (200, 2)


# The same bits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [{}, {"dropout": 0.5, "input_dropout": 0.2}, {"pretraining": "autoencoder", "activation": "logistic"}],
    ids=str,
)
def test_any_number_of_threads_gives_the_same_bits(digits, dtype, options):
    X, y = digits[0].astype(dtype), digits[1]
    options = {**PREDICTED, **options, "pretraining_epochs": 2}
    with threadpool_limits(7, user_api="openmp"):  # as if there were so many processors
        fits = [PredictedMLPClassifier(**options, n_threads=n).fit(X, y) for n in (1, 2, 3, 7)]
        for clf in fits[1:]:
            assert_array_equal(clf.theta_, fits[0].theta_)
            assert_array_equal(clf.predict_proba(X), fits[0].predict_proba(X))


def test_same_seed_same_bits_other_seed_others(digits):
    X, y = digits
    first, again, other = (PredictedMLPClassifier(**{**PREDICTED, "random_state": s}).fit(X, y) for s in (5, 5, 6))
    assert_array_equal(first.theta_, again.theta_)
    digests = [clf.dictionaries_[0].digest() for clf in (first, again, other)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda clf: pickle.loads(pickle.dumps(clf))])
def test_copies_predict_the_same_bits_and_learn_on(digits, duplicate):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED).fit(X, y)
    other = duplicate(clf)
    assert_array_equal(other.predict_proba(X), clf.predict_proba(X))
    assert_array_equal(other.partial_fit(X, y).theta_, clf.partial_fit(X, y).theta_)


def test_pickles_hold_no_object_of_the_core(digits):
    clf = PredictedMLPClassifier(**PREDICTED).fit(*digits)
    assert b"ppdl._core" not in pickle.dumps(clf)


# Weights --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dictionary", [SquaredExponential(), RandomProjection(), LowRank(), None], ids=repr)
def test_weights_are_dictionaries_times_dynamic_weights(digits, dictionary):
    X, y = digits
    clf = PredictedMLPClassifier(
        (9,),
        dictionary=dictionary,
        learned_fraction=1.0 if dictionary is None else 0.25,
        n_columns=2,
        input_shape=(8, 8),
        random_state=0,
        max_iter=2,
        n_iter_no_change=np.inf,
    ).fit(X, y)
    blocks = clf.dynamic_coefs_[0]
    if isinstance(dictionary, LowRank):
        W = np.hstack([U @ V for U, V in zip(blocks[::2], blocks[1::2], strict=True)])
    else:
        W = np.hstack([clf.dictionaries_[0].dictionary(j) @ V for j, V in enumerate(blocks)])
    assert_allclose(clf.coefs_[0], W, atol=1e-12)
    assert [coef.shape for coef in clf.coefs_] == [(64, 9), (9, 10)]
    hidden = np.maximum(X @ clf.coefs_[0] + clf.intercepts_[0], 0)
    scores = np.exp(hidden @ clf.coefs_[1] + clf.intercepts_[1])
    assert_allclose(clf.predict_proba(X), scores / scores.sum(axis=1, keepdims=True), atol=1e-12)


@pytest.mark.parametrize("activation", ["logistic", "maxout"])
def test_merged_network_is_ordinary_and_has_the_same_outputs(digits, activation):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, activation=activation).fit(X, y)
    merged = clf.merge()
    assert merged.dictionary is None
    assert_allclose(merged.predict_proba(X), clf.predict_proba(X), atol=1e-12)
    for W, expected in zip(merged.coefs_, clf.coefs_, strict=True):
        assert_array_equal(W, expected)
    assert merged.summary().n_dynamic == merged.summary().n_parameters == clf.summary().n_parameters
    assert merged.set_params(warm_start=True).fit(X, y).loss_ < clf.loss_


def test_summary_counts_what_is_learned(digits):
    clf = PredictedMLPClassifier(**PREDICTED).fit(*digits)
    summary = clf.summary()
    assert summary.n_dynamic == clf.theta_.size == 16 * 30 + 30 + 7 * 20 + 20 + 20 * 10 + 10
    assert summary.n_parameters == 65 * 30 + 31 * 20 + 21 * 10
    assert summary.layers[0].n_static == 4 * 64 * 16
    assert str(summary).splitlines()[-1] == "dynamic parameters: 880 of 2,780, 31.65 %"
    assert "SquaredExponential()" in str(summary)
    assert "<table>" in summary._repr_html_()


@pytest.mark.parametrize("order", ["predict", "pool"])
def test_orders_of_evaluation_agree(digits, order):
    X, y = digits
    reference = PredictedMLPClassifier(**PREDICTED).fit(X, y)
    clf = PredictedMLPClassifier(**PREDICTED, order=order).fit(X, y)
    assert_allclose(clf.theta_, reference.theta_, atol=1e-10)
    assert all(layer.order in (order, "shared", "dense") for layer in clf.summary().layers)


def test_first_layer_is_pooled_once_unless_memory_forbids(digits):
    X, y = digits
    free, bound = (PredictedMLPClassifier(**PREDICTED, memory_limit=limit).fit(X, y) for limit in (2**30, 0))
    assert free.summary().layers[0].pooled_once
    assert not bound.summary().layers[0].pooled_once
    assert_allclose(bound.theta_, free.theta_, atol=1e-10)


# Continued fits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fits_are_the_epochs_of_one_fit(digits, solver):
    X, y = digits
    whole = PredictedMLPClassifier(**{**PREDICTED, "memory_limit": 0}, solver=solver).fit(X, y)
    parts = PredictedMLPClassifier(**PREDICTED, solver=solver)
    for _ in range(3):
        parts.partial_fit(X, y, classes=np.arange(10))
    assert_allclose(parts.theta_, whole.theta_, atol=1e-12)
    assert parts.n_iter_ == 1
    assert parts.t_ == whole.t_ == 1200
    assert_allclose(parts.loss_curve_, whole.loss_curve_)


def test_first_partial_fit_must_know_all_classes(digits):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED)
    with pytest.raises(ValueError, match="classes: the first call"):
        clf.partial_fit(X, y)
    few = y < 5
    clf.partial_fit(X[few], y[few], classes=np.arange(10))
    assert clf.predict_proba(X).shape == (400, 10)
    with pytest.raises(ValueError, match="classes: received"):
        clf.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="not among the known ones"):
        clf.partial_fit(X, y + 5)


def test_classes_of_labels_are_at_least_their_numbers(digits):
    X, y = digits
    labels = np.stack([y % 2, y > 4, y > 7], axis=1).astype(int)
    assert list(PredictedMLPClassifier(**PREDICTED).partial_fit(X, labels, classes=range(4)).classes_) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match=r"classes: received \[0 1\]; expected at least 0 to 2"):
        PredictedMLPClassifier(**PREDICTED).partial_fit(X, labels, classes=[0, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"early_stopping": True}, "early_stopping"),
        ({"learning_rate": "one_cycle"}, "learning_rate=OneCycle"),
        ({"learning_rate": OneCycle()}, "learning_rate=OneCycle"),
        ({"pretraining": "supervised"}, "pretraining='supervised'"),
        ({"class_weight": "balanced"}, "class_weight: 'balanced'"),
    ],
    ids=str,
)
def test_partial_fit_refuses_what_needs_all_epochs_or_samples(digits, options, message):
    clf = PredictedMLPClassifier(**PREDICTED, **options)
    with pytest.raises(ValueError, match=message):
        clf.partial_fit(*digits, classes=np.arange(10))
    assert not hasattr(clf, "classes_")


def test_partial_fit_is_absent_for_lbfgs():
    assert not hasattr(PredictedMLPClassifier(solver="lbfgs"), "partial_fit")
    assert hasattr(PredictedMLPRegressor(), "partial_fit")


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.filterwarnings("ignore:L-BFGS did not converge")
def test_warm_start_goes_on_from_the_weights(digits, solver):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, solver=solver, warm_start=True).fit(X, y)
    losses, dictionary = list(clf.loss_curve_), clf.dictionaries_[1].digest()
    clf.fit(X, y)
    assert clf.loss_curve_[:3] == losses
    assert clf.loss_curve_[3] < losses[0]
    assert clf.loss_ < losses[-1]
    assert clf.dictionaries_[1].digest() == dictionary
    assert len(clf.set_params(warm_start=False).fit(X, y).loss_curve_) == 3


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"solver": "adam"}, {"solver": "sgd"}),
        ({"solver": "sgd"}, {"solver": "adam"}),
        ({"solver": "sgd"}, {"momentum": 0.0}),
        ({"solver": "sgd", "momentum": 0.0}, {"momentum": 0.5}),
        ({"solver": "lbfgs"}, {"solver": "adam"}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:L-BFGS did not converge")
def test_partial_fit_goes_on_with_another_optimiser(digits, first, then):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, **first).fit(X, y)
    fresh = copy.deepcopy(clf).set_params(**then, warm_start=True, max_iter=1, memory_limit=0)
    assert_allclose(clf.set_params(**then).partial_fit(X, y).theta_, fresh.fit(X, y).theta_, atol=1e-12)


def test_continued_fit_keeps_the_best_model_of_all(digits):
    X, y = digits
    clf = PredictedMLPClassifier((20,), early_stopping=True, warm_start=True, max_iter=20, random_state=0)
    clf.set_params(learning_rate_init=0.02, n_iter_no_change=np.inf).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    best, theta = clf.best_validation_score_, clf.theta_
    clf.set_params(learning_rate_init=10.0, max_iter=2).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert clf.theta_ is theta
    assert clf.best_validation_score_ == best == clf.score(X[300:], y[300:])
    clf.fit(X[:300], y[:300], X_val=X[:100], y_val=y[:100])  # another validation set: the score is of that one
    assert clf.best_validation_score_ == clf.score(X[:100], y[:100])


def test_optimiser_of_an_epoch_that_was_not_kept_is_not_gone_on_with(digits):
    X, y = digits
    clf = PredictedMLPClassifier((20,), early_stopping=True, learning_rate_init=0.05, random_state=0, max_iter=60)
    clf.set_params(n_iter_no_change=5).fit(X, y)
    assert clf.validation_scores_[-1] < clf.best_validation_score_
    fresh = copy.deepcopy(clf).set_params(early_stopping=False, warm_start=True, max_iter=1, memory_limit=0)
    continued = clf.set_params(early_stopping=False).partial_fit(X, y)
    with pytest.warns(ConvergenceWarning):
        assert_allclose(continued.theta_, fresh.fit(X, y).theta_, atol=1e-12)


def test_histories_of_continued_fits_are_of_one_length(digits):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, warm_start=True).fit(X, y).fit(X, y, X_val=X, y_val=y).fit(X, y)
    assert {len(values) for values in clf.history_.values()} == {9}
    assert_array_equal(np.isfinite(clf.history_["val_score"]), np.arange(9) // 3 == 1)


def test_warm_start_refuses_another_network(digits):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, warm_start=True).fit(X, y)
    before = clf.theta_
    with pytest.raises(ValueError, match="^hidden_layer_sizes: .*fit again"):
        clf.set_params(hidden_layer_sizes=(31, 20)).fit(X, y)
    assert clf.theta_ is before


# Errors ---------------------------------------------------------------------------------------------------------------

BAD_PARAMETERS = [
    ({"learned_fraction": 0.01}, "learned_fraction: 0.01 of 64 inputs leaves no atom"),
    ({"learned_fraction": 0.0}, "learned_fraction: received 0.0"),
    ({"learned_fraction": 1.5}, "learned_fraction: received 1.5; expected a number above 0 and at most 1"),
    ({"learned_fraction": (0.5, 0.5, 0.5)}, "learned_fraction: received 3 values"),
    ({"dictionary": np.eye(64)}, r"dictionary: received an array of shape \(64, 64\).*Explicit\(matrix\)"),
    ({"dictionary": "SE"}, "dictionary: received 'SE'"),
    ({"dictionary": (DCT(), DCT(), DCT())}, "dictionary: received 3 values"),
    ({"dictionary": SquaredExponential()}, "shape"),  # hidden layers have no topology
    ({"n_columns": 31}, "n_columns: received 31; expected 1 to 30"),
    ({"n_columns": 0}, "n_columns: received 0"),
    ({"input_shape": (8, 9)}, r"input_shape: \(8, 9\) holds 72 inputs; expected 64"),
    ({"input_shape": None}, "shape"),
    ({"hidden_layer_sizes": (30, 0)}, "hidden_layer_sizes: received 0"),
    ({"hidden_layer_sizes": (30, 2.5)}, "hidden_layer_sizes: received 2.5"),
    ({"activation": "softplus"}, "activation: received 'softplus'"),
    ({"activation": "maxout", "n_pieces": 1}, "n_pieces: received 1"),
    ({"order": "fast"}, "order: received 'fast'"),
    ({"init": "xavier"}, "init: received 'xavier'"),
    ({"init": -1.0}, "init: received -1.0"),
    ({"solver": "rmsprop"}, "solver: received 'rmsprop'"),
    ({"dropout": 1.0}, "dropout: received 1.0"),
    ({"input_dropout": -0.1}, "input_dropout: received -0.1"),
    ({"alpha": -1}, "alpha: received -1"),
    ({"alpha": float("nan")}, "alpha: received nan"),
    ({"penalty": "l1"}, "penalty: received 'l1'"),
    ({"max_column_norm": 0.0}, "max_column_norm: received 0.0"),
    ({"batch_size": 0}, "batch_size: received 0"),
    ({"learning_rate": "cosine"}, "learning_rate: received 'cosine'"),
    ({"learning_rate_init": 0.0}, "learning_rate_init: received 0.0"),
    ({"max_iter": 0}, "max_iter: received 0"),
    ({"n_iter_no_change": 0}, "n_iter_no_change: received 0"),
    ({"momentum": 1.1}, "momentum: received 1.1"),
    ({"beta_1": 1.0}, "beta_1: received 1.0"),
    ({"epsilon": 0.0}, "epsilon: received 0.0"),
    ({"validation_fraction": 1.0}, "validation_fraction: received 1.0"),
    ({"n_threads": 0}, "n_threads: received 0"),
    ({"memory_limit": -1}, "memory_limit: received -1"),
    ({"pretraining": "rbm"}, "pretraining: received 'rbm'"),
    ({"pretraining": "autoencoder", "activation": "maxout"}, "pretraining: 'autoencoder' is not defined"),
    ({"pretraining": "autoencoder", "pretraining_options": {"rate": 1}}, "pretraining_options: .*'rate'"),
    ({"pretraining_options": {"momentum": 0.5}}, "pretraining_options: received"),
    ({"pretraining": "supervised", "solver": "lbfgs"}, "pretraining: 'supervised' counts epochs"),
    ({"class_weight": {77: 1.0}}, r"class_weight: received weights of \[77\]"),
    ({"class_weight": 3}, "class_weight: received 3; expected None, 'balanced', or a dict"),
    ({"class_weight": {0: -1.0}}, r"class_weight\[0\]: received -1.0; expected a number at least 0"),
    ({"class_weight": {0: "heavy"}}, r"class_weight\[0\]: received 'heavy'"),
    ({"class_weight": dict.fromkeys(range(10), 0)}, "class_weight: received zeros for the classes of all samples"),
    (
        {"max_iter": 10**30},
        r"max_iter: received 10{30}; expected an integer, at least 1 and at most",
    ),
    ({"hidden_layer_sizes": 2**63}, "hidden_layer_sizes: received 9223372036854775808"),
    ({"hidden_layer_sizes": np.array(2.5)}, "hidden_layer_sizes: received 2.5"),
    ({"n_columns": 10**400}, "n_columns: received an integer of 1329 bits"),
    ({"memory_limit": 2**63}, "memory_limit: received 9223372036854775808"),
    ({"alpha": 10**400}, "alpha: received an integer of 1329 bits; expected a number at least 0 and finite"),
    ({"learning_rate_init": 10**4000}, "learning_rate_init: received an integer of 13288 bits"),
    ({"shuffle": np.array([True, False])}, "shuffle: received"),
    ({"batch_size": np.array([1, 2])}, "batch_size: received"),
    ({"verbose": "loud"}, "verbose: received 'loud'"),
    ({"early_stopping": True, "validation_fraction": 0.0}, "validation_fraction: 0.0 of 400 samples"),
    ({"early_stopping": True, "validation_fraction": 0.001}, "validation_fraction: 0.001 of 400 samples"),
    ({"pretraining": "autoencoder", "pretraining_options": 3}, "pretraining_options: received 3"),
    (
        {"pretraining": "autoencoder", "pretraining_options": {"learning_rate": "adaptive"}},
        r"pretraining_options\['learning_rate'\]: received 'adaptive'",
    ),
    (
        {"pretraining": "autoencoder", "pretraining_options": {"learning_rate": "fast"}},
        r"pretraining_options\['learning_rate'\]: received 'fast'",
    ),
]


@pytest.mark.parametrize(("changed", "message"), BAD_PARAMETERS, ids=lambda value: str(value)[:60])
def test_bad_parameters_are_named_and_nothing_changes(digits, changed, message):
    clf = PredictedMLPClassifier(**PREDICTED).fit(*digits)
    clf.set_params(**changed)
    before = dict(vars(clf))
    with pytest.raises(ValueError, match=message):
        clf.fit(*digits)
    assert vars(clf) == before


def test_names_of_options_may_be_numpy_strings(digits):
    named = {"activation": "tanh", "solver": "sgd", "init": "he", "learning_rate": "adaptive"}
    plain = PredictedMLPClassifier(**PREDICTED).set_params(**named).fit(*digits)
    gridded = PredictedMLPClassifier(**PREDICTED).set_params(**{k: np.str_(v) for k, v in named.items()}).fit(*digits)
    assert_array_equal(gridded.theta_, plain.theta_)


BAD_DATA = [
    ("X holds NaN", lambda X, y: (np.where(X.max() == X, np.nan, X), y), "NaN"),
    ("X holds infinity", lambda X, y: (np.where(X.max() == X, np.inf, X), y), "infinity"),
    ("X has one dimension", lambda X, y: (X[0], y), "2D array"),
    ("lengths differ", lambda X, y: (X[:-1], y), "inconsistent numbers of samples"),
    ("X is empty", lambda X, y: (X[:0], y[:0]), "0 sample"),
    ("y is continuous", lambda X, y: (X, y + 0.5), "Unknown label type"),
    ("y has several classes a sample", lambda X, y: (X, np.stack([y, y], axis=1)), "multiclass outputs"),
    (
        "weights are negative",
        lambda X, y: (X, y, -np.ones(len(y))),
        "sample_weight: received -1.0; expected weights of at least 0",
    ),
    ("weights are zero", lambda X, y: (X, y, np.zeros(len(y))), "sample_weight: received zeros alone"),
    ("weights are not finite", lambda X, y: (X, y, np.full(len(y), np.nan)), "NaN"),
    (
        "weights have two dimensions",
        lambda X, y: (X, y, np.ones((len(y), 1))),
        r"sample_weight: received shape \(400, 1\)",
    ),
    ("weights are too few", lambda X, y: (X, y, np.ones(3)), "inconsistent numbers of samples"),
    ("validation set without targets", lambda X, y: (X, y, None, X), "X_val and y_val: received only one"),
    ("validation set of other features", lambda X, y: (X, y, None, X[:, 1:], y), "63 features"),
    (
        "validation set of other outputs",
        lambda X, y: (X, y, None, X, np.eye(10, dtype=int)[y]),
        "y_val: received shape",
    ),
    ("validation set of other classes", lambda X, y: (X, y, None, X, y + 1), "^y_val: .*not among the known ones"),
    ("weights whose sum overflows", lambda X, y: (X, y, np.full(len(y), 1e308)), "sample_weight: the sum is inf"),
    ("weights whose sum underflows", lambda X, y: (X, y, np.full(len(y), 1e-320)), "sample_weight: the sum is 3.99"),
    (
        "labels of -1 and 1",
        lambda X, y: (X, np.where(np.eye(10)[y], 1, -1)),
        r"y: received values \[-1  1\]; .*0 and 1",
    ),
    ("labels of 5", lambda X, y: (X, np.full((len(y), 3), 5)), r"y: received values \[5\]; expected 0 and 1"),
]


@pytest.mark.parametrize(("damage", "message"), [case[1:] for case in BAD_DATA], ids=[case[0] for case in BAD_DATA])
def test_bad_data_are_refused_and_nothing_changes(digits, damage, message):
    unfitted = PredictedMLPClassifier(**PREDICTED)
    fitted = clone(unfitted).fit(*digits)
    for clf in (unfitted, fitted):
        before = dict(vars(clf))
        with pytest.raises(ValueError, match=message):
            clf.fit(*damage(*digits))
        assert vars(clf) == before
    assert not hasattr(unfitted, "coefs_")


def test_numbers_too_large_for_the_precision_of_x_are_named():
    X, y = np.eye(6, dtype=np.float32), np.arange(6) % 3
    with pytest.raises(ValueError, match=r"^y: the largest magnitude is 1e\+39, too large for float32"):
        PredictedMLPRegressor().fit(X, np.where(y == 1, -1e39, y))
    for weight in (1e39, 1e30):
        clf = PredictedMLPClassifier(class_weight={0: 1.0, 1: 1e39 / weight, 2: 1.0})
        with pytest.raises(ValueError, match=r"^sample_weight: the largest magnitude is 1e\+39, too large for float32"):
            clf.fit(X, y, np.where(y == 1, weight, 1.0))


def test_poisson_refuses_negative_targets_and_takes_zeros():
    X, counts = np.eye(4), np.array([1.0, 2.0, 0.0, 3.0])
    model = PredictedMLPRegressor(loss="poisson", max_iter=2, n_iter_no_change=np.inf, random_state=0)
    with pytest.raises(ValueError, match="^y: received -1.0; expected targets of at least 0"):
        model.fit(X, counts - 1.0)
    with pytest.raises(ValueError, match="^y_val: received -1.0"):
        model.fit(X, counts, X_val=X, y_val=counts - 1.0)
    assert np.isfinite(model.fit(X, counts, X_val=X, y_val=np.zeros(4)).history_["val_loss"]).all()
    assert model.partial_fit(X, np.zeros(4)).t_ == 12


def test_loss_that_is_not_finite_before_a_step_is_not_laid_at_the_learning_rate(digits):
    for options in ({"init": 1e308}, {"init": 1e308, "solver": "lbfgs"}):
        with pytest.raises(ppdl.NumericalError, match="lower init"):
            PredictedMLPClassifier((5,), random_state=0, **options).fit(*digits)


def test_failed_factorisation_says_what_to_change(digits):
    X, y = digits
    clf = PredictedMLPClassifier((5,), dictionary=EmpiricalCovariance(ridge=0.0), learned_fraction=1.0)
    with pytest.raises(ppdl.NumericalError, match="ridge"):
        clf.fit(X, y)
    assert not hasattr(clf, "coefs_")


def test_divergence_in_the_first_epoch_is_an_error_that_names_the_rate(digits):
    X, y = digits
    clf = PredictedMLPRegressor(
        hidden_layer_sizes=(20,), solver="sgd", learning_rate_init=1e6, random_state=0, batch_size=20
    )
    with pytest.raises(ppdl.NumericalError, match="learning rate 1e"), np.errstate(all="ignore"):
        clf.fit(X, y.astype(float))
    assert not hasattr(clf, "coefs_")


def test_later_divergence_keeps_the_last_finite_epoch(digits):
    X, y = digits[0], digits[1].astype(float)
    rising = OneCycle(warm_up=0.99, start=1e-6)
    options = {
        "solver": "sgd",
        "learning_rate": rising,
        "learning_rate_init": 100.0,
        "max_iter": 300,
        "random_state": 0,
    }
    clf = PredictedMLPRegressor(hidden_layer_sizes=(20,), **options)
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch .*learning rate") as caught:
        clf.fit(X, y)
    assert 0 < clf.n_iter_ < 300
    assert f"epoch {clf.n_iter_ + 1}:" in str(caught[0].message)
    assert np.isfinite(clf.theta_).all()
    assert len(clf.loss_curve_) == clf.n_iter_


def test_epochs_without_finite_outputs_are_not_kept_and_such_outputs_are_told(digits):
    X, y = digits
    options = {"random_state": 0, "n_iter_no_change": np.inf}
    clf = PredictedMLPClassifier((8, 6), solver="sgd", learning_rate_init=1e6, batch_size=400, max_iter=9, **options)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch"):
        clf.fit(X.astype(np.float32), y)
    assert np.isfinite(clf.predict_proba(X)).all()
    model = PredictedMLPRegressor(hidden_layer_sizes=(8,), loss="poisson", max_iter=2, **options)
    model.fit(X, y.astype(float))
    with pytest.warns(RuntimeWarning, match=r"X: the outputs of \d+ of 400 samples are not finite"):
        model.predict(X * 1e10)


def test_validation_outputs_that_are_not_finite_have_the_worst_score(digits):
    X, y = digits
    options = {"loss": "poisson", "max_iter": 2, "n_iter_no_change": np.inf, "random_state": 0}
    model = PredictedMLPRegressor(hidden_layer_sizes=(8,), **options)
    assert model.fit(X, y.astype(float), X_val=X * 1e10, y_val=y).history_["val_score"] == [-np.inf, -np.inf]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_interrupt_keeps_the_last_complete_epoch(digits, solver, monkeypatch):
    X, y = digits
    clf = PredictedMLPClassifier(**{**PREDICTED, "max_iter": 10**6}, solver=solver, tol=0.0, alpha=0.0)
    seen = []

    def interrupt(self, number, entries):
        seen.append(number)
        if number == 3:
            _thread.interrupt_main()  # as Ctrl-C; the core meets it while it computes

    monkeypatch.setattr("ppdl.estimators.training.progress.ProgressTable.line", interrupt)
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y)
    assert clf.n_iter_ == len(clf.loss_curve_) == seen[-1]
    monkeypatch.undo()
    if solver == "adam":
        undisturbed = PredictedMLPClassifier(**{**PREDICTED, "max_iter": clf.n_iter_}, tol=0.0, alpha=0.0).fit(X, y)
        assert_array_equal(clf.theta_, undisturbed.theta_)
    assert clf.predict(X).shape == y.shape


def test_interrupt_while_dictionaries_are_built_leaves_the_estimator_as_it_was(digits, monkeypatch):
    clf = PredictedMLPClassifier(**PREDICTED).fit(*digits)
    before = dict(vars(clf))

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(EmpiricalCovariance, "base", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(*digits)
    assert vars(clf) == before


def test_interrupt_is_heard_within_an_epoch_and_leaves_an_unfitted_estimator_so():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 300)).astype(np.float32), rng.integers(10, size=20_000)
    clf = PredictedMLPClassifier((3000, 3000), batch_size=500, random_state=0)  # an epoch takes many seconds
    timer = threading.Timer(1.0, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert not hasattr(clf, "coefs_")


# Surroundings ---------------------------------------------------------------------------------------------------------


def test_threadpoolctl_bounds_the_threads(digits):
    X, y = digits
    with threadpool_limits(1, user_api="openmp"):
        assert _core.resolve_threads(7) == 1
        bound = PredictedMLPClassifier(**PREDICTED).fit(X, y)
    assert_array_equal(bound.theta_, PredictedMLPClassifier(**PREDICTED).fit(X, y).theta_)


def test_scikit_learn_without_callbacks_is_served(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = importlib.util.find_spec("ppdl.estimators.training.callbacks")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.with_callbacks(len) is len
    callbacks = module.FitCallbacks(module.CallbackSupportMixin(), 3, None, None, None)
    callbacks.begin()
    assert callbacks.end(dict) is False
    callbacks.finish(dict)


def test_rows_that_overlap_are_trained_on_without_a_copy():
    frames = np.random.default_rng(0).normal(size=(3000, 10))
    windows = np.lib.stride_tricks.sliding_window_view(frames.reshape(-1), 110)[::10]
    y = (windows[:, 50] > 0.0).astype(int)
    options = dict(hidden_layer_sizes=(20,), max_iter=3, n_iter_no_change=np.inf, random_state=0)
    for more in (dict(), dict(dictionary=EmpiricalCovariance(), learned_fraction=0.1, n_columns=2)):
        tracemalloc.start()
        clf = PredictedMLPClassifier(**options, **more).fit(windows, y)
        probabilities = clf.predict_proba(windows)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        copied = PredictedMLPClassifier(**options, **more).fit(windows.copy(), y)
        np.testing.assert_array_equal(clf.theta_, copied.theta_)
        np.testing.assert_array_equal(probabilities, copied.predict_proba(windows.copy()))
        assert (peak < windows.size * windows.itemsize) == (not more)  # a covariance is computed of a copy


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_are_the_same_however_they_lie_in_memory(dtype):
    X = np.random.default_rng(0).normal(size=(30, 6)).astype(dtype)
    wide, odd = np.tile(X, 2), bytearray(1 + X.nbytes)
    odd[1:] = X.tobytes()
    y = np.arange(30) % 3
    for lying in (
        np.broadcast_to(X[0], X.shape),
        np.broadcast_to(X[:, :1], X.shape),
        np.frombuffer(odd, dtype, offset=1).reshape(X.shape),
        X[::-1],
        wide[:, 3:9],
        wide.view([("left", dtype, 6), ("right", dtype, 6)])[:, 0]["right"],
        np.asfortranarray(X),
    ):
        fitted = [
            PredictedMLPClassifier((5,), max_iter=2, n_iter_no_change=np.inf, batch_size=10, random_state=0).fit(
                each, y
            )
            for each in (lying, np.array(lying, order="C"))
        ]
        np.testing.assert_array_equal(fitted[0].theta_, fitted[1].theta_)
        np.testing.assert_array_equal(fitted[0].predict_proba(lying), fitted[1].predict_proba(np.array(lying)))


def test_of_too_many_samples_dictionaries_see_some(monkeypatch):
    monkeypatch.setattr("ppdl.estimators.networks.layer_samples.MOST", 50)
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6)), np.arange(300) % 2
    clf = PredictedMLPClassifier(
        (20,), dictionary=EmpiricalCovariance(selection="all"), max_iter=1, n_iter_no_change=np.inf, random_state=0
    ).fit(X, X[:, 0] > 0, weight)
    seen = drawn(LayerSamples(300, X.__getitem__, weight), 6, (clf._model.seed, 0))
    where = np.flatnonzero((X[:, np.newaxis] == seen.all()).all(axis=2).any(axis=1))
    assert len(where) == seen.count == 50 and (where % 2 == 1).all()
    assert_allclose(clf.dictionaries_[0].base, np.cov(X[where].T), rtol=1e-10)
