"""Settings of the patch pipeline, known by name, and what they build: a learner of patches, and features of images."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sklearn.cluster import MiniBatchKMeans

from ppdl import RICA, PatchFeatures
from ppdl._checks import one_of
from ppdl.dictionaries import SquaredExponential
from ppdl.estimators.ica.options import Contrast
from ppdl.estimators.patches.options import Encoding
from ppdl.preprocessing import ContrastNormalizer, Whitener

#: What a recipe takes for each data set.
DATA_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "digits": dict(patch_size=4),
    "cifar10": dict(patch_size=6),
    "stl10": dict(patch_size=8),
}


@dataclass(frozen=True)
class PatchRecipe:
    """How features of patches are learned, and images classified by them.

    Parameters
    ----------
    name : str
        Name of the recipe.
    summary : str
        The recipe in one sentence.
    learner : {"rica", "kmeans"}
        What learns the features.
    n_components : int
        Features of a patch.
    patch_size : int
        Side of a patch in pixels.
    n_patches : int
        Random patches of training images that are learned from.
    center : bool
        Whether the mean of each patch is subtracted.
    normalizer_epsilon : float
        Added to the variance of a patch before its contrast is made equal, for pixels in [0, 1].
    whitener_epsilon : float
        Added to the variances of the patches' principal components before they are made equal.
    sparsity, contrast, contrast_epsilon, init, max_iter
        See `ppdl.RICA`. For k-means, `max_iter` is the number of passes over the patches.
    length_scale, ridge : float
        Of the squared exponential that predicts RICA's weights.
    encoding, encoding_epsilon, encoding_threshold
        See `ppdl.PatchFeatures`.
    C : float
        Weight of the mean squared hinge loss; of a sample, it is C divided by the number of training images.

    Examples
    --------
    >>> from ppdl.reproduce import PATCH_RECIPES
    >>> PATCH_RECIPES["rica"].features(0.5, (32, 32, 3), seed=0).get_params()["learner__learned_fraction"]
    0.5
    """

    name: str
    summary: str = ""
    learner: str = "rica"
    n_components: int = 400
    patch_size: int = 6
    n_patches: int = 100_000
    center: bool = False
    normalizer_epsilon: float = 10 / 255**2
    whitener_epsilon: float = 1e-3
    sparsity: float = 0.1
    contrast: Contrast = "smooth-l1"
    contrast_epsilon: float = 1e-2
    init: Literal["samples"] | None = "samples"
    max_iter: int = 50
    length_scale: float = 1.0
    ridge: float = 0.01
    encoding: Encoding = "split"
    encoding_epsilon: float = 1e-2
    encoding_threshold: float = 0.25
    C: float = 10.0

    def features(
        self, proportion: float | None, input_shape: tuple[int, ...], *, seed: int, n_threads: int | None = None
    ) -> PatchFeatures:
        """Make the transformer of images to features.

        Parameters
        ----------
        proportion : float or None
            Proportion of RICA's weights that is learned, the others being predicted; None predicts nothing.
        input_shape : tuple of int
            Of an image.
        seed : int
            Of patches, atoms and initial weights.
        n_threads : int, default=None
            Threads; None leaves it to OpenMP.

        Raises
        ------
        ValueError
            If k-means is to predict weights.
        """
        patch_shape = (self.patch_size, self.patch_size, *input_shape[2:])
        return PatchFeatures(
            self._learner(proportion, patch_shape, n_threads),
            self.patch_size,
            encoding=self.encoding,
            encoding_epsilon=self.encoding_epsilon,
            encoding_threshold=self.encoding_threshold,
            normalizer=ContrastNormalizer(center=self.center, epsilon=self.normalizer_epsilon),
            whitener=Whitener("zca", epsilon=self.whitener_epsilon),
            n_patches=self.n_patches,
            input_shape=input_shape,
            random_state=seed,
            n_threads=n_threads,
        )

    def _learner(
        self, proportion: float | None, patch_shape: tuple[int, ...], n_threads: int | None
    ) -> RICA | MiniBatchKMeans:
        if self.learner == "kmeans":
            if proportion is not None:
                raise ValueError(f"proportions: received {proportion:g}; expected none: k-means predicts no weights")
            return MiniBatchKMeans(self.n_components, batch_size=10_000, max_iter=self.max_iter, n_init=1)
        smooth = SquaredExponential(length_scale=self.length_scale, ridge=self.ridge)
        return RICA(
            self.n_components,
            dictionary=None if proportion is None else smooth,
            learned_fraction=1.0 if proportion is None else proportion,
            input_shape=patch_shape,
            contrast=self.contrast,
            contrast_epsilon=self.contrast_epsilon,
            sparsity=self.sparsity,
            non_gaussianity=1,
            whiten=None,  # PatchFeatures did
            init=self.init,
            max_iter=self.max_iter,
            tol=1e-5,
            n_threads=n_threads,
        )


# RICA's settings were chosen on CIFAR-10 with 400 features, by the accuracy on training images 40000 to 44999 of a
# classifier trained on the first 10000; so was the kind of k-means, with 800. The rest of its settings were published.
PATCH_RECIPES = {
    recipe.name: recipe
    for recipe in (
        PatchRecipe("rica", "RICA on whitened patches, positive and negative responses apart."),
        PatchRecipe(
            "kmeans-triangle",
            "k-means with the triangle encoding, as Coates et al.; nothing is predicted.",
            learner="kmeans",
            n_components=1600,
            n_patches=400_000,
            center=True,
            whitener_epsilon=0.1,
            max_iter=20,
            encoding="triangle",
            C=100.0,
        ),
    )
}


def patch_recipe(recipe: str | PatchRecipe, data: str, settings: Mapping[str, Any] | None = None) -> PatchRecipe:
    """Return a recipe for a data set.

    Parameters
    ----------
    recipe : str or PatchRecipe
        Name of a recipe, which is adapted to the data, or a recipe, which is taken as it is.
    data : str
        Name of the data set.
    settings : mapping, default=None
        Values that replace those of a named recipe.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if isinstance(recipe, PatchRecipe):
        return recipe
    named = PATCH_RECIPES[one_of("recipe", recipe, PATCH_RECIPES)]
    return dataclasses.replace(named, **{**DATA_SETTINGS[data], **(settings or {})})


