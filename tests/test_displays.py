"""Pictures of estimators: display objects as scikit-learn's."""

import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from ppdl import RICA, PredictedMLPClassifier
from ppdl.estimators import HistoryDisplay, WeightsDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("agg")


@pytest.fixture(scope="module")
def clf():
    X, y = load_digits(return_X_y=True)
    clf = PredictedMLPClassifier((12, 6), input_shape=(8, 8), max_iter=3, random_state=0, n_iter_no_change=np.inf)
    return clf.fit(X / 16, y, X_val=X[:100] / 16, y_val=y[:100])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    matplotlib.pyplot.close("all")


def test_weights_are_drawn_as_images_of_the_inputs(clf):
    display = clf.plot_weights(units=[0, 11])
    np.testing.assert_array_equal(display.images, clf.coefs_[0].T[[0, 11]].reshape(2, 8, 8))
    (picture,) = display.ax_.images
    assert picture.get_clim() == pytest.approx((-np.abs(display.images).max(), np.abs(display.images).max()))
    assert display.figure_ is display.ax_.figure
    assert WeightsDisplay.from_estimator(clf).images.shape == (12, 8, 8)
    assert clf.plot_weights(layer=1, units=3).images.shape == (3, 1, 12)
    assert clf.plot_weights(cmap="gray").ax_.images[0].get_cmap().name == "gray"


def test_weights_of_a_table_have_its_names_and_a_scale(clf):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=["height", "width", "weight"])
    table = PredictedMLPClassifier((4,), max_iter=1, n_iter_no_change=np.inf).fit(X, np.arange(30) % 2)
    for drawn in (table.plot_weights(), RICA(2, random_state=0).fit(X).plot_components()):
        assert [label.get_text() for label in drawn.ax_.get_xticklabels()] == ["height", "width", "weight"]
        _, scale = drawn.figure_.axes
        assert scale.get_ylabel() == "weight"
    hidden = table.plot_weights(layer=1)
    assert (hidden.ax_.get_xlabel(), hidden.ax_.get_ylabel()) == ("input", "1 unit")
    assert hidden.ax_.images[0].get_array().shape == (1, 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_with_channels_are_drawn(channels):
    rng = np.random.default_rng(0)
    clf = PredictedMLPClassifier((4,), input_shape=(5, 4, channels), max_iter=1, n_iter_no_change=np.inf)
    clf.fit(rng.normal(size=(30, 20 * channels)), np.arange(30) % 3)
    picture = clf.plot_weights().ax_.images[0].get_array()
    assert picture.ndim == (3 if channels == 3 else 2)


def test_layer_that_is_not_there_is_named(clf):
    with pytest.raises(ValueError, match="layer: received 3; expected an integer, at least -3 and at most 2"):
        clf.plot_weights(layer=3)


def test_history_is_drawn_with_and_without_validation(clf):
    display = clf.plot_history()
    assert [axis.get_ylabel() for axis in display.ax_] == ["loss", "score"]
    curves = {line.get_label(): line.get_ydata() for line in display.ax_[0].lines}
    np.testing.assert_array_equal(curves["training"], clf.history_["loss"])
    np.testing.assert_array_equal(curves["validation"], clf.history_["val_loss"])
    _, ax = matplotlib.pyplot.subplots()
    alone = HistoryDisplay({"loss": [2.0, 1.0]}).plot(ax=ax, color="k")
    assert alone.ax_[0] is ax
    assert alone.ax_[0].lines[0].get_color() == "k"


@pytest.mark.parametrize("channels", [2, 4])
def test_channels_that_are_no_colours_lie_side_by_side(channels):
    images = np.arange(6.0 * channels).reshape(1, 2, 3, channels)
    drawn = WeightsDisplay(images).plot().ax_.images[0].get_array()
    np.testing.assert_array_equal(drawn, np.concatenate([images[0, ..., k] for k in range(channels)], axis=1))


@pytest.mark.parametrize("options", [{"units": [12]}, {"units": []}, {"units": 2.5}, {"layer": "first"}], ids=str)
def test_weights_that_are_not_there_are_named(clf, options):
    (name,) = options
    with pytest.raises(ValueError, match=f"^{name}: received"):
        clf.plot_weights(**options)


def test_history_of_continued_fits_is_drawn_where_it_belongs(clf):
    X, y = load_digits(return_X_y=True)
    more = clone(clf).set_params(warm_start=True).fit(X, y).fit(X, y, X_val=X, y_val=y)
    line = next(line for line in more.plot_history().ax_[0].lines if line.get_label() == "validation")
    np.testing.assert_array_equal(line.get_xdata()[np.isfinite(line.get_ydata())], [4, 5, 6])


def test_epochs_on_the_axis_are_whole():
    for n in (2, 3, 30):
        display = HistoryDisplay({"loss": list(range(n))}).plot()
        display.figure_.canvas.draw()
        ticks = display.ax_[0].get_xticks()
        np.testing.assert_array_equal(ticks, np.round(ticks))
        assert display.ax_[0].get_xlabel() == "epoch"
    display = HistoryDisplay({"loss": [1.0], "gradient_norm": [1.0]}).plot()
    assert display.ax_[0].get_xlabel() == "iteration"


def test_history_without_an_epoch_is_drawn_empty():
    at_once = PredictedMLPClassifier((5,), solver="lbfgs", tol=1e9).fit(np.eye(6), np.arange(6) % 3)
    assert at_once.plot_history().ax_[0].lines[0].get_xdata().size == 0
    assert len(HistoryDisplay({}).plot().ax_) == 1


@pytest.mark.parametrize("display", [WeightsDisplay, HistoryDisplay])
def test_unfitted_estimator_is_refused(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(PredictedMLPClassifier())


def test_absent_matplotlib_is_told_with_its_remedy(clf, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'predicted-parameters\[plot\]'"):
        clf.plot_history()
