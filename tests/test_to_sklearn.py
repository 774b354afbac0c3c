"""Networks as scikit-learn's: the same function, and one that can be trained further there."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from ppdl import PredictedMLPClassifier, PredictedMLPRegressor
from ppdl.dictionaries import DCT, EmpiricalCovariance, LowRank, PrincipalComponents
from ppdl.estimators import Geometric

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"hidden_layer_sizes": (12, 9), "max_iter": 3, "random_state": 0}
PREDICTED = {
    "dictionary": (DCT(), PrincipalComponents()), "learned_fraction": 0.25, "n_columns": (3, 2), "input_shape": (8, 8),
}  # fmt: skip


@pytest.fixture(scope="module", params=[np.float32, np.float64])
def digits(request):
    X, y = load_digits(return_X_y=True)
    return X[:300].astype(request.param) / 16, y[:300]


def tolerance(X):
    return {"rtol": 1e-4, "atol": 1e-5} if X.dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-12}


@pytest.mark.parametrize(
    "options",
    [
        PREDICTED,
        {"activation": "tanh", "hidden_layer_sizes": 7},
        {"activation": "logistic", "dictionary": (None, LowRank()), "learned_fraction": 0.5, "solver": "sgd"},
        {"activation": "identity", "solver": "lbfgs", "dictionary": EmpiricalCovariance(), "learned_fraction": 0.5},
        {"early_stopping": True, "dropout": 0.5, "batch_size": 50, "verbose": 0, "n_iter_no_change": np.inf},
        {"learning_rate": Geometric(decay=1.1), "random_state": np.random.RandomState(0), "hidden_layer_sizes": ()},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "labels",
    [
        lambda y: y,
        lambda y: np.array(["no", "yes"])[y % 2],
        lambda y: np.stack([y > 4, y % 2, y < 0], axis=1).astype(int),
    ],
    ids=["digits", "two classes", "several labels"],
)
def test_classifier_becomes_one_of_scikit_learn_that_predicts_the_same(digits, options, labels):
    X, y = digits[0], labels(digits[1])
    clf = PredictedMLPClassifier(**{**OPTIONS, **options}).fit(X, y)
    peer = clf.to_sklearn()
    assert type(peer) is MLPClassifier
    assert_allclose(peer.predict_proba(X), clf.predict_proba(X), **tolerance(X))
    assert_array_equal(peer.predict(X), clf.predict(X))
    assert peer.score(X, y) == clf.score(X, y)
    assert_array_equal(peer.classes_, clf.classes_)
    assert all(map(np.array_equal, peer.coefs_ + peer.intercepts_, clf.coefs_ + clf.intercepts_))
    names = ("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_")
    for name in (*names, "n_outputs_", "n_layers_", "out_activation_", "n_features_in_"):
        assert getattr(peer, name) == getattr(clf, name), name


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("columns", [1, 2])
def test_regressor_becomes_one_of_scikit_learn_that_predicts_the_same(digits, loss, columns):
    X, y = digits
    y = y if columns == 1 else np.stack([y, 9 - y], axis=1)
    reg = PredictedMLPRegressor(loss=loss, **OPTIONS, **PREDICTED).fit(X, y)
    peer = reg.to_sklearn()
    assert type(peer) is MLPRegressor
    assert peer.loss == loss
    assert_allclose(peer.predict(X), reg.predict(X), **tolerance(X))
    assert_allclose(peer.score(X, y), reg.score(X, y), rtol=1e-4)


def test_training_goes_on_as_that_of_an_ordinary_network(digits):
    X, y = digits
    options = {**OPTIONS, "solver": "sgd", "shuffle": False}
    merged = PredictedMLPClassifier(**options, **PREDICTED).fit(X, y).merge()
    peer = PredictedMLPClassifier(**options, **PREDICTED).fit(X, y).to_sklearn()
    before = merged.loss_
    for _ in range(3):
        merged.partial_fit(X, y)
        peer.partial_fit(X, y)
    assert_allclose(peer.predict_proba(X), merged.predict_proba(X), rtol=1e-2, atol=1e-3)
    assert peer.loss_ < before
    assert clone(peer).fit(X, y).n_iter_ == 3
    assert peer.set_params(warm_start=True).fit(X, y).loss_ < before


def test_names_of_features_go_along():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["width", "height"])
    peer = PredictedMLPClassifier(**OPTIONS).fit(X, np.arange(30) % 2).to_sklearn()
    assert list(peer.feature_names_in_) == ["width", "height"]
    with pytest.raises(ValueError, match="feature names"):
        peer.predict(X[["height", "width"]])


def test_what_scikit_learn_cannot_be_is_refused_by_name(digits):
    X, y = digits
    clf = PredictedMLPClassifier(activation="maxout", **OPTIONS).fit(X, y)
    with pytest.raises(ValueError, match="activation: received 'maxout'; expected one that a MLPClassifier has"):
        clf.to_sklearn()
    clf = PredictedMLPClassifier(**OPTIONS).fit(X, np.zeros_like(y))
    with pytest.raises(ValueError, match=r"classes_: received \[0\]; expected at least two"):
        clf.to_sklearn()
    clf = PredictedMLPClassifier(**OPTIONS).fit(X, y).set_params(activation="tanh")
    with pytest.raises(ValueError, match="activation: received 'tanh'; expected what the network was fitted with"):
        clf.to_sklearn()
    with pytest.raises(NotFittedError):
        PredictedMLPClassifier().to_sklearn()
