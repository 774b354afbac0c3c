"""The core's convolution: outputs, gradients, orders, threads, and what it refuses."""

import numpy as np
import pytest
from oracles.convolution import convolution

from ppdl._precision import core
from ppdl.dictionaries import DCT, LayerInput, RandomProjection, SquaredExponential
from ppdl.testing import check_gradient

# image, filters, kernel, stride, padding
CASES = [
    ((9, 7, 3), 5, (3, 3), (1, 1), (0, 0)),
    ((9, 7, 3), 20, (3, 2), (2, 1), (1, 2)),
    ((8, 8, 16), 17, (5, 5), (1, 1), (2, 2)),
    ((6, 6, 1), 4, (6, 6), (1, 1), (0, 0)),
    ((11, 11, 2), 7, (4, 4), (3, 2), (1, 0)),
    ((1, 1, 16), 4, (1, 1), (1, 1), (0, 0)),
]
TOLERANCES = {np.float64: 1e-12, np.float32: 1e-5}


def out_shape(image, kernel, stride, padding):
    return [(side + 2 * p - k) // s + 1 for side, k, s, p in zip(image[:2], kernel, stride, padding, strict=True)]


def weights(S, image, n_filters, kernel, dictionary=None, n_columns=1, fraction=0.5):
    """Weights of a convolution; by default ordinary ones."""
    n_visible = kernel[0] * kernel[1] * image[2]
    if dictionary is None:
        return S.PredictedWeights(n_visible, [(n_filters, None, None)])
    sizes = [n_filters // n_columns] * (n_columns - 1) + [n_filters - n_filters // n_columns * (n_columns - 1)]
    inputs = LayerInput(n_visible, (*kernel, image[2]), seed=3)
    return dictionary.columns(inputs, sizes=sizes, fraction=fraction).weights(
        np.float32 if S is core(np.float32) else np.float64
    )


def separable_weights(S, image, n_filters, kernel, n_columns=1, mix=True, fraction=0.5):
    """Weights over the points of the window, the same in every channel, whose atoms are outer products."""
    dtype = S.PredictedWeights(1, [(1, None, None)]).dictionary().dtype
    Fy, Fx = (np.exp(-(np.subtract.outer(np.arange(side), np.arange(side)) ** 2) / 2.0) for side in kernel)
    K, rng = np.kron(Fy, Fx), np.random.default_rng(4)
    columns = []
    for n_hidden in np.bincount(np.arange(n_filters) % n_columns):
        atoms = rng.permutation(len(K))[: max(1, int(fraction * len(K)))]
        T = np.linalg.inv(K[np.ix_(atoms, atoms)] + 0.1 * np.eye(len(atoms))).astype(dtype)
        columns.append((n_hidden, atoms, T if mix else None))
    pairs = list(np.ndindex(*kernel))
    factors = (Fy.astype(dtype), Fx.astype(dtype), pairs)
    n_visible = kernel[0] * kernel[1] * image[2]
    return S.PredictedWeights(n_visible, columns, K.astype(dtype), n_channels=image[2], factors=factors)


def network(S, case, *, order="auto", below=False, n_outputs=3, of=weights, **how):
    """A convolution, tanh and a dense layer; `below` them another convolution, so that inputs' gradients count."""
    image, n_filters, kernel, stride, padding = case
    height, width = out_shape(image, kernel, stride, padding)
    layers = [S.Conv2D(weights(S, image, image[2], (1, 1)), kernel=(1, 1)), S.Activation("tanh")] if below else []
    W = of(S, image, n_filters, kernel, **how)
    layers += [S.Conv2D(W, kernel=kernel, stride=stride, padding=padding, order=order), S.Activation("tanh")]
    layers.append(S.Dense(S.PredictedWeights(height * width * n_filters, [(n_outputs, None, None)])))
    return S.Network(layers, "squared", n_inputs=int(np.prod(image)), input_shape=image, batch_size=9), W


def sample(net, dtype, n=9, seed=0):
    rng = np.random.default_rng(seed)
    theta = np.asarray(net.initial(3)) + rng.standard_normal(net.n_parameters).astype(dtype) * dtype(0.05)
    return (
        theta,
        rng.standard_normal((n, net.n_inputs)).astype(dtype),
        rng.standard_normal((n, net.n_outputs)).astype(dtype),
    )


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", CASES)
def test_outputs_are_sums_over_patches(case, dtype):
    image, n_filters, kernel, stride, padding = case
    net, W = network(core(dtype), case)
    theta, X, _ = sample(net, dtype)
    filters = np.asarray(W.materialise(theta[: W.n_dynamic]))
    bias = theta[W.n_dynamic : W.n_dynamic + n_filters]
    expected = convolution(X.reshape(-1, *image), filters, bias, kernel, stride, padding)
    received = np.asarray(net.predictor(theta).activations(X, 1))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(received, np.tanh(expected).reshape(len(X), -1), atol=TOLERANCES[dtype] * scale)


@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("dictionary", [None, SquaredExponential(), DCT(), SquaredExponential(orthonormalize=True)])
@pytest.mark.parametrize("case", CASES[:2] + CASES[3:5])
def test_gradient_agrees_with_central_differences(case, dictionary, n_columns):
    net, _ = network(core(np.float64), case, below=True, dictionary=dictionary, n_columns=n_columns)
    theta, X, Y = sample(net, np.float64, n=3)
    check_gradient(lambda t: net.value_and_gradient(t, X, Y, n_threads=1), theta)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_are_those_of_torch(case, dtype):
    torch = pytest.importorskip("torch")
    (h, w, c), F, (kh, kw), stride, padding = case
    net, _ = network(core(dtype), case, below=True)
    theta, X, Y = sample(net, dtype)
    t = torch.tensor(theta, requires_grad=True)
    sizes = [c * c, c, kh * kw * c * F, F, theta.size - c * c - c - kh * kw * c * F - F - 3, 3]
    W0, b0, W1, b1, W2, b2 = torch.split(t, sizes)
    Z = torch.tensor(X).reshape(-1, h, w, c).permute(0, 3, 1, 2)
    Z = torch.tanh(torch.conv2d(Z, W0.reshape(1, 1, c, c).permute(3, 2, 0, 1), b0))
    Z = torch.tanh(torch.conv2d(Z, W1.reshape(kh, kw, c, F).permute(3, 2, 0, 1), b1, stride=stride, padding=padding))
    outputs = Z.permute(0, 2, 3, 1).reshape(len(X), -1) @ W2.reshape(-1, 3) + b2
    loss = ((outputs - torch.tensor(Y)) ** 2).sum() / (2 * len(X))
    loss.backward()
    value, gradient = net.value_and_gradient(theta, X, Y)
    tolerance = TOLERANCES[dtype]
    assert value == pytest.approx(loss.item(), rel=tolerance)
    np.testing.assert_allclose(gradient, t.grad.numpy(), atol=tolerance * float(t.grad.abs().max()))
    np.testing.assert_allclose(
        net.predictor(theta).predict(X), outputs.detach().numpy(), rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize("order", ["predict", "pool"])
def test_any_number_of_threads_gives_the_same_bits(order):
    case = ((20, 20, 3), 16, (5, 5), (1, 1), (2, 2))
    net, _ = network(core(np.float32), case, order=order, below=True, of=separable_weights, n_columns=2)
    theta, X, Y = sample(net, np.float32, n=50)
    value, gradient = net.value_and_gradient(theta, X, Y, n_threads=1)
    outputs = net.predictor(theta).predict(X, 1)
    for n_threads in (2, 3, 7):
        other = net.value_and_gradient(theta, X, Y, n_threads=n_threads)
        assert other[0] == value
        np.testing.assert_array_equal(other[1], gradient)
        np.testing.assert_array_equal(net.predictor(theta).predict(X, n_threads), outputs)


def test_samples_do_not_depend_on_their_batch():
    net, _ = network(core(np.float32), CASES[0])
    theta, X, _ = sample(net, np.float32, n=30)
    all_at_once = net.predictor(theta).predict(X)
    np.testing.assert_array_equal(np.vstack([net.predictor(theta).predict(x[None]) for x in X]), all_at_once)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"kernel": (0, 3)}, "kernel: received 0 x 3"),
        ({"kernel": (3, 3), "stride": (0, 1)}, "stride: received 0 x 1"),
        ({"kernel": (3, 3), "padding": (-1, 0)}, "padding: received -1 x 0"),
        ({"kernel": (9, 9)}, "kernel: received 9 x 9 for an image of 4 x 4"),
        ({"kernel": (2, 2)}, "rows of a convolution's weights: received 9"),
    ],
)
def test_what_does_not_fit_is_named(how, message):
    S = core(np.float64)
    layers = [
        S.Conv2D(S.PredictedWeights(9, [(2, None, None)]), **how),
        S.Dense(S.PredictedWeights(8, [(2, None, None)])),
    ]
    with pytest.raises(ValueError, match=message):
        S.Network(layers, "squared", n_inputs=16, input_shape=(4, 4, 1))


