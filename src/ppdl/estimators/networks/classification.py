"""Classifiers of any network: classes, their weights and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import unique_labels

from ppdl._precision import Array
from ppdl._typing import Samples

from ..training.callbacks import with_callbacks
from ..transaction import unchanged_on_error
from .contract import PredictedNetwork, in_batches
from .data import class_weights
from .parameters import ClassWeight
from .targets import ClassTargets, LabelTargets, Targets, checked_classes, class_targets

if TYPE_CHECKING:
    from typing_extensions import Self


class NetworkClassifier(ClassifierMixin, PredictedNetwork):
    """A network whose targets are classes, or labels."""

    class_weight: ClassWeight

    @unchanged_on_error
    @with_callbacks
    def fit(
        self,
        X: Samples,
        y: Samples,
        sample_weight: npt.ArrayLike | None = None,
        X_val: Samples | None = None,
        y_val: Samples | None = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; for a convolutional network also images, of shape (n_samples, height, width) or (n_samples,
            height, width, channels). float32 and float64 are kept, other types become float64; an array is not
            copied if the numbers of a sample lie side by side, a sparse matrix is written out as a dense one.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Classes; zeros and ones, two-dimensional, maybe sparse, for a multilabel problem.
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
    def partial_fit(
        self,
        X: Samples,
        y: Samples,
        sample_weight: npt.ArrayLike | None = None,
        classes: npt.ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on these samples, going on with the optimiser's state.

        At the first call, dictionaries that are made from data are made from these samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data; as in `fit`.
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
        encoding = None
        if classes is not None:
            every = unique_labels(classes)
            if self.__sklearn_is_fitted__() and not np.array_equal(every, self.classes_):
                raise ValueError(f"classes: received {every}; earlier calls had {self.classes_}")
            encoding = ClassTargets(every)
        elif not self.__sklearn_is_fitted__():
            raise ValueError("classes: the first call of partial_fit must be given all of them")
        return self._fit(X, y, sample_weight, incremental=True, encoding=encoding)

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Class labels, shape (n_classes,)."""
        self._fitted("classes_")
        targets = self._targets
        assert isinstance(targets, ClassTargets | LabelTargets)
        return targets.classes

    def predict_proba(self, X: Samples) -> Array:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`, float32 or float64 as the network.
        """
        outputs = self._outputs(X)
        if len(self.classes_) == 1:
            return np.ones_like(outputs)
        if self.out_activation_ == "logistic":  # which is never 0 or 1, but may round to them
            precision = np.finfo(outputs.dtype)
            outputs = np.clip(outputs, precision.tiny, 1 - precision.epsneg)
        return np.hstack([1.0 - outputs, outputs]) if self.n_outputs_ == 1 else outputs

    def predict_log_proba(self, X: Samples) -> Array:
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _checked_targets(self, name: str, y: Any) -> npt.NDArray[Any]:
        return checked_classes(name, y)

    def _targets_of(self, y: npt.NDArray[Any], known: Targets | None) -> Targets:
        shown = class_targets(y)
        if known is None or self.__sklearn_is_fitted__() or not isinstance(shown, LabelTargets):
            return known or shown
        assert isinstance(known, ClassTargets)
        if not np.isin(shown.classes, known.classes).all():
            raise ValueError(
                f"classes: received {known.classes}; expected at least 0 to {shown.n_outputs - 1}, the columns of y"
            )
        return LabelTargets(shown.n_outputs, known.classes)

    def _class_weights(
        self, y: npt.NDArray[Any], targets: Targets, weight: Any, incremental: bool
    ) -> npt.NDArray[np.float64] | None:
        if incremental and isinstance(self.class_weight, str) and self.class_weight == "balanced":
            raise ValueError("class_weight: 'balanced' needs all samples at once; give partial_fit a dict of weights")
        return class_weights(self.class_weight, y, targets, weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
