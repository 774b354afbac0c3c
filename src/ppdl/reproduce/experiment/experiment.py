"""An experiment: the function that computes a figure, and the options by which the command line reaches it."""

from __future__ import annotations

import argparse
import inspect
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..runs import Configuration, Record, Recording, environment, sweep, tracked
from .figure import Figure
from .options import Option


@dataclass(frozen=True)
class Experiment:
    """A figure as the command line knows it.

    Parameters
    ----------
    compute : callable
        Computes the figure. Its name is the figure's; the first paragraph of its docstring describes the command.
    summary : str
        The figure in half a sentence.
    options : tuple of Option
        Its arguments, in the order in which a recorded command has them.

    Examples
    --------
    >>> from ppdl.reproduce.figures import experiments
    >>> figure = experiments()["figure4-left"]
    >>> figure.command(dict(data="digits", curves=["nokernel"], proportions=[0.05], seeds=[0, 1], jobs=None))
    'ppdl reproduce figure4-left --data digits --curves nokernel --proportions 0.05 --seeds 0 1'
    """

    compute: Callable[..., Figure]
    summary: str
    options: tuple[Option, ...]

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return self.compute.__name__

    @property
    def name(self) -> str:
        """Name on the command line."""
        return self.stem.replace("_", "-")

    def records(
        self,
        recording: Recording,
        configurations: Sequence[Configuration],
        run: Callable[[Configuration], Record],
        describe: Callable[[Record], str],
        arguments: Mapping[str, Any],
    ) -> list[Record]:
        """Make the runs that are not recorded yet; return the records of all.

        Parameters
        ----------
        recording : Recording
            How runs are made, and where they are kept.
        configurations, run
            See `sweep`.
        describe : callable
            ``describe(record)`` says in a few words what a run gave, for the progress bar.
        arguments : mapping
            Arguments that the recorded command gives, besides those of `recording`.
        """
        command = self.command({**arguments, "jobs": recording.jobs, "n_threads": recording.n_threads})
        path, common = recording.folder / f"{self.stem}.jsonl", environment() | {"command": command}
        runs = sweep(configurations, run, path, common=common, jobs=recording.jobs, resume=recording.resume)
        return list(tracked(runs, len(configurations), describe) if recording.verbose else runs)

    def command(self, arguments: Mapping[str, Any]) -> str:
        """Write the command that computes the figure with these arguments; those that are None are left out."""
        given = [option for option in self.options if arguments.get(option.argument) is not None]
        words = [word for option in given for word in option.words(arguments[option.argument])]
        return shlex.join(["ppdl", "reproduce", self.name, *words])

    def add_to(self, figures: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Add the figure's command; its options that are given become arguments of `compute`."""
        description = (inspect.getdoc(self.compute) or self.summary).partition("\n\n")[0]
        resumes = ""
        if any(option.argument == "resume" for option in self.options):
            resumes = f"Finished runs are kept in {self.stem}.jsonl; the same command after a stop goes on from there."
        parser = figures.add_parser(
            self.name,
            help=self.summary,
            description=f"{description} {resumes}".strip().replace("%", "%%"),
            argument_default=argparse.SUPPRESS,
        )
        parser.add_argument("--list", action="store_true", help="list what the options' names mean")
        for option in self.options:
            option.add_to(parser)

    def arguments(self, options: argparse.Namespace) -> dict[str, Any]:
        """Return the arguments of `compute` that a command line gives."""
        names = [option.argument for option in self.options]
        return {name: getattr(options, name) for name in names if hasattr(options, name)}

    def reworded(self, message: str) -> str:
        """Return a message of `compute` with its arguments as the command line knows them.

        Examples
        --------
        >>> from ppdl.reproduce.figures import experiments
        >>> experiments()["figure5"].reworded("n_threads: received 0; expected an integer, at least 1")
        '--threads: received 0; expected an integer, at least 1'
        """
        names = {option.argument: option.name for option in self.options}
        names["learned_fraction"] = names.get("proportions", names.get("proportion", ""))  # what it is to the networks
        subject, colon, rest = message.partition(": ")
        if "download" in names:
            rest = rest.replace("Give the folder as `path`, set", "Set").replace(
                "pass download=True", "give --download"
            )
        return (names.get(subject) or subject) + colon + rest

    def listing(self) -> str:
        """Tell what the names in its options mean."""
        lines = [f"{self.name}: {self.summary}"]
        for option in self.options:
            if option.choices:
                lines.append(f"  {option.name}")
                lines += [f"    {name:<16} {meaning}" for name, meaning in option.choices.items()]
        return "\n".join(lines)
