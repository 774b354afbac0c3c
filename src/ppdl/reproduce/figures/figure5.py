"""Figure 5: test error of a convolutional network against the proportion of parameters learned."""

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

from ppdl import NumericalError, PredictedConvNetClassifier, _core
from ppdl._checks import one_of
from ppdl._precision import Array
from ppdl.dictionaries import Dictionary
from ppdl.estimators import OneCycle
from ppdl.layers import Layer

from ..data.splits import Split, load_split
from ..experiment import Experiment, Option, choices, options
from ..experiment.curve_figure import CurveFigure, CurveProfile, cell, one_line
from ..experiment.figure import decorate, draw_curve, per_cent, spread_named
from ..recipes.convnets import CONTRAST_EPSILON, CONVNET_CURVES, CONVNET_RECIPES, CONVNETS, ConvNetRecipe, prepared
from ..runs import Checkpoint, Configuration, Record, Recording, environment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and marker of each curve, as in Figure 4 (left).
STYLES = {"predicted": ("#0072B2", "o"), "balanced": ("#009E73", "s"), "narrow": ("#8C6D31", "P")}

TITLES = {"digits": "scikit-learn digits, 8 × 8 (not CIFAR-10)", "cifar10": "CIFAR-10"}


PROFILES = {
    "smoke": CurveProfile("a glance: few points, one seed, twice the epochs", (0.25, 0.5, 1.0), 1, 2.0),
    "quick": CurveProfile("minutes: two points, one seed, a tenth of the epochs", (0.25, 1.0), 1, 0.1),
    "paper": CurveProfile("a day: the paper's four points and 10 %, three seeds", (0.1, 0.25, 0.5, 0.75, 1.0), 3, 1.0),
}


@dataclass(frozen=True)
class Figure5(CurveFigure):
    """The figure's runs, as a table and as a plot."""

    name: ClassVar[str] = "figure5"
    curves = CONVNET_CURVES
    averaged = ("loss", "training_time", "epochs", "n_dynamic", "n_static")
    measured = ("loss", "training_time")

    def learned(self, row: Mapping[str, Any]) -> float:
        """Return the share that V is of the weights of all layers but the softmax layer."""
        convnet, fraction = CONVNETS[self.data], row["proportion"]
        if row["curve"] == "balanced":
            convnet = convnet.balanced(fraction)
        return convnet.learned_proportion(fraction)

    def __str__(self) -> str:
        """Test errors in per cent, proportions down and curves across."""
        rows = {(row["curve"], row["proportion"]): row for row in self.table}
        names = list(dict.fromkeys(curve for curve, _ in rows))
        lines = [
            f"Test error in %, {TITLES[self.data]}, recipe {self.recipe}: mean ± standard deviation over seeds",
            "learned".ljust(9) + "parameters".rjust(12) + "".join(name.rjust(18) for name in names),
        ]
        for proportion in sorted({proportion for _, proportion in rows}):
            found = [_row_of(rows, name, proportion) for name in names]
            n_dynamic = f"{CONVNETS[self.data].n_dynamic(proportion):,}"
            cells = "".join(("" if row is None else cell(row)).rjust(18) for row in found)
            lines.append(f"{100 * proportion:.3g} %".ljust(9) + n_dynamic.rjust(12) + cells)
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw our means with their spread (one standard deviation) and, for CIFAR-10, the paper's printed points."""
        rows = {(row["curve"], row["proportion"]): row for row in self.table if row["n_seeds"]}
        proportions = sorted({proportion for _, proportion in rows})
        for name in dict.fromkeys(curve for curve, _ in rows):
            found = (_row_of(rows, name, proportion) for proportion in proportions)
            points = [row for row in found if row is not None]
            x, errors, spreads = ([point[key] for point in points] for key in ("learned", "test_error", "std"))
            draw_curve(ax, x, errors, spreads, STYLES[name], name)
        if self.data == "cifar10":
            ax.plot(*np.array(printed_points()).T, "^", color="0.4", mfc="none", ms=7, label="printed in\nthe paper")
        ax.set(xlabel="proportion of parameters learned", ylabel="test error", xlim=(0.0, 1.03))
        ax.set_ylim(0.0, 1.05 * ax.get_ylim()[1])
        per_cent(ax.xaxis)
        per_cent(ax.yaxis)
        decorate(ax, spread_named(rows.values()))
        ax.set_title(f"Convolutional network, {TITLES[self.data]}, recipe “{self.recipe}”", loc="left")


