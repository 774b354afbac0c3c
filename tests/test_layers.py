"""Specifications of layers: shapes, values, and the core's layers that they make."""

import pickle

import numpy as np
import pytest

from ppdl._core import f64
from ppdl.dictionaries import DCT, Identity
from ppdl.layers import Activation, Dense, Dropout, Maxout, Shape

LAYERS = [Dense(6), Dense(6, DCT(), 0.5, n_columns=2), Activation("tanh"), Maxout(3), Dropout(0.5)]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_layers_are_values_that_know_the_shape_of_their_outputs(layer):
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert hash(layer) == hash(eval(repr(layer)))
    after = layer.output_shape(Shape.flat(12))
    core = layer.made(f64, Shape.flat(12))
    first, last = Dense(12).made(f64, Shape.flat(12)), Dense(1).made(f64, after)
    layers = [first, core, last]  # which the core refuses where numbers of inputs and outputs disagree
    network = f64.Network(layers, "squared", n_inputs=12)
    n_own = 13 * 6 if layer.weighted else 0
    assert network.n_parameters == 13 * 12 + n_own + after.size + 1


def test_layers_between_keep_the_points_of_their_inputs():
    shape = Shape(5, 4, 6)
    assert Activation("relu").output_shape(shape) == Dropout(0.1).output_shape(shape) == shape
    assert Maxout(2).output_shape(shape).grid == (5, 4, 3)
    assert Dense(9).output_shape(shape).grid is None


def test_units_of_a_group_stay_in_one_column():
    assert Dense(15, n_columns=2, group=3).sizes == (9, 6)
    assert Dense(15).dictionary == Identity()


def test_dense_layer_may_do_without_bias():
    network = f64.Network([Dense(3, bias=False).made(f64, Shape.flat(2))], "squared", n_inputs=2)
    np.testing.assert_array_equal(network.predictor(np.arange(6.0)).predict(np.eye(2)), np.arange(6.0).reshape(2, 3))
