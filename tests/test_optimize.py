"""SGD and Adam against scikit-learn, L-BFGS against SciPy, and what happens when an objective misbehaves."""

import math

import numpy as np
import pytest
import scipy.optimize
from cases import covering
from numpy.testing import assert_allclose, assert_array_equal
from oracles.optimize import PROBLEMS, digits, perceptron, perceptron_start, rosenbrock
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from threadpoolctl import threadpool_limits

from ppdl import _core

F64 = _core.f64
SCALARS = [(_core.f32, np.float32, 2e-5), (_core.f64, np.float64, 1e-12)]
N_LARGE = 50_001  # several blocks, none of them full


@pytest.fixture(params=SCALARS, ids=["float32", "float64"])
def scalar(request):
    """The submodule of a scalar, its dtype, and how far two orders of rounding may lie apart after 50 steps."""
    return request.param


def optimizers(module):
    """One optimiser of each kind."""
    return [module.Sgd(momentum=0.0), module.Sgd(), module.Sgd(nesterov=True), module.Adam()]


def gradients(dtype, n, n_steps, seed=0):
    """Gradients as different in size as those of a network's layers."""
    random = np.random.default_rng(seed)
    scale = np.exp(random.normal(size=n))
    return [(scale * random.normal(size=n)).astype(dtype) for _ in range(n_steps)]


# --- SGD and Adam


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True), (0.5, True)])
def test_sgd_takes_the_steps_of_scikit_learn(scalar, momentum, nesterov):
    module, dtype, tolerance = scalar
    theta = np.linspace(-1, 1, 100, dtype=dtype)
    expected = theta.copy()
    peer = SGDOptimizer([expected], learning_rate_init=0.1, momentum=momentum, nesterov=nesterov)
    optimizer = module.Sgd(momentum=momentum, nesterov=nesterov)
    optimizer.reset(theta.size)
    for gradient in gradients(dtype, theta.size, 50):
        optimizer.step(theta, gradient, 0.1)
        peer.update_params([expected], [gradient])
        assert_allclose(theta, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("options", [{}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1}, {"beta_1": 0.0}])
def test_adam_takes_the_steps_of_scikit_learn(scalar, options):
    module, dtype, tolerance = scalar
    theta = np.linspace(-1, 1, 100, dtype=dtype)
    expected = theta.copy()
    peer = AdamOptimizer([expected], learning_rate_init=0.01, **options)
    optimizer = module.Adam(**options)
    optimizer.reset(theta.size)
    for gradient in gradients(dtype, theta.size, 50):
        optimizer.step(theta, gradient, 0.01)
        peer.update_params([expected], [gradient])
        assert_allclose(theta, expected, rtol=tolerance, atol=tolerance)


def test_rate_may_change_from_step_to_step(scalar):
    module, dtype, _ = scalar
    theta = np.zeros(3, dtype)
    optimizer = module.Sgd(momentum=0.0)
    optimizer.reset(3)
    for rate in (1.0, 0.5, 0.25):
        optimizer.step(theta, np.ones(3, dtype), rate)
    assert_array_equal(theta, np.full(3, -1.75, dtype))


@pytest.mark.parametrize("kind", range(4))
def test_steps_have_the_same_bits_for_any_number_of_threads(scalar, kind):
    module, dtype, _ = scalar
    results = []
    with threadpool_limits(7, user_api="openmp"):
        for n_threads in (1, 2, 3, 7):
            optimizer = optimizers(module)[kind]
            optimizer.reset(N_LARGE)
            theta = np.zeros(N_LARGE, dtype)
            for gradient in gradients(dtype, N_LARGE, 3):
                optimizer.step(theta, gradient, 0.01, n_threads)
            results.append(theta)
    for theta in results[1:]:
        assert_array_equal(theta, results[0])


