"""A network as a value: its list of layers, where its inputs lie, its loss, and what decides its initial weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ppdl._precision import Array
from ppdl.dictionaries import LayerInput
from ppdl.dictionaries.columns import DictionaryColumns
from ppdl.layers import Activation, Dense, Dropout, Layer, Maxout, Shape


class WeightedLayer(NamedTuple):
    """A layer of weights in its place."""

    layer: Dense
    shape: Shape  # of its inputs
    topology: Any  # where its inputs lie, as `LayerInput` takes it

    @property
    def n_visible(self) -> int:
        """Rows of W."""
        return self.shape.size

    @property
    def n_hidden(self) -> int:
        """Columns of W."""
        return self.layer.units

    @property
    def dictionary(self) -> Any:
        """How U is built."""
        return self.layer.dictionary


@dataclass(frozen=True)
class Architecture:
    """Layers, and the loss of their outputs."""

    layers: tuple[Layer, ...]  # the last one is an ordinary layer of weights
    n_inputs: int  # features of X
    loss: str  # as the core names it: "softmax", "binary", "squared" or "poisson"
    input_shape: Any  # where the features lie: sides of a grid, or coordinates of points
    scale: str | float  # of the initial weights, as the core names it
    seed: int  # of atoms, initial weights, dropout and the order of the samples

    @cached_property
    def weighted(self) -> tuple[WeightedLayer, ...]:
        """The layers of weights, each with what is known of its inputs."""
        found, shape, topology = [], Shape.flat(self.n_inputs), self.input_shape
        for layer in self.layers:
            if isinstance(layer, Dense):
                found.append(WeightedLayer(layer, shape, topology))
            after = layer.output_shape(shape)
            if after != shape:
                shape, topology = after, after.grid
        return tuple(found)

    @property
    def n_outputs(self) -> int:
        """Numbers that the network returns for each sample."""
        return self.weighted[-1].n_hidden

    @property
    def activation(self) -> str:
        """Activation of the first hidden layer; of a network without one, the identity."""
        kinds = (layer.kind for layer in self.layers if isinstance(layer, Activation))
        return next(kinds, "identity")

    @property
    def data_driven(self) -> list[int]:
        """Numbers of the layers above the first whose dictionaries are made from activations."""
        return [n for n, place in enumerate(self.weighted) if n > 0 and place.dictionary.data_driven]

    @property
    def parameters(self) -> dict[str, Any]:
        """Meaning of each of an estimator's parameters of the network; those that others follow from come first."""
        hidden = [place.layer for place in self.weighted[:-1]]
        return {
            "hidden_layer_sizes": [layer.units // layer.group for layer in hidden],
            "activation": [layer for layer in self.layers if isinstance(layer, Activation)],
            "n_pieces": [layer for layer in self.layers if isinstance(layer, Maxout)],
            "dictionary": [layer.dictionary for layer in hidden],
            "learned_fraction": [layer.fraction for layer in hidden],
            "n_columns": [layer.n_columns for layer in hidden],
            "input_shape": self.input_shape,
            "init": self.scale,
            "loss": self.loss,
            "y": self.n_outputs,
        }

    def in_training(self, dropout: float, input_dropout: float) -> Iterator[Layer]:
        """Go through the layers, with dropout of the inputs of every layer of weights."""
        rate = input_dropout
        for layer in self.layers:
            if layer.weighted:
                if rate > 0.0:
                    yield Dropout(rate)
                rate = dropout
            yield layer

    def columns(
        self,
        n: int,
        *,
        activations: Any = None,
        weight: Array | None = None,
        base: npt.NDArray[np.float64] | None = None,
    ) -> DictionaryColumns:
        """Build the dictionaries of a layer of weights.

        Parameters
        ----------
        n : int
            Number of the layer.
        activations : ndarray of shape (n_samples, n_visible), or callable that returns it, optional
            Its inputs over the data, for dictionaries that are made from them.
        weight : ndarray of shape (n_samples,), optional
            How much each of these samples counts.
        base : ndarray, optional
            What was made of the data before; then they are not looked at.
        """
        layer, shape, topology = self.weighted[n]
        inputs = LayerInput(shape.size, topology, activations, self.seed, n, sample_weight=weight)
        return layer.dictionary.columns(inputs, sizes=layer.sizes, fraction=layer.fraction, base=base)

    def require_same(self, other: Architecture, received: Any) -> None:
        """Check that another architecture, made of the estimator `received`, is this one's but for chance.

        Raises
        ------
        ValueError
            Naming the first parameter that differs.
        """
        if other == self:
            return
        before, now = self.parameters, other.parameters
        name = next(name for name in before if before[name] != now[name])
        value = f"{now['y']} output(s)" if name == "y" else repr(getattr(received, name))
        raise ValueError(
            f"{name}: received {value}; expected what the network was fitted with: fit again, or set the parameter back"
        )
