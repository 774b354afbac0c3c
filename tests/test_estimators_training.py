"""How the estimators train: schedules, stopping, pretraining, regularisation, history, callbacks, the printed table."""

import copy
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from ppdl import NumericalError, PredictedMLPClassifier, PredictedMLPRegressor
from ppdl.dictionaries import (
    DCT,
    AutoencoderAtoms,
    EmpiricalCovariance,
    LowRank,
    PrincipalComponents,
    RandomProjection,
    SquaredExponential,
)
from ppdl.estimators import Geometric, OneCycle
from ppdl.estimators.networks.building import rebuilt_dictionaries
from ppdl.estimators.schedules import Progress
from ppdl.estimators.training.epochs import Training
from ppdl.estimators.training.state import Data

FIXED = {"random_state": 0, "n_iter_no_change": np.inf}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


# Learning rates -------------------------------------------------------------------------------------------------------


def rates_of(schedule, initial, n_epochs, n_batches):
    epochs = (Progress(epoch * n_batches, n_batches, n_epochs * n_batches, 0) for epoch in range(n_epochs))
    return np.concatenate([schedule.rates(initial, progress) for progress in epochs])


@pytest.mark.parametrize("anneal", ["cosine", "linear"])
def test_one_cycle_rises_over_30_percent_and_falls_to_zero(anneal):
    rates = rates_of(OneCycle(anneal=anneal), 0.01, n_epochs=10, n_batches=100)
    top = rates.argmax()
    assert top == 300
    assert rates[top] == pytest.approx(0.01)
    assert rates[0] == pytest.approx(0.0004)
    assert_allclose(np.diff(rates[:300]), np.diff(rates[:2])[0])  # linear
    assert (np.diff(rates[top:]) < 0).all()
    assert rates[-1] < 1e-4
    halfway = rates[top + 350]
    assert halfway == pytest.approx(0.005)


def test_geometric_decay_divides_after_every_batch_down_to_its_floor():
    assert_allclose(rates_of(Geometric(), 0.1, 2, 50), 0.1 / 1.00004 ** np.arange(100))
    assert rates_of(Geometric(decay=2.0), 0.1, 1, 50)[-1] == 1e-6


def test_geometric_decay_continues_with_the_fit(digits):
    X, y = digits
    options = {"learning_rate": Geometric(decay=1.1), "batch_size": 250, **FIXED}
    whole = PredictedMLPRegressor(hidden_layer_sizes=(5,), max_iter=4, **options).fit(X, y)
    parts, warm = (
        PredictedMLPRegressor(hidden_layer_sizes=(5,), max_iter=2, warm_start=True, **options) for _ in range(2)
    )
    for _ in range(4):
        parts.partial_fit(X, y)
    warm.fit(X, y).fit(X, y)
    assert_allclose(parts.history_["learning_rate"], 0.001 / 1.1 ** np.array([0, 3, 6, 9]))
    assert_allclose(warm.history_["learning_rate"], parts.history_["learning_rate"])
    assert_allclose(parts.theta_, whole.theta_, atol=1e-12)


def test_a_cycle_of_given_length_goes_on_over_calls_and_ends_at_zero(digits):
    X, y = digits
    whole = PredictedMLPRegressor(hidden_layer_sizes=(5,), learning_rate="one_cycle", max_iter=4, **FIXED).fit(X, y)
    parts = PredictedMLPRegressor(hidden_layer_sizes=(5,), learning_rate=OneCycle(epochs=4), **FIXED)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert parts.history_["learning_rate"] == whole.history_["learning_rate"]
    assert_allclose(parts.theta_, whole.theta_, atol=1e-12)
    assert parts.partial_fit(X, y).history_["learning_rate"][-1] == 0.0


@pytest.mark.parametrize(
    ("schedule", "options", "message"),
    [
        (OneCycle, {"warm_up": 1.0}, "warm_up"),
        (OneCycle, {"anneal": "step"}, "anneal"),
        (OneCycle, {"epochs": 0}, "epochs"),
        (Geometric, {"decay": 0.9}, "decay"),
    ],
)
def test_bad_constants_of_schedules_are_named(schedule, options, message):
    with pytest.raises(ValueError, match=f"{message}: received"):
        schedule(**options)


def test_one_cycle_may_start_at_its_largest_rate():
    rates = rates_of(OneCycle(warm_up=0.0), 0.01, 2, 50)
    assert rates[0] == 0.01
    assert (np.diff(rates) < 0).all()