@pytest.mark.parametrize("kind", range(4))
def test_steps_do_not_depend_on_where_theta_lies_in_memory(scalar, kind):
    module, dtype, _ = scalar
    results = []
    for offset in (0, 1, 3):
        optimizer = optimizers(module)[kind]
        optimizer.reset(1000)
        theta = np.zeros(1000 + offset, dtype)[offset:]
        for gradient in gradients(dtype, 1000, 3):
            optimizer.step(theta, gradient, 0.01)
        results.append(theta)
    for theta in results[1:]:
        assert_array_equal(theta, results[0])


@pytest.mark.parametrize("kind", range(4))
def test_steps_go_on_from_a_saved_state_as_if_never_interrupted(scalar, kind):
    module, dtype, _ = scalar
    steps = gradients(dtype, 20, 10)
    first, second = optimizers(module)[kind], optimizers(module)[kind]
    theta = np.zeros(20, dtype)
    first.reset(20)
    for gradient in steps[:5]:
        first.step(theta, gradient, 0.01)
    n_steps, arrays = first.state()
    assert n_steps == 5
    assert sum(array.nbytes for array in arrays.values()) == first.state_bytes
    resumed = theta.copy()
    second.reset(20)
    second.load_state((n_steps, arrays))
    for gradient in steps[5:]:
        first.step(theta, gradient, 0.01)
        second.step(resumed, gradient, 0.01)
    assert_array_equal(resumed, theta)


def test_state_takes_no_more_memory_than_the_method_needs(scalar):
    module, dtype, _ = scalar
    for optimizer, n_arrays in zip(optimizers(module), (0, 1, 1, 2), strict=True):
        optimizer.reset(100)
        assert optimizer.size == 100
        assert optimizer.state_bytes == n_arrays * 100 * np.dtype(dtype).itemsize


def test_state_of_another_optimizer_is_refused():
    sgd, adam = F64.Sgd(), F64.Adam()
    sgd.reset(4)
    adam.reset(4)
    with pytest.raises(ValueError, match="arrays of optimizer state: received 2; expected 1"):
        sgd.load_state(adam.state())
    with pytest.raises(ValueError, match='received array "speed", expected "velocity"'):
        sgd.load_state((1, {"speed": np.zeros(4)}))
    with pytest.raises(ValueError, match='"velocity": received 3; expected 4'):
        sgd.load_state((1, {"velocity": np.zeros(3)}))
    with pytest.raises(ValueError, match="n_steps must be >= 0"):
        sgd.load_state((-1, {"velocity": np.zeros(4)}))


def test_sizes_are_checked_before_a_step():
    optimizer = F64.Sgd()
    optimizer.reset(3)
    with pytest.raises(ValueError, match="size of theta: received 4; expected 3"):
        optimizer.step(np.zeros(4), np.zeros(4), 0.1)
    with pytest.raises(ValueError, match="size of gradient: received 4; expected 3"):
        optimizer.step(np.zeros(3), np.zeros(4), 0.1)
    with pytest.raises(TypeError):
        optimizer.step(np.zeros(3, np.float32), np.zeros(3, np.float32), 0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: F64.Sgd(momentum=1.5), r"momentum must be in \[0, 1\] \(received 1.5\)"),
        (lambda: F64.Sgd(momentum=math.nan), "momentum"),
        (lambda: F64.Adam(beta_1=-0.1), r"beta_1 must be in \[0, 1\) \(received -0.1\)"),
        (lambda: F64.Adam(beta_2=1.0), "beta_2"),
        (lambda: F64.Adam(epsilon=0.0), "epsilon must be positive and finite"),
    ],
)
def test_options_out_of_range_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_repr_shows_the_options():
    assert repr(F64.Sgd(nesterov=True)) == "Sgd(momentum=0.9, nesterov=True)"
    assert repr(F64.Adam(beta_1=0.5)) == "Adam(beta_1=0.5, beta_2=0.999, epsilon=1e-08)"


# --- Column norms


