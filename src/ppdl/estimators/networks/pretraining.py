"""Pretraining of hidden layers as tied autoencoders, the lowest layer first (paper, Sec. 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Array, core

from .. import schedules
from ..training.epochs import Batches, Samples, Training
from ..training.progress import ProgressTable
from .architecture import Architecture, build_network
from .building import Rows, counted, initial_theta
from .model import Model

DECODERS = ("auto", "logistic", "identity", "tanh", "relu")


@dataclass(frozen=True)
class AutoencoderOptions:
    """How layers are pretrained; names and meaning as those of the estimator, defaults of the paper's authors.

    Parameters
    ----------
    learning_rate_init : float, default=0.1
        Initial learning rate of gradient descent.
    learning_rate : str or Schedule, default="geometric"
        Its schedule.
    momentum : float, default=0.7
        Its momentum.
    nesterovs_momentum : bool, default=False
        Whether that is Nesterov's.
    batch_size : int, default=100
        Samples of a mini-batch.
    decoder : {"auto", "logistic", "identity", "tanh", "relu"}, default="auto"
        Activation of the reconstruction; "auto" is the logistic function for inputs in [0, 1], else the identity.
    decoder_bias : bool, default=False
        Whether the reconstruction has a bias of its own.
    """

    learning_rate_init: float = 0.1
    learning_rate: str | schedules.Schedule = "geometric"
    momentum: float = 0.7
    nesterovs_momentum: bool = False
    batch_size: int = 100
    decoder: str = "auto"
    decoder_bias: bool = False

    def __post_init__(self) -> None:
        checks.real("pretraining_options['learning_rate_init']", self.learning_rate_init, above=0.0)
        checks.real("pretraining_options['momentum']", self.momentum, at_least=0.0, below=1.0)
        checks.boolean("pretraining_options['nesterovs_momentum']", self.nesterovs_momentum)
        checks.integer("pretraining_options['batch_size']", self.batch_size)
        checks.one_of("pretraining_options['decoder']", self.decoder, DECODERS)
        checks.boolean("pretraining_options['decoder_bias']", self.decoder_bias)
        schedules.schedule(self.learning_rate, solver="sgd", power_t=0.5)

    @classmethod
    def of(cls, options: Mapping[str, Any] | None) -> AutoencoderOptions:
        """Read an estimator's `pretraining_options`."""
        try:
            return cls(**(options or {}))
        except TypeError as error:
            raise ValueError(f"pretraining_options: {error}") from None


@dataclass(frozen=True)
class LayerTraining:
    """What the pretraining of all layers has in common.

    Parameters
    ----------
    options : AutoencoderOptions
        The optimiser.
    n_epochs : int
        Epochs of each layer.
    max_column_norm : float
        Bound on the norm of V's columns; 0 for none.
    memory_limit : int
        Bytes that a layer's pooled inputs may take.
    n_threads : int or None
        Threads.
    verbose : bool
        Whether to print a table for each layer.
    """

    options: AutoencoderOptions
    n_epochs: int
    max_column_norm: float
    memory_limit: int
    n_threads: int | None
    verbose: bool

    def train(
        self,
        weights: Any,
        theta: Array,
        inputs: Array,
        rows: Rows,
        *,
        activation: str,
        seed: int,
        layer: int,
    ) -> Array:
        """Train one layer from `theta`, its V and bias; return the new ones."""
        options = self.options
        S = core(theta.dtype)
        decoder = options.decoder
        if decoder == "auto":
            decoder = "logistic" if inputs.min() >= 0.0 and inputs.max() <= 1.0 else "identity"
        autoencoder = S.Autoencoder(weights, activation=activation, decoder=decoder, decoder_bias=options.decoder_bias)
        autoencoder.plan(len(inputs), self.memory_limit)
        seen = autoencoder.pool_input(inputs, self.n_threads) if autoencoder.pools_input else inputs
        training = Training(
            autoencoder,
            np.concatenate([theta, np.zeros(autoencoder.n_parameters - len(theta), theta.dtype)]),
            S.Sgd(options.momentum, options.nesterovs_momentum),
            Samples(seen, inputs, None, rows),
            Batches(min(options.batch_size, len(rows)), shuffle=True, seed=seed + layer, n_threads=self.n_threads),
            schedules.schedule(options.learning_rate, solver="sgd", power_t=0.5),
            rate=options.learning_rate_init,
            max_epochs=self.n_epochs,
            max_column_norm=self.max_column_norm,
        )
        table = ProgressTable(self.verbose, "epoch")
        table.note(f"Autoencoder of layer {layer + 1}, {decoder} decoder")
        for epoch in range(1, self.n_epochs + 1):
            rate = training.rates()[0]
            try:
                loss = training.epoch()
            except _core.NumericalError as error:
                raise _core.NumericalError(
                    f"autoencoder of layer {layer + 1}: {error}: pretraining_options={{'learning_rate_init': ...}}"
                ) from None
            table.line(epoch, {"loss": loss, "learning_rate": rate})
        return training.theta[: len(theta)]


def pretrained_model(
    architecture: Architecture, X: Array, rows: Rows, weight: Array | None, how: LayerTraining
) -> Model:
    """Build and pretrain layer after layer: each column of a layer reconstructs all of the layer's inputs.

    A layer's dictionary is built from the pretrained activations below it.

    Parameters
    ----------
    architecture : Architecture
        What to build.
    X : ndarray of shape (n_samples, n_inputs)
        All inputs; dictionaries are made from those in `rows`.
    rows : ndarray of int64
        Samples to train on.
    weight : ndarray of shape (n_samples,) or None
        How much each counts in the dictionaries.
    how : LayerTraining
        How to train.
    """
    columns: list[Any] = []
    weights: list[Any] = []
    learned = np.empty(0, X.dtype)  # V and bias of the layers done

    def network_so_far() -> tuple[Any, Array]:
        network = build_network(architecture, weights, X.dtype)
        theta = initial_theta(network, architecture)
        theta[: len(learned)] = learned
        return network, theta

    counts = counted(len(X), rows, weight)
    for layer in range(len(architecture.layers)):
        network, theta = network_so_far()
        inputs = X if layer == 0 else np.asarray(network.activations(theta, X, layer, how.n_threads))
        columns.append(architecture.columns(layer, activations=inputs, weight=counts))
        weights.append(columns[layer].weights(X.dtype))
        _, theta = network_so_far()
        if layer == len(architecture.layers) - 1:
            break
        size = columns[layer].n_dynamic + columns[layer].n_hidden
        start = theta[len(learned) : len(learned) + size]
        trained = how.train(
            weights[layer], start, inputs, rows, activation=architecture.activation, seed=architecture.seed, layer=layer
        )
        learned = np.concatenate([learned, trained])
    return Model(architecture, columns, theta)
