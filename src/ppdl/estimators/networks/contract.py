"""What the classifier and the regressor share: scikit-learn's contract around a model of predicted weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl._savable import SavableMixin

from ..training.callbacks import CallbackSupportMixin, FitCallbacks
from ..training.fitting import BatchFit, Data, Result, fit_lbfgs
from .architecture import resolve
from .building import counted, initial_model
from .model import Model
from .parameters import check_parameters
from .pretraining import AutoencoderOptions, LayerTraining, pretrained_model

_DTYPES = (np.float64, np.float32)
_SPARSE = ("csr", "csc")


class PredictedMLP(SavableMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """A multi-layer perceptron of predicted weights; see the two classes that derive from it."""

    _model: Model
    history_: dict[str, list[float]]
    n_outputs_: int
    out_activation_: str

    def __init__(
        self,
        *,
        hidden_layer_sizes: Any,
        activation: Any,
        dictionary: Any,
        learned_fraction: Any,
        n_columns: Any,
        input_shape: Any,
        order: Any,
        n_pieces: Any,
        init: Any,
        dropout: Any,
        input_dropout: Any,
        solver: Any,
        alpha: Any,
        penalty: Any,
        max_column_norm: Any,
        batch_size: Any,
        learning_rate: Any,
        learning_rate_init: Any,
        power_t: Any,
        max_iter: Any,
        shuffle: Any,
        random_state: Any,
        tol: Any,
        verbose: Any,
        warm_start: Any,
        momentum: Any,
        nesterovs_momentum: Any,
        early_stopping: Any,
        validation_fraction: Any,
        beta_1: Any,
        beta_2: Any,
        epsilon: Any,
        n_iter_no_change: Any,
        max_fun: Any,
        pretraining: Any,
        pretraining_epochs: Any,
        pretraining_options: Any,
        n_threads: Any,
        memory_limit: Any,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dictionary = dictionary
        self.learned_fraction = learned_fraction
        self.n_columns = n_columns
        self.input_shape = input_shape
        self.order = order
        self.n_pieces = n_pieces
        self.init = init
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.solver = solver
        self.alpha = alpha
        self.penalty = penalty
        self.max_column_norm = max_column_norm
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.pretraining = pretraining
        self.pretraining_epochs = pretraining_epochs
        self.pretraining_options = pretraining_options
        self.n_threads = n_threads
        self.memory_limit = memory_limit

    # What a classifier and a regressor do differently ----------------------------------------------------------------

    @abstractmethod
    def _encode(self, y: npt.NDArray[Any], dtype: npt.DTypeLike, *, keep_classes: bool) -> npt.NDArray[Any]:
        """Targets as the core takes them; sets what `fit` learns of y (classes, output activation, outputs)."""

    @abstractmethod
    def _checked_targets(self, y: Any) -> npt.NDArray[Any]:
        """Targets of the right kind, one- or two-dimensional."""

    @abstractmethod
    def _decode(self, outputs: Array) -> npt.NDArray[Any]:
        """Predictions from the network's outputs."""

    @abstractmethod
    def _loss_name(self) -> str:
        """Name the loss as the core does."""

    @abstractmethod
    def _loss_and_score(self, outputs: Array, y: npt.NDArray[Any], targets: npt.NDArray[Any]) -> tuple[float, float]:
        """Mean loss, without penalty, and score of outputs."""

    def _class_weights(self, y: npt.NDArray[Any], incremental: bool) -> npt.NDArray[np.float64] | None:
        """Weights of the samples that follow from y."""
        return None

    def _stratification(self, y: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        """Return what the validation set of early stopping is stratified by."""
        return None

    # Fitting ---------------------------------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        X_val: Any = None,
        y_val: Any = None,
        *,
        incremental: bool = False,
    ) -> Any:
        continued = self._is_fitted() and (incremental or self.warm_start)
        check_parameters(self)
        if incremental:
            self._check_incremental()
        given = (X, y, sample_weight)
        X, y = self._validate_training_data(X, y, continued)
        targets = self._encode(y, X.dtype, keep_classes=continued or incremental)
        weight = self._weights(sample_weight, y, X, incremental)
        if not continued:
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        else:
            seed = self._model.architecture.seed
        architecture = resolve(self, n_inputs=X.shape[1], n_outputs=self.n_outputs_, loss=self._loss_name(), seed=seed)
        data = self._data(X, y, targets, weight, X_val, y_val, seed)

        n_epochs = None if self.solver == "lbfgs" else 1 if incremental else int(self.max_iter)
        callbacks = FitCallbacks(self, n_epochs, *given)
        if continued:
            if architecture != self._model.architecture:
                raise ValueError(
                    "the parameters of the network, or the outputs, differ from those of the fit that is to be "
                    "continued; restore them, or fit anew (warm_start=False)"
                )
            model = self._model
        else:
            model = self._start(architecture, data)
        n_seen = self.t_ if continued else 0
        if self.solver == "lbfgs":
            result = fit_lbfgs(self, model, data, callbacks, n_seen=n_seen)
        else:
            result = BatchFit(
                self,
                model,
                data,
                callbacks,
                once=incremental,
                first_epoch=len(self.loss_curve_) if continued else 0,
                n_seen=n_seen,
                optimizer_state=getattr(self, "_optimizer_state", None) if incremental and continued else None,
            ).run()
        self._take(result, continued)
        callbacks.finish(lambda: {})
        return self

    def _check_incremental(self) -> None:
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True: it knows of no later epochs")
        if self.learning_rate == "one_cycle" or getattr(self.learning_rate, "fixed_length", False):
            raise ValueError(
                f"partial_fit does not support learning_rate={self.learning_rate!r}: its length is a number of epochs"
            )
        if self.pretraining is not None:
            raise ValueError(
                f"partial_fit does not support pretraining={self.pretraining!r}: it has one epoch; use fit"
            )

    def _validate_training_data(self, X: Any, y: Any, continued: bool) -> tuple[Array, npt.NDArray[Any]]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=_SPARSE,
            dtype=self._model.dtype if continued else _DTYPES,
            order="C",
            multi_output=True,
            reset=not continued,
        )
        return _dense(X), self._checked_targets(y)

    def _weights(self, sample_weight: Any, y: npt.NDArray[Any], X: Array, incremental: bool) -> Array | None:
        weight = self._class_weights(y, incremental)
        if sample_weight is not None:
            given = check_array(
                sample_weight, ensure_2d=False, dtype=_DTYPES, input_name="sample_weight", estimator=self, copy=True
            )
            if given.ndim != 1:
                raise ValueError(
                    f"sample_weight: received shape {given.shape}; expected ({len(X)},), one for each sample"
                )
            check_consistent_length(X, given)
            if given.min() < 0.0:
                raise ValueError(f"sample_weight: the smallest is {given.min()}; weights must not be negative")
            weight = given if weight is None else weight * given.astype(np.float64)
        if weight is None:
            return None
        weight = checks.cast("sample_weight", weight, X.dtype)
        if not weight.any():
            raise ValueError("sample_weight: all weights are zero, so that there is nothing to learn from")
        return weight

    def _data(
        self,
        X: Array,
        y: npt.NDArray[Any],
        targets: npt.NDArray[Any],
        weight: Array | None,
        X_val: Any,
        y_val: Any,
        seed: int,
    ) -> Data:
        """Decide which samples train and which validate."""
        rows = np.arange(len(X))
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val: received only one of them; give both, or neither")
        if X_val is not None:
            X_val, y_val = validate_data(
                self, X_val, y_val, accept_sparse=_SPARSE, dtype=X.dtype, order="C", multi_output=True, reset=False
            )
            X_val, y_val = _dense(X_val), self._checked_targets(y_val)
            if y_val.shape[1:] != y.shape[1:]:
                raise ValueError(f"y_val: received shape {y_val.shape}; expected (n_samples, …) as y, {y.shape}")
        elif self.early_stopping and self.solver != "lbfgs":
            rows, held_out = train_test_split(
                rows, test_size=self.validation_fraction, random_state=seed, stratify=self._stratification(y)
            )
            if len(held_out) < 2:
                raise ValueError(
                    f"validation_fraction: {self.validation_fraction} of {len(X)} samples leaves {len(held_out)} to "
                    "validate on; raise it, or use more samples"
                )
            rows = np.sort(rows)
            X_val, y_val = X[held_out], y[held_out]
        if X_val is None:
            return Data(X, targets, weight, rows)
        known, validation_targets = y_val, self._encode(y_val, X.dtype, keep_classes=True)
        return Data(
            X,
            targets,
            weight,
            rows,
            X_val,
            lambda outputs: self._loss_and_score(outputs, known, validation_targets),
        )

    def _start(self, architecture: Any, data: Data) -> Model:
        if self.pretraining == "supervised" and (self.pretraining_epochs or 0) >= self.max_iter:
            raise ValueError(
                f"pretraining_epochs: received {self.pretraining_epochs}, which leaves none of "
                f"max_iter={self.max_iter} epochs to train the dictionaries that are made anew; lower it, or "
                "raise max_iter"
            )
        if self.pretraining != "autoencoder":
            return initial_model(architecture, data.X, counted(len(data.X), data.rows, data.weight), self.n_threads)
        how = LayerTraining(
            options=AutoencoderOptions.of(self.pretraining_options),
            n_epochs=int(self.pretraining_epochs or 50),
            max_column_norm=self.max_column_norm or 0.0,
            memory_limit=self.memory_limit,
            n_threads=self.n_threads,
            verbose=bool(self.verbose),
        )
        return pretrained_model(architecture, data.X, data.rows, data.weight, how)

    def _take(self, result: Result, continued: bool) -> None:
        """Set the fitted attributes from what a solver returned."""
        before = self.history_ if continued else {}
        self._model = result.model
        self._batch_plan = result.batch_plan
        self._optimizer_state = result.optimizer_state
        self.history_ = {
            key: [*before.get(key, []), *result.history.get(key, [])] for key in {**before, **result.history}
        }
        self.n_iter_ = result.n_iter
        self.n_layers_ = len(result.model.architecture.units)
        self.t_ = result.n_seen
        self.loss_ = result.loss
        self.loss_curve_ = self.history_.get("loss", [])
        scores = self.history_.get("val_score") if self.early_stopping else None
        self.best_loss_ = None if scores else min(self.loss_curve_, default=result.loss)
        self.validation_scores_ = scores
        self.best_validation_score_ = max(scores) if scores else None

    # Prediction ------------------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=_SPARSE, dtype=self._model.dtype, order="C", reset=False)
        return self._model.predict(_dense(X), self.n_threads)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Classes, or values.
        """
        return self._decode(self._outputs(X))

    # Fitted attributes that are made on demand -----------------------------------------------------------------------

    @property
    def theta_(self) -> Array:
        """All learned numbers, layer after layer V and bias, shape (n_parameters,)."""
        return self._fitted_model("theta_").theta

    @property
    def coefs_(self) -> list[Array]:
        """Weights W = UV of each layer, shapes (n_visible, n_hidden), made when asked for."""
        return self._fitted_model("coefs_").coefs()

    @property
    def intercepts_(self) -> list[Array]:
        """Bias of each layer, shapes (n_hidden,)."""
        return self._fitted_model("intercepts_").intercepts()

    @property
    def dynamic_coefs_(self) -> list[list[Array]]:
        """V_1, …, V_J of each layer, shapes (n_atoms, n_hidden_j); before each the U_j that a LowRank layer learns."""
        return self._fitted_model("dynamic_coefs_").dynamic_coefs()

    @property
    def dictionaries_(self) -> list[Any]:
        """The `DictionaryColumns` of each layer: U_j is ``dictionaries_[layer].dictionary(j)``."""
        return list(self._fitted_model("dictionaries_").columns)

    def _fitted_model(self, name: str) -> Model:
        if not self._is_fitted():
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} before it is fitted")
        return self._model

    def _is_fitted(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_is_fitted__(self) -> bool:
        return self._is_fitted()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_solver(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit: solver='lbfgs' looks at all data at once; choose 'sgd' or 'adam'")
        return True

    # What is made of a fitted estimator ------------------------------------------------------------------------------

    def summary(self) -> Any:
        """Describe each layer: shape, dictionary, counts, order of evaluation and multiply-adds.

        Returns
        -------
        Summary
            Its `str` is the table, as is its HTML form in notebooks; `layers` holds the numbers.
        """
        from .summary import summarize

        check_is_fitted(self)
        return summarize(self)

    def merge(self) -> Any:
        """Return an ordinary network of the same function, with ``dictionary=None`` and W in its `coefs_`.

        Nothing is predicted in it, and all of its weights can be trained further. Its outputs differ from this one's by
        rounding.

        Raises
        ------
        ValueError
            If a parameter of the network was changed since it was fitted.
        """
        from .merging import merged

        check_is_fitted(self)
        return merged(self)

    def plot_weights(self, layer: int = 0, **options: Any) -> Any:
        """Draw weights of a layer as images; see `WeightsDisplay.from_estimator`."""
        from ..displays import WeightsDisplay

        return WeightsDisplay.from_estimator(self, layer=layer, **options)

    def plot_history(self, **options: Any) -> Any:
        """Draw the curves of training; see `HistoryDisplay.from_estimator`."""
        from ..displays import HistoryDisplay

        return HistoryDisplay.from_estimator(self, **options)


def _dense(X: Any) -> Array:
    """Return X as a C-ordered array; a sparse matrix is written out."""
    if not sparse.issparse(X):
        return X
    return np.ascontiguousarray(X.toarray(order="C"))
