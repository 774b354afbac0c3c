"""What every specification of a layer can tell: the shape of its outputs, and the core's layer that computes it."""

from __future__ import annotations

import abc
import dataclasses
import inspect
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ppdl import _checks as checks

if TYPE_CHECKING:
    from ppdl._core import _scalar
    from ppdl._precision import Core

_layers: dict[str, type[Layer]] = {}
"""Every layer that can be named in a saved model, by its class."""


class Shape(NamedTuple):
    """Where the numbers between two layers lie: ``height * width`` points with so many channels each.

    A flat layer of n units is one point of n channels. Numbers are stored in C order, a point's channels together.

    Examples
    --------
    >>> Shape.flat(10)
    Shape(height=1, width=1, channels=10)
    >>> Shape(28, 28, 3).size
    2352
    """

    height: int
    width: int
    channels: int

    def __str__(self) -> str:
        return str(self.channels) if self.grid is None else " x ".join(map(str, self))

    @classmethod
    def flat(cls, n: int) -> Shape:
        """Shape of n numbers that have no place."""
        return cls(1, 1, n)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self)

    @property
    def grid(self) -> tuple[int, int, int] | None:
        """The shape as `LayerInput` takes it, None where there is a single point, which has no topology."""
        return None if self.height == self.width == 1 else (self.height, self.width, self.channels)


class Layer(abc.ABC):
    """A layer as a frozen value, without the size of its input, which the layers before it decide.

    Examples
    --------
    >>> from ppdl.layers import Conv2D, Layer, Shape
    >>> layer = Conv2D(16, 5)
    >>> isinstance(layer, Layer), layer.output_shape(Shape(28, 28, 1))
    (True, Shape(height=24, width=24, channels=16))
    >>> Layer.from_config(layer.get_config()) == layer
    True
    """

    spatial: ClassVar[bool] = False
    """Whether it looks at windows of images, so that its inputs have to be some."""
    formerly: ClassVar[Mapping[str, Any]] = {}
    """What fields mean that a specification lacks, where they once had another default."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _layers[cls.__name__] = cls

    def __post_init__(self) -> None:
        for name in self._names():
            object.__setattr__(self, name, checks.plain(getattr(self, name)))

    @abc.abstractmethod
    def output_shape(self, inputs: Shape) -> Shape:
        """Shape of the outputs for inputs of this shape."""

    @abc.abstractmethod
    def made(self, core: Core, inputs: Shape) -> _scalar.LayerSpec:
        """Return the core's layer, for inputs of this shape; a layer with weights takes them as well."""

    def get_config(self) -> dict[str, Any]:
        """Return its class and its fields by name.

        Examples
        --------
        >>> from ppdl.layers import Dropout
        >>> Dropout(0.5).get_config()
        {'layer': 'Dropout', 'rate': 0.5}
        """
        return {"layer": type(self).__name__, **{name: getattr(self, name) for name in self._names()}}

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> Layer:
        """Make the layer that `get_config` described.

        Raises
        ------
        ValueError
            If the class is unknown, or a field is unknown or out of range.
        """
        name = config.get("layer")
        known = {name: layer for name, layer in _layers.items() if not inspect.isabstract(layer)}
        if name not in known:
            raise ValueError(f"layer: received {name!r}; expected one of {', '.join(sorted(known))}")
        try:
            given = {field: value for field, value in config.items() if field != "layer"}
            return known[name](**{**known[name].formerly, **given})
        except TypeError as error:
            raise ValueError(f"layer {name}: {error}") from None

    def _names(self) -> list[str]:
        return [field.name for field in dataclasses.fields(self)]  # type: ignore[arg-type]

    def __repr__(self) -> str:
        shown = []
        for field in sorted(dataclasses.fields(self), key=lambda field: bool(field.kw_only)):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.default is dataclasses.MISSING:
                shown.append(repr(value))
            elif value != field.default:
                shown.append(f"{field.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"
