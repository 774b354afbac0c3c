"""What the figures of the patch pipeline share: their options and settings, and how a point is made and told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from ppdl import _checks
from ppdl.dictionaries.atoms import count_atoms

from ..data.splits import Split, load_split
from ..experiment import Option, choices, options
from ..experiment.figure import deviation, mean, percent, spread_named
from ..recipes.patch_pipeline import patch_configuration, run_patch_pipeline
from ..recipes.patches import DATA_SETTINGS, PATCH_PROFILES, PATCH_RECIPES, PatchProfile, PatchRecipe, patch_recipe
from ..runs import Configuration, Record

TITLES = {"digits": "scikit-learn digits", "cifar10": "CIFAR-10", "stl10": "STL-10 at 48 × 48"}

COMPONENTS = Option("n_components", "features of a patch", int, default="the profile's or recipe's", flag="components")


def patch_options(*own: Option, nargs: str | None = None) -> tuple[Option, ...]:
    """Return the options of a figure: what they have in common, and its own; `nargs` is that of the data."""
    return (
        Option("data", "data set", choices=TITLES, default="digits", nargs=nargs),
        options.profile(PATCH_PROFILES),
        Option("recipe", "how features are learned and used", choices=options.summaries(PATCH_RECIPES), default="rica"),
        *own,
        *options.RUN,
        options.DOWNLOAD,
    )


@dataclass(frozen=True)
class Setting:
    """Images, and how much is computed of which recipe; picklable, as the runs are made by it.

    Parameters
    ----------
    profile : str
        Name of the profile.
    splits : mapping
        Each data set by its name.
    recipes : mapping
        The recipe of each data set.
    replaced : mapping
        Values that replace those of recipes that are known by name.
    """

    profile: str
    splits: Mapping[str, Split]
    recipes: Mapping[str, PatchRecipe]
    replaced: Mapping[str, Any]

    @classmethod
    def chosen(
        cls,
        names: Sequence[str],
        profile: str | None,
        recipe: str | PatchRecipe,
        *,
        n_components: int | None = None,
        download: bool,
    ) -> Setting:
        """Parse what a user chooses; the data sets are loaded."""
        for name in names:
            _checks.one_of("data", name, DATA_SETTINGS)
        profile = choices.profile(profile, names[0], PATCH_PROFILES)
        replaced = dict(PATCH_PROFILES[profile].settings)
        if n_components is not None:
            replaced["n_components"] = _checks.integer("n_components", n_components, at_most=_checks.LARGEST_INT)
        recipes = {name: patch_recipe(recipe, name, replaced) for name in names}
        return cls(profile, {name: load_split(name, download=download) for name in names}, recipes, replaced)

    @property
    def scope(self) -> PatchProfile:
        """How much is computed."""
        return PATCH_PROFILES[self.profile]

    def check(self, proportion: float) -> None:
        """Refuse a proportion that leaves a feature without an atom, and k-means, which has no atoms.

        Raises
        ------
        ValueError
            If it is refused.
        """
        for name, recipe in self.recipes.items():
            input_shape = self.splits[name].input_shape
            n_channels = math.prod(input_shape[2:])
            count_atoms(recipe.patch_size**2 * n_channels, proportion, group=n_channels)
            recipe.features(proportion, input_shape, seed=0)

    def configuration(self, name: str, recipe: PatchRecipe, proportion: float | None, seed: int) -> dict[str, Any]:
        """Describe a run on a data set."""
        n_train = self.scope.n_train
        return patch_configuration(self.splits[name], recipe, proportion=proportion, seed=seed, n_train=n_train)

    def run(self, configuration: Configuration, *, n_threads: int | None) -> Record:
        """Run the pipeline on the images that the configuration names."""
        return run_patch_pipeline(configuration, split=self.splits[configuration["data"]], n_threads=n_threads)


def told(point: Callable[[Record], str]) -> Callable[[Record], str]:
    """Return what tells a run: its point of the figure, and its accuracy."""

    def tell(record: Record) -> str:
        return f"{point(record)}: " + (
            "diverged" if "failure" in record else f"{100 * record['accuracy']:.2f} % accuracy"
        )

    return tell


def summarised(records: Sequence[Record]) -> dict[str, Any]:
    """Summarise runs that differ by their seed alone.

    Returns
    -------
    dict
        - `accuracy`: mean over seeds; `std`: its standard deviation, NaN for one seed
        - `interval`: half of the 90 % confidence interval over the folds, each fold's accuracy being the mean over
          seeds: of n folds with the standard deviation s, t s / √n with t of n - 1 degrees of freedom; NaN where there
          are no folds
        - `n_seeds`: runs; `n_failed`: runs that diverged, beside these
        - `train_accuracy`, `wall_time` (seconds): means
        - `n_components`: features of a patch; `n_features`: of an image
        - `n_dynamic`: learned numbers of the features; `learned`: as a proportion of their weights; `n_static`: numbers
          of fixed dictionaries
    """
    done = [record for record in records if "failure" not in record]
    accuracies = [record["accuracy"] for record in done]
    row: dict[str, Any] = {
        "accuracy": mean(accuracies),
        "std": deviation(accuracies),
        "interval": _interval([record["fold_accuracies"] for record in done if "fold_accuracies" in record]),
        "n_seeds": len(done),
        "n_failed": len(records) - len(done),
        "train_accuracy": mean([record["train_accuracy"] for record in done]),
        "wall_time": mean([record["wall_time"] for record in done]),
        "n_components": records[0]["configuration"]["recipe"]["n_components"],
    }
    for name in ("n_features", "n_dynamic", "n_static"):
        row[name] = done[0][name] if done else math.nan
    row["learned"] = done[0]["n_dynamic"] / done[0]["n_weights"] if done else math.nan
    return row


def _interval(accuracies: Sequence[Sequence[float]]) -> float:
    """Return half of the 90 % confidence interval of (seeds, folds) accuracies; NaN of none."""
    by_fold = [mean(values) for values in zip(*accuracies)]
    n_folds = len(by_fold)
    if n_folds < 2:
        return math.nan
    return float(stats.t.ppf(0.95, n_folds - 1)) * deviation(by_fold) / math.sqrt(n_folds)


def spread(row: Mapping[str, Any]) -> float:
    """Return what is shown beside a mean: the confidence interval where there are folds, else the deviation."""
    return float(row["std"] if math.isnan(row["interval"]) else row["interval"])


def spread_shown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Say what is drawn beside the means of rows."""
    by_seed = [row for row in rows if math.isnan(row["interval"])]
    named = [spread_named(by_seed)] if by_seed else []
    if len(by_seed) < len(rows):
        named.append("mean ± 90 % interval over folds")
    return "\n".join(named)


def cell(row: Mapping[str, Any]) -> str:
    """Write a cell of the printed table."""
    return percent(row["accuracy"], spread(row)) if row["n_seeds"] else "diverged"
