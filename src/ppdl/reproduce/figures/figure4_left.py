"""Figure 4 (left): test error against the proportion of parameters learned, for different dictionaries."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ppdl import NumericalError, _core
from ppdl._checks import one_of
from ppdl.dictionaries import Dictionary
from ppdl.estimators import PredictedMLPClassifier

from ..data.splits import Split, load_split
from ..experiment import Experiment, Option, choices, options
from ..experiment.curve_figure import CurveFigure, CurveProfile, across, cell, draw_curves, one_line
from ..experiment.figure import decorate, matplotlib, per_cent, spread_named
from ..recipes.curves import ARCHITECTURES, CURVES, Curve
from ..recipes.networks import RECIPES, Recipe
from ..runs import Configuration, Record, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and marker of each curve: Okabe and Ito's palette, told apart by colour-blind readers too, and a brown.
STYLES = {
    "nokernel": ("#000000", ""),
    "LowRank": ("#999999", "v"),
    "RandCon": ("#E69F00", "s"),
    "RandFixU": ("#D55E00", "D"),
    "SE-Emp": ("#56B4E9", "o"),
    "SE-Emp2": ("#0072B2", "o"),
    "SE-AE": ("#CC79A7", "^"),
    "narrow": ("#8C6D31", "P"),
    "best": ("#009E73", "o"),
}

TITLES = {
    "enlarged-digits": "scikit-learn digits, enlarged to 28 × 28 (not MNIST)",
    "digits": "scikit-learn digits, 8 × 8 (not MNIST)",
    "mnist": "MNIST",
}

#: What a reader of the picture has to know of the data.
_NOTES = {
    "enlarged-digits": "Enlarging makes neighbouring pixels alike: the smoothness that SE and DCT rely on.",
    "digits": "Eight pixels across are too few for smooth weights: a narrowed network does better.",
}


_X_TICKS = (0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_Y_TICKS = (0.005, 0.007, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.9)
_DASHES: dict[str, Any] = dict(lw=1.0, ls=(0, (4, 2)), alpha=0.85)


def paper_grid() -> tuple[float, ...]:
    """Return the paper's 20 proportions, from 20 of 784 atoms to all, evenly spaced on the logarithmic axis.

    They are rounded up, so that the first is of 20 atoms, not of 19.
    """
    return tuple(float(proportion) for proportion in np.ceil(1e6 * np.logspace(np.log10(20 / 784), 0, 20)) / 1e6)


PROFILES = {
    "smoke": CurveProfile(
        "half a minute: five curves at four points, three seeds, half as many epochs again",
        (0.03, 0.05, 0.1, 0.2),
        3,
        1.5,
        ("nokernel", "RandCon", "RandFixU", "SE-Emp", "narrow"),
    ),
    "quick": CurveProfile("minutes: few points, one seed, half of the epochs", (0.03, 0.05, 0.1, 0.25, 1.0), 1, 0.5),
    "paper": CurveProfile("hours: the paper's grid of 20 points, three seeds", paper_grid(), 3, 1.0),
}


@dataclass(frozen=True)
class Figure4Left(CurveFigure):
    """The figure's runs, as a table and as a plot."""

    name: ClassVar[str] = "figure4_left"
    curves = CURVES
    averaged = ("train_error", "n_dynamic", "n_static", "epochs", "wall_time")
    measured = ("wall_time",)

    def learned(self, row: Mapping[str, Any]) -> float:
        """Return the share that what is learned of the two predicted layers is of their weights."""
        architecture = ARCHITECTURES[self.data]
        if CURVES[row["curve"]].learns_dictionary:
            return architecture.share(row["n_dynamic"])
        return architecture.learned_proportion(row["proportion"])

    def __str__(self) -> str:
        """Test errors in per cent, proportions down and curves across."""
        rows = self.table
        title = f"Test error in %, {TITLES[self.data]}, recipe {self.recipe}: mean ± standard deviation over seeds"
        notes = [
            f"LowRank learns U as well: {row['learned']:.0%} of the weights where V is {100 * row['proportion']:.3g} %."
            for row in rows
            if CURVES[row["curve"]].learns_dictionary and row["n_seeds"]
        ]
        return "\n".join([title, *across(rows, CURVES, cell), *notes])

    def draw(self, ax: Axes) -> None:
        """Draw our mean with its spread (one standard deviation) and, for MNIST, the paper's printed curves, dashed."""
        rows = self.table
        names = _by_height(rows)
        drawn = [row for row in rows if row["n_seeds"]]
        draw_curves(ax, sorted(drawn, key=lambda row: names.index(row["curve"])), CURVES, STYLES)
        if self.data == "mnist":
            _draw_printed(ax, names)
        _scale(ax)
        decorate(ax, spread_named(rows))
        title = f"{TITLES[self.data]}, recipe “{self.recipe}”"
        ax.set_title(
            "\n".join([title, _NOTES[self.data]] if self.data in _NOTES else [title]), loc="left", fontsize="medium"
        )


