"""Pooling: outputs and gradients against the oracle and PyTorch, shapes, and what is refused."""

import pickle

import numpy as np
import pytest
from oracles.pooling import Pool
from twins import assert_same

from ppdl._core import f64
from ppdl._precision import core
from ppdl.layers import AvgPool2D, MaxPool2D, Shape
from ppdl.testing import check_gradient

KINDS = [MaxPool2D, AvgPool2D]
# map, size, stride
CASES = [
    ((9, 9, 16), 3, 2),  # windows overlap
    ((8, 9, 3), 3, 2),
    ((33, 33, 16), 4, 2),
    ((7, 6, 21), 2, None),  # channels that don't fill vectors
    ((5, 8, 3), (2, 3), (3, 1)),  # gaps between rows of windows
    ((6, 4, 16), (6, 4), 1),  # all in one window
    ((1, 1, 16), 1, 1),
    ((1, 1, 3), 1, 2),
]
TOLERANCES = {np.float64: 1e-12, np.float32: 1e-6}
each_pooling = pytest.mark.parametrize(
    ("shape", "pooling"),
    [(shape, kind(*how, ceil_mode)) for shape, *how in CASES for kind in KINDS for ceil_mode in (True, False)],
    ids=str,
)


def oracle(pooling):
    return Pool(pooling.kind, pooling.sides, pooling.steps, pooling.ceil_mode)


def images(shape, n=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, *shape))


def network(S, shape, pooling, *, below=False):
    """Pooling and two ordinary units; `below` them a convolution of points, so that the gradient of inputs counts."""
    channels = shape[2]
    inside = S.Conv2D(S.PredictedWeights(channels, [(channels, None, None)]), kernel=(1, 1))
    last = S.Dense(S.PredictedWeights(pooling.output_shape(Shape(*shape)).size, [(2, None, None)]))
    layers = [*([inside] if below else []), pooling.made(S, Shape(*shape)), last]
    return S.Network(layers, "squared", n_inputs=int(np.prod(shape)), input_shape=shape)


@each_pooling
def test_outputs_are_those_of_the_oracle(shape, pooling):
    X = images(shape)
    expected = oracle(pooling).forward(X)
    assert pooling.output_shape(Shape(*shape)) == expected.shape[1:]
    for dtype, tolerance in TOLERANCES.items():
        net = network(core(dtype), shape, pooling)
        inputs = X.reshape(len(X), -1).astype(dtype)
        received = net.predictor(net.initial(0)).activations(inputs, 0)
        assert_same([received], [expected.reshape(len(X), -1)], tolerance)


@each_pooling
def test_value_and_gradient_are_those_of_the_oracle(shape, pooling):
    X, channels, pool = images(shape), shape[2], oracle(pooling)
    Y = np.random.default_rng(1).standard_normal((len(X), 2))
    theta = network(f64, shape, pooling, below=True).initial(0)
    theta += np.random.default_rng(2).standard_normal(theta.size)
    W, b, V, c = np.split(theta, np.cumsum([channels**2, channels, theta.size - channels**2 - channels - 2]))
    W, V = W.reshape(channels, channels), V.reshape(-1, 2)
    Z = X @ W + b
    P = pool.forward(Z)
    R = (P.reshape(len(X), -1) @ V + c - Y) / len(X)
    dZ = pool.backward(Z, (R @ V.T).reshape(P.shape))
    dW = np.einsum("nijk,nijl->kl", X, dZ)
    gradient = np.concatenate([dW.ravel(), dZ.sum(axis=(0, 1, 2)), (P.reshape(len(X), -1).T @ R).ravel(), R.sum(0)])
    for dtype, tolerance in TOLERANCES.items():
        net = network(core(dtype), shape, pooling, below=True)
        received = net.value_and_gradient(theta.astype(dtype), *(a.reshape(len(X), -1).astype(dtype) for a in (X, Y)))
        np.testing.assert_allclose(received[0], len(X) / 2 * (R**2).sum(), rtol=10 * tolerance)
        np.testing.assert_allclose(received[1], gradient, atol=10 * tolerance * np.abs(gradient).max())


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_agrees_with_central_differences(kind):
    shape, pooling = (5, 6, 3), kind(3, 2)
    net = network(f64, shape, pooling, below=True)
    X, Y = images(shape).reshape(5, -1), images((2,))
    check_gradient(lambda t: net.value_and_gradient(t, X, Y, n_threads=1), net.initial(0))


@each_pooling
def test_oracle_is_pytorch(shape, pooling):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    X = images(shape)
    x = torch.tensor(X).permute(0, 3, 1, 2).requires_grad_()
    how = {"kernel_size": pooling.sides, "stride": pooling.steps, "ceil_mode": pooling.ceil_mode}
    z = (
        functional.max_pool2d(x, **how)
        if pooling.kind == "max"
        else functional.avg_pool2d(x, **how, count_include_pad=False)
    )
    Z, dZ = (a.detach().permute(0, 2, 3, 1).numpy() for a in (z, torch.rand_like(z)))
    z.backward(torch.tensor(dZ).permute(0, 3, 1, 2))
    pool = oracle(pooling)
    assert_same([pool.forward(X), pool.backward(X, dZ)], [Z, x.grad.permute(0, 2, 3, 1).numpy()], 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_without_place_for_a_window_is_refused(kind):
    last = f64.Dense(f64.PredictedWeights(1, [(1, None, None)]))
    for shape, how, least in (
        ((3, 9, 2), (4, 2, False), "4 x 4"),
        ((2, 9, 2), (4, 2), "3 x 3"),
        ((9, 4, 2), ((4, 5), (9, 1)), "1 x 5"),
    ):
        pooling, size = kind(*how), int(np.prod(shape))
        message = f"received a map of {shape[0]} x {shape[1]}; expected at least {least}"
        with pytest.raises(ValueError, match=message):
            pooling.output_shape(Shape(*shape))
        with pytest.raises(ValueError, match=message):
            f64.Network([pooling.made(f64, Shape(*shape)), last], "squared", n_inputs=size, input_shape=shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", (2,), (2, 0), (1, 2, 3), True])
def test_sizes_and_strides_are_positive_integers(kind, value):
    with pytest.raises(ValueError, match=r"size: received"):
        kind(value)
    with pytest.raises(ValueError, match=r"stride: received"):
        kind(2, value)
    with pytest.raises(ValueError, match=r"ceil_mode: received 1; expected True or False"):
        kind(2, ceil_mode=1)


@pytest.mark.parametrize("kind", KINDS)
def test_pooling_is_a_value(kind):
    for pooling in (kind(2), kind(3, 2), kind((2, 3), (1, 2), False)):
        assert pickle.loads(pickle.dumps(pooling)) == eval(repr(pooling)) == pooling
        assert hash(pooling) == hash(eval(repr(pooling)))
    assert kind([2, 3], np.array([1, 2])) == kind((2, 3), (1, 2))
    assert repr(kind((3, 3), (2, 1))) == f"{kind.__name__}(3, stride=(2, 1))"
    assert kind(2) != next(other for other in KINDS if other is not kind)(2)


def test_names_of_the_core_are_checked():
    with pytest.raises(ValueError, match="pooling: received 'mean'; expected max or average"):
        f64.Pooling("mean", size=(2, 2), stride=(2, 2))
    with pytest.raises(ValueError, match="size of pooling: received 0 x 2"):
        f64.Pooling("max", size=(0, 2), stride=(2, 2))
    with pytest.raises(ValueError, match="stride of pooling: received 2 x 0"):
        f64.Pooling("max", size=(2, 2), stride=(2, 0))
