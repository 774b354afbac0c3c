"""Augmentation: images moved and mirrored, in training alone."""

import numpy as np
import pytest

from ppdl import PredictedConvNetClassifier
from ppdl._precision import core
from ppdl.layers import Conv2D, Dense, Dropout, Jitter, MaxPool2D
from ppdl.testing import check_gradient

HEIGHT, WIDTH, CHANNELS = 5, 6, 2


def moved(image, dy, dx, mirrored):
    """Move an image by so many points, after it was mirrored."""
    image = image[:, ::-1] if mirrored else image
    padded = np.pad(image, ((HEIGHT, HEIGHT), (WIDTH, WIDTH), (0, 0)))
    return padded[HEIGHT - dy : 2 * HEIGHT - dy, WIDTH - dx : 2 * WIDTH - dx]


def seen(S, x, *, shift, mirror, training=True, n=40, step=0):
    """What comes out of the layer for n copies of an image, read from the gradient of a linear layer above it."""
    dense = S.Dense(S.PredictedWeights(x.size, [(1, None, None)]), bias=False)
    network = S.Network([S.Jitter(shift, mirror), dense], "squared", n_inputs=x.size, input_shape=x.shape)
    theta, found = np.zeros(x.size), []
    for i in range(n):  # one sample with a target of its own: its outputs are the gradient of W
        targets = np.zeros((n, 1))
        targets[i] = -float(n)
        X = np.tile(x.ravel(), (n, 1))
        gradient = network.value_and_gradient(theta, X, targets, training=training, seed=3, step=step)[1]
        found.append(gradient.reshape(x.shape))
    return np.array(found)


def test_every_image_is_a_move_of_the_one_that_came_in():
    x = np.random.default_rng(0).uniform(1.0, 2.0, (HEIGHT, WIDTH, CHANNELS))
    moves = {
        (dy, dx, mirrored): moved(x, dy, dx, mirrored)
        for dy in range(-2, 3)
        for dx in range(-2, 3)
        for mirrored in (False, True)
    }
    found = [
        next(move for move, image in moves.items() if np.allclose(image, y))
        for y in seen(core(np.float64), x, shift=2, mirror=True)
    ]
    assert len(set(found)) > 15  # of 50, by 40 draws
    assert {mirrored for *_, mirrored in found} == {False, True}
    later = seen(core(np.float64), x, shift=2, mirror=True, step=1)
    assert not np.allclose(later, seen(core(np.float64), x, shift=2, mirror=True))


def test_without_training_nothing_moves():
    x = np.random.default_rng(0).uniform(1.0, 2.0, (HEIGHT, WIDTH, CHANNELS))
    assert np.allclose(seen(core(np.float64), x, shift=2, mirror=True, training=False, n=5), x)
    assert np.allclose(seen(core(np.float64), x, shift=0, mirror=False, n=5), x)


def test_gradient_goes_back_to_where_the_numbers_came_from():
    S = core(np.float64)
    size = HEIGHT * WIDTH * CHANNELS
    below = S.Conv2D(S.PredictedWeights(CHANNELS, [(CHANNELS, None, None)]), kernel=(1, 1))
    above = S.Dense(S.PredictedWeights(size, [(2, None, None)]))
    shape = (HEIGHT, WIDTH, CHANNELS)
    network = S.Network([below, S.Jitter(1, True), above], "squared", n_inputs=size, input_shape=shape)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((7, size)), rng.standard_normal((7, 2))
    check_gradient(
        lambda theta: network.value_and_gradient(theta, X, Y, training=True, seed=2, step=5), network.initial(1)
    )


def test_a_network_trains_with_it_and_predicts_without():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 6, 6)), rng.integers(0, 2, 60)
    layers = [Jitter(1), Conv2D(4, 3, padding=1), MaxPool2D(2), Dropout(0.1), Dense(8)]
    fits = [
        PredictedConvNetClassifier(layers, max_iter=3, n_iter_no_change=np.inf, random_state=0, n_threads=t).fit(X, y)
        for t in (1, 3)
    ]
    assert np.array_equal(fits[0].theta_, fits[1].theta_)
    assert np.array_equal(fits[0].predict_proba(X), fits[0].predict_proba(X))
    plain = PredictedConvNetClassifier(layers[1:], max_iter=3, n_iter_no_change=np.inf, random_state=0).fit(X, y)
    assert not np.allclose(plain.theta_, fits[0].theta_)


@pytest.mark.parametrize("how", [{"shift": -1}, {"shift": 1.5}, {"mirror": "no"}])
def test_bad_moves_are_named(how):
    with pytest.raises(ValueError, match=f"{next(iter(how))}: received"):
        Jitter(**how)
