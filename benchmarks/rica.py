"""RICA: its objective and gradient, and whole fits to an equal objective, against NumPy, SciPy and PyTorch."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from ppdl import RICA, _core
from ppdl.dictionaries import SquaredExponential
from ppdl.estimators.ica.fitting import size_of_terms

from . import gemm
from .report import Report, Row, target
from .rica_peers import NumpyObjective, TorchObjective
from .rica_task import CONTRAST_EPSILON, N_CHANNELS, SPARSITY, Floats, RicaTask, make_task
from .rounds import Times, interleave, ratio
from .workload import N_THREADS

PATCH_SIZE, N_COMPONENTS = 8, 1_600  # 8 × 8 × 3 = 192 inputs
FIT_PATCH_SIZE, FIT_PATCHES, FIT_COMPONENTS = 6, 20_000, 400  # 108 inputs
FRACTION = 0.25
N_COLUMNS = 10
ORDINARY, ONE, TEN = "nokernel", "25 %", f"25 %, {N_COLUMNS} columns"
MEMORY = 10
PROBES = (500, 2_000, 10_000)  # samples in a product; the fastest of ppdl's kernel is the yardstick
STEPS = 3  # iterations of the search whose evaluations are timed


@dataclass(frozen=True)
class Contender:
    """An implementation of the objective of a task."""

    task: str
    evaluate: Callable[[Floats], tuple[float, Floats]]


# Objective and gradient ----------------------------------------------------------------------------------------------


class Search:
    """A search that times the evaluations of ppdl's objective: what follows from the samples alone is made before them.

    The peers have theirs at hand, too.
    """

    def __init__(self, task: RicaTask) -> None:
        self.task, self.model = task, task.model()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Go some steps; note the seconds of an evaluation after the first step."""
        marks: list[tuple[int, float]] = []

        def mark(*, n_evaluations: int, **_: Any) -> bool:
            marks.append((n_evaluations, time.perf_counter()))
            return False

        _core.f32.fit_lbfgs(
            self.model, self.task.start, self.task.X, memory=MEMORY, max_iterations=STEPS, gradient_tolerance=0.0,
            value_tolerance=0.0, callback=mark, n_threads=N_THREADS,
        )  # fmt: skip
        (n_before, begin), *_, (n_after, end) = marks
        self.seconds.append((end - begin) / (n_after - n_before))


def contenders(tasks: Mapping[str, RicaTask]) -> dict[str, Contender]:
    """All implementations, by name."""
    every: dict[str, Contender] = {}
    for name, task in tasks.items():
        every[f"ppdl {name}"] = Contender(
            name, partial(task.model().value_and_gradient, inputs=task.X, n_threads=N_THREADS)
        )
        for writing, second_moment in (("", False), (" (second moment)", True)):
            peer = NumpyObjective(task, second_moment=second_moment)
            every[f"NumPy {name}{writing}"] = Contender(name, peer.value_and_gradient)
    for writing in ("autograd", "by hand", "second moment"):
        peer = TorchObjective(tasks[ORDINARY], writing)
        every[f"PyTorch {ORDINARY} ({writing})"] = Contender(ORDINARY, peer.value_and_gradient)
    return every


def check(tasks: Mapping[str, RicaTask]) -> None:
    """Assert that all implementations of one task have the same value and gradient."""
    every = contenders({name: task.head(3_000) for name, task in tasks.items()})
    for name, contender in every.items():
        start = tasks[contender.task].start
        expected, slope = every[f"ppdl {contender.task}"].evaluate(start)
        value, gradient = contender.evaluate(start)
        assert abs(value - expected) < 1e-4 * expected, f"{name}: {value}, ppdl's {expected}"
        error = np.linalg.norm(gradient - slope) / np.linalg.norm(slope)
        assert error < 1e-3, f"{name}: the gradient differs from ppdl's by {error} of it"


