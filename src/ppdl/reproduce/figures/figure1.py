"""Figure 1: learned features of networks and of RICA, the weights of them that are kept, and all weights predicted."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ppdl import _checks, _core
from ppdl._precision import Array
from ppdl.dictionaries import Dictionary, LayerInput, SquaredExponential
from ppdl.dictionaries.atoms import count_atoms

from ..data.natural_patches import TITLES, Images, load_images
from ..data.splits import Split, load_split
from ..experiment import Experiment, Figure, Option, choices, options
from ..experiment.figure import grouped, mean
from ..experiment.pictures import draw_sheet, pack, unpack
from ..recipes.natural_features import PROFILES, describe, learn
from ..recipes.network_features import NETWORK_PROFILES, describe_network, learn_network, network_shape
from ..runs import Configuration, Record, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The paper's length scale, and less ridge than where weights are learned: the kept ones are what they are.
PREDICTOR = SquaredExponential(length_scale=1.0, ridge=0.01)

#: Blocks of bundled images, and the paper's, from left to right.
BUNDLED = ("convnet-enlarged-digits", "mlp-enlarged-digits", "samples", "samples-colour")
PAPER = ("convnet-stl10", "mlp-mnist", "convnet-cifar10", "natural-images", "stl10")

_NETWORKS = {
    "convnet-enlarged-digits": "Convnet, enlarged digits",
    "mlp-enlarged-digits": "MLP, enlarged digits",
    "convnet-stl10": "Convnet, STL-10",
    "mlp-mnist": "MLP, MNIST",
    "convnet-cifar10": "Convnet, CIFAR-10",
}
BLOCKS = _NETWORKS | {name: f"RICA, {title.removesuffix(' of Hoyer and Hyvärinen')}" for name, title in TITLES.items()}

_AMOUNTS = {
    name: dataclasses.replace(profile, summary=f"{profile.summary}; {NETWORK_PROFILES[name].summary}")
    for name, profile in PROFILES.items()
}

_N_SHOWN = 4  # features, as in the paper
_NUMBERS = ("relative_error", "of_blanks", "without_prediction")
_GAP = 0.12  # between two blocks, in widths of one


@dataclass(frozen=True)
class Figure1(Figure):
    """Learned features, what is kept of them, and what is predicted from that; a block for each model and its data."""

    name: ClassVar[str] = "figure1"
    records: list[Record]
    folder: Path

    @property
    def size(self) -> tuple[float, float]:  # type: ignore[override]
        """Width and height in inches."""
        n_blocks = len({record["configuration"]["data"] for record in self.records})
        return 0.4 + 3.0 * n_blocks, 4.4

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each block and seed.

        - `block`; `seed`; `kept`: proportion of the weights that are kept
        - `relative_error`: norm of the difference between all predicted and all learned weights, over the norm of the
          latter
        - `of_blanks`: the same over the weights alone that were not kept
        - `without_prediction`: the relative error if they were left at zero
        - `shown`: mean relative error of the four features that are shown
        """
        return [
            {"block": block, "seed": record["configuration"]["seed"], "kept": record["kept"]}
            | {name: record[name] for name in _NUMBERS}
            | {"shown": mean(record["shown"])}
            for block, records in self._blocks().items()
            for record in records
        ]

    def _blocks(self) -> dict[str, list[Record]]:
        """Return the records of each block, by their seeds, blocks in the order of the paper, then bundled ones."""
        blocks = grouped(self.records, lambda record: str(record["configuration"]["data"]))
        order = [name for name in (*PAPER, *BUNDLED) if name in blocks]
        return {name: sorted(blocks[name], key=lambda record: record["configuration"]["seed"]) for name in order}

    def __str__(self) -> str:
        """Relative errors, a line for each block and seed."""
        rows = self.table
        width = max(len(BLOCKS[row["block"]]) for row in rows)
        lines = ["Features, predicted from the weights that are kept: relative error"]
        lines.append(" " * width + f"{'seed':>6}{'kept':>8}{'all':>8}{'blanks':>8}{'all, unpredicted':>18}")
        for row in rows:
            errors = f"{row['relative_error']:8.3f}{row['of_blanks']:8.3f}{row['without_prediction']:18.3f}"
            lines.append(f"{BLOCKS[row['block']]:<{width}}{row['seed']:>6}{100 * row['kept']:6.1f} %" + errors)
        return "\n".join(lines)

    def draw(self, ax: Axes) -> None:
        """Draw four features of each block's first seed: learned, kept and predicted."""
        blocks = self._blocks()
        step = (1.0 + _GAP) / (len(blocks) * (1.0 + _GAP) - _GAP)
        ax.set_axis_off()
        for n, (name, records) in enumerate(blocks.items()):
            _draw_block(ax.inset_axes((n * step, 0.0, step / (1.0 + _GAP), 0.97)), BLOCKS[name], records[0])


def _draw_block(ax: Axes, title: str, record: Record) -> None:
    """Draw features learned, kept and predicted, four below each other."""
    learned, predicted = (unpack(record[what], record["patch_shape"]) for what in ("learned", "predicted"))
    is_kept = np.zeros(record["patch_shape"][:2], dtype=bool)
    is_kept.flat[record["pixels"]] = True
    mask = is_kept if learned.ndim == 3 else is_kept[..., np.newaxis]
    draw_sheet(ax, [learned, np.where(mask, learned, np.nan), predicted], ["learned", "kept", "predicted"])
    ax.set_title(title, fontsize="medium")


