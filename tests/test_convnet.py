"""Convolutional networks: the function that they compute, the images that they take, what they refuse."""

import copy
import warnings

import numpy as np
import pytest
from cases import CONVOLUTIONS as LAYERS
from cases import QUICKLY as OPTIONS
from numpy.testing import assert_allclose, assert_array_equal
from oracles.convolution import convolution, patches
from oracles.pooling import Pool
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_digits

from ppdl import PredictedConvNetClassifier, PredictedMLPClassifier
from ppdl.dictionaries import DCT, EmpiricalCovariance, Identity, LowRank, PrincipalComponents, SquaredExponential
from ppdl.estimators.networks.layer_samples import LayerSamples, windows
from ppdl.layers import Activation, AvgPool2D, Conv2D, Dense, Dropout, Jitter, Maxout, MaxPool2D, Shape


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.reshape(-1, 8, 8)[:400] / 16, y[:400]


@pytest.fixture(scope="module")
def fitted(digits):
    return PredictedConvNetClassifier(LAYERS, **OPTIONS).fit(*digits)


# The function ---------------------------------------------------------------------------------------------------------


def forward(clf, X):
    """Outputs before the softmax, by sums over windows that are written out."""
    W, b = clf.coefs_, clf.intercepts_
    Z = np.maximum(convolution(X[..., np.newaxis], W[0], b[0], (3, 3), (1, 1), (1, 1)), 0)
    Z = Pool("max", (3, 3), (2, 2), True).forward(Z)
    Z = np.maximum(convolution(Z, W[1], b[1], (3, 2), (2, 1)), 0)
    Z = Pool("average", (2, 2), (2, 2), True).forward(Z)
    Z = np.maximum(Z.reshape(len(Z), -1) @ W[2] + b[2], 0)
    return Z @ W[3] + b[3]


def test_network_computes_convolutions_with_its_coefs(digits, fitted):
    X, _ = digits
    assert [W.shape for W in fitted.coefs_] == [(9, 8), (48, 6), (12, 12), (12, 10)]
    assert_allclose(fitted.predict_proba(X), softmax(forward(fitted, X), axis=1), atol=1e-12)


def test_weights_are_products_of_dictionaries_over_windows(fitted):
    for W, Vs, columns in zip(fitted.coefs_, fitted.dynamic_coefs_, fitted.dictionaries_, strict=True):
        parts = [columns.dictionary(j) @ V for j, V in enumerate(Vs)]
        assert_allclose(np.hstack(parts), W, atol=1e-12)
    assert [len(V) for V in fitted.dynamic_coefs_[0]] == [4, 4]  # of 9
    assert fitted.dictionaries_[2].n_static == 0  # all learned


def test_pytorch_computes_the_same(digits):
    torch = pytest.importorskip("torch")
    X = np.random.default_rng(0).normal(size=(20, 9, 7, 3))
    layers = [Conv2D(5, (4, 3), stride=(1, 2), padding=(2, 1)), MaxPool2D(2), Dense(6)]
    clf = PredictedConvNetClassifier(layers, "tanh", **OPTIONS).fit(X, np.arange(20) % 3)
    W, b = ([torch.tensor(part) for part in parts] for parts in (clf.coefs_, clf.intercepts_))
    Z = torch.nn.functional.conv2d(
        torch.tensor(X).permute(0, 3, 1, 2),
        W[0].reshape(4, 3, 3, 5).permute(3, 2, 0, 1),
        b[0],
        stride=(1, 2),
        padding=(2, 1),
    )
    Z = torch.nn.functional.max_pool2d(torch.tanh(Z), 2, ceil_mode=True).permute(0, 2, 3, 1)
    Z = torch.tanh(Z.reshape(20, -1) @ W[1] + b[1]) @ W[2] + b[2]
    assert_allclose(clf.predict_proba(X), torch.softmax(Z, dim=1).numpy(), atol=1e-12)


def test_dense_layers_alone_are_a_perceptron(digits):
    X, y = digits
    options = {**OPTIONS, "dictionary": SquaredExponential()}
    mlp = PredictedMLPClassifier((20,), n_columns=2, input_shape=(8, 8), **options).fit(X.reshape(-1, 64), y)
    clf = PredictedConvNetClassifier([Dense(20, n_columns=2)], **options).fit(X, y)
    assert_array_equal(clf.theta_, mlp.theta_)