def figure5(
    data: str = "digits",
    profile: str | None = None,
    recipe: str | ConvNetRecipe = "modern",
    *,
    curves: Sequence[str] | None = None,
    proportions: Sequence[float] | None = None,
    seeds: int | Iterable[int] | None = None,
    epochs: int | None = None,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    download: bool = False,
    verbose: bool = True,
) -> Figure5:
    """Compute Figure 5: one convolutional network for each curve, proportion and seed.

    Each finished network is recorded at once in ``figure5.jsonl`` of the output folder. An unfinished one is kept after
    each epoch, in ``figure5.unfinished``. If the computation is stopped, the same call goes on where it was; a setting
    that differs is another network, and is computed anew. Where all parameters are learned, all curves have the same
    network.

    Parameters
    ----------
    data : {"digits", "cifar10"}, default="digits"
        scikit-learn's 8 × 8 digits with a small network, or CIFAR-10 with the paper's.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the digits, "quick" for CIFAR-10.
    recipe : {"modern", "augmented", "paper"} or ConvNetRecipe, default="modern"
        How the networks are trained.
    curves : sequence of str, default=None
        Of "predicted", "balanced" and "narrow"; None is all.
    proportions : sequence of float, default=None
        Proportions of parameters learned, each in (0, 1]; None is the profile's grid.
    seeds : int or iterable of int, default=None
        How many networks for each point, or their seeds; None is the profile's number.
    epochs : int, default=None
        Passes over the training set; None is the recipe's number, times the profile's factor.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.
    download : bool, default=False
        Whether CIFAR-10 may be downloaded.

    Returns
    -------
    Figure5
        Table and plot.

    Raises
    ------
    ValueError
        If a name is unknown, or a proportion leaves a layer without an atom; before anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import figure5
    >>> figure = figure5(proportions=[0.5], epochs=1, output=getfixture("tmp_path"), verbose=False)
    >>> [(row["curve"], row["n_dynamic"]) for row in figure.table]
    [('predicted', 7762), ('balanced', 6478), ('narrow', 7741)]
    """
    split = load_split(one_of("data", data, CONVNETS), download=download)
    profile = choices.profile(profile, data, PROFILES)
    settings = PROFILES[profile]
    recipe = recipe if isinstance(recipe, ConvNetRecipe) else CONVNET_RECIPES[one_of("recipe", recipe, CONVNET_RECIPES)]
    names = choices.names("curves", curves, CONVNET_CURVES)
    grid = choices.proportions("proportions", settings.proportions if proportions is None else proportions)
    numbers = choices.seeds(settings.n_seeds if seeds is None else seeds)
    how = recipe.shortened(settings.effort) if epochs is None else recipe.lasting(epochs)
    recording = Recording(output, jobs, n_threads, resume, verbose)
    for proportion in grid:
        CONVNETS[data].n_learned(proportion)  # refuses one that leaves a layer without an atom

    distinct = dict.fromkeys((names[0] if fraction == 1 else name, fraction) for fraction in grid for name in names)
    configurations = [
        _configuration(name, proportion, seed, split, how) for seed in numbers for name, proportion in distinct
    ]
    run = functools.partial(_train_and_test, split=split, recording=recording)
    arguments = dict(
        data=data, profile=profile, recipe=recipe.name, curves=curves, proportions=proportions, seeds=numbers
    )
    records = EXPERIMENT.records(recording, configurations, run, one_line, arguments | dict(epochs=epochs))
    return Figure5(records, data, recipe.name, recording.folder)


EXPERIMENT = Experiment(
    figure5,
    "test error against the proportion of parameters learned (convolutional network)",
    (
        Option("data", "data set", choices=TITLES, default="digits"),
        options.profile(PROFILES),
        Option("recipe", "how networks are trained", choices=options.summaries(CONVNET_RECIPES), default="modern"),
        Option("curves", "curves", choices=options.summaries(CONVNET_CURVES), default="all", nargs="+"),
        options.PROPORTIONS,
        Option("epochs", "passes over the training set", int, default="the recipe's, times the profile's factor"),
        *options.RUN,
        options.DOWNLOAD,
    ),
)


def printed_points() -> list[tuple[float, float]]:
    """Return the paper's points, (proportion, test error), as its printed Figure 5 has them."""
    text = (importlib.resources.files(__package__) / "printed" / f"{Figure5.name}.csv").read_text("utf-8")
    return [(float(row["proportion"]), float(row["test_error"])) for row in csv.DictReader(io.StringIO(text))]


