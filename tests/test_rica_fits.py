"""RICA's fits where they go on, are interrupted, warn or are refused."""

import _thread
import copy
import pickle
import signal
import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import rica as oracle
from rica_cases import PLAIN, PREDICTED, PREPARATIONS, mixed, unconverged
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import ppdl
from ppdl import RICA
from ppdl._interrupts import interruptible
from ppdl.dictionaries import DCT, LowRank, SquaredExponential
from ppdl.estimators.ica import fitting as rica_fitting


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:400] / 16


def loss_at_start(X, **options):
    """The objective at the weights that a fit starts from: nothing is that far from convergence."""
    return RICA(**options, tol=1e9).fit(X).loss_


# Continued fits -------------------------------------------------------------------------------------------------------


@unconverged
@pytest.mark.parametrize("options", [*PREPARATIONS[:3], {"dictionary": LowRank()}], ids=str)
def test_warm_start_goes_on_from_the_weights(digits, options):
    rica = RICA(**{**PREDICTED, **options}, whiten_epsilon=0.01, warm_start=True).fit(digits)
    losses, dictionary = list(rica.loss_curve_), rica.dictionary_
    rica.fit(digits)
    assert rica.loss_curve_[: len(losses)] == losses
    assert len(rica.loss_curve_) == 8
    assert np.all(np.diff(rica.loss_curve_) < 0)
    assert rica.dictionary_ is dictionary
    assert len(rica.set_params(warm_start=False).fit(digits).loss_curve_) == 4


@unconverged
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", PREPARATIONS, ids=str)
@pytest.mark.parametrize("dictionary", [None, SquaredExponential()], ids=repr)
def test_components_as_init_are_continued(digits, dictionary, options, dtype):
    if options.get("whiten") == "pca" and dictionary is not None:
        pytest.skip("principal components are not the points of a grid")
    X = digits.astype(dtype)
    options = {**options, "whiten_epsilon": 0.01, "n_components": 70, "random_state": 0, "max_iter": 5}
    options |= {"dictionary": dictionary, "learned_fraction": 1.0 if dictionary is None else 0.5, "input_shape": (8, 8)}
    rica = RICA(**options).fit(X)
    assert_allclose(loss_at_start(X, **options, init=rica.components_), rica.loss_, rtol=1e-5)
    assert RICA(**options, init=rica.components_).fit(X).loss_ < rica.loss_


@pytest.mark.parametrize("options", [{"whiten": None}, {"whiten": "zca", "whiten_epsilon": 0.01}], ids=str)
def test_samples_as_init_are_where_it_starts(digits, options):
    start = RICA(20, **options, init="samples", random_state=0, tol=1e9).fit(digits)
    assert start.n_iter_ == 1
    filters, prepared = start.components_, digits
    if options["whiten"]:
        filters = np.linalg.solve(start.whitening_.T, filters.T).T
        prepared = (digits - start.mean_) @ start.whitening_.T
    cosines = filters @ (prepared / np.linalg.norm(prepared, axis=1, keepdims=True)).T
    assert_allclose(cosines.max(axis=1), 1.0)
    assert len(set(cosines.argmax(axis=1))) == 20


