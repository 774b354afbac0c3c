"""The state of an optimiser in a file: `partial_fit` goes on as if nothing had been saved."""

import os
import pickle

import numpy as np
import pytest
from model_files import parts, write_parts
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ppdl
from ppdl import (
    RICA,
    PatchFeatures,
    PredictedConvNetClassifier,
    PredictedMLPClassifier,
    PredictedMLPRegressor,
)
from ppdl.dictionaries import DCT, PrincipalComponents
from ppdl.layers import Conv2D

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PREDICTED = {
    "dictionary": (DCT(), PrincipalComponents()), "learned_fraction": 0.25, "n_columns": 2, "input_shape": (8, 8),
}  # fmt: skip
ESTIMATORS = [
    PredictedMLPClassifier((12, 9), random_state=0, **PREDICTED),
    PredictedMLPClassifier((12,), solver="sgd", random_state=0, dropout=0.2),
    PredictedMLPClassifier((12,), solver="sgd", momentum=0.0, random_state=0),
    PredictedMLPRegressor(hidden_layer_sizes=(12,), random_state=0),
    PredictedConvNetClassifier([Conv2D(4, 3)], input_shape=(8, 8), random_state=0),
    RICA(9, random_state=0, dictionary=PrincipalComponents(), learned_fraction=0.5),
]


@pytest.fixture(scope="module", params=[np.float32, np.float64])
def digits(request):
    X, y = load_digits(return_X_y=True)
    return X[:300].astype(request.param) / 16, y[:300]


def go_on(estimator, X, y):
    for _ in range(3):
        estimator.partial_fit(X, y)
    return estimator.components_ if isinstance(estimator, RICA) else estimator.theta_


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: repr(estimator)[:60])
def test_training_goes_on_to_the_bit_with_the_optimisers_state_and_otherwise_not(digits, estimator, tmp_path):
    X, y = digits
    fitted = pickle.loads(pickle.dumps(estimator))
    classes = {"classes": range(10)} if hasattr(estimator, "predict_proba") else {}
    fitted.partial_fit(X, y, **classes).partial_fit(X, y)
    fitted.save(tmp_path / "with", optimizer_state=True)
    fitted.save(tmp_path / "without")
    with_state, without_state = ppdl.load(tmp_path / "with"), ppdl.load(tmp_path / "without")
    with_state.save(tmp_path / "again", optimizer_state=True)
    expected = go_on(fitted, X, y)
    assert_array_equal(go_on(with_state, X, y), expected)
    assert_array_equal(go_on(ppdl.load(tmp_path / "again"), X, y), expected)
    remembers = getattr(estimator, "momentum", 0.9) > 0.0
    assert np.array_equal(go_on(without_state, X, y), expected) == (not remembers)


def test_state_is_that_of_adam_beside_what_is_learned(digits, tmp_path):
    clf = PredictedMLPClassifier((12, 9), random_state=0, max_iter=2, **PREDICTED).fit(*digits)
    clf.save(tmp_path / "with", optimizer_state=True)
    clf.save(tmp_path / "without")
    tensors, (fewer, _) = parts(tmp_path / "with")[0], parts(tmp_path / "without")
    assert tensors.keys() - fewer.keys() == {"optimizer.mean", "optimizer.mean_square"}
    assert tensors["optimizer.mean"].shape == clf.theta_.shape
    assert os.path.getsize(tmp_path / "without") + 2 * clf.theta_.nbytes < os.path.getsize(tmp_path / "with")


def test_parts_of_a_pipeline_go_on_too(digits, tmp_path):
    X, y = digits
    pipeline = make_pipeline(StandardScaler(), PredictedMLPClassifier((12,), max_iter=2, random_state=0)).fit(X, y)
    ppdl.save(pipeline, tmp_path / "m", optimizer_state=True)
    assert_array_equal(go_on(ppdl.load(tmp_path / "m")[-1], X, y), go_on(pipeline[-1], X, y))


def test_what_has_no_optimiser_is_saved_as_without(digits, tmp_path):
    X, y = digits
    features = PatchFeatures(4, patch_size=3, input_shape=(8, 8), n_patches=50, random_state=0)
    for estimator in (PredictedMLPClassifier((5,), solver="lbfgs", max_iter=2), features, RICA(4, max_iter=2)):
        estimator.fit(X, y).save(tmp_path / "with", optimizer_state=True)
        estimator.save(tmp_path / "without")
        assert (tmp_path / "with").read_bytes() == (tmp_path / "without").read_bytes()


def test_state_must_be_asked_for_by_a_truth_value(digits, tmp_path):
    with pytest.raises(ValueError, match="optimizer_state: received 'yes'; expected True or False"):
        ppdl.save(StandardScaler().fit(digits[0]), tmp_path / "m", optimizer_state="yes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, s: s["optimizer"].update(counters=[1]), r"counters: received \[1\]; expected 2 numbers"),
        (lambda t, s: s["optimizer"].update(counters=[-1, 1]), "counters: received -1"),
        (lambda t, s: s["optimizer"].update(counters=[0.5, 1]), "counters: received 0.5"),
        (lambda t, s: s["optimizer"].update(arrays=["mean_square", "mean"]), "arrays: received .* optimiser"),
        (lambda t, s: s["optimizer"].update(arrays=[]), "tensors: mean, mean_square: not part of"),
        (lambda t, s: t.update({"optimizer.mean": t["optimizer.mean"][1:]}), "mean: received 'float.. of shape"),
        (lambda t, s: t.pop("optimizer.mean_square"), "mean_square: missing"),
        (lambda t, s: s.pop("optimizer"), "tensors: optimizer.mean, optimizer.mean_square: not part of"),
    ],
)
def test_changed_state_is_refused(digits, change, message, tmp_path):
    PredictedMLPClassifier((5,), max_iter=2, random_state=0).fit(*digits).save(tmp_path / "m", optimizer_state=True)
    tensors, specification = parts(tmp_path / "m")
    change(tensors, specification)
    write_parts(tensors, specification, tmp_path / "m")
    with pytest.raises(ValueError, match=f"{tmp_path / 'm'}: {message}"):
        ppdl.load(tmp_path / "m")
