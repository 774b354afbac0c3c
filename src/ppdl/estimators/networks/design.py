"""The network as an estimator's parameters describe it, as far as it is known without data."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, get_args

import numpy as np

from ppdl import _checks as checks
from ppdl.dictionaries import Identity, LayerInput
from ppdl.layers import Activation, Dense, Layer, Maxout, Weighted
from ppdl.layers.weighted import checked_n_columns

from ..predicted_weights import automatic_dictionary, checked_fraction, refuse_matrix
from .architecture import Architecture, placed
from .choices import decided
from .parameters import ActivationName, Scale

_OPEN: dict[str, Callable[[Any], Any]] = {
    "dictionary": automatic_dictionary,
    "learned_fraction": checked_fraction,
    "n_columns": checked_n_columns,
}  # what may be left to the network, for all layers or for each


@dataclass(frozen=True)
class Design(ABC):
    """All layers but the last, and what decides the initial weights."""

    hidden: tuple[Layer, ...]  # whose dictionaries, fractions and columns may be left open
    input_shape: Any  # where the features lie
    scale: str | float  # of the initial weights, as the core names it
    parameters: dict[str, Any]  # see `Architecture`

    encodes: ClassVar[bool] = False
    """Whether hidden layers can be pretrained as autoencoders."""

    @abstractmethod
    def _placed_at(self, n_inputs: int, images: Any) -> Any:
        """Return where so many inputs lie, checked; `images` is the shape of samples that are some."""

    def architecture(
        self,
        *,
        n_inputs: int,
        n_outputs: int,
        loss: str,
        seed: int,
        images: Any = None,
        earlier: Architecture | None = None,
    ) -> Architecture:
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
        earlier : Architecture, optional
            What it decided holds where the parameters still describe the same layers.
        """
        place = self._placed_at(n_inputs, images)
        output = Dense(n_outputs, dictionary=Identity(), fraction=1.0, n_columns=1)
        parameters = {**self.parameters, "input_shape": place, "init": self.scale, "loss": loss}
        described = Architecture(
            (*self.hidden, output), n_inputs, loss, place, self.scale, seed, self.hidden, parameters
        )
        if earlier is not None and (earlier.described, earlier.input_shape) == (self.hidden, place):
            hidden = earlier.layers[:-1]
        else:
            hidden = tuple(_closed(described))
        return dataclasses.replace(described, layers=(*hidden, output))


def _closed(described: Architecture) -> Iterator[Layer]:
    """Go through the layers but the last, with nothing left open in them."""
    for layer, inputs, topology in placed(described.described, described.shape, described.input_shape):
        if isinstance(layer, Weighted):
            yield decided(layer, LayerInput(layer.visible(inputs).size, topology))
        else:
            yield layer


class PerceptronDesign(Design):
    """A multi-layer perceptron."""

    encodes = True

    def _placed_at(self, n_inputs: int, images: Any) -> Any:
        LayerInput(n_inputs, shape=self.input_shape)  # checks the shape, whether or not a dictionary looks at it
        return self.input_shape


def perceptron_design(params: Any) -> PerceptronDesign:
    """Parse the parameters of an estimator, its attributes."""
    sizes = _hidden_sizes(params.hidden_layer_sizes)
    between, n_pieces = activation_layer(params)
    refuse_matrix(params.dictionary)
    dictionaries, fractions, columns = (
        [check(value) for value in checks.per_layer(name, getattr(params, name), len(sizes))]
        for name, check in _OPEN.items()
    )
    hidden: list[Layer] = []
    for units, dictionary, fraction, n_columns in zip(sizes, dictionaries, fractions, columns, strict=True):
        dense = Dense(units, n_columns=n_columns).completed(dictionary, fraction)
        checks.integer("n_pieces", n_pieces, at_most=checks.LARGEST_INT // units)
        hidden += [dense.widened(n_pieces), between]
    meaning = {
        "hidden_layer_sizes": sizes,
        "activation": type(between) if n_pieces > 1 else between,
        "n_pieces": n_pieces,
        "dictionary": dictionaries,
        "learned_fraction": fractions,
        "n_columns": columns,
    }
    return PerceptronDesign(tuple(hidden), _input_shape(params.input_shape), initial_scale(params), meaning)


def activation_layer(params: Any) -> tuple[Layer, int]:
    """Return what stands after a layer of weights, and how many linear pieces a unit has."""
    activation = checks.one_of("activation", params.activation, get_args(ActivationName))
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
    checks.one_of("init", init, get_args(Scale))
    if init == "auto":
        return "glorot-logistic" if params.activation == "logistic" else "glorot"
    return str(init)
