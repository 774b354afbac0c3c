"""One run of the patch pipeline: features are learned from patches, images pooled, and a linear classifier tested."""

from __future__ import annotations

import dataclasses
import math
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import threadpoolctl
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from ppdl import RICA, NumericalError, _core
from ppdl._precision import Array

from ..data.splits import Split
from ..runs import Configuration, Record
from .linear_svm import LinearSVM
from .patches import PatchRecipe

_BLOCK = 1000  # images whose features are standardised at a time


def patch_configuration(
    split: Split, recipe: PatchRecipe, *, proportion: float | None = None, seed: int = 0, n_train: int | None = None
) -> dict[str, Any]:
    """Describe one run completely: what distinguishes its result from any other's.

    Parameters
    ----------
    split : Split
        Images.
    recipe : PatchRecipe
        Settings.
    proportion : float, default=None
        Proportion of RICA's weights that is learned, the others being predicted; None predicts nothing.
    seed : int, default=0
        Of patches, atoms and initial weights.
    n_train : int, default=None
        Take the first training images only; None takes all.
    """
    settings = dataclasses.asdict(recipe)
    del settings["summary"]
    return {
        "data": split.name,
        "data_digest": split.digest,
        "n_train": n_train,
        "proportion": proportion,
        "seed": seed,
        "recipe": settings,
    }


def run_patch_pipeline(configuration: Configuration, *, split: Split, n_threads: int | None = None) -> Record:
    """Learn features, and test the classifier that is trained on them.

    Features are learned from patches of all training images, without labels. They are standardised in place by the
    means and deviations of the training images. Where the split has folds, a classifier is trained on each, and the
    accuracy is the mean.

    Parameters
    ----------
    configuration : mapping
        What `patch_configuration` returned for this split.
    split : Split
        Images.
    n_threads : int, default=None
        Threads; None leaves it to OpenMP and BLAS.

    Returns
    -------
    dict
        `accuracy` on the test images, `train_accuracy`, `fold_accuracies` where there are folds; `n_weights` of
        the features, the `n_dynamic` of them that are learned, and the `n_static` numbers of the dictionary;
        `n_features` of an image; `iterations` and `loss` of the
        learner; `svm_iterations`; `seconds` of each stage; `threads`. Only `failure` if the numbers ran away.
    """
    recipe = PatchRecipe(**configuration["recipe"])
    n_train = configuration["n_train"]
    X_train, y_train = split.X_train[:n_train], split.y_train[:n_train]
    features = recipe.features(
        configuration["proportion"], split.input_shape, seed=configuration["seed"], n_threads=n_threads
    )
    seconds = {}
    with warnings.catch_warnings(), threadpoolctl.threadpool_limits(n_threads) if n_threads else nullcontext():
        warnings.simplefilter("ignore", ConvergenceWarning)  # numbers of iterations are part of the recipe
        start = time.perf_counter()
        try:
            features.fit(X_train)
        except NumericalError as error:  # a result too
            return {"failure": str(error)}
        seconds["learn"], start = _lap(start)
        F_train, F_test = features.transform(X_train), features.transform(split.X_test)
        seconds["encode"], start = _lap(start)
        standardise(F_train, F_test)
        scores = _classify(F_train, y_train, F_test, split, recipe.C)
        seconds["classify"], start = _lap(start)
    return scores | {
        "n_features": F_train.shape[1],
        **_learned(features.learner_),
        "seconds": seconds,
        "threads": _core.resolve_threads(n_threads),
    }


def standardise(F_train: Array, F_test: Array) -> None:
    """Give features the mean 0 and the variance 1 over the training images, in place."""
    scaler = StandardScaler(copy=False)
    for rows in gen_batches(len(F_train), _BLOCK):
        scaler.partial_fit(F_train[rows])
    for features in (F_train, F_test):
        for rows in gen_batches(len(features), _BLOCK):
            features[rows] = scaler.transform(features[rows])


def _classify(F_train: Array, y_train: npt.NDArray[np.int64], F_test: Array, split: Split, C: float) -> Record:
    """Train the classifier on all training images, or on each fold of them, and test it."""
    folds: Sequence[Any] = [fold[fold < len(y_train)] for fold in split.folds] or [slice(None)]
    tests, trains, iterations = [], [], []
    for fold in folds:
        F, y = F_train[fold], y_train[fold]
        classifier = LinearSVM(C / len(y)).fit(F, y)
        tests.append(classifier.score(F_test, split.y_test))
        trains.append(classifier.score(F, y))
        iterations.append(classifier.n_iter_)
    accuracies = [round(accuracy, 6) for accuracy in tests]
    return {
        "accuracy": round(math.fsum(accuracies) / len(folds), 6),
        **({"fold_accuracies": accuracies} if split.folds else {}),
        "train_accuracy": round(math.fsum(trains) / len(folds), 6),
        "svm_iterations": round(math.fsum(iterations) / len(folds)),
    }


def _learned(learner: Any) -> Record:
    """Count the numbers of the features, and tell how learning ended."""
    if isinstance(learner, RICA):
        return {
            "n_weights": int(learner.components_.size),
            "n_dynamic": sum(V.size for V in learner.dynamic_components_),
            "n_static": learner.dictionary_.n_static,
            "iterations": int(learner.n_iter_),
            "loss": float(learner.loss_),
        }
    return {
        "n_weights": int(learner.cluster_centers_.size),
        "n_dynamic": int(learner.cluster_centers_.size),
        "n_static": 0,
        "iterations": int(learner.n_iter_),
        "loss": float(learner.inertia_),
    }


def _lap(start: float) -> tuple[float, float]:
    """Return the seconds since `start`, and the time."""
    now = time.perf_counter()
    return round(now - start, 3), now
