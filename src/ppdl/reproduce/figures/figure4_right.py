"""Figure 4 (right): phone error against the proportion of parameters learned, for different numbers of columns."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ppdl import NumericalError, PhoneRecognizer, _core
from ppdl._checks import one_of
from ppdl.dictionaries import Dictionary
from ppdl.estimators import Schedule
from ppdl.estimators.schedules import from_config

from ..data.speech import N_SPLITS, SpeechSplit, load_speech, speech_name
from ..experiment import Experiment, Option, choices, options
from ..experiment.curve_figure import CurveFigure, CurveProfile, across, cell, draw_curves, one_line
from ..experiment.figure import (
    decorate,
    deviation,
    draw_level,
    matplotlib,
    mean,
    per_cent,
    percent,
    spread_named,
)
from ..recipes.curves import Curve
from ..recipes.speech import (
    N_STATES,
    SPEECH_CURVES,
    SPEECH_RECIPES,
    SPEECH_TASKS,
    SpeechRecipe,
    baselines,
    measured,
)
from ..runs import Configuration, Record, Recording

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour and marker of each curve; one curve of many columns is darker than one of few.
STYLES = {
    "nokernel": ("#000000", ""),
    "1-column": ("#56B4E9", "s"),
    "5-columns": ("#0072B2", "o"),
    "10-columns": ("#00395C", "^"),
    "narrow": ("#8C6D31", "P"),
}

DATA = {
    "hmm": "sequences drawn from a known hidden Markov model",
    "timit": "TIMIT; where it isn't found, its free sample",
}

TITLES = {
    "hmm": "sequences of a known HMM (not speech)",
    "timit": "TIMIT, core test set",
    "timit-sample": "TIMIT’s free sample",
}

BASELINES = {
    "bigram": "bigram alone",
    "majority": "most frequent phone everywhere",
    "viterbi": "true model’s own Viterbi path",
}

_PROPORTIONS = (0.05, 0.1, 0.2, 0.5)

PROFILES = {
    "smoke": CurveProfile(
        "half a minute: few curves at three points, one seed",
        (0.05, 0.1, 0.2),
        1,
        1.0,
        ("nokernel", "1-column", "5-columns", "narrow"),
    ),
    "quick": CurveProfile("minutes: two points, one seed or split", (0.1, 0.2), 1, 1.0),
    "paper": CurveProfile("hours: four points, four seeds, or all splits of the sample", _PROPORTIONS, N_SPLITS, 1.0),
}


@dataclass(frozen=True)
class Figure4Right(CurveFigure):
    """The figure's runs, as a table and as a plot."""

    name: ClassVar[str] = "figure4_right"
    curves = SPEECH_CURVES
    averaged = (
        "substitutions",
        "deletions",
        "insertions",
        "n_phones",
        "frame_error",
        "development_error",
        "language_scale",
        "insertion_penalty",
        "training_time",
        "epochs",
        "n_dynamic",
        "n_static",
    )
    measured = ("frame_error", "development_error", "language_scale", "insertion_penalty", "training_time")

    def learned(self, row: Mapping[str, Any]) -> float:
        """Return the share that V is of the weights of the two hidden layers."""
        return SPEECH_TASKS[self.data].architecture(1).learned_proportion(row["proportion"])

    @property
    def table(self) -> list[dict[str, Any]]:
        """One dictionary for each curve and proportion, then one for each baseline.

        - `curve`; `proportion`, as asked for; `learned`: the share of the hidden layers' weights, of whole atoms; for
          "narrow", that of the predicted network that learns as many numbers
        - `test_error`: phone error rate, mean over seeds; `std`: its standard deviation, NaN for one seed
        - `gap`, `gap_std`: the same of the difference from "nokernel" with the same seed
        - `n_seeds`: networks; `n_failed`: networks that diverged, beside these
        - means: `substitutions`, `deletions`, `insertions` and the `n_phones` that were said; `frame_error`: by the
          measure of the authors' code, another one; `development_error`; `language_scale` and `insertion_penalty`,
          chosen by it; `training_time`, seconds; `epochs`
        - `n_dynamic`: all learned numbers, those of softmax layer and biases included; `n_static`: numbers of fixed
          dictionaries
        """
        return [*self._of_networks, *self._of_baselines]

    @property
    def _of_networks(self) -> list[dict[str, Any]]:
        ordinary = self._errors("nokernel", 1.0)
        rows = []
        for row in super().table:
            errors = self._errors(row["curve"], row["proportion"])
            gaps = [error - ordinary[seed] for seed, error in errors.items() if seed in ordinary]
            rows.append({**row, "gap": mean(gaps), "gap_std": deviation(gaps)})
        return rows

    def _errors(self, curve: str, proportion: float) -> dict[int, float]:
        """Return the phone error rate of each seed at a point."""
        return {
            record["configuration"]["seed"]: record["test_error"]
            for record in self.records
            if (record["configuration"]["curve"], record["configuration"]["proportion"]) == (curve, proportion)
            and "failure" not in record
        }

    @property
    def _of_baselines(self) -> list[dict[str, Any]]:
        by_seed = {r["configuration"]["seed"]: r["baselines"] for r in self.records if "baselines" in r}
        rows = []
        for name, label in BASELINES.items():
            found = [baselines[name] for baselines in by_seed.values() if name in baselines]
            if found:
                errors = [each["test_error"] for each in found]
                means = {key: mean([each[key] for each in found]) for key in self.averaged if key in found[0]}
                row = dict(curve=label, test_error=mean(errors), std=deviation(errors), n_seeds=len(errors), **means)
                rows.append(dict.fromkeys(self._of_networks[0], math.nan) | row)
        return rows

    def __str__(self) -> str:
        """Errors in per cent by both measures, proportions down and curves across, and those of the baselines."""
        rows = self._of_networks
        what = f"Phone error in %, {TITLES[self.data]}, recipe {self.recipe}"
        lines = [f"{what}: mean ± standard deviation over {self._seed}s", *across(rows, self.curves, cell)]
        if any(row["curve"] != "nokernel" and not math.isnan(row["gap"]) for row in rows):
            title = f"Above the ordinary network’s of the same {self._seed}, in points"
            lines += ["", title, *across(rows, self.curves, lambda row: _signed(row["gap"], row["gap_std"]))]
        title = "Error of frames in %, as the authors’ code counts, not to be compared with phone error"
        lines += ["", title, *across(rows, self.curves, lambda row: percent(row["frame_error"])), ""]
        for row in self._of_baselines:
            error = f"phone error {percent(row['test_error'], row['std'])} %"
            lines.append(f"{row['curve']}: {error}, of frames {percent(row['frame_error'])} %")
        if self.data == "timit-sample":
            lines.append(f"A {self._sample}.")
        return "\n".join(lines)

    @property
    def _seed(self) -> str:
        """What distinguishes networks of a point."""
        return "split" if self.data == "timit-sample" else "seed"

    @property
    def _sample(self) -> str:
        n_splits = len({record["configuration"]["seed"] for record in self.records})
        splits = "1 speaker-disjoint split" if n_splits == 1 else f"{n_splits} speaker-disjoint splits"
        return f"sample of 160 utterances: 2.5 % of the corpus, {splits}"

    def draw(self, ax: Axes) -> None:
        """Draw means of phone error with their spread (one standard deviation), and what a true model reaches.

        Of the sample, whose splits differ by their speakers, the spread of a curve is that of its difference from the
        ordinary network of the same split; the ordinary network's is that of its errors.
        """
        rows = [row for row in self._of_networks if row["n_seeds"]]
        paired = self.data == "timit-sample" and not any(math.isnan(row["gap_std"]) for row in rows)
        draw_curves(ax, rows, self.curves, STYLES, "gap_std" if paired else "std")
        known = {row["curve"]: row["test_error"] for row in self._of_baselines}
        if BASELINES["viterbi"] in known:
            draw_level(
                ax, known.pop(BASELINES["viterbi"]), 0.0, "#009E73", "true model’s\nown Viterbi", lw=1.0, ls="--"
            )
        ticker = matplotlib("ticker")
        ax.set(xscale="log", xlabel="share of the hidden layers’ weights that is learned", ylabel="phone error")
        ax.xaxis.set_major_locator(ticker.FixedLocator([0.02, *_PROPORTIONS, 1.0]))
        ax.xaxis.set_minor_locator(ticker.NullLocator())
        per_cent(ax.xaxis)
        per_cent(ax.yaxis)
        of = "\nblack: of splits; others: of the\ndifference from it within a split" if paired else ""
        decorate(ax, spread_named(rows, self._seed) + of)
        lines = [f"Phone recognition, {TITLES[self.data]}, recipe “{self.recipe}”"]
        lines += [f"A {self._sample}"] if self.data == "timit-sample" else []
        lines += [" · ".join(f"{label}: {100 * error:.0f} %" for label, error in known.items())]
        ax.set_title("\n".join(lines), loc="left", fontsize="medium")


