"""Pretraining of hidden layers as tied autoencoders, the lowest layer first (paper, Sec. 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ppdl import _core
from ppdl._precision import Array, core

from ..training.epochs import Course, Samples, Training
from ..training.options import Machine
from ..training.progress import ProgressTable
from ..training.state import Data
from .architecture import Architecture
from .autoencoders import AutoencoderOptions
from .building import counts_of, initial_theta
from .layer_samples import LayerSamples
from .model import Model, network_of


@dataclass(frozen=True)
class LayerTraining:
    """What the pretraining of all layers has in common."""

    options: AutoencoderOptions
    n_epochs: int  # of each layer
    max_column_norm: float  # 0 for none
    machine: Machine

    def train(self, weights: Any, theta: Array, inputs: Array, data: Data, architecture: Architecture, n: int) -> Array:
        """Train layer `n` on its inputs from `theta`, its V and bias; return the new ones."""
        options, machine = self.options, self.machine
        decoder = options.decoder_of(inputs[data.rows])
        autoencoder = core(theta.dtype).Autoencoder(
            weights,
            activation=architecture.activation,
            decoder=decoder,
            decoder_bias=options.decoder_bias,
            n_samples=len(inputs),
            memory_limit=machine.memory_limit,
        )
        training = Training(
            autoencoder,
            np.concatenate([theta, np.zeros(autoencoder.n_parameters - len(theta), theta.dtype)]),
            Samples(inputs, None, data.weight, data.rows),
            options.optimisation(self.max_column_norm),
            Course(min(options.batch_size, len(data.rows)), self.n_epochs, architecture.seed + n),
            machine.n_threads,
        )
        table = ProgressTable(machine.verbose, "epoch")
        table.note(f"Autoencoder of layer {n + 1}, {decoder} decoder")
        for epoch in range(1, self.n_epochs + 1):
            rate = training.rates()[0]
            try:
                loss = training.epoch()
            except _core.NumericalError as error:
                raise _core.NumericalError(
                    f"autoencoder of layer {n + 1}: {error}: pretraining_options={{'learning_rate_init': ...}}"
                ) from None
            table.line(epoch, {"loss": loss, "learning_rate": rate})
        return training.theta[: len(theta)]


def pretrained_model(architecture: Architecture, data: Data, how: LayerTraining) -> Model:
    """Build and pretrain layer after layer: each column of a layer reconstructs all of the layer's inputs.

    A layer's dictionary is built from the pretrained activations below it.

    Parameters
    ----------
    architecture : Architecture
        What to build.
    data : Data
        What it is trained on.
    how : LayerTraining
        How.
    """
    columns: list[Any] = []
    weights: list[Any] = []
    X, counts = data.X, counts_of(data)
    inputs, learned = X, np.empty(0, X.dtype)  # V and bias of the layers done
    for n, place in enumerate(architecture.weighted):
        columns.append(architecture.columns(n, LayerSamples(len(inputs), inputs.__getitem__, counts)))
        weights.append(columns[n].weights(X.dtype))
        network = network_of(architecture, architecture.layers, weights, X.dtype)
        theta = initial_theta(network, architecture)
        theta[: len(learned)] = learned
        if n < len(architecture.weighted) - 1:
            own = slice(len(learned), len(learned) + columns[n].n_dynamic + place.layer.bias * place.n_hidden)
            theta[own] = how.train(weights[n], theta[own], inputs, data, architecture, n)
            learned = theta[: own.stop]
            inputs = network.predictor(theta).activations(X, n + 1, how.machine.n_threads)
    return Model(architecture, columns, theta)
