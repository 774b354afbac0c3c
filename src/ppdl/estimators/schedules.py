"""Learning rates: how the rate of each mini-batch follows from the progress of training."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks

Rates = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Progress:
    """Where training stands at the start of an epoch.

    Parameters
    ----------
    batch : int
        Mini-batches done before, in this call.
    n_batches : int
        Mini-batches of this epoch.
    total : int
        Mini-batches of the whole training, if it runs all its epochs.
    n_samples : int
        Samples seen before, by earlier calls too.
    earlier : int
        Mini-batches of earlier calls.
    """

    batch: int
    n_batches: int
    total: int
    n_samples: int
    earlier: int = 0

    @property
    def batches(self) -> Rates:
        """Numbers of this epoch's mini-batches, from 0 at the start of training."""
        return np.arange(self.batch, self.batch + self.n_batches, dtype=np.float64)


@dataclass(frozen=True)
class Schedule(abc.ABC):
    """A rule that gives every mini-batch its learning rate.

    Examples
    --------
    A schedule goes where the name of one would, as `learning_rate`; what it was made of is told by `get_config`:

    >>> from ppdl.estimators import OneCycle, Schedule
    >>> isinstance(OneCycle(), Schedule)
    True
    >>> OneCycle(warm_up=0.1).get_config()
    {'schedule': 'one_cycle', 'warm_up': 0.1, 'start': 0.04, 'anneal': 'cosine', 'epochs': None}
    """

    name: ClassVar[str]

    @property
    def fixed_length(self) -> bool:
        """Whether the rule is made for the epochs of one call, all of which are then run."""
        return False

    @abc.abstractmethod
    def rates(self, initial: float, progress: Progress) -> Rates:
        """Learning rates of one epoch, shape (n_batches,)."""

    def get_config(self) -> dict[str, Any]:
        """Name and parameters, in JSON's types."""
        return {"schedule": self.name, **dataclasses.asdict(self)}


@dataclass(frozen=True)
class Constant(Schedule):
    """The initial rate throughout."""

    name = "constant"

    def rates(self, initial: float, progress: Progress) -> Rates:
        """Learning rates of one epoch, shape (n_batches,)."""
        return np.full(progress.n_batches, initial)


@dataclass(frozen=True)
class Adaptive(Constant):
    """The initial rate, divided by 5 whenever training stagnates; scikit-learn's rule."""

    name = "adaptive"
    smallest: ClassVar[float] = 1e-6

    def after_stagnation(self, rate: float) -> float | None:
        """Return the next rate; None where the present one is too small already, and training ends."""
        return None if rate <= self.smallest else rate / 5.0


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """The initial rate divided by (1 + samples seen)^power, constant within an epoch; scikit-learn's rule."""

    power: float = 0.5
    name = "invscaling"

    def rates(self, initial: float, progress: Progress) -> Rates:
        """Learning rates of one epoch, shape (n_batches,)."""
        return np.full(progress.n_batches, initial / (1 + progress.n_samples) ** self.power)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Linear warm-up to the given rate, then annealing to zero along a cosine, in one cycle over all epochs.

    Parameters
    ----------
    warm_up : float, default=0.3
        Fraction of the mini-batches that the warm-up takes, in [0, 1).
    start : float, default=0.04
        First rate, as a fraction of the given one.
    anneal : {"cosine", "linear"}, default="cosine"
        Way down.
    epochs : int, default=None
        Length of the cycle, in epochs of all calls, so that `partial_fit` may go through it; after it the rate is 0.
        None is the length of each call.

    Examples
    --------
    >>> from ppdl.estimators import PredictedMLPClassifier
    >>> from ppdl.estimators.schedules import OneCycle
    >>> PredictedMLPClassifier(learning_rate=OneCycle(warm_up=0.1), max_iter=20)
    PredictedMLPClassifier(learning_rate=OneCycle(warm_up=0.1, start=0.04,
                                                  anneal='cosine', epochs=None),
                           max_iter=20)
    """

    warm_up: float = 0.3
    start: float = 0.04
    anneal: str = "cosine"
    epochs: int | None = None
    name = "one_cycle"

    def __post_init__(self) -> None:
        checks.real("warm_up", self.warm_up, at_least=0.0, below=1.0)
        checks.real("start", self.start, at_least=0.0)
        checks.one_of("anneal", self.anneal, ("cosine", "linear"))
        if self.epochs is not None:
            checks.integer("epochs", self.epochs)

    @property
    def fixed_length(self) -> bool:
        """Whether the cycle takes the epochs of one call, all of which are then run."""
        return self.epochs is None

    def rates(self, initial: float, progress: Progress) -> Rates:
        """Learning rates of one epoch, shape (n_batches,)."""
        if self.epochs is None:
            done = progress.batches / progress.total
        else:
            done = (progress.earlier + progress.batches) / (self.epochs * progress.n_batches)
        descent = np.clip((done - self.warm_up) / (1.0 - self.warm_up), 0.0, 1.0)
        down = 0.5 * (1.0 + np.cos(math.pi * descent)) if self.anneal == "cosine" else 1.0 - descent
        if self.warm_up == 0.0:
            return initial * down
        up = self.start + (1.0 - self.start) * np.minimum(done / self.warm_up, 1.0)
        return initial * up * down


@dataclass(frozen=True)
class Geometric(Schedule):
    """The rate divided by a constant after every mini-batch, down to a floor; the paper's authors' rule.

    Continued fits go on where the last one ended, as if its epochs had been of as many mini-batches as theirs.

    Parameters
    ----------
    decay : float, default=1.00004
        Divisor, at least 1.
    floor : float, default=1e-6
        Smallest rate.

    Examples
    --------
    >>> from ppdl.estimators import Geometric, PredictedMLPClassifier
    >>> PredictedMLPClassifier(learning_rate=Geometric(decay=1.001))
    PredictedMLPClassifier(learning_rate=Geometric(decay=1.001, floor=1e-06))
    """

    decay: float = 1.00004
    floor: float = 1e-6
    name = "geometric"

    def __post_init__(self) -> None:
        checks.real("decay", self.decay, at_least=1.0)
        checks.real("floor", self.floor, at_least=0.0)

    def rates(self, initial: float, progress: Progress) -> Rates:
        """Learning rates of one epoch, shape (n_batches,)."""
        return np.maximum(initial * self.decay ** -(progress.earlier + progress.batches), self.floor)


_KINDS: dict[str, type[Schedule]] = {
    kind.name: kind for kind in (Constant, InverseScaling, Adaptive, OneCycle, Geometric)
}


def schedule(learning_rate: str | Schedule, *, solver: str, power_t: float, name: str = "learning_rate") -> Schedule:
    """Return the schedule that an estimator's parameters mean; `name` is the parameter's in errors.

    As in scikit-learn, "invscaling" and "adaptive" have effect with ``solver="sgd"`` only.
    """
    if isinstance(learning_rate, Schedule):
        return learning_rate
    checks.one_of(name, learning_rate, _KINDS)
    if learning_rate == InverseScaling.name:
        return InverseScaling(power_t) if solver == "sgd" else Constant()
    if learning_rate == Adaptive.name and solver != "sgd":
        return Constant()
    return _KINDS[learning_rate]()


def from_config(config: Mapping[str, Any]) -> Schedule:
    """Make the schedule that `Schedule.get_config` described."""
    options = dict(config)
    kind = checks.one_of("learning_rate: schedule", options.pop("schedule", None), _KINDS)
    try:
        return _KINDS[kind](**options)
    except TypeError as error:
        raise ValueError(f"learning_rate: schedule {kind!r}: {error}") from None
