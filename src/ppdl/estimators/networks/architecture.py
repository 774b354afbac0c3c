"""What an estimator's parameters say of its network: checked, and resolved to one value for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl._precision import core
from ppdl.dictionaries import Dictionary, Identity, LayerInput
from ppdl.dictionaries.columns import DictionaryColumns, column_sizes

from ..predicted_weights import check_learned_share, checked_dictionary

ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "maxout")
SCALES = ("auto", "glorot", "he", "lecun")


@dataclass(frozen=True)
class LayerPlan:
    """Specification of one layer of weights.

    Parameters
    ----------
    n_visible : int
        Inputs.
    sizes : tuple of int
        Hidden units of each column.
    dictionary : Dictionary
        How U is built.
    fraction : float
        Atoms of each column, as a fraction of `n_visible`.
    n_pieces : int
        Of maxout, numbers that each of the next layer's inputs is the largest of; 1 for other activations.
    """

    n_visible: int
    sizes: tuple[int, ...]
    dictionary: Dictionary
    fraction: float
    n_pieces: int = 1

    @property
    def n_hidden(self) -> int:
        """Columns of W."""
        return sum(self.sizes)


@dataclass(frozen=True)
class Architecture:
    """Layers of weights, what stands between them, and the loss.

    Parameters
    ----------
    layers : tuple of LayerPlan
        The hidden layers, then the output layer, which is never predicted.
    activation : {"identity", "logistic", "tanh", "relu", "maxout"}
        Of the hidden layers.
    loss : {"softmax", "binary", "squared", "poisson"}
        As the core names it.
    input_shape : tuple, optional
        Where the inputs of the first layer lie: sides of a grid, or coordinates of points, one tuple each.
    scale : str or float
        Size of the initial weights, as the core names it.
    seed : int
        Of the choice of atoms, the initial weights, dropout, and the order of the samples.
    """

    layers: tuple[LayerPlan, ...]
    activation: str
    loss: str
    input_shape: Any
    scale: str | float
    seed: int

    @property
    def n_inputs(self) -> int:
        """Features of X."""
        return self.layers[0].n_visible

    @property
    def n_outputs(self) -> int:
        """Numbers that the network returns for each sample."""
        return self.layers[-1].n_hidden

    @property
    def units(self) -> list[int]:
        """Inputs of each layer, then the outputs."""
        return [*(layer.n_visible for layer in self.layers), self.n_outputs]

    @property
    def parameters(self) -> dict[str, Any]:
        """Meaning of each of an estimator's parameters of the network; those that others follow from come first."""
        hidden = self.layers[:-1]
        return {
            "hidden_layer_sizes": self.units[1:-1],
            "activation": self.activation,
            "n_pieces": [plan.n_pieces for plan in hidden],
            "dictionary": [plan.dictionary for plan in hidden],
            "learned_fraction": [plan.fraction for plan in hidden],
            "n_columns": [len(plan.sizes) for plan in hidden],
            "input_shape": self.input_shape,
            "init": self.scale,
            "loss": self.loss,
        }

    def columns(
        self, layer: int, *, activations: Any = None, weight: Any = None, base: npt.NDArray[np.float64] | None = None
    ) -> DictionaryColumns:
        """Build the dictionaries of a layer, from weighted activations or the base that was made of them before."""
        plan = self.layers[layer]
        inputs = LayerInput(
            plan.n_visible,
            shape=self.input_shape if layer == 0 else None,
            activations=activations,
            seed=self.seed,
            layer=layer,
            sample_weight=weight,
        )
        return plan.dictionary.columns(inputs, sizes=plan.sizes, fraction=plan.fraction, base=base)


