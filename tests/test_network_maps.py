"""Networks whose inputs or activations have a place: the shape of the inputs, and the sizes of blocks and groups."""

import numpy as np
import pytest
from twins import assert_same

from ppdl import _core


def network(layers, n_inputs, n_hidden, input_shape=None, core=_core.f64):
    """These layers, then an ordinary one of three outputs."""
    last = core.Dense(core.PredictedWeights(n_hidden, [(3, None, None)]))
    return core.Network([*layers, last], "softmax", n_inputs=n_inputs, input_shape=input_shape)


def data(n_samples, n_inputs):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_samples, n_inputs)), rng.integers(3, size=n_samples).astype(np.int32)


@pytest.mark.parametrize("shape", [(5, 5, 3), (75, 1, 1), (1, -75, -1), (0, 72, 1), (2**40, 2**40, 1), (9, 4, 1)])
def test_an_input_shape_of_another_size_is_refused(shape):
    with pytest.raises(ValueError, match=r"input_shape: received \(.*expected .* n_inputs, 72"):
        network([], 72, 72, shape)
    assert network([], 72, 72, (6, 4, 3)).n_inputs == 72


def test_layers_see_where_the_inputs_lie():
    maxout = _core.f64.Maxout(4)  # of a point's channels
    with pytest.raises(ValueError, match="n_pieces: received 4; expected a divisor of the maxout layer's inputs, 3"):
        network([maxout], 72, 18, (6, 4, 3))
    assert network([maxout], 72, 18, (6, 3, 4)).n_outputs == 3


def test_a_dense_layer_takes_all_numbers_of_a_map():
    X, y = data(20, 72)
    flat, image = network([], 72, 72), network([], 72, 72, (6, 4, 3))
    theta = flat.initial(0)
    for received, expected in zip(
        image.value_and_gradient(theta, X, y), flat.value_and_gradient(theta, X, y), strict=True
    ):
        np.testing.assert_array_equal(received, expected)
    with pytest.raises(ValueError, match="inputs of a dense layer: received 73; expected 72"):
        network([], 72, 73, (6, 4, 3))


def test_samples_too_large_for_one_group_are_those_of_smaller_ones():
    # A sample's activations take 0.7 MB, so that a group of samples is smaller than the batch.
    X, y = data(230, 4096)
    maxout, copy = _core.f64.Maxout(2), _core.f64.Dropout(0.0)
    large = network([copy] * 20 + [maxout], 4096, 2048, (32, 32, 4))
    small = network([maxout], 4096, 2048)
    theta = small.initial(0)
    expected = large.value_and_gradient(theta, X, y, n_threads=1)
    assert_same(expected, small.value_and_gradient(theta, X, y), 1e-12)
    np.testing.assert_array_equal(large.predictor(theta).predict(X), small.predictor(theta).predict(X))
    for n_threads in (2, 3, 7):
        for received, wanted in zip(large.value_and_gradient(theta, X, y, n_threads=n_threads), expected, strict=True):
            np.testing.assert_array_equal(received, wanted)
