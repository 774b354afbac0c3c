"""The regressor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from ppdl._typing import RandomState

from .parameters import (
    ActivationName,
    BatchSize,
    DictionaryChoice,
    LearningRate,
    Loss,
    NumberOfColumns,
    Order,
    Penalty,
    PretrainingKind,
    Scale,
    Solver,
)
from .perceptron import PerceptronMixin
from .regression import NetworkRegressor


class PredictedMLPRegressor(PerceptronMixin, NetworkRegressor):
    """Multi-layer perceptron regressor that learns a part of its weights and predicts the rest.

    Without `learned_fraction` and `dictionary` it takes the place of scikit-learn's `MLPRegressor`, of which it has all
    parameters and attributes under the same names.

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
    ...     hidden_layer_sizes=(50,), dictionary=DCT(), learned_fraction=0.5, input_shape=(32, 1),
    ...     learning_rate_init=0.01, random_state=0, max_iter=100, n_iter_no_change=np.inf)
    >>> model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.9
    True
    """

    def __init__(
        self,
        loss: Loss = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: ActivationName = "relu",
        *,
        dictionary: DictionaryChoice | Sequence[DictionaryChoice] = "auto",
        learned_fraction: float | Sequence[float | None] | None = None,
        n_columns: NumberOfColumns | Sequence[NumberOfColumns] = "auto",
        input_shape: tuple[int, ...] | npt.ArrayLike | None = None,
        order: Order = "auto",
        n_pieces: int = 2,
        init: Scale | float = "auto",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        solver: Solver = "adam",
        alpha: float = 0.0001,
        penalty: Penalty = "dynamic",
        max_column_norm: float | None = None,
        batch_size: BatchSize = "auto",
        learning_rate: LearningRate = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
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
        pretraining: PretrainingKind | None = None,
        pretraining_epochs: int | None = None,
        pretraining_options: Mapping[str, Any] | None = None,
        n_threads: int | None = None,
        memory_limit: int = 2**30,
    ) -> None:
        self._set(locals())
