"""What each of the submodules f32 and f64 holds; arrays have its dtype."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[Any]
_Indices = npt.NDArray[np.int64]
_Doubles = npt.NDArray[np.float64]
_Targets = npt.NDArray[np.int32] | _Array
_State = tuple[int, dict[str, _Array]]

class PredictedWeights:
    def __init__(
        self,
        n_visible: int,
        columns: Sequence[tuple[int, _Indices | None, _Array | None]],
        base: _Array | None = None,
        *,
        learned: bool = False,
        n_channels: int = 1,
        factors: tuple[_Array, _Array, Sequence[tuple[int, int]]] | None = None,
    ) -> None: ...
    @property
    def n_visible(self) -> int: ...
    @property
    def n_channels(self) -> int: ...
    @property
    def n_hidden(self) -> int: ...
    @property
    def n_columns(self) -> int: ...
    @property
    def n_atoms(self) -> int: ...
    @property
    def n_dynamic(self) -> int: ...
    @property
    def n_static(self) -> int: ...
    @property
    def is_identity(self) -> bool: ...
    @property
    def learned(self) -> bool: ...
    n_dictionaries_formed: int
    def materialise(self, V: _Array) -> _Array: ...
    def project(self, dW: _Array, V: _Array) -> _Array: ...
    def fit(self, W: _Array) -> _Array: ...
    def dictionary(self, j: int | None = None) -> _Array: ...
    def apply(self, X: _Array, V: _Array, order: str = "auto", n_threads: int | None = None) -> _Array: ...
    def reverse(
        self, X: _Array, dZ: _Array, V: _Array, order: str = "auto", n_threads: int | None = None
    ) -> tuple[_Array, _Array]: ...

def product(A: _Array, B: _Array, n_threads: int | None = None) -> _Array: ...
def product_seconds(
    m: int, k: int, n: int, *, transposed: bool = False, repeats: int = 10, n_threads: int | None = None
) -> float: ...

class LayerSpec: ...

class Dense(LayerSpec):
    def __init__(self, weights: PredictedWeights, *, order: str = "auto", bias: bool = True) -> None: ...

class Conv2D(LayerSpec):
    def __init__(
        self,
        weights: PredictedWeights,
        *,
        kernel: Sequence[int],
        stride: Sequence[int] = ...,
        padding: Sequence[int] = ...,
        order: str = "auto",
        bias: bool = True,
    ) -> None: ...

class Activation(LayerSpec):
    def __init__(self, kind: str) -> None: ...

class Maxout(LayerSpec):
    def __init__(self, n_pieces: int) -> None: ...

class Pooling(LayerSpec):
    def __init__(
        self, kind: str, *, size: tuple[int, int], stride: tuple[int, int], ceil_mode: bool = True
    ) -> None: ...

class Jitter(LayerSpec):
    def __init__(self, shift: int, mirror: bool) -> None: ...

class Dropout(LayerSpec):
    def __init__(self, rate: float) -> None: ...

class Model:
    @property
    def n_parameters(self) -> int: ...
    def value_and_gradient(
        self,
        theta: _Array,
        inputs: _Array,
        targets: _Targets | None = None,
        sample_weight: _Array | None = None,
        *,
        training: bool = False,
        seed: int = 0,
        step: int = 0,
        n_threads: int | None = None,
    ) -> tuple[float, _Array]: ...

class Predictor:
    def predict(self, X: _Array, n_threads: int | None = None) -> _Array: ...
    def activations(self, X: _Array, n: int, n_threads: int | None = None) -> _Array: ...

class Network(Model):
    def __init__(
        self,
        layers: Sequence[LayerSpec],
        loss: str,
        *,
        n_inputs: int,
        input_shape: tuple[int, int, int] | None = None,
        alpha: float = 0.0,
        penalty: str = "dynamic",
        batch_size: int = 1,
        n_samples: int = 0,
        memory_limit: float = 0.0,
    ) -> None: ...
    @property
    def n_inputs(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    def describe(self) -> list[dict[str, Any]]: ...
    def initial(self, seed: int, *, scale: str | float = "glorot") -> _Array: ...
    def predictor(self, theta: _Array) -> Predictor: ...

class Autoencoder(Model):
    def __init__(
        self,
        weights: PredictedWeights,
        *,
        activation: str = "logistic",
        decoder: str = "logistic",
        decoder_bias: bool = False,
        n_samples: int = 0,
        memory_limit: float = 0.0,
    ) -> None: ...
    def initial(self, seed: int, *, scale: str | float = "glorot") -> _Array: ...

class Rica(Model):
    def __init__(
        self,
        weights: PredictedWeights,
        *,
        contrast: str = "smooth-l1",
        contrast_epsilon: float = 1e-05,
        sparsity: float = 0.05,
        norm_epsilon: float = 1e-05,
        signs: _Array | None = None,
        memory_limit: float = 1e9,
    ) -> None: ...
    def pools(self, n_samples: int) -> bool: ...
    def terms(self, V: _Array, X: _Array, n_threads: int | None = None) -> tuple[float, float]: ...
    def normalised_weights(self, V: _Array) -> _Array: ...

class Optimizer:
    @property
    def size(self) -> int: ...
    @property
    def state_bytes(self) -> int: ...
    def reset(self, n: int) -> None: ...
    def step(self, theta: _Array, gradient: _Array, rate: float, n_threads: int | None = None) -> None: ...
    def state(self) -> _State: ...
    def load_state(self, state: _State) -> None: ...

class Sgd(Optimizer):
    def __init__(self, momentum: float = 0.9, nesterov: bool = False) -> None: ...

class Adam(Optimizer):
    def __init__(self, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> None: ...

def limit_column_norms(
    theta: _Array, blocks: Sequence[tuple[int, int, int]], max_norm: float, n_threads: int | None = None
) -> None: ...

class Trainer:
    def __init__(
        self,
        model: Model,
        optimizer: Optimizer,
        inputs: _Array,
        targets: _Targets | None = None,
        sample_weight: _Array | None = None,
        *,
        batch_size: int,
        max_column_norm: float = 0.0,
        n_threads: int | None = None,
    ) -> None: ...
    def epoch(self, theta: _Array, order: _Indices, rates: _Doubles, seed: int = 0) -> float: ...
    def state(self) -> tuple[int, int, dict[str, _Array]]: ...
    def load_state(self, state: tuple[int, int, dict[str, _Array]]) -> None: ...
    @property
    def state_bytes(self) -> int: ...

class LbfgsResult:
    @property
    def x(self) -> _Array: ...
    @property
    def gradient(self) -> _Array: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient_norm(self) -> float: ...
    @property
    def n_iterations(self) -> int: ...
    @property
    def n_evaluations(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def converged(self) -> bool: ...

def lbfgs(
    fun: Callable[[_Array], tuple[float, _Array]],
    x0: _Array,
    *,
    memory: int = 10,
    max_iterations: int = 15000,
    max_evaluations: int = 15000,
    gradient_tolerance: float = 1e-5,
    value_tolerance: float = ...,
    callback: Callable[..., bool] | None = None,
    n_threads: int | None = None,
) -> LbfgsResult: ...
def fit_lbfgs(
    model: Model,
    theta: _Array,
    inputs: _Array,
    targets: _Targets | None = None,
    sample_weight: _Array | None = None,
    *,
    memory: int = 10,
    max_iterations: int = 15000,
    max_evaluations: int = 15000,
    gradient_tolerance: float = 1e-5,
    value_tolerance: float = ...,
    unit: float = 1.0,
    callback: Callable[..., bool] | None = None,
    n_threads: int | None = None,
) -> LbfgsResult: ...

class PatchEncoder:
    def __init__(
        self,
        image_shape: tuple[int, int, int],
        filters: _Array,
        bias: _Array | None = None,
        *,
        patch_size: tuple[int, int],
        stride: int = 1,
        regions: tuple[int, int] = (2, 2),
        center: bool = False,
        scale: str | None = None,
        contrast_epsilon: float = 0.0,
        whitening: _Array | None = None,
        mean: _Array | None = None,
        encoding: str = "smooth-absolute",
        epsilon: float = 1e-2,
        threshold: float = 0.0,
    ) -> None: ...
    @property
    def n_features(self) -> int: ...
    @property
    def multiply_adds(self) -> float: ...
    def encode(self, images: _Array, features: _Array, n_threads: int | None = None) -> None: ...

class PhoneDecoder:
    def __init__(
        self,
        initial: _Doubles,
        bigram: _Doubles,
        final: _Doubles,
        stay: _Doubles,
        advance: _Doubles,
        *,
        beam: float = ...,
    ) -> None: ...
    @property
    def n_phones(self) -> int: ...
    @property
    def n_states(self) -> int: ...
    def decode(self, scores: _Array) -> tuple[_Indices, _Indices, float]: ...
