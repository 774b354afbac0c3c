"""What the tests of RICA share: parameters, and sources that are mixed."""

import numpy as np
import pytest

from ppdl.dictionaries import SquaredExponential

PREDICTED = {
    "n_components": 40,
    "dictionary": SquaredExponential(),
    "learned_fraction": 0.25,
    "n_columns": 4,
    "input_shape": (8, 8),
    "random_state": 0,
    "max_iter": 4,
}
PLAIN = {"whiten": None, "non_gaussianity": 1}  # the objective of the formula, over the samples as they are
PREPARATIONS = [
    {"whiten": None},
    {"whiten": None, "standardize": True},
    {"whiten": "zca"},
    {"whiten": "pca", "standardize": True},
]
unconverged = pytest.mark.filterwarnings("ignore:RICA did not converge")


def mixed(kinds, *, n_samples=2000, seed=0):
    """Samples of sources of these kinds, unit variance, and how they are mixed."""
    rng = np.random.default_rng(seed)
    draw = {"peaked": lambda: rng.laplace(size=n_samples), "flat": lambda: rng.uniform(-1, 1, size=n_samples)}
    sources = np.stack([draw[kind]() for kind in kinds], axis=1)
    mixing = rng.normal(size=(len(kinds), len(kinds)))
    return sources / sources.std(axis=0) @ mixing.T, mixing
