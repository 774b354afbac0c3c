"""Smooth functions with gradients, on which minimisers are commonly compared (Moré, Garbow and Hillstrom 1981)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits

Vector = npt.NDArray[np.float64]
Function = Callable[[Vector], tuple[float, Vector]]


@dataclass(frozen=True)
class Problem:
    """A function ``fun(x) -> (value, gradient)`` and the usual start ``x0``."""

    name: str
    fun: Function
    x0: Vector


def rosenbrock(x: Vector) -> tuple[float, Vector]:
    """Sum over i of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2."""
    bend, off = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * bend * x[:-1] - 2 * off
    gradient[1:] += 200 * bend
    return 100 * bend @ bend + off @ off, gradient


def extended_rosenbrock(x: Vector) -> tuple[float, Vector]:
    """Rosenbrock's function of each pair (x_1, x_2), (x_3, x_4), ... added up."""
    a, b = x[::2], x[1::2]
    bend, off = b - a**2, 1 - a
    gradient = np.empty_like(x)
    gradient[::2] = -400 * bend * a - 2 * off
    gradient[1::2] = 200 * bend
    return 100 * bend @ bend + off @ off, gradient


def sum_of_squares(residuals: Vector, jacobian: npt.NDArray[np.float64]) -> tuple[float, Vector]:
    """r'r and its gradient 2 J'r."""
    return residuals @ residuals, 2 * jacobian.T @ residuals


def beale(x: Vector) -> tuple[float, Vector]:
    """Residuals c_i - x_1 (1 - x_2^i)."""
    i = np.arange(1, 4)
    residuals = np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** i)
    return sum_of_squares(residuals, np.stack([x[1] ** i - 1, x[0] * i * x[1] ** (i - 1)], axis=1))


def powell_singular(x: Vector) -> tuple[float, Vector]:
    """The Hessian is singular at the minimum."""
    a, b, c, d = x
    residuals = np.array([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])
    jacobian = np.array(
        [
            [1, 10, 0, 0],
            [0, 0, np.sqrt(5), -np.sqrt(5)],
            [0, 2 * (b - 2 * c), -4 * (b - 2 * c), 0],
            [2 * np.sqrt(10) * (a - d), 0, 0, -2 * np.sqrt(10) * (a - d)],
        ]
    )
    return sum_of_squares(residuals, jacobian)


def wood(x: Vector) -> tuple[float, Vector]:
    """Two Rosenbrock valleys, coupled."""
    a, b, c, d = x
    root = np.sqrt
    residuals = np.array(
        [10 * (b - a**2), 1 - a, root(90) * (d - c**2), 1 - c, root(10) * (b + d - 2), (b - d) / root(10)]
    )
    jacobian = np.array(
        [
            [-20 * a, 10, 0, 0],
            [-1, 0, 0, 0],
            [0, 0, -2 * root(90) * c, root(90)],
            [0, 0, -1, 0],
            [0, root(10), 0, root(10)],
            [0, 1 / root(10), 0, -1 / root(10)],
        ]
    )
    return sum_of_squares(residuals, jacobian)


def helical_valley(x: Vector) -> tuple[float, Vector]:
    """A valley that winds around the third axis."""
    a, b, c = x
    radius = np.hypot(a, b)
    angle = np.arctan2(b, a) / (2 * np.pi)
    residuals = np.array([10 * (c - 10 * angle), 10 * (radius - 1), c])
    turn = 50 / (np.pi * radius**2)
    jacobian = np.array([[turn * b, -turn * a, 10], [10 * a / radius, 10 * b / radius, 0], [0, 0, 1]])
    return sum_of_squares(residuals, jacobian)


def brown_badly_scaled(x: Vector) -> tuple[float, Vector]:
    """Minimum at (1e6, 2e-6)."""
    a, b = x
    return sum_of_squares(np.array([a - 1e6, b - 2e-6, a * b - 2]), np.array([[1, 0], [0, 1], [b, a]]))


def dixon_price(x: Vector) -> tuple[float, Vector]:
    """(x_1 - 1)^2 + sum over i >= 2 of i (2 x_i^2 - x_{i-1})^2."""
    i = np.arange(2, x.size + 1)
    residuals = np.concatenate([[x[0] - 1], np.sqrt(i) * (2 * x[1:] ** 2 - x[:-1])])
    jacobian = np.diag(np.concatenate([[1], 4 * np.sqrt(i) * x[1:]])) - np.diag(np.sqrt(i), -1)
    return sum_of_squares(residuals, jacobian)


def trigonometric(x: Vector) -> tuple[float, Vector]:
    """Residuals n - sum cos x_j + i (1 - cos x_i) - sin x_i."""
    i = np.arange(1, x.size + 1)
    residuals = x.size - np.cos(x).sum() + i * (1 - np.cos(x)) - np.sin(x)
    return sum_of_squares(residuals, np.sin(x)[None, :] + np.diag(i * np.sin(x) - np.cos(x)))


