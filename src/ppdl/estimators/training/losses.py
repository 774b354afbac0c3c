"""Losses of a network's outputs, for validation sets; the core computes those that are trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy


def mean_loss(loss: str, outputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> float:
    """Return the mean over samples of the loss, summed over outputs.

    Parameters
    ----------
    loss : {"softmax", "binary", "squared", "poisson"}
        As the core names it.
    outputs : ndarray of shape (n_samples, n_outputs)
        Probabilities or means.
    targets : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels, or targets.

    Examples
    --------
    >>> mean_loss("softmax", np.array([[0.5, 0.5]]), np.array([1]))
    0.6931471805599453
    """
    smallest = np.finfo(outputs.dtype).eps
    outputs = outputs.astype(np.float64)
    if loss == "softmax":
        chosen = outputs[np.arange(len(targets)), targets]
        return float(-np.log(np.maximum(chosen, smallest)).mean())
    if loss == "binary":
        p = np.clip(outputs, smallest, 1.0 - smallest)
        return float(-(xlogy(targets, p) + xlogy(1.0 - targets, 1.0 - p)).sum(axis=1).mean())
    if loss == "squared":
        return float(0.5 * ((outputs - targets) ** 2).sum(axis=1).mean())
    p = np.maximum(outputs, smallest)
    return float((xlogy(targets, targets / p) - targets + p).sum(axis=1).mean())