def test_recorded_rates_are_those_of_the_schedule(digits):
    clf = PredictedMLPClassifier(
        (5,), learning_rate="geometric", learning_rate_init=0.1, max_iter=3, batch_size=6, **FIXED
    )
    clf.fit(*digits)
    assert_allclose(clf.history_["learning_rate"], 0.1 / 1.00004 ** np.array([0, 100, 200]))


def test_fixed_length_schedules_run_all_epochs_and_do_not_warn(digits):
    clf = PredictedMLPClassifier((5,), learning_rate="one_cycle", max_iter=30, tol=10.0, random_state=0).fit(*digits)
    assert clf.n_iter_ == 30


def test_unreached_convergence_is_a_warning(digits):
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        PredictedMLPClassifier((5,), max_iter=2, random_state=0).fit(*digits)
    assert PredictedMLPClassifier((5,), tol=10.0, random_state=0).fit(*digits).n_iter_ == 12


# Validation and early stopping ----------------------------------------------------------------------------------------


def test_given_validation_set_is_recorded(digits):
    X, y = digits
    clf = PredictedMLPClassifier((20,), max_iter=4, **FIXED).fit(X[:400], y[:400], X_val=X[400:], y_val=y[400:])
    assert set(clf.history_) == {"loss", "learning_rate", "time", "val_loss", "val_score"}
    assert {len(values) for values in clf.history_.values()} == {4}
    assert clf.history_["val_score"][-1] == clf.score(X[400:], y[400:])
    p = clf.predict_proba(X[400:])[np.arange(200), y[400:]]
    assert clf.history_["val_loss"][-1] == pytest.approx(-np.log(p).mean())
    alone = PredictedMLPClassifier((20,), max_iter=4, **FIXED).fit(X[:400], y[:400])
    assert_array_equal(clf.theta_, alone.theta_)