def resolve(params: Any, *, n_inputs: int, n_outputs: int, loss: str, seed: int) -> Architecture:
    """Check an estimator's parameters of the network and make an architecture of them.

    Parameters
    ----------
    params : estimator
        Whose attributes are the parameters.
    n_inputs, n_outputs : int
        Sizes that the data gives.
    loss : str
        As the core names it.
    seed : int
        Of everything random.

    Raises
    ------
    ValueError
        Naming the parameter, what was received and what was expected.
    """
    hidden = hidden_sizes(params.hidden_layer_sizes)
    n_hidden_layers = len(hidden)
    checks.one_of("activation", params.activation, ACTIVATIONS)
    n_pieces = checks.integer("n_pieces", params.n_pieces, at_least=2) if params.activation == "maxout" else 1
    given = checks.per_layer("dictionary", params.dictionary, n_hidden_layers)
    dictionaries = [checked_dictionary(value) for value in given]
    fractions = checks.per_layer("learned_fraction", params.learned_fraction, n_hidden_layers)
    columns = checks.per_layer("n_columns", params.n_columns, n_hidden_layers)
    check_learned_share(params, given, fractions, columns)
    layers, n_visible = [], n_inputs
    for units, dictionary, fraction, n_columns in zip(hidden, dictionaries, fractions, columns, strict=True):
        sizes = column_sizes(units, int(n_columns))
        layers.append(
            LayerPlan(n_visible, tuple(size * n_pieces for size in sizes), dictionary, float(fraction), n_pieces)
        )
        n_visible = units
    layers.append(LayerPlan(n_visible, (n_outputs,), Identity(), 1.0))
    LayerInput(n_inputs, shape=params.input_shape)  # checks the shape, whether or not the dictionary looks at it
    shape = None if params.input_shape is None else np.asarray(params.input_shape).tolist()
    return Architecture(
        layers=tuple(layers),
        activation=params.activation,
        loss=loss,
        input_shape=None if shape is None else tuple(tuple(p) if isinstance(p, list) else p for p in shape),
        scale=initial_scale(params.init, params.activation),
        seed=seed,
    )


def require_unchanged(params: Any, fitted: Architecture) -> None:
    """Check that an estimator's parameters are still those of the network that was fitted with them.

    Raises
    ------
    ValueError
        Naming the first parameter that was changed.
    """
    loss, seed = params._loss_name(), fitted.seed
    now = resolve(params, n_inputs=fitted.n_inputs, n_outputs=fitted.n_outputs, loss=loss, seed=seed)
    if now != fitted:
        before, after = fitted.parameters, now.parameters
        name = next(name for name in before if before[name] != after[name])
        raise ValueError(
            f"{name}: received {getattr(params, name)!r}, but the network was fitted with another; fit again, or set "
            "the parameter back"
        )


def hidden_sizes(value: Any) -> list[int]:
    """Return the hidden layers' sizes, from a sequence of them or from one number."""
    sizes = [value] if isinstance(value, Integral) or not hasattr(value, "__iter__") else list(value)
    return [checks.integer("hidden_layer_sizes", size) for size in sizes]


def initial_scale(init: Any, activation: str) -> str | float:
    """Return the scale of the initial weights as the core names it; "auto" is scikit-learn's choice."""
    if isinstance(init, str):
        checks.one_of("init", init, SCALES)
        return init if init != "auto" else "glorot-logistic" if activation == "logistic" else "glorot"
    return checks.real("init", init, above=0.0)


def build_network(
    architecture: Architecture,
    weights: Sequence[Any],
    dtype: npt.DTypeLike,
    *,
    order: str = "auto",
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    alpha: float = 0.0,
    penalty: str = "dynamic",
) -> Any:
    """Make the core's `Network` from the weights of each layer.

    With fewer weights than layers, the network ends early, in a layer of ordinary weights.
    """
    S = core(dtype)
    layers = [S.Dropout(input_dropout)] if input_dropout > 0.0 else []
    for plan, predicted in zip(architecture.layers[:-1], weights, strict=False):
        layers.append(S.Dense(predicted, order=order))
        if architecture.activation == "maxout":
            layers.append(S.Maxout(plan.n_hidden, plan.n_pieces))
        else:
            layers.append(S.Activation(architecture.activation))
        if dropout > 0.0:
            layers.append(S.Dropout(dropout))
    if len(weights) == len(architecture.layers):
        layers.append(S.Dense(weights[-1]))
    else:
        next_layer = architecture.layers[len(weights)]
        layers.append(S.Dense(S.PredictedWeights(next_layer.n_visible, [(architecture.n_outputs, None, None)])))
    return S.Network(layers, architecture.loss, n_inputs=architecture.n_inputs, alpha=alpha, penalty=penalty)
