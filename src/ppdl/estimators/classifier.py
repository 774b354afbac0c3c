"""The classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from . import losses
from .callbacks import with_callbacks
from .mlp import PredictedMLP, unchanged_on_error
from .model import Array


class PredictedMLPClassifier(ClassifierMixin, PredictedMLP):
    def __init__(
        self,
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
        class_weight: Any = None,
        n_threads: int | None = None,
        memory_limit: int = 2**30,
    ) -> None:
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            dictionary=dictionary,
            learned_fraction=learned_fraction,
            n_columns=n_columns,
            input_shape=input_shape,
            order=order,
            n_pieces=n_pieces,
            init=init,
            dropout=dropout,
            input_dropout=input_dropout,
            solver=solver,
            alpha=alpha,
            penalty=penalty,
            max_column_norm=max_column_norm,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            pretraining=pretraining,
            pretraining_epochs=pretraining_epochs,
            pretraining_options=pretraining_options,
            n_threads=n_threads,
            memory_limit=memory_limit,
        )
        self.class_weight = class_weight

    @unchanged_on_error
    @with_callbacks
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> PredictedMLPClassifier:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 and float64 are kept, other types become float64; a C-ordered array is not copied, a
            sparse matrix is written out as a dense one.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Classes; two-dimensional for a multilabel problem.
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> PredictedMLPClassifier:
        """Train for one epoch on these samples, going on with the optimiser's state.

        At the first call, dictionaries that are made from data are made from these samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever occur; needed at the first call, and unchanged later.

        Returns
        -------
        self
        """
        if classes is not None:
            classes = unique_labels(classes)
            if hasattr(self, "classes_") and not np.array_equal(classes, self.classes_):
                raise ValueError(f"classes: received {classes}; earlier calls had {self.classes_}")
            self.classes_ = classes
        elif not hasattr(self, "classes_"):
            raise ValueError("classes: the first call of partial_fit must be given all of them")
        return self._fit(X, y, sample_weight, incremental=True)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`, float32 or float64 as the network.
        """
        outputs = self._outputs(X)
        return np.hstack([1.0 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _checked_targets(self, y: Any) -> npt.NDArray[Any]:
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError("y: received several multiclass outputs; expected classes, or 0 and 1 for multilabel problems")
        return y

    def _encode(self, y: npt.NDArray[Any], dtype: npt.DTypeLike, *, keep_classes: bool) -> npt.NDArray[Any]:
        present = np.arange(y.shape[1]) if y.ndim == 2 else unique_labels(y)
        if not keep_classes:
            self.classes_ = present
        elif not np.isin(present, self.classes_).all():
            raise ValueError(f"y: it holds classes {present}, of which some are not among the known ones, {self.classes_}")
        if y.ndim == 2:
            self.out_activation_, self.n_outputs_ = "logistic", y.shape[1]
            return np.ascontiguousarray(y, dtype=dtype)
        labels = np.searchsorted(self.classes_, y)
        if len(self.classes_) <= 2:
            self.out_activation_, self.n_outputs_ = "logistic", 1
            return labels[:, np.newaxis].astype(dtype)
        self.out_activation_, self.n_outputs_ = "softmax", len(self.classes_)
        return labels.astype(np.int32)

    def _decode(self, outputs: Array) -> npt.NDArray[Any]:
        if self.out_activation_ == "softmax":
            return self.classes_[outputs.argmax(axis=1)]
        if self.n_outputs_ > 1:
            return (outputs > 0.5).astype(int)
        return self.classes_[np.minimum(outputs[:, 0] > 0.5, len(self.classes_) - 1).astype(int)]

    def _loss_name(self) -> str:
        return "softmax" if self.out_activation_ == "softmax" else "binary"

    def _loss_and_score(self, outputs: Array, y: npt.NDArray[Any], targets: npt.NDArray[Any]) -> tuple[float, float]:
        loss = losses.mean_loss(self._loss_name(), outputs, targets)
        return loss, float(accuracy_score(y, self._decode(outputs)))

    def _class_weights(self, y: npt.NDArray[Any], incremental: bool) -> npt.NDArray[np.float64] | None:
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            raise ValueError("class_weight: 'balanced' needs all samples at once; give partial_fit a dict of weights")
        return compute_sample_weight(self.class_weight, y)

    def _stratification(self, y: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        return y if y.ndim == 1 else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