def test_samples_of_zeros_have_no_direction_to_start_from(digits):
    X = np.vstack([np.zeros((2000, 64)), digits])
    start = RICA(20, **PLAIN, init="samples", random_state=0, tol=1e9).fit(X)
    assert_allclose(np.linalg.norm(start.components_, axis=1), 1.0)
    assert np.linalg.matrix_rank(start.components_) == 20


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_components": 41}, "n_components: received 41; expected 40, which was fitted"),
        ({"dictionary": DCT()}, r"dictionary: received DCT\(\); expected SquaredExponential"),
        ({"learned_fraction": 0.5}, "learned_fraction: received 0.5; expected 0.25"),
        ({"n_columns": 2}, "n_columns: received 2; expected 4"),
        ({"input_shape": (4, 16)}, r"input_shape: received \[4, 16\]; expected \[8, 8\]"),
        ({"whiten": "zca"}, "whiten: received 'zca'; expected None"),
        ({"standardize": True}, "standardize: received True; expected False"),
    ],
    ids=str,
)
@unconverged
def test_what_is_continued_cannot_be_another_model(digits, changed, message):
    rica = RICA(**PREDICTED, warm_start=True).fit(digits).set_params(**changed)
    before = dict(vars(rica))
    for method in (rica.fit, rica.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(digits)
    assert vars(rica) == before


@pytest.mark.parametrize("options", [{}, {"whiten": "zca", "whiten_epsilon": 0.01}, {"dictionary": LowRank()}], ids=str)
def test_partial_fit_learns_call_by_call(digits, options):
    rica = RICA(**{**PREDICTED, **options}, batch_size=100)
    for _ in range(6):
        rica.partial_fit(digits)
    assert np.all(np.diff(rica.loss_curve_) < 0)
    assert len(rica.history_["time"]) == 6
    assert rica.n_iter_ == 24
    assert_allclose(rica.loss_, rica.loss_curve_[-1])
    assert rica.partial_fit(digits[:1]).n_iter_ == 25


@unconverged
def test_entries_that_a_call_lacks_are_nan(digits):
    rica = RICA(**PREDICTED).fit(digits)
    n, before = rica.n_iter_, rica.history_["gradient_norm"]
    norms = rica.partial_fit(digits).history_["gradient_norm"]
    assert norms[:n] == before
    assert np.isnan(norms[n:]).all() and len(norms) == len(rica.loss_curve_) == n + 1


def test_partial_fits_are_one_run_of_adam(digits):
    whole = RICA(**PREDICTED, batch_size=50).partial_fit(digits)
    parts = RICA(**PREDICTED, batch_size=50)
    for first in range(0, 400, 200):
        parts.partial_fit(digits[first : first + 200])
    assert_array_equal(parts.components_, whole.components_)
    assert_allclose(np.mean(parts.loss_curve_), whole.loss_)


def test_partial_fit_separates_sources():
    X, mixing = mixed(["peaked"] * 4)
    rica = RICA(whiten="zca", sparsity=1.0, batch_size=50, random_state=0)
    for _ in range(20):
        rica.partial_fit(X)
    assert oracle.amari_distance(rica.components_, mixing) < 0.05


@unconverged
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda rica: pickle.loads(pickle.dumps(rica))])
def test_copies_transform_to_the_same_bits_and_learn_on(digits, duplicate):
    rica = RICA(**PREDICTED, whiten="zca").partial_fit(digits)
    other = duplicate(rica)
    assert_array_equal(other.transform(digits), rica.transform(digits))
    assert_array_equal(other.mixing_, rica.mixing_)
    assert_array_equal(other.partial_fit(digits).components_, rica.partial_fit(digits).components_)
    assert_array_equal(
        clone(rica).partial_fit(digits).components_, RICA(**PREDICTED, whiten="zca").partial_fit(digits).components_
    )


def test_pickles_hold_no_object_of_the_core(digits):
    assert b"ppdl._core" not in pickle.dumps(RICA(**PREDICTED).partial_fit(digits))


# Interrupts, warnings, errors -----------------------------------------------------------------------------------------


def test_interrupt_keeps_the_last_iteration(digits, monkeypatch):
    rica = RICA(**{**PREDICTED, "max_iter": 10**6, "tol": 0.0})
    seen = []

    def interrupt(self, number, entries):
        seen.append(number)
        if number == 3:
            _thread.interrupt_main()  # as Ctrl-C; it is met in the next evaluation

    monkeypatch.setattr("ppdl.estimators.training.progress.ProgressTable.line", interrupt)
    with pytest.warns(UserWarning, match=r"RICA interrupted by user; the components are those of \d iteration"):
        rica.fit(digits)
    monkeypatch.undo()
    assert rica.n_iter_ == len(rica.loss_curve_) == seen[-1]
    with pytest.warns(ConvergenceWarning):
        undisturbed = RICA(**{**PREDICTED, "max_iter": rica.n_iter_, "tol": 0.0}).fit(digits)
    assert_array_equal(rica.components_, undisturbed.components_)


def test_interrupt_before_the_first_iteration_changes_nothing(digits, monkeypatch):
    rica = RICA(**PREDICTED).partial_fit(digits)
    before = dict(vars(rica))

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(rica_fitting, "objective", interrupted)
    for method in (rica.fit, rica.partial_fit):
        with pytest.raises(KeyboardInterrupt):
            method(digits)
        assert vars(rica) == before