def figure4_right(
    data: str = "hmm",
    profile: str | None = None,
    recipe: str | SpeechRecipe = "modern",
    *,
    curves: Sequence[str] | None = None,
    proportions: Sequence[float] | None = None,
    seeds: int | Iterable[int] | None = None,
    output: str | os.PathLike[str] = ".",
    jobs: int | None = None,
    n_threads: int | None = None,
    resume: bool = True,
    verbose: bool = True,
) -> Figure4Right:
    """Compute Figure 4 (right): a recogniser of phones for each curve, proportion and seed.

    Each finished network is recorded at once in ``figure4_right.jsonl`` of the output folder. If the computation is
    stopped, the same call goes on where it was; a setting that differs is another network, and is computed anew.
    Language scale and insertion penalty are chosen on development utterances; nothing is selected on test utterances.

    Parameters
    ----------
    data : {"hmm", "timit"}, default="hmm"
        Sequences of a known hidden Markov model, with a 40-100-100-39 network; or TIMIT, with the paper's
        429-1024-1024-183: the corpus if it is found, else its free sample, divided by speakers in four ways, of which
        the seed is one.
    profile : {"smoke", "quick", "paper"}, default=None
        How much is computed; None is "smoke" for the known model, "quick" for TIMIT.
    recipe : {"modern", "paper"} or SpeechRecipe, default="modern"
        How the networks are trained.
    curves : sequence of str, default=None
        Of "nokernel", "1-column", "5-columns", "10-columns" and "narrow"; None is the profile's, all but for "smoke".
    proportions : sequence of float, default=None
        Proportions of parameters learned, each in (0, 1]; None is the profile's grid.
    seeds : int or iterable of int, default=None
        How many networks for each point, or their seeds; None is the profile's number. Of the sample, the splits.
    output, jobs, n_threads, resume, verbose
        See `ppdl.reproduce.runs.Recording`.

    Returns
    -------
    Figure4Right
        Table and plot.

    Raises
    ------
    FileNotFoundError
        If neither TIMIT nor its sample is found.
    ValueError
        If a name is unknown, a proportion leaves a layer without an atom, or the sample has no such split; before
        anything is computed.

    Examples
    --------
    >>> from ppdl.reproduce import SPEECH_RECIPES, figure4_right
    >>> options = dict(recipe=SPEECH_RECIPES["modern"].shortened(0.1), output=getfixture("tmp_path"), verbose=False)
    >>> figure = figure4_right(curves=["nokernel"], **options)
    >>> [row["curve"] for row in figure.table]
    ['nokernel', 'bigram alone', 'most frequent phone everywhere', 'true model’s own Viterbi path']
    """
    name = speech_name(data)
    profile = choices.profile(profile, data, PROFILES)
    settings = PROFILES[profile]
    recipe = recipe if isinstance(recipe, SpeechRecipe) else SPEECH_RECIPES[one_of("recipe", recipe, SPEECH_RECIPES)]
    names = choices.names("curves", settings.curves if curves is None else curves, SPEECH_CURVES)
    grid = choices.proportions("proportions", settings.proportions if proportions is None else proportions)
    numbers = choices.seeds(settings.n_seeds if seeds is None else seeds)
    if name == "timit-sample" and max(numbers) >= N_SPLITS:
        raise ValueError(f"seeds: received {max(numbers)}; expected 0 to {N_SPLITS - 1}, the splits of the sample")
    recording = Recording(output, jobs, n_threads, resume, verbose)
    for proportion in grid:
        SPEECH_TASKS[name].architecture(1).learned_proportion(proportion)  # refuses one that leaves no atom

    configurations = [
        _configuration(
            SPEECH_CURVES[curve], proportion, seed, load_speech(name, seed), recipe.shortened(settings.effort)
        )
        for seed in numbers
        for curve in names
        for proportion in ((1.0,) if SPEECH_CURVES[curve].flat else grid)
    ]
    run = functools.partial(_train_and_test, n_threads=n_threads)
    arguments = dict(
        data=data, profile=profile, recipe=recipe.name, curves=curves, proportions=proportions, seeds=numbers
    )
    describe = functools.partial(one_line, flat=[name for name in names if SPEECH_CURVES[name].flat])
    records = EXPERIMENT.records(recording, configurations, run, describe, arguments)
    return Figure4Right(records, name, recipe.name, recording.folder)


