"""Figure 3: the columns of a network, what is fixed in them and what is learned."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ppdl import _checks
from ppdl.estimators import ArchitectureDisplay, PredictedConvNetClassifier, PredictedMLPClassifier

from ..experiment import Experiment, Figure, Option, choices, options
from ..recipes.convnets import CONVNETS, DICTIONARY
from ..recipes.curves import ARCHITECTURES, CURVES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NETWORKS = {
    "digits": "a small convolutional network for scikit-learn's digits",
    "cifar10": "the paper's convolutional network for CIFAR-10",
    "mnist": "the paper's perceptron for MNIST, squared exponential, then covariance of the activations",
}


@dataclass(frozen=True)
class Figure3(Figure):
    """A network, as a table of its layers and as a picture."""

    name: ClassVar[str] = "figure3"
    size: ClassVar[tuple[float, float]] = (12.15, 4.75)
    display: ArchitectureDisplay
    network: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each layer of weights.

        - `layer`; `dictionary`, "" where nothing is predicted; `columns`, their number
        - `n_visible`, `n_hidden`: rows and columns of W
        - `weights`: numbers of W; `learned`: numbers of V, or of W where nothing is predicted; biases are in neither
        """
        return [
            {
                "layer": layer.name.replace("\n", " "),
                "dictionary": layer.dictionary,
                "columns": len(layer.columns),
                "n_visible": layer.n_visible,
                "n_hidden": layer.n_hidden,
                "weights": layer.n_weights,
                "learned": layer.n_learned,
            }
            for layer in self.display.layers
        ]

    def __str__(self) -> str:
        """Layers down, what is learned of each."""
        lines = [
            f"Weights of {NETWORKS[self.network]}",
            f"{'layer':<18}{'W':>12}{'columns':>9}{'learned':>11}{'of':>11}",
        ]
        for row in self.table:
            shape = f"{row['n_visible']} x {row['n_hidden']}"
            lines.append(f"{row['layer']:<18}{shape:>12}{row['columns']:>9}{row['learned']:>11,}{row['weights']:>11,}")
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw the network from left to right; see `ppdl.estimators.ArchitectureDisplay`."""
        self.display.plot(ax=ax)


def figure3(
    network: str = "digits", *, proportion: float | None = None, output: str | os.PathLike[str] = "."
) -> Figure3:
    """Draw Figure 3: a network with the columns of its layers, as it is specified; nothing is trained.

    Parameters
    ----------
    network : {"digits", "cifar10", "mnist"}, default="digits"
        A small convolutional network, or one of the paper's.
    proportion : float, default=None
        Proportion of parameters learned, in (0, 1]; None is a quarter, of the perceptron a tenth.
    output : path-like, default="."
        Folder for the table and the picture.

    Returns
    -------
    Figure3
        Table and picture.

    Raises
    ------
    ValueError
        If the name is unknown, or the proportion leaves a layer without an atom.

    Examples
    --------
    >>> from ppdl.reproduce import figure3
    >>> print(figure3("cifar10", output=getfixture("tmp_path")))
    Weights of the paper's convolutional network for CIFAR-10
    layer                        W  columns    learned         of
    convolution 8 × 8     192 x 48        1      2,304      9,216
    convolution 8 × 8    3072 x 64        1     49,152    196,608
    convolution 5 × 5    1600 x 64        1     24,576    102,400
    dense               1600 x 500        5    192,000    800,000
    output                500 x 10        1      5,000      5,000
    """
    _checks.one_of("network", network, NETWORKS)
    default = 0.1 if network == "mnist" else 0.25
    (fraction,) = choices.proportions("proportion", [default if proportion is None else proportion])
    if network == "mnist":
        sizes = ARCHITECTURES[network]
        estimator: Any = PredictedMLPClassifier(**CURVES["SE-Emp"].network(sizes, fraction), input_shape=(28, 28))
        n_outputs = sizes.n_outputs
    else:
        convnet = CONVNETS[network]
        estimator = PredictedConvNetClassifier(
            convnet.layers, dictionary=DICTIONARY, learned_fraction=fraction, input_shape=tuple(convnet.inputs)
        )
        n_outputs = convnet.n_outputs
    display = ArchitectureDisplay.from_specification(estimator, n_outputs)
    return Figure3(display, network, _checks.path("output", output))


EXPERIMENT = Experiment(
    figure3,
    "the columns of a network, what is fixed and what is learned",
    (
        Option("network", "network", choices=NETWORKS, default="digits"),
        Option("proportion", "proportion of parameters learned, in (0, 1]", float, default="0.25; of mnist 0.1"),
        options.OUTPUT,
    ),
)
