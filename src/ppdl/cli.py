"""The command line: `ppdl reproduce` and `ppdl show-config`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import ppdl


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        return int(options.run(options))
    except (ValueError, OSError, ImportError) as error:
        print(f"ppdl: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("ppdl: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ppdl", description="Networks that learn a small part of their weights.")
    parser.add_argument("--version", action="version", version=f"ppdl {ppdl.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command")

    show = commands.add_parser("show-config", help="versions, CPU level and threads")
    show.set_defaults(run=_show_config)

    reproduce = commands.add_parser("reproduce", help="recompute a figure of the paper")
    reproduce.add_argument("--list", action="store_true", help="list figures, profiles, recipes and curves")
    reproduce.set_defaults(run=_list)
    figures = reproduce.add_subparsers(dest="figure", metavar="figure")
    figure = figures.add_parser(
        "figure4-left",
        help="test error against the proportion of parameters learned (MLP)",
        description="Figure 4 (left): test error of perceptrons against the proportion of parameters learned. "
        "Finished networks are kept in figure4_left.jsonl; the same command after a stop goes on from there.",
    )
    figure.add_argument("--data", default="digits", help="digits (bundled with scikit-learn; default) or mnist")
    figure.add_argument("--profile", help="smoke, quick or paper (default: smoke for digits, quick for mnist)")
    figure.add_argument("--recipe", default="modern", help="modern (default), rectifier, or paper (the authors' own)")
    figure.add_argument("--curves", nargs="+", metavar="NAME", help="curves to compute (default: all)")
    figure.add_argument("--proportions", nargs="+", type=float, metavar="P", help="proportions learned, in (0, 1]")
    figure.add_argument("--seeds", nargs="+", type=int, metavar="SEED", help="seeds (default: the profile's number)")
    figure.add_argument("--jobs", type=int, help="networks at a time")
    figure.add_argument("--threads", type=int, help="threads of each network")
    figure.add_argument("--output", default=".", help="folder for the table, the plot and the runs (default: here)")
    figure.add_argument("--download", action="store_true", help="allow MNIST to be downloaded, checked by SHA-256")
    figure.add_argument("--fresh", action="store_true", help="compute all networks anew")
    figure.add_argument("--quiet", action="store_true", help="no progress bar")
    figure.set_defaults(run=_figure4_left)
    return parser


def _show_config(options: argparse.Namespace) -> int:
    ppdl.show_config()
    return 0


def _list(options: argparse.Namespace) -> int:
    if not options.list:
        raise ValueError("which figure? see ppdl reproduce --list")
    from ppdl.reproduce.curves import CURVES
    from ppdl.reproduce.figure4_left import PROFILES
    from ppdl.reproduce.recipes import RECIPES

    print("figure4-left: test error against the proportion of parameters learned")
    for heading, table in (("profiles", PROFILES), ("recipes", RECIPES), ("curves", CURVES)):
        print(f"  {heading}")
        for name, entry in table.items():
            print(f"    {name:<10} {entry.summary}")
    return 0


def _figure4_left(options: argparse.Namespace) -> int:
    from ppdl.reproduce import figure4_left

    figure = figure4_left(
        options.data,
        options.profile,
        options.recipe,
        curves=options.curves,
        proportions=options.proportions,
        seeds=options.seeds,
        output=options.output,
        jobs=options.jobs,
        n_threads=options.threads,
        resume=not options.fresh,
        download=options.download,
        verbose=not options.quiet,
    )
    print(figure)
    for path in figure.save():
        print(f"wrote {path}")
    return 0
