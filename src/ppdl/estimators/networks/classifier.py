"""The classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from ppdl._typing import RandomState

from .classification import NetworkClassifier
from .parameters import (
    ActivationName,
    BatchSize,
    ClassWeight,
    DictionaryChoice,
    LearningRate,
    NumberOfColumns,
    Order,
    Penalty,
    PretrainingKind,
    Scale,
    Solver,
)
from .perceptron import PerceptronMixin


class PredictedMLPClassifier(PerceptronMixin, NetworkClassifier):
    r"""Multi-layer perceptron classifier that learns a part of its weights and predicts the rest [1]_.

    The weights of a hidden layer are :math:`W = [U_1 V_1 \ldots U_J V_J]`: the dictionaries :math:`U_j` are built once
    and stay fixed, only the :math:`V_j` and the biases are learned. Without `learned_fraction` and `dictionary` it is
    an ordinary network and takes the place of scikit-learn's `MLPClassifier`, of which it has all parameters and
    attributes under the same names.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu", "maxout"}, default="relu"
        Of the hidden layers. A maxout unit is the largest of `n_pieces` linear ones.
    dictionary : "auto", Dictionary, None, or a sequence of them, default="auto"
        What U is made of, for all hidden layers or for each; see `ppdl.dictionaries`. "auto" takes smooth weights over
        the grid of `input_shape`, if it has at least 48 points, and random connections elsewhere; a column keeps at
        least 8 atoms, and where these are more than half of the inputs, the layer is ordinary (`summary` tells). None
        is an ordinary layer, whatever the fraction. The output layer is never predicted. A dictionary that is made from
        data is made from the activations of the initial network on the training set (without the samples that
        `early_stopping` sets aside), a random 100,000 of them if there are more; see `pretraining`.
    learned_fraction : float, None, or a sequence of them, default=None
        Atoms of each column's dictionary as a fraction of the layer's inputs, in (0, 1]: ``int(n_inputs * fraction)``
        of them; a fraction that leaves none is an error. It is the fraction of the layer's weights that is learned.
        None is 0.2 where a dictionary is given, and 1, nothing predicted, where it is not.
    n_columns : int, "auto", or a sequence of them, default="auto"
        Columns J of a layer: its hidden units are divided evenly among so many dictionaries, each with atoms of its
        own. "auto" takes as many as have 1024 atoms together, and at least all that the layer's inputs allow once; of
        random connections, one for each unit; of what all columns have in common, one.
    input_shape : tuple of int, or array-like of shape (n_points, d), default=None
        Where the features lie: ``(height, width)``, ``(height, width, channels)`` or coordinates, for dictionaries that
        want to know.
    order : {"auto", "predict", "pool"}, default="auto"
        Order of evaluation: X(UV), (XU)V, or whichever is cheaper by a cost model. Results differ by rounding.
    n_pieces : int, default=2
        Linear pieces of a maxout unit.
    init : {"auto", "glorot", "he", "lecun"} or float, default="auto"
        Size of the initial weights: V is uniform and such that the predicted W has the variance that the rule asks for;
        a float is the bound on V itself. "auto" is scikit-learn's bound on W, :math:`\sqrt{6 / (n_{in} + n_{out})}`, or
        :math:`\sqrt{2 / (n_{in} + n_{out})}` for logistic units. Biases start at zero.
    dropout, input_dropout : float, default=0.0
        Probability, below 1, that a hidden unit or an input is dropped while training; the others are scaled up.
    solver : {"lbfgs", "sgd", "adam"}, default="adam"
        "lbfgs" minimises over the whole training set at once, without dropout.
    alpha : float, default=0.0001
        Strength of the weight decay: ½ alpha ‖V‖² divided by the number of samples of the batch is added to the loss.
    penalty : {"dynamic", "predicted"}, default="dynamic"
        What `alpha` holds small: V, or the predicted weights UV.
    max_column_norm : float or None, default=None
        Bound on the Euclidean norm of each column of each V_j, imposed after every step of "sgd" and "adam"; None for
        none.
    batch_size : int or "auto", default="auto"
        Samples of a mini-batch; "auto" is min(200, n_samples).
    learning_rate : {"constant", "invscaling", "adaptive", "one_cycle", "geometric"} or Schedule, default="constant"
        The first three are scikit-learn's; "invscaling" and "adaptive" have effect with ``solver="sgd"`` only.
        "one_cycle" warms up linearly to `learning_rate_init` over 30 % of all mini-batches, then follows a cosine to
        zero; all `max_iter` epochs are run. "geometric" divides the rate by 1.00004 after each mini-batch, down to
        1e-6. `schedules.OneCycle` and `schedules.Geometric` take other constants.
    learning_rate_init : float, default=0.001
        Initial learning rate; the largest one of "one_cycle".
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Most epochs, or iterations of L-BFGS.
    shuffle : bool, default=True
        Whether each epoch goes through the samples in a new order.
    random_state : int, RandomState instance or None, default=None
        Determines the choice of atoms, the initial weights, dropout, the order of the samples and the split of
        `early_stopping`. The same integer gives the same bits for any number of threads.
    tol : float, default=1e-4
        Least improvement of the loss, or of the validation score, that counts; of L-BFGS, the largest entry of the
        gradient at which it ends.
    verbose : bool or int, default=False
        Whether to print a table, one line for each epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last one, with a fresh optimiser. With early stopping, they are
        kept unless an epoch has a better score.
    momentum : float, default=0.9
        Momentum of "sgd", from 0 to 1.
    nesterovs_momentum : bool, default=True
        Whether that is Nesterov's.
    early_stopping : bool, default=False
        Whether training ends when the score on a validation set stagnates, and keeps the best model. Not for "lbfgs".
    validation_fraction : float, default=0.1
        Part of the training set that is the validation set of `early_stopping`, unless `fit` is given one.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of Adam's running means.
    epsilon : float, default=1e-8
        Adam's guard against division by zero.
    n_iter_no_change : int or inf, default=10
        Training ends after more epochs in a row than this without improvement by `tol`; infinity runs all epochs.
    max_fun : int, default=15000
        Most evaluations of L-BFGS.
    pretraining : {None, "autoencoder", "supervised"}, default=None
        "autoencoder" first trains each hidden layer as a tied-weight autoencoder, the lowest first; every column
        reconstructs the layer's whole input. Data-driven dictionaries are built from the pretrained activations below.
        "supervised" trains `pretraining_epochs` of the `max_iter` epochs; if training goes on, it first builds the
        data-driven dictionaries of the layers above the first anew from the activations reached, and fits their V to
        the weights by least squares.
    pretraining_epochs : int or None, default=None
        Epochs of each layer's autoencoder, None is 50; or epochs before dictionaries are made anew, fewer than
        `max_iter`, None is 1.
    pretraining_options : dict or None, default=None
        Of the autoencoders: any of `learning_rate_init` (0.1), `learning_rate` ("geometric"), `momentum` (0.7),
        `nesterovs_momentum` (False), `batch_size` (100), `decoder` ("auto": logistic for inputs in [0, 1], else
        identity; or an activation) and `decoder_bias` (False).
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with `sample_weight`, by which "balanced" counts the samples.
    n_threads : int or None, default=None
        Threads; None is what OpenMP allows, so that `threadpoolctl` and OMP_NUM_THREADS are obeyed. It is a bound in
        any case.
    memory_limit : int, default=2**30
        Bytes that XU may take when it is computed once for the whole training set. With less it is computed for each
        batch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_ : list of ndarray of shape (n_visible, n_hidden)
        Weights W = UV of each layer, the output layer included, made whenever asked for.
    intercepts_ : list of ndarray of shape (n_hidden,)
        Biases of each layer.
    dynamic_coefs_ : list of list of ndarray of shape (n_atoms, n_hidden_j)
        V_1, …, V_J of each layer; the U_j that a `LowRank` layer learns stands before its V_j.
    dictionaries_ : list of DictionaryColumns
        The dictionaries of each layer: ``dictionaries_[layer].dictionary(j)`` is U_j.
    theta_ : ndarray of shape (n_parameters,)
        All learned parameters.
    history_ : dict of list
        For each epoch "loss", "learning_rate" (the first of the epoch) and "time" (seconds); with a validation set
        "val_loss" and "val_score". All lists are of one length, over all calls; NaN stands where nothing was recorded.
    loss_, best_loss_ : float
        Last and least training loss; the latter is None with early stopping.
    loss_curve_ : list of float
        Training loss of each epoch.
    validation_scores_, best_validation_score_ : list of float, float
        With early stopping the scores of all epochs, and that of the model that is kept; otherwise None.
    n_iter_ : int
        Epochs, or iterations, of the last fit.
    t_ : int
        Samples seen.
    n_layers_, n_outputs_, out_activation_ : int, int, str
        Layers, inputs and outputs included; outputs; their activation, "softmax" or "logistic".
    n_features_in_, feature_names_in_ : int, ndarray
        As in scikit-learn.

    See Also
    --------
    PredictedMLPRegressor : For real-valued targets.
    PredictedConvNetClassifier : For images.

    Notes
    -----
    `set_params` and searches reach a dictionary's own parameters, as ``dictionary__length_scale``, and those of one in
    a sequence, as ``dictionary__0__length_scale``.

    Bad input is refused before anything changes: after any exception the estimator is what it was. An interrupted fit
    (Ctrl-C) keeps the last complete epoch, and so does one whose loss or outputs become infinite, with a warning; an
    error ends it if there is none.

    A sample of weight 0 counts as an absent one: in training, in validation, and in dictionaries made from data.

    References
    ----------
    .. [1] M. Denil, B. Shakibi, L. Dinh, M. Ranzato, N. de Freitas, "Predicting Parameters in Deep Learning", NIPS
       2013.

    Examples
    --------
    >>> from ppdl import PredictedMLPClassifier
    >>> from ppdl.dictionaries import SquaredExponential
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> options = dict(
    ...     hidden_layer_sizes=(64,), input_shape=(8, 8),
    ...     learning_rate="one_cycle", learning_rate_init=0.01, max_iter=20, random_state=0)
    >>> clf = PredictedMLPClassifier(learned_fraction=0.2, **options)
    >>> clf.fit(X[:1200] / 16, y[:1200]).score(X[1200:] / 16, y[1200:]) > 0.9
    True

    A dictionary and columns of one's own choice:

    >>> clf = PredictedMLPClassifier(
    ...     dictionary=SquaredExponential(), learned_fraction=0.25, n_columns=4, **options)
    >>> [V.shape for V in clf.fit(X[:1200] / 16, y[:1200]).dynamic_coefs_[0]]
    [(16, 16), (16, 16), (16, 16), (16, 16)]
    """

    def __init__(
        self,
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
        class_weight: ClassWeight = None,
        n_threads: int | None = None,
        memory_limit: int = 2**30,
    ) -> None:
        self._set(locals())
