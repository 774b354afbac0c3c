"""Figure 2: RICA's features when all weights are learned, and when fewer and fewer are and the rest predicted."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ppdl import _core
from ppdl.dictionaries.atoms import count_atoms

from ..data.natural_patches import TITLES, Images, load_images
from ..experiment import Experiment, Figure, Option, choices, options
from ..experiment.figure import grouped, mean
from ..experiment.pictures import draw_sheet, pack, unpack
from ..recipes.natural_features import PROFILES, describe, learn, measure
from ..runs import Configuration, Record, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The paper's ten columns: all parameters learned, then 10 % fewer in each.
GRID = tuple(tenths / 10 for tenths in range(10, 0, -1))

_N_SHOWN = 10  # features in each column: one of each of the dictionary's
_NUMBERS = ("objective", "sparsity", "reconstruction", "unexplained", "kurtosis")


@dataclass(frozen=True)
class Figure2(Figure):
    """Features and what they achieve, for each proportion of parameters learned."""

    name: ClassVar[str] = "figure2"
    size: ClassVar[tuple[float, float]] = (8.0, 8.4)
    records: list[Record]
    data: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each proportion, means over seeds.

        - `proportion` of the parameters learned; `n_seeds`: runs; `n_dynamic`: numbers learned in each
        - `objective` and its terms `sparsity` and `reconstruction`, means over patches
        - `unexplained`: share of the patches' energy that the reconstruction misses
        - `kurtosis`: excess kurtosis of a component, the median
        - `n_iter`: iterations; `wall_time`: seconds
        """
        return [
            {"proportion": proportion, "n_seeds": len(group), "n_dynamic": group[0]["n_dynamic"]}
            | {name: mean([record[name] for record in group]) for name in (*_NUMBERS, "n_iter", "wall_time")}
            for proportion, group in self._groups().items()
        ]

    def _groups(self) -> dict[float, list[Record]]:
        """Sort the records by proportion, the largest first, and by seed."""
        by_seed = sorted(self.records, key=lambda run: run["configuration"]["seed"])
        groups = grouped(by_seed, lambda run: float(run["configuration"]["proportion"]))
        return dict(sorted(groups.items(), reverse=True))

    def __str__(self) -> str:
        """Objective and other numbers, a line for each proportion."""
        lines = [f"RICA, {TITLES[self.data]}: means over patches", "learned" + "".join(f"{n:>16}" for n in _NUMBERS)]
        for row in self.table:
            label = f"{100 * row['proportion']:.3g} %".ljust(7)
            lines.append(label + "".join(f"{row[name]:16.3f}" for name in _NUMBERS))
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw features of the first seed, a column for each proportion, each on a scale of its own."""
        groups = self._groups()
        columns = [unpack(group[0]["features"], group[0]["patch_shape"]) for group in groups.values()]
        draw_sheet(ax, columns, [f"{100 * proportion:.3g} %" for proportion in groups])
        ax.set_title(f"RICA, {TITLES[self.data]}: parameters learned", loc="left")


def figure2(
    data: str = "samples",
    profile: str | None = None,
    *,
    proportions: Sequence[float] | None = None,
    seeds: int | Iterable[int] = 1,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    verbose: bool = True,
) -> Figure2:
    """Compute Figure 2: RICA's features for each proportion of parameters learned, the others predicted.

    The dictionary is that of the squared exponential kernel, in ten columns. At a proportion of one nothing is left to
    predict: there it is the ordinary RICA, without the smoothing by ridge regression that the kernel would still do.
    Features are learned, and shown, in the space of whitened patches, whose axes are still the pixels.

    Each finished run is recorded at once in ``figure2.jsonl`` of the output folder, with a feature of each column,
    evenly spaced and not selected otherwise. If the computation is stopped, the same call goes on where it was.

    Parameters
    ----------
    data, profile
        See `figure1`.
    proportions : sequence of float, default=None
        Proportions of parameters learned, each in (0, 1]; None is the paper's, 1.0, 0.9, …, 0.1.
    seeds : int or iterable of int, default=1
        How many runs for each proportion, or their seeds. Features are shown of the first, numbers are means.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.

    Returns
    -------
    Figure2
        Table and plot.

    Raises
    ------
    ValueError
        If a name is unknown, or a proportion leaves no atom; before anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import figure2
    >>> figure = figure2(proportions=[1.0, 0.3], output=getfixture("tmp_path"), verbose=False)
    >>> [row["n_dynamic"] for row in figure.table]  # 40 features of 16 × 16 pixels; 76 pixels of each are learned
    [10240, 3040]
    """
    images = load_images(data)
    profile = choices.profile(profile, data, PROFILES)
    settings = PROFILES[profile]
    grid = choices.proportions(
        "proportions", GRID if proportions is None else choices.several("proportions", proportions)
    )
    numbers = choices.seeds(seeds)
    recording = Recording(output, jobs, n_threads, resume, verbose)
    for proportion in grid:
        count_atoms(settings.patch_size**2, proportion)  # refuses one that leaves no atom

    configurations = [
        {"figure": Figure2.name, **describe(data, images, settings, seed, proportion)}
        for seed in numbers
        for proportion in grid
    ]
    run = functools.partial(_learn_and_measure, images=images, n_threads=n_threads)
    arguments = dict(data=data, profile=profile, proportions=proportions, seeds=numbers)
    records = EXPERIMENT.records(
        recording,
        configurations,
        run,
        lambda record: f"{100 * record['configuration']['proportion']:.3g} %: objective {record['objective']:.3f}",
        arguments,
    )
    return Figure2(records, data, recording.folder)


EXPERIMENT = Experiment(
    figure2,
    "features against the proportion of parameters learned (RICA)",
    (
        Option("data", "images", choices=TITLES, default="samples"),
        options.profile(PROFILES),
        options.PROPORTIONS,
        *options.RUN,
    ),
)


def _learn_and_measure(configuration: Configuration, *, images: Images, n_threads: int | None) -> Record:
    """Learn the features that a configuration describes; measure all of them and keep pictures of some."""
    rica, patches = learn(configuration, images.images, n_threads)
    shown = rica.components_[:: len(rica.components_) // _N_SHOWN][:_N_SHOWN]
    pictures = shown / np.abs(shown).max(axis=1, keepdims=True)
    return {
        **measure(rica, patches.X),
        "n_iter": rica.n_iter_,
        "n_dynamic": sum(V.size for V in rica.dynamic_components_),
        "threads": _core.resolve_threads(n_threads),
        "patch_shape": list(patches.input_shape),
        "features": pack(pictures),
    }
