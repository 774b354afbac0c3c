"""Dictionaries written from their formulas in plain NumPy: slow, short, and readable as documentation."""

import numpy as np


def squared_exponential(points, n_channels, length_scale):
    """k(i, j) = exp(-|x_i - x_j|^2 / 2 sigma^2) if i and j are in the same channel, else 0."""
    n = len(points) * n_channels
    K = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i % n_channels == j % n_channels:
                difference = points[i // n_channels] - points[j // n_channels]
                K[i, j] = np.exp(-(difference @ difference) / (2 * length_scale**2))
    return K


def ridge(K, atoms, ridge):
    """U = k_alpha^T (K_alpha + ridge I)^-1, where k_alpha = K[alpha, :]."""
    return K[atoms].T @ np.linalg.inv(K[np.ix_(atoms, atoms)] + ridge * np.eye(len(atoms)))


def covariance(X, power=1, center=True):
    """Covariance of the columns of X^power."""
    X = X.astype(np.float64) ** power
    if not center:
        return X.T @ X / len(X)
    X = X - X.mean(axis=0)
    return X.T @ X / (len(X) - 1)


def gram_schmidt(U):
    """Orthonormal columns of the same span, each pointing towards the column that it was made of."""
    Q = np.zeros_like(U)
    for k in range(U.shape[1]):
        q = U[:, k]
        for _ in range(2):  # once more, against rounding
            q = q - Q[:, :k] @ (Q[:, :k].T @ q)
        Q[:, k] = q / np.linalg.norm(q)
    return Q


def cosines(height, width):
    """All products of cosines on a grid, pixels in rows, with the squared frequency of each."""

    def line(n):
        x, u = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
        return np.sqrt(np.where(u == 0, 1, 2) / n) * np.cos(np.pi * (2 * x + 1) * u / (2 * n))

    frequencies = np.array([(u / height) ** 2 + (v / width) ** 2 for u in range(height) for v in range(width)])
    return np.kron(line(height), line(width)), frequencies


def autoencoder_gradient(W, b, X):
    """Loss and gradient in W and b of mean |x - s(s(xW + b) W^T)|^2."""

    def s(z):
        return 1 / (1 + np.exp(-z))

    h = s(X @ W + b)
    y = s(h @ W.T)
    dy = 2 * (y - X) * y * (1 - y) / len(X)
    dh = dy @ W * h * (1 - h)
    return ((y - X) ** 2).sum(axis=1).mean(), dy.T @ h + X.T @ dh, dh.sum(axis=0)
