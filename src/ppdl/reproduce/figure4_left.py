"""Figure 4 (left): test error against the proportion of parameters learned, for different dictionaries."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ppdl import NumericalError, _core
from ppdl.dictionaries import Dictionary
from ppdl.estimators import PredictedMLPClassifier

from .choices import chosen_seeds, known
from .curves import ARCHITECTURES, CURVES, Curve
from .figure4_left_result import Figure4Left
from .recipes import RECIPES, Recipe
from .recording import command_line, recorded
from .runs import Record
from .splits import Split, load_split


@dataclass(frozen=True)
class Profile:
    """How much of the figure is computed.

    Parameters
    ----------
    summary : str
        The profile in one sentence.
    proportions : tuple of float
        Grid of the proportion of parameters learned.
    n_seeds : int
        Networks for each point.
    effort : float
        Factor for the recipe's numbers of epochs.
    """

    summary: str
    proportions: tuple[float, ...]
    n_seeds: int
    effort: float


def paper_grid() -> tuple[float, ...]:
    """Return the paper's 20 proportions, from 20 of 784 atoms to all, evenly spaced on the logarithmic axis.

    They are rounded up, so that the first is of 20 atoms, not of 19.
    """
    return tuple(float(proportion) for proportion in np.ceil(1e6 * np.logspace(np.log10(20 / 784), 0, 20)) / 1e6)


PROFILES = {
    "smoke": Profile("a glance: few points, one seed, four times the epochs", (0.05, 0.1, 0.2, 0.4, 1.0), 1, 4.0),
    "quick": Profile("minutes: few points, one seed, half of the epochs", (0.03, 0.05, 0.1, 0.25, 1.0), 1, 0.5),
    "paper": Profile("hours: the paper's grid of 20 points, three seeds", paper_grid(), 3, 1.0),
}


def _one_line(record: Record) -> str:
    """Say in a few words what a run gave."""
    configuration = record["configuration"]
    at = "" if CURVES[configuration["curve"]].flat else f" at {100 * configuration['proportion']:.3g} %"
    outcome = "diverged" if "failure" in record else f"{100 * record['test_error']:.2f} % error"
    return f"{configuration['curve']}{at}: {outcome}"


def figure4_left(
    data: str = "digits",
    profile: str | None = None,
    recipe: str | Recipe = "modern",
    *,
    curves: Sequence[str] | None = None,
    proportions: Sequence[float] | None = None,
    seeds: int | Iterable[int] | None = None,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    download: bool = False,
    verbose: bool = True,
) -> Figure4Left:
    """Compute Figure 4 (left): one network for each curve, proportion and seed.

    Each finished network is recorded at once in ``figure4_left.jsonl`` of the output folder. If the computation is
    stopped, the same call goes on where it was; a setting that differs is another network, and is computed anew.

    Parameters
    ----------
    data : {"digits", "mnist"}, default="digits"
        scikit-learn's 8 × 8 digits with a 64-100-100-10 network, or MNIST with the paper's 784-500-500-10.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the digits, "quick" for MNIST.
    recipe : {"modern", "decay", "rectifier", "paper"} or Recipe, default="modern"
        How the networks are trained.
    curves : sequence of str, default=None
        Names of the curves, of `CURVES`; None is all of them.
    proportions : sequence of float, default=None
        Proportions of parameters learned, each in (0, 1]; None is the profile's grid.
    seeds : int or iterable of int, default=None
        How many networks for each point, or their seeds; None is the profile's number.
    output : path-like, default="."
        Folder of all files.
    jobs : int, default=None
        Networks at a time, through joblib; None means one, or what `joblib.parallel_config` tells.
    n_threads : int, default=None
        Threads of each network; None leaves it to OpenMP, which joblib keeps to its share of the processors.
    resume : bool, default=True
        Whether networks that are in the run file already count as done.
    download : bool, default=False
        Whether MNIST may be downloaded.
    verbose : bool, default=True
        Whether to show progress.

    Returns
    -------
    Figure4Left
        Table and plot.

    Raises
    ------
    ValueError
        If a name is unknown, or a proportion leaves a layer without an atom; before anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import figure4_left
    >>> figure = figure4_left(curves=["nokernel"], output=getfixture("tmp_path"), verbose=False)
    >>> [row["curve"] for row in figure.table]
    ['nokernel']
    """
    split = load_split(known("data", data, ARCHITECTURES), download=download)
    profile = profile or ("smoke" if data == "digits" else "quick")
    settings = PROFILES[known("profile", profile, PROFILES)]
    recipe = recipe if isinstance(recipe, Recipe) else RECIPES[known("recipe", recipe, RECIPES)]
    names = list(CURVES) if curves is None else [known("curve", name, CURVES) for name in curves]
    grid = settings.proportions if proportions is None else tuple(float(proportion) for proportion in proportions)
    numbers = chosen_seeds(settings.n_seeds if seeds is None else seeds)
    for proportion in grid:
        ARCHITECTURES[data].learned_proportion(proportion)  # refuses one that leaves a layer without an atom

    configurations = [
        _configuration(CURVES[name], proportion, seed, split, recipe.shortened(settings.effort))
        for seed in numbers
        for name in names
        for proportion in ((1.0,) if CURVES[name].flat else grid)
    ]
    command = command_line(
        "figure4-left",
        data=data,
        profile=profile,
        recipe=recipe.name,
        curves=curves,
        proportions=proportions,
        seeds=numbers,
        jobs=jobs,
        threads=n_threads,
    )
    run = functools.partial(_train_and_test, split=split, n_threads=n_threads)
    records = recorded(
        Figure4Left.name,
        configurations,
        run,
        _one_line,
        command=command,
        output=output,
        jobs=jobs,
        resume=resume,
        verbose=verbose,
    )
    return Figure4Left(records, data, recipe.name, Path(output))


def _configuration(curve: Curve, proportion: float, seed: int, split: Split, recipe: Recipe) -> dict[str, Any]:
    """Describe one network completely: what distinguishes its result from any other's."""
    architecture = ARCHITECTURES[split.name]
    options = dict(recipe.options) | curve.network(architecture, proportion)
    dictionaries = options.pop("dictionary", None)
    if dictionaries is not None:
        options["dictionary"] = [dictionary.get_config() for dictionary in dictionaries]
        options["input_shape"] = list(split.input_shape)
    if curve.pretrained:
        data_driven = dictionaries is not None and dictionaries[-1].data_driven
        options |= dict(recipe.data_pretraining if data_driven and recipe.data_pretraining else recipe.pretraining)
    options["hidden_layer_sizes"] = list(options["hidden_layer_sizes"])
    return {
        "figure": Figure4Left.name,
        "data": split.name,
        "data_digest": split.digest,
        "curve": curve.name,
        "proportion": proportion,
        "seed": seed,
        "recipe": recipe.name,
        "estimator": options | dict(max_iter=recipe.epochs, batch_size=architecture.batch_size),
    }


