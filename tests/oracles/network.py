"""Networks of predicted weights in plain float64 NumPy: weights, layers, losses, the tied autoencoder and one epoch.

Every gradient stands beside its value. θ holds, layer after layer, V and then the bias.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, log_softmax, softmax, xlogy

# Weights --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """U_j = B[:, atoms] mix for `n_hidden` units; `atoms` None: all, `mix` None: the identity."""

    n_hidden: int
    atoms: tuple[int, ...] | None = None
    mix: np.ndarray | None = None


@dataclass(frozen=True)
class Weights:
    """W = [U_1 V_1 … U_J V_J] (Sec. 2 and 3.4), U_j = (B[:, atoms] mix) ⊗ I over the channels.

    The parameters are V_1, …, V_J, each row after row; where `learned`, [U_1 … U_J] stands before them.
    """

    n_visible: int
    columns: tuple[Column, ...]
    base: np.ndarray | None = None
    learned: bool = False
    n_channels: int = 1

    @property
    def n_hidden(self):
        return sum(column.n_hidden for column in self.columns)

    @property
    def n_dynamic(self):
        rows = self.n_visible if self.learned else 0  # of U
        return sum(k * (rows + column.n_hidden) for k, column in zip(self.n_atoms, self.columns, strict=True))

    @property
    def n_atoms(self):
        n_base = self.n_visible // self.n_channels if self.base is None else self.base.shape[1]
        each = [n_base if column.atoms is None else len(column.atoms) for column in self.columns]
        return [self.n_channels * n for n in each]

    def dictionary(self, j):
        base = np.eye(self.n_visible // self.n_channels) if self.base is None else self.base
        column = self.columns[j]
        atoms = base if column.atoms is None else base[:, list(column.atoms)]
        return np.kron(atoms if column.mix is None else atoms @ column.mix, np.eye(self.n_channels))

    def split(self, parameters):
        """[(U_1, V_1), …, (U_J, V_J)]."""
        n_learned = self.n_visible * sum(self.n_atoms) if self.learned else 0
        if self.learned:
            U = parameters[:n_learned].reshape(self.n_visible, -1)
            us = np.split(U, np.cumsum(self.n_atoms)[:-1], axis=1)
        else:
            us = [self.dictionary(j) for j in range(len(self.columns))]
        shapes = [(k, column.n_hidden) for k, column in zip(self.n_atoms, self.columns, strict=True)]
        ends = np.cumsum([k * n for k, n in shapes])
        vs = np.split(parameters[n_learned:], ends[:-1])
        return [(u, v.reshape(shape)) for u, v, shape in zip(us, vs, shapes, strict=True)]

    def join(self, pairs):
        """The inverse of `split` (without a U that is not learned)."""
        us = [np.hstack([u for u, _ in pairs])] if self.learned else []
        return np.concatenate([part.ravel() for part in (*us, *(v for _, v in pairs))])

    def materialise(self, parameters):
        return np.hstack([u @ v for u, v in self.split(parameters)])

    def project(self, dW, parameters):
        """dV_j = U_jᵀ dW_j, and dU_j = dW_j V_jᵀ."""
        ends = np.cumsum([column.n_hidden for column in self.columns])
        slices = np.split(dW, ends[:-1], axis=1)
        return self.join([(d @ v.T, u.T @ d) for (u, v), d in zip(self.split(parameters), slices, strict=True)])

    def penalty(self, parameters, kind):
        """½‖V‖², or ½‖UV‖² = ½ Σ_j tr(V_jᵀ G_j V_j) with G_j = U_jᵀ U_j; and the gradient.

        A U that is learned is a layer of its own: then it is ½‖U‖² + ½‖V‖² either way.
        """
        if kind == "dynamic" or self.learned:
            return 0.5 * parameters @ parameters, parameters
        pairs = self.split(parameters)
        value = 0.5 * sum(np.trace(v.T @ (u.T @ u) @ v) for u, v in pairs)
        return value, self.join([(u, (u.T @ u) @ v) for u, v in pairs])


# Layers ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dense:
    """Z = A W + b."""

    weights: Weights
    bias: bool = True

    @property
    def n_parameters(self):
        return self.weights.n_dynamic + self.bias * self.weights.n_hidden

    def forward(self, theta, A):
        Z = A @ self.weights.materialise(theta[: self.weights.n_dynamic])
        return Z + theta[self.weights.n_dynamic :] if self.bias else Z

    def backward(self, theta, A, dZ):
        """dW = Aᵀ dZ, db = Σ dZ, dA = dZ Wᵀ."""
        V = theta[: self.weights.n_dynamic]
        dV = self.weights.project(A.T @ dZ, V)
        dtheta = np.concatenate([dV, dZ.sum(axis=0)]) if self.bias else dV
        return dtheta, dZ @ self.weights.materialise(V).T


_ACTIVATIONS = {"identity": lambda z: z, "logistic": expit, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}


@dataclass(frozen=True)
class Activation:
    """An element-wise function."""

    kind: str
    n_parameters = 0

    def forward(self, theta, Z):
        return _ACTIVATIONS[self.kind](Z)

    def backward(self, theta, Z, dA):
        A = self.forward(theta, Z)
        slope = {"identity": np.ones_like(Z), "logistic": A * (1 - A), "tanh": 1 - A**2, "relu": 1.0 * (Z > 0)}
        return theta, dA * slope[self.kind]


@dataclass(frozen=True)
class Maxout:
    """The largest of each run of `n_pieces` neighbouring inputs (Goodfellow et al. 2013)."""

    n_pieces: int
    n_parameters = 0

    def forward(self, theta, Z):
        return Z.reshape(len(Z), -1, self.n_pieces).max(axis=2)

    def backward(self, theta, Z, dA):
        pieces = Z.reshape(len(Z), -1, self.n_pieces)
        winner = np.arange(self.n_pieces) == pieces.argmax(axis=2)[:, :, None]
        return theta, (winner * dA[:, :, None]).reshape(Z.shape)


# Losses ---------------------------------------------------------------------------------------------------------------


def output(loss, Z):
    """What the network predicts: probabilities, values, or rates."""
    links = {"softmax": lambda z: softmax(z, axis=1), "binary": expit, "squared": lambda z: z, "poisson": np.exp}
    return links[loss](Z)


def sample_losses(loss, Z, y):
    """The loss of each sample, and its derivative with respect to Z."""
    if loss == "softmax":  # −log p_y
        one_hot = np.eye(Z.shape[1])[y]
        return -(one_hot * log_softmax(Z, axis=1)).sum(axis=1), softmax(Z, axis=1) - one_hot
    if loss == "binary":  # −Σ y log p + (1 − y) log(1 − p), p = 1 / (1 + e^−z)
        return (np.logaddexp(0, Z) - y * Z).sum(axis=1), expit(Z) - y
    if loss == "squared":  # ½ Σ (z − y)²
        return 0.5 * ((Z - y) ** 2).sum(axis=1), Z - y
    if loss == "poisson":  # Σ y log(y / ŷ) − y + ŷ, ŷ = e^z
        return (xlogy(y, y) - y * Z - y + np.exp(Z)).sum(axis=1), np.exp(Z) - y
    raise ValueError(loss)


def weighted_mean(losses, derivatives, sample_weight):
    w = np.ones(len(losses)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    return w @ losses / w.sum(), derivatives * w[:, None] / w.sum()


# Models ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """Layers, one after the other, and a loss: the weighted mean over samples, plus the penalty of each layer's weights
    times α / (the samples' total weight)."""

    layers: tuple
    loss: str
    n_inputs: int
    alpha: float = 0.0
    penalty: str = "dynamic"

    @property
    def n_parameters(self):
        return sum(layer.n_parameters for layer in self.layers)

    @property
    def parts(self):
        """Each layer, and its part of θ."""
        ends = np.cumsum([layer.n_parameters for layer in self.layers])
        return [(layer, slice(end - layer.n_parameters, end)) for end, layer in zip(ends, self.layers, strict=True)]

    @property
    def weights(self):
        """The weights of each dense layer, and where their V stands in θ."""
        dense = [(layer, span) for layer, span in self.parts if isinstance(layer, Dense)]
        return [(layer.weights, slice(s.start, s.start + layer.weights.n_dynamic)) for layer, s in dense]

    def forward(self, theta, X):
        """The input of each layer, and the last layer's output."""
        A = [np.asarray(X, dtype=float)]
        for layer, span in self.parts:
            A.append(layer.forward(theta[span], A[-1]))
        return A

    def predict(self, theta, X):
        return output(self.loss, self.forward(theta, X)[-1])

    def activations(self, theta, X, n_dense):
        """The input of dense layer number `n_dense`."""
        inputs = zip(self.layers, self.forward(theta, X), strict=False)
        return [a for layer, a in inputs if isinstance(layer, Dense)][n_dense]

    def value_and_gradient(self, theta, X, y, sample_weight=None):
        theta = np.asarray(theta, dtype=float)
        *A, Z = self.forward(theta, X)
        value, d = weighted_mean(*sample_losses(self.loss, Z, y), sample_weight)
        gradient = np.zeros_like(theta)
        for (layer, span), a in zip(reversed(self.parts), reversed(A), strict=True):
            gradient[span], d = layer.backward(theta[span], a, d)
        scale = self.alpha / (len(X) if sample_weight is None else np.sum(sample_weight))
        for weights, v in self.weights:
            penalty, slope = weights.penalty(theta[v], self.penalty)
            value += scale * penalty
            gradient[v] += scale * slope
        return value, gradient


@dataclass(frozen=True)
class Autoencoder:
    """Tied weights: each column j reconstructs the whole input, X̂_j = decode(H_j W_jᵀ + c), H = activation(X W + b).

    The loss is Σ_j ‖x − x̂_j‖², averaged over samples. θ holds V, b and, if there is one, c.
    """

    weights: Weights
    activation: str = "logistic"
    decoder: str = "logistic"
    decoder_bias: bool = False

    @property
    def n_parameters(self):
        return Dense(self.weights).n_parameters + self.decoder_bias * self.weights.n_visible

    def value_and_gradient(self, theta, X, targets=None, sample_weight=None):
        theta = np.asarray(theta, dtype=float)
        targets = X if targets is None else targets
        encode, act, decode = Dense(self.weights), Activation(self.activation), Activation(self.decoder)
        encoder = slice(0, encode.n_parameters)
        V, c = theta[: self.weights.n_dynamic], theta[encode.n_parameters :]
        W = self.weights.materialise(V)
        Z = encode.forward(theta[encoder], X)
        H = act.forward(None, Z)

        value, dW, dH, dc = 0.0, np.zeros_like(W), np.zeros_like(H), np.zeros_like(c)
        begin = 0
        for column in self.weights.columns:
            j = slice(begin, begin := begin + column.n_hidden)
            R = H[:, j] @ W[:, j].T
            if self.decoder_bias:
                R = R + c
            X_hat = decode.forward(None, R)
            losses, slopes = ((X_hat - targets) ** 2).sum(axis=1), 2 * (X_hat - targets)
            part, dX_hat = weighted_mean(losses, slopes, sample_weight)
            _, dR = decode.backward(None, R, dX_hat)
            value += part
            dW[:, j] += dR.T @ H[:, j]  # through the decoder
            dH[:, j] += dR @ W[:, j]
            if self.decoder_bias:
                dc += dR.sum(axis=0)
        _, dZ = act.backward(None, Z, dH)
        dencoder, _ = encode.backward(theta[encoder], X, dZ)  # through the encoder
        dencoder[: V.size] += self.weights.project(dW, V)
        return value, np.concatenate([dencoder, dc])


# Training -------------------------------------------------------------------------------------------------------------


@dataclass
class Sgd:
    """v ← μ v − η g; θ ← θ + v, or with Nesterov's look-ahead θ ← θ + μ v − η g."""

    momentum: float = 0.9
    nesterov: bool = False
    velocity: np.ndarray | float = 0.0

    def step(self, theta, gradient, rate):
        self.velocity = self.momentum * self.velocity - rate * gradient
        return theta + (self.momentum * self.velocity - rate * gradient if self.nesterov else self.velocity)


@dataclass
class Adam:
    """θ ← θ − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε) (Kingma and Ba 2014)."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    t: int = 0
    moments: list = field(default_factory=lambda: [0.0, 0.0])

    def step(self, theta, gradient, rate):
        self.t += 1
        m, v = self.moments
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * gradient**2
        self.moments = [m, v]
        rate = rate * np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        return theta - rate * m / (np.sqrt(v) + self.epsilon)


def bound_columns(model, theta, max_column_norm):
    """Shrink each column of each dense layer's V (Sec. 2: its dynamic part) to Euclidean norm `max_column_norm`."""
    theta = theta.copy()
    for weights, v in model.weights:
        pairs = weights.split(theta[v])
        bounded = [(u, V * np.minimum(1, max_column_norm / np.linalg.norm(V, axis=0))) for u, V in pairs]
        theta[v] = weights.join(bounded)
    return theta


def epoch(model, optimizer, theta, X, y, order, rates, batch_size, sample_weight=None, max_column_norm=0.0):
    """θ after one pass over the rows `order`, and the mean of the batches' losses by their samples' total weights."""
    w = np.ones(len(X)) if sample_weight is None else sample_weight
    total = 0.0
    for rate, begin in zip(rates, range(0, len(order), batch_size), strict=True):
        rows = order[begin : begin + batch_size]
        value, gradient = model.value_and_gradient(theta, X[rows], y[rows], sample_weight=w[rows])
        theta = optimizer.step(theta, gradient, rate)
        if max_column_norm > 0:
            theta = bound_columns(model, theta, max_column_norm)
        total += value * w[rows].sum()
    return theta, total / w[order].sum()
