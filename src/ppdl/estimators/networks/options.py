"""An estimator's parameters, parsed once into values that travel instead of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl.dictionaries import Dictionary, LayerInput
from ppdl.dictionaries.columns import column_sizes
from ppdl.layers import Activation, Dense, Layer, Maxout

from .. import schedules
from ..predicted_weights import check_learned_fraction, checked_dictionary
from ..training.options import Machine, Optimisation, Stopping
from .architecture import Architecture
from .autoencoders import AutoencoderOptions

ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "maxout")
SCALES = ("auto", "glorot", "he", "lecun")
SOLVERS = ("lbfgs", "sgd", "adam")
PRETRAINING = (None, "autoencoder", "supervised")


@dataclass(frozen=True)
class Regularisation:
    """What keeps a network from fitting too closely; meaning as the estimators' parameters."""

    alpha: float = 0.0
    penalty: str = "dynamic"  # what alpha holds small: "dynamic" is V, "predicted" UV
    dropout: float = 0.0
    input_dropout: float = 0.0


@dataclass(frozen=True)
class Pretraining:
    """What comes before training, or interrupts it."""

    kind: str | None  # None, "autoencoder" or "supervised"
    n_epochs: int | None  # of each autoencoder, or before dictionaries are made anew
    autoencoder: AutoencoderOptions

    def require_epochs_after(self, max_iter: int) -> None:
        """Refuse to spend all of a fit's epochs before dictionaries are made anew."""
        if self.kind == "supervised" and (self.n_epochs or 0) >= max_iter:
            raise ValueError(
                f"pretraining_epochs: received {self.n_epochs}, which leaves none of max_iter={max_iter} epochs to "
                "train the dictionaries that are made anew; lower it, or raise max_iter"
            )


@dataclass(frozen=True)
class Design:
    """The network, as far as it is known without data."""

    hidden: tuple[Layer, ...]  # all layers but the last
    input_shape: Any  # where the features lie
    scale: str | float  # of the initial weights, as the core names it

    def architecture(self, *, n_inputs: int, n_outputs: int, loss: str, seed: int) -> Architecture:
        """Make the architecture for data of these sizes; the output layer is never predicted."""
        LayerInput(n_inputs, shape=self.input_shape)  # checks the shape, whether or not a dictionary looks at it
        layers = (*self.hidden, Dense(n_outputs))
        return Architecture(layers, n_inputs, loss, self.input_shape, self.scale, seed)


@dataclass(frozen=True)
class Options:
    """All that an estimator's parameters mean."""

    design: Design
    optimisation: Optimisation
    stopping: Stopping
    regularisation: Regularisation
    pretraining: Pretraining
    machine: Machine
    warm_start: bool  # whether `fit` continues the last one

    @classmethod
    def of(cls, params: Any) -> Options:
        """Parse the parameters of an estimator, its attributes.

        Raises
        ------
        ValueError
            Naming the parameter, what was received and what was expected.
        """
        solver = checks.one_of("solver", params.solver, SOLVERS)
        return cls(
            design=_design(params),
            optimisation=_optimisation(params, solver),
            stopping=_stopping(params),
            regularisation=Regularisation(
                alpha=checks.real("alpha", params.alpha, at_least=0.0),
                penalty=checks.one_of("penalty", params.penalty, ("dynamic", "predicted")),
                dropout=_probability(params, "dropout"),
                input_dropout=_probability(params, "input_dropout"),
            ),
            pretraining=_pretraining(params, solver),
            machine=Machine(
                n_threads=checks.n_threads(params.n_threads),
                memory_limit=checks.integer("memory_limit", params.memory_limit, at_least=0),
                order=checks.one_of("order", params.order, ("auto", "predict", "pool")),
                verbose=_is_verbose(params.verbose),
            ),
            warm_start=checks.boolean("warm_start", params.warm_start),
        )

    def require_incremental(self) -> None:
        """Refuse what needs all epochs, or all samples, and so is nothing for `partial_fit`."""
        schedule = self.optimisation.schedule
        for unfit, option, why in (
            (self.stopping.early, "early_stopping=True", "it knows of no later epochs"),
            (schedule.fixed_length, f"learning_rate={schedule!r}", "its length is a number of epochs"),
            (self.pretraining.kind, f"pretraining={self.pretraining.kind!r}", "it has one epoch; use fit"),
        ):
            if unfit:
                raise ValueError(f"partial_fit does not support {option}: {why}")


