"""The convolutional networks of Figure 5, how they are trained, and what their curves mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl.dictionaries import Dictionary, SquaredExponential
from ppdl.dictionaries.atoms import count_atoms
from ppdl.estimators import balanced
from ppdl.estimators.networks.image_design import PRESETS, places
from ppdl.layers import Conv2D, Dense, Jitter, Layer, MaxPool2D, Shape, Weighted
from ppdl.preprocessing import ContrastNormalizer, Whitener


@dataclass(frozen=True)
class ConvNet:
    """A network for images whose convolutions and dense layers are predicted; a softmax layer follows them.

    Parameters
    ----------
    layers : tuple of Layer
        All but the softmax layer.
    inputs : Shape
        Of an image.
    n_outputs : int
        Classes.
    batch_size : int
        Samples of a mini-batch.
    """

    layers: tuple[Layer, ...]
    inputs: Shape
    n_outputs: int
    batch_size: int

    def places(self) -> Iterator[tuple[Weighted, Shape]]:
        """Go through the layers of weights: the layer, and the shape of what a unit of it sees."""
        return places(self.layers, self.inputs)

    @property
    def n_weights(self) -> int:
        """Weights of the predicted layers, learned or not."""
        return sum(seen.size * layer.n_hidden for layer, seen in self.places())

    def n_learned(self, fraction: float) -> int:
        """Learned weights of the predicted layers, of which those without a fraction of their own learn this one.

        Atoms are the same in all channels.
        """

        def n_atoms(layer: Weighted, seen: Shape) -> int:
            return count_atoms(seen.size, fraction if layer.fraction is None else layer.fraction, seen.channels)

        return sum(n_atoms(layer, seen) * layer.n_hidden for layer, seen in self.places())

    def learned_proportion(self, fraction: float) -> float:
        """Proportion of parameters learned as the paper counts it: weights of the predicted layers, without biases.

        It is a little below the fraction, because the number of atoms in a window is a whole one.
        """
        return self.n_learned(fraction) / self.n_weights

    def n_dynamic(self, fraction: float) -> int:
        """All learned numbers: V, biases and the softmax layer."""
        n_hidden = [layer.n_hidden for layer, _ in self.places()]
        return self.n_learned(fraction) + sum(n_hidden) + (n_hidden[-1] + 1) * self.n_outputs

    def balanced(self, fraction: float) -> ConvNet:
        """Return the network that learns no more weights in all, but about equally many in each layer."""
        return dataclasses.replace(
            self, layers=tuple(balanced(self.layers, self.inputs, self.learned_proportion(fraction)))
        )

    def narrowed(self, fraction: float) -> ConvNet:
        """Return the ordinary network whose number of parameters comes nearest to `n_dynamic(fraction)`.

        All layers of weights get the same share of their filters or units, rounded, and at least one.
        """
        target = self.n_dynamic(fraction)
        shares = np.linspace(0.0, 1.0, 4001)[1:]
        networks = {network.n_dynamic(1.0): network for network in map(self.scaled, shares)}
        return networks[min(networks, key=lambda count: (abs(count - target), count))]

    def scaled(self, share: float) -> ConvNet:
        """Return the ordinary network with this share of the filters and units of all layers."""

        def narrow(layer: Layer) -> Layer:
            if isinstance(layer, Conv2D):
                return dataclasses.replace(layer.ordinary(), filters=max(1, round(share * layer.filters)))
            if isinstance(layer, Dense):
                return dataclasses.replace(layer.ordinary(), units=max(1, round(share * layer.units)))
            return layer

        return dataclasses.replace(self, layers=tuple(map(narrow, self.layers)))


CONVNETS = {
    "digits": ConvNet(
        (
            Conv2D(12, 5, padding=2, n_columns=1),
            MaxPool2D(2),
            Conv2D(24, 3, padding=1, n_columns=1),
            MaxPool2D(2, stride=1),
            Dense(60, n_columns=5),
        ),
        Shape(8, 8, 1),
        n_outputs=10,
        batch_size=20,
    ),
    "cifar10": ConvNet(
        PRESETS["denil2013"],
        Shape(32, 32, 3),
        n_outputs=10,
        batch_size=100,
    ),
}


#: The paper's length scale, the authors' ridge.
DICTIONARY = SquaredExponential(length_scale=1.0, ridge=0.1)


@dataclass(frozen=True)
class ConvNetRecipe:
    """How a convolutional network is trained; the same for all curves.

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
        Other parameters of the estimator, but for the schedule of the learning rate.
    schedule : mapping
        Parameters of the one-cycle schedule of the learning rate.
    momentum : (float, float, int), default=None
        First and last momentum, and the epochs over which it grows from one to the other; None is not to touch it.
    whitening : float, default=None
        What is added to the variances of the images' principal components, when they are whitened by ZCA after their
        contrast was normalised; None is not to whiten.
    dictionary : Dictionary, default=DICTIONARY
        What weights are predicted by.
    before : tuple of Layer, default=()
        Layers without weights that images go through before the network.

    Examples
    --------
    >>> from ppdl.reproduce import CONVNET_RECIPES
    >>> CONVNET_RECIPES["modern"].lasting(3).epochs
    3
    """

    name: str
    summary: str
    epochs: int
    options: Mapping[str, Any]
    schedule: Mapping[str, Any] = field(default_factory=dict)
    momentum: tuple[float, float, int] | None = None
    whitening: float | None = None
    dictionary: Dictionary = DICTIONARY
    before: tuple[Layer, ...] = ()

    def shortened(self, effort: float) -> ConvNetRecipe:
        """Return the recipe with its number of epochs multiplied by `effort`, at least one."""
        return self.lasting(max(1, round(effort * self.epochs)))

    def lasting(self, epochs: int) -> ConvNetRecipe:
        """Return the recipe with another number of epochs."""
        return dataclasses.replace(self, epochs=checks.integer("epochs", epochs))


#: Added to the variance of an image of pixels in [0, 1] when its contrast is normalised.
CONTRAST_EPSILON = 1e-3


def prepared(X_train: Array, X_test: Array, whitening: float | None) -> tuple[Array, Array]:
    """Return images without their mean and scaled to unit deviation, then whitened by what the training images show."""
    steps = [ContrastNormalizer(epsilon=CONTRAST_EPSILON)]
    if whitening is not None:
        steps.append(Whitener("zca", epsilon=whitening))
    pipeline = make_pipeline(*steps)
    return pipeline.fit_transform(X_train), pipeline.transform(X_test)


#: Rate, initial scale, whitening and atoms were chosen by validation: 10 % learned, six epochs on 20,000 training
#: images, judged by 5,000 others.
MODERN = ConvNetRecipe(
    name="modern",
    summary="Adam with a one-cycle learning rate up to 3e-3, dropout of a fifth, whitened images, orthonormal atoms.",
    epochs=12,
    options=dict(activation="relu", solver="adam", learning_rate_init=3e-3, alpha=1e-4, dropout=0.2),
    whitening=0.1,
    dictionary=dataclasses.replace(DICTIONARY, orthonormalize=True),
)

#: The first one tried: shifts and length are no result of a search.
AUGMENTED = dataclasses.replace(
    MODERN,
    name="augmented",
    summary='As "modern", with images that are moved by up to two pixels and mirrored half of the time.',
    before=(Jitter(2, mirror=True),),
)

#: The paper tells none of this. Momentum, rate, decay and batches are those of the authors' published convnets for
#: MNIST; images and the fall of the rate are those of the network for CIFAR-10 that they seem to have narrowed.
PAPER = ConvNetRecipe(
    name="paper",
    summary="Our reading of what the paper leaves open: SGD with growing momentum, linear decay, whitened images.",
    epochs=50,
    options=dict(
        activation="relu",
        init="he",
        solver="sgd",
        learning_rate_init=0.01,
        nesterovs_momentum=False,
        alpha=0.01,  # theirs adds 5e-5 ‖V‖² to the mean loss, ours alpha ‖V‖² / 2 to the sum over a batch of 100
    ),
    schedule=dict(warm_up=0.0, anneal="linear"),
    momentum=(0.5, 0.9, 10),
    whitening=0.1,
)

CONVNET_RECIPES = {recipe.name: recipe for recipe in (MODERN, AUGMENTED, PAPER)}


@dataclass(frozen=True)
class ConvNetCurve:
    """A line of the figure.

    Parameters
    ----------
    name : str
        Its name.
    summary : str
        The networks on it in one sentence.
    network : callable
        ``network(convnet, fraction)`` gives the estimator's parameters that say which network it is, in JSON's types.
    """

    name: str
    summary: str
    network: Callable[[ConvNet, float], dict[str, Any]]


def predicted(convnet: ConvNet, fraction: float) -> dict[str, Any]:
    """Network of which this fraction of the weights is learned; the ordinary one, if all are."""
    if fraction == 1.0:
        return _described(convnet.scaled(1.0))
    return _described(convnet) | dict(learned_fraction=fraction)


def evenly(convnet: ConvNet, fraction: float) -> dict[str, Any]:
    """Network of no more learned weights than `predicted` has, divided evenly among its layers."""
    if fraction == 1.0:
        return predicted(convnet, 1.0)
    return _described(convnet.balanced(fraction)) | dict(learned_fraction=fraction)


def narrow(convnet: ConvNet, fraction: float) -> dict[str, Any]:
    """Ordinary network of fewer filters and units that learns as many parameters."""
    return _described(convnet.narrowed(fraction))


def _described(convnet: ConvNet) -> dict[str, Any]:
    return dict(layers=[layer.get_config() for layer in convnet.layers], input_shape=list(convnet.inputs))


CONVNET_CURVES = {
    curve.name: curve
    for curve in (
        ConvNetCurve("predicted", "Weights predicted by a squared exponential over windows and maps.", predicted),
        ConvNetCurve(
            "balanced", "As many learned weights, divided evenly among the layers as far as they have them.", evenly
        ),
        ConvNetCurve(
            "narrow", "Ordinary network with fewer filters and units in all layers, as many learned parameters.", narrow
        ),
    )
}
