"""The same trainings in PyTorch and scikit-learn, from the same initial weights."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import nn
from torch.nn import functional as F

from .workload import ALPHA, BATCH, HIDDEN, MOMENTUM, N_CLASSES, RATE, Layer, Rows, Task


class Dense(nn.Module):
    """XV + b, the ordinary layer."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.V = nn.Parameter(torch.tensor(layer.V[0]))
        self.bias = nn.Parameter(torch.tensor(layer.bias))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Return XV + b."""
        return torch.addmm(self.bias, X, self.V)


class Pooled(nn.Module):
    """(XU)V + b, all columns at once: one product with the stacked U, one batched product with the V_j."""

    def __init__(self, layer: Layer, pooled_once: bool) -> None:
        super().__init__()
        self.U = None if pooled_once else stacked(layer)
        self.V = nn.Parameter(torch.tensor(layer.V))
        self.bias = nn.Parameter(torch.tensor(layer.bias))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Return (XU)V + b; X is XU already if it was pooled once."""
        P = X if self.U is None else X @ self.U
        n_columns, n_atoms, n_units = self.V.shape
        if n_columns == 1:
            return torch.addmm(self.bias, P, self.V[0])
        P = P.view(-1, n_columns, n_atoms).transpose(0, 1)
        Z = torch.baddbmm(self.bias.view(n_columns, 1, n_units), P, self.V)
        return Z.transpose(0, 1).reshape(len(X), -1)


class Predicted(nn.Module):
    """X(UV) + b: the weights of all columns predicted at once, by one batched product."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.U = torch.from_numpy(layer.U)
        self.V = nn.Parameter(torch.tensor(layer.V))
        self.bias = nn.Parameter(torch.tensor(layer.bias))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Return X(UV) + b."""
        W = torch.bmm(self.U, self.V).transpose(0, 1).reshape(X.shape[1], -1)
        return torch.addmm(self.bias, X, W)


def stacked(layer: Layer) -> torch.Tensor:
    """[U_1 … U_J], shape (n_visible, n_columns n_atoms)."""
    return torch.from_numpy(np.concatenate(list(layer.U), axis=1))


class TorchTraining:
    """Eager PyTorch: autograd, cross-entropy, SGD with Nesterov momentum.

    Parameters
    ----------
    task : Task
        Images and labels.
    layers : sequence of Layer
        Dictionaries and initial weights.
    orders : sequence of {"dense", "pool", "predict"}
        How each hidden layer is written. A first layer that pools is pooled once, before training.
    fused : bool, default=True
        Use PyTorch's fused optimiser, its fastest on a CPU; its default is the unfused one.
    """

    def __init__(self, task: Task, layers: Sequence[Layer], orders: Sequence[str], *, fused: bool = True) -> None:
        self.y = torch.from_numpy(task.y.astype(np.int64))
        self.X = torch.from_numpy(np.ascontiguousarray(task.X))
        modules: list[nn.Module] = []
        for number, (layer, order) in enumerate(zip(layers, [*orders, "dense"], strict=True)):
            if order == "pool":
                if number == 0:
                    self.X = self.X @ stacked(layer)
                modules.append(Pooled(layer, pooled_once=number == 0))
            else:
                modules.append(Predicted(layer) if order == "predict" else Dense(layer))
            modules.append(nn.Sigmoid())
        self.model = nn.Sequential(*modules[:-1])
        weights = [parameter for parameter in self.model.parameters() if parameter.ndim > 1]
        biases = [parameter for parameter in self.model.parameters() if parameter.ndim == 1]
        groups = [{"params": weights, "weight_decay": ALPHA / BATCH}, {"params": biases}]
        self.optimizer = torch.optim.SGD(groups, lr=RATE, momentum=MOMENTUM, nesterov=True, fused=fused)

    def epoch(self, order: Rows) -> float:
        """Train once through `order`; return the mean loss."""
        total = 0.0
        for rows in torch.from_numpy(order).split(BATCH):
            loss = F.cross_entropy(self.model(self.X[rows]), self.y[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
        return total / len(order)


class SklearnTraining:
    """`MLPClassifier` with solver "sgd": each epoch is a fit of one iteration that goes on from the last.

    Parameters
    ----------
    task : Task
        Images and labels.
    layers : sequence of Layer
        Ordinary ones, with the initial weights.
    shuffle : bool, default=True
        Draw a new order for every epoch; otherwise take the samples as they stand.
    """

    def __init__(self, task: Task, layers: Sequence[Layer], *, shuffle: bool = True) -> None:
        self.task = task
        self.classifier = MLPClassifier(
            HIDDEN, activation="logistic", solver="sgd", alpha=ALPHA, batch_size=BATCH, learning_rate_init=RATE,
            momentum=MOMENTUM, max_iter=1, shuffle=shuffle, warm_start=True, random_state=0,
        )  # fmt: skip
        self.classifier.partial_fit(task.X[:BATCH], task.y[:BATCH], classes=np.arange(N_CLASSES))
        self.classifier.coefs_ = [layer.V[0].copy() for layer in layers]
        self.classifier.intercepts_ = [layer.bias.copy() for layer in layers]

    def epoch(self, order: Rows | None = None) -> float:
        """Train once through all samples, in an order of its own; return the mean loss."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # one iteration is what is wanted
            self.classifier.fit(self.task.X, self.task.y)
        return float(self.classifier.loss_curve_[-1])
