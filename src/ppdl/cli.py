"""The command line: `ppdl reproduce` and `ppdl show-config`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

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
    _add_figure1(figures)
    _add_figure2(figures)
    _add_figure4_left(figures)
    _add_figure6_left(figures)
    _add_figure6_right(figures)
    _add_encodings(figures)
    return parser


def _add_figure1(figures: Any) -> None:
    figure = _add_figure(
        figures,
        "figure1",
        "features, some of their weights, and all predicted from these (RICA)",
        "Figure 1, the blocks of RICA: learned features, the weights that are kept, and all weights predicted.",
    )
    _add_patches_options(figure)
    figure.add_argument("--proportion", type=float, metavar="P", help="proportion kept, in (0, 1] (default: 0.5)")
    _add_run_options(figure)


def _add_figure2(figures: Any) -> None:
    figure = _add_figure(
        figures,
        "figure2",
        "features against the proportion of parameters learned (RICA)",
        "Figure 2: features of reconstruction ICA, from all parameters learned to a tenth.",
    )
    _add_patches_options(figure)
    figure.add_argument("--proportions", nargs="+", type=float, metavar="P", help="proportions learned, in (0, 1]")
    _add_run_options(figure)


def _add_patches_options(figure: argparse.ArgumentParser) -> None:
    """Add the options of figures about patches of natural images."""
    images = "samples (bundled with scikit-learn; default), samples-colour, natural-images or stl10"
    figure.add_argument("--data", help=images)
    figure.add_argument("--profile", help="smoke, quick or paper (default: smoke for samples, quick for the others)")


def _add_figure4_left(figures: Any) -> None:
    figure = _add_figure(
        figures,
        "figure4-left",
        "test error against the proportion of parameters learned (MLP)",
        "Figure 4 (left): test error of perceptrons against the proportion of parameters learned.",
    )
    figure.add_argument("--data", help="digits (bundled with scikit-learn; default) or mnist")
    figure.add_argument("--profile", help="smoke, quick or paper (default: smoke for digits, quick for mnist)")
    figure.add_argument("--recipe", help="modern (default), decay, rectifier, or paper (the authors' own)")
    figure.add_argument("--curves", nargs="+", metavar="NAME", help="curves to compute (default: all)")
    figure.add_argument("--proportions", nargs="+", type=float, metavar="P", help="proportions learned, in (0, 1]")
    _add_run_options(figure)
    figure.add_argument("--download", action="store_true", help="allow MNIST to be downloaded, checked by SHA-256")


def _add_figure6_left(figures: Any) -> None:
    figure = _add_figure(
        figures,
        "figure6-left",
        "accuracy against the proportion of parameters learned (RICA)",
        "Figure 6 (left): accuracy of a linear classifier on RICA's features against the proportion of parameters "
        "learned.",
    )
    figure.add_argument("--data", nargs="+", help="digits (bundled with scikit-learn; default), cifar10, stl10")
    _add_pipeline_options(figure)
    _add_components_option(figure)
    figure.add_argument(
        "--proportions", nargs="*", type=float, metavar="P", help="proportions learned, in (0, 1]; none: only nokernel"
    )
    _add_run_options(figure)


def _add_figure6_right(figures: Any) -> None:
    figure = _add_figure(
        figures,
        "figure6-right",
        "accuracy against the number of parameters learned (RICA)",
        "Figure 6 (right): accuracy of a linear classifier on k ordinary features of RICA, and on 2k of which half of "
        "the weights are predicted.",
    )
    figure.add_argument("--data", help="digits (bundled with scikit-learn; default), cifar10 or stl10")
    _add_pipeline_options(figure)
    figure.add_argument("--counts", nargs="+", type=int, metavar="K", help="numbers of features")
    _add_run_options(figure)


def _add_encodings(figures: Any) -> None:
    figure = _add_figure(
        figures,
        "encodings",
        "accuracy of each encoding of RICA's features, and of k-means",
        "A check of the patch pipeline: each encoding of RICA's features, and k-means as Coates, Lee and Ng published "
        "it.",
    )
    figure.add_argument("--data", help="digits (bundled with scikit-learn; default), cifar10 or stl10")
    _add_pipeline_options(figure)
    _add_components_option(figure)
    figure.add_argument("--encodings", nargs="+", metavar="NAME", help="encodings, kmeans-triangle (default: all)")
    _add_run_options(figure)


def _add_pipeline_options(figure: argparse.ArgumentParser) -> None:
    """Add the options of figures that classify images by features of their patches."""
    figure.add_argument("--profile", help="smoke, quick or paper (default: smoke for digits, quick for the others)")
    figure.add_argument("--recipe", help="rica (default) or another of ppdl reproduce --list")
    figure.add_argument("--download", action="store_true", help="allow data to be downloaded, checked by its hash")


def _add_components_option(figure: argparse.ArgumentParser) -> None:
    figure.add_argument("--components", type=int, dest="n_components", metavar="K", help="features of a patch")


def _add_figure(figures: Any, name: str, help: str, description: str) -> argparse.ArgumentParser:
    """Add the subcommand of a figure; its options that are given become arguments of the function of its name."""
    runs = name.replace("-", "_")
    figure: argparse.ArgumentParser = figures.add_parser(
        name,
        help=help,
        description=f"{description} Finished runs are kept in {runs}.jsonl; the same command after a stop goes on from "
        "there.",
        argument_default=argparse.SUPPRESS,
    )
    figure.set_defaults(run=_reproduce)
    return figure


def _add_run_options(figure: argparse.ArgumentParser) -> None:
    """Add the options that figures have in common: which runs, where, and on how much of the machine."""
    add = figure.add_argument
    add("--seeds", nargs="+", type=int, metavar="SEED", help="seeds (default: the profile's number)")
    add("--jobs", type=int, help="runs at a time")
    add("--threads", type=int, dest="n_threads", metavar="THREADS", help="threads of each run")
    add("--output", help="folder for the table, the plot and the runs (default: here)")
    add("--fresh", action="store_false", dest="resume", help="compute all runs anew")
    add("--quiet", action="store_false", dest="verbose", help="no progress bar")


def _show_config(options: argparse.Namespace) -> int:
    ppdl.show_config()
    return 0


def _list(options: argparse.Namespace) -> int:
    if not options.list:
        raise ValueError("which figure? see ppdl reproduce --list")
    from ppdl.reproduce import natural_features
    from ppdl.reproduce.curves import CURVES
    from ppdl.reproduce.figure4_left import PROFILES
    from ppdl.reproduce.patch_recipes import PATCH_RECIPES
    from ppdl.reproduce.patch_runs import PATCH_PROFILES
    from ppdl.reproduce.recipes import RECIPES

    _list_figure("figure1: features, some of their weights, all predicted", profiles=natural_features.PROFILES)
    _list_figure("figure2: features against the proportion learned", profiles=natural_features.PROFILES)
    _list_figure(
        "figure4-left: test error against the proportion of parameters learned",
        profiles=PROFILES,
        recipes=RECIPES,
        curves=CURVES,
    )
    pipeline: dict[str, Mapping[str, Any]] = dict(profiles=PATCH_PROFILES, recipes=PATCH_RECIPES)
    _list_figure("figure6-left: accuracy against the proportion of parameters learned", **pipeline)
    _list_figure("figure6-right: accuracy against the number of parameters learned", **pipeline)
    _list_figure("encodings: accuracy of each encoding of RICA's features, and of k-means", **pipeline)
    return 0


def _list_figure(headline: str, **tables: Mapping[str, Any]) -> None:
    """Print what the names in a figure's options mean: the `summary` of each entry of its tables."""
    print(headline)
    for heading, table in tables.items():
        print(f"  {heading}")
        for name, entry in table.items():
            print(f"    {name:<10} {entry.summary}")


def _reproduce(options: argparse.Namespace) -> int:
    """Compute the figure that is named; print its table, and save it."""
    import ppdl.reproduce

    arguments = {
        name: value for name, value in vars(options).items() if name not in ("command", "figure", "run", "list")
    }
    figure = getattr(ppdl.reproduce, options.figure.replace("-", "_"))(**arguments)
    print(figure)
    for path in figure.save():
        print(f"wrote {path}")
    return 0
