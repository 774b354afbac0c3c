"""Specifications of layers: shapes, values, and the core's layers that they make."""

import json
import pickle

import numpy as np
import pytest

import ppdl.layers
from ppdl._core import f64
from ppdl.dictionaries import DCT, Identity
from ppdl.layers import (
    Activation,
    AvgPool2D,
    Conv2D,
    Dense,
    Dropout,
    Jitter,
    Layer,
    Maxout,
    MaxPool2D,
    Shape,
    Weighted,
)

LAYERS = [
    Dense(6),
    Dense(6, dictionary=DCT(), fraction=0.5, n_columns=2),
    Activation("tanh"),
    Maxout(3),
    Dropout(0.5),
    MaxPool2D(2),
    AvgPool2D(1),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_layers_are_values_that_know_the_shape_of_their_outputs(layer):
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert hash(layer) == hash(eval(repr(layer)))
    after = layer.output_shape(Shape.flat(12))
    core = layer.made(f64, Shape.flat(12))
    first, last = Dense(12).made(f64, Shape.flat(12)), Dense(1).made(f64, after)
    layers = [first, core, last]  # which the core refuses where numbers of inputs and outputs disagree
    network = f64.Network(layers, "squared", n_inputs=12)
    n_own = 13 * 6 if isinstance(layer, Weighted) else 0
    assert network.n_parameters == 13 * 12 + n_own + after.size + 1


def test_fields_are_plain_numbers_whatever_they_were_given_as():
    four, half, no = np.int64(4), np.float32(0.5), np.bool_(False)
    for layer in (
        Conv2D(four, (four, np.int8(3)), stride=four, n_columns=four, fraction=half, bias=no),
        Dense(four, group=four),
        MaxPool2D(four, stride=four, ceil_mode=no),
        Maxout(four),
        Dropout(half),
        Jitter(four, mirror=no),
    ):
        assert repr(eval(repr(layer), vars(ppdl.layers))) == repr(layer)
        assert Layer.from_config(json.loads(json.dumps(layer.get_config()))) == layer


def test_layers_between_keep_the_points_of_their_inputs():
    shape = Shape(5, 4, 6)
    assert Activation("relu").output_shape(shape) == Dropout(0.1).output_shape(shape) == shape
    assert Maxout(2).output_shape(shape).grid == (5, 4, 3)
    assert Dense(9).output_shape(shape).grid is None


def test_units_of_a_group_stay_in_one_column():
    assert Dense(15, n_columns=2, group=3).sizes == (9, 6)
    assert Dense(15).dictionary is None


def test_dense_layer_may_do_without_bias():
    network = f64.Network([Dense(3, bias=False).made(f64, Shape.flat(2))], "squared", n_inputs=2)
    np.testing.assert_array_equal(network.predictor(np.arange(6.0)).predict(np.eye(2)), np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Conv2D(48, 8, padding=4), (33, 33, 48)),
        (Conv2D(5, (3, 1), stride=(2, 3)), (15, 11, 5)),
        (Conv2D(6, 4, stride=2, padding=(3, 0), group=2, n_columns=3), (18, 15, 6)),
    ],
    ids=repr,
)
def test_convolution_is_a_value_that_knows_the_shape_of_its_outputs(layer, expected):
    assert layer.output_shape(Shape(32, 32, 3)) == expected
    assert pickle.loads(pickle.dumps(layer)) == layer == eval(repr(layer))
    shape = Shape(32, 32, 3)
    made = [layer.made(f64, shape), Dense(1).made(f64, layer.output_shape(shape))]
    network = f64.Network(made, "squared", n_inputs=shape.size, input_shape=tuple(shape))
    n_own = (layer.visible(shape).size + 1) * layer.filters
    assert network.n_parameters == n_own + layer.output_shape(shape).size + 1


def test_pairs_of_equals_are_one_number():
    assert Conv2D(4, (3, 3), stride=(2, 1), padding=np.array([1, 1])) == Conv2D(4, 3, (2, 1), np.int64(1))
    assert repr(Conv2D(4, (3, 3), padding=1)) == "Conv2D(4, 3, padding=1)"


def test_layers_take_from_the_network_what_they_leave_open():
    open_layer, own = Dense(4, n_columns=2), Conv2D(4, 3, dictionary=DCT(), fraction=0.5)
    assert open_layer.completed(DCT(), 0.25) == Dense(4, n_columns=2, dictionary=DCT(), fraction=0.25)
    assert open_layer.completed(Identity(), 0.25) == Dense(4, n_columns=2, dictionary=Identity(), fraction=1.0)
    assert own.completed(Identity(), 0.25) == own
    assert own.ordinary() == Conv2D(4, 3, n_columns=1)


@pytest.mark.parametrize("layer", [*LAYERS, Conv2D(4, (3, 2), dictionary=DCT(), bias=False)], ids=repr)
def test_layers_come_back_from_their_configuration(layer):
    assert Layer.from_config(layer.get_config()) == layer


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0, 3), "filters: received 0"),
        (lambda: Conv2D(4, 0), "kernel_size: received 0"),
        (lambda: Conv2D(4, (3, 3, 3)), r"kernel_size: received \(3, 3, 3\); expected an integer, or a pair"),
        (lambda: Conv2D(4, {3, 5}), r"kernel_size: received \{3, 5\}; expected an integer, or a pair"),
        (lambda: Conv2D(4, 3, stride=0), "stride: received 0"),
        (lambda: Conv2D(4, 3, padding=3), "padding: received 3; expected less than kernel_size=3"),
        (lambda: Conv2D(4, 3, n_columns=5), "n_columns: received 5; expected 1 to 4"),
        (lambda: Conv2D(4, 3, fraction=0.0), "fraction: received 0.0"),
        (lambda: Dense(4, dictionary="dct"), "dictionary: received 'dct'"),
        (lambda: Dense(5, group=2), "units: received 5; expected a multiple of group=2"),
        (lambda: Dense(4, bias=None), "bias: received None"),
        (lambda: Activation("sine"), "kind: received 'sine'"),
        (lambda: Maxout(0), "n_pieces: received 0"),
        (lambda: Dropout(1.0), "rate: received 1.0"),
        (lambda: Maxout(2).output_shape(Shape(2, 2, 3)), r"Maxout\(2\): received 3 channels"),
        (lambda: Conv2D(1, 3).output_shape(Shape(2, 5, 1)), r"Conv2D\(1, 3\): received inputs of 2 x 5 points"),
        (lambda: Layer.from_config({"layer": "Weighted"}), "layer: received 'Weighted'; expected one of Activation, "),
        (lambda: Layer.from_config({"layer": "Maxout", "pieces": 2}), "layer Maxout: .*pieces"),
    ],
)
def test_what_a_layer_cannot_be_is_named(make, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        make()