@pytest.mark.parametrize("loss", ["binary", "multilabel", "squared_error", "poisson"])
def test_validation_loss_is_the_training_loss_without_penalty(digits, loss):
    X, y = digits
    targets = {"binary": y % 2, "multilabel": np.stack([y % 2, y > 4], axis=1).astype(int)}.get(loss, y.astype(float))
    options = {"alpha": 0.0, "learning_rate_init": 1e-12, "max_iter": 1, "batch_size": len(y), **FIXED}
    kind = PredictedMLPRegressor if loss in ("squared_error", "poisson") else PredictedMLPClassifier
    if kind is PredictedMLPRegressor:
        options["loss"] = loss
    history = kind(hidden_layer_sizes=(9,), **options).fit(X, targets, X_val=X, y_val=targets).history_
    assert history["val_loss"][0] == pytest.approx(history["loss"][0], rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_validation_loss_of_confident_outputs_is_not_cut_off(digits, dtype):
    X, y = digits[0][:60].astype(dtype), digits[1][:60]
    for targets in (y % 3, y % 2, np.stack([y % 2, y > 4], axis=1).astype(int)):
        clf = PredictedMLPClassifier(
            (8,), init=20.0, solver="sgd", alpha=0.0, learning_rate_init=1e-30, max_iter=1, **FIXED
        )
        clf.fit(X, targets, X_val=X, y_val=targets)
        assert clf.loss_ > 40.0
        assert clf.history_["val_loss"][0] == pytest.approx(clf.loss_, rel=1e-3)


def test_validation_set_that_is_too_small_is_refused():
    clf = PredictedMLPRegressor(early_stopping=True, validation_fraction=0.05)
    with pytest.raises(ValueError, match=r"validation_fraction: 0.05 of 12 samples leaves 1"):
        clf.fit(np.eye(12), np.arange(12.0))
    with pytest.raises(ValueError, match=r"X_val: received 1 sample\(s\); expected at least 2"):
        clf.fit(np.eye(12), np.arange(12.0), X_val=np.eye(12)[:1], y_val=[1.0])


@pytest.mark.parametrize("given", [False, True])
def test_early_stopping_keeps_the_best_model(digits, given):
    X, y = digits
    clf = PredictedMLPClassifier(
        (20,), learning_rate_init=0.02, early_stopping=True, n_iter_no_change=3, max_iter=500, random_state=0
    )
    validation = {"X_val": X[400:], "y_val": y[400:]} if given else {}
    clf.fit(X[:400], y[:400], **validation)
    assert clf.n_iter_ < 500
    assert clf.best_loss_ is None
    assert clf.best_validation_score_ == max(clf.validation_scores_) >= clf.validation_scores_[-1]
    if given:
        assert clf.score(X[400:], y[400:]) == clf.best_validation_score_


def test_early_stopping_of_the_regressor_watches_r2(digits):
    X, y = digits[0], digits[1].astype(float)
    model = PredictedMLPRegressor(early_stopping=True, learning_rate_init=0.01, random_state=0).fit(X, y)
    assert model.n_iter_ < 200
    assert 0.5 < model.best_validation_score_ < 1.0


def test_early_stopping_trains_on_the_rest_only(digits):
    X, y = digits
    clf = PredictedMLPClassifier((20,), early_stopping=True, validation_fraction=0.25, max_iter=2, **FIXED).fit(X, y)
    assert clf.t_ == 2 * 450


# Layers and regularisation --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu", "maxout"])
def test_every_activation_learns(digits, activation):
    clf = PredictedMLPClassifier(
        (30,),
        activation,
        dictionary=DCT(selection="leading"),
        learned_fraction=0.25,
        n_columns=3,
        input_shape=(8, 8),
        learning_rate_init=0.02,
        max_iter=30,
        **FIXED,
    )
    assert clf.fit(*digits).score(*digits) > 0.9


def test_maxout_is_the_largest_of_its_pieces(digits):
    X, y = digits
    clf = PredictedMLPClassifier((5,), "maxout", n_pieces=3, max_iter=2, **FIXED).fit(X, y)
    assert clf.coefs_[0].shape == (64, 15)
    hidden = (X @ clf.coefs_[0] + clf.intercepts_[0]).reshape(-1, 5, 3).max(axis=2)
    scores = np.exp(hidden @ clf.coefs_[1] + clf.intercepts_[1])
    assert_allclose(clf.predict_proba(X), scores / scores.sum(axis=1, keepdims=True), atol=1e-12)


def test_dropout_acts_in_training_only(digits):
    X, y = digits
    options = {"max_iter": 5, **FIXED}
    plain, dropped = (PredictedMLPClassifier((40,), dropout=rate, **options).fit(X, y) for rate in (0.0, 0.5))
    assert dropped.loss_ > plain.loss_
    assert_array_equal(dropped.predict_proba(X), dropped.predict_proba(X))
    assert not np.array_equal(plain.theta_, dropped.theta_)


def test_column_norms_of_v_stay_bounded(digits):
    options = {"dictionary": RandomProjection(), "learned_fraction": 0.25, "n_columns": 2, "max_iter": 5, **FIXED}
    clf = PredictedMLPClassifier((20,), max_column_norm=0.3, learning_rate_init=0.05, **options).fit(*digits)
    norms = np.concatenate([np.linalg.norm(V, axis=0) for layer in clf.dynamic_coefs_ for V in layer])
    assert norms.max() <= 0.3 * (1 + 1e-12)
    assert (norms > 0.299).any()


def test_weight_decay_shrinks_v_or_predicted_weights(digits):
    options = {
        "dictionary": RandomProjection(),
        "learned_fraction": 0.5,
        "max_iter": 40,
        "learning_rate_init": 0.01,
        **FIXED,
    }
    free, on_v, on_w = (
        PredictedMLPClassifier((20,), alpha=alpha, penalty=penalty, **options).fit(*digits)
        for alpha, penalty in ((0.0, "dynamic"), (30.0, "dynamic"), (30.0, "predicted"))
    )
    assert np.linalg.norm(on_v.dynamic_coefs_[0][0]) < 0.9 * np.linalg.norm(free.dynamic_coefs_[0][0])
    assert np.linalg.norm(on_w.coefs_[0]) < 0.9 * np.linalg.norm(free.coefs_[0])


@pytest.mark.parametrize("init", ["auto", "glorot", "he", "lecun"])
def test_predicted_weights_start_as_large_as_ordinary_ones(digits, init):
    X, y = digits
    options = {"init": init, "max_iter": 1, "learning_rate_init": 1e-12, **FIXED}
    plain = PredictedMLPClassifier((200,), **options).fit(X, y)
    predicted = PredictedMLPClassifier(
        (200,), dictionary=SquaredExponential(), learned_fraction=0.3, input_shape=(8, 8), **options
    ).fit(X, y)
    assert predicted.coefs_[0].std() == pytest.approx(plain.coefs_[0].std(), rel=0.1)


def test_initial_bound_on_v(digits):
    clf = PredictedMLPClassifier((50,), init=0.1, max_iter=1, learning_rate_init=1e-12, **FIXED).fit(*digits)
    assert 0.099 < np.abs(clf.dynamic_coefs_[0][0]).max() <= 0.1


# Pretraining and dictionaries from data -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dictionary", [EmpiricalCovariance(), PrincipalComponents(), AutoencoderAtoms(epochs=2)], ids=lambda d: d.id
)
@pytest.mark.parametrize("pretraining", [None, "supervised", "autoencoder"])
def test_dictionaries_from_data_serve_in_every_layer(digits, dictionary, pretraining):
    clf = PredictedMLPClassifier(
        (30, 20),
        "logistic",
        dictionary=dictionary,
        learned_fraction=0.3,
        n_columns=2,
        pretraining=pretraining,
        pretraining_epochs=2,
        learning_rate_init=0.03,
        max_iter=25,
        **FIXED,
    )
    assert clf.fit(*digits).score(*digits) > 0.6  # chance is 0.1


