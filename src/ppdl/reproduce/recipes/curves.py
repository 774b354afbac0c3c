"""The curves of Figure 4 (left): what each name means as a network at a given proportion of learned parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ppdl.dictionaries import (
    DCT,
    AutoencoderAtoms,
    Dictionary,
    EmpiricalCovariance,
    LowRank,
    PrincipalComponents,
    RandomConnections,
    RandomProjection,
    SquaredExponential,
)
from ppdl.dictionaries.atoms import count_atoms


@dataclass(frozen=True)
class Architecture:
    """A network of two hidden layers and a softmax layer, the first two predicted.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Pixels and classes.
    hidden : tuple of int
        Hidden units of the two layers.
    batch_size : int
        Samples of a mini-batch.
    """

    n_inputs: int
    hidden: tuple[int, int]
    n_outputs: int
    batch_size: int

    def learned_proportion(self, fraction: float) -> float:
        """Proportion of parameters learned as the paper counts it: weights of the two predicted layers, without biases.

        It is a little below the fraction, because a layer's number of atoms is a whole one.
        """
        return self.share(self.n_dynamic(fraction))

    def share(self, n_dynamic: int) -> float:
        """Learned numbers of the two predicted layers, of all that are learned, in proportion to their weights."""
        first, second = self.hidden
        others = first + second + (second + 1) * self.n_outputs
        return (n_dynamic - others) / (self.n_inputs * first + first * second)

    def n_dynamic(self, fraction: float) -> int:
        """Learned numbers of the predicted network, whatever its fixed dictionaries: V, softmax layer and biases."""
        first, second = self.hidden
        return (
            (count_atoms(self.n_inputs, fraction) + 1) * first
            + (count_atoms(first, fraction) + 1) * second
            + (second + 1) * self.n_outputs
        )

    def narrowed(self, fraction: float) -> tuple[int, int]:
        """Hidden units of the ordinary network whose number of parameters comes nearest to `n_dynamic(fraction)`.

        Both hidden layers get h units: (n_inputs + 1) h + (h + 1) h + (h + 1) n_outputs = n_dynamic.
        """
        b = self.n_inputs + 2 + self.n_outputs
        h = (-b + math.sqrt(b * b + 4 * (self.n_dynamic(fraction) - self.n_outputs))) / 2
        return (round(h), round(h))


ARCHITECTURES = {
    "enlarged-digits": Architecture(n_inputs=784, hidden=(200, 200), n_outputs=10, batch_size=50),
    "digits": Architecture(n_inputs=64, hidden=(100, 100), n_outputs=10, batch_size=20),
    "mnist": Architecture(n_inputs=784, hidden=(500, 500), n_outputs=10, batch_size=100),
}

Network = Callable[[Architecture, float], dict[str, Any]]


@dataclass(frozen=True)
class Curve:
    """A line of the figure.

    Parameters
    ----------
    name : str
        Its name in options and records, the paper's where it has one.
    summary : str
        The networks on it in one sentence.
    network : callable
        ``network(architecture, fraction)`` gives the estimator's parameters that say which network it is.
    flat : bool, default=False
        Whether the network is the same for all proportions.
    pretrained : bool, default=True
        Whether the recipe's pretraining applies to it.
    learns_dictionary : bool, default=False
        Whether U is learned too, so that the share of parameters learned is larger than the one asked for.
    title : str, default=""
        What tables and pictures call it; "" is its name.
    """

    name: str
    summary: str
    network: Network
    flat: bool = False
    pretrained: bool = True
    learns_dictionary: bool = False
    title: str = ""

    @property
    def label(self) -> str:
        """What tables and pictures call it."""
        return self.title or self.name


def predicted(first: Dictionary, second: Dictionary) -> Network:
    """Network whose two hidden layers are predicted, each in 10 columns."""

    def network(architecture: Architecture, fraction: float) -> dict[str, Any]:
        return dict(
            hidden_layer_sizes=architecture.hidden, dictionary=(first, second), learned_fraction=fraction, n_columns=10
        )

    return network


def leading(architecture: Architecture, fraction: float) -> dict[str, Any]:
    """Network of cosines, then principal components, both orthonormal and from coarse to fine: best with rectifiers.

    Each column draws its atoms from the leading ones, so that all columns together span more than one column holds:
    three times as much, and at small proportions six times as much, in 50 columns.
    """
    n_columns, times = (10, 3.0) if fraction >= 0.04 else (50, 6.0)
    dictionaries = (
        DCT(selection="leading", leading=times),
        PrincipalComponents(selection="leading", leading=times),
    )
    return predicted(*dictionaries)(architecture, fraction) | dict(n_columns=n_columns)


def dense(architecture: Architecture, fraction: float) -> dict[str, Any]:
    """Ordinary network."""
    return dict(hidden_layer_sizes=architecture.hidden)


def narrow(architecture: Architecture, fraction: float) -> dict[str, Any]:
    """Ordinary network with fewer hidden units, learning as many parameters as the predicted ones."""
    return dict(hidden_layer_sizes=architecture.narrowed(fraction))


_SE = SquaredExponential(length_scale=1.0, ridge=0.1)

CURVES = {
    curve.name: curve
    for curve in (
        Curve("nokernel", "Ordinary network, nothing predicted.", dense, flat=True, title="ordinary (nokernel)"),
        Curve(
            "LowRank",
            "U learned as well as V.",
            predicted(LowRank(), LowRank()),
            pretrained=False,
            learns_dictionary=True,
            title="LowRank (U learned too)",
        ),
        Curve("RandCon", "Random connections: atoms of the identity.", predicted(*[RandomConnections()] * 2)),
        Curve("RandFixU", "Random projections: Gaussian atoms.", predicted(*[RandomProjection()] * 2)),
        Curve(
            "SE-Emp",
            "Squared exponential, then covariance of the activations.",
            predicted(_SE, EmpiricalCovariance(power=1, ridge=1e-3)),
        ),
        Curve(
            "SE-Emp2",
            "Squared exponential, then covariance of the squared activations.",
            predicted(_SE, EmpiricalCovariance(power=2, ridge=1e-3)),
        ),
        Curve(
            "SE-AE",
            "Squared exponential, then atoms of an autoencoder.",
            predicted(_SE, AutoencoderAtoms(n_base=500, epochs=5)),
        ),
        Curve(
            "narrow",
            "Ordinary network with fewer hidden units, as many learned parameters.",
            narrow,
            title="ordinary, narrowed",
        ),
        Curve(
            "best",
            "Leading cosines, then leading principal components of the activations (ours, best with rectifiers).",
            leading,
            title="leading DCT–PCA",
        ),
    )
}
