"""Convolutional networks under the contract of the estimators: files, copies, threads, weights, continued fits."""

import copy
import json
import pickle

import numpy as np
import pytest
from cases import CONVOLUTIONS as LAYERS
from cases import QUICKLY as OPTIONS
from numpy.testing import assert_allclose, assert_array_equal
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks

import ppdl
from ppdl import PredictedConvNetClassifier, PredictedConvNetRegressor
from ppdl.dictionaries import DCT
from ppdl.layers import Conv2D, Dense


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.reshape(-1, 8, 8)[:400] / 16, y[:400]


@pytest.fixture(scope="module")
def fitted(digits):
    return PredictedConvNetClassifier(LAYERS, **OPTIONS).fit(*digits)


class Columns:
    """Takes the rows of a table for images of one column, whatever their length."""

    def _rows(self, name, X, known):
        rows, images = super()._rows(name, X, known)
        return rows, images or known or ((rows.shape[1], 1, 1) if np.ndim(rows) == 2 else None)


class ColumnClassifier(Columns, PredictedConvNetClassifier):
    """The classifier, of tables."""


class ColumnRegressor(Columns, PredictedConvNetRegressor):
    """The regressor, of tables."""


@parametrize_with_checks(
    [kind(layers=[Conv2D(8, 1), Dense(20)], max_iter=50) for kind in (ColumnClassifier, ColumnRegressor)],
)
@pytest.mark.filterwarnings("ignore")  # checks fit on purpose what cannot converge
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_any_number_of_threads_gives_the_same_bits(digits, fitted, n_threads):
    X, y = digits
    one = clone(fitted).set_params(n_threads=1).fit(X, y)
    many = clone(fitted).set_params(n_threads=n_threads).fit(X, y)
    assert_array_equal(many.theta_, one.theta_)
    assert_array_equal(many.predict_proba(X), one.predict_proba(X))


def test_copies_and_files_are_the_network(digits, fitted, tmp_path):
    X, y = digits
    fitted.save(tmp_path / "model.safetensors")
    loaded = ppdl.load(tmp_path / "model.safetensors")
    assert repr(loaded) == repr(fitted)
    assert str(loaded.summary()) == str(fitted.summary())
    for other in (loaded, pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert other.input_shape_ == (8, 8, 1)
        assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
        more = clone(fitted).fit(X, y).set_params(warm_start=True).fit(X, y)
        assert_array_equal(other.set_params(warm_start=True).fit(X, y).theta_, more.theta_)


def edited(path, change):
    """The file with its specification changed, as of format 1, which has no checksum."""
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        specification = {**json.loads(file.metadata()["ppdl"]), "format": 1}
    change(specification)
    save_file(tensors, path, {"ppdl": json.dumps(specification)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["fitted"].pop("input_shape_"), "fitted: input_shape_ missing"),
        (lambda s: s["fitted"].update(input_shape_={"tuple": [8, 8]}), r"input_shape_: received \(8, 8\)"),
        (lambda s: s["fitted"].update(input_shape_={"tuple": [8, 8, 2]}), "input_shape: received .*8, 8, 2"),
        (lambda s: s["fitted"].update(input_shape_={"tuple": [8, -8, 1]}), "input_shape_: received -8"),
        (lambda s: s["params"].update(layers="large"), "layers: received 'large'"),
        (lambda s: s["params"].update(layers={"layer": {"layer": "Layer"}}), "layer: received 'Layer'"),
        (lambda s: s["params"].update(layers={"layer": {"layer": "Dense", "units": 0}}), "units: received 0"),
        (lambda s: s["params"].update(layers={"layer": {"layer": []}}), "layer"),
        (lambda s: s["params"]["layers"]["tuple"].pop(), "digests: received"),
        (lambda s: s["params"]["layers"]["tuple"][0]["layer"].update(filters=9), r"layer.0.*shape \("),
        (lambda s: s["params"]["layers"]["tuple"][0]["layer"].update(filters=10**9, n_columns=10**9), "n_columns"),
    ],
)
def test_damaged_files_are_refused(fitted, change, message, tmp_path):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    edited(path, change)
    with pytest.raises(ValueError, match=message):
        ppdl.load(path)


def test_layers_without_bias_and_presets_are_saved(digits, tmp_path):
    X, y = digits
    for layers in ("small", [Conv2D(4, 3, bias=False, dictionary=DCT()), Dense(5, bias=False, fraction=0.5)]):
        clf = PredictedConvNetClassifier(layers, **OPTIONS).fit(X, y)
        clf.save(tmp_path / "model.safetensors")
        loaded = ppdl.load(tmp_path / "model.safetensors")
        assert loaded.get_params()["layers"] == layers
        assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))


def test_layers_of_numpy_numbers_are_saved(digits, tmp_path):
    X, y = digits
    layers = [Conv2D(np.int64(4), np.int64(3), fraction=np.float32(0.5)), Dense(np.int32(5))]
    clf = PredictedConvNetClassifier(layers, **OPTIONS).fit(X, y)
    clf.save(tmp_path / "model.safetensors")
    assert_array_equal(ppdl.load(tmp_path / "model.safetensors").predict_proba(X), clf.predict_proba(X))


def test_merged_network_is_ordinary_and_of_the_same_function(digits, fitted):
    X, y = digits
    merged = fitted.merge()
    assert_allclose(merged.predict_proba(X), fitted.predict_proba(X), atol=1e-12)
    assert merged.theta_.size == sum(W.size + W.shape[1] for W in fitted.coefs_)
    assert {layer.dictionary for layer in merged.summary().layers} == {"Identity()"}
    merged.set_params(warm_start=True).fit(X, y)
    assert merged.n_iter_ == 3


