"""The yardstick: how fast matrix products, such as those of the ordinary network, run alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch

from ppdl import _core

from .workload import BATCH, HIDDEN, N_CLASSES, N_THREADS, N_VISIBLE


class Product(NamedTuple):
    """(m, k)(k, n); `transposed`: the first factor lies transposed in memory, as X does in XᵀdZ."""

    m: int
    k: int
    n: int
    transposed: bool = False

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the product."""
        return self.m * self.k * self.n


def dense_products() -> list[Product]:
    """Return the products of one batch through the ordinary network: XW, XᵀdZ, and dZWᵀ but in the first layer."""
    sizes = (N_VISIBLE, *HIDDEN, N_CLASSES)
    products = []
    for number, (n_visible, n_hidden) in enumerate(pairwise(sizes)):
        products += [Product(BATCH, n_visible, n_hidden), Product(n_visible, BATCH, n_hidden, transposed=True)]
        if number > 0:
            products.append(Product(BATCH, n_hidden, n_visible))
    return products


def probes(products: Sequence[Product], repeats: int) -> dict[str, Callable[[], None]]:
    """Each library's `repeats` runs of the products; Eigen is what ppdl computes with."""
    rng = np.random.default_rng(0)
    arrays = []
    for m, k, n, transposed in products:
        A = rng.random((k, m) if transposed else (m, k), dtype=np.float32)
        arrays.append((A.T if transposed else A, rng.random((k, n), dtype=np.float32), np.empty((m, n), np.float32)))
    tensors = [tuple(map(torch.from_numpy, factors)) for factors in arrays]

    def eigen() -> None:
        for m, k, n, transposed in products:
            _core.f32.gemm_seconds(m, k, n, transposed=transposed, repeats=repeats, n_threads=N_THREADS)

    def numpy() -> None:
        for _ in range(repeats):
            for A, B, C in arrays:
                np.matmul(A, B, out=C)

    def pytorch() -> None:
        for _ in range(repeats):
            for A, B, C in tensors:
                torch.matmul(A, B, out=C)

    return {"Eigen": eigen, "NumPy": numpy, "PyTorch": pytorch}
