"""The regressor."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from ppdl import _checks as checks

from ..training.callbacks import with_callbacks
from ..transaction import unchanged_on_error
from .contract import PredictedMLP
from .targets import RealTargets, Targets, checked_values


class PredictedMLPRegressor(RegressorMixin, PredictedMLP):
    """Multi-layer perceptron regressor that learns a part of its weights and predicts the rest.

    With ``dictionary=None`` it takes the place of scikit-learn's `MLPRegressor`, of which it has all parameters and
    attributes under the same names.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        Half the squared error, with linear outputs; or half the Poisson deviance, with exponential outputs and targets
        that are not negative. Summed over outputs, averaged over samples.
    hidden_layer_sizes, activation, dictionary, learned_fraction, n_columns, input_shape, order, n_pieces, init
        The network: as in `PredictedMLPClassifier`.
    dropout, input_dropout, alpha, penalty, max_column_norm
        Regularisation: as in `PredictedMLPClassifier`.
    solver, batch_size, shuffle, momentum, nesterovs_momentum, beta_1, beta_2, epsilon, max_fun
        Optimisation: as in `PredictedMLPClassifier`.
    learning_rate, learning_rate_init, power_t
        Learning rates: as in `PredictedMLPClassifier`.
    max_iter, tol, n_iter_no_change, early_stopping, validation_fraction, warm_start
        Start and end of training: as in `PredictedMLPClassifier`; the score that is watched is R².
    pretraining, pretraining_epochs, pretraining_options
        Pretraining: as in `PredictedMLPClassifier`.
    random_state, verbose, n_threads, memory_limit
        As in `PredictedMLPClassifier`.

    Attributes
    ----------
    coefs_, intercepts_, dynamic_coefs_, dictionaries_, theta_
        Weights: as in `PredictedMLPClassifier`.
    history_, loss_, best_loss_, loss_curve_, validation_scores_, best_validation_score_, n_iter_, t_
        Training: as in `PredictedMLPClassifier`; scores are R².
    n_layers_, n_outputs_, n_features_in_, feature_names_in_
        As in `PredictedMLPClassifier`.
    out_activation_ : {"identity", "exp"}
        Activation of the outputs.

    See Also
    --------
    PredictedMLPClassifier : For classes.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl import PredictedMLPRegressor
    >>> from ppdl.dictionaries import DCT
    >>> X = np.random.default_rng(0).normal(size=(500, 32)).cumsum(axis=1)
    >>> y = X[:, ::8].sum(axis=1)
    >>> model = PredictedMLPRegressor(
    ...     hidden_layer_sizes=(50,), dictionary=DCT(selection="leading"), learned_fraction=0.5, input_shape=(32, 1),
    ...     learning_rate_init=0.01, random_state=0, max_iter=100, n_iter_no_change=np.inf)
    >>> model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.9
    True
    """

    loss: str

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        dictionary: Any = None,
        learned_fraction: Any = 1.0,
        n_columns: Any = 1,
        input_shape: Any = None,
        order: str = "auto",
        n_pieces: int = 2,
        init: str | float = "auto",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        solver: str = "adam",
        alpha: float = 0.0001,
        penalty: str = "dynamic",
        max_column_norm: float | None = None,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        pretraining: str | None = None,
        pretraining_epochs: int | None = None,
        pretraining_options: Any = None,
        n_threads: int | None = None,
        memory_limit: int = 2**30,
    ) -> None:
        self._set(locals())

    @unchanged_on_error
    @with_callbacks
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> PredictedMLPRegressor:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 and float64 are kept, other types become float64; a C-ordered array is not copied, a
            sparse matrix is written out as a dense one.
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> PredictedMLPRegressor:
        """Train for one epoch on these samples, going on with the optimiser's state.

        At the first call, dictionaries that are made from data are made from these samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
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
