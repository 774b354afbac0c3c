"""Convolutional networks of predicted weights."""

from __future__ import annotations

from collections.abc import Sequence

from ppdl._typing import RandomState
from ppdl.layers import Layer

from .classification import NetworkClassifier
from .images import ImageNetwork
from .parameters import (
    ActivationName,
    BatchSize,
    ClassWeight,
    DictionaryChoice,
    LearningRate,
    Loss,
    Order,
    Penalty,
    Preset,
    PretrainingKind,
    Scale,
    Solver,
)
from .regression import NetworkRegressor


class PredictedConvNetClassifier(ImageNetwork, NetworkClassifier):
    r"""Convolutional classifier of images that learns a part of its weights and predicts the rest [1]_.

    The weights of every convolution and hidden dense layer are :math:`W = [U_1 V_1 \ldots U_J V_J]`, where only the
    :math:`V_j` and the biases are learned. A filter's weights are predicted over the rows and columns of its window, a
    dense unit's over those of the map that it sees.

    Parameters
    ----------
    layers : sequence of ppdl.layers, "denil2013" or "small", default="small"
        The network but for its output layer: `Conv2D`, `MaxPool2D`, `AvgPool2D`, `Dense`, `Activation`, `Maxout`,
        `Dropout`, `Jitter`. Layers of weights may have a dictionary, a fraction and a number of columns of their own.
        "denil2013" is the paper's network for CIFAR-10: 48 filters of 8 x 8, 64 of 8 x 8, 64 of 5 x 5, each followed
        by pooling, and 500 units in five columns; "auto" is `SquaredExponential` in it. "small" has 32 and 64 filters
        of 3 x 3, each followed by pooling of 2 x 2, and 128 units, all in four columns. The output layer is dense,
        ordinary and added to them.
    activation : {"identity", "logistic", "tanh", "relu", "maxout"}, default="relu"
        Put after every layer of weights that has no `Activation` or `Maxout` of its own before the next one. With
        "maxout" there are `n_pieces` times as many filters or units before it.
    dictionary : "auto", Dictionary or None, default="auto"
        What U is made of in layers that have no dictionary of their own; see `ppdl.dictionaries`. "auto" takes smooth
        weights over windows and maps of at least 48 points, and random connections elsewhere; see
        `PredictedMLPClassifier`. None is an ordinary layer, whatever the fraction. One that is made from data is made
        from the windows that the filters of the initial network see in the training set, a random 100,000 of them if
        there are more.
    learned_fraction : float or None, default=None
        Atoms of each column's dictionary as a fraction of W's rows, in (0, 1], in layers that have no fraction of their
        own: ``int(n_rows * learned_fraction)`` of them, tied over the channels where atoms lie in one. Where it is 1,
        all weights are learned, and `dictionary` is of no effect (but for ``selection="all"``). None is 0.2 where a
        dictionary is given, and 1 where it is not.
    input_shape : tuple of int, default=None
        ``(height, width)`` or ``(height, width, channels)`` of the images; None takes it from X.
    order, n_pieces, init
        As in `PredictedMLPClassifier`.
    dropout, input_dropout, alpha, penalty, max_column_norm
        Regularisation: as in `PredictedMLPClassifier`; dropout is of what each layer of weights sees.
    solver, batch_size, shuffle, momentum, nesterovs_momentum, beta_1, beta_2, epsilon, max_fun
        Optimisation: as in `PredictedMLPClassifier`.
    learning_rate, learning_rate_init, power_t
        Learning rates: as in `PredictedMLPClassifier`.
    max_iter, tol, n_iter_no_change, early_stopping, validation_fraction, warm_start
        Start and end of training: as in `PredictedMLPClassifier`.
    pretraining, pretraining_epochs
        None or "supervised": as in `PredictedMLPClassifier`.
    random_state, verbose, class_weight, n_threads, memory_limit
        As in `PredictedMLPClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    input_shape_ : (int, int, int)
        Height, width and channels of the images.
    coefs_ : list of ndarray of shape (n_visible, n_hidden)
        Weights W = UV of each layer of weights, made whenever asked for; of a convolution, a column for each filter and
        a row for each number of its window, in the order (row, column, channel).
    intercepts_, dynamic_coefs_, dictionaries_, theta_, history_, loss_, best_loss_, loss_curve_, validation_scores_
        As in `PredictedMLPClassifier`.
    best_validation_score_, n_iter_, t_, n_layers_, n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in `PredictedMLPClassifier`.

    See Also
    --------
    PredictedMLPClassifier : Without convolutions; it describes the parameters of training.
    PredictedConvNetRegressor : For real-valued targets.

    Notes
    -----
    Images are arrays of shape (n_samples, height, width, channels), or without channels if there is one; or rows of as
    many numbers in that order, with `input_shape`.

    References
    ----------
    .. [1] M. Denil, B. Shakibi, L. Dinh, M. Ranzato, N. de Freitas, "Predicting Parameters in Deep Learning", NIPS
       2013, Sec. 4.3.

    Examples
    --------
    >>> from ppdl import PredictedConvNetClassifier
    >>> from ppdl.layers import Conv2D, Dense, MaxPool2D
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> X, y = digits.images / 16, digits.target
    >>> clf = PredictedConvNetClassifier(
    ...     [Conv2D(16, 3, padding=1), MaxPool2D(2), Dense(32)], learned_fraction=0.5,
    ...     batch_size=20, learning_rate="one_cycle", learning_rate_init=0.02, max_iter=5, random_state=0)
    >>> clf.fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]) > 0.85
    True
    >>> clf.dynamic_coefs_[1][0].shape  # of the first column
    (128, 1)
    """

    def __init__(
        self,
        layers: Sequence[Layer] | Preset = "small",
        activation: ActivationName = "relu",
        *,
        dictionary: DictionaryChoice = "auto",
        learned_fraction: float | None = None,
        input_shape: tuple[int, ...] | None = None,
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
        class_weight: ClassWeight = None,
        n_threads: int | None = None,
        memory_limit: int = 2**30,
    ) -> None:
        self._set(locals())