def test_only_columns_longer_than_the_limit_are_rescaled(scalar):
    module, dtype, tolerance = scalar
    random = np.random.default_rng(0)
    shapes = [(30, 150), (7, 3)]  # the first wider than one strip of columns
    matrices = [random.normal(size=shape) * np.geomspace(0.1, 3, shape[1]) for shape in shapes]
    gap = np.full(5, 100.0)  # parameters between the matrices stay as they are
    theta = np.concatenate([matrices[0].ravel(), gap, matrices[1].ravel()]).astype(dtype)
    expected = []
    for matrix in matrices:
        norms = np.linalg.norm(matrix, axis=0)
        assert (norms > 3).any()
        assert (norms < 3).any()
        expected.append(matrix * np.minimum(1, 3 / norms))
    before = theta.copy()
    module.limit_column_norms(theta, [(0, 30, 150), (4505, 7, 3)], 3.0)
    assert_allclose(theta, np.concatenate([expected[0].ravel(), gap, expected[1].ravel()]), rtol=tolerance)
    kept = np.linalg.norm(matrices[0], axis=0) < 2.999
    assert_array_equal(theta[:4500].reshape(30, 150)[:, kept], before[:4500].reshape(30, 150)[:, kept])


def test_matrices_outside_theta_are_refused():
    with pytest.raises(ValueError, match="the matrix of 2 by 3 at 1 is not within theta, of size 6"):
        F64.limit_column_norms(np.zeros(6), [(1, 2, 3)], 1.0)
    with pytest.raises(ValueError, match=r"max_norm must be positive \(received 0\)"):
        F64.limit_column_norms(np.zeros(6), [(0, 2, 3)], 0.0)


# --- L-BFGS against SciPy


def scipy_lbfgs(fun, x0, **options):
    """SciPy's L-BFGS-B with the tolerances and memory that are our defaults."""
    options = {"maxcor": 10, "ftol": 2.220446049250313e-9, "gtol": 1e-5, "maxiter": 15000, "maxfun": 15000} | options
    return scipy.optimize.minimize(fun, x0, jac=True, method="L-BFGS-B", options=options)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_lbfgs_is_as_good_as_scipy_in_at_most_1_2_times_its_evaluations(problem):
    peer = scipy_lbfgs(problem.fun, problem.x0)
    at_most = int(1.2 * peer.nfev)
    endless = F64.lbfgs(problem.fun, problem.x0, max_evaluations=at_most, gradient_tolerance=0, value_tolerance=0)
    assert endless.value <= peer.fun + 1e-10 * max(1, abs(peer.fun))
    ours = F64.lbfgs(problem.fun, problem.x0)
    assert ours.converged
    assert ours.n_evaluations <= at_most


def reaches(target):
    """A callback that stops once the value is as low as `target`."""
    return lambda value, **_: value <= target


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_lbfgs_trains_a_small_network_in_at_most_1_2_times_the_evaluations_of_scipy(activation):
    # A network has many minima, and the last bit of a step decides which of two equal methods is ahead in one run. So
    # the ratio is averaged over starts, and counted to the value that SciPy has after 100 iterations.
    X, y = digits()
    fun = perceptron(X[:300], y[:300], 20, 1e-4, activation)
    ratios = []
    for seed in range(8):
        x0 = perceptron_start(64, 20, 10, seed)
        peer = scipy_lbfgs(fun, x0, maxiter=100, ftol=0, gtol=0)
        ours = F64.lbfgs(fun, x0, gradient_tolerance=0, value_tolerance=0, callback=reaches(peer.fun))
        assert ours.status == "stopped_by_callback"
        ratios.append(ours.n_evaluations / peer.nfev)
    assert np.exp(np.mean(np.log(ratios))) <= 1.2


@pytest.mark.parametrize("problem", PROBLEMS[:4], ids=lambda problem: problem.name)
def test_lbfgs_returns_the_best_point_that_it_evaluated(problem):
    seen = []

    def recorded(x):
        value, gradient = problem.fun(x)
        seen.append((value, x))
        return value, gradient

    for max_evaluations in (1, 2, 3, 5, 10, 20, 15000):
        seen.clear()
        result = F64.lbfgs(recorded, problem.x0, max_evaluations=max_evaluations)
        assert len(seen) == result.n_evaluations <= max_evaluations
        assert result.value == min(value for value, _ in seen)
        value, gradient = problem.fun(result.x)
        assert result.value == value
        assert_array_equal(result.gradient, gradient)
        assert result.gradient_norm == np.abs(gradient).max()


