"""A picture of a network: what flows through it, and of the weights of each layer what is fixed and what is learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sklearn.utils.validation import check_is_fitted

from ppdl._extras import pyplot
from ppdl.dictionaries import Identity, LowRank
from ppdl.dictionaries.atoms import AtomDictionary, count_atoms
from ppdl.dictionaries.columns import DictionaryColumns
from ppdl.layers import Conv2D, Shape

from .networks.architecture import Architecture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .networks.contract import PredictedNetwork

Columns: TypeAlias = Sequence[tuple[int, int]]  # atoms and hidden units of each

#: Colours of columns: Okabe and Ito's palette, told apart by colour-blind readers too.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_HATCHED: dict[str, Any] = dict(fc="0.82", hatch="////", ec="0.55")
_INK = "0.15"
_MOST_COLUMNS = 12  # that are drawn; of more, the first ones
_SLOT = 2.05  # inches that a layer takes across
_MARGIN = 0.95
_HEIGHT = 4.75
_MAPS, _WEIGHTS, _BLOCK, _ROOM = 3.55, 2.42, 1.15, 1.62  # middle of maps, top of weights, their height and width


@dataclass(frozen=True)
class DrawnLayer:
    """A layer of weights as it is drawn.

    Parameters
    ----------
    name : str
        What it is.
    outputs, passed : Shape
        Of its outputs, and of what reaches the next layer of weights.
    n_visible : int
        Rows of W.
    columns : tuple of (int, int)
        Atoms and units of each column.
    dictionary : str
        How the dictionaries are built; "" is an ordinary layer.
    learned_dictionary : bool, default=False
        Whether U is learned too.
    """

    name: str
    outputs: Shape
    passed: Shape
    n_visible: int
    columns: tuple[tuple[int, int], ...]
    dictionary: str
    learned_dictionary: bool = False

    @property
    def n_hidden(self) -> int:
        """Columns of W."""
        return sum(n_hidden for _, n_hidden in self.columns)

    @property
    def n_weights(self) -> int:
        """Numbers of W."""
        return self.n_visible * self.n_hidden

    @property
    def n_learned(self) -> int:
        """Numbers of V, and of U where it is learned."""
        n_rows = self.n_visible if self.learned_dictionary else 0
        return sum(n_atoms * (n_hidden + n_rows) for n_atoms, n_hidden in self.columns)


class ArchitectureDisplay:
    """A network from left to right: above, what flows through it; below, the weights of each layer.

    A column of a predicted layer is drawn as its dictionary U, grey, which is fixed, and the weights W = UV beside it.
    The saturated part of these is V, as high as its share of W: that is what is learned.

    Parameters
    ----------
    inputs : Shape
        Of a sample.
    layers : sequence of DrawnLayer
        The layers of weights.

    Attributes
    ----------
    ax_ : matplotlib Axes
        What it is drawn on.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from ppdl import PredictedMLPClassifier
    >>> from ppdl.dictionaries import DCT
    >>> from ppdl.estimators import ArchitectureDisplay
    >>> clf = PredictedMLPClassifier((100,), dictionary=DCT(), learned_fraction=0.1, n_columns=5, input_shape=(8, 8))
    >>> display = ArchitectureDisplay.from_specification(clf, n_outputs=10).plot()
    >>> [len(layer.columns) for layer in display.layers]
    [5, 1]
    """

    def __init__(self, inputs: Shape, layers: Sequence[DrawnLayer]) -> None:
        self.inputs = inputs
        self.layers = list(layers)

    @classmethod
    def from_estimator(cls, estimator: PredictedNetwork, *, ax: Axes | None = None) -> ArchitectureDisplay:
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : PredictedMLPClassifier, PredictedConvNetClassifier, or their regressors
            Fitted.
        ax : matplotlib Axes, default=None
            Where to draw.

        Returns
        -------
        ArchitectureDisplay
        """
        check_is_fitted(estimator)
        model = estimator._model
        return cls._of(model.architecture, [_counted(weights) for weights in model.columns]).plot(ax=ax)

    @classmethod
    def from_specification(
        cls, estimator: PredictedNetwork, n_outputs: int, n_inputs: int | None = None
    ) -> ArchitectureDisplay:
        """Take the network that an estimator's parameters describe, fitted or not; `plot` draws it.

        Parameters
        ----------
        estimator : PredictedMLPClassifier, PredictedConvNetClassifier, or their regressors
            With an `input_shape`, unless `n_inputs` is given.
        n_outputs : int
            Classes, or values.
        n_inputs : int, default=None
            Features of X; None takes them from `input_shape`.

        Returns
        -------
        ArchitectureDisplay
        """
        design = estimator._options().design
        if n_inputs is None:
            if not _is_shape(design.input_shape):
                raise ValueError(f"n_inputs: received None, and input_shape={design.input_shape!r}; give one of them")
            n_inputs = math.prod(design.input_shape)
        architecture = design.architecture(n_inputs=n_inputs, n_outputs=n_outputs, loss="softmax", seed=0)
        counted: list[Columns] = []
        for n, place in enumerate(architecture.weighted):
            if place.dictionary.data_driven:
                kind, fraction = place.dictionary, place.fraction
                of_atoms = isinstance(kind, AtomDictionary)
                seen = architecture.layer_input(n)
                n_atoms = kind.n_atoms(seen, fraction) if of_atoms else count_atoms(seen.n_visible, fraction)
                counted.append([(n_atoms, n_hidden) for n_hidden in place.layer.sizes])
            else:
                counted.append(_counted(architecture.columns(n)))
        return cls._of(architecture, counted)

    @classmethod
    def _of(cls, architecture: Architecture, counted: Sequence[Columns]) -> ArchitectureDisplay:
        """Take the layers of an architecture with the numbers of atoms and units of their columns."""
        places, last = architecture.weighted, len(architecture.weighted) - 1
        layers = []
        for n, (place, shapes, columns) in enumerate(zip(places, architecture.output_shapes, counted, strict=True)):
            if isinstance(place.layer, Conv2D):
                seen = place.layer.visible(place.inputs)
                name = f"convolution\n{seen.height} × {seen.width}"
            else:
                name = "output" if n == last else "dense"
            kind = "" if isinstance(place.dictionary, Identity) else type(place.dictionary).__name__
            learned = isinstance(place.dictionary, LowRank)
            layers.append(DrawnLayer(name, *shapes, place.n_visible, tuple(columns), kind, learned))
        shape = architecture.input_shape
        return cls(Shape(*(*shape, 1)[:3]) if _is_shape(shape) else architecture.shape, layers)

    def plot(self, *, ax: Axes | None = None) -> ArchitectureDisplay:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure as wide as the network needs.

        Returns
        -------
        ArchitectureDisplay
        """
        plt = pyplot("ArchitectureDisplay.plot")
        width = 2 * _MARGIN + _SLOT * len(self.layers)
        if ax is None:
            _, ax = plt.subplots(figsize=(width, _HEIGHT), layout="constrained")
        ax.set(xlim=(0.0, width), ylim=(0.0, _HEIGHT), aspect="equal")
        ax.set_axis_off()
        sheets: list[tuple[Shape, DrawnLayer | None]] = [(self.inputs, None)]
        sheets += [(layer.passed, layer) for layer in self.layers]
        tallest = max((shape.height for shape, _ in sheets if shape.grid), default=1)
        for n, (shape, layer) in enumerate(sheets):
            x = _MARGIN + n * _SLOT
            half = _draw_maps(ax, x, shape, tallest, layer) if shape.grid else _draw_units(ax, x, layer)
            ax.text(
                x,
                2.72,
                _sides(shape) if shape.grid else f"{shape.size:,} {_of_units(n, len(self.layers))}",
                ha="center",
                va="center",
                fontsize=9,
                color=_INK,
            )
            if n < len(self.layers):
                _draw_step(ax, x + half, self.layers[n], x + _SLOT)
                _draw_weights(ax, x + _SLOT / 2, self.layers[n])
        learned = sum(layer.n_learned for layer in self.layers)
        total = sum(layer.n_weights for layer in self.layers)
        title = f"{learned:,} of {total:,} weights learned ({100 * learned / total:.3g} %)"
        ax.text(width / 2, _HEIGHT - 0.12, title, ha="center", va="center", fontsize=12, color=_INK, weight="bold")
        _draw_legend(ax, width / 2)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _counted(weights: DictionaryColumns) -> Columns:
    """Return the numbers of atoms and of hidden units of each column."""
    return [(len(weights.atoms(j)), column.n_hidden) for j, column in enumerate(weights.columns)]


def _is_shape(shape: Any) -> bool:
    """Whether an input_shape is that of an image, with or without channels."""
    return isinstance(shape, tuple) and len(shape) in (2, 3) and all(isinstance(side, int) for side in shape)


def _sides(shape: Shape) -> str:
    return " × ".join(map(str, shape[: 2 + (shape.channels > 1)]))


def _of_units(n: int, last: int) -> str:
    return "inputs" if n == 0 else "outputs" if n == last else "units"


def _colours(layer: DrawnLayer | None) -> list[str]:
    """Return the colour of each column of a layer; grey for inputs."""
    return ["0.6"] if layer is None else [_COLOURS[j % len(_COLOURS)] for j in range(len(layer.columns))]


def _tint(colour: str) -> tuple[float, float, float]:
    """Return a light shade of a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = (0.65 + 0.35 * part for part in to_rgb(colour))
    return red, green, blue