def measure(tasks: Mapping[str, RicaTask], rounds: int) -> tuple[Times, Times]:
    """Seconds of an evaluation, and of its bare products, from the same rounds."""
    searches = {f"ppdl {name}": Search(task) for name, task in tasks.items()}
    work: dict[str, Callable[[], object]] = {name: search.run for name, search in searches.items()}
    work |= {
        name: partial(contender.evaluate, tasks[contender.task].start)
        for name, contender in contenders(tasks).items()
        if name not in (*searches, f"NumPy {TEN}")  # which takes what one column takes
    }
    n_samples, n_visible = tasks[ORDINARY].X.shape
    probes = {
        f"{library}, {batch} samples": run
        for batch in PROBES
        for library, run in gemm.probes(products(batch, n_visible), max(1, n_samples // batch)).items()
        if library == gemm.OURS or batch == PROBES[1]
    }
    times = interleave({**work, **probes}, rounds=rounds)
    times |= {name: np.array(search.seconds[-rounds:]) for name, search in searches.items()}
    return {name: times[name] for name in work}, {name: times[name] for name in probes}


def products(batch: int, n_inputs: int) -> list[gemm.Product]:
    """Return the two products of the contrast over some samples: Z = PṼ, and PᵀdZ."""
    return [
        gemm.Product(batch, n_inputs, N_COMPONENTS),
        gemm.Product(n_inputs, batch, N_COMPONENTS, transposed=True),
    ]


def operations(task: RicaTask) -> float:
    """Operations of the products over samples that one of ppdl's evaluations does."""
    return 4.0 * len(task.X) * len(task.start)


def fastest(times: Times, prefix: str, *, but: str = "-") -> str:
    """Name of the quickest entry among those that begin with `prefix`, and do not hold `but`."""
    names = [name for name in times if name.startswith(prefix) and but not in name]
    return min(names, key=lambda name: float(np.median(times[name])))


def targets_of_objective(times: Times, probes: Times) -> list[Row]:
    """Hold the ratios of the rounds against what is wanted."""
    ours, moment = times[f"ppdl {ORDINARY}"], "second moment"
    comparisons = [
        ("objective and gradient against NumPy", times[f"NumPy {ORDINARY}"], ours, 1.5),
        ("… against PyTorch", times[fastest(times, "PyTorch", but=moment)], ours, 1.5),
        ("… against NumPy with the second moment", times[f"NumPy {ORDINARY} ({moment})"], ours, None),
        ("… against PyTorch with the second moment", times[f"PyTorch {ORDINARY} ({moment})"], ours, None),
        (f"{ONE} learned against {ORDINARY}", ours, times[f"ppdl {ONE}"], 2.5),
        (f"{TEN} learned against {ORDINARY}", ours, times[f"ppdl {TEN}"], None),
    ]
    rows = [_faster(*comparison) for comparison in comparisons]
    yardstick = fastest(probes, gemm.OURS)
    reached = ratio(probes[yardstick], ours)
    share = f"{ORDINARY} against its bare products, {yardstick.split(', ')[1]} at a time"
    return [*rows, target(share, ">= 0.8 of the rate", reached, reached.median >= 0.8)]


# Whole fits ----------------------------------------------------------------------------------------------------------


@dataclass
class Fit:
    """Where a search ended, and what it took."""

    value: float
    n_evaluations: int
    n_iterations: int


def fit_ppdl(task: RicaTask, goal: float, max_iterations: int = 10_000) -> Fit:
    """Search as `RICA.fit` does, until the objective is at or below `goal`."""
    unit = size_of_terms(task.X, SPARSITY)
    found = _core.f32.fit_lbfgs(
        task.model(), task.start, task.X, unit=unit, memory=MEMORY, max_iterations=max_iterations,
        gradient_tolerance=0.0, value_tolerance=0.0, callback=lambda *, value, **_: unit * value <= goal,
        n_threads=N_THREADS,
    )  # fmt: skip
    return Fit(unit * found.value, found.n_evaluations, found.n_iterations)


def fit_scipy(task: RicaTask, goal: float, max_iterations: int = 10_000, *, second_moment: bool = False) -> Fit:
    """Search by SciPy's L-BFGS-B over NumPy's objective, until it is at or below `goal`."""
    objective = NumpyObjective(task, second_moment=second_moment)

    def fun(V: Any) -> tuple[float, Any]:
        value, gradient = objective.value_and_gradient(V.astype(np.float32))
        return value, gradient.astype(np.float64)

    def reached(intermediate_result: Any) -> None:
        if intermediate_result.fun <= goal:
            raise StopIteration

    options = {"maxcor": MEMORY, "maxiter": max_iterations, "maxfun": 10**6, "ftol": 0.0, "gtol": 0.0}
    found = minimize(fun, task.start, jac=True, method="L-BFGS-B", callback=reached, options=options)
    return Fit(float(found.fun), objective.n_evaluations, int(found.nit))


def measure_fits(tasks: Mapping[str, RicaTask], n_iterations: int, rounds: int) -> tuple[list[Row], list[Row]]:
    """Fit each task by ppdl and by SciPy; SciPy's value after some iterations is the goal of all."""
    goals: dict[str, float] = {}
    work: dict[str, Callable[[], Fit]] = {}
    for name, task in tasks.items():
        goal = fit_scipy(task, -np.inf, n_iterations).value
        runs = {
            f"ppdl {name}": partial(fit_ppdl, task, goal),
            f"SciPy, NumPy {name}": partial(fit_scipy, task, goal),
            f"SciPy, NumPy {name} (second moment)": partial(fit_scipy, task, goal, second_moment=True),
        }
        work |= runs
        goals |= dict.fromkeys(runs, goal)
    fits: dict[str, Fit] = {}

    def run(name: str) -> None:
        fits[name] = work[name]()
        assert fits[name].value <= goals[name], f"{name}: ended at {fits[name].value}, above {goals[name]}"

    times = interleave({name: partial(run, name) for name in work}, rounds=rounds, warmup=0)
    table = [
        {"fit": name, "goal": goals[name], "value": fit.value, "iterations": fit.n_iterations,
         "evaluations": fit.n_evaluations, "seconds": (seconds := float(np.median(times[name]))),
         "ms an evaluation": 1e3 * seconds / fit.n_evaluations}
        for name, fit in fits.items()
    ]  # fmt: skip
    return table, targets_of_fits(times, fits)


def targets_of_fits(times: Times, fits: Mapping[str, Fit]) -> list[Row]:
    """Hold the ratios of the rounds, and the numbers of evaluations, against what is wanted."""
    targets = []
    for name, wanted in ((ORDINARY, 1.5), (ONE, 4.0)):
        ours, theirs = f"ppdl {name}", f"SciPy, NumPy {name}"
        targets.append(_faster(f"fit, {name}, against SciPy over NumPy", times[theirs], times[ours], wanted))
        with_moment = times[f"{theirs} (second moment)"]
        targets.append(_faster("… over NumPy with the second moment", with_moment, times[ours], None))
        share = fits[ours].n_evaluations / fits[theirs].n_evaluations
        targets.append(target("… evaluations", "<= 1.2 × SciPy's", f"{share:.2f} ×", share <= 1.2))
    return [*targets, _faster(f"fit, {ONE}, against {ORDINARY}", times[f"ppdl {ORDINARY}"], times[f"ppdl {ONE}"], None)]


# Mini-batches --------------------------------------------------------------------------------------------------------


def measure_batches(X: Floats, rounds: int) -> Row:
    """Hold `RICA.partial_fit` over ten batches with a dictionary against that without."""
    shape = (FIT_PATCH_SIZE, FIT_PATCH_SIZE, N_CHANNELS)

    def batches(**options: Any) -> None:
        rica = RICA(FIT_COMPONENTS, whiten=None, input_shape=shape, random_state=0, n_threads=N_THREADS, **options)
        for batch in np.split(X[: len(X) // 10 * 10], 10):
            rica.partial_fit(batch)

    smooth = {"dictionary": SquaredExponential(length_scale=1.0, ridge=0.01), "learned_fraction": FRACTION}
    times = interleave({ORDINARY: batches, ONE: partial(batches, **smooth)}, rounds=rounds)
    measured = ratio(times[ONE], times[ORDINARY])
    wanted = f"<= 1.2 × {ORDINARY}"
    return target(f"partial_fit of 10 batches of {len(X) // 10}, {ONE}", wanted, measured, measured.median <= 1.2)


def _faster(what: str, slow: Any, fast: Any, wanted: float | None) -> Row:
    """One row of a table of targets; without a wanted ratio, for information."""
    measured = ratio(slow, fast)
    if wanted is None:
        return {"what": what, "target": "", "measured": str(measured), "": ""}
    return target(what, f">= {wanted:g} × faster", measured, measured.median >= wanted)


def main() -> None:
    """Check, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fit-rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=100_000, help="patches of the objective, ten thousands")
    parser.add_argument("--iterations", type=int, default=100, help="of SciPy, whose value is the fits' goal")
    arguments = parser.parse_args()
    torch.set_num_threads(N_THREADS)
    report = Report(
        "rica",
        f"patches of scikit-learn's sample images, whitened, float32; smooth-l1, λ = {SPARSITY:g}, "
        f"ε = {CONTRAST_EPSILON:g}; objective: {arguments.samples} patches of {PATCH_SIZE} × {PATCH_SIZE} × 3, "
        f"{N_COMPONENTS} features, {arguments.rounds} interleaved rounds; fits: {FIT_PATCHES} patches of "
        f"{FIT_PATCH_SIZE} × {FIT_PATCH_SIZE} × 3, {FIT_COMPONENTS} features, until the objective is that of SciPy's "
        f"L-BFGS-B after {arguments.iterations} iterations from the same start, {arguments.fit_rounds} rounds; "
        f"25 %: SE dictionary; {N_THREADS} threads",
        N_THREADS,
    )
    with threadpool_limits(N_THREADS):
        make = partial(make_task, PATCH_SIZE, arguments.samples, N_COMPONENTS)
        tasks = {ORDINARY: make(), ONE: make(fraction=FRACTION), TEN: make(fraction=FRACTION, n_columns=N_COLUMNS)}
        check(tasks)
        times, probes = measure(tasks, arguments.rounds)
        work = 2 * sum(product.multiply_adds for product in products(arguments.samples, tasks[ORDINARY].X.shape[1]))
        report.table(
            "The two products over samples alone",
            [{"library": name, "GF/s": work / np.median(seconds) / 1e9, "seconds": float(np.median(seconds))}
             for name, seconds in probes.items()],
        )  # fmt: skip
        report.table(
            "Objective and gradient",
            [{"implementation": name, "seconds": float(np.median(seconds)), "least": float(seconds.min()),
              "times ppdl nokernel": ratio(seconds, times[f"ppdl {ORDINARY}"])} for name, seconds in times.items()],
        )  # fmt: skip
        bare = work / np.median(probes[fastest(probes, gemm.OURS)])
        report.table(
            "Operations of ppdl's products over samples",
            [{"weights": name, "learned": len(task.start), "GF": operations(task) / 1e9,
              "GF/s": (rate := operations(task) / np.median(times[f"ppdl {name}"])) / 1e9,
              "of the bare products' rate for nokernel": rate / bare} for name, task in tasks.items()],
        )  # fmt: skip
        targets = targets_of_objective(times, probes)
        make = partial(make_task, FIT_PATCH_SIZE, FIT_PATCHES, FIT_COMPONENTS)
        small = {ORDINARY: make(), ONE: make(fraction=FRACTION)}
        fits, of_fits = measure_fits(small, arguments.iterations, arguments.fit_rounds)
        report.table("Fits to an equal objective", fits)
        of_batches = measure_batches(small[ORDINARY].X, arguments.fit_rounds)
    report.table("Targets", [*targets, *of_fits, of_batches])
    report.write()


if __name__ == "__main__":
    main()
