"""What ppdl runs on: versions, CPU level, threads, OpenMP runtimes."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any, Literal, overload

import threadpoolctl

from ppdl import __version__, _core
from ppdl import _checks as checks


def _versions() -> dict[str, str]:
    packages = ("numpy", "scipy", "scikit-learn", "safetensors", "threadpoolctl", "joblib")
    versions = {name: importlib.metadata.version(name) for name in packages}
    return {"ppdl": __version__, "python": platform.python_version(), **versions}


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: Literal["stdout", "dicts"] = "stdout") -> dict[str, Any] | None:
    """Tell what ppdl runs on.

    Parameters
    ----------
    mode : {"stdout", "dicts"}, default="stdout"
        Print the configuration, or return it.

    Returns
    -------
    dict or None
        With ``mode="dicts"``: ``versions``, ``isa`` (CPU level in use and those available here), ``threads`` (what
        ``n_threads=None`` stands for now), ``openmp`` (specification date, and each runtime in the process: its prefix,
        file and number of threads).

    Examples
    --------
    >>> import ppdl
    >>> sorted(ppdl.show_config(mode="dicts"))
    ['isa', 'openmp', 'threads', 'versions']
    """
    checks.one_of("mode", mode, ("stdout", "dicts"))
    runtimes = [
        {"prefix": pool["prefix"], "file": pool["filepath"], "threads": pool["num_threads"]}
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "openmp"
    ]
    config: dict[str, Any] = {
        "versions": _versions(),
        "isa": {"in use": _core.isa, "available": list(_core.levels)},
        "threads": _core.resolve_threads(None),
        "openmp": {"specification": _core.openmp_version, "runtimes": runtimes},
    }
    if mode == "dicts":
        return config
    for name, version in config["versions"].items():
        print(f"{name:<14} {version}")
    print(f"{'CPU level':<14} {_core.isa} (available: {', '.join(_core.levels)}; PPDL_ISA overrides)")
    print(f"{'threads':<14} {config['threads']}")
    print(f"{'OpenMP':<14} {_core.openmp_version}")
    for runtime in runtimes:
        print(f"{'':<14} {runtime['prefix']}, {runtime['threads']} threads: {runtime['file']}")
    return None
