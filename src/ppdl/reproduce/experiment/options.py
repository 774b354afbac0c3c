"""Options: what a figure's function takes, as the command line offers, lists and records it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Summarised(Protocol):
    """An entry of a table, such as a profile, a recipe or a curve."""

    @property
    def summary(self) -> str:
        """The entry in one sentence."""
        ...


def summaries(table: Mapping[str, Summarised]) -> dict[str, str]:
    """Return what the names of a table mean."""
    return {name: entry.summary for name, entry in table.items()}


@dataclass(frozen=True)
class Option:
    """An argument of a figure's function that can be given on the command line.

    Parameters
    ----------
    argument : str
        Name of the argument.
    help : str
        What it says.
    kind : callable, default=str
        Makes a value of a word.
    choices : mapping, default={}
        Names that it takes, with what they mean; the function checks them.
    default : str, default=""
        What holds if it is not given, in words.
    flag : str, default=""
        Name on the command line; "" is that of the argument.
    nargs : {"+", "*"}, default=None
        Whether it takes several values, one at least or any number.
    sets : bool, default=None
        Value of the argument if the option is given; it takes none itself then.
    """

    argument: str
    help: str
    kind: Callable[[str], Any] = str
    choices: Mapping[str, str] = field(default_factory=dict)
    default: str = ""
    flag: str = ""
    nargs: str | None = None
    sets: bool | None = None

    @property
    def name(self) -> str:
        """Name on the command line."""
        return "--" + (self.flag or self.argument)

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Add the option to a command."""
        names = f": {', '.join(self.choices)}" if self.choices else ""
        help = self.help + names + (f" (default: {self.default})" if self.default else "")
        how: dict[str, Any] = dict(dest=self.argument, help=help.replace("%", "%%"))
        if self.sets is None:
            how |= dict(type=self.kind, nargs=self.nargs, metavar=(self.flag or self.argument).rstrip("s").upper())
        else:
            how |= dict(action="store_const", const=self.sets)
        parser.add_argument(self.name, **how)

    def words(self, value: Any) -> list[str]:
        """Write the option with a value of the argument, one or a sequence."""
        values = [value] if isinstance(value, str) or not isinstance(value, Iterable) else value
        return [self.name, *(f"{entry:g}" if isinstance(entry, float) else str(entry) for entry in values)]


def profile(profiles: Mapping[str, Summarised]) -> Option:
    """Make the option that says how much of a figure is computed."""
    default = "smoke for data that is always there, quick for the others"
    return Option("profile", "how much is computed", choices=summaries(profiles), default=default)


PROPORTIONS = Option("proportions", "proportions learned, in (0, 1]", float, default="the figure's grid", nargs="+")

DOWNLOAD = Option("download", "allow data to be downloaded, checked by its hash", sets=True)

OUTPUT = Option("output", "folder for the table and the plot", default="here")

#: Which runs, where, and on how much of the machine.
RUN = (
    Option("seeds", "which seeds, such as 0 1 2", int, default="as many as the profile says, from 0 on", nargs="+"),
    Option("jobs", "runs at a time", int),
    Option("n_threads", "threads of each run", int, flag="threads"),
    Option("output", "folder for the table, the plot and the runs", default="here"),
    Option("resume", "compute all runs anew", flag="fresh", sets=False),
    Option("verbose", "no progress bar", flag="quiet", sets=False),
)
