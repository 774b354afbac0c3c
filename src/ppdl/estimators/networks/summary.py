"""What a fitted network consists of, as a table."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ppdl.layers import Conv2D, Shape, Weighted

from .architecture import Architecture, Place
from .building import training_network

_HEADINGS = (
    "layer",
    "shape",
    "outputs",
    "dictionary",
    "columns",
    "dynamic",
    "static",
    "order",
    "multiply-adds",
    "of dense",
)


@dataclass(frozen=True)
class LayerSummary:
    """One layer of weights.

    Parameters
    ----------
    name : str
        "hidden 1", …, "output"; in a network for images "convolution 1", "dense 2", …, "output".
    n_visible, n_hidden : int
        Shape of W.
    dictionary : str
        Specification of the dictionary.
    n_columns : int
        Columns of dictionaries.
    n_dynamic : int
        Numbers that are learned, without the biases.
    n_bias : int
        Biases.
    n_static : int
        Numbers of U that are fixed.
    order : str
        "dense", "predict", "pool" or "shared" (pooled with the base that the columns share).
    pooled_once : bool
        Whether the pooled inputs are computed once for the whole training set.
    multiply_adds : float
        Of a training step, forward and reverse, for each sample.
    dense_multiply_adds : float
        Those of an ordinary layer of this shape.
    output_shape, passed_shape : Shape
        Height, width and channels of the outputs, and of what reaches the next layer of weights, pooled maybe.
    """

    name: str
    n_visible: int
    n_hidden: int
    dictionary: str
    n_columns: int
    n_dynamic: int
    n_bias: int
    n_static: int
    order: str
    pooled_once: bool
    multiply_adds: float
    dense_multiply_adds: float
    output_shape: Shape
    passed_shape: Shape

    @property
    def outputs(self) -> str:
        """What its outputs are, and become before the next layer of weights."""
        if self.output_shape == self.passed_shape:
            return str(self.output_shape)
        return f"{self.output_shape} > {self.passed_shape}"

    def cells(self) -> tuple[str, ...]:
        """Text of the table's cells."""
        return (
            self.name,
            f"{self.n_visible} x {self.n_hidden}",
            self.outputs,
            self.dictionary,
            str(self.n_columns),
            f"{self.n_dynamic:,}",
            f"{self.n_static:,}",
            self.order + (", once" if self.pooled_once else ""),
            f"{self.multiply_adds:,.0f}",
            f"{self.multiply_adds / self.dense_multiply_adds:.1%}",
        )


@dataclass(frozen=True)
class Summary:
    """Layers of a network and what they cost; `str` is a table, and so is the form in notebooks.

    Parameters
    ----------
    layers : tuple of LayerSummary
        Layers of weights, the output layer included.
    notes : tuple of str
        What learns more than was asked for, and why.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl import PredictedMLPClassifier
    >>> from ppdl.dictionaries import RandomConnections
    >>> clf = PredictedMLPClassifier((20,), dictionary=RandomConnections(), learned_fraction=0.25, max_iter=1,
    ...                              n_iter_no_change=np.inf, random_state=0)
    >>> summary = clf.fit(np.eye(40), np.arange(40) % 2).summary()
    >>> summary.n_dynamic, summary.n_parameters
    (241, 841)
    >>> [layer.n_visible for layer in summary.layers]
    [40, 20]
    """

    layers: tuple[LayerSummary, ...]
    notes: tuple[str, ...] = ()

    @property
    def n_dynamic(self) -> int:
        """Numbers that are learned, biases included."""
        return sum(layer.n_dynamic + layer.n_bias for layer in self.layers)

    @property
    def n_parameters(self) -> int:
        """Weights and biases of the network, learned or predicted."""
        return sum(layer.n_visible * layer.n_hidden + layer.n_bias for layer in self.layers)

    def total(self) -> str:
        """Return the one line that tells how much is learned."""
        return (
            f"dynamic parameters: {self.n_dynamic:,} of {self.n_parameters:,}, "
            f"{100 * self.n_dynamic / self.n_parameters:.2f} %"
        )

    def _rows(self) -> list[tuple[str, ...]]:
        """Return headings and cells; without images, what the outputs are goes without saying."""
        rows = [_HEADINGS, *(layer.cells() for layer in self.layers)]
        if any(layer.output_shape.grid for layer in self.layers):
            return rows
        unsaid = _HEADINGS.index("outputs")
        return [row[:unsaid] + row[unsaid + 1 :] for row in rows]

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        left = {"layer", "dictionary", "order"}
        lines = [
            "  ".join(
                cell.ljust(width) if heading in left else cell.rjust(width)
                for heading, cell, width in zip(rows[0], row, widths, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:], self.total(), *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(tag: str, cells: tuple[str, ...]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        headings, *rows = self._rows()
        body = "".join(row("td", cells) for cells in rows)
        said = "".join(f"<p>{html.escape(line)}</p>" for line in (self.total(), *self.notes))
        return f"<table>{row('th', headings)}{body}</table>{said}"


def summarize(estimator: Any) -> Summary:
    """Describe a fitted estimator's network as it was trained."""
    options, model = estimator._options(), estimator._model
    network = training_network(model, estimator._state.plan, options.regularisation, options.machine)
    places = model.architecture.weighted
    layers = [
        LayerSummary(
            name=f"{_kind(model.architecture, place)} {number}" if number < len(places) else "output",
            dictionary=repr(place.dictionary),
            output_shape=shapes[0],
            passed_shape=shapes[1],
            **{key: found[key] for key in LayerSummary.__annotations__ if key in found},
        )
        for number, (place, shapes, found) in enumerate(
            zip(places, model.architecture.output_shapes, network.describe(), strict=True), start=1
        )
    ]
    return Summary(tuple(layers), tuple(_notes(model.architecture, layers)))


def _notes(architecture: Architecture, layers: Sequence[LayerSummary]) -> Iterator[str]:
    """Go through what there is to say of layers that learn more than the fraction asks for."""
    described = [layer for layer in architecture.described if isinstance(layer, Weighted)]
    for layer, asked, place in zip(layers, described, architecture.weighted, strict=False):
        if asked.dictionary is None and asked.fraction is not None and place.fraction > asked.fraction:
            so = "all is learned" if place.fraction == 1.0 else f"{place.fraction:.1%} is learned"
            yield f"{layer.name}: learned_fraction={asked.fraction:g} is too little of {layer.n_visible} inputs; {so}"


def _kind(architecture: Architecture, place: Place) -> str:
    if not architecture.spatial:
        return "hidden"
    return "convolution" if isinstance(place.layer, Conv2D) else "dense"
