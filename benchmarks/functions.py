"""Classic test functions for unconstrained minimisation, each with its gradient and its customary start.

The numbers are those of J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing Unconstrained Optimization Software", ACM
Transactions on Mathematical Software 7 (1981).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


class Problem(NamedTuple):
    """A function with its gradient, and where minimisation starts."""

    name: str
    fun: Callable[[Vector], tuple[float, Vector]]
    start: Vector


def _sum_of_squares(residuals: Callable[[Vector], tuple[Vector, Vector]]) -> Callable[[Vector], tuple[float, Vector]]:
    """|r(x)|² with the gradient 2 Jᵀr, from x → (r, J)."""

    def fun(x: Vector) -> tuple[float, Vector]:
        r, J = residuals(x)
        return float(r @ r), 2.0 * (J.T @ r)

    return fun


def rosenbrock(x: Vector) -> tuple[float, Vector]:
    """Rosenbrock's valley, (1) and, in more than two dimensions, its chained form."""
    head, tail = x[:-1], x[1:]
    step = tail - head**2
    gradient = np.zeros_like(x)
    gradient[:-1] = -400.0 * head * step - 2.0 * (1.0 - head)
    gradient[1:] += 200.0 * step
    return float(np.sum(100.0 * step**2 + (1.0 - head) ** 2)), gradient


def _freudenstein_roth(x: Vector) -> tuple[Vector, Vector]:  # (2)
    a, b = x
    r = np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])
    return r, np.array([[1.0, 10 * b - 3 * b**2 - 2], [1.0, 3 * b**2 + 2 * b - 14]])


def _beale(x: Vector) -> tuple[Vector, Vector]:  # (5)
    a, b = x
    i = np.arange(1, 4)
    r = np.array([1.5, 2.25, 2.625]) - a * (1 - b**i)
    return r, np.stack([b**i - 1, a * i * b ** (i - 1)], axis=1)


def _helical_valley(x: Vector) -> tuple[Vector, Vector]:  # (7)
    a, b, c = x
    theta = np.arctan2(b, a) / (2 * np.pi)
    radius = np.hypot(a, b)
    turn = 1.0 / (2 * np.pi * radius**2)
    r = np.array([10 * (c - 10 * theta), 10 * (radius - 1), c])
    J = np.array([[100 * b * turn, -100 * a * turn, 10.0], [10 * a / radius, 10 * b / radius, 0.0], [0.0, 0.0, 1.0]])
    return r, J


def _box(x: Vector) -> tuple[Vector, Vector]:  # (12)
    a, b, c = x
    t = np.arange(1, 11) / 10
    known = np.exp(-t) - np.exp(-10 * t)
    r = np.exp(-t * a) - np.exp(-t * b) - c * known
    return r, np.stack([-t * np.exp(-t * a), t * np.exp(-t * b), -known], axis=1)


def _powell_singular(x: Vector) -> tuple[Vector, Vector]:  # (22): (13) in blocks of four
    a, b, c, d = x.reshape(-1, 4).T
    n = len(a)
    r = np.stack([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])
    J = np.zeros((4, n, n, 4))
    k = np.arange(n)
    J[0, k, k, 0], J[0, k, k, 1] = 1.0, 10.0
    J[1, k, k, 2], J[1, k, k, 3] = np.sqrt(5), -np.sqrt(5)
    J[2, k, k, 1], J[2, k, k, 2] = 2 * (b - 2 * c), -4 * (b - 2 * c)
    J[3, k, k, 0], J[3, k, k, 3] = 2 * np.sqrt(10) * (a - d), -2 * np.sqrt(10) * (a - d)
    return r.ravel(), J.reshape(4 * n, 4 * n)


def _wood(x: Vector) -> tuple[Vector, Vector]:  # (14)
    a, b, c, d = x
    tenth = 1 / np.sqrt(10)
    r = np.array([10 * (b - a**2), 1 - a, np.sqrt(90) * (d - c**2), 1 - c, np.sqrt(10) * (b + d - 2), (b - d) * tenth])
    J = np.zeros((6, 4))
    J[0, :2] = -20 * a, 10
    J[1, 0] = J[3, 2] = -1
    J[2, 2:] = -2 * np.sqrt(90) * c, np.sqrt(90)
    J[4, [1, 3]] = np.sqrt(10)
    J[5, [1, 3]] = tenth, -tenth
    return r, J


def _variably_dimensioned(x: Vector) -> tuple[Vector, Vector]:  # (25)
    n = len(x)
    i = np.arange(1, n + 1)
    s = i @ (x - 1)
    r = np.concatenate([x - 1, [s, s**2]])
    return r, np.concatenate([np.eye(n), [i, 2 * s * i]])


def _trigonometric(x: Vector) -> tuple[Vector, Vector]:  # (26)
    n = len(x)
    i = np.arange(1, n + 1)
    r = n - np.cos(x).sum() + i * (1 - np.cos(x)) - np.sin(x)
    return r, np.broadcast_to(np.sin(x), (n, n)) + np.diag(i * np.sin(x) - np.cos(x))


def _broyden_tridiagonal(x: Vector) -> tuple[Vector, Vector]:  # (30)
    n = len(x)
    padded = np.concatenate([[0.0], x, [0.0]])
    r = (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1
    return r, np.diag(3 - 4 * x) - np.eye(n, k=-1) - 2 * np.eye(n, k=1)


def _discrete_boundary_value(x: Vector) -> tuple[Vector, Vector]:  # (28)
    n = len(x)
    h = 1 / (n + 1)
    t = h * np.arange(1, n + 1)
    padded = np.concatenate([[0.0], x, [0.0]])
    r = 2 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1) ** 3 / 2
    return r, np.diag(2 + 1.5 * h**2 * (x + t + 1) ** 2) - np.eye(n, k=-1) - np.eye(n, k=1)


def problems() -> list[Problem]:
    """Return the functions, from the paper's starting points."""
    n = 50
    i = np.arange(1, n + 1)
    t = i / (n + 1)
    return [
        Problem("Rosenbrock, 2", rosenbrock, np.array([-1.2, 1.0])),
        Problem("Rosenbrock chained, 100", rosenbrock, np.tile([-1.2, 1.0], 50)),
        Problem("Freudenstein and Roth", _sum_of_squares(_freudenstein_roth), np.array([0.5, -2.0])),
        Problem("Beale", _sum_of_squares(_beale), np.array([1.0, 1.0])),
        Problem("helical valley", _sum_of_squares(_helical_valley), np.array([-1.0, 0.0, 0.0])),
        Problem("Box, three-dimensional", _sum_of_squares(_box), np.array([0.0, 10.0, 20.0])),
        Problem("Powell singular, 40", _sum_of_squares(_powell_singular), np.tile([3.0, -1.0, 0.0, 1.0], 10)),
        Problem("Wood", _sum_of_squares(_wood), np.array([-3.0, -1.0, -3.0, -1.0])),
        Problem("variably dimensioned, 50", _sum_of_squares(_variably_dimensioned), 1.0 - i / n),
        Problem("trigonometric, 50", _sum_of_squares(_trigonometric), np.full(n, 1.0 / n)),
        Problem("discrete boundary value, 50", _sum_of_squares(_discrete_boundary_value), t * (t - 1)),
        Problem("Broyden tridiagonal, 50", _sum_of_squares(_broyden_tridiagonal), np.full(n, -1.0)),
    ]
