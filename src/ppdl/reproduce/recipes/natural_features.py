"""RICA on patches of natural images, as Figures 1 and 2 show it: its settings, how much of it, what is measured."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ppdl import RICA
from ppdl._precision import Array
from ppdl.dictionaries import Dictionary, SquaredExponential

from ..data.natural_patches import CONTRAST_EPSILON, WHITEN_EPSILON, Images, Patches, prepared_patches
from ..runs import Configuration

#: The paper's length scale, the authors' ridge.
DICTIONARY = SquaredExponential(length_scale=1.0, ridge=0.1)

#: RICA's settings with which features that are learned whole become localised edges. With many more features than the
#: profiles have, or with more sparsity, some prefer directions in which the patches have no energy: all have unit norm.
SETTINGS: dict[str, Any] = dict(sparsity=0.5, contrast="smooth-l1", contrast_epsilon=1e-2)


@dataclass(frozen=True)
class Profile:
    """How much is computed.

    Parameters
    ----------
    summary : str
        The profile in one sentence.
    patch_size : int
        Side of a patch.
    n_patches : int
        Patches that are learned from.
    n_components : int
        Features.
    max_iter : int
        Iterations of L-BFGS at most.
    """

    summary: str
    patch_size: int
    n_patches: int
    n_components: int
    max_iter: int


PROFILES = {
    "smoke": Profile("seconds: 40 features of 4000 patches of 16 × 16", 16, 4_000, 40, 60),
    "quick": Profile("a minute: 40 features of 8000 patches of 16 × 16", 16, 8_000, 40, 100),
    "paper": Profile("minutes: 50 features of 12000 patches of 16 × 16", 16, 12_000, 50, 200),
}


def describe(data: str, images: Images, profile: Profile, seed: int, proportion: float = 1.0) -> dict[str, Any]:
    """Describe completely how features are learned; predicted ones if the proportion is below one."""
    estimator = dict(n_components=profile.n_components, max_iter=profile.max_iter, tol=1e-4, **SETTINGS)
    if proportion < 1.0:
        estimator |= dict(dictionary=DICTIONARY.get_config(), learned_fraction=proportion, n_columns=10)
    return {
        "data": data,
        "data_digest": images.digest,
        "patch_size": profile.patch_size,
        "n_patches": profile.n_patches,
        "normalizer_epsilon": CONTRAST_EPSILON,
        "whitener_epsilon": WHITEN_EPSILON,
        "proportion": proportion,
        "seed": seed,
        "estimator": estimator,
    }


def learn(configuration: Configuration, images: Array, n_threads: int | None) -> tuple[RICA, Patches]:
    """Learn the features that a configuration describes; return them with the patches that they were learned from."""
    seed = configuration["seed"]
    patches = prepared_patches(images, configuration["patch_size"], configuration["n_patches"], seed)
    options = dict(configuration["estimator"])
    if "dictionary" in options:
        options["dictionary"] = Dictionary.from_config(options["dictionary"])
    as_they_are: dict[str, Any] = dict(whiten=None, non_gaussianity=1)  # the patches are whitened
    rica = RICA(**options, **as_they_are, input_shape=patches.input_shape, random_state=seed, n_threads=n_threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of iterations is part of the profile
        return rica.fit(patches.X), patches


def measure(rica: RICA, X: Array) -> dict[str, float]:
    """Tell how sparse and how faithful the components of samples are.

    Returns
    -------
    dict
        `objective` and its two terms, `sparsity` and `reconstruction`, means over samples; `unexplained`, the share of
        the samples' energy that the reconstruction misses; `kurtosis`, excess kurtosis of a component, the median.
    """
    W = rica.components_
    Z = X @ W.T
    sparsity = rica.sparsity * float(np.sqrt(Z**2 + rica.contrast_epsilon).sum(axis=1, dtype=np.float64).mean())
    missed = float(np.square(Z @ W - X).sum(axis=1, dtype=np.float64).mean())
    centred = Z.astype(np.float64) - Z.mean(axis=0, dtype=np.float64)
    kurtosis = np.mean(centred**4, axis=0) / np.mean(centred**2, axis=0) ** 2 - 3.0
    return {
        "objective": float(rica.loss_),
        "sparsity": sparsity,
        "reconstruction": missed / 2.0,
        "unexplained": missed / float(np.square(X).sum(axis=1, dtype=np.float64).mean()),
        "kurtosis": float(np.median(kurtosis)),
    }
