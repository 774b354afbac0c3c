"""Checks of an estimator's parameters that do not depend on data."""

from __future__ import annotations

import math
from typing import Any

from ppdl import _checks as checks

from .. import schedules
from .pretraining import AutoencoderOptions

SOLVERS = ("lbfgs", "sgd", "adam")
PRETRAINING = (None, "autoencoder", "supervised")


def check_parameters(params: Any) -> None:
    """Check the parameters of training; `architecture.resolve` checks those of the network.

    Raises
    ------
    ValueError
        Naming the parameter, what was received and what was expected.
    """
    checks.one_of("solver", params.solver, SOLVERS)
    checks.one_of("order", params.order, ("auto", "predict", "pool"))
    checks.one_of("penalty", params.penalty, ("dynamic", "predicted"))
    checks.real("alpha", params.alpha, at_least=0.0)
    if params.batch_size != "auto":
        checks.integer("batch_size", params.batch_size)
    checks.real("learning_rate_init", params.learning_rate_init, above=0.0)
    checks.real("power_t", params.power_t, at_least=0.0)
    schedules.schedule(params.learning_rate, solver=params.solver, power_t=params.power_t)
    checks.integer("max_iter", params.max_iter)
    checks.integer("max_fun", params.max_fun)
    checks.real("tol", params.tol, at_least=0.0)
    if params.n_iter_no_change != math.inf:
        checks.integer("n_iter_no_change", params.n_iter_no_change)
    for name in ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping"):
        checks.boolean(name, getattr(params, name))
    for name in ("beta_1", "beta_2", "validation_fraction", "dropout", "input_dropout"):
        checks.real(name, getattr(params, name), at_least=0.0, below=1.0)
    checks.real("momentum", params.momentum, at_least=0.0)
    if params.momentum > 1.0:
        raise ValueError(f"momentum: received {params.momentum!r}; expected at most 1")
    checks.real("epsilon", params.epsilon, above=0.0)
    if params.max_column_norm is not None:
        checks.real("max_column_norm", params.max_column_norm, above=0.0)
    if params.n_threads is not None:
        checks.integer("n_threads", params.n_threads, at_most=checks.LARGEST_INT)
    checks.integer("memory_limit", params.memory_limit, at_least=0)
    _check_pretraining(params)


def _check_pretraining(params: Any) -> None:
    checks.one_of("pretraining", params.pretraining, PRETRAINING)
    if params.pretraining_epochs is not None:
        checks.integer("pretraining_epochs", params.pretraining_epochs)
    if params.pretraining == "autoencoder":
        AutoencoderOptions.of(params.pretraining_options)
        if params.activation == "maxout":
            raise ValueError(
                "pretraining: 'autoencoder' is not defined for activation='maxout'; choose another activation"
            )
    elif params.pretraining_options is not None:
        raise ValueError(
            f"pretraining_options: received {params.pretraining_options!r}; they belong to pretraining='autoencoder'"
        )
    if params.pretraining == "supervised" and params.solver == "lbfgs":
        raise ValueError("pretraining: 'supervised' counts epochs, which solver='lbfgs' lacks; choose 'adam' or 'sgd'")
