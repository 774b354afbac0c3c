"""Features of a shallow autoencoder."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Floats, core

from .atoms import AtomDictionary
from .layer_input import LayerInput

_FIRST_EPOCH = 1 << 30  # key of the shuffling, beyond the keys of the columns
_LOWEST_RATE = 1e-6


@dataclass(frozen=True, repr=False)
class AutoencoderAtoms(AtomDictionary, id="autoencoder"):
    """Weights of a shallow autoencoder trained on the layer's inputs: the paper's "AE" (Sec. 3.1 and 3.5).

    Encoder and decoder share their weights, h = logistic(xW + b), x̂ = d(hWᵀ); the squared error, weighted by the
    samples' weights, is minimised by SGD with momentum. The columns of W are the atoms. The defaults are the authors'
    recipe.

    Parameters
    ----------
    n_base : int, optional
        Hidden units of the autoencoder, from which all columns choose; by default twice the layer's inputs.
    decoder : {"logistic", "identity"}, default="logistic"
        d: logistic for inputs in [0, 1], such as pixels and sigmoid units; identity for others.
    epochs : int, default=50
        Passes over the activations.
    batch_size : int, default=100
        Samples of a step.
    learning_rate : float, default=0.1
        Of the first step, more than 0.
    learning_rate_decay : float, default=1.00004
        At least 1; the rate is divided by it after each step, down to 1e-6 (or the first rate, if that is lower).
    momentum : float, default=0.7
        From 0 to below 1.
    orthonormalize, selection, leading, scaled
        See `AtomDictionary`. The atoms have no order.
    tied : bool, default=True
        Of no effect: the atoms span the channels.

    Raises
    ------
    ppdl.NumericalError
        From `columns`, if the loss diverges; lower `learning_rate`.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.dictionaries import AutoencoderAtoms, LayerInput
    >>> X = np.random.default_rng(0).uniform(size=(200, 16))
    >>> columns = AutoencoderAtoms(epochs=2).columns(LayerInput(16, activations=X), sizes=(5,), fraction=0.5)
    >>> columns.n_base, columns.base.shape
    (32, (16, 8))
    """

    n_base: int | None = None
    decoder: Literal["logistic", "identity"] = dataclasses.field(default="logistic", kw_only=True)
    epochs: int = dataclasses.field(default=50, kw_only=True)
    batch_size: int = dataclasses.field(default=100, kw_only=True)
    learning_rate: float = dataclasses.field(default=0.1, kw_only=True)
    learning_rate_decay: float = dataclasses.field(default=1.00004, kw_only=True)
    momentum: float = dataclasses.field(default=0.7, kw_only=True)

    data_driven: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.one_of("decoder", self.decoder, ("logistic", "identity"))
        if self.n_base is not None:
            checks.integer("n_base", self.n_base, at_most=checks.LARGEST_INT)
        checks.integer("epochs", self.epochs, at_most=_FIRST_EPOCH)
        checks.integer("batch_size", self.batch_size, at_most=checks.LARGEST_INT)
        checks.real("learning_rate", self.learning_rate, above=0.0)
        checks.real("learning_rate_decay", self.learning_rate_decay, at_least=1.0)
        checks.real("momentum", self.momentum, at_least=0.0, below=1.0)

    def base(self, inputs: LayerInput) -> Floats:
        """Train, and return the encoder's weights, shape (n_visible, n_base)."""
        n_base = 2 * inputs.n_visible if self.n_base is None else self.n_base
        try:
            return self._train(inputs, n_base)
        except _core.NumericalError as error:
            raise _core.NumericalError(f"{error} (in the autoencoder of {self!r}; lower its learning_rate)") from None

    def _train(self, inputs: LayerInput, n_base: int) -> Floats:
        X, weight = inputs.weighted_sample("AutoencoderAtoms")
        rows = np.arange(len(X)) if weight is None else np.flatnonzero(weight)
        if weight is not None:  # which is relative: weights that are all the same are none
            weight = None if np.ptp(weight[rows]) == 0.0 else checks.cast("sample_weight", weight, X.dtype)
        S = core(X.dtype)
        model = S.Autoencoder(
            S.PredictedWeights(inputs.n_visible, [(n_base, None, None)]), activation="logistic", decoder=self.decoder
        )
        theta = model.initial(_core.Random(inputs.seed, inputs.stream(_FIRST_EPOCH - 1)).words(0)[0])
        trainer = S.Trainer(
            model, S.Sgd(momentum=self.momentum), X, sample_weight=weight, batch_size=min(self.batch_size, len(rows))
        )
        n_batches = -(-len(rows) // self.batch_size)
        lowest = min(self.learning_rate, _LOWEST_RATE)
        for epoch in range(self.epochs):
            order = _core.Random(inputs.seed, inputs.stream(_FIRST_EPOCH + epoch)).permutation(len(rows))
            steps = epoch * n_batches + np.arange(n_batches, dtype=np.float64)
            rates = np.maximum(self.learning_rate * self.learning_rate_decay**-steps, lowest)
            trainer.epoch(theta, rows[order], rates)
        W: Floats = theta[: inputs.n_visible * n_base].reshape(inputs.n_visible, n_base).astype(np.float64)
        return W