@pytest.mark.parametrize(("problem", "precision"), covering(PROBLEMS[:8], [np.float64, np.float32]))
def test_lbfgs_minimises_in_float32_and_ends_where_rounding_hides_the_decrease(problem, precision):
    def rounded(x):
        assert x.dtype == np.float32
        value, gradient = problem.fun(x.astype(np.float64))
        return precision(value), gradient.astype(np.float32)

    ours = _core.f32.lbfgs(rounded, problem.x0.astype(np.float32))
    peer = scipy_lbfgs(problem.fun, problem.x0)
    assert ours.converged
    assert ours.x.dtype == np.float32
    assert ours.value <= peer.fun + 1e-6 * max(1, peer.fun)
    assert ours.n_evaluations <= 1.2 * peer.nfev


def test_lbfgs_has_the_same_bits_for_any_number_of_threads(scalar):
    module, dtype, _ = scalar
    curvature = np.geomspace(1, 100, N_LARGE)

    def fun(x):
        gradient = curvature * np.sin(x) + x**3
        return float(curvature @ (1 - np.cos(x)) + (x**4).sum() / 4), gradient.astype(dtype)

    x0 = np.linspace(-1, 2, N_LARGE, dtype=dtype)
    with threadpool_limits(7, user_api="openmp"):
        results = [module.lbfgs(fun, x0, max_iterations=6, n_threads=n) for n in (1, 2, 3, 7)]
    for result in results[1:]:
        assert_array_equal(result.x, results[0].x)
        assert result.value == results[0].value


# --- L-BFGS: how it ends


def test_lbfgs_ends_at_once_where_the_gradient_is_small_enough():
    result = F64.lbfgs(rosenbrock, np.ones(4))
    assert (result.status, result.n_iterations, result.n_evaluations) == ("converged_gradient", 0, 1)


def test_lbfgs_stops_after_the_iterations_allowed():
    result = F64.lbfgs(rosenbrock, np.array([-1.2, 1.0]), max_iterations=3)
    assert (result.status, result.n_iterations, result.converged) == ("max_iterations", 3, False)
    assert "max_iterations = 3" in result.message


def test_lbfgs_stops_after_the_evaluations_allowed():
    result = F64.lbfgs(rosenbrock, np.array([-1.2, 1.0]), max_evaluations=7)
    assert (result.status, result.n_evaluations) == ("max_evaluations", 7)


def test_lbfgs_tells_its_callback_of_each_iteration_and_stops_when_asked():
    calls = []

    def callback(**iteration):
        calls.append(iteration)
        return len(calls) == 4

    result = F64.lbfgs(rosenbrock, np.array([-1.2, 1.0]), callback=callback)
    assert (result.status, result.n_iterations) == ("stopped_by_callback", 4)
    assert [call["n_iterations"] for call in calls] == [1, 2, 3, 4]
    values = [call["value"] for call in calls]
    assert values == sorted(values, reverse=True)
    for call in calls:
        value, gradient = rosenbrock(call["x"])
        assert call["value"] == value
        assert call["gradient_norm"] == np.abs(gradient).max()
        assert call["step"] > 0


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_lbfgs_reports_a_start_that_is_not_finite(value):
    result = F64.lbfgs(lambda x: (value, x), np.ones(2))
    assert (result.status, result.n_evaluations) == ("not_finite", 1)
    assert_array_equal(result.x, np.ones(2))
    assert "x0" in result.message


def test_lbfgs_reports_a_gradient_that_is_not_finite_at_the_start():
    assert F64.lbfgs(lambda x: (1.0, x * math.nan), np.ones(2)).status == "not_finite"


