"""A network for images as a list of layers describes it: parsed, completed, and its sizes checked."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ppdl import _checks as checks
from ppdl.dictionaries import Dictionary, Identity, SquaredExponential
from ppdl.layers import Activation, Conv2D, Dense, Layer, Maxout, MaxPool2D, Shape, Weighted

from ..predicted_weights import automatic_dictionary, checked_fraction
from .design import Design, activation_layer, initial_scale

PRESETS: dict[str, tuple[Layer, ...]] = {
    "denil2013": (
        Conv2D(48, 8, padding=4, n_columns=1),
        MaxPool2D(4, stride=2),
        Conv2D(64, 8, padding=3, n_columns=1),
        MaxPool2D(4, stride=2),
        Conv2D(64, 5, padding=3, n_columns=1),
        MaxPool2D(2, stride=2),
        Dense(500, n_columns=5),
    ),
    "small": (
        Conv2D(32, 3, padding=1, n_columns=4),
        MaxPool2D(2),
        Conv2D(64, 3, padding=1, n_columns=4),
        MaxPool2D(2),
        Dense(128, n_columns=4),
    ),
}
# What "auto" is in a preset, if not the network's choice.
PRESET_DICTIONARIES: dict[str, Dictionary] = {"denil2013": SquaredExponential()}


class ImageDesign(Design):
    """Layers over images, some of which look at windows."""

    def _placed_at(self, n_inputs: int, images: Any) -> Any:
        given = self.input_shape if self.input_shape is not None else images
        if given is None:
            raise ValueError(
                f"input_shape: received None, and rows of {n_inputs} numbers; expected (height, width, channels) of "
                "the images, or X of shape (n_samples, height, width, channels)"
            )
        shape = Shape(*given)
        if shape.size != n_inputs:
            raise ValueError(
                f"input_shape: received {tuple(shape)}, images of {shape.size} numbers; expected {n_inputs}, as X has"
            )
        check_sizes(self.parameters["layers"], shape)
        return tuple(shape)


def image_design(params: Any) -> ImageDesign:
    """Parse the parameters of an estimator, its attributes."""
    layers = listed_layers(params.layers)
    between, n_pieces = activation_layer(params)
    dictionary = automatic_dictionary(params.dictionary, "for all layers that have none of their own")
    fraction = checked_fraction(params.learned_fraction)
    if dictionary is None and fraction is not None and isinstance(params.layers, str):
        dictionary = PRESET_DICTIONARIES.get(params.layers)
    completed = [_completed(layer, dictionary, fraction) for layer in layers]
    hidden = tuple(_with_activations(completed, between, n_pieces))
    shape = image_shape(params.input_shape)
    if shape is not None:
        check_sizes(layers, Shape(*shape))
    meaning = {
        "layers": layers,
        "activation": type(between) if n_pieces > 1 else between,
        "n_pieces": n_pieces,
        "dictionary": dictionary,
        "learned_fraction": fraction,
    }
    return ImageDesign(hidden, shape, initial_scale(params), meaning)


def listed_layers(value: Any) -> tuple[Layer, ...]:
    """Return the layers of a list or a preset.

    Raises
    ------
    ValueError
        If there are none with weights, one is of another kind, or one looks at windows after a dense one.
    """
    names = " or ".join(map(repr, sorted(PRESETS)))
    if isinstance(value, str):
        if value not in PRESETS:
            raise ValueError(f"layers: received {value!r}; expected {names}, or a list of ppdl.layers")
        return PRESETS[value]
    if not isinstance(value, Sequence):
        raise ValueError(f"layers: received {value!r}; expected a list of ppdl.layers, or {names}")
    flat = None
    for n, layer in enumerate(value):
        if not isinstance(layer, Layer):
            raise ValueError(
                f"layers[{n}]: received {layer!r}; expected a layer of ppdl.layers, such as Conv2D(32, 3) or Dense(100)"
            )
        if layer.spatial and flat is not None:
            raise ValueError(
                f"layers[{n}]: received {layer!r} after {flat!r}, whose outputs are no image; put it before that"
            )
        flat = layer if isinstance(layer, Dense) else flat
    if not any(isinstance(layer, Weighted) for layer in value):
        raise ValueError(f"layers: received {value!r}; expected at least one layer of weights, a Conv2D or a Dense")
    return tuple(value)


def _completed(layer: Layer, dictionary: Dictionary | None, fraction: float | None) -> Layer:
    """Return a layer of weights with what it leaves to the network; where all is learned, nothing is predicted."""
    if not isinstance(layer, Weighted):
        return layer
    learned = fraction if layer.fraction is None else layer.fraction
    all_learned = learned == 1.0 and getattr(dictionary, "selection", None) != "all"
    return layer.completed(Identity() if all_learned else dictionary, fraction)


def _with_activations(layers: Sequence[Layer], between: Layer, n_pieces: int) -> Iterable[Layer]:
    """Go through the layers, with an activation after each layer of weights that has none of its own."""
    for n, layer in enumerate(layers):
        if isinstance(layer, Weighted) and not _is_activated(layers[n + 1 :]):
            yield layer.widened(n_pieces)
            yield between
        else:
            yield layer


def _is_activated(following: Sequence[Layer]) -> bool:
    """Whether an activation is the first of the following layers that is one, or has weights."""
    decisive = (layer for layer in following if isinstance(layer, Activation | Maxout | Weighted))
    return isinstance(next(decisive, None), Activation | Maxout)


def image_shape(value: Any) -> tuple[int, int, int] | None:
    """Return height, width and channels."""
    if value is None:
        return None
    try:
        sides = tuple(operator.index(side) for side in value) if checks.is_sequence(value) else ()
    except TypeError:
        sides = ()
    if len(sides) not in (2, 3) or not all(1 <= side <= checks.LARGEST_INT for side in sides):
        raise ValueError(f"input_shape: received {value!r}; expected (height, width) or (height, width, channels)")
    return (*sides, 1)[:3]  # type: ignore[return-value]


def places(layers: Iterable[Layer], shape: Shape) -> Iterator[tuple[Weighted, Shape]]:
    """Go through the layers of weights: the layer, and the shape of what a unit of it sees."""
    for layer in layers:
        if isinstance(layer, Weighted):
            yield layer, layer.visible(shape)
        shape = layer.output_shape(shape)


def check_sizes(layers: Sequence[Layer], shape: Shape) -> None:
    """Check that every layer has outputs."""
    sizes = [f"inputs {shape}"]
    for layer in layers:
        try:
            shape = layer.output_shape(shape)
        except ValueError as error:
            raise ValueError(f"layers: {error} (sizes so far: {'; '.join(sizes)})") from None
        if not isinstance(layer, Activation):
            sizes.append(f"{layer!r} {shape}")
