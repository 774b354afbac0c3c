"""Training recipes, known by name: two of the authors', a modern one, and variants of that one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the same for all curves of a figure.

    The number of epochs is fixed beforehand, and the error is the last epoch's: nothing is selected on test data.

    Parameters
    ----------
    name : str
        Name of the recipe.
    summary : str
        The recipe in one sentence.
    epochs : int
        Passes over the training set.
    options : mapping
        Other parameters of the estimator.
    pretraining : mapping
        The estimator's parameters of pretraining, given to all curves that are pretrained.
    data_pretraining : mapping
        Those given in their place to curves with a dictionary that is made from the activations of a hidden layer.

    Examples
    --------
    >>> from ppdl.reproduce import RECIPES
    >>> RECIPES["decay"].shortened(0.5).epochs
    15
    """

    name: str
    summary: str
    epochs: int
    options: Mapping[str, Any] = field(default_factory=dict)
    pretraining: Mapping[str, Any] = field(default_factory=dict)
    data_pretraining: Mapping[str, Any] = field(default_factory=dict)

    def shortened(self, effort: float) -> Self:
        """Return the recipe with its numbers of epochs multiplied by `effort`, at least one each.

        Supervised pretraining that would leave no epoch after it is left out.
        """
        if effort == 1:
            return self

        def shorter(epochs: int) -> int:
            return max(1, round(epochs * effort))

        def shorter_pretraining(options: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**options, "pretraining_epochs": shorter(options["pretraining_epochs"])} if options else options

        epochs, data_pretraining = shorter(self.epochs), shorter_pretraining(self.data_pretraining)
        if data_pretraining.get("pretraining_epochs", 0) >= epochs:
            data_pretraining = {}
        return dataclasses.replace(
            self,
            epochs=epochs,
            pretraining=shorter_pretraining(self.pretraining),
            data_pretraining=data_pretraining,
        )


_AUTHORS = dict(
    activation="logistic",
    init=0.1,
    solver="sgd",
    learning_rate="constant",
    momentum=0.7,
    nesterovs_momentum=False,
    alpha=0.01,  # theirs adds 5e-5 ‖V‖² to the mean loss, ours alpha ‖V‖² / 2 to the sum over a batch of 100
)

PAPER = Recipe(
    name="paper",
    summary="The authors' published settings: autoencoder pretraining, then SGD with momentum, sigmoid units.",
    epochs=100,
    options=dict(_AUTHORS, learning_rate_init=0.01, max_column_norm=1.9365),
    pretraining=dict(pretraining="autoencoder", pretraining_epochs=50),
)

RIDGE = Recipe(
    name="ridge",
    summary="The authors' older settings, of ridge dictionaries: ten times the rate, 250 epochs, no autoencoders.",
    epochs=250,
    options=dict(_AUTHORS, learning_rate_init=0.1),
)

MODERN = Recipe(
    name="modern",
    summary="Adam with a one-cycle learning rate up to 6e-3, sigmoid units, no autoencoders.",
    epochs=10,
    options=dict(
        activation="logistic",
        init="he",
        solver="adam",
        learning_rate="one_cycle",
        learning_rate_init=6e-3,
        alpha=1e-4,
    ),
    data_pretraining=dict(pretraining="supervised", pretraining_epochs=1),
)

DECAY = Recipe(
    name="decay",
    summary="As modern, with decay of the weights W = UV themselves in place of V's, and 30 epochs.",
    epochs=30,
    options=dict(MODERN.options) | dict(alpha=1e-3, penalty="predicted"),
    data_pretraining=MODERN.data_pretraining,
)

RECTIFIER = Recipe(
    name="rectifier",
    summary="As modern, with rectifiers in place of sigmoid units, and 20 epochs.",
    epochs=20,
    options=dict(MODERN.options) | dict(activation="relu", init="glorot"),
    data_pretraining=MODERN.data_pretraining,
)

RECIPES = {recipe.name: recipe for recipe in (MODERN, DECAY, RECTIFIER, RIDGE, PAPER)}
