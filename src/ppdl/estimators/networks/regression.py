"""Regressors of any network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from sklearn.base import RegressorMixin

from ppdl import _checks as checks
from ppdl._typing import Samples

from ..training.callbacks import with_callbacks
from ..transaction import unchanged_on_error
from .contract import PredictedNetwork, in_batches
from .parameters import Loss
from .targets import RealTargets, Targets, checked_values

if TYPE_CHECKING:
    from typing_extensions import Self


class NetworkRegressor(RegressorMixin, PredictedNetwork):
    """A network whose targets are real numbers."""

    loss: Loss

    @unchanged_on_error
    @with_callbacks
    def fit(
        self,
        X: Samples,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        X_val: Samples | None = None,
        y_val: npt.ArrayLike | None = None,
    ) -> Self:
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

    @in_batches
    @unchanged_on_error
    @with_callbacks
    def partial_fit(self, X: Samples, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> Self:
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
