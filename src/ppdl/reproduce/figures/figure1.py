"""Figure 1, the blocks of RICA: learned features, the weights of them that are kept, and all weights predicted."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ppdl import _core
from ppdl._precision import Array
from ppdl.dictionaries import Dictionary, LayerInput, SquaredExponential
from ppdl.dictionaries.base import count_atoms

from ..data.natural_patches import TITLES, Images, load_images
from ..experiment import Experiment, Figure, Option, choices, options
from ..experiment.figure import mean
from ..experiment.pictures import draw_sheet, pack, unpack
from ..recipes.natural_features import PROFILES, describe, learn
from ..runs import Configuration, Record, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The paper's length scale, and less ridge than where weights are learned: the kept ones are what they are.
PREDICTOR = SquaredExponential(length_scale=1.0, ridge=0.01)

_N_SHOWN = 4  # features, as in the paper
_NUMBERS = ("relative_error", "of_blanks", "without_prediction")


@dataclass(frozen=True)
class Figure1(Figure):
    """Learned features, what is kept of them, and what is predicted from that."""

    name: ClassVar[str] = "figure1"
    size: ClassVar[tuple[float, float]] = (4.0, 5.6)
    records: list[Record]
    data: str
    folder: Path

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each seed.

        - `seed`; `kept`: proportion of the weights that are kept
        - `relative_error`: norm of the difference between all predicted and all learned weights, over the norm of the
          latter
        - `of_blanks`: the same over the weights alone that were not kept
        - `without_prediction`: the relative error if they were left at zero
        - `shown`: mean relative error of the four features that are shown
        """
        return [
            {"seed": record["configuration"]["seed"], "kept": record["kept"]}
            | {name: record[name] for name in _NUMBERS}
            | {"shown": mean(record["shown"])}
            for record in self._by_seed()
        ]

    def _by_seed(self) -> list[Record]:
        return sorted(self.records, key=lambda record: record["configuration"]["seed"])

    def __str__(self) -> str:
        """Relative errors, a line for each seed."""
        lines = [f"Predicted features of RICA, {TITLES[self.data]}: relative error"]
        lines.append(f"{'seed':>4}{'kept':>8}{'all':>8}{'blanks':>8}{'all, unpredicted':>18}")
        for row in self.table:
            errors = f"{row['relative_error']:8.3f}{row['of_blanks']:8.3f}{row['without_prediction']:18.3f}"
            lines.append(f"{row['seed']:>4}{100 * row['kept']:6.1f} %" + errors)
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw four features of the first seed: learned, kept and predicted."""
        record = self._by_seed()[0]
        learned, predicted = (unpack(record[what], record["patch_shape"]) for what in ("learned", "predicted"))
        is_kept = np.zeros(record["patch_shape"][:2], dtype=bool)
        is_kept.flat[record["pixels"]] = True
        mask = is_kept if learned.ndim == 3 else is_kept[..., np.newaxis]
        draw_sheet(ax, [learned, np.where(mask, learned, np.nan), predicted], ["learned", "kept", "predicted"])
        ax.set_title(f"RICA, {TITLES[self.data]}", loc="left", fontsize="medium")


def figure1(
    data: str = "samples",
    profile: str | None = None,
    *,
    proportion: float = 0.5,
    seeds: int | Iterable[int] = 1,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    verbose: bool = True,
) -> Figure1:
    """Compute a block of Figure 1: features of ordinary RICA, predicted afterwards from some of their weights.

    The same pixels are kept for all features and channels. The prediction is by kernel ridge regression with the
    squared exponential kernel, in each channel by itself. Features are learned, and shown, in the space of whitened
    patches, whose axes are still the pixels.

    The run is recorded in ``figure1.jsonl`` of the output folder, with four features, evenly spaced and not selected
    otherwise.

    Parameters
    ----------
    data : {"samples", "samples-colour", "natural-images", "stl10"}, default="samples"
        scikit-learn's sample images in grey or in colour, the natural images of Hoyer and Hyvärinen, or STL-10.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the sample images, "quick" for the others.
    proportion : float, default=0.5
        Proportion of the weights that is kept, in (0, 1].
    seeds : int or iterable of int, default=1
        How many runs, or their seeds; features are shown of the first.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.

    Returns
    -------
    Figure1
        Table and plot.

    Raises
    ------
    ValueError
        If a name is unknown, or the proportion leaves no weight; before anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import figure1
    >>> figure = figure1(output=getfixture("tmp_path"), verbose=False)
    >>> row, = figure.table
    >>> row["relative_error"] < row["without_prediction"]
    True
    """
    images = load_images(data)
    profile = choices.profile(profile, data, PROFILES)
    settings = PROFILES[profile]
    numbers = choices.seeds(seeds)
    (kept,) = choices.proportions("proportion", [proportion])
    count_atoms(settings.patch_size**2, kept)  # refuses one that leaves no pixel
    recording = Recording(output, jobs, n_threads, resume, verbose)

    configurations = [
        {
            "figure": Figure1.name,
            **describe(data, images, settings, seed),
            "kept": kept,
            "predictor": PREDICTOR.get_config(),
        }
        for seed in numbers
    ]
    run = functools.partial(_learn_and_predict, images=images, n_threads=n_threads)
    arguments = dict(data=data, profile=profile, proportion=proportion, seeds=numbers)
    records = EXPERIMENT.records(
        recording, configurations, run, lambda record: f"relative error {record['relative_error']:.3f}", arguments
    )
    return Figure1(records, data, recording.folder)


EXPERIMENT = Experiment(
    figure1,
    "features, some of their weights, and all predicted from these (RICA)",
    (
        Option("data", "images", choices=TITLES, default="samples"),
        options.profile(PROFILES),
        Option("proportion", "proportion of the weights that is kept, in (0, 1]", float, default="0.5"),
        *options.RUN,
    ),
)


def _learn_and_predict(configuration: Configuration, *, images: Images, n_threads: int | None) -> Record:
    """Learn features, keep the weights at some pixels, predict all from these."""
    rica, patches = learn(configuration, images.images, n_threads)
    W = rica.components_.T.astype(np.float64)  # (n_features, n_components)
    inputs = LayerInput(len(W), shape=patches.input_shape, seed=configuration["seed"])
    dictionary = Dictionary.from_config(configuration["predictor"])
    columns = dictionary.columns(inputs, sizes=(W.shape[1],), fraction=configuration["kept"])
    atoms = columns.atoms(0)
    predicted = columns.dictionary(0) @ W[atoms]

    blanks = np.setdiff1d(np.arange(len(W)), atoms)
    shown = np.linspace(0, W.shape[1] - 1, _N_SHOWN).round().astype(np.intp)
    largest = np.abs(W[:, shown]).max(axis=0)
    return {
        "kept": len(atoms) / len(W),
        "relative_error": _distance(predicted, W),
        "of_blanks": _distance(predicted[blanks], W[blanks]) if len(blanks) else 0.0,
        "without_prediction": float(np.linalg.norm(W[blanks]) / np.linalg.norm(W)),
        "shown": [_distance(predicted[:, i], W[:, i]) for i in shown],
        "threads": _core.resolve_threads(n_threads),
        "patch_shape": list(patches.input_shape),
        "pixels": sorted({int(atom) // inputs.n_channels for atom in atoms}),
        "learned": pack((W[:, shown] / largest).T),
        "predicted": pack((predicted[:, shown] / largest).clip(-1.0, 1.0).T),
    }


def _distance(predicted: Array, W: Array) -> float:
    """Return the norm of the difference from W relative to that of W."""
    return float(np.linalg.norm(predicted - W) / np.linalg.norm(W))
