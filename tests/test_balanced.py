"""Learned weights divided evenly among the layers of a network for images."""

import itertools

import numpy as np
import pytest

from ppdl import PredictedConvNetClassifier
from ppdl.dictionaries import Identity, RandomConnections
from ppdl.estimators import balanced
from ppdl.layers import Conv2D, Dense, MaxPool2D

IMAGES = (16, 16, 3)
LAYERS = [Conv2D(6, 5), MaxPool2D(2), Conv2D(8, 3), MaxPool2D(2), Dense(12), Dense(10)]

# Of the layers of weights: the points that a unit sees, and the weights of one atom in each channel.
POINTS, COSTS = (25, 9, 4, 12), (3 * 6, 6 * 8, 8 * 12, 10)


def learned(layers):
    """Learned weights of each layer of weights, counted by hand."""
    fractions = [layer.fraction for layer in layers if not isinstance(layer, MaxPool2D)]
    return [round(f * points) * cost for f, points, cost in zip(fractions, POINTS, COSTS)]


MOST = [points * cost for points, cost in zip(POINTS, COSTS)]


def least(counts):
    """What the layer learns that learns least, of those that could learn more."""
    return min((n for n, most in zip(counts, MOST) if n < most), default=np.inf)


@pytest.mark.parametrize("fraction", [0.16, 0.2, 0.35, 0.5, 0.73, 0.99, 1.0])
def test_no_other_division_gives_more_to_the_layer_that_learns_least(fraction):
    counts, budget = learned(balanced(LAYERS, IMAGES, fraction)), fraction * sum(MOST)
    left = budget - sum(counts)
    assert left >= 0
    assert all(cost > left for n, cost, most in zip(counts, COSTS, MOST) if n < most)
    steps = (range(cost, most + 1, cost) for cost, most in zip(COSTS, MOST))
    others = (division for division in itertools.product(*steps) if sum(division) <= budget)
    assert least(counts) == max(map(least, others))


def test_a_network_learns_what_was_divided():
    X, y = np.random.default_rng(0).normal(size=(20, *IMAGES)), np.arange(20) % 2
    layers = balanced(LAYERS, IMAGES, 0.4)
    network = PredictedConvNetClassifier(layers, dictionary=RandomConnections(), max_iter=1, n_iter_no_change=np.inf)
    summary = network.fit(X, y).summary()
    assert [layer.n_dynamic for layer in summary.layers[:-1]] == learned(layers)


def test_layers_that_say_it_themselves_stay_and_are_not_counted():
    first, ordinary = Conv2D(6, 5, fraction=0.9), Dense(10, dictionary=Identity())
    layers = balanced([first, *LAYERS[1:5], ordinary], IMAGES, 0.5)
    assert layers[0] is first and layers[5] is ordinary
    (_, second, third, _) = learned([layers[0], *LAYERS[1:2], *layers[2:5], LAYERS[5].ordinary().completed(None, 1.0)])
    assert second + third <= 0.5 * sum(MOST[1:3])


def test_presets_have_names():
    fractions = [layer.fraction for layer in balanced("denil2013", (32, 32, 3), 0.1) if hasattr(layer, "fraction")]
    assert fractions == [1.0, 11 / 64, 8 / 25, 1 / 25]


@pytest.mark.parametrize(
    ("layers", "shape", "fraction", "message"),
    [
        (LAYERS, IMAGES, 0.05, r"learned_fraction: received 0\.05; expected at least 0\.125"),
        (LAYERS, IMAGES, 1.5, "learned_fraction: received 1.5; expected a number above 0 and at most 1"),
        (LAYERS, IMAGES, "x", "learned_fraction: received 'x'"),
        (LAYERS, None, 0.5, "input_shape: received None; expected"),
        (LAYERS, (16,), 0.5, r"input_shape: received \(16,\); expected"),
        (LAYERS, {16, 12, 3}, 0.5, r"input_shape: received \{.*\}; expected \(height, width\)"),
        (LAYERS, (2, 2, 3), 0.5, "layers: .*sizes so far"),
        ("large", IMAGES, 0.5, "layers: received 'large'; expected 'denil2013' or 'small'"),
        (balanced(LAYERS, IMAGES, 0.3), IMAGES, 0.5, "which all say what they learn; expected one without a fraction"),
        ([MaxPool2D(2)], IMAGES, 0.5, "expected at least one layer of weights"),
    ],
)
def test_what_cannot_be_divided_is_refused(layers, shape, fraction, message):
    with pytest.raises(ValueError, match=message):
        balanced(layers, shape, fraction)
