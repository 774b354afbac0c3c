"""Gradients against central differences."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Objective = Callable[[npt.NDArray[np.float64]], tuple[float, npt.ArrayLike]]


def check_gradient(
    fun: Objective,
    x: npt.ArrayLike,
    *,
    relative: float = 1e-6,
    max_coordinates: int = 200,
    n_directions: int = 20,
    seed: int = 0,
) -> None:
    r"""Assert that the gradient which `fun` returns agrees with central differences of its value.

    Small problems are checked coordinate by coordinate, larger ones along random directions of unit length. With the
    step :math:`h = \epsilon^{1/3}`, rounding (:math:`\epsilon |f| / h`) and truncation (:math:`h^2 |f'''| / 6`) of
    the difference quotient are both of the order of :math:`h^2`, hence the tolerance

    .. math:: \text{relative} \cdot |\text{slope}| + 10 h^2 \max(1, |f|, \|g\|_\infty).

    Parameters
    ----------
    fun : callable
        ``fun(x) -> (value, gradient)``, in float64, deterministic; it is called twice for each coordinate or direction.
    x : array-like of shape (n,)
        Where to check: away from kinks (of a rectifier, say) by more than :math:`h \approx 6 \cdot 10^{-6}`.
    relative : float, default=1e-6
        Relative error allowed on each slope.
    max_coordinates : int, default=200
        Up to this n, every coordinate is checked.
    n_directions : int, default=20
        Number of random directions for a larger n.
    seed : int, default=0
        Seed of the directions.

    Raises
    ------
    AssertionError
        Naming the coordinate or direction that is furthest off, and both slopes.

    Examples
    --------
    >>> import numpy as np
    >>> check_gradient(lambda x: (np.sin(x).sum(), np.cos(x)), [0.0, 1.0, 2.0])
    >>> check_gradient(lambda x: (np.sin(x).sum(), np.sin(x)), [1.0])
    Traceback (most recent call last):
        ...
    AssertionError: coordinate 0: the gradient says 0.841470984..., central differences say 0.540302305...
    """
    x = np.array(x, dtype=np.float64)
    value, gradient = fun(x.copy())
    gradient = np.array(gradient, dtype=np.float64)
    assert gradient.shape == x.shape, f"x has shape {x.shape}, its gradient {gradient.shape}"
    step = np.finfo(np.float64).eps ** (1 / 3)
    if x.size <= max_coordinates:
        what, directions = "coordinate", np.eye(x.size)
    else:
        what, directions = "direction", np.random.default_rng(seed).standard_normal((n_directions, x.size))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    differences = np.array([(fun(x + step * d)[0] - fun(x - step * d)[0]) / (2 * step) for d in directions])
    slopes = directions @ gradient
    noise = 10 * step**2 * max(1.0, abs(value), np.abs(gradient).max(initial=0.0))
    excess = np.abs(differences - slopes) / (relative * np.abs(slopes) + noise)
    if not np.all(excess <= 1.0):  # also where a difference is not a number
        worst = int(np.argmax(np.where(np.isnan(excess), np.inf, excess)))
        raise AssertionError(
            f"{what} {worst}: the gradient says {slopes[worst]:.12g}, central differences say {differences[worst]:.12g}"
        )
