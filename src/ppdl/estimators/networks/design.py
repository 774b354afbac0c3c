"""The network as an estimator's parameters describe it, as far as it is known without data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ppdl import _checks as checks
from ppdl.dictionaries import Identity, LayerInput
from ppdl.layers import Activation, Dense, Layer, Maxout

from ..predicted_weights import check_learned_fraction, checked_dictionary
from .architecture import Architecture

ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "maxout")
SCALES = ("auto", "glorot", "he", "lecun")


@dataclass(frozen=True)
class Design(ABC):
    """All layers but the last, and what decides the initial weights."""

    hidden: tuple[Layer, ...]
    input_shape: Any  # where the features lie
    scale: str | float  # of the initial weights, as the core names it
    parameters: dict[str, Any]  # see `Architecture`

    encodes: ClassVar[bool] = False
    """Whether hidden layers can be pretrained as autoencoders."""

    @abstractmethod
    def architecture(self, *, n_inputs: int, n_outputs: int, loss: str, seed: int, images: Any = None) -> Architecture:
        """Make the architecture for data of these sizes; the output layer is never predicted.

        Parameters
        ----------
        n_inputs, n_outputs : int
            Numbers of a sample.
        loss : str
            As the core names it.
        seed : int
            Of everything random.
        images : tuple of int, optional
            Height, width and channels of the samples, where they are images.
        """

    def _with_output(self, n_inputs: int, n_outputs: int, loss: str, seed: int, input_shape: Any) -> Architecture:
        layers = (*self.hidden, Dense(n_outputs, dictionary=Identity(), fraction=1.0))
        parameters = {**self.parameters, "input_shape": input_shape, "init": self.scale, "loss": loss}
        return Architecture(layers, n_inputs, loss, input_shape, self.scale, seed, parameters)


class PerceptronDesign(Design):
    """A multi-layer perceptron."""

    encodes = True

    def architecture(self, *, n_inputs: int, n_outputs: int, loss: str, seed: int, images: Any = None) -> Architecture:
        """Make the architecture for data of these sizes; see `Design`."""
        LayerInput(n_inputs, shape=self.input_shape)  # checks the shape, whether or not a dictionary looks at it
        return self._with_output(n_inputs, n_outputs, loss, seed, self.input_shape)


def perceptron_design(params: Any) -> PerceptronDesign:
    """Parse the parameters of an estimator, its attributes."""
    sizes = _hidden_sizes(params.hidden_layer_sizes)
    between, n_pieces = activation_layer(params)
    given = checks.per_layer("dictionary", params.dictionary, len(sizes))
    dictionaries = [checked_dictionary(value) for value in given]
    fractions = checks.per_layer("learned_fraction", params.learned_fraction, len(sizes))
    columns = checks.per_layer("n_columns", params.n_columns, len(sizes))
    check_learned_fraction(given, fractions, columns)
    hidden: list[Layer] = []
    for units, dictionary, fraction, n_columns in zip(sizes, dictionaries, fractions, columns, strict=True):
        dense = Dense(units, n_columns=int(n_columns), dictionary=dictionary, fraction=float(fraction))
        checks.integer("n_pieces", n_pieces, at_most=checks.LARGEST_INT // units)
        hidden += [dense.widened(n_pieces), between]
    meaning = {
        "hidden_layer_sizes": sizes,
        "activation": type(between) if n_pieces > 1 else between,
        "n_pieces": n_pieces,
        "dictionary": dictionaries,
        "learned_fraction": [float(fraction) for fraction in fractions],
        "n_columns": [int(n) for n in columns],
    }
    return PerceptronDesign(tuple(hidden), _input_shape(params.input_shape), initial_scale(params), meaning)


def activation_layer(params: Any) -> tuple[Layer, int]:
    """Return what stands after a layer of weights, and how many linear pieces a unit has."""
    activation = checks.one_of("activation", params.activation, ACTIVATIONS)
    if activation != "maxout":
        return Activation(str(activation)), 1
    n_pieces = checks.integer("n_pieces", params.n_pieces, at_least=2, at_most=checks.LARGEST_INT)
    return Maxout(n_pieces), n_pieces


def _hidden_sizes(value: Any) -> list[int]:
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


def initial_scale(params: Any) -> str | float:
    """Return the scale of the initial weights as the core names it; "auto" is scikit-learn's choice."""
    init = params.init
    if not isinstance(init, str):
        return checks.real("init", init, above=0.0)
    checks.one_of("init", init, SCALES)
    if init == "auto":
        return "glorot-logistic" if params.activation == "logistic" else "glorot"
    return str(init)