def test_all_learned_is_the_ordinary_network(digits):
    full = PredictedConvNetClassifier(LAYERS[:2], **{**OPTIONS, "learned_fraction": 1.0}).fit(*digits)
    ordinary = clone(full).set_params(dictionary=None).fit(*digits)
    assert_array_equal(full.theta_, ordinary.theta_)
    assert {type(place.dictionary) for place in full._model.architecture.weighted} == {Identity}


def test_network_learns_digits():
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8) / 16
    clf = PredictedConvNetClassifier(
        learned_fraction=0.5,
        learning_rate="one_cycle",
        learning_rate_init=0.02,
        max_iter=4,
        batch_size=20,
        random_state=0,
    )
    assert clf.fit(X[:1000].astype(np.float32), y[:1000]).score(X[1000:], y[1000:]) > 0.87
    assert clf.theta_.dtype == np.float32


def test_network_of_the_paper_has_its_sizes():
    clf = PredictedConvNetClassifier("denil2013", input_shape=(32, 32, 3))
    clf.set_params(learned_fraction=0.25, max_iter=1, batch_size=2, n_iter_no_change=np.inf, random_state=0)
    X = np.random.default_rng(0).normal(size=(4, 32 * 32 * 3)).astype(np.float32)
    clf.fit(X, [0, 1, 2, 3])
    assert [W.size for W in clf.coefs_] == [9216, 196_608, 102_400, 800_000, 2000]
    assert [layer.passed_shape for layer in clf.summary().layers[:3]] == [(16, 16, 48), (7, 7, 64), (5, 5, 64)]
    shares = [sum(V.size for V in Vs) / W.size for Vs, W in zip(clf.dynamic_coefs_, clf.coefs_, strict=True)]
    assert_allclose(shares, [0.25, 0.25, 0.24, 0.24, 1.0])
    assert {place.dictionary for place in clf._model.architecture.weighted[:-1]} == {SquaredExponential()}


@pytest.mark.parametrize("activation", ["logistic", "tanh", "identity", "maxout"])
def test_activations_follow_layers_of_weights_that_have_none_of_their_own(digits, activation):
    layers = [Conv2D(4, 3), MaxPool2D(2), Activation("tanh"), Conv2D(4, 2), Dense(6), Maxout(2), Dense(5, fraction=1.0)]
    clf = PredictedConvNetClassifier(layers, activation, **OPTIONS).fit(*digits)
    between = Maxout(2) if activation == "maxout" else Activation(activation)
    pieces = 2 if activation == "maxout" else 1
    kinds = [layer for layer in clf._model.architecture.layers if isinstance(layer, Activation | Maxout)]
    assert kinds == [Activation("tanh"), between, Maxout(2), between]
    assert [W.shape[1] for W in clf.coefs_] == [4, 4 * pieces, 6, 5 * pieces, 10]


def test_dropout_of_the_list_is_for_training_alone(digits):
    X, y = digits
    clf = PredictedConvNetClassifier([Conv2D(4, 3), Dropout(0.5), Dense(6)], dropout=0.2, input_dropout=0.1, **OPTIONS)
    clf.fit(X, y)
    without = clone(clf).set_params(layers=[Conv2D(4, 3), Dense(6)]).fit(X, y)
    assert not np.array_equal(clf.theta_, without.theta_)
    Z = np.maximum(convolution(X[..., np.newaxis], clf.coefs_[0], clf.intercepts_[0], (3, 3)), 0).reshape(len(X), -1)
    Z = np.maximum(Z @ clf.coefs_[1] + clf.intercepts_[1], 0) @ clf.coefs_[2] + clf.intercepts_[2]
    assert_allclose(clf.predict_proba(X), softmax(Z, axis=1), atol=1e-12)


# Images ---------------------------------------------------------------------------------------------------------------


def test_images_rows_and_channels_are_the_same_samples(digits, fitted, tmp_path):
    X, y = digits
    rows = X.reshape(len(X), -1)
    np.save(tmp_path / "X.npy", X)
    for images in (X[..., np.newaxis], np.load(tmp_path / "X.npy", mmap_mode="r"), np.asfortranarray(X), X.tolist()):
        assert_array_equal(PredictedConvNetClassifier(LAYERS, **OPTIONS).fit(images, y).theta_, fitted.theta_)
        assert_array_equal(fitted.predict(images), fitted.predict(rows))
    by_rows = PredictedConvNetClassifier(LAYERS, input_shape=(8, 8), **OPTIONS).fit(rows, y)
    assert_array_equal(by_rows.theta_, fitted.theta_)
    assert by_rows.input_shape_ == fitted.input_shape_ == (8, 8, 1)
    assert fitted.n_features_in_ == 64


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 5), (4, 4, 16), (1, 9, 2)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images_of_any_size_and_number_of_channels_are_taken(shape, dtype):
    X = np.random.default_rng(0).normal(size=(30, *shape)).astype(dtype)
    clf = PredictedConvNetClassifier([Conv2D(4, 1), MaxPool2D(2), Dense(5)], **{**OPTIONS, "learned_fraction": 1.0})
    clf.fit(X, np.arange(30) % 3)
    assert clf.input_shape_ == shape
    assert clf.predict_proba(X).dtype == dtype


