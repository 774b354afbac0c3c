"""Figure 4 (left): test error against the proportion of parameters learned, for different dictionaries."""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import os
import shlex
import statistics
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ppdl import _core
from ppdl.dictionaries import Dictionary
from ppdl.estimators import PredictedMLPClassifier

from .curves import CURVES, Architecture, Curve
from .environment import environment
from .progress import tracked
from .recipes import RECIPES, Recipe
from .runs import Record, sweep
from .splits import Split, load_split

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "figure4_left"


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
    """Return the paper's 20 proportions, from 20 of 784 atoms to all, evenly spaced on the logarithmic axis."""
    return tuple(float(proportion) for proportion in np.logspace(np.log10(20 / 784), 0, 20).round(6))


PROFILES = {
    "smoke": Profile("a glance: few points, one seed", (0.05, 0.1, 0.2, 0.4, 1.0), 1, 1.0),
    "quick": Profile("minutes: few points, one seed, a fifth of the epochs", (0.03, 0.05, 0.1, 0.25, 1.0), 1, 0.2),
    "paper": Profile("hours: the paper's grid of 20 points, three seeds", paper_grid(), 3, 1.0),
}

ARCHITECTURES = {
    "digits": Architecture(n_inputs=64, hidden=(100, 100), n_outputs=10, batch_size=20),
    "mnist": Architecture(n_inputs=784, hidden=(500, 500), n_outputs=10, batch_size=100),
}


COLOURS = {
    "nokernel": "#000000",
    "LowRank": "#999999",
    "RandCon": "#E69F00",
    "RandFixU": "#D55E00",
    "SE-Emp": "#56B4E9",
    "SE-Emp2": "#0072B2",
    "SE-AE": "#CC79A7",
    "narrow": "#8C6D31",
    "best": "#009E73",
}
"""One colour for each curve, told apart by colour-blind readers too (Okabe and Ito's palette, and a brown)."""

TITLES = {"digits": "scikit-learn digits, 8 × 8 (not MNIST)", "mnist": "MNIST"}


