"""Regressors of any network."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from ppdl import _checks as checks

from ..training.callbacks import with_callbacks
from ..transaction import unchanged_on_error
from .contract import PredictedNetwork
from .targets import RealTargets, Targets, checked_values

_Same = TypeVar("_Same", bound="NetworkRegressor")


class NetworkRegressor(RegressorMixin, PredictedNetwork):
    """A network whose targets are real numbers."""

    loss: Any

    @unchanged_on_error
    @with_callbacks
    def fit(self: _Same, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None) -> _Same:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; for a convolutional network also images, of shape (n_samples, height, width) or (n_samples,
            height, width, channels). float32 and float64 are kept, other types become float64; an array is not
            copied if the numbers of a sample lie side by side, a sparse matrix is written out as a dense one.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        X_val, y_val : array-like, default=None
            A validation set, whose loss and score are recorded in `history_`. With ``early_stopping=True`` it takes the
            place of the part that is otherwise split off the training set.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @available_if(lambda self: self._check_solver())
    @unchanged_on_error
    @with_callbacks
    def partial_fit(self: _Same, X: Any, y: Any, sample_weight: Any = None) -> _Same:
        """Train for one epoch on these samples, going on with the optimiser's state.

        At the first call, dictionaries that are made from data are made from these samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _checked_targets(self, name: str, y: Any) -> npt.NDArray[Any]:
        return checked_values(name, y, self)

    def _targets_of(self, y: npt.NDArray[Any], known: Targets | None) -> Targets:
        kind = checks.one_of("loss", self.loss, RealTargets.LOSSES)
        return RealTargets(str(kind), 1 if y.ndim == 1 else y.shape[1])