def test_lbfgs_shortens_steps_into_a_region_where_the_value_is_not_finite():
    def barrier(x):  # the sum of x - log x, defined for x > 0, least at 1
        with np.errstate(invalid="ignore", divide="ignore"):
            return float((x - np.log(x)).sum()), 1 - 1 / x

    values = []

    def recorded(x):
        value, gradient = barrier(x)
        values.append(value)
        return value, gradient

    result = F64.lbfgs(recorded, np.array([10.0, 0.01, 3.0]))
    assert not np.isfinite(values).all()
    assert result.converged
    assert_allclose(result.x, 1, atol=1e-4)


def test_lbfgs_survives_values_that_are_finite_nowhere_but_at_the_start():
    start = np.ones(2)
    result = F64.lbfgs(lambda x: (1.0 if (x == start).all() else math.nan, np.ones(2)), start)
    assert result.status == "line_search_failed"
    assert_array_equal(result.x, start)


def test_lbfgs_gives_up_on_a_gradient_of_the_wrong_sign_and_keeps_the_start():
    result = F64.lbfgs(lambda x: (x @ x, -2 * x), np.ones(2))
    assert result.status == "line_search_failed"
    assert "not that of the value" in result.message
    assert_array_equal(result.x, np.ones(2))


def test_lbfgs_ends_on_a_function_without_a_minimum():
    result = F64.lbfgs(lambda x: (-x.sum(), -np.ones(2)), np.ones(2), max_evaluations=500)
    assert (result.status, result.n_evaluations) == ("max_evaluations", 500)
    assert result.value < -1e9


def test_lbfgs_survives_gradients_that_overflow_when_squared():
    result = F64.lbfgs(lambda x: (1e200 * np.abs(x).sum(), 1e200 * np.sign(x)), np.ones(2), max_evaluations=200)
    assert not result.converged


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError("in the objective")])
def test_what_the_objective_or_the_callback_raises_is_raised(error):
    def fail(*args, **kwargs):
        raise error

    n_calls = 0

    def fail_later(x):
        nonlocal n_calls
        n_calls += 1
        return rosenbrock(x) if n_calls < 5 else fail()

    kind = error if isinstance(error, type) else type(error)
    with pytest.raises(kind):
        F64.lbfgs(fail_later, np.array([-1.2, 1.0]))
    assert n_calls == 5
    with pytest.raises(kind):
        F64.lbfgs(rosenbrock, np.array([-1.2, 1.0]), callback=fail)


def test_each_x_that_the_objective_receives_is_its_own():
    kept = []

    def keep(x):
        kept.append((x, x.copy()))
        return rosenbrock(x)

    F64.lbfgs(keep, np.array([-1.2, 1.0]))
    for x, copy in kept:
        assert_array_equal(x, copy)


def test_objectives_that_return_something_else_are_errors():
    with pytest.raises(TypeError, match=r"fun must return a tuple \(value, gradient\)"):
        F64.lbfgs(lambda x: 1.0, np.ones(2))
    with pytest.raises(ValueError, match="3 elements; expected 1 dimension and 2 elements"):
        F64.lbfgs(lambda x: (1.0, np.ones(3)), np.ones(2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory": 0}, r"memory must be positive \(received 0\)"),
        ({"max_iterations": -1}, "max_iterations must be >= 0"),
        ({"max_evaluations": 0}, "max_evaluations must be positive"),
        ({"gradient_tolerance": -1e-3}, r"gradient_tolerance must be >= 0 \(received -0.001\)"),
        ({"value_tolerance": math.nan}, r"value_tolerance must be >= 0 \(received nan\)"),
    ],
)
def test_options_of_lbfgs_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        F64.lbfgs(rosenbrock, np.ones(2), **options)


def test_x0_of_another_dtype_is_a_type_error():
    with pytest.raises(TypeError):
        F64.lbfgs(rosenbrock, np.ones(2, np.float32))


def test_result_repr_shows_status_and_figures():
    text = repr(F64.lbfgs(rosenbrock, np.ones(2)))
    assert text == (
        "LbfgsResult(status='converged_gradient', value=0, gradient_norm=0, n_iterations=0, n_evaluations=1)"
    )
