"""A step of the paper's convnet for CIFAR-10, full and predicted, against PyTorch's full one: time and memory."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn import functional as F

from ppdl import PredictedConvNetClassifier, _core
from ppdl.estimators.networks.model import network_of

from . import gemm
from .memory import CLEAR, elsewhere, forget_peak, resident
from .report import Report, Row, target
from .rounds import Times, ratio
from .workload import N_THREADS, Floats

BATCH, N_CLASSES = 100, 10
FRACTIONS = (1.0, 0.75, 0.5, 0.25, 0.1)
IMAGE = (32, 32, 3)
EAGER, COMPILED = "PyTorch full", "PyTorch full, compiled"


class Step:
    """Loss and gradient of one batch by ppdl, with a share of the weights learned."""

    def __init__(self, fraction: float, X: Floats, y: np.ndarray) -> None:
        classifier = PredictedConvNetClassifier(
            "denil2013", learned_fraction=fraction, input_shape=IMAGE, random_state=0
        )
        model = classifier.partial_fit(X[:1], y[:1], classes=np.arange(N_CLASSES))._model
        architecture = model.architecture
        self.network = network_of(architecture, architecture.layers, model.weights, model.dtype, batch_size=BATCH)
        self.theta, self.X, self.y = model.theta, X, y
        self.layers = self.network.describe()

    def __call__(self) -> tuple[float, Floats]:
        """Return loss and gradient."""
        return self.network.value_and_gradient(self.theta, self.X, self.y, training=True, n_threads=N_THREADS)

    @property
    def multiply_adds(self) -> float:
        """Of the step."""
        return BATCH * sum(about["multiply_adds"] for about in self.layers)


class Peer:
    """The full network in PyTorch, channels last, from the same weights."""

    def __init__(self, ours: Step) -> None:
        self.module = nn.Sequential(
            nn.Conv2d(3, 48, 8, padding=4), nn.ReLU(), nn.MaxPool2d(4, 2, ceil_mode=True),
            nn.Conv2d(48, 64, 8, padding=3), nn.ReLU(), nn.MaxPool2d(4, 2, ceil_mode=True),
            nn.Conv2d(64, 64, 5, padding=3), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True),
            nn.Flatten(), nn.Linear(1600, 500), nn.ReLU(), nn.Linear(500, N_CLASSES),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        weighted = [layer for layer in self.module if isinstance(layer, nn.Conv2d | nn.Linear)]
        with torch.no_grad():
            for layer, about in zip(weighted, ours.layers, strict=True):
                V = torch.tensor(ours.theta[about["offset"] :][: about["n_dynamic"]]).reshape(-1, about["n_hidden"])
                layer.weight.copy_(self._as_torch(layer, V))
                layer.bias.copy_(torch.tensor(ours.theta[about["bias_offset"] :][: about["n_bias"]]))
        images = torch.tensor(ours.X.reshape(-1, *IMAGE)).permute(0, 3, 1, 2)
        self.X, self.y = images.contiguous(memory_format=torch.channels_last), torch.tensor(ours.y).long()
        self.call: Callable[[torch.Tensor], torch.Tensor] = self.module

    @staticmethod
    def _as_torch(layer: nn.Module, V: torch.Tensor) -> torch.Tensor:
        if isinstance(layer, nn.Conv2d):
            sides = layer.kernel_size
            return V.reshape(*sides, layer.in_channels, layer.out_channels).permute(3, 2, 0, 1)
        if layer.in_features == 1600:  # ours are ordered (row, column, channel)
            V = V.reshape(5, 5, 64, -1).permute(2, 0, 1, 3).reshape(1600, -1)
        return V.T

    def compiled(self) -> Peer:
        """Let PyTorch compile it."""
        self.call = torch.compile(self.module)
        return self

    def __call__(self) -> float:
        """Compute the gradient; return the loss."""
        self.module.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.call(self.X), self.y)
        loss.backward()
        return loss.item()


def batch() -> tuple[Floats, np.ndarray]:
    """Images and labels, from a fixed seed."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((BATCH, int(np.prod(IMAGE))), dtype=np.float32), rng.integers(
        0, N_CLASSES, BATCH, dtype=np.int32
    )


