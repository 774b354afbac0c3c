"""A network as a value: its list of layers, where its inputs lie, its loss, and what decides its initial weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy.typing as npt

from ppdl import _core
from ppdl.dictionaries import LayerInput
from ppdl.dictionaries.columns import DictionaryColumns, StoredBase
from ppdl.layers import Activation, Conv2D, Dropout, Layer, Shape, Weighted

from .layer_samples import LayerSamples, drawn, windows


class Place(NamedTuple):
    """A layer of weights in its place; its dictionary and fraction are no longer open."""

    layer: Weighted
    inputs: Shape
    topology: Any  # where that which a unit sees lies, as `LayerInput` takes it

    @property
    def n_visible(self) -> int:
        """Rows of W."""
        return self.layer.visible(self.inputs).size

    @property
    def n_hidden(self) -> int:
        """Columns of W."""
        return self.layer.n_hidden

    @property
    def dictionary(self) -> Any:
        """How U is built."""
        return self.layer.dictionary

    @property
    def fraction(self) -> float:
        """Atoms of each column as a fraction of the rows."""
        assert self.layer.fraction is not None
        return self.layer.fraction


def placed(layers: Iterable[Layer], shape: Shape, topology: Any) -> Iterator[tuple[Layer, Shape, Any]]:
    """Go through layers, with the shape of each one's inputs, and where those lie that a unit of it sees.

    Parameters
    ----------
    layers : iterable of Layer
        The layers.
    shape : Shape
        Of the first one's inputs.
    topology : object
        Where these lie, as `LayerInput` takes it.
    """
    for layer in layers:
        window = layer.visible(shape) if isinstance(layer, Weighted) else shape
        yield layer, shape, topology if window == shape else window.grid
        after = layer.output_shape(shape)
        if after != shape:
            shape, topology = after, after.grid


@dataclass(frozen=True)
class Architecture:
    """Layers, and the loss of their outputs."""

    layers: tuple[Layer, ...]  # the last one is an ordinary dense layer
    n_inputs: int  # features of X
    loss: str  # as the core names it: "softmax", "binary", "squared" or "poisson"
    input_shape: Any  # where the features lie: sides of a grid, or coordinates of points
    scale: str | float  # of the initial weights, as the core names it
    seed: int  # of atoms, initial weights, dropout and the order of the samples
    described: tuple[Layer, ...] = field(default=(), compare=False)
    """The layers but the last as parameters describe them, which may leave open what is decided in `layers`."""
    parameters: dict[str, Any] = field(default_factory=dict, compare=False)
    """Meaning of each of an estimator's parameters that this follows from; those that others follow from come first."""

    @property
    def spatial(self) -> bool:
        """Whether a layer looks at windows of images."""
        return any(layer.spatial for layer in self.layers)

    @property
    def shape(self) -> Shape:
        """Of the network's inputs: that of images, if a layer looks at windows of them."""
        return Shape(*self.input_shape) if self.spatial else Shape.flat(self.n_inputs)

    @property
    def output_shapes(self) -> list[tuple[Shape, Shape]]:
        """Of each layer of weights, the shape of its outputs, and that of what reaches the next one."""
        found, shape = [], self.shape
        for layer in self.layers:
            shape = layer.output_shape(shape)
            if isinstance(layer, Weighted):
                found.append((shape, shape))
            elif found:
                found[-1] = (found[-1][0], shape)
        return found

    @cached_property
    def weighted(self) -> tuple[Place, ...]:
        """The layers of weights, each with what is known of its inputs."""
        return tuple(
            Place(layer, inputs, topology)
            for layer, inputs, topology in placed(self.layers, self.shape, self.input_shape)
            if isinstance(layer, Weighted)
        )

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

    def in_training(self, dropout: float, input_dropout: float) -> Iterator[Layer]:
        """Go through the layers, with dropout of the inputs of every layer of weights."""
        rate = input_dropout
        for layer in self.layers:
            if isinstance(layer, Weighted):
                if rate > 0.0:
                    yield Dropout(rate)
                rate = dropout
            yield layer

    def layer_input(self, n: int, samples: LayerSamples | None = None) -> LayerInput:
        """Return what the dictionary of layer number `n` of those with weights may know."""
        place = self.weighted[n]
        if samples is not None and isinstance(place.layer, Conv2D):
            samples = windows(samples, place.layer, place.inputs, (self.seed, n))
        elif samples is not None:
            samples = drawn(samples, place.n_visible, (self.seed, n))
        activations = None if samples is None else samples.all
        weight = None if samples is None else samples.weight
        return LayerInput(place.n_visible, place.topology, activations, self.seed, n, sample_weight=weight)

    def columns(self, n: int, samples: LayerSamples | None = None, base: StoredBase | None = None) -> DictionaryColumns:
        """Build the dictionaries of a layer of weights.

        Parameters
        ----------
        n : int
            Number of the layer.
        samples : LayerSamples, optional
            Its inputs over the data, for dictionaries that are made from them.
        base : StoredBase, optional
            What was made of the data before; then they are not looked at.
        """
        place, inputs = self.weighted[n], self.layer_input(n, samples)
        try:
            return place.dictionary.columns(inputs, sizes=place.layer.sizes, fraction=place.fraction, base=base)
        except (ValueError, _core.NumericalError) as error:
            if not self.spatial:
                raise
            raise type(error)(f"{place.layer!r}: {error}") from None

    def weights(self, n: int, columns: DictionaryColumns, dtype: npt.DTypeLike) -> Any:
        """Return the core's weights of a layer with these dictionaries; a convolution may pool first."""
        return columns.weights(dtype, separable=self.weighted[n].layer.spatial)

    def require_same(self, other: Architecture, received: Any) -> None:
        """Check that another architecture, made of the estimator `received`, is this one's but for chance.

        Raises
        ------
        ValueError
            Naming the first parameter that differs.
        """
        if other == self:
            return
        before, now = ({**each.parameters, "y": each.n_outputs} for each in (self, other))
        name = next(name for name in before if before[name] != now[name])
        value = f"{now['y']} output(s)" if name == "y" else repr(getattr(received, name))
        raise ValueError(
            f"{name}: received {value}; expected what the network was fitted with: fit again, or set the parameter back"
        )
