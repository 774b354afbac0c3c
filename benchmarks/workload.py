"""The tasks that benchmarks share, MNIST with the paper's 784-500-500-10 network first, and ppdl's training of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

import ppdl
from ppdl import _core
from ppdl.dictionaries import Dictionary, LayerInput
from ppdl.dictionaries.columns import column_sizes

IMAGE = (28, 28)
N_VISIBLE = 784
HIDDEN = (500, 500)
N_CLASSES = 10
BATCH = 100
N_THREADS = 2
# The recipe of MLPClassifier's "sgd", at a rate at which sigmoid units learn within an epoch.
ALPHA = 1e-4
MOMENTUM = 0.9
RATE = 0.05

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """Samples as rows of float32, int32 labels, where they come from, and the network that learns them."""

    X: Floats
    y: npt.NDArray[np.int32]
    source: str
    input_shape: tuple[int, ...] = IMAGE
    hidden: tuple[int, int] = HIDDEN
    n_classes: int = N_CLASSES

    def head(self, n_samples: int) -> Task:
        """Return the first samples, as copies of their own."""
        return replace(self, X=self.X[:n_samples].copy(), y=self.y[:n_samples].copy())


def load_task() -> Task:
    """MNIST's 60,000 training images, or synthetic ones of the same shape where MNIST is not at hand."""
    try:
        X, y = ppdl.datasets.load_mnist(return_X_y=True)
        return Task(X, y.astype(np.int32), "MNIST, 60,000 training images")
    except FileNotFoundError:
        rng = np.random.default_rng(0)
        y = rng.integers(0, N_CLASSES, 60_000)
        noise = rng.normal(0.0, 0.3, (60_000, N_VISIBLE))
        X = np.clip(rng.random((N_CLASSES, N_VISIBLE))[y] + noise, 0.0, 1.0)
        source = "synthetic images of MNIST's shape (set PPDL_DATA for MNIST)"
        return Task(X.astype(np.float32), y.astype(np.int32), source)


@dataclass(frozen=True)
class Layer:
    """One dense layer as a peer may read it: U_1 … U_J stacked, the initial V_1 … V_J, and the bias."""

    U: Floats | None  # (n_columns, n_visible, n_atoms); None: the identity
    V: Floats  # (n_columns, n_atoms, n_hidden / n_columns)
    bias: Floats  # (n_hidden,)


class Training:
    """Ppdl's side of the comparison: the network, its θ, and one epoch of it.

    Parameters
    ----------
    task : Task
        Samples, labels and sizes.
    dictionary_pair : sequence of 2 Dictionary or None
        One for each hidden layer; None is the ordinary layer.
    fraction : float, default=1.0
        Proportion of each hidden layer's weights that are learned.
    n_columns : int, default=1
        Columns of each hidden layer.
    memory_limit : int, default=2**30
        Bytes that the pooled data set may take.
    """

    def __init__(
        self,
        task: Task,
        dictionary_pair: Sequence[Dictionary | None] = (None, None),
        *,
        fraction: float = 1.0,
        n_columns: int = 1,
        memory_limit: int = 2**30,
    ) -> None:
        core = _core.f32
        self.task = task
        self.weights: list[_core.f32.PredictedWeights] = []
        specs: list[_core.f32.LayerSpec] = []
        n_inputs = n_visible = task.X.shape[1]
        for number, (n_hidden, dictionary) in enumerate(zip(task.hidden, dictionary_pair, strict=True)):
            if dictionary is None:
                weights = _identity(n_visible, n_hidden)
            else:
                inputs = LayerInput(
                    n_visible, task.input_shape if number == 0 else None, self._activations(specs), layer=number
                )
                sizes = column_sizes(n_hidden, n_columns)
                weights = dictionary.columns(inputs, sizes=sizes, fraction=fraction).weights(np.float32)
            self.weights.append(weights)
            specs += [core.Dense(weights), core.Activation("logistic")]
            n_visible = n_hidden
        self.weights.append(_identity(n_visible, task.n_classes))
        specs.append(core.Dense(self.weights[-1]))

        self.network = core.Network(
            specs, "softmax", n_inputs=n_inputs, alpha=ALPHA, batch_size=BATCH, n_samples=len(task.X),
            memory_limit=memory_limit,
        )  # fmt: skip
        self.theta = self.network.initial(0, scale="glorot-logistic")
        self.trainer = core.Trainer(
            self.network, core.Sgd(MOMENTUM, True), task.X, task.y, batch_size=BATCH, n_threads=N_THREADS
        )
        self.layers = self.network.describe()

    def _activations(self, specs: list[_core.f32.LayerSpec]) -> Floats:
        """Inputs of the next layer over some images, by the layers so far with their initial weights."""
        X = self.task.X[:10_000]
        if not specs:
            return X
        n_visible = self.weights[-1].n_hidden
        probe = _core.f32.Network(
            [*specs, _core.f32.Dense(_identity(n_visible, self.task.n_classes))], "softmax", n_inputs=X.shape[1]
        )
        predictor = probe.predictor(probe.initial(0, scale="glorot-logistic"))
        return predictor.activations(X, len(self.weights), N_THREADS)

    def epoch(self, order: Rows) -> float:
        """Train once through `order`; return the mean loss."""
        rates = np.full(-(-len(order) // BATCH), RATE)
        return self.trainer.epoch(self.theta, order, rates)

    def peer_layers(self) -> list[Layer]:
        """Return the layers with their present θ, for a peer to start from."""
        layers = []
        for weights, about in zip(self.weights, self.layers, strict=True):
            n_columns, n_atoms = about["n_columns"], about["n_atoms"] // about["n_columns"]
            U = None if weights.is_identity else np.stack([weights.dictionary(j) for j in range(n_columns)])
            V = self.theta[about["offset"] :][: about["n_dynamic"]].reshape(n_columns, n_atoms, -1)
            bias = self.theta[about["bias_offset"] :][: about["n_bias"]]
            layers.append(Layer(U, V.copy(), bias.copy()))
        return layers

    @property
    def multiply_adds(self) -> float:
        """Multiply-adds of all products of one epoch."""
        return len(self.task.X) * sum(about["multiply_adds"] for about in self.layers)

    @property
    def pooled_bytes(self) -> int:
        """Bytes of the data set pooled once by the first layer's atoms or base; 0 if it is not."""
        first = self.layers[0]
        width = min(first["n_atoms"], self.task.X.shape[1]) if first["pooled_once"] else 0
        return len(self.task.X) * width * self.task.X.itemsize

    @property
    def bytes_moved(self) -> float:
        """Bytes that one epoch must move at least: each input row once, and for each batch θ, its gradient and its
        velocity, read and written.
        """
        n_batches = -(-len(self.task.X) // BATCH)
        inputs = self.pooled_bytes or self.task.X.nbytes
        return float(inputs + 6 * self.theta.nbytes * n_batches)


def _identity(n_visible: int, n_hidden: int) -> _core.f32.PredictedWeights:
    return _core.f32.PredictedWeights(n_visible, [(n_hidden, None, None)])
