"""scikit-learn's callbacks (`sklearn.callback`, since 1.9), and their absence before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin
    from sklearn.callback import with_callbacks as _decorated
except ImportError:  # scikit-learn < 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """An estimator without callbacks."""

    def _decorated(method: _Method) -> _Method:
        return method


def with_callbacks(method: _Method) -> _Method:
    """Decorate a method that trains, so that callbacks hear of it, where scikit-learn has them."""
    return _decorated(method)


class FitCallbacks:
    """Tells an estimator's callbacks about its epochs; does nothing where there are none.

    Parameters
    ----------
    estimator : estimator
        The one that is fitted.
    n_epochs : int or None
        At most so many tasks follow; None where that is unknown.
    X, y : array-like
        The training data.
    sample_weight : array-like or None
        Their weights, as the user gave them.
    """

    def __init__(self, estimator: Any, n_epochs: int | None, X: Any, y: Any, sample_weight: Any) -> None:
        self._estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"X": X, "y": y, "metadata": metadata}
        self._root: Any = None
        self._task: Any = None
        if hasattr(estimator, "_init_callback_context"):
            self._root = estimator._init_callback_context(max_subtasks=n_epochs)
            self._root.call_on_fit_task_begin(estimator=estimator, **self._data)

    def begin(self) -> None:
        """Tell that an epoch begins."""
        if self._root is not None:
            self._task = self._root.subcontext(task_name="epoch")
            self._task.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end(self, attributes: Callable[[], Mapping[str, Any]]) -> bool:
        """Tell that an epoch has ended; return whether a callback asks to stop.

        Parameters
        ----------
        attributes : callable
            Returns the attributes that make a copy of the estimator a fitted one.
        """
        if self._task is None:
            return False
        task, self._task = self._task, None
        return bool(
            task.call_on_fit_task_end(estimator=self._estimator, reconstruction_attributes=attributes, **self._data)
        )

    def finish(self, attributes: Callable[[], Mapping[str, Any]]) -> None:
        """Tell that training has ended; an interrupted epoch ends with it."""
        if self._task is not None:
            self._task.call_on_fit_task_end(estimator=self._estimator)
            self._task = None
        if self._root is not None:
            self._root.call_on_fit_task_end(
                estimator=self._estimator, reconstruction_attributes=attributes, **self._data
            )
