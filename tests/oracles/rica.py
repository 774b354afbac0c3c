"""Reconstruction ICA written out sample by sample, as its authors state it, in plain NumPy."""

from __future__ import annotations

import numpy as np

CONTRASTS = {  # g and g'
    "smooth-l1": (lambda z, eps: np.sqrt(z**2 + eps), lambda z, eps: z / np.sqrt(z**2 + eps)),
    "logcosh": (lambda z, eps: np.logaddexp(z, -z) - np.log(2), lambda z, eps: np.tanh(z)),
    "exp": (lambda z, eps: -np.exp(-(z**2) / 2), lambda z, eps: z * np.exp(-(z**2) / 2)),
}


def value(W, X, *, contrast="smooth-l1", contrast_epsilon=1e-2, sparsity=0.1, norm_epsilon=1e-8, signs=1.0):
    """The objective at W (n_visible, n_components) for samples X (n_samples, n_visible): a mean over samples."""
    W = W / np.sqrt((W**2).sum(axis=0) + norm_epsilon)
    Z = X @ W
    g, _ = CONTRASTS[contrast]
    return (sparsity * (signs * g(Z, contrast_epsilon)).sum() + 0.5 * ((Z @ W.T - X) ** 2).sum()) / len(X)


def value_and_gradient(
    W, X, *, contrast="smooth-l1", contrast_epsilon=1e-2, sparsity=0.1, norm_epsilon=1e-8, signs=1.0
):
    """The objective and its gradient by W, through the reconstruction of every sample."""
    norms = np.sqrt((W**2).sum(axis=0) + norm_epsilon)
    N = W / norms
    Z = X @ N
    residual = Z @ N.T - X
    g, slope = CONTRASTS[contrast]
    f = (sparsity * (signs * g(Z, contrast_epsilon)).sum() + 0.5 * (residual**2).sum()) / len(X)
    dZ = sparsity * signs * slope(Z, contrast_epsilon) + residual @ N
    dN = (X.T @ dZ + residual.T @ Z) / len(X)
    return f, (dN - N * (N * dN).sum(axis=0)) / norms


def amari_distance(components, mixing):
    """How far components (n, n) are from undoing a mixing (n, n), but for order and scale; 0 is exact, 1 the worst."""
    P = np.abs(components @ mixing)
    rows = P.sum(axis=1) / P.max(axis=1) - 1
    columns = P.sum(axis=0) / P.max(axis=0) - 1
    return (rows.sum() + columns.sum()) / (2 * len(P) * (len(P) - 1))
