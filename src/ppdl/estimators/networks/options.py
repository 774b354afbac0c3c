"""An estimator's parameters, parsed once into values that travel instead of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, get_args

from ppdl import _checks as checks
from ppdl.layers import Maxout

from .. import schedules
from ..training.options import Machine, Optimisation, Stopping
from .autoencoders import AutoencoderOptions
from .design import Design
from .parameters import Order, Penalty, PretrainingKind, Solver


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
    def of(cls, params: Any, design: Design) -> Options:
        """Parse the parameters of an estimator, its attributes; what they say of the network is `design`.

        Raises
        ------
        ValueError
            Naming the parameter, what was received and what was expected.
        """
        solver = checks.one_of("solver", params.solver, get_args(Solver))
        return cls(
            design=design,
            optimisation=_optimisation(params, solver),
            stopping=_stopping(params),
            regularisation=Regularisation(
                alpha=checks.real("alpha", params.alpha, at_least=0.0),
                penalty=checks.one_of("penalty", params.penalty, get_args(Penalty)),
                dropout=_probability(params, "dropout"),
                input_dropout=_probability(params, "input_dropout"),
            ),
            pretraining=_pretraining(params, solver, design),
            machine=Machine(
                n_threads=checks.n_threads(params.n_threads),
                memory_limit=checks.integer("memory_limit", params.memory_limit, at_least=0),
                order=checks.one_of("order", params.order, get_args(Order)),
                verbose=checks.verbosity(params.verbose),
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


def _pretraining(params: Any, solver: str, design: Design) -> Pretraining:
    kind, n_epochs = params.pretraining, params.pretraining_epochs
    options = getattr(params, "pretraining_options", None)
    checks.one_of("pretraining", kind, (None, *get_args(PretrainingKind)))
    if n_epochs is not None:
        n_epochs = checks.integer("pretraining_epochs", n_epochs, at_most=checks.LARGEST_INT)
    if kind == "autoencoder":
        if not design.encodes:
            raise ValueError(
                "pretraining: 'autoencoder' is not defined for convolutions and lists of layers; choose None or "
                "'supervised'"
            )
        if any(isinstance(layer, Maxout) for layer in design.hidden):
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