def test_deeper_dictionary_is_built_from_the_initial_activations(digits):
    X, y = digits
    dictionary = (None, PrincipalComponents(selection="all"))
    options = {"dictionary": dictionary, "learned_fraction": 0.5, "max_iter": 1, **FIXED}
    clf = PredictedMLPClassifier((30, 20), learning_rate_init=1e-12, **options).fit(X, y)
    hidden = np.maximum(X @ clf.coefs_[0] + clf.intercepts_[0], 0)
    _, vectors = np.linalg.eigh(np.cov(hidden.T))
    base = clf.dictionaries_[1].base
    assert_allclose(np.abs(np.sum(base[:, :5] * vectors[:, ::-1][:, :5], axis=0)), 1.0, atol=1e-5)


def test_supervised_pretraining_rebuilds_deeper_dictionaries_once_and_keeps_the_rest(digits, monkeypatch):
    X, y = digits
    rebuilt = []

    def recorded(*args, **options):
        rebuilt.append(rebuilt_dictionaries(*args, **options))
        return rebuilt[-1]

    monkeypatch.setattr("ppdl.estimators.networks.contract.rebuilt_dictionaries", recorded)
    options = {
        "dictionary": (DCT(selection="leading"), PrincipalComponents(selection="leading")),
        "learned_fraction": 0.4,
        "n_columns": 2,
        "input_shape": (8, 8),
        **FIXED,
    }
    unrefreshed = PredictedMLPClassifier((30, 20), max_iter=1, **options).fit(X, y)
    longer = PredictedMLPClassifier((30, 20), max_iter=6, pretraining="supervised", **options).fit(X, y)
    ((refreshed, _),) = rebuilt
    assert_array_equal(refreshed.dynamic_coefs()[0][0], unrefreshed.dynamic_coefs_[0][0])
    hidden = np.maximum(X @ refreshed.coefs()[0] + refreshed.intercepts()[0], 0)
    U = refreshed.columns[1].dictionary(0)
    leading = np.linalg.eigh(np.cov(hidden.T))[1][:, ::-1][:, : 2 * U.shape[1]]
    assert_allclose(np.linalg.norm(leading.T @ U, axis=0), 1.0, atol=1e-10)  # U lies in the span of the leading ones
    W = unrefreshed.coefs_[1][:, :10]
    assert_allclose(refreshed.dynamic_coefs()[1][0], np.linalg.lstsq(U, W, rcond=None)[0], atol=1e-10)
    digest = refreshed.columns[1].digest()
    assert longer.dictionaries_[1].digest() == digest != unrefreshed.dictionaries_[1].digest()
    assert longer.loss_ < unrefreshed.loss_
    assert longer.set_params(warm_start=True).fit(X, y).dictionaries_[1].digest() == digest


def test_nothing_is_rebuilt_unless_an_epoch_follows(digits):
    options = {"dictionary": (None, PrincipalComponents()), "learned_fraction": 0.5, "max_iter": 1, **FIXED}
    plain = PredictedMLPClassifier((30, 20), **options).fit(*digits)
    clf = PredictedMLPClassifier((30, 20), pretraining="supervised", **options).fit(*digits)
    assert_array_equal(clf.theta_, plain.theta_)
    assert clf.dictionaries_[1].digest() == plain.dictionaries_[1].digest()
    with pytest.raises(ValueError, match="pretraining_epochs: received 1, which leaves none of max_iter=1"):
        clf.set_params(pretraining_epochs=1).fit(*digits)