@dataclass(frozen=True)
class PatchProfile:
    """How much of a figure is computed.

    Parameters
    ----------
    summary : str
        The profile in one sentence.
    proportions : tuple of float
        Grid of the proportion of parameters learned.
    counts : tuple of int
        Numbers of features.
    n_seeds : int
        Runs for each point.
    n_train : int or None
        Training images, the first ones; None is all.
    settings : mapping
        Values that replace those of a recipe.
    """

    summary: str
    proportions: tuple[float, ...]
    counts: tuple[int, ...]
    n_seeds: int
    n_train: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


PATCH_PROFILES = {
    "smoke": PatchProfile(
        "seconds: few features, three seeds, 300 training images",
        proportions=(0.1, 0.2, 0.3, 0.5, 0.75, 1.0),
        counts=(2, 4, 8),
        n_seeds=3,
        n_train=300,
        settings=dict(n_components=8, n_patches=5000),
    ),
    "quick": PatchProfile(
        "minutes: few points and features, one seed, 10000 training images",
        proportions=(0.1, 0.25, 0.5, 1.0),
        counts=(25, 50, 100),
        n_seeds=1,
        n_train=10_000,
        settings=dict(n_components=200, n_patches=50_000),
    ),
    "paper": PatchProfile(
        "hours: ten proportions, four numbers of features, three seeds, all images",
        proportions=tuple(tenth / 10 for tenth in range(1, 11)),
        counts=(50, 100, 200, 400),
        n_seeds=3,
    ),
}
