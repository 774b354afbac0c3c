"""One module for each figure. What makes it one is its ``EXPERIMENT``: the command line offers all that are here."""

from __future__ import annotations

import importlib
import pkgutil

from ..experiment import Experiment


def experiments() -> dict[str, Experiment]:
    """Return all figures by their name on the command line."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    found: list[Experiment] = [module.EXPERIMENT for module in modules if hasattr(module, "EXPERIMENT")]
    return {experiment.name: experiment for experiment in found}