def variably_dimensioned(x: Vector) -> tuple[float, Vector]:
    """|x - 1|^2 + s^2 + s^4 with s the sum of j (x_j - 1)."""
    j = np.arange(1, x.size + 1)
    s = j @ (x - 1)
    return (x - 1) @ (x - 1) + s**2 + s**4, 2 * (x - 1) + (2 * s + 4 * s**3) * j


def quadratic(condition: float, n: int) -> Function:
    """(x - 1)' D (x - 1) / 2, the diagonal D going from 1 to `condition` in equal ratios."""
    curvature = np.geomspace(1, condition, n)
    return lambda x: (0.5 * curvature @ (x - 1) ** 2, curvature * (x - 1))


def digits() -> tuple[Vector, npt.NDArray[np.int64]]:
    """scikit-learn's digits, (1797, 64) pixels in [0, 1] and their labels."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def softmax_regression(X: Vector, y: npt.NDArray[np.int64], alpha: float) -> Function:
    """Mean log loss of multinomial logistic regression, plus alpha / 2 times the squared weights."""
    d = X.shape[1]
    targets = np.eye(y.max() + 1)[y]

    def fun(theta: Vector) -> tuple[float, Vector]:
        value, d_scores = softmax_and_gradient(X @ theta.reshape(d, -1), targets)
        return value + alpha / 2 * theta @ theta, (X.T @ d_scores).ravel() + alpha * theta

    return fun


def perceptron(X: Vector, y: npt.NDArray[np.int64], n_hidden: int, alpha: float, activation: str) -> Function:
    """Mean log loss of a network of one hidden layer, "tanh" or "relu", plus alpha / 2 times the squared parameters."""
    d = X.shape[1]
    targets = np.eye(y.max() + 1)[y]
    k = targets.shape[1]

    def fun(theta: Vector) -> tuple[float, Vector]:
        first, second = theta[: d * n_hidden].reshape(d, n_hidden), theta[d * n_hidden :].reshape(n_hidden, k)
        inputs = X @ first
        hidden = np.tanh(inputs) if activation == "tanh" else np.maximum(inputs, 0)
        slope = 1 - hidden**2 if activation == "tanh" else inputs > 0
        value, d_scores = softmax_and_gradient(hidden @ second, targets)
        d_first, d_second = X.T @ (d_scores @ second.T * slope), hidden.T @ d_scores
        return value + alpha / 2 * theta @ theta, np.concatenate([d_first.ravel(), d_second.ravel()]) + alpha * theta

    return fun


def softmax_and_gradient(scores: Vector, targets: Vector) -> tuple[float, Vector]:
    """Mean log loss of the softmax of `scores`, and its gradient with respect to them."""
    n = len(scores)
    scores = scores - scores.max(axis=1, keepdims=True)
    log_probabilities = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -(targets * log_probabilities).sum() / n, (np.exp(log_probabilities) - targets) / n


def perceptron_start(d: int, n_hidden: int, k: int, seed: int) -> Vector:
    """Random parameters for `perceptron`."""
    return np.random.default_rng(seed).uniform(-0.3, 0.3, d * n_hidden + n_hidden * k)


PROBLEMS = [
    Problem("Rosenbrock, n=2", rosenbrock, np.array([-1.2, 1.0])),
    Problem("Rosenbrock, n=10", rosenbrock, np.tile([-1.2, 1.0], 5)),
    Problem("Rosenbrock, n=50", rosenbrock, np.tile([-1.2, 1.0], 25)),
    Problem("extended Rosenbrock, n=100", extended_rosenbrock, np.tile([-1.2, 1.0], 50)),
    Problem("Beale", beale, np.array([1.0, 1.0])),
    Problem("Powell singular", powell_singular, np.array([3.0, -1.0, 0.0, 1.0])),
    Problem("Wood", wood, np.array([-3.0, -1.0, -3.0, -1.0])),
    Problem("helical valley", helical_valley, np.array([-1.0, 0.0, 0.0])),
    Problem("Brown badly scaled", brown_badly_scaled, np.array([1.0, 1.0])),
    Problem("Dixon-Price, n=10", dixon_price, np.ones(10)),
    Problem("trigonometric, n=10", trigonometric, np.full(10, 0.1)),
    Problem("variably dimensioned, n=10", variably_dimensioned, 1 - np.arange(1, 11) / 10),
    Problem("quadratic, condition 1e2", quadratic(1e2, 50), np.zeros(50)),
    Problem("quadratic, condition 1e4", quadratic(1e4, 50), np.zeros(50)),
    Problem("quadratic, condition 1e6", quadratic(1e6, 50), np.zeros(50)),
    Problem("logistic regression, digits", softmax_regression(*digits(), 1e-3), np.zeros(640)),
]