def test_network_that_pools_is_merged_into_one_that_can_be_trained(digits):
    X, y = digits
    layers = [Conv2D(4, 3, n_columns=1), Dense(5, n_columns=1)]
    merged = PredictedConvNetClassifier(layers, order="pool", **OPTIONS).fit(X, y).merge()
    assert [layer.order for layer in merged.summary().layers] == ["dense"] * 3
    merged.set_params(warm_start=True).fit(X, y)


def test_samples_without_weight_might_as_well_be_absent(digits):
    X, y = digits
    counts = np.arange(len(y)) % 3 > 0
    clf = PredictedConvNetClassifier(LAYERS, **OPTIONS, early_stopping=True)
    nonsense = np.where(counts[:, np.newaxis, np.newaxis], X, 1e3)
    weighted = clone(clf).fit(nonsense, np.where(counts, y, 9 - y), sample_weight=counts)
    absent = clone(clf).fit(X[counts], y[counts])
    assert_allclose(weighted.theta_, absent.theta_, atol=1e-12)


def test_early_stopping_keeps_the_best_model(digits):
    X, y = digits
    clf = PredictedConvNetClassifier(LAYERS, early_stopping=True, learning_rate_init=0.02, **OPTIONS)
    clf.set_params(max_iter=8).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert clf.best_validation_score_ == max(clf.history_["val_score"]) == clf.score(X[300:], y[300:])


def test_partial_fit_goes_on_as_fit_does(digits):
    X, y = digits
    by_fit = PredictedConvNetClassifier(LAYERS, **OPTIONS, shuffle=False, batch_size=len(X)).fit(X, y)
    by_parts = clone(by_fit)
    for _ in range(3):
        by_parts.partial_fit(X, y, classes=np.arange(10))
    assert_allclose(by_parts.theta_, by_fit.theta_, atol=1e-12)
    assert by_parts.n_iter_ == 1


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_solvers_lower_the_loss(digits, solver):
    clf = PredictedConvNetClassifier(LAYERS, solver=solver, learning_rate_init=0.1, **OPTIONS)
    clf.set_params(max_iter=30, batch_size=50).fit(*digits)
    assert clf.loss_curve_[-1] < 0.8 * clf.loss_curve_[0]


@pytest.mark.parametrize(
    ("scale", "rate", "reason"),
    [(1.0, 1e200, "after an epoch that began with learning rate 1e.200; lower"), (1e200, 0.1, "before the first step")],
)
def test_what_made_the_first_epoch_diverge_is_told_and_nothing_changes(digits, scale, rate, reason):
    X, y = digits
    regressor = PredictedConvNetRegressor(layers=LAYERS, **OPTIONS).fit(X, y)
    regressor.set_params(solver="sgd", learning_rate_init=rate, batch_size=len(y))
    before = dict(vars(regressor))
    with pytest.raises(ppdl.NumericalError, match=reason):
        regressor.fit(X, scale * y)
    assert vars(regressor) == before


def test_supervised_pretraining_makes_dictionaries_anew(digits):
    X, y = digits
    clf = PredictedConvNetClassifier(LAYERS, **OPTIONS).fit(X, y)
    anew = clone(clf).set_params(pretraining="supervised").fit(X, y)
    assert not np.allclose(anew.dictionaries_[1].base, clf.dictionaries_[1].base)


def test_regressor_fits_values(digits):
    X, _ = digits
    y = X[:, 2:6, 2:6].mean(axis=(1, 2))
    y = (y - y.mean()) / y.std()
    regressor = PredictedConvNetRegressor(layers=LAYERS[:2], learning_rate_init=0.01, **OPTIONS)
    assert regressor.set_params(max_iter=15, batch_size=20).fit(X, y).score(X, y) > 0.8


def test_grid_search_and_clones_take_lists_of_layers(digits):
    X, y = digits
    grid = {"layers": [LAYERS, "small"], "learned_fraction": [0.5, 1.0]}
    search = GridSearchCV(PredictedConvNetClassifier(**OPTIONS), grid, cv=2).fit(X[:100], y[:100])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert clone(search.best_estimator_).get_params() == search.best_estimator_.get_params()


def test_summary_tells_what_maps_become(fitted):
    first, second, dense, output = fitted.summary().layers
    assert [layer.name for layer in (first, second, dense, output)] == [
        "convolution 1",
        "convolution 2",
        "dense 3",
        "output",
    ]
    assert first.outputs == "8 x 8 x 8 > 4 x 4 x 8"
    assert second.outputs == "1 x 3 x 6 > 1 x 2 x 6"
    assert (first.n_dynamic, first.n_bias, first.n_columns) == (32, 8, 2)
    assert first.dense_multiply_adds >= 2 * 64 * 9 * 8  # at every position, forward and reverse
    assert "outputs" in str(fitted.summary())
    assert "8 x 8 x 8" in fitted.summary()._repr_html_()


def test_weights_of_a_point_are_not_named_after_all_features():
    pd, matplotlib = pytest.importorskip("pandas"), pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 4)), columns=list("abcd"))
    clf = PredictedConvNetClassifier([Conv2D(3, 1)], input_shape=(2, 2), **{**OPTIONS, "dictionary": None})
    ax = clf.fit(table, np.arange(9) % 3).plot_weights().ax_
    assert not {"a", "b", "c", "d"}.intersection(label.get_text() for label in ax.get_xticklabels())
    matplotlib.pyplot.close("all")


def test_filters_are_drawn_as_images(fitted):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    assert_array_equal(fitted.plot_weights().images, fitted.coefs_[0].T.reshape(8, 3, 3, 1))
    assert fitted.plot_weights(layer=1, units=2).images.shape == (2, 3, 2, 8)
    assert fitted.plot_weights(layer=2, units=[0]).images.shape == (1, 1, 2, 6)
    matplotlib.pyplot.close("all")
