"""What a fitted network consists of, as a table."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from .building import training_network
from .options import Options

_HEADINGS = ("layer", "shape", "dictionary", "columns", "dynamic", "static", "order", "multiply-adds", "of dense")


@dataclass(frozen=True)
class LayerSummary:
    """One layer of weights.

    Parameters
    ----------
    name : str
        "hidden 1", …, "output".
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

    def cells(self) -> tuple[str, ...]:
        """Text of the table's cells."""
        return (
            self.name,
            f"{self.n_visible} x {self.n_hidden}",
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
    """

    layers: tuple[LayerSummary, ...]

    @property
    def n_dynamic(self) -> int:
        """Numbers that are learned, biases included."""
        return sum(layer.n_dynamic + layer.n_bias for layer in self.layers)

    @property
    def n_parameters(self) -> int:
        """Weights and biases of the network, learned or predicted."""
        return sum((layer.n_visible + 1) * layer.n_hidden for layer in self.layers)

    def total(self) -> str:
        """Return the one line that tells how much is learned."""
        return (
            f"dynamic parameters: {self.n_dynamic:,} of {self.n_parameters:,}, "
            f"{100 * self.n_dynamic / self.n_parameters:.2f} %"
        )

    def __str__(self) -> str:
        rows = [_HEADINGS, *(layer.cells() for layer in self.layers)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        left = {"layer", "dictionary", "order"}
        lines = [
            "  ".join(
                cell.ljust(width) if heading in left else cell.rjust(width)
                for heading, cell, width in zip(_HEADINGS, row, widths, strict=True)
            ).rstrip()
            for row in rows
        ]
        return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:], self.total()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(tag: str, cells: tuple[str, ...]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        body = "".join(row("td", layer.cells()) for layer in self.layers)
        return f"<table>{row('th', _HEADINGS)}{body}</table><p>{html.escape(self.total())}</p>"


def summarize(estimator: Any) -> Summary:
    """Describe a fitted estimator's network as it was trained."""
    options, model = Options.of(estimator), estimator._model
    network = training_network(model, estimator._state.plan, options.regularisation, options.machine)
    plans = model.architecture.weighted
    layers = [
        LayerSummary(
            name=f"hidden {number}" if number < len(plans) else "output",
            dictionary=repr(plan.dictionary),
            **{key: found[key] for key in LayerSummary.__annotations__ if key in found},
        )
        for number, (plan, found) in enumerate(zip(plans, network.describe(), strict=True), start=1)
    ]
    return Summary(tuple(layers))