def figure1(
    data: str | Sequence[str] = BUNDLED[:3],
    profile: str | None = None,
    *,
    proportion: float = 0.5,
    seeds: int | Iterable[int] = 1,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    download: bool = False,
    verbose: bool = True,
) -> Figure1:
    """Compute Figure 1: features learned in the ordinary way, predicted afterwards from some of their weights.

    Features are those of RICA, or of the first layer of a small network, a convolutional one or a perceptron. The same
    pixels are kept for all features and channels. The prediction is by kernel ridge regression with the squared
    exponential kernel, in each channel by itself. RICA's features are learned, and shown, in the space of whitened
    patches, whose axes are still the pixels.

    Each run is recorded in ``figure1.jsonl`` of the output folder, with four features, evenly spaced and not selected
    otherwise.

    Parameters
    ----------
    data : str or sequence of str, default=("convnet-enlarged-digits", "mlp-enlarged-digits", "samples")
        The blocks. "convnet-stl10", "mlp-mnist", "convnet-cifar10", "natural-images" and "stl10" are the paper's, from
        left to right; where no network is named, features are RICA's. "convnet-enlarged-digits", "mlp-enlarged-digits",
        "samples" and "samples-colour" are of images that come with scikit-learn.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is, for each block, "smoke" for bundled images, "quick" for the others.
    proportion : float, default=0.5
        Proportion of the weights that is kept, in (0, 1].
    seeds : int or iterable of int, default=1
        How many runs, or their seeds; features are shown of the first.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.
    download : bool, default=False
        Whether data of networks that is not found may be downloaded.

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
    >>> figure = figure1("mlp-enlarged-digits", output=getfixture("tmp_path"), verbose=False)
    >>> row, = figure.table
    >>> row["relative_error"] < row["without_prediction"]
    True
    """
    names = [data] if isinstance(data, str) else choices.several("data", data)
    sources = {name: _source(str(_checks.one_of("data", name, BLOCKS)), download) for name in names}
    profiles = {name: choices.profile(profile, _images_of(name), _AMOUNTS) for name in sources}
    numbers = choices.seeds(seeds)
    (kept,) = choices.proportions("proportion", [proportion])
    recording = Recording(output, jobs, n_threads, resume, verbose)
    configurations = [
        {
            "figure": Figure1.name,
            **_described(name, source, profiles[name], seed, kept),
            "kept": kept,
            "predictor": PREDICTOR.get_config(),
        }
        for name, source in sources.items()
        for seed in numbers
    ]
    run = functools.partial(_learn_and_predict, sources=sources, n_threads=n_threads)
    arguments = dict(data=names, profile=profile, proportion=proportion, seeds=numbers)
    records = EXPERIMENT.records(
        recording, configurations, run, lambda record: f"relative error {record['relative_error']:.3f}", arguments
    )
    return Figure1(records, recording.folder)


EXPERIMENT = Experiment(
    figure1,
    "features, some of their weights, and all predicted from these",
    (
        Option("data", "blocks", choices=BLOCKS, default="three of bundled images", nargs="+"),
        options.profile(_AMOUNTS),
        Option("proportion", "proportion of the weights that is kept, in (0, 1]", float, default="0.5"),
        *options.RUN,
        options.DOWNLOAD,
    ),
)

Source = Images | Split


def _source(name: str, download: bool) -> Source:
    """Load what a block is learned from."""
    return load_split(_images_of(name), download=download) if name in _NETWORKS else load_images(name)


def _images_of(name: str) -> str:
    """Return the name of a block's images."""
    return name.partition("-")[2] if name in _NETWORKS else name


def _described(name: str, source: Source, profile: str, seed: int, kept: float) -> dict[str, Any]:
    """Describe completely how the features of a block are learned; refuse to keep no pixel of them."""
    if isinstance(source, Images):
        side = PROFILES[profile].patch_size
        count_atoms(side * side, kept)
        return describe(name, source, PROFILES[profile], seed)
    kind = name.partition("-")[0]
    height, width, _ = network_shape(kind, source)
    count_atoms(height * width, kept)
    return describe_network(kind, source, NETWORK_PROFILES[profile], seed)


def _learn_and_predict(configuration: Configuration, *, sources: Mapping[str, Source], n_threads: int | None) -> Record:
    """Learn features, keep the weights at some pixels, predict all from these."""
    source = sources[configuration["data"]]
    if isinstance(source, Images):
        rica, patches = learn(configuration, source.images, n_threads)
        W: Array = rica.components_.T.astype(np.float64)  # (n_features, n_components)
        shape = patches.input_shape
    else:
        W, shape = learn_network(configuration, source, n_threads)
    inputs = LayerInput(len(W), shape=shape, seed=configuration["seed"])
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
        "patch_shape": list(shape),
        "pixels": sorted({int(atom) // inputs.n_channels for atom in atoms}),
        "learned": pack((W[:, shown] / largest).T),
        "predicted": pack((predicted[:, shown] / largest).clip(-1.0, 1.0).T),
    }


def _distance(predicted: Array, W: Array) -> float:
    """Return the norm of the difference from W relative to that of W."""
    return float(np.linalg.norm(predicted - W) / np.linalg.norm(W))