EXPERIMENT = Experiment(
    figure4_right,
    "phone error against the proportion of parameters learned (speech)",
    (
        Option("data", "data set", choices=DATA, default="hmm"),
        options.profile(PROFILES),
        Option("recipe", "how networks are trained", choices=options.summaries(SPEECH_RECIPES), default="modern"),
        Option("curves", "curves", choices=options.summaries(SPEECH_CURVES), default="the profile's", nargs="+"),
        options.PROPORTIONS,
        *options.RUN,
    ),
)


def _signed(gap: float, spread: float) -> str:
    """Write a difference in points, with its sign."""
    return "" if math.isnan(gap) else f"{'+' if gap > 0 else ''}{percent(gap, spread)}"


def _configuration(
    curve: Curve, proportion: float, seed: int, split: SpeechSplit, recipe: SpeechRecipe
) -> dict[str, Any]:
    """Describe one recogniser completely: what distinguishes its result from any other's."""
    task = SPEECH_TASKS[split.name]
    trained = {phone for utterance in split.train for phone in utterance.phones}
    network = curve.network(task.architecture(len(trained)), proportion)
    if "learned_fraction" in network:
        network["dictionary"] = recipe.dictionary.get_config()
        network |= recipe.data_pretraining or recipe.pretraining
    else:
        network |= recipe.pretraining
    schedule = recipe.options["learning_rate"]
    return {
        "figure": Figure4Right.name,
        "data": split.name,
        "data_digest": split.digest,
        "curve": curve.name,
        "proportion": proportion,
        "seed": seed,
        "recipe": recipe.name,
        "estimator": {
            **recipe.options,
            **network,
            "hidden_layer_sizes": list(network["hidden_layer_sizes"]),
            "learning_rate": schedule.get_config() if isinstance(schedule, Schedule) else schedule,
            "max_iter": recipe.epochs,
            "batch_size": task.batch_size,
            "context": task.context,
            "n_states": N_STATES,
        },
    }


