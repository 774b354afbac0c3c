"""L-BFGS against SciPy's L-BFGS-B: value reached, evaluations and time, on classic functions and on small networks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import approx_fprime, minimize
from threadpoolctl import threadpool_limits

from ppdl import _core
from ppdl.datasets import load_digits

from .functions import Problem, problems
from .report import Report, Row, target
from .rounds import interleave, ratio

N_THREADS = 1  # of both: the networks are too small for more
MEMORY = 10
GRADIENT_TOLERANCE = 1e-5
VALUE_TOLERANCE = 1e7 * np.finfo(float).eps  # SciPy's default
MAX_ITERATIONS = 5_000
ALPHA = 10.0
N_STARTS = 4
LIMIT = 1.2  # of SciPy's evaluations
# A network has many local minima, and which one is met hangs on the last bits; those met here lie this close together.
SPREAD = 1e-3


def network_problems(loss: str, activation: str) -> list[Problem]:
    """A 64-30-10 network on the 8 × 8 digits, all of them at a time, from several starts."""
    core = _core.f64
    X, y = load_digits(return_X_y=True)
    X = np.ascontiguousarray(X, dtype=np.float64)
    targets = y.astype(np.int32) if loss == "softmax" else np.eye(10)[y]

    def dense(n_visible: int, n_hidden: int) -> object:
        return core.Dense(core.PredictedWeights(n_visible, [(n_hidden, None, None)]))

    network = core.Network([dense(64, 30), core.Activation(activation), dense(30, 10)], loss, n_inputs=64, alpha=ALPHA)

    def fun(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = network.value_and_gradient(theta, X, targets, n_threads=N_THREADS)
        return float(value), gradient

    return [Problem(f"{loss}, {activation}, start {seed}", fun, network.initial(seed)) for seed in range(N_STARTS)]


def check_gradient(problem: Problem) -> None:
    """Assert that the gradient agrees with differences, so that both minimisers are given the same honest function."""
    x = problem.start + 0.01 * np.random.default_rng(0).standard_normal(len(problem.start))
    expected = approx_fprime(x, lambda x: problem.fun(x)[0], 1e-7)
    gradient = problem.fun(x)[1]
    assert np.allclose(gradient, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max()), problem.name


def compare(problem: Problem, rounds: int) -> Row:
    """Minimise with both."""
    check_gradient(problem)
    options = {"maxcor": MEMORY, "gtol": GRADIENT_TOLERANCE, "ftol": VALUE_TOLERANCE, "maxiter": MAX_ITERATIONS}

    def scipy() -> object:
        return minimize(problem.fun, problem.start, jac=True, method="L-BFGS-B", options={**options, "maxfun": 10**6})

    def ours() -> object:
        return _core.f64.lbfgs(
            problem.fun, problem.start, memory=MEMORY, gradient_tolerance=GRADIENT_TOLERANCE,
            value_tolerance=VALUE_TOLERANCE, max_iterations=MAX_ITERATIONS, n_threads=N_THREADS,
        )  # fmt: skip

    theirs, result = scipy(), ours()
    value, gradient = problem.fun(result.x)
    assert np.isclose(value, result.value) and np.isclose(np.abs(gradient).max(), result.gradient_norm), problem.name
    times = interleave({"ppdl": ours, "SciPy": scipy}, rounds=rounds)
    return {
        "function": problem.name,
        "n": len(problem.start),
        "value": result.value,
        "SciPy's": float(theirs.fun),
        "gradient": result.gradient_norm,
        "SciPy's gradient": float(np.abs(theirs.jac).max()),
        "evaluations": result.n_evaluations,
        "SciPy's evaluations": theirs.nfev,
        "ratio": result.n_evaluations / theirs.nfev,
        "time over SciPy's": ratio(times["ppdl"], times["SciPy"]),
        "status": result.status,
    }


def main() -> None:
    """Check, measure, report."""
    report = Report(
        "lbfgs",
        f"float64, memory {MEMORY}, gradient tolerance {GRADIENT_TOLERANCE:g}, value tolerance {VALUE_TOLERANCE:.3g}, "
        f"the same for both; networks: 64-30-10 on all digits, 8 × 8, alpha {ALPHA:g}, {N_STARTS} starts",
        N_THREADS,
    )
    with threadpool_limits(N_THREADS):
        classics = [compare(problem, rounds=5) for problem in problems()]
        networks = [
            compare(problem, rounds=1)
            for loss, activation in (("softmax", "tanh"), ("softmax", "relu"), ("squared", "logistic"))
            for problem in network_problems(loss, activation)
        ]
    report.table("Classic functions", classics)
    report.table("Networks", networks)
    # Both stop where the next decrease is lost in the value's tolerance: only above that is a difference one.
    n_reached = sum(row["value"] <= row["SciPy's"] + 1e-5 * max(abs(row["SciPy's"]), 1.0) for row in classics)
    network_value = np.mean([row["value"] / row["SciPy's"] for row in networks])
    targets = [
        target("classic functions", "SciPy's value", f"{n_reached} of {len(classics)}", n_reached == len(classics)),
        target(
            "networks", "SciPy's value, mean over starts", f"{network_value:.5f} of it", network_value <= 1 + SPREAD
        ),
    ]
    for what, rows in (("classic functions", classics), ("networks", networks)):
        share = sum(row["evaluations"] for row in rows) / sum(row["SciPy's evaluations"] for row in rows)
        targets.append(target(what, f"<= {LIMIT:g} × SciPy's evaluations", f"{share:.2f} ×", share <= LIMIT))
    worst = max(row["ratio"] for row in classics)
    targets.append(
        target("each classic function", f"<= {LIMIT:g} × SciPy's evaluations", f"{worst:.2f} ×", worst <= LIMIT)
    )
    report.table("Targets", targets)
    report.write()


if __name__ == "__main__":
    main()