class PredictedConvNetRegressor(ImageNetwork, NetworkRegressor):
    """Convolutional network of predicted weights for real-valued targets.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        As in `PredictedMLPRegressor`.
    layers, activation, dictionary, learned_fraction, input_shape, order, n_pieces, init
        The network: as in `PredictedConvNetClassifier`.
    dropout, input_dropout, alpha, penalty, max_column_norm
        Regularisation: as in `PredictedMLPClassifier`.
    solver, batch_size, shuffle, momentum, nesterovs_momentum, beta_1, beta_2, epsilon, max_fun
        Optimisation: as in `PredictedMLPClassifier`.
    learning_rate, learning_rate_init, power_t
        Learning rates: as in `PredictedMLPClassifier`.
    max_iter, tol, n_iter_no_change, early_stopping, validation_fraction, warm_start
        Start and end of training: as in `PredictedMLPClassifier`; the score that is watched is R².
    pretraining, pretraining_epochs
        None or "supervised": as in `PredictedMLPClassifier`.
    random_state, verbose, n_threads, memory_limit
        As in `PredictedMLPClassifier`.

    Attributes
    ----------
    input_shape_ : (int, int, int)
        Height, width and channels of the images.
    coefs_, intercepts_, dynamic_coefs_, dictionaries_, theta_, history_, loss_, best_loss_, n_iter_
        As in `PredictedConvNetClassifier`.

    See Also
    --------
    PredictedConvNetClassifier : For classes.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl import PredictedConvNetRegressor
    >>> X = np.random.default_rng(0).normal(size=(60, 6, 6))
    >>> regressor = PredictedConvNetRegressor(max_iter=2, n_iter_no_change=np.inf, random_state=0)
    >>> regressor.fit(X, X.mean(axis=(1, 2))).predict(X).shape
    (60,)
    """

    def __init__(
        self,
        loss: Loss = "squared_error",
        layers: Sequence[Layer] | Preset = "small",
        activation: ActivationName = "relu",
        *,
        dictionary: DictionaryChoice = "auto",
        learned_fraction: float | None = None,
        input_shape: tuple[int, ...] | None = None,
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
        n_threads: int | None = None,
        memory_limit: int = 2**30,
    ) -> None:
        self._set(locals())