def test_rebuilding_fits_full_dictionaries_without_loss(digits):
    X, y = digits
    clf = PredictedMLPClassifier(
        (30, 20), dictionary=(None, PrincipalComponents()), learned_fraction=1.0, max_iter=3, **FIXED
    ).fit(X, y)
    model, changed = rebuilt_dictionaries(clf._model, Data(X, y, None, np.arange(len(X))), None)
    assert [part.stop - part.start for part in changed] == [30 * 20]
    assert_allclose(model.coefs()[1], clf.coefs_[1], atol=1e-10)
    assert_allclose(model.predict(X, None), clf.predict_proba(X), atol=1e-10)


def test_optimizer_forgets_what_was_rebuilt_and_nothing_else(digits, monkeypatch):
    X, y = digits
    states = []

    def recorded(training, *args):
        change_model(training, *args)
        states.append(copy.deepcopy(training.state()))

    change_model = Training.change_model
    monkeypatch.setattr(Training, "change_model", recorded)
    options = {"dictionary": (None, PrincipalComponents()), "learned_fraction": 0.5, **FIXED}
    clf = PredictedMLPClassifier((30, 20), max_iter=2, pretraining="supervised", **options).fit(X, y)
    ((_, _, arrays),) = states
    V = clf._model.slices[1][0]
    for array in arrays.values():
        assert not array[V].any()
        assert array[: V.start].any()
        assert array[V.stop :].any()


def test_autoencoders_start_the_network_near_their_reconstruction(digits):
    X, y = digits
    options = {"max_iter": 1, "learning_rate_init": 1e-12, "pretraining_options": {"learning_rate_init": 0.05}, **FIXED}
    errors = []
    for epochs in (1, 30):
        clf = PredictedMLPClassifier((40,), "logistic", pretraining="autoencoder", pretraining_epochs=epochs, **options)
        W, b = (parts[0] for parts in (clf.fit(X, y).coefs_, clf.intercepts_))
        reconstruction = 1 / (1 + np.exp(-(1 / (1 + np.exp(-(X @ W + b)))) @ W.T))
        errors.append(((X - reconstruction) ** 2).sum(axis=1).mean())
    assert errors[1] < 0.8 * errors[0]


def test_divergence_of_an_autoencoder_names_its_layer_and_its_rate(digits):
    clf = PredictedMLPClassifier(
        (20, 10),
        "identity",
        pretraining="autoencoder",
        pretraining_options={"learning_rate_init": 10.0, "decoder": "identity"},
        random_state=0,
    )
    with pytest.raises(NumericalError, match=r"autoencoder of layer 1: .*pretraining_options"):
        clf.fit(*digits)


def test_autoencoder_refuses_a_learned_dictionary_by_name(digits):
    clf = PredictedMLPClassifier(
        (20,), "logistic", dictionary=LowRank(), learned_fraction=0.2, pretraining="autoencoder"
    )
    with pytest.raises(ValueError, match=r"[Ll]ow-?[Rr]ank|learned"):
        clf.fit(*digits)


# What is shown --------------------------------------------------------------------------------------------------------


def test_progress_table_has_aligned_columns(digits, capsys):
    X, y = digits
    PredictedMLPClassifier((5,), max_iter=3, verbose=1, **FIXED).fit(X, y, X_val=X[:50], y_val=y[:50])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["epoch", "loss", "val", "loss", "val", "score", "rate", "seconds"]
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1


def test_nothing_is_printed_unless_asked_for(digits, capsys):
    PredictedMLPClassifier((5,), max_iter=2, **FIXED).fit(*digits)
    assert capsys.readouterr().out == ""


class Recorder:
    """A callback that counts tasks, scores each epoch and stops after the third one."""

    def __init__(self):
        self.begun, self.scores = 0, []

    def setup(self, estimator, context):
        self.is_set_up = True

    def teardown(self, estimator, context):
        self.is_set_up = False

    def on_fit_task_begin(self, estimator, context):
        self.begun += 1

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        if context.parent is not None and fitted_estimator is not None:
            self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) == 3


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_callbacks_see_every_epoch_and_can_stop(digits, solver):
    pytest.importorskip("sklearn.callback")
    recorder = Recorder()
    clf = PredictedMLPClassifier((20,), solver=solver, max_iter=50, random_state=0).set_callbacks(recorder)
    clf.fit(*digits)
    assert clf.n_iter_ == len(recorder.scores) == 3
    assert recorder.scores[-1] == clf.score(*digits)
    assert recorder.begun >= 4
    assert recorder.is_set_up is False


def test_batch_size_above_the_samples_is_clipped_with_a_warning(digits):
    clf = PredictedMLPClassifier((5,), batch_size=1000, max_iter=1, **FIXED)
    with pytest.warns(UserWarning, match="batch_size: received 1000"):
        clf.fit(*digits)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.summary()