def test_one_image_and_one_class_are_taken(digits):
    X, y = digits
    clf = PredictedConvNetClassifier(LAYERS[:2], **OPTIONS)
    assert_array_equal(clone(clf).fit(X, np.zeros(len(X))).predict(X), np.zeros(len(X)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert clone(clf).fit(X[:1], y[:1]).predict(X[:1]) == y[:1]


def test_windows_are_those_that_filters_see():
    rng = np.random.default_rng(0)
    X, layer, shape = rng.normal(size=(600, 5 * 6 * 2)), Conv2D(1, (3, 2), (2, 1), (1, 0)), Shape(5, 6, 2)
    weight = np.arange(600) % 3
    seen = windows(LayerSamples(600, X.__getitem__, weight), layer, shape, (0, 1))
    expected = patches(X.reshape(-1, *shape), (3, 2), (2, 1), (1, 0))[weight > 0]
    assert_array_equal(seen.all(), expected.reshape(-1, 12))
    assert_array_equal(seen.weight, np.repeat(weight[weight > 0], 3 * 5))


def test_of_too_many_windows_some_are_drawn(monkeypatch):
    monkeypatch.setattr("ppdl.estimators.networks.layer_samples.MOST", 50)
    X, layer = np.arange(600.0).reshape(6, 100), Conv2D(1, 1)
    seen = windows(LayerSamples(6, X.__getitem__, None), layer, Shape(10, 10, 1), (0, 1)).all()
    assert len(np.unique(seen)) == len(seen) == 50
    again = windows(LayerSamples(6, X.__getitem__, None), layer, Shape(10, 10, 1), (0, 1)).all()
    assert_array_equal(again, seen)


def test_dictionary_from_data_is_of_windows(digits):
    X, y = digits
    clf = PredictedConvNetClassifier([Conv2D(4, 3, dictionary=EmpiricalCovariance(selection="all"))], **OPTIONS).fit(
        X, y
    )
    expected = np.cov(patches(X[..., np.newaxis], (3, 3)).reshape(-1, 9).T)
    assert_allclose(clf.dictionaries_[0].base, expected, atol=1e-12)


def test_dictionary_from_data_is_of_what_reaches_its_layer(digits):
    X, y = digits
    covariance = EmpiricalCovariance(selection="all")
    pooled = Pool("average", (2, 2), (2, 2), True).forward(X[..., np.newaxis])
    for layer, seen in (
        (Conv2D(4, 3, dictionary=covariance), patches(pooled, (3, 3)).reshape(-1, 9)),
        (Dense(4, dictionary=covariance), pooled.reshape(-1, 16)),
    ):
        clf = PredictedConvNetClassifier([Jitter(1), AvgPool2D(2), layer], **OPTIONS).fit(X, y)
        assert_allclose(clf.dictionaries_[0].base, np.cov(seen.T), atol=1e-12)


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"layers": "large"}, "layers: received 'large'; expected 'denil2013' or 'small', or a list"),
        ({"layers": Conv2D(4, 3)}, r"layers: received Conv2D\(4, 3\); expected a list"),
        ({"layers": [Conv2D(4, 3), 64]}, r"layers\[1\]: received 64; expected a layer of ppdl.layers"),
        ({"layers": [Dense]}, r"layers\[0\]: received <class"),
        ({"layers": []}, r"layers: received \[\]; expected at least one layer of weights"),
        ({"layers": [MaxPool2D(2)]}, r"layers: received \[MaxPool2D\(2\)\]; expected at least one layer of weights"),
        ({"layers": [Dense(4), Conv2D(4, 3)]}, r"layers\[1\]: received Conv2D\(4, 3\) after Dense\(4\)"),
        ({"layers": [Dense(4), MaxPool2D(2)]}, r"layers\[1\]: received MaxPool2D\(2\) after Dense\(4\)"),
        (
            {"layers": [Conv2D(4, 3), MaxPool2D(4), Conv2D(4, 3)]},
            r"layers: Conv2D\(4, 3\): received inputs of 2 x 2 points.*"
            r"\(sizes so far: inputs 8 x 8 x 1; Conv2D\(4, 3\) 6 x 6 x 4; MaxPool2D\(4\) 2 x 2 x 4\)",
        ),
        (
            {"layers": [Conv2D(4, 3, dictionary=PrincipalComponents()), Conv2D(4, 3)], "dictionary": LowRank()},
            r"dictionary: received LowRank\(\) for Conv2D\(4, 3\); expected one that is not learned",
        ),
        ({"layers": [Conv2D(5, 3), Maxout(2)]}, r"layers: Maxout\(2\): received 5 channels"),
        ({"layers": [Conv2D(4, 1), Dense(3)]}, r"Conv2D\(4, 1.*: learned_fraction: "),
        ({"layers": [Conv2D(4, 3), Dense(3), Dense(3)]}, "Dense.*SquaredExponential needs to know where"),
        ({"dictionary": "dct"}, "dictionary: received 'dct'; expected None or a dictionary"),
        ({"learned_fraction": [0.5, 0.5]}, r"learned_fraction: received \[0.5, 0.5\]"),
        ({"activation": "sine"}, "activation: received 'sine'"),
        ({"input_shape": (8, 8, 3)}, r"X: received images of shape \(8, 8\); expected \(8, 8, 3\)"),
        ({"input_shape": 8}, r"input_shape: received 8; expected \(height, width\)"),
        ({"input_shape": (8, 0)}, r"input_shape: received \(8, 0\)"),
        ({"pretraining": "autoencoder"}, "pretraining: 'autoencoder' is not defined for convolutions"),
        ({"dropout": 1.0}, "dropout: received 1.0"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_bad_parameters_are_named_and_nothing_changes(digits, fitted, changed, message):
    X, y = digits
    clf = copy.deepcopy(fitted).set_params(**changed)
    before = dict(vars(clf))
    with pytest.raises(ValueError, match=f"^{message}"):
        clf.fit(X, y)
    assert vars(clf) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X.reshape(len(X), -1), "input_shape: received None, and rows of 64 numbers"),
        (lambda X: X[..., np.newaxis, np.newaxis], r"X: received shape \(400, 8, 8, 1, 1\); expected images"),
        (lambda X: X[:, 0, 0], "Expected 2D array, got 1D array"),
        (lambda X: np.where(X == 0, np.nan, X), "Input X contains NaN"),
        (lambda X: X[:0], r"Found array with 0 sample\(s\)"),
        (lambda X: X[:, :0], r"Found array with 0 feature\(s\)"),
        (lambda X: X[:10], "Found input variables with inconsistent numbers of samples"),
    ],
)
def test_bad_samples_are_named_and_nothing_changes(digits, fitted, change, message):
    X, y = digits
    clf = copy.deepcopy(fitted)
    before = dict(vars(clf))
    with pytest.raises(ValueError, match=message):
        clf.fit(change(X), y)
    assert vars(clf) == before


def test_predictions_are_of_images_of_the_fit(digits, fitted):
    X, y = digits
    with pytest.raises(ValueError, match=r"X: received images of shape \(8, 7\); expected \(8, 8, 1\)"):
        fitted.predict(X[:, :, :7])
    with pytest.raises(ValueError, match="X has 63 features"):
        fitted.predict(X.reshape(-1, 64)[:, :63])
    with pytest.raises(ValueError, match=r"X_val: received images of shape \(4, 16\)"):
        clone(fitted).fit(X, y, X_val=X.reshape(-1, 4, 16), y_val=y)


@pytest.mark.parametrize(
    "changed",
    [
        {"layers": LAYERS[:-1]},
        {"activation": "tanh"},
        {"learned_fraction": 0.25},
        {"dictionary": DCT()},
        {"input_shape": (16, 4)},
        {"init": 0.1},
    ],
    ids=str,
)
def test_parameters_changed_since_the_fit_are_named(digits, fitted, changed, tmp_path):
    (name,) = changed
    clf = copy.deepcopy(fitted).set_params(**changed)
    for use in (clf.merge, lambda: clf.save(tmp_path / "model.safetensors")):
        with pytest.raises(ValueError, match=f"^{name}: received .*; expected what the network was fitted with"):
            use()
