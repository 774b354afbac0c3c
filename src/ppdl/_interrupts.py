"""Calls of libraries that Ctrl-C cannot end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

_Result = TypeVar("_Result")

_PAUSE = 0.1  # seconds between two moments at which an interrupt is heard


def interruptible(function: Callable[[], _Result]) -> _Result:
    """Call a function that releases the interpreter's lock, so that an interrupt ends the wait for it.

    The function then runs on, unheard, to its own end: it must not change what others see.
    """
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    while not future.done():
        wait([future], timeout=_PAUSE)
    return future.result()
