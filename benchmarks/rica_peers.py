"""RICA's objective and its gradient by NumPy and by PyTorch: sample by sample, as usual, and with ppdl's algebra.

The usual way takes five products for each sample: Z = XW, the residual ZWᵀ − X, its product with W, and the two of the
gradient. Ppdl's way has the reconstruction from the second moment C of the data, which leaves Z and the contrast's
share of the gradient, both over the samples that were pooled by U beforehand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils import gen_batches

from .rica_task import CONTRAST_EPSILON, NORM_EPSILON, SPARSITY, Floats, RicaTask

BLOCK = 2_000  # samples at a time: of 500 to 20,000, near to the fastest for all


class NumpyObjective:
    """The objective by NumPy, float32.

    Parameters
    ----------
    task : RicaTask
        What to compute.
    second_moment : bool, default=False
        Whether to compute it as ppdl does.
    """

    def __init__(self, task: RicaTask, *, second_moment: bool = False) -> None:
        self.task = task
        self.pooled: list[Floats] = []
        if second_moment:
            X = task.X
            self.moment = X.T @ X / len(X)
            self.pooled = [X] if task.U is None else [X @ U for U in task.U]
        self.n_evaluations = 0

    def value_and_gradient(self, V: Floats) -> tuple[float, Floats]:
        """Return the objective and its gradient by V."""
        self.n_evaluations += 1
        columns = self.task.columns_of(V)
        W = np.concatenate(columns if self.task.U is None else self.task.U @ columns, axis=1)
        norms = np.sqrt(np.einsum("ij,ij->j", W, W) + NORM_EPSILON)
        W /= norms
        if self.pooled:
            coefficients = columns / norms.reshape(len(columns), 1, -1)
            value, dW, dV = self._by_second_moment(W, coefficients)
            along = np.einsum("ij,ij->j", W, dW) + np.einsum("jik,jik->jk", coefficients, dV).ravel()
        else:
            value, dW = self._sample_by_sample(W)
            along, dV = np.einsum("ij,ij->j", W, dW), np.zeros_like(columns)
        dW = (dW - W * along) / norms
        dW_columns = dW.reshape(len(dW), len(columns), -1).swapaxes(0, 1)
        dV /= norms.reshape(len(columns), 1, -1)
        dV += dW_columns if self.task.U is None else self.task.U.swapaxes(1, 2) @ dW_columns
        return value, dV.ravel()

    def _sample_by_sample(self, W: Floats) -> tuple[float, Floats]:
        X = self.task.X
        value, dW = 0.0, np.zeros_like(W)
        for rows in gen_batches(len(X), BLOCK):
            x = X[rows]
            Z = x @ W
            residual = Z @ W.T
            residual -= x
            root = np.sqrt(Z * Z + np.float32(CONTRAST_EPSILON))
            value += SPARSITY * float(root.sum()) + 0.5 * float(np.vdot(residual, residual))
            np.divide(Z, root, out=root)
            root *= np.float32(SPARSITY)
            root += residual @ W
            dW += x.T @ root
            dW += residual.T @ Z
        return value / len(X), dW / len(X)

    def _by_second_moment(self, W: Floats, coefficients: Floats) -> tuple[float, Floats, Floats]:
        n_samples = len(self.task.X)
        value, dV = 0.0, np.zeros_like(coefficients)
        for P, v, dv in zip(self.pooled, coefficients, dV, strict=True):
            for rows in gen_batches(n_samples, BLOCK):
                Z = P[rows] @ v
                root = np.sqrt(Z * Z + np.float32(CONTRAST_EPSILON))
                value += SPARSITY * float(root.sum())
                Z /= root
                dv += P[rows].T @ Z
        dV *= np.float32(SPARSITY / n_samples)
        B = W @ W.T - np.eye(len(W), dtype=np.float32)
        CB = self.moment @ B
        return value / n_samples + 0.5 * float(np.vdot(CB, B)), (CB + CB.T) @ W, dV


class TorchObjective:
    """The objective by PyTorch, float32.

    Parameters
    ----------
    task : RicaTask
        What to compute; its weights are ordinary ones.
    writing : {"autograd", "by hand", "second moment"}
        How it is written.
    """

    def __init__(self, task: RicaTask, writing: str) -> None:
        assert task.U is None, "PyTorch's writings are of ordinary weights"
        self.shape = (task.X.shape[1], task.n_components)
        self.X = torch.from_numpy(task.X)
        self.moment = self.X.T @ self.X / len(self.X)
        self._evaluate = {
            "autograd": self._autograd, "by hand": self._by_hand, "second moment": self._by_second_moment
        }[writing]  # fmt: skip

    def value_and_gradient(self, V: Floats) -> tuple[float, Floats]:
        """Return the objective and its gradient by V."""
        value, gradient = self._evaluate(torch.from_numpy(V).reshape(self.shape))
        return float(value), gradient.numpy().ravel()

    def _autograd(self, V: torch.Tensor) -> tuple[float, torch.Tensor]:
        V = V.clone().requires_grad_()
        value = 0.0
        for x in self.X.split(BLOCK):
            W = V / torch.sqrt((V * V).sum(0) + NORM_EPSILON)
            Z = x @ W
            contrast = torch.sqrt(Z * Z + CONTRAST_EPSILON).sum()
            loss = (SPARSITY * contrast + 0.5 * torch.square(Z @ W.T - x).sum()) / len(self.X)
            loss.backward()
            value += loss.item()
        assert V.grad is not None
        return value, V.grad

    @torch.no_grad()
    def _by_hand(self, V: torch.Tensor) -> tuple[float, torch.Tensor]:
        W, norms = _normalised(V)
        value, dW = 0.0, torch.zeros_like(W)
        for x in self.X.split(BLOCK):
            Z = x @ W
            residual = torch.addmm(x, Z, W.T, beta=-1)
            root = torch.sqrt(torch.addcmul(_EPSILON, Z, Z))
            value += SPARSITY * root.sum().item() + 0.5 * torch.vdot(residual.ravel(), residual.ravel()).item()
            dZ = torch.addmm(torch.div(Z, root, out=root), residual, W, beta=SPARSITY)
            dW.addmm_(x.T, dZ).addmm_(residual.T, Z)
        return value / len(self.X), _through_norms(dW / len(self.X), W, norms)

    @torch.no_grad()
    def _by_second_moment(self, V: torch.Tensor) -> tuple[float, torch.Tensor]:
        W, norms = _normalised(V)
        value, dW = 0.0, torch.zeros_like(W)
        for x in self.X.split(BLOCK):
            Z = x @ W
            root = torch.sqrt(torch.addcmul(_EPSILON, Z, Z))
            value += SPARSITY * root.sum().item()
            dW.addmm_(x.T, Z.div_(root))
        B = W @ W.T - torch.eye(len(W))
        CB = self.moment @ B
        dW = torch.addmm(dW, CB + CB.T, W, beta=SPARSITY / len(self.X))
        value = value / len(self.X) + 0.5 * torch.vdot(CB.ravel(), B.ravel()).item()
        return value, _through_norms(dW, W, norms)


_EPSILON = torch.tensor(CONTRAST_EPSILON)


def _normalised(V: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    norms = torch.sqrt((V * V).sum(0) + NORM_EPSILON)
    return V / norms, norms


def _through_norms(dW: torch.Tensor, W: torch.Tensor, norms: torch.Tensor) -> Any:
    return (dW - W * (W * dW).sum(0)) / norms
