"""The estimators' contract: scikit-learn's checks; errors, precision, threads, copies, continued fits."""

import _thread
import copy
import importlib.util
import pickle
import sys
import threading

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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"early_stopping": True}, "early_stopping"),
        ({"learning_rate": "one_cycle"}, "learning_rate='one_cycle'"),
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


def test_warm_start_refuses_another_network(digits):
    X, y = digits
    clf = PredictedMLPClassifier(**PREDICTED, warm_start=True).fit(X, y)
    before = clf.theta_
    with pytest.raises(ValueError, match="differ from those of the fit that is to be continued"):
        clf.set_params(hidden_layer_sizes=(31, 20)).fit(X, y)
    assert clf.theta_ is before


# Errors ---------------------------------------------------------------------------------------------------------------

BAD_PARAMETERS = [
    ({"learned_fraction": 0.01}, "learned_fraction: 0.01 of 64 inputs leaves no atom"),
    ({"learned_fraction": 0.0}, "learned_fraction: received 0.0"),
    ({"learned_fraction": 1.5}, "learned_fraction: received 1.5; expected at most 1"),
    ({"learned_fraction": (0.5, 0.5, 0.5)}, "learned_fraction: received 3 values"),
    ({"dictionary": None}, "every weight is learned"),
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
    ({"class_weight": {77: 1.0}}, "class_weight|label"),
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
    ("weights are negative", lambda X, y: (X, y, -np.ones(len(y))), "sample_weight: the smallest is -1.0"),
    ("weights are zero", lambda X, y: (X, y, np.zeros(len(y))), "sample_weight: all weights are zero"),
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
    ("validation set of other classes", lambda X, y: (X, y, None, X, y + 1), "not among the known ones"),
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


def test_poisson_refuses_negative_targets():
    with pytest.raises(ValueError, match="y: the smallest is -1.0"):
        PredictedMLPRegressor(loss="poisson").fit(np.eye(3), [1.0, 2.0, -1.0])


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


def test_an_interrupt_ends_a_long_fit():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 300)).astype(np.float32), rng.integers(10, size=20_000)
    clf = PredictedMLPClassifier((400, 400), max_iter=10**6, batch_size=2000, random_state=0, n_iter_no_change=np.inf)
    threading.Timer(1.0, _thread.interrupt_main).start()
    with pytest.warns(UserWarning, match="interrupted by user"):
        clf.fit(X, y)
    assert clf.n_iter_ < clf.max_iter


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
