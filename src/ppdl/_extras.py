"""Optional dependencies: imported where they are used, and what to install where one is absent."""

from __future__ import annotations

import importlib
from typing import Any

DISTRIBUTION = "predicted-parameters"  # its name on the package index; the import is ppdl


def imported(module: str, who: str, package: str, extra: str, otherwise: str = "") -> Any:
    """Import a module of an optional package.

    Raises
    ------
    ImportError
        If it is absent; see `missing`.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing(who, package, extra, otherwise) from error


def pyplot(who: str) -> Any:
    """Import matplotlib's pyplot for a display."""
    return imported("matplotlib.pyplot", who, "matplotlib", "plot")


def missing(who: str, package: str, extra: str, otherwise: str = "") -> ImportError:
    """Return the error that names the extra which brings `package` to `who`, and what can be done `otherwise`."""
    return ImportError(f"{who} needs {package}: pip install '{DISTRIBUTION}[{extra}]'{otherwise}")
