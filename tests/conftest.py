"""Of all tests: interrupts reach them, and BLAS, which has the oracles' small products to do, stays on one thread."""

import signal

import pytest
import scipy.linalg  # noqa: F401, SciPy's own BLAS: only one that is loaded can be told
import threadpoolctl

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell started them in the background


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_blas():
    """Threads of BLAS that wait for each other spin: where something else runs, tests took twenty times as long."""
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        yield
