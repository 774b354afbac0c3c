"""Features of CIFAR's images by 1600 filters of 6 x 6 pixels at every position, pooled over quadrants: ppdl and NumPy.

What counts as NumPy's time is that of its fastest writing; see `peer`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from threadpoolctl import threadpool_limits

from ppdl import PatchFeatures
from ppdl.datasets import load_cifar10

from . import gemm
from .memory import CLEAR, MB, forget_peak, resident
from .report import Report, target
from .rounds import Times, interleave, ratio
from .workload import N_THREADS, Floats

SHAPE = (32, 32, 3)
PATCH = 6
N_FILTERS = 1600
N_POSITIONS = (SHAPE[0] - PATCH + 1) * (SHAPE[1] - PATCH + 1)
IMAGES = 4  # of one bare product
PRODUCT = gemm.Product(IMAGES * N_POSITIONS, PATCH * PATCH * SHAPE[2], N_FILTERS)
BARE = "the bare products"  # by ppdl's kernel
ENCODINGS = ("absolute", "smooth-absolute", "split", "soft-threshold", "triangle")
MEMORY_IMAGES = 10_000


def load_images(n_images: int) -> tuple[Floats, str]:
    """CIFAR-10's first test images, or synthetic ones of the same shape where it is not at hand."""
    try:
        X, _ = load_cifar10(subset="test", return_X_y=True)
        return X[:n_images].copy(), f"CIFAR-10, the first {n_images} test images"
    except FileNotFoundError:
        X = np.random.default_rng(0).random((n_images, int(np.prod(SHAPE))), dtype=np.float32)
        return X, f"{n_images} synthetic images of CIFAR's shape (set PPDL_DATA for CIFAR-10)"


def fitted(X: Floats, encoding: str) -> PatchFeatures:
    """Patches as filters: what is measured does not depend on how they were learned."""
    features = PatchFeatures(
        N_FILTERS, PATCH, encoding=encoding, n_patches=20_000, input_shape=SHAPE, random_state=0, n_threads=N_THREADS
    )
    return features.fit(X)


def _quadrants() -> Floats:
    """Which of the positions lie in which quadrant, shape (4, N_POSITIONS), so that pooling is a product."""
    side = SHAPE[0] - PATCH + 1
    half = (np.arange(side) >= (side + 1) // 2).astype(int)
    quadrant = (2 * half[:, np.newaxis] + half).ravel()
    return (np.arange(4)[:, np.newaxis] == quadrant).astype(np.float32)


def _encode(Z: npt.NDArray[Any], estimator: PatchFeatures, squared: Floats, spare: Floats) -> list[Floats]:
    """Codes of responses, in place where that can be; `spare` is as large as Z."""
    encoding, t = estimator.encoding, np.float32(estimator.encoding_threshold)
    if encoding == "absolute":
        return [np.abs(Z, out=Z)]
    if encoding == "smooth-absolute":
        np.square(Z, out=Z)
        Z += np.float32(estimator.encoding_epsilon)
        return [np.sqrt(Z, out=Z)]
    if encoding == "triangle":
        Z *= np.float32(-2)
        Z += squared
        np.sqrt(np.maximum(Z, 0, out=Z), out=Z)
        np.subtract(Z.mean(axis=1, keepdims=True), Z, out=Z)
        return [np.maximum(Z, 0, out=Z)]
    t = t if encoding == "soft-threshold" else np.float32(0)
    np.maximum(np.subtract(Z, t, out=spare), 0, out=spare)
    np.add(Z, t, out=Z)
    np.negative(np.minimum(Z, 0, out=Z), out=Z)
    return [spare, Z]


def peer(estimator: PatchFeatures, block: int, threads: int) -> Callable[[Floats], Floats]:
    """The same features in NumPy, `block` images at a time: views of windows, BLAS, ufuncs in place, pooling by BLAS.

    With `threads` > 1 so many threads take the blocks, each with a BLAS of one thread; otherwise BLAS has them all.
    """
    whitener, normalizer = estimator.whitener_, estimator.normalizer_
    F = np.ascontiguousarray(estimator.filters_.T)
    shift = whitener.mean_
    triangle = estimator.encoding == "triangle"
    folded, bias = whitener.whitening_ @ F, -(shift @ whitener.whitening_ @ F)
    centroids = (F**2).sum(axis=0)
    quadrants = _quadrants()

    def features(images: Floats) -> Floats:
        n = len(images)
        windows = sliding_window_view(images.reshape(n, *SHAPE), (PATCH, PATCH), axis=(1, 2))
        P = windows.transpose(0, 1, 2, 4, 5, 3).reshape(n * N_POSITIONS, -1)  # a copy
        P -= P.mean(axis=1, keepdims=True)
        P /= np.sqrt(np.einsum("ij,ij->i", P, P) / P.shape[1] + np.float32(normalizer.epsilon))[:, np.newaxis]
        squared = np.zeros(0, np.float32)
        if triangle:
            P -= shift
            P = P @ whitener.whitening_
            squared = np.einsum("ij,ij->i", P, P)[:, np.newaxis] + centroids
            Z = P @ F
        else:
            Z = P @ folded
            Z += bias
        codes = _encode(Z, estimator, squared, np.empty_like(Z))
        pooled = [quadrants @ code.reshape(n, N_POSITIONS, -1) for code in codes]
        return np.concatenate(pooled, axis=2).reshape(n, -1)

    def transform(X: Floats) -> Floats:
        blocks = [X[first : first + block] for first in range(0, len(X), block)]
        if threads == 1:
            return np.concatenate([features(images) for images in blocks])
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(features, blocks)))

    return transform


