"""The command line: `ppdl reproduce` and `ppdl show-config`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

import ppdl


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no table is lost to a terminal that lacks a letter
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _parser(with_figures="reproduce" in arguments)
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        return int(options.run(options))
    except (ValueError, OSError, ImportError, ArithmeticError) as error:
        print(f"ppdl: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ppdl: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _parser(*, with_figures: bool) -> argparse.ArgumentParser:
    """Make the parser; figures, which take a second to import, are added where they are asked for."""
    parser = argparse.ArgumentParser(prog="ppdl", description="Networks that learn a small part of their weights.")
    parser.add_argument("--version", action="version", version=f"ppdl {ppdl.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")

    show = commands.add_parser("show-config", help="versions, CPU level and threads")
    show.set_defaults(run=_show_config)

    reproduce = commands.add_parser("reproduce", help="recompute a figure of the paper")
    reproduce.add_argument("--list", action="store_true", help="list figures and what the names in their options mean")
    reproduce.set_defaults(run=_reproduce)
    figures = reproduce.add_subparsers(dest="figure", metavar="figure")
    if with_figures:
        from ppdl.reproduce.figures import experiments

        for experiment in experiments().values():
            experiment.add_to(figures)
    return parser


def _show_config(options: argparse.Namespace) -> int:
    ppdl.show_config()
    return 0


def _reproduce(options: argparse.Namespace) -> int:
    """Compute the figure that is named, print its table, and save it; or list the figures."""
    from ppdl.reproduce.figures import experiments

    found = experiments()
    if options.list:
        print("\n".join(found[name].listing() for name in found if options.figure in (None, name)))
        return 0
    if options.figure is None:
        raise ValueError(f"figure: received none; expected one of {', '.join(found)}; see ppdl reproduce --list")
    experiment = found[options.figure]
    try:
        figure = experiment.compute(**experiment.arguments(options))
    except (ValueError, FileNotFoundError) as error:
        raise ValueError(experiment.reworded(str(error))) from error
    print(figure)
    for path in figure.save():
        print(f"wrote {path}")
    return 0