def _recognizer(configuration: Configuration) -> PhoneRecognizer:
    """Make the recogniser that a configuration describes."""
    parameters = dict(configuration["estimator"])
    if "dictionary" in parameters:
        parameters["dictionary"] = Dictionary.from_config(parameters["dictionary"])
    if isinstance(parameters["learning_rate"], Mapping):
        parameters["learning_rate"] = from_config(parameters["learning_rate"])
    parameters["hidden_layer_sizes"] = tuple(parameters["hidden_layer_sizes"])
    return PhoneRecognizer(**parameters, random_state=configuration["seed"])


@functools.lru_cache(maxsize=1)
def _baselines(name: str, seed: int) -> dict[str, dict[str, Any]]:
    """Measure the baselines of a split, once for all networks that a process trains on it."""
    return baselines(load_speech(name, seed))


def _train_and_test(configuration: Configuration, *, n_threads: int | None) -> Record:
    """Train the recogniser that a configuration describes, and test it."""
    name, seed = configuration["data"], configuration["seed"]
    split = load_speech(name, seed)
    recognizer = _recognizer(configuration).set_params(n_threads=n_threads, phone_set=split.phone_set)
    try:
        recognizer.fit(split.train, development=split.development, alignments=split.alignments)
    except NumericalError as error:  # a result too: some networks are unstable
        return {"failure": str(error)}
    history, summary = recognizer.network_.history_, recognizer.network_.summary()
    return {
        **measured(recognizer.score_report(split.test), recognizer.score_report(split.test, "authors-code")),
        "development_error": round(recognizer.score_report(split.development).rate, 6),
        "language_scale": recognizer.language_scale_,
        "insertion_penalty": recognizer.insertion_penalty_,
        "loss": float(recognizer.network_.loss_),
        "epochs": len(history["loss"]),
        "training_time": round(sum(history["time"]), 2),
        "n_dynamic": summary.n_dynamic,
        "n_static": sum(layer.n_static for layer in summary.layers),
        "threads": _core.resolve_threads(n_threads),
        "baselines": _baselines(name, seed),
    }