PEERS = {
    "NumPy": partial(peer, block=1, threads=1),
    "NumPy, 4 images at a time": partial(peer, block=4, threads=1),
    f"NumPy, {N_THREADS} threads": partial(peer, block=1, threads=N_THREADS),
}


def measure(X: Floats, encoding: str, rounds: int) -> Times:
    """Assert that all compute the same, then time them beside the bare products."""
    ours = fitted(X, encoding)
    work: dict[str, Callable[[], object]] = {"ppdl": partial(ours.transform, X)}
    sample = ours.transform(X[:8])
    for name, make in PEERS.items():
        transform = make(ours)
        error = np.abs(transform(X[:8]) - sample).max() / np.abs(sample).max()
        assert error < 1e-4, f"{name}, {encoding}: differs by {error:.1e}"
        work[name] = partial(transform, X)
    work[BARE] = gemm.probes([PRODUCT], len(X) // IMAGES)[gemm.OURS]
    return interleave(work, rounds=rounds)


def peak(encoding: str) -> dict[str, float]:
    """Transform in this process; return the peak above what stood before and the output, in MB, and the seconds."""
    X, _ = load_images(MEMORY_IMAGES)
    features = fitted(X[:100], encoding)
    features.transform(X[:10])  # libraries and threads are there now
    before = resident("VmRSS")
    forget_peak()
    start = time.perf_counter()
    output = features.transform(X)
    seconds = time.perf_counter() - start
    return {"beyond": resident("VmHWM") - before - output.nbytes / MB, "output": output.nbytes / MB, "seconds": seconds}


def peak_elsewhere(encoding: str) -> dict[str, float]:
    """Run `peak` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.patches", "--peak", encoding]
    output = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent
    ).stdout
    measured: dict[str, float] = json.loads(output)
    return measured


def main() -> None:
    """Check, measure, report; or, with --peak, be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=300, help="images that are timed, a multiple of 4")
    parser.add_argument("--peak", choices=ENCODINGS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak is not None:
        print(json.dumps(peak(arguments.peak)))
        return
    X, source = load_images(arguments.images)
    report = Report(
        "patches",
        f"{source}; {N_FILTERS} filters of {PATCH} x {PATCH} x {SHAPE[2]}, {N_POSITIONS} positions, patches normalised "
        f"and whitened, quadrants, float32; {N_THREADS} threads, median of {arguments.rounds} interleaved rounds",
        N_THREADS,
    )
    work = 2 * PRODUCT.multiply_adds / IMAGES * len(X) / 1e9
    rows, targets = [], []
    with threadpool_limits(N_THREADS):
        for encoding in ENCODINGS:
            times = measure(X, encoding, arguments.rounds)
            fastest = min(PEERS, key=lambda name: float(np.median(times[name])))
            for name, seconds in times.items():
                median = float(np.median(seconds))
                rows.append({"encoding": encoding, "by": name, "ms per image": 1e3 * median / len(X),
                             "GF/s": work / median, "times ppdl": ratio(seconds, times["ppdl"])})  # fmt: skip
            gain, reached = ratio(times[fastest], times["ppdl"]), ratio(times[BARE], times["ppdl"])
            targets.append(target(f"{encoding} against {fastest}", ">= 2 × faster", gain, gain.median >= 2))
            targets.append(target(f"{encoding} against the bare products", ">= 0.8 of the rate", reached,
                                  reached.median >= 0.8))  # fmt: skip
    report.table("Extraction", rows)
    if CLEAR.exists():  # Linux
        peaks = {encoding: peak_elsewhere(encoding) for encoding in ("smooth-absolute", "triangle")}
        report.table(
            f"Peak memory, {MEMORY_IMAGES} images",
            [
                {"encoding": encoding, "output, MB": measured["output"], "seconds": measured["seconds"],
                 "peak beyond input and output, MB": measured["beyond"]}
                for encoding, measured in peaks.items()
            ],
        )  # fmt: skip
        for encoding, measured in peaks.items():
            beyond = measured["beyond"]
            targets.append(
                target(f"{encoding}: memory beyond input and output", "< 1 GiB", f"{beyond:.1f} MB", beyond < 1024)
            )
    report.table("Targets", targets)
    report.write()


if __name__ == "__main__":
    main()
