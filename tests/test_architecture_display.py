"""Pictures of architectures: their numbers, their labels, and that no text overlaps another."""

import itertools
import math

import pytest

from ppdl import PredictedConvNetClassifier, PredictedMLPClassifier, PredictedMLPRegressor
from ppdl.cli import main
from ppdl.datasets import load_digits
from ppdl.dictionaries import DCT, EmpiricalCovariance, LowRank, PrincipalComponents
from ppdl.estimators import ArchitectureDisplay
from ppdl.layers import Conv2D, Dense, MaxPool2D
from ppdl.reproduce import figure3

pytest.importorskip("matplotlib")

FIXED = dict(max_iter=1, n_iter_no_change=math.inf, random_state=0)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:200] / 16, y[:200]


def counts(display):
    return [(layer.n_learned, layer.n_weights) for layer in display.layers]


def biases(estimator):
    return sum(bias.size for bias in estimator.intercepts_)


def test_the_numbers_are_those_of_the_fitted_network(digits):
    dictionaries = (DCT(selection="leading"), LowRank(), EmpiricalCovariance(ridge=1e-3))
    perceptron = PredictedMLPClassifier(
        (20, 12, 8), dictionary=dictionaries, learned_fraction=0.25, n_columns=(2, 1, 2), input_shape=(8, 8), **FIXED
    ).fit(*digits)
    convnet = PredictedConvNetClassifier("small", learned_fraction=0.5, input_shape=(8, 8), **FIXED).fit(*digits)
    ordinary = PredictedMLPClassifier((20,), dictionary=None, n_columns=4, **FIXED).fit(*digits)
    for estimator in (perceptron, convnet, ordinary):
        display = estimator.plot_architecture()
        learned, weights = map(sum, zip(*counts(display), strict=True))
        assert learned == estimator.theta_.size - biases(estimator)
        assert weights == sum(W.size for W in estimator.coefs_)
        display.figure_.clear()
    specified = ArchitectureDisplay.from_specification(perceptron, n_outputs=10)
    assert counts(specified) == counts(ArchitectureDisplay.from_estimator(perceptron))


@pytest.mark.parametrize("dictionary", [EmpiricalCovariance(), PrincipalComponents(selection="all")], ids=repr)
def test_dictionaries_of_data_have_as_many_atoms_before_the_fit_as_after(digits, dictionary):
    layers = [Conv2D(4, 3, dictionary=DCT(), n_columns=1), Dense(8, dictionary=dictionary, fraction=0.27, n_columns=2)]
    convnet = PredictedConvNetClassifier(layers, learned_fraction=0.5, input_shape=(8, 8), **FIXED)
    specified = ArchitectureDisplay.from_specification(convnet, n_outputs=10)
    assert specified.layers == ArchitectureDisplay.from_estimator(convnet.fit(*digits)).layers


@pytest.mark.parametrize("network", ["digits", "cifar10", "mnist"])
def test_no_text_overlaps_another_or_leaves_the_picture(network, tmp_path):
    figure = figure3(network, output=tmp_path)
    ax = figure.plot()
    ax.figure.canvas.draw()
    texts = [text for text in ax.texts if text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    for one, two in itertools.combinations(boxes, 2):
        assert not one.overlaps(two)
    for box in boxes:
        assert 0 <= box.x0 < box.x1 <= ax.figure.bbox.width
        assert 0 <= box.y0 < box.y1 <= ax.figure.bbox.height
    labels = "\n".join(text.get_text() for text in texts)
    learned, weights = (sum(row[name] for row in figure.table) for name in ("learned", "weights"))
    assert f"{learned:,} of {weights:,} weights learned" in labels
    ax.figure.clear()


def test_ordinary_layers_and_many_columns_are_drawn_too():
    ordinary = PredictedMLPRegressor(hidden_layer_sizes=(7,))
    display = ArchitectureDisplay.from_specification(ordinary, n_outputs=1, n_inputs=5).plot()
    assert counts(display) == [(35, 35), (7, 7)]
    display.figure_.clear()
    many = PredictedMLPClassifier((100,), dictionary=DCT(), learned_fraction=0.1, n_columns=50, input_shape=(8, 8))
    display = ArchitectureDisplay.from_specification(many, n_outputs=10).plot()
    assert "50 columns" in "".join(text.get_text() for text in display.ax_.texts)
    display.figure_.clear()


def test_maxout_is_told_from_pooling():
    layers = [Conv2D(6, 3), MaxPool2D(2), Conv2D(5, 3), Dense(9)]
    convnet = PredictedConvNetClassifier(layers, "maxout", dictionary=None, input_shape=(12, 12))
    display = ArchitectureDisplay.from_specification(convnet, n_outputs=10).plot()
    told = [text.get_text() for text in display.ax_.texts if text.get_text().endswith(("pooled", "maxout"))]
    assert told == ["10 × 10,\npooled", "10,\nmaxout", "18,\nmaxout"]
    display.figure_.clear()


def test_a_size_that_nothing_tells_is_named():
    with pytest.raises(ValueError, match="n_inputs: received None, and input_shape=None"):
        ArchitectureDisplay.from_specification(PredictedMLPClassifier(), n_outputs=10)


def test_figure3_is_drawn_from_the_command_line(tmp_path, capsys):
    assert main(["reproduce", "figure3", "--proportion", "0.5", "--output", str(tmp_path)]) == 0
    assert "Weights of a small convolutional network" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure3.csv", "figure3.png"]
    assert main(["reproduce", "figure3", "--network", "resnet", "--output", str(tmp_path)]) == 1
    assert "network: received 'resnet'; expected one of 'digits', 'cifar10', 'mnist'" in capsys.readouterr().err