def _configuration(curve: str, proportion: float, seed: int, split: Split, recipe: ConvNetRecipe) -> dict[str, Any]:
    """Describe one network completely: what distinguishes its result from any other's."""
    convnet = CONVNETS[split.name]
    schedule = OneCycle(**recipe.schedule, epochs=recipe.epochs)
    network = CONVNET_CURVES[curve].network(convnet, proportion)
    network["layers"] = [layer.get_config() for layer in recipe.before] + network["layers"]
    if "learned_fraction" in network:
        network["dictionary"] = recipe.dictionary.get_config()
    return {
        "figure": Figure5.name,
        "data": split.name,
        "data_digest": split.digest,
        "contrast_epsilon": CONTRAST_EPSILON,
        "whitening": recipe.whitening,
        "curve": "predicted" if proportion == 1.0 else curve,
        "proportion": proportion,
        "seed": seed,
        "recipe": recipe.name,
        "momentum": None if recipe.momentum is None else list(recipe.momentum),
        "estimator": {
            **recipe.options,
            **network,
            "learning_rate": schedule.get_config(),
            "max_iter": recipe.epochs,
            "batch_size": convnet.batch_size,
        },
    }


_last_prepared: dict[tuple[str, float | None], tuple[Array, Array]] = {}


def _images(split: Split, whitening: float | None) -> tuple[Array, Array]:
    """Prepare images for training and test, once for all networks that a process trains on them."""
    key = (split.digest, whitening)
    if key not in _last_prepared:
        _last_prepared.clear()
        _last_prepared[key] = prepared(split.X_train, split.X_test, whitening)
    return _last_prepared[key]


def _train_and_test(configuration: Configuration, *, split: Split, recording: Recording) -> Record:
    """Train the network that a configuration describes, from where it was left if it was, and test it."""
    checkpoint = Checkpoint(recording.folder / f"{Figure5.name}.unfinished", configuration)
    if not recording.resume:
        checkpoint.delete()
    X_train, X_test = _images(split, configuration["whitening"])
    state = checkpoint.read() or {"network": _network(configuration), "commits": {}}
    network = state["network"].set_params(n_threads=recording.n_threads)
    done = len(network.loss_curve_) if hasattr(network, "loss_curve_") else 0
    state["commits"].setdefault(environment()["commit"], done)  # and the epochs that others had trained before
    try:
        for epoch in range(done, configuration["estimator"]["max_iter"]):
            if configuration["momentum"] is not None:
                network.set_params(momentum=_ramp(epoch, *configuration["momentum"]))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                network.partial_fit(X_train, split.y_train, classes=np.unique(split.y_train))
            checkpoint.write(state)
    except NumericalError as error:  # a result too: some networks are unstable
        checkpoint.delete()
        return {"failure": str(error)}
    record = _tested(network, X_test, split)
    checkpoint.delete()
    if len(state["commits"]) > 1:
        record["epochs_before_commit"] = state["commits"]
    return record


def _network(configuration: Configuration) -> PredictedConvNetClassifier:
    """Make the network that a configuration describes."""
    parameters = dict(configuration["estimator"])
    dictionary = parameters.pop("dictionary", None)
    schedule = {name: value for name, value in parameters.pop("learning_rate").items() if name != "schedule"}
    return PredictedConvNetClassifier(
        [Layer.from_config(layer) for layer in parameters.pop("layers")],
        dictionary=None if dictionary is None else Dictionary.from_config(dictionary),
        input_shape=tuple(parameters.pop("input_shape")),
        learning_rate=OneCycle(**schedule),
        random_state=configuration["seed"],
        **parameters,
    )


def _ramp(epoch: int, first: float, last: float, n_epochs: int) -> float:
    """Go from the first number to the last in so many epochs."""
    return first + (last - first) * min(epoch / n_epochs, 1.0)


def _tested(network: PredictedConvNetClassifier, X_test: np.ndarray[Any, Any], split: Split) -> Record:
    summary, history = network.summary(), network.history_
    return {
        "test_error": round(1.0 - network.score(X_test, split.y_test), 6),
        "loss": float(network.loss_),
        "losses": [round(loss, 5) for loss in history["loss"]],
        "epochs": len(history["loss"]),
        "training_time": round(sum(history["time"]), 1),
        "n_dynamic": summary.n_dynamic,
        "n_static": sum(layer.n_static for layer in summary.layers),
        "threads": _core.resolve_threads(network.n_threads),
    }


def _row_of(rows: dict[tuple[str, float], dict[str, Any]], curve: str, proportion: float) -> dict[str, Any] | None:
    """Return the row of a point; where all is learned, that of the one network of all curves."""
    return rows.get(("predicted" if proportion == 1.0 else curve, proportion))