def _design(params: Any) -> Design:
    sizes = hidden_sizes(params.hidden_layer_sizes)
    activation = checks.one_of("activation", params.activation, ACTIVATIONS)
    scale = _initial_scale(params.init, activation)
    n_pieces = 1
    if activation == "maxout":
        n_pieces = checks.integer("n_pieces", params.n_pieces, at_least=2, at_most=checks.LARGEST_INT)
    between: Layer = Maxout(n_pieces) if activation == "maxout" else Activation(str(activation))
    given = checks.per_layer("dictionary", params.dictionary, len(sizes))
    dictionaries: list[Dictionary] = [checked_dictionary(value) for value in given]
    fractions = checks.per_layer("learned_fraction", params.learned_fraction, len(sizes))
    columns = checks.per_layer("n_columns", params.n_columns, len(sizes))
    check_learned_fraction(given, fractions, columns)
    hidden: list[Layer] = []
    for units, dictionary, fraction, n_columns in zip(sizes, dictionaries, fractions, columns, strict=True):
        column_sizes(units, int(n_columns))
        checks.integer("n_pieces", n_pieces, at_most=checks.LARGEST_INT // units)
        hidden += [Dense(units * n_pieces, dictionary, float(fraction), int(n_columns), n_pieces), between]
    return Design(tuple(hidden), _input_shape(params.input_shape), scale)


def hidden_sizes(value: Any) -> list[int]:
    """Return the hidden layers' sizes, from a sequence of them or from one number."""
    sizes = list(value) if checks.is_sequence(value) else [value.item() if isinstance(value, np.ndarray) else value]
    return [checks.integer("hidden_layer_sizes", size, at_most=checks.LARGEST_INT) for size in sizes]


def _input_shape(value: Any) -> Any:
    """Return a shape, or coordinates, as tuples, which compare and hash."""
    if value is None:
        return None
    try:
        shape = np.asarray(value).tolist()
    except ValueError:  # rows of different lengths
        raise ValueError(f"input_shape: received {value!r}; expected a shape, or coordinates of points") from None
    return tuple(map(_as_tuple, shape)) if isinstance(shape, list) else shape


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


def _initial_scale(init: Any, activation: str) -> str | float:
    """Return the scale of the initial weights as the core names it; "auto" is scikit-learn's choice."""
    if not isinstance(init, str):
        return checks.real("init", init, above=0.0)
    checks.one_of("init", init, SCALES)
    if init == "auto":
        return "glorot-logistic" if activation == "logistic" else "glorot"
    return str(init)


def _optimisation(params: Any, solver: str) -> Optimisation:
    power_t = checks.real("power_t", params.power_t, at_least=0.0)
    auto = isinstance(params.batch_size, str) and params.batch_size == "auto"
    norm = params.max_column_norm
    return Optimisation(
        solver=str(solver),
        schedule=schedules.schedule(params.learning_rate, solver=solver, power_t=power_t),
        rate=checks.real("learning_rate_init", params.learning_rate_init, above=0.0),
        momentum=checks.real("momentum", params.momentum, at_least=0.0, at_most=1.0),
        nesterov=checks.boolean("nesterovs_momentum", params.nesterovs_momentum),
        betas=(_probability(params, "beta_1"), _probability(params, "beta_2")),
        epsilon=checks.real("epsilon", params.epsilon, above=0.0),
        batch_size=None if auto else checks.integer("batch_size", params.batch_size),
        shuffle=checks.boolean("shuffle", params.shuffle),
        max_column_norm=0.0 if norm is None else checks.real("max_column_norm", norm, above=0.0),
        max_evaluations=checks.integer("max_fun", params.max_fun, at_most=checks.LARGEST_INT),
    )


def _stopping(params: Any) -> Stopping:
    patience = params.n_iter_no_change
    endless = isinstance(patience, float) and patience == math.inf
    return Stopping(
        max_iter=checks.integer("max_iter", params.max_iter, at_most=checks.LARGEST_INT),
        tol=checks.real("tol", params.tol, at_least=0.0),
        patience=math.inf if endless else checks.integer("n_iter_no_change", patience),
        early=checks.boolean("early_stopping", params.early_stopping),
        validation_fraction=_probability(params, "validation_fraction"),
    )


def _pretraining(params: Any, solver: str) -> Pretraining:
    kind, options, n_epochs = params.pretraining, params.pretraining_options, params.pretraining_epochs
    checks.one_of("pretraining", kind, PRETRAINING)
    if n_epochs is not None:
        n_epochs = checks.integer("pretraining_epochs", n_epochs, at_most=checks.LARGEST_INT)
    if kind == "autoencoder":
        if params.activation == "maxout":
            raise ValueError(
                "pretraining: 'autoencoder' is not defined for activation='maxout'; choose another activation"
            )
        return Pretraining("autoencoder", n_epochs, AutoencoderOptions.of(options))
    if options is not None:
        raise ValueError(f"pretraining_options: received {options!r}; they belong to pretraining='autoencoder'")
    if kind == "supervised" and solver == "lbfgs":
        raise ValueError("pretraining: 'supervised' counts epochs, which solver='lbfgs' lacks; choose 'adam' or 'sgd'")
    return Pretraining(None if kind is None else str(kind), n_epochs, AutoencoderOptions())


def _probability(params: Any, name: str) -> float:
    return checks.real(name, getattr(params, name), at_least=0.0, below=1.0)


def _is_verbose(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    return checks.integer("verbose", value, at_least=0) > 0
