"""What all networks share: scikit-learn's contract around a model of predicted weights."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl._savable import SavableMixin
from ppdl._typing import RandomState, Samples
from ppdl.dictionaries import DictionaryColumns

from ..flattened import warn_of_images_under
from ..predicted_weights import DictionaryParamsMixin
from ..training.callbacks import CallbackSupportMixin, FitCallbacks
from ..training.fitting import BatchFit, Rebuild, Task
from ..training.lbfgs import fit_lbfgs
from ..training.state import BatchPlan, Data, History, State
from . import data as samples
from .architecture import Architecture
from .building import initial_model, rebuilt_dictionaries, training_network
from .design import Design
from .model import Model
from .options import Options
from .parameters import Solver
from .pretraining import LayerTraining, pretrained_model
from .targets import Targets

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from typing_extensions import Self

    from ..architecture_display import ArchitectureDisplay
    from ..displays import HistoryDisplay, WeightsDisplay
    from .summary import Summary

_DTYPES = (np.float64, np.float32)
_SPARSE = ("csr", "csc")
_SEEDS = 2**31 - 1
_Method = TypeVar("_Method", bound=Callable[..., Any])


class PredictedNetwork(SavableMixin, CallbackSupportMixin, DictionaryParamsMixin, ABC):
    """A network of predicted weights; see the classes that derive from it."""

    _state: State[Model]
    _targets: Targets
    n_threads: int | None
    random_state: RandomState
    solver: Solver

    # What perceptrons and networks for images do differently ---------------------------------------------------------

    @abstractmethod
    def _design(self) -> Design:
        """Parse the parameters that say what the network is."""

    @abstractmethod
    def _ordinary(self) -> dict[str, Any]:
        """Parameters of the network of the same layers in which nothing is predicted."""

    def _rows(self, name: str, X: Any, known: Any) -> tuple[Any, Any]:
        """Return samples as rows, and the shape of each if they were images; `known` is what it has to be."""
        return X, None

    def _options(self) -> Options:
        return Options.of(self, self._design())

    # What a classifier and a regressor do differently ----------------------------------------------------------------

    @abstractmethod
    def _checked_targets(self, name: str, y: Any) -> npt.NDArray[Any]:
        """Targets of the right kind, one- or two-dimensional."""

    @abstractmethod
    def _targets_of(self, y: npt.NDArray[Any], known: Targets | None) -> Targets:
        """Return the encoding of checked targets; `known` is that of the fit to be continued, or of all classes."""

    def _class_weights(
        self, y: npt.NDArray[Any], targets: Targets, weight: Any, incremental: bool
    ) -> npt.NDArray[np.float64] | None:
        """Weights of the samples that follow from y."""
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
        encoding: Targets | None = None,
    ) -> Self:
        """Check everything, then train; `encoding` is that of the targets where y need not show it."""
        options = self._options()
        if incremental:
            options.require_incremental()
        continued = self.__sklearn_is_fitted__() and (incremental or options.warm_start)
        earlier = self._model.architecture if continued else None
        given = (X, y, sample_weight)
        known = options.design.input_shape if earlier is None else earlier.input_shape
        X, images = self._rows("X", X, known)
        X_val, _ = self._rows("X_val", X_val, images or known)
        X, y = self._validated(X, y, "y", self._model.dtype if continued else _DTYPES, reset=not continued)
        targets = self._targets_of(y, self._targets if continued else encoding)
        seed = self._model.seed if continued else check_random_state(self.random_state).randint(_SEEDS)
        data = self._data(X, y, sample_weight, (X_val, y_val), targets, options, seed, incremental)
        architecture = options.design.architecture(
            n_inputs=X.shape[1],
            n_outputs=targets.n_outputs,
            loss=targets.loss,
            seed=seed,
            images=images or known,
            earlier=earlier,
        )
        if earlier is not None:
            earlier.require_same(architecture, self)
        elif architecture.input_shape is None:
            warn_of_images_under(architecture.weighted[0].dictionary, data.X)
        by_lbfgs = options.optimisation.solver == "lbfgs"
        n_epochs = None if by_lbfgs else 1 if incremental else options.stopping.max_iter
        callbacks = FitCallbacks(self, n_epochs, *given)
        start = self._state if continued else State(_initial(architecture, data, options), BatchPlan(0, 0))
        self._targets = targets
        task = Task(
            options.optimisation,
            options.stopping,
            options.machine,
            data,
            partial(training_network, regularisation=options.regularisation, machine=options.machine),
            callbacks,
        )
        if by_lbfgs:
            self._state = fit_lbfgs(task, start)
        else:
            self._state = BatchFit(task, start, once=incremental, rebuild=_rebuild(options, data, start)).run()
        callbacks.finish(lambda: {})
        return self

    def _validated(self, X: Any, y: Any, name: str, dtype: Any, reset: bool) -> tuple[Array, npt.NDArray[Any]]:
        X, y = validate_data(self, X, y, accept_sparse=_SPARSE, dtype=dtype, multi_output=True, reset=reset)
        return _in_rows(X), self._checked_targets(name, y)

    def _data(
        self,
        X: Array,
        y: npt.NDArray[Any],
        sample_weight: Any,
        validation: tuple[Any, Any],
        targets: Targets,
        options: Options,
        seed: int,
        incremental: bool,
    ) -> Data:
        """Decide how much each sample counts, which train and which validate."""
        encoded = targets.encode("y", y, X.dtype)
        given = samples.checked_weight(sample_weight, X)
        weight = samples.combined_weight(given, self._class_weights(y, targets, given, incremental), X.dtype)
        rows = samples.trained_rows(weight, len(X))
        X_val, y_val = validation
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val: received only one of them; give both, or neither")
        validation_weight = None
        if X_val is not None:
            X_val, y_val = self._validated(X_val, y_val, "y_val", X.dtype, reset=False)
        elif options.stopping.early and options.optimisation.solver != "lbfgs":
            fraction = options.stopping.validation_fraction
            rows, held_out = samples.split(rows, y, fraction=fraction, stratified=targets.stratified, seed=seed)
            X_val, y_val = X[held_out], y[held_out]
            validation_weight = None if given is None else given[held_out]
        if X_val is None:
            return Data(X, encoded, weight, rows)
        if len(X_val) < targets.fewest:
            raise ValueError(f"X_val: received {len(X_val)} sample(s); expected at least {targets.fewest} for a score")
        encoded_val = targets.encode("y_val", y_val, X.dtype)
        n_threads = options.machine.n_threads
        judge = samples.ValidationSet(X_val, y_val, encoded_val, targets, validation_weight, n_threads)
        return Data(X, encoded, weight, rows, judge)

    # Prediction ------------------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        X, _ = self._rows("X", X, self._model.architecture.input_shape)
        X = validate_data(self, X, accept_sparse=_SPARSE, dtype=self._model.dtype, reset=False)
        outputs = self._model.predict(_in_rows(X), checks.n_threads(self.n_threads))
        finite = np.isfinite(outputs).all(axis=1)
        if not finite.all():
            warnings.warn(
                f"X: the outputs of {len(X) - np.count_nonzero(finite)} of {len(X)} samples are not finite; scale X as "
                "that of the fit",
                RuntimeWarning,
                stacklevel=3,
            )
        return outputs

    def predict(self, X: Samples) -> npt.NDArray[Any]:
        """Predict.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples; as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Classes, or values.

        Warns
        -----
        RuntimeWarning
            If outputs are not finite.
        """
        outputs = self._outputs(X)
        return self._targets.decode(outputs)

    # What training has reached ---------------------------------------------------------------------------------------

    @property
    def _model(self) -> Model:
        return self._state.model

    @property
    def history_(self) -> History:
        """What was recorded of each epoch of all calls; NaN where an epoch lacks an entry."""
        return self._fitted("history_").history

    @property
    def n_iter_(self) -> int:
        """Epochs, or iterations, of the last call."""
        return self._fitted("n_iter_").n_iter

    @property
    def t_(self) -> int:
        """Samples seen in all calls."""
        return self._fitted("t_").n_seen

    @property
    def loss_(self) -> float:
        """Last training loss."""
        return self._fitted("loss_").loss

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss of each epoch."""
        return self._fitted("loss_curve_").history.get("loss", [])

    @property
    def best_loss_(self) -> float | None:
        """Least training loss; None with early stopping."""
        state = self._fitted("best_loss_")
        return min(self.loss_curve_, default=state.loss) if state.best_score is None else None

    @property
    def validation_scores_(self) -> list[float] | None:
        """With early stopping, the score of each epoch."""
        state = self._fitted("validation_scores_")
        return None if state.best_score is None else state.history["val_score"]

    @property
    def best_validation_score_(self) -> float | None:
        """With early stopping, the score of the model that is kept."""
        return self._fitted("best_validation_score_").best_score

    @property
    def n_layers_(self) -> int:
        """Layers, inputs and outputs included."""
        return len(self._fitted("n_layers_").model.architecture.weighted) + 1

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network."""
        self._fitted("n_outputs_")
        return self._targets.n_outputs

    @property
    def out_activation_(self) -> str:
        """Activation of the outputs."""
        self._fitted("out_activation_")
        return self._targets.out_activation

    # Fitted attributes that are made on demand -----------------------------------------------------------------------

    @property
    def theta_(self) -> Array:
        """All learned parameters, layer after layer V and bias, shape (n_parameters,)."""
        return self._fitted("theta_").model.theta

    @property
    def coefs_(self) -> list[Array]:
        """Weights W = UV of each layer, shapes (n_visible, n_hidden), made when asked for."""
        return self._fitted("coefs_").model.coefs()

    @property
    def intercepts_(self) -> list[Array]:
        """Bias of each layer, shapes (n_hidden,)."""
        return self._fitted("intercepts_").model.intercepts()

    @property
    def dynamic_coefs_(self) -> list[list[Array]]:
        """V_1, …, V_J of each layer, shapes (n_atoms, n_hidden_j); before each the U_j that a LowRank layer learns."""
        return self._fitted("dynamic_coefs_").model.dynamic_coefs()

    @property
    def dictionaries_(self) -> list[DictionaryColumns]:
        """The `DictionaryColumns` of each layer: U_j is ``dictionaries_[layer].dictionary(j)``."""
        return list(self._fitted("dictionaries_").model.columns)

    def _fitted(self, name: str) -> State[Model]:
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} before it is fitted")
        return self._state

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_solver(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit: solver='lbfgs' looks at all data at once; choose 'sgd' or 'adam'")
        return True

    # What is made of a fitted estimator ------------------------------------------------------------------------------

    def summary(self) -> Summary:
        """Describe each layer: shape, dictionary, counts, order of evaluation and multiply-adds.

        Returns
        -------
        Summary
            Its `str` is the table, as is its HTML form in notebooks; `layers` holds the numbers.
        """
        from .summary import summarize

        check_is_fitted(self)
        return summarize(self)

    def merge(self) -> Self:
        """Return an ordinary network of the same function, with ``dictionary=None`` and W in its `coefs_`.

        Nothing is predicted in it, and all of its weights can be trained further. Its outputs differ from this one's by
        rounding. The file of a perceptron that it returns is one that the C++ library reads.

        Raises
        ------
        ValueError
            If a parameter of the network was changed since it was fitted.
        """
        from .merging import merged

        check_is_fitted(self)
        return merged(self)

    def plot_weights(self, layer: int = 0, **options: Any) -> WeightsDisplay:
        """Draw weights of a layer as images; see `WeightsDisplay.from_estimator`."""
        from ..displays import WeightsDisplay

        return WeightsDisplay.from_estimator(self, layer=layer, **options)

    def plot_architecture(self, *, ax: Axes | None = None) -> ArchitectureDisplay:
        """Draw the layers, and of their weights what is fixed and what is learned; see `ArchitectureDisplay`."""
        from ..architecture_display import ArchitectureDisplay

        return ArchitectureDisplay.from_estimator(self, ax=ax)

    def plot_history(self, **options: Any) -> HistoryDisplay:
        """Draw the curves of training; see `HistoryDisplay.from_estimator`."""
        from ..displays import HistoryDisplay

        return HistoryDisplay.from_estimator(self, **options)


def in_batches(method: _Method) -> _Method:
    """Decorate a method that trains in mini-batches: an estimator with ``solver="lbfgs"`` has none."""
    return available_if(lambda self: self._check_solver())(method)


def _in_rows(X: Any) -> Array:
    """Return X as the core reads it, the numbers of a row side by side, copied only if they are not.

    Rows may be any distance apart, and overlap, as windows over a sequence do, but not all be the same one, as
    `np.broadcast_to` has it. A sparse matrix is written out.
    """
    array = np.asarray(X.toarray(order="C") if sparse.issparse(X) else X)
    between_rows, between_numbers = array.strides
    side_by_side = between_numbers == array.itemsize and between_rows > 0 and between_rows % array.itemsize == 0
    return array if side_by_side and array.flags.aligned else np.array(array, order="C")


def _initial(architecture: Architecture, data: Data, options: Options) -> Model:
    """Make the model that training starts from."""
    pretraining = options.pretraining
    pretraining.require_epochs_after(options.stopping.max_iter)
    if pretraining.kind != "autoencoder":
        return initial_model(architecture, data, options.machine.n_threads)
    norm = options.optimisation.max_column_norm
    how = LayerTraining(pretraining.autoencoder, pretraining.n_epochs or 50, norm, options.machine)
    return pretrained_model(architecture, data, how)


def _rebuild(options: Options, data: Data, start: State[Model]) -> Rebuild[Model] | None:
    """Return what supervised pretraining does in the midst of the first fit."""
    pretraining = options.pretraining
    if pretraining.kind != "supervised" or start.n_epochs > 0 or not start.model.architecture.data_driven:
        return None
    rebuilt = partial(rebuilt_dictionaries, data=data, n_threads=options.machine.n_threads)
    return Rebuild(pretraining.n_epochs or 1, rebuilt)