def _train_and_test(configuration: Record, *, split: Split, n_threads: int | None) -> Record:
    """Train the network that a configuration describes, and test it."""
    options = dict(configuration["estimator"])
    if "dictionary" in options:
        options["dictionary"] = tuple(Dictionary.from_config(config) for config in options["dictionary"])
        options["input_shape"] = tuple(options["input_shape"])
    options["hidden_layer_sizes"] = tuple(options["hidden_layer_sizes"])
    network = PredictedMLPClassifier(
        **options,
        tol=0.0,
        n_iter_no_change=float("inf"),
        random_state=configuration["seed"],
        n_threads=n_threads,
        memory_limit=2**31,  # the pooled training set of the paper's ten columns, all parameters learned
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is part of the recipe
            network.fit(split.X_train, split.y_train)
    except NumericalError as error:  # a result too: some networks are unstable
        return {"failure": str(error)}
    summary = network.summary()
    return {
        "test_error": round(1.0 - network.score(split.X_test, split.y_test), 6),
        "train_error": round(1.0 - network.score(split.X_train, split.y_train), 6),
        "loss": float(network.loss_),
        "epochs": int(network.n_iter_),
        "n_dynamic": summary.n_dynamic,
        "n_static": sum(layer.n_static for layer in summary.layers),
        "threads": _core.resolve_threads(n_threads),
    }