POOLED = [
    ((10, 9, 3), 12, (5, 4), (1, 1), (2, 1)),
    ((16, 16, 20), 24, (8, 8), (1, 1), (3, 3)),  # rows of more than a vector
    ((5, 6, 1), 4, (5, 6), (1, 1), (0, 0)),  # a single position
    ((6, 40, 2), 7, (1, 7), (1, 1), (0, 3)),
]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("mix", [True, False])
@pytest.mark.parametrize("case", POOLED)
def test_both_orders_compute_the_same(case, mix, n_columns, dtype):
    found = []
    for order in ("predict", "pool"):
        how = {"of": separable_weights, "mix": mix, "n_columns": n_columns}
        net, _ = network(core(dtype), case, order=order, below=True, **how)
        assert net.describe()[1]["order"] == {"predict": "predict", "pool": "shared"}[order]
        theta, X, Y = sample(net, dtype)
        found.append((net.predictor(theta).predict(X), *net.value_and_gradient(theta, X, Y)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=10 * TOLERANCES[dtype] * np.abs(other).max())


@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("case", [POOLED[0], POOLED[3]])
def test_gradient_of_the_pooled_order_agrees_with_central_differences(case, n_columns):
    how = {"of": separable_weights, "n_columns": n_columns, "fraction": 0.3}
    net, _ = network(core(np.float64), case, order="pool", below=True, **how)
    theta, X, Y = sample(net, np.float64, n=3)
    check_gradient(lambda t: net.value_and_gradient(t, X, Y, n_threads=1), theta)


def test_pooling_first_is_chosen_where_it_is_cheaper():
    case = ((16, 16, 48), 64, (8, 8), (1, 1), (3, 3))
    orders = [
        network(core(np.float32), case, of=separable_weights, fraction=fraction)[0].describe()[0]["order"]
        for fraction in (0.1, 0.25, 1.0)
    ]
    assert orders == ["shared", "shared", "predict"]


@pytest.mark.parametrize(
    ("case", "how", "lacking"),
    [
        (CASES[1], {"of": separable_weights}, "a stride of 1"),
        (CASES[0], {"dictionary": RandomProjection()}, "atoms that are outer products of two filters"),
    ],
)
def test_what_cannot_pool_first_is_told(case, how, lacking):
    message = f"order: received pool for a convolution without {lacking}; expected auto or predict"
    with pytest.raises(ValueError, match=message):
        network(core(np.float64), case, order="pool", **how)


def test_ordinary_weights_are_computed_in_any_order():
    described = network(core(np.float64), CASES[1], order="pool")[0].describe()
    assert described == network(core(np.float64), CASES[1])[0].describe()
