"""Losses of a network's linear outputs, for validation sets; the core computes those that are trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logsumexp, softmax, xlogy

from ppdl._precision import Array


def activated(loss: str, linear: Array) -> Array:
    """Return the outputs of a network that is trained with this loss, from those before the output activation."""
    with np.errstate(over="ignore", invalid="ignore"):
        match loss:
            case "softmax":
                return softmax(linear, axis=1)
            case "binary":
                return expit(linear)
            case "poisson":
                return np.exp(linear)
            case _:
                return linear


def mean_loss(loss: str, linear: Array, targets: npt.NDArray[Any], weight: Array | None = None) -> float:
    """Return the weighted mean over samples of the loss, summed over outputs.

    Parameters
    ----------
    loss : {"softmax", "binary", "squared", "poisson"}
        As the core names it.
    linear : ndarray of shape (n_samples, n_outputs)
        Outputs before their activation, so that the loss of confident ones is not cut off by rounding.
    targets : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels, or targets.
    weight : ndarray of shape (n_samples,), optional
        Of the samples.

    Examples
    --------
    >>> float(mean_loss("softmax", np.array([[0.0, 0.0]]), np.array([1])))
    0.6931471805599453
    >>> mean_loss("binary", np.array([[-100.0]], dtype=np.float32), np.array([[1.0]]))
    100.0
    """
    z = linear.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        match loss:
            case "softmax":
                each = logsumexp(z, axis=1) - z[np.arange(len(z)), targets]
            case "binary":
                each = (np.logaddexp(0.0, z) - targets * z).sum(axis=1)
            case "squared":
                each = 0.5 * ((z - targets) ** 2).sum(axis=1)
            case _:
                each = (np.exp(z) - targets * z + xlogy(targets, targets) - targets).sum(axis=1)
        return float(np.average(each, weights=weight))