@dataclass(frozen=True)
class Figure4Left:
    """The figure's runs, as a table and as a plot.

    Parameters
    ----------
    records : list of dict
        One record for each network.
    data : str
        Data set.
    recipe : str
        Name of the recipe.
    folder : Path
        Where `save` writes.
    """

    records: list[Record]
    data: str
    recipe: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row for each curve and proportion: mean and spread of the test error over seeds, and the counts."""
        cells: dict[tuple[str, float], list[Record]] = {}
        for record in self.records:
            configuration = record["configuration"]
            cells.setdefault((configuration["curve"], configuration["proportion"]), []).append(record)
        order = list(CURVES)
        rows = []
        for (curve, proportion), group in sorted(cells.items(), key=lambda item: (order.index(item[0][0]), item[0][1])):
            errors = [record["test_error"] for record in group]
            rows.append(
                {
                    "curve": curve,
                    "proportion": proportion,
                    "test_error": statistics.fmean(errors),
                    "std": statistics.stdev(errors) if len(errors) > 1 else 0.0,
                    "n_seeds": len(errors),
                    "train_error": statistics.fmean(record["train_error"] for record in group),
                    "learned": group[0]["learned"],
                    "n_dynamic": group[0]["n_dynamic"],
                    "n_static": group[0]["n_static"],
                    "epochs": group[0]["epochs"],
                    "wall_time": statistics.fmean(record["wall_time"] for record in group),
                }
            )
        return rows

    def __str__(self) -> str:
        """Test errors in per cent, curves down and proportions across."""
        rows = self.table
        grid = sorted({row["proportion"] for row in rows if not CURVES[row["curve"]].flat})
        lines = [
            f"test error, %  ({TITLES[self.data]}; recipe {self.recipe}; mean ± standard deviation over seeds)",
            "learned".ljust(10) + "".join(f"{100 * proportion:.3g} %".rjust(14) for proportion in grid),
        ]
        for name in dict.fromkeys(row["curve"] for row in rows):
            cells = {row["proportion"]: _percent(row) for row in rows if row["curve"] == name}
            if CURVES[name].flat:
                lines.append(name.ljust(10) + next(iter(cells.values())).rjust(14) + "  at any proportion")
            else:
                lines.append(name.ljust(10) + "".join(cells.get(proportion, "–").rjust(14) for proportion in grid))
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw our mean with its spread and, for MNIST, the paper's printed curves as dashed lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib Axes
        """
        from matplotlib import ticker

        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=(8.4, 5.2), layout="constrained")
        rows = self.table
        for name in dict.fromkeys(row["curve"] for row in rows):
            points = [row for row in rows if row["curve"] == name]
            mean = np.array([100 * row["test_error"] for row in points])
            std = np.array([100 * row["std"] for row in points])
            if CURVES[name].flat:
                ax.axhline(mean[0], color=COLOURS[name], lw=1.6, label=name)
                ax.axhspan(mean[0] - std[0], mean[0] + std[0], color=COLOURS[name], alpha=0.12, lw=0)
                continue
            x = np.array([row["proportion"] for row in points])
            ax.plot(x, mean, color=COLOURS[name], lw=1.8, marker="o", ms=3.5, label=name)
            ax.fill_between(x, mean - std, mean + std, color=COLOURS[name], alpha=0.15, lw=0)
        if self.data == "mnist":
            self._plot_printed(ax, {row["curve"] for row in rows})
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(ticker.FixedLocator([0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0]))
        ax.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{100 * value:g} %"))
        ax.xaxis.set_minor_locator(ticker.NullLocator())
        highest = max((100 * row["test_error"] for row in rows if row["curve"] in ("nokernel", "best")), default=2.0)
        top = max(100 * row["test_error"] for row in rows)
        ax.set_ylim(bottom=0.0 if self.data == "digits" else 0.9 * highest / 1.4, top=min(1.05 * top, 6.0 * highest))
        ax.set_xlabel("proportion of parameters learned")
        ax.set_ylabel("test error, %")
        ax.set_title(f"{TITLES[self.data]}, recipe “{self.recipe}”", loc="left", fontsize=11)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="0.92")
        ax.legend(frameon=False, ncols=2, fontsize=9)
        return ax

    @staticmethod
    def _plot_printed(ax: Axes, drawn: set[str]) -> None:
        """Add the paper's curves of the same names, read off its printed figure."""
        label = "printed in the paper"
        for name, points in printed_curves().items():
            if name not in drawn or CURVES[name].flat:
                continue
            x, y = zip(*points, strict=True)
            ax.plot(x, 100 * np.array(y), color=COLOURS[name], lw=1.0, ls=(0, (3, 2)), alpha=0.8)
            ax.plot([], [], color="0.4", lw=1.0, ls=(0, (3, 2)), label=label)
            label = "_nolegend_"

    def save(self) -> tuple[Path, Path]:
        """Write ``figure4_left.csv`` and ``figure4_left.png`` to the folder; return their paths."""
        self.folder.mkdir(parents=True, exist_ok=True)
        table, picture = self.folder / f"{NAME}.csv", self.folder / f"{NAME}.png"
        rows = self.table
        with table.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({key: _rounded(value) for key, value in row.items()} for row in rows)
        import matplotlib.figure
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure = matplotlib.figure.Figure(figsize=(8.4, 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        self.plot(figure.add_subplot())
        figure.savefig(picture, dpi=150)
        return table, picture


def printed_curves() -> dict[str, list[tuple[float, float]]]:
    """Return the paper's curves, (proportion, test error) pairs read off its printed Figure 4 (left)."""
    text = (importlib.resources.files(__package__) / "printed" / f"{NAME}.csv").read_text()
    names = {"RandCon-RandCon": "RandCon", "RandFixU-RandFixU": "RandFixU"}
    curves: dict[str, list[tuple[float, float]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        name = names.get(row["curve"], row["curve"])
        curves.setdefault(name, []).append((float(row["proportion"]), float(row["test_error"])))
    return {name: sorted(points) for name, points in curves.items()}


def _percent(row: Mapping[str, Any]) -> str:
    """Write a cell of the table: mean ± standard deviation, in per cent."""
    spread = f" ± {100 * row['std']:.2f}" if row["n_seeds"] > 1 else ""
    return f"{100 * row['test_error']:.2f}{spread}"


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value


def _one_line(record: Record) -> str:
    """Say in a few words what a run gave."""
    configuration = record["configuration"]
    at = "" if CURVES[configuration["curve"]].flat else f" at {100 * configuration['proportion']:.3g} %"
    return f"{configuration['curve']}{at}: {100 * record['test_error']:.2f} % error"


def _command(
    data: str,
    profile: str,
    recipe: Recipe,
    curves: Sequence[str] | None,
    proportions: Sequence[float] | None,
    seeds: Sequence[int],
    jobs: int | None,
    n_threads: int | None,
) -> str:
    """Return the command line that computes the same."""
    words = ["ppdl", "reproduce", "figure4-left", "--data", data, "--profile", profile, "--recipe", recipe.name]
    if curves is not None:
        words += ["--curves", *curves]
    if proportions is not None:
        words += ["--proportions", *(f"{proportion:g}" for proportion in proportions)]
    words += ["--seeds", *map(str, seeds)]
    if jobs is not None:
        words += ["--jobs", str(jobs)]
    if n_threads is not None:
        words += ["--threads", str(n_threads)]
    return shlex.join(words)


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
    recipe : {"modern", "rectifier", "paper"} or Recipe, default="modern"
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
    split = load_split(data, download=download)
    profile = profile or ("smoke" if data == "digits" else "quick")
    settings = PROFILES[_known("profile", profile, PROFILES)]
    recipe = recipe if isinstance(recipe, Recipe) else RECIPES[_known("recipe", recipe, RECIPES)]
    names = list(CURVES) if curves is None else [_known("curve", name, CURVES) for name in curves]
    grid = settings.proportions if proportions is None else tuple(float(proportion) for proportion in proportions)
    numbers = _seeds(settings.n_seeds if seeds is None else seeds)

    configurations = [
        _configuration(CURVES[name], proportion, seed, split, recipe.shortened(settings.effort))
        for seed in numbers
        for name in names
        for proportion in ((1.0,) if CURVES[name].flat else grid)
    ]
    command = _command(data, profile, recipe, curves, proportions, numbers, jobs, n_threads)
    common = environment() | {"command": command}
    run = functools.partial(_train_and_test, split=split, n_threads=n_threads)
    folder = Path(output)
    runs = sweep(configurations, run, folder / f"{NAME}.jsonl", common=common, jobs=jobs, resume=resume)
    if verbose:
        runs = tracked(runs, len(configurations), _one_line)
    return Figure4Left(list(runs), data, recipe.name, folder)


def _known(what: str, name: str, table: Mapping[str, object]) -> str:
    """Return a name that is in the table."""
    if name not in table:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, table))}, got {name!r}.")
    return name


def _seeds(seeds: int | Iterable[int]) -> list[int]:
    """Return a list of seeds, the first ones if only their number is given."""
    chosen = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if not chosen:
        raise ValueError(f"seeds must be a positive number or a list of seeds, got {seeds!r}.")
    return chosen


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
        "figure": NAME,
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
        **options, tol=0.0, n_iter_no_change=float("inf"), random_state=configuration["seed"], n_threads=n_threads
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is part of the recipe
        network.fit(split.X_train, split.y_train)
    layers = network.summary().layers
    predicted_layers = layers[:-1]
    weights = sum(layer.n_visible * layer.n_hidden for layer in predicted_layers)
    return {
        "test_error": round(1.0 - network.score(split.X_test, split.y_test), 6),
        "train_error": round(1.0 - network.score(split.X_train, split.y_train), 6),
        "loss": float(network.loss_),
        "epochs": int(network.n_iter_),
        "learned": sum(layer.n_dynamic for layer in predicted_layers) / weights,
        "n_dynamic": network.summary().n_dynamic,
        "n_static": sum(layer.n_static for layer in layers),
        "threads": _core.resolve_threads(n_threads),
    }
