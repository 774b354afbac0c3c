"""How hidden layers are pretrained, as `pretraining_options` say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ppdl import _checks as checks
from ppdl._precision import Array

from .. import schedules
from ..training.options import Optimisation

DECODERS = ("auto", "logistic", "identity", "tanh", "relu")


@dataclass(frozen=True)
class AutoencoderOptions:
    """How layers are pretrained; names and meaning as those of the estimator, defaults of the paper's authors.

    Parameters
    ----------
    learning_rate_init : float, default=0.1
        Initial learning rate of gradient descent.
    learning_rate : str or Schedule, default="geometric"
        Its schedule; not "adaptive", since all epochs are run.
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
        if isinstance(self.schedule, schedules.Adaptive):
            raise ValueError(
                f"pretraining_options['learning_rate']: received {self.learning_rate!r}; expected another schedule: "
                "autoencoders run all their epochs, so that none looks for stagnation"
            )

    @classmethod
    def of(cls, options: Mapping[str, Any] | None) -> AutoencoderOptions:
        """Read an estimator's `pretraining_options`."""
        if options is not None and not isinstance(options, Mapping):
            raise ValueError(f"pretraining_options: received {options!r}; expected a dict or None")
        try:
            return cls(**(options or {}))
        except TypeError as error:
            raise ValueError(f"pretraining_options: {error}") from None

    @property
    def schedule(self) -> schedules.Schedule:
        """Learning rates."""
        name = "pretraining_options['learning_rate']"
        return schedules.schedule(self.learning_rate, solver="sgd", power_t=0.5, name=name)

    def optimisation(self, max_column_norm: float) -> Optimisation:
        """Return the optimiser."""
        return Optimisation(
            "sgd",
            self.schedule,
            float(self.learning_rate_init),
            float(self.momentum),
            bool(self.nesterovs_momentum),
            batch_size=int(self.batch_size),
            max_column_norm=max_column_norm,
        )

    def decoder_of(self, inputs: Array) -> str:
        """Return the activation of the reconstruction of these inputs."""
        if self.decoder != "auto":
            return str(self.decoder)
        return "logistic" if inputs.min() >= 0.0 and inputs.max() <= 1.0 else "identity"