def _rectangle(ax: Axes, x: float, y: float, width: float, height: float, **style: Any) -> None:
    """Add a rectangle by its lower left corner."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((x, y), width, height, **{"lw": 0.8, "ec": _INK, **style}))


def _draw_maps(ax: Axes, x: float, shape: Shape, tallest: int, layer: DrawnLayer | None) -> float:
    """Draw some of the channels as sheets, one behind the other; return how far they reach to the right."""
    side = 0.26 + 0.62 * shape.height / tallest
    n, step = min(shape.channels, 5), 0.07
    reach = side + (n - 1) * step
    tints: list[Any]
    if layer is None:
        tints = ["#F4A6A0", "#B5DDB0", "#A8C4EA"] if n == 3 else ["0.9"] * n
    else:
        colours = _colours(layer)
        tints = [_tint(colours[k * len(colours) // n]) for k in range(n)]
    for k in range(n):
        corner = -reach / 2 + (n - 1 - k) * step
        _rectangle(ax, x + corner, _MAPS + corner, side, side, fc=tints[n - 1 - k], zorder=2 + k)
    return reach / 2


def _draw_units(ax: Axes, x: float, layer: DrawnLayer | None) -> float:
    """Draw units as a bar, in it the units of each column; return half of its width."""
    colours, height = _colours(layer), 1.2
    part = height / len(colours)
    for j, colour in enumerate(colours):
        _rectangle(ax, x - 0.08, _MAPS + height / 2 - (j + 1) * part, 0.16, part, fc=colour, alpha=0.75, lw=0.5)
    return 0.08


def _draw_step(ax: Axes, left: float, layer: DrawnLayer, right: float) -> None:
    """Draw the arrow of a layer from the maps that end at `left` towards the middle of the next ones."""
    start, end = left + 0.1, right - 0.62 if layer.passed.grid else right - 0.18
    ax.annotate("", (end, _MAPS), (start, _MAPS), arrowprops=dict(arrowstyle="-|>", color=_INK, lw=1.2))
    middle = (start + end) / 2
    ax.text(middle, _MAPS + 0.1, layer.name, ha="center", va="bottom", fontsize=8.5, color=_INK, linespacing=1.1)
    if layer.outputs != layer.passed:
        height, width, channels = layer.outputs
        pooled = (height, width) != layer.passed[:2]
        before = f"{height} × {width},\npooled" if pooled else f"{channels:,},\nmaxout"
        ax.text(middle, _MAPS - 0.1, before, ha="center", va="top", fontsize=7.5, color="0.4")


def _draw_weights(ax: Axes, x: float, layer: DrawnLayer) -> None:
    """Draw the columns of a layer side by side, and its numbers beneath."""
    bottom, shown = _WEIGHTS - _BLOCK, layer.columns[:_MOST_COLUMNS]
    gap = 0.1 if len(shown) <= 6 else 0.05
    parts = [(n_atoms**0.5 if layer.dictionary else 0.0, n_hidden**0.5) for n_atoms, n_hidden in shown]
    scale = min(0.09, (_ROOM - gap * (len(parts) - 1)) / sum(map(sum, parts)))
    left = x - (scale * sum(map(sum, parts)) + gap * (len(parts) - 1)) / 2
    for (u, w), (n_atoms, _), colour in zip(parts, shown, _colours(layer), strict=False):
        if layer.dictionary:
            style = dict(fc=colour) if layer.learned_dictionary else _HATCHED
            _rectangle(ax, left, bottom, scale * u, _BLOCK, **style)
            _rectangle(ax, left, bottom, scale * u, _BLOCK, fc="none")
            left += scale * u
        high = _BLOCK * n_atoms / layer.n_visible
        _rectangle(ax, left, bottom, scale * w, _BLOCK, fc=colour, alpha=0.2, lw=0)
        _rectangle(ax, left, _WEIGHTS - high, scale * w, high, fc=colour, lw=0)
        _rectangle(ax, left, bottom, scale * w, _BLOCK, fc="none")
        left += scale * w + gap
    kind = layer.dictionary or "all learned"
    if layer.dictionary and len(layer.columns) > 1:
        kind += f",\n{len(layer.columns)} columns"
    share = f"{layer.n_learned:,} of\n{layer.n_weights:,} learned"
    ax.text(x, bottom - 0.08, share, ha="center", va="top", fontsize=9, color=_INK, linespacing=1.15)
    ax.text(x, bottom - 0.46, kind, ha="center", va="top", fontsize=8, color="0.4", linespacing=1.1)


def _draw_legend(ax: Axes, x: float) -> None:
    """Tell what the parts of weights mean, in one line."""
    entries: tuple[tuple[str, dict[str, Any]], ...] = (
        ("U, fixed", _HATCHED),
        ("V, learned", dict(fc=_COLOURS[0])),
        ("predicted, W = UV", dict(fc=_COLOURS[0], alpha=0.2)),
    )
    x -= 2.2
    for (text, style), width in zip(entries, (1.25, 1.35, 1.8), strict=True):
        _rectangle(ax, x, 0.16, 0.26, 0.16, **{"lw": 0.0, **style})
        ax.text(x + 0.34, 0.24, text, va="center", fontsize=9, color=_INK)
        x += width