def figure4_left(
    data: str = "enlarged-digits",
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
    data : {"enlarged-digits", "digits", "mnist"}, default="enlarged-digits"
        scikit-learn's digits, enlarged to 28 × 28 pixels and moved (7188 training images and 1797 test images), with a
        784-200-200-10 network; the same as they are, 8 × 8, with 64-100-100-10; or MNIST with the paper's
        784-500-500-10.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the digits, "quick" for MNIST.
    recipe : {"modern", "decay", "rectifier", "ridge", "paper"} or Recipe, default="modern"
        How the networks are trained.
    curves : sequence of str, default=None
        Names of the curves, of `CURVES`; None is the profile's, which are all of them but for "smoke".
    proportions : sequence of float, default=None
        Proportions of parameters learned, each in (0, 1]; None is the profile's grid.
    seeds : int or iterable of int, default=None
        How many networks for each point, or their seeds; None is the profile's number.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.
    download : bool, default=False
        Whether MNIST may be downloaded.

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
    >>> figure = figure4_left("digits", curves=["nokernel"], seeds=1, output=getfixture("tmp_path"), verbose=False)
    >>> [row["curve"] for row in figure.table]
    ['nokernel']
    """
    split = load_split(one_of("data", data, ARCHITECTURES), download=download)
    profile = choices.profile(profile, data, PROFILES)
    settings = PROFILES[profile]
    recipe = recipe if isinstance(recipe, Recipe) else RECIPES[one_of("recipe", recipe, RECIPES)]
    names = choices.names("curves", settings.curves if curves is None else curves, CURVES)
    grid = choices.proportions("proportions", settings.proportions if proportions is None else proportions)
    numbers = choices.seeds(settings.n_seeds if seeds is None else seeds)
    recording = Recording(output, jobs, n_threads, resume, verbose)
    for proportion in grid:
        ARCHITECTURES[data].learned_proportion(proportion)  # refuses one that leaves a layer without an atom

    configurations = [
        _configuration(CURVES[name], proportion, seed, split, recipe.shortened(settings.effort))
        for seed in numbers
        for name in names
        for proportion in ((1.0,) if CURVES[name].flat else grid)
    ]
    run = functools.partial(_train_and_test, split=split, n_threads=n_threads)
    arguments = dict(
        data=data, profile=profile, recipe=recipe.name, curves=curves, proportions=proportions, seeds=numbers
    )
    describe = functools.partial(one_line, flat=[name for name in names if CURVES[name].flat])
    records = EXPERIMENT.records(recording, configurations, run, describe, arguments)
    return Figure4Left(records, data, recipe.name, recording.folder)


EXPERIMENT = Experiment(
    figure4_left,
    "test error against the proportion of parameters learned (MLP)",
    (
        Option("data", "data set", choices=TITLES, default="enlarged-digits"),
        options.profile(PROFILES),
        Option("recipe", "how networks are trained", choices=options.summaries(RECIPES), default="modern"),
        Option("curves", "curves", choices=options.summaries(CURVES), default="the profile's", nargs="+"),
        options.PROPORTIONS,
        *options.RUN,
        options.DOWNLOAD,
    ),
)


def _configuration(curve: Curve, proportion: float, seed: int, split: Split, recipe: Recipe) -> dict[str, Any]:
    """Describe one network completely: what distinguishes its result from any other's."""
    architecture = ARCHITECTURES[split.name]
    parameters = dict(recipe.options) | curve.network(architecture, proportion)
    dictionaries = parameters.pop("dictionary", None)
    if dictionaries is not None:
        parameters["dictionary"] = [dictionary.get_config() for dictionary in dictionaries]
        parameters["input_shape"] = list(split.input_shape)
    if curve.pretrained:
        data_driven = dictionaries is not None and dictionaries[-1].data_driven
        parameters |= dict(recipe.data_pretraining if data_driven and recipe.data_pretraining else recipe.pretraining)
    parameters["hidden_layer_sizes"] = list(parameters["hidden_layer_sizes"])
    return {
        "figure": Figure4Left.name,
        "data": split.name,
        "data_digest": split.digest,
        "curve": curve.name,
        "proportion": proportion,
        "seed": seed,
        "recipe": recipe.name,
        "estimator": parameters | dict(max_iter=recipe.epochs, batch_size=architecture.batch_size),
    }


def _train_and_test(configuration: Configuration, *, split: Split, n_threads: int | None) -> Record:
    """Train the network that a configuration describes, and test it."""
    parameters = dict(configuration["estimator"])
    if "dictionary" in parameters:
        parameters["dictionary"] = tuple(Dictionary.from_config(config) for config in parameters["dictionary"])
        parameters["input_shape"] = tuple(parameters["input_shape"])
    parameters["hidden_layer_sizes"] = tuple(parameters["hidden_layer_sizes"])
    network = PredictedMLPClassifier(
        **parameters,
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


def printed_curves() -> dict[str, list[tuple[float, float]]]:
    """Return the paper's curves, (proportion, test error) pairs read off its printed Figure 4 (left)."""
    text = (importlib.resources.files(__package__) / "printed" / f"{Figure4Left.name}.csv").read_text("utf-8")
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        curves.setdefault(row["curve"], []).append((float(row["proportion"]), float(row["test_error"])))
    return {name: sorted(points) for name, points in curves.items()}


def _draw_printed(ax: Axes, names: Sequence[str]) -> None:
    """Add the paper's curves of these names, dashed in the same colours."""
    for name, points in printed_curves().items():
        if name not in names:
            continue
        proportions, errors = np.array(points).T
        if CURVES[name].flat:
            ax.axhline(errors[0], color=STYLES[name][0], **_DASHES)
        else:
            ax.plot(proportions, errors, color=STYLES[name][0], **_DASHES)
    ax.plot([], [], color="0.4", label="printed in\nthe paper", **_DASHES)


def _scale(ax: Axes) -> None:
    """Set logarithmic axes in per cent, the lower one up to all parameters, beyond which a learned U may go."""
    ticker = matplotlib("ticker")
    ax.set(
        xscale="log", yscale="log", xlabel="share of the hidden layers' weights that is learned", ylabel="test error"
    )
    if ax.get_xlim()[0] < 1.0:
        ax.set_xlim(right=min(1.05, ax.get_xlim()[1]))
    for axis, ticks in ((ax.xaxis, _X_TICKS), (ax.yaxis, _Y_TICKS)):
        axis.set_major_locator(ticker.FixedLocator(ticks))
        per_cent(axis)
        axis.set_minor_locator(ticker.NullLocator())


def _by_height(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the curves, the one that starts highest first, so that the legend follows the picture."""
    first: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: row["proportion"]):
        if row["n_seeds"]:
            first.setdefault(row["curve"], row["test_error"])
    return sorted(first, key=lambda name: -first[name])
