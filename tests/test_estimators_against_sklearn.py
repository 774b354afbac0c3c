"""With dictionary=None the estimators are scikit-learn's: same weights after the same steps, same parameters."""

import dataclasses
import inspect
import warnings

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ppdl import PredictedMLPClassifier, PredictedMLPRegressor

PAIRS = [(PredictedMLPClassifier, MLPClassifier), (PredictedMLPRegressor, MLPRegressor)]


def problem(kind, n_samples=90, n_features=6):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n_samples, n_features))
    signal = X @ rng.normal(size=(n_features, 3))
    return {
        "binary": (X, (signal[:, 0] > 0).astype(int)),
        "multiclass": (X, signal.argmax(axis=1)),
        "multilabel": (X, (signal > 0).astype(int)),
        "squared_error": (X, signal[:, 0]),
        "poisson": (X, np.exp(0.3 * signal[:, 0]).round()),
    }[kind]


def both_from_same_weights(ours, theirs, X, y, n_epochs, sample_weight=None):
    """Fit both for some epochs from the weights that scikit-learn draws; return them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # neither is meant to converge
        start = theirs.__class__(**{**theirs.get_params(), "max_iter": 1, "learning_rate_init": 1e-300}).fit(X, y)
        theta = np.concatenate([part.ravel() for pair in zip(start.coefs_, start.intercepts_) for part in pair])
        theirs.set_params(warm_start=True)
        vars(theirs).update({name: value for name, value in vars(start).items() if name not in start.get_params()})
        theirs.loss_curve_, theirs.best_loss_, theirs.t_ = [], np.inf, 0
        theirs.set_params(max_iter=n_epochs).fit(X, y, sample_weight)

        ours.set_params(warm_start=True, max_iter=1).fit(X, y)
        model = ours._model.with_theta(theta.astype(ours.theta_.dtype))
        ours._state = dataclasses.replace(ours._state, model=model, n_seen=0)
        ours.set_params(max_iter=n_epochs).fit(X, y, sample_weight)
    return ours, theirs


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "squared_error", "poisson"])
@pytest.mark.parametrize(
    "options",
    [
        {"solver": "adam"},
        {"solver": "adam", "activation": "tanh", "alpha": 0.3},
        {"solver": "sgd", "activation": "logistic"},
        {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5},
        {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_weights_after_ten_epochs_are_those_of_scikit_learn(kind, options):
    X, y = problem(kind)
    ours_class, theirs_class = PAIRS[kind in ("squared_error", "poisson")]
    common = {
        "hidden_layer_sizes": (7, 5),
        "batch_size": 20,
        "shuffle": False,
        "learning_rate_init": 0.01,
        "random_state": 0,
        "n_iter_no_change": 1000,
        **options,
    }
    if kind in ("squared_error", "poisson"):
        common["loss"] = kind
    ours, theirs = both_from_same_weights(ours_class(**common), theirs_class(**common), X, y, 10)
    for W, expected in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(W, expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours.loss_curve_[-10:], theirs.loss_curve_, rtol=1e-9)
    if kind != "multilabel" and theirs_class is MLPClassifier:
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-10)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-9)


def test_sample_weights_act_as_in_scikit_learn():
    X, y = problem("multiclass")
    weight = np.random.default_rng(0).uniform(0.1, 3.0, len(y))
    common = {"hidden_layer_sizes": (7,), "batch_size": 30, "shuffle": False, "random_state": 0, "n_iter_no_change": 99}
    ours, theirs = both_from_same_weights(PredictedMLPClassifier(**common), MLPClassifier(**common), X, y, 10, weight)
    for W, expected in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(W, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_parameters_are_a_superset_with_the_same_defaults_in_the_same_places(ours, theirs):
    ours, theirs = (inspect.signature(estimator).parameters for estimator in (ours, theirs))
    positional = [name for name, parameter in theirs.items() if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    assert list(ours)[: len(positional)] == positional
    assert {name: ours[name].default for name in theirs} == {name: p.default for name, p in theirs.items()}


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fitted_attributes_are_a_superset(ours, theirs, options):
    X, y = problem("multiclass")
    ours, theirs = (kind(max_iter=3, random_state=0, **options).fit(X, y) for kind in (ours, theirs))
    for name in (name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")):
        assert hasattr(ours, name), name
    for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name


def test_adaptive_rate_falls_as_in_scikit_learn():
    X, y = problem("binary")
    common = {
        "hidden_layer_sizes": (3,),
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 1e-2,
        "n_iter_no_change": 2,
        "shuffle": False,
        "random_state": 0,
        "batch_size": 30,
    }
    ours, theirs = both_from_same_weights(PredictedMLPClassifier(**common), MLPClassifier(**common), X, y, 200)
    assert ours.n_iter_ == theirs.n_iter_ < 200
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-9)


@pytest.mark.parametrize("kind", ["multiclass", "squared_error"])
def test_lbfgs_reaches_the_value_of_scikit_learn(kind):
    X, y = problem(kind)
    ours_class, theirs_class = PAIRS[kind == "squared_error"]
    common = {"hidden_layer_sizes": (4,), "activation": "tanh", "solver": "lbfgs", "alpha": 1.0, "max_iter": 2000}
    ours, theirs = (
        min(kind(**common, random_state=seed).fit(X, y).loss_ for seed in range(6))
        for kind in (ours_class, theirs_class)
    )
    assert ours <= theirs * 1.05  # local minima differ