def check(ours: Step, peer: Peer) -> None:
    """Assert that both compute one loss and one gradient of the last bias."""
    value, gradient = ours()
    assert abs(value - peer()) < 1e-4 * abs(value), f"loss {value}, PyTorch's {peer()}"
    last = peer.module[-1].bias.grad.numpy()
    assert np.abs(gradient[-N_CLASSES:] - last).max() < 1e-4 * np.abs(last).max(), "the gradients differ"


def peak(who: str) -> float:
    """MB above the start that some steps take, in this process."""
    torch.set_num_threads(N_THREADS)
    X, y = batch()
    full = Step(1.0, X, y)
    step: Callable[[], object] = Peer(full) if who == EAGER else Step(float(who), X, y)
    before = resident("VmRSS")
    forget_peak()
    for _ in range(3):
        step()
    return resident("VmHWM") - before


def targets_of(times: Times, peaks: dict[str, float]) -> list[Row]:
    """Hold what was measured against what is wanted."""
    full, quarter = times["ppdl 1"], times["ppdl 0.25"]
    peer = min((name for name in times if name.startswith("PyTorch")), key=lambda name: float(np.median(times[name])))
    rows = []
    for what, seconds, wanted in (("full", full, 0.9), ("25 % learned", quarter, 2.0)):
        gain = ratio(times[peer], seconds)
        rows.append(target(f"{what} against {peer}", f">= {wanted:g} × its speed", gain, gain.median >= wanted))
    for higher, lower in pairwise(FRACTIONS):
        relative = ratio(times[f"ppdl {lower:g}"], times[f"ppdl {higher:g}"])
        rows.append(target(f"{lower:g} against {higher:g}", "<= 1.02", relative, relative.median <= 1.02))
    rows.append(gemm.share_of_peak(times, full, 0.7, "full"))
    if peaks:
        rows.append(
            target("peak memory of a full step, MB", f"<= PyTorch's {peaks[EAGER]:.0f}", peaks["1.0"],
                   peaks["1.0"] <= peaks[EAGER])
        )  # fmt: skip
    return rows


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        print(json.dumps(peak(arguments.peak)))
        return
    torch.set_num_threads(N_THREADS)
    report = Report(
        "convolution" if _core.isa == _core.levels[-1] else f"convolution-{_core.isa}",
        f"loss and gradient of one batch of {BATCH} images of 32 × 32 × 3 by the paper's convnet, float32; predicted: "
        f"SquaredExponential; {N_THREADS} threads, median of {arguments.rounds} interleaved rounds",
        N_THREADS,
    )
    X, y = batch()
    with threadpool_limits(N_THREADS):
        steps = {f"ppdl {fraction:g}": Step(fraction, X, y) for fraction in FRACTIONS}
        full = steps["ppdl 1"]
        check(full, Peer(full))
        work: dict[str, Callable[[], object]] = {**steps, EAGER: Peer(full), COMPILED: Peer(full).compiled()}
        times = gemm.with_peak(work, full.multiply_adds, arguments.rounds)
    peaks = {who: elsewhere("convolution", "--peak", who) for who in (EAGER, "1.0", "0.25")} if CLEAR.exists() else {}
    report.table("Steps", [_row(name, times, steps) for name in work])
    report.table("Layers", [_layer(name, about) for name, step in steps.items() for about in step.layers])
    report.table("Peak memory above the start", [{"step": who, "MB": mb} for who, mb in peaks.items()])
    report.table("Targets", targets_of(times, peaks))
    report.write()


def _row(name: str, times: Times, steps: dict[str, Step]) -> Row:
    step = steps.get(name, steps["ppdl 1"])
    seconds = float(np.median(times[name]))
    return {
        "step": name,
        "seconds": seconds,
        "times ppdl full": ratio(times[name], times["ppdl 1"]),
        "counted": step.multiply_adds / steps["ppdl 1"].multiply_adds,
        "GF/s": 2e-9 * step.multiply_adds / seconds,
    }


def _layer(name: str, about: dict[str, object]) -> Row:
    keys = ("n_visible", "n_hidden", "n_columns", "n_dynamic", "order", "multiply_adds")
    return {"network": name, **{key: about[key] for key in keys}, "dense": about["dense_multiply_adds"]}


if __name__ == "__main__":
    main()
