"""Bare matrix products, such as those of the ordinary network: ppdl's kernel, NumPy and PyTorch; others' yardstick."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from threadpoolctl import threadpool_limits

from ppdl import _core

from .report import Report, Row, target
from .rounds import Times, interleave, ratio
from .workload import BATCH, HIDDEN, N_CLASSES, N_THREADS, N_VISIBLE

OURS = "ppdl"
PEAK = "FMA peak"  # not a library: seconds that the products would take at the machine's rate


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

    def __str__(self) -> str:
        """Return the shapes, the transposed one marked."""
        return f"({self.m}, {self.k}){'ᵀ' if self.transposed else ''}({self.k}, {self.n})"


def dense_products() -> list[Product]:
    """Return the products of one batch through the ordinary network: XW, XᵀdZ, and dZWᵀ but in the first layer."""
    sizes = (N_VISIBLE, *HIDDEN, N_CLASSES)
    products = []
    for number, (n_visible, n_hidden) in enumerate(pairwise(sizes)):
        products += [Product(BATCH, n_visible, n_hidden), Product(n_visible, BATCH, n_hidden, transposed=True)]
        if number > 0:
            products.append(Product(BATCH, n_hidden, n_visible))
    return products


def column_products() -> list[Product]:
    """Return those of one of ten columns at 5 %: PV_j and PᵀdZ_j, with 39 atoms for 50 units."""
    return [Product(BATCH, 39, 50), Product(39, BATCH, 50, transposed=True)]


def probes(products: Sequence[Product], repeats: int) -> dict[str, Callable[[], None]]:
    """Each library's `repeats` runs of the products."""
    rng = np.random.default_rng(0)
    arrays = []
    for m, k, n, transposed in products:
        A = rng.random((k, m) if transposed else (m, k), dtype=np.float32)
        arrays.append((A.T if transposed else A, rng.random((k, n), dtype=np.float32), np.empty((m, n), np.float32)))
    tensors = [tuple(map(torch.from_numpy, factors)) for factors in arrays]

    def ours() -> None:
        for m, k, n, transposed in products:
            _core.f32.product_seconds(m, k, n, transposed=transposed, repeats=repeats, n_threads=N_THREADS)

    def numpy() -> None:
        for _ in range(repeats):
            for A, B, C in arrays:
                np.matmul(A, B, out=C)

    def pytorch() -> None:
        for _ in range(repeats):
            for A, B, C in tensors:
                torch.matmul(A, B, out=C)

    return {OURS: ours, "NumPy": numpy, "PyTorch": pytorch}


def with_peak(work: dict[str, Callable[[], object]], multiply_adds: float, rounds: int) -> Times:
    """Time contenders in rounds; beside them, what as many multiply-adds take at the peak measured in each round."""
    rates: list[float] = []
    times = interleave({**work, PEAK: lambda: rates.append(_core.peak_multiply_adds())}, rounds=rounds)
    times[PEAK] = multiply_adds / (N_THREADS * np.array(rates[-rounds:]))
    return times


def share_of_peak(times: Times, seconds: npt.NDArray[np.float64], wanted: float, what: str) -> Row:
    """Hold the part of the peak that was reached against what is wanted."""
    reached = ratio(times[PEAK], seconds)
    return target(what, f">= {wanted:.0%} of the FMA peak", reached, reached.median >= wanted)


def main() -> None:
    """Measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--work", type=float, default=5e9, help="multiply-adds of each product in a round")
    arguments = parser.parse_args()
    torch.set_num_threads(N_THREADS)
    report = Report(
        "gemm",
        f"float32 products of one batch of {BATCH}: of 784-500-500-10, and of one of ten columns at 5 %; {N_THREADS} "
        f"threads, median of {arguments.rounds} interleaved rounds; right factors packed ahead, as a step does",
        N_THREADS,
    )
    rows: list[Row] = []
    targets: list[Row] = []
    with threadpool_limits(N_THREADS):
        for name, products in (("the ordinary network", dense_products()), ("a column", column_products())):
            work = sum(product.multiply_adds for product in products)
            repeats = max(1, round(arguments.work * len(products) / work))
            runs = probes(products, repeats)
            times = with_peak(runs, repeats * work, arguments.rounds)
            peer = min(("NumPy", "PyTorch"), key=lambda library: float(np.median(times[library])))
            gain = ratio(times[peer], times[OURS])
            targets.append(target(f"{name}: against {peer}", ">= 1 × its rate", gain, gain.median >= 1))
            if len(products) > 2:
                targets.append(share_of_peak(times, times[OURS], 0.7, name))
            for product in products:
                alone = max(1, round(arguments.work / product.multiply_adds))
                each = with_peak(probes([product], alone), alone * product.multiply_adds, arguments.rounds)
                rates = {
                    f"{library}, GF/s": 2e-9 * alone * product.multiply_adds / float(np.median(seconds))
                    for library, seconds in each.items()
                }
                rows.append({"of": name, "product": str(product), **rates})
    report.table("Products, one by one", rows)
    report.table("Targets", targets)
    report.write()


if __name__ == "__main__":
    main()