def test_an_interrupt_ends_the_wait_for_a_library_and_errors_pass():
    never = threading.Event()
    timer = threading.Timer(0.05, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        interruptible(never.wait)
    never.set()
    timer.join()
    with pytest.raises(np.linalg.LinAlgError):
        interruptible(lambda: np.linalg.inv(np.zeros((2, 2))))


def test_an_interrupt_ends_the_iteration_that_it_meets(monkeypatch):
    X = np.random.default_rng(0).laplace(size=(20_000, 100)).astype(np.float32)
    rica = RICA(1600, max_iter=10**6, tol=0.0, random_state=0)

    def line(self, number, entries):
        if number == 1:  # while the second iteration is computed
            threading.Timer(0.01, _thread.interrupt_main).start()

    monkeypatch.setattr("ppdl.estimators.training.progress.ProgressTable.line", line)
    with pytest.warns(UserWarning, match="interrupted by user"):
        rica.fit(X)
    assert rica.n_iter_ < rica.max_iter


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iter": 2}, "RICA did not converge: stopped after max_iter = 2; the largest entry of the gradient"),
        ({"max_fun": 3}, "RICA did not converge: stopped after max_fun = 3"),
    ],
    ids=str,
)
def test_warning_tells_why_it_did_not_converge(options, message):
    X, _ = mixed(["peaked"] * 4)
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        RICA(**options, random_state=0).fit(X)
    assert caught[0].filename == __file__


def test_short_steps_end_the_search():
    X, _ = mixed(["peaked"] * 4)
    short, long = (RICA(step_tol=step_tol, random_state=0).fit(X) for step_tol in (1e-2, 0.0))
    assert 1 < short.n_iter_ < long.n_iter_


def test_progress_is_printed(digits, capsys):
    with pytest.warns(ConvergenceWarning):
        RICA(**PREDICTED, verbose=True).fit(digits)
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["step", "loss", "gradient", "seconds"]
    assert len(lines) == 4
    with pytest.warns(ConvergenceWarning):
        RICA(**PREDICTED, verbose=2).fit(digits)
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "4"]


BAD_PARAMETERS = [
    ({"n_components": 0}, "n_components: received 0"),
    ({"n_components": 2.5}, "n_components: received 2.5"),
    ({"n_components": 2**31}, "n_components: received 2147483648"),
    ({"n_columns": 10**30}, "n_columns: received 1000"),
    ({"dictionary": "SE"}, "dictionary: received 'SE'"),
    ({"dictionary": SquaredExponential(), "input_shape": None}, "input_shape"),
    ({"learned_fraction": 0.0}, "learned_fraction: received 0.0"),
    ({"learned_fraction": 1.5}, "learned_fraction: received 1.5"),
    ({"learned_fraction": 0.01}, "learned_fraction: 0.01 of 64 inputs leaves no atom"),
    ({"dictionary": None}, "learned_fraction: received 0.25, but without a dictionary"),
    ({"n_columns": 0}, "n_columns: received 0"),
    ({"n_columns": 41}, "n_columns: received 41; expected 1 to 40"),
    ({"input_shape": (8, 9)}, r"input_shape: \(8, 9\) holds 72 inputs; expected 64"),
    ({"input_shape": "square"}, "input_shape: received 'square'"),
    ({"contrast": "cube"}, "contrast: received 'cube'; expected one of 'smooth-l1', 'logcosh', 'exp'"),
    ({"contrast_epsilon": 0.0}, "contrast_epsilon: received 0.0"),
    ({"contrast_epsilon": float("nan")}, "contrast_epsilon: received nan"),
    ({"sparsity": -0.1}, "sparsity: received -0.1"),
    ({"sparsity": "0.1"}, "sparsity: received '0.1'"),
    ({"non_gaussianity": 0}, "non_gaussianity: received 0; expected 'auto', 1 or -1"),
    ({"non_gaussianity": [1, -1]}, r"non_gaussianity: received \[1, -1\]; .* each of 40 components"),
    ({"whiten": True}, "whiten: received True; expected one of 'auto', None, 'zca', 'pca'"),
    ({"whiten": "pca"}, "whiten: received 'pca', after which features are no longer the points of input_shape"),
    ({"whiten_epsilon": -1.0}, "whiten_epsilon: received -1.0"),
    ({"standardize": "yes"}, "standardize: received 'yes'"),
    ({"max_iter": 0}, "max_iter: received 0"),
    ({"max_fun": 0}, "max_fun: received 0"),
    *[({name: 2**63}, f"{name}: received 9223372036854775808") for name in ("max_iter", "max_fun", "batch_size")],
    *[({name: 10**400}, f"{name}: received") for name in ("sparsity", "tol", "whiten_epsilon", "memory_limit")],
    ({"tol": -1.0}, "tol: received -1.0"),
    ({"tol": "small"}, "tol: received 'small'"),
    ({"verbose": -1}, "verbose: received -1; expected an integer, at least 0"),
    ({"step_tol": float("inf")}, "step_tol: received inf"),
    ({"memory": 0}, "memory: received 0"),
    ({"memory": 2**40}, "memory: received 1099511627776"),
    ({"init": "pca"}, "init: received 'pca'"),
    ({"init": [["a", "b"]]}, r"init: received <U1 of shape \(1, 2\)"),
    ({"init": np.ones((3, 64))}, r"init: received float64 of shape \(3, 64\); .* \(40, 64\)"),
    ({"init": np.full((40, 64), np.nan)}, "init: received NaN or infinity"),
    ({"init": np.eye(40, 64, k=1)[::-1] * 0.0}, "init: row 0 is zero"),
    ({"init": np.ones((40, 64)), "dictionary": LowRank()}, "init: .* no unique U and V of LowRank"),
    ({"warm_start": None}, "warm_start: received None"),
    ({"batch_size": 0}, "batch_size: received 0"),
    ({"learning_rate_init": 0.0}, "learning_rate_init: received 0.0"),
    ({"random_state": "x"}, "'x' cannot be used to seed"),
    ({"n_threads": 0}, "n_threads: received 0"),
    ({"memory_limit": 1e9}, "memory_limit: received 1000000000.0"),
]


