"""Networks whose first layers Figure 1 shows: small, ordinary, and trained until their features can be seen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ppdl import PredictedConvNetClassifier, PredictedMLPClassifier
from ppdl._precision import Array
from ppdl.layers import Conv2D, Dense, Layer, MaxPool2D, Shape
from ppdl.preprocessing import ContrastNormalizer

from ..data.splits import Split
from ..runs import Configuration
from .convnets import CONTRAST_EPSILON

#: Weights start small and decay, so that what is seen of them was learned.
TRAINING: dict[str, Any] = dict(batch_size=50, solver="sgd", momentum=0.9, learning_rate="one_cycle")

#: Dropout of pixels makes perceptrons learn strokes, not pixels.
PERCEPTRON: dict[str, Any] = dict(
    hidden_layer_sizes=[100], activation="logistic", init=0.02, alpha=0.15, input_dropout=0.5, learning_rate_init=0.1
)
CONVNET: dict[str, Any] = dict(activation="relu", init=0.05, alpha=0.5, learning_rate_init=0.05)

#: Decay of the convnet for digits, whose windows are rough where it is less.
DIGITS_ALPHA = 5.0

LAYERS: dict[str, tuple[Layer, ...]] = {
    "enlarged-digits": (Conv2D(12, 9, stride=2, padding=4, n_columns=1), MaxPool2D(2), Dense(40, n_columns=1)),
    "cifar10": (
        Conv2D(24, 8, stride=2, padding=3, n_columns=1),
        MaxPool2D(2),
        Conv2D(32, 5, padding=2, n_columns=1),
        MaxPool2D(2),
        Dense(64, n_columns=1),
    ),
}
LAYERS["stl10"] = LAYERS["cifar10"]


@dataclass(frozen=True)
class NetworkProfile:
    """How long a network is trained.

    Parameters
    ----------
    summary : str
        The profile in half a sentence.
    n_samples : int
        Training images, at most: the first ones.
    epochs : int
        Passes over them.
    """

    summary: str
    n_samples: int
    epochs: int


NETWORK_PROFILES = {
    "smoke": NetworkProfile("networks by 20 epochs of 2000 images", 2_000, 20),
    "quick": NetworkProfile("networks by 10 epochs of 5000 images", 5_000, 10),
    "paper": NetworkProfile("networks by 20 epochs of 20000 images", 20_000, 20),
}


def describe_network(kind: str, split: Split, profile: NetworkProfile, seed: int) -> dict[str, Any]:
    """Describe completely how the features of a network are learned, a perceptron ("mlp") or a "convnet"."""
    estimator = dict(TRAINING) | (PERCEPTRON if kind == "mlp" else CONVNET) | dict(max_iter=profile.epochs)
    if kind == "convnet":
        if split.name == "enlarged-digits":
            estimator["alpha"] = DIGITS_ALPHA
        estimator["layers"] = [layer.get_config() for layer in LAYERS[split.name]]
    return {
        "data": f"{kind}-{split.name}",
        "data_digest": split.digest,
        "n_samples": profile.n_samples,
        "contrast_epsilon": CONTRAST_EPSILON if kind == "convnet" else None,
        "seed": seed,
        "estimator": estimator,
    }


def network_shape(kind: str, split: Split) -> tuple[int, ...]:
    """Return height, width and channels of a feature of the first layer: a window, or a whole image."""
    image = Shape(*(*split.input_shape, 1)[:3])
    if kind == "mlp":
        return tuple(image)
    first = LAYERS[split.name][0]
    assert isinstance(first, Conv2D)
    return tuple(first.visible(image))


def learn_network(configuration: Configuration, split: Split, n_threads: int | None) -> tuple[Array, tuple[int, ...]]:
    """Train a network; return the weights of its first layer, a column for each feature, and the shape of one."""
    images = slice(configuration["n_samples"])
    X, y = split.X_train[images], split.y_train[images]
    options = dict(configuration["estimator"], random_state=configuration["seed"], n_threads=n_threads)
    kind = configuration["data"].partition("-")[0]
    network: Any
    if kind == "convnet":
        X = ContrastNormalizer(epsilon=configuration["contrast_epsilon"]).fit_transform(X)
        layers = [Layer.from_config(layer) for layer in options.pop("layers")]
        network = PredictedConvNetClassifier(layers, dictionary=None, input_shape=split.input_shape, **options)
    else:
        network = PredictedMLPClassifier(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is part of the profile
        network.fit(X, y)
    return network.coefs_[0].astype(np.float64), network_shape(kind, split)
