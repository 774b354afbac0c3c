"""The task of RICA's benchmarks: whitened patches of images, weights, and where the search starts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_sample_images

from ppdl import _core
from ppdl.dictionaries import LayerInput, SquaredExponential
from ppdl.dictionaries.columns import column_sizes
from ppdl.preprocessing import ContrastNormalizer, Whitener, extract_patches

SPARSITY = 0.1
CONTRAST_EPSILON = 1e-2
NORM_EPSILON = 1e-8
N_CHANNELS = 3

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RicaTask:
    """Samples, weights W = [U_1 V_1 … U_J V_J], and an initial V."""

    X: Floats  # (n_samples, n_visible)
    weights: _core.f32.PredictedWeights
    U: Floats | None  # (n_columns, n_visible, n_atoms); None: the identity
    start: Floats  # V_1, …, V_J flat

    @property
    def n_components(self) -> int:
        """Columns of W."""
        return self.weights.n_hidden

    def head(self, n_samples: int) -> RicaTask:
        """Return the task with the first samples only."""
        return RicaTask(self.X[:n_samples].copy(), self.weights, self.U, self.start)

    def columns_of(self, V: Floats) -> Floats:
        """V as a peer may read it, (n_columns, n_atoms, n_components / n_columns)."""
        n_columns = 1 if self.U is None else len(self.U)
        return V.reshape(n_columns, -1, self.n_components // n_columns)

    def model(self) -> _core.f32.Rica:
        """Make ppdl's objective."""
        return _core.f32.Rica(
            self.weights, contrast_epsilon=CONTRAST_EPSILON, sparsity=SPARSITY, norm_epsilon=NORM_EPSILON
        )


@cache
def patches(patch_size: int, n_patches: int) -> Floats:
    """Colour patches of scikit-learn's sample images, at equal contrast and whitened, float32."""
    images = np.stack(load_sample_images().images).astype(np.float32) / 255
    drawn = extract_patches(images, patch_size, n_patches, random_state=0)
    whitened = Whitener("zca", epsilon=1e-3).fit_transform(ContrastNormalizer(copy=False).transform(drawn))
    return np.ascontiguousarray(whitened, dtype=np.float32)


def make_task(
    patch_size: int, n_patches: int, n_components: int, *, fraction: float = 1.0, n_columns: int = 1
) -> RicaTask:
    """Components of patches: ordinary ones, or with `fraction` of their weights learned and the others predicted.

    The search starts from unit weights: random ones, or what a random V predicts.
    """
    X = patches(patch_size, n_patches)
    n_visible = X.shape[1]
    if fraction == 1.0:
        weights = _core.f32.PredictedWeights(n_visible, [(n_components, None, None)])
        U = None
    else:
        smooth = SquaredExponential(length_scale=1.0, ridge=0.01)
        columns = smooth.columns(
            LayerInput(n_visible, shape=(patch_size, patch_size, N_CHANNELS)),
            sizes=column_sizes(n_components, n_columns),
            fraction=fraction,
        )
        weights = columns.weights(np.float32)
        U = np.stack([weights.dictionary(j) for j in range(n_columns)])
    task = RicaTask(X, weights, U, np.random.default_rng(0).standard_normal(weights.n_dynamic, dtype=np.float32))
    V = task.columns_of(task.start)
    V /= np.linalg.norm(V if U is None else U @ V, axis=1, keepdims=True)
    return task