@pytest.mark.parametrize(("changed", "message"), BAD_PARAMETERS, ids=lambda value: str(value)[:60])
@unconverged
def test_bad_parameters_are_named_and_nothing_changes(digits, changed, message):
    rica = RICA(**PREDICTED).fit(digits)
    rica.set_params(**changed)
    before = dict(vars(rica))
    with pytest.raises(ValueError, match=message):
        rica.fit(digits)
    assert vars(rica) == before


BAD_DATA = [
    ("NaN", lambda X: np.where(X.max() == X, np.nan, X), "NaN"),
    ("infinity", lambda X: np.where(X.max() == X, np.inf, X), "infinity"),
    ("one dimension", lambda X: X[0], "2D array"),
    ("one sample", lambda X: X[:1], "1 sample"),
    ("no sample", lambda X: X[:0], "0 sample"),
    ("text", lambda X: np.full(X.shape, "a"), "could not convert"),
]


@pytest.mark.parametrize(("damage", "message"), [case[1:] for case in BAD_DATA], ids=[case[0] for case in BAD_DATA])
def test_bad_data_are_refused_and_nothing_changes(digits, damage, message):
    unfitted, fitted = RICA(**PREDICTED), RICA(**PREDICTED).partial_fit(digits)
    for rica in (unfitted, fitted):
        before = dict(vars(rica))
        with pytest.raises(ValueError, match=message):
            rica.fit(damage(digits))
        assert vars(rica) == before
    for damaged in (digits[:, 1:], np.where(digits == 0, np.nan, digits)):
        for method in (fitted.partial_fit, fitted.transform):
            with pytest.raises(ValueError, match="63 features|NaN"):
                method(damaged)
    with pytest.raises(ValueError, match="X: received 39 columns; expected 40, one per component"):
        fitted.inverse_transform(np.ones((2, 39)))


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (np.eye(4) * 1e200, {"whiten": None}, ppdl.NumericalError, "no finite objective: .* scale the samples"),
        (np.eye(4) * 1e200, {"standardize": True, "whiten": None}, ValueError, r"X: the largest magnitude is 1e\+200"),
        (np.eye(4) * 1e200, {"whiten": "zca"}, ValueError, r"X: the largest magnitude is 1e\+200"),
        (np.eye(4, dtype="f4"), {"contrast_epsilon": 1e-60}, ValueError, "contrast_epsilon: .* is 0.0 in float32"),
    ],
    ids=str,
)
def test_numbers_out_of_range_are_named(X, options, error, message):
    rica = RICA(**options)
    before = dict(vars(rica))
    with pytest.raises(error, match=message), np.errstate(all="ignore"):
        rica.fit(X)
    assert vars(rica) == before


def test_steps_that_leave_the_range_are_refused(digits):
    rica = RICA(learning_rate_init=1e300, tol=1e9, random_state=0).fit(digits.astype(np.float32))
    before = dict(vars(rica))
    with pytest.raises(ppdl.NumericalError, match="not finite after it; lower learning_rate_init"):
        rica.partial_fit(digits[:10])
    assert vars(rica) == before


@unconverged
def test_components_beyond_the_range_are_reported(digits):
    rica = RICA(5, max_iter=2, random_state=0).fit(digits.astype(np.float32))
    with pytest.warns(RuntimeWarning, match="X: the result holds NaN or infinity"):
        rica.transform(np.full((2, 64), 3e38, dtype=np.float32))


def test_what_is_fitted_is_absent_before():
    rica = RICA()
    for name in ("components_", "mixing_", "dynamic_components_", "dictionary_", "loss_curve_"):
        assert not hasattr(rica, name)
    for use in (rica.plot_components, rica.plot_history, lambda: rica.transform(np.eye(2))):
        with pytest.raises(NotFittedError):
            use()
