"""What is recorded beside every number: which code, in which versions, made it on which machine."""

from __future__ import annotations

import functools
import platform
import subprocess
from pathlib import Path
from typing import Any


@functools.cache
def environment() -> dict[str, Any]:
    """Tell the code and the machine that this process runs.

    Returns
    -------
    dict
        `commit`: hexadecimal digest of the checkout, followed by "+" if its sources were changed since, or None outside
        of a checkout; `versions`: of Python, ppdl and the packages that it computes with; `isa`: CPU level of the core;
        `machine`: processor and system.
    """
    import ppdl

    config = ppdl.show_config(mode="dicts")
    return {
        "commit": _commit(Path(ppdl.__file__)),
        "versions": config["versions"],
        "isa": config["isa"]["in use"],
        "machine": f"{_processor()}, {platform.system()} {platform.machine()}",
    }


def _commit(file: Path) -> str | None:
    """Return the commit of the checkout that `file` belongs to, if there is one."""
    tracked = _git(file.parent, "ls-files", "--error-unmatch", file.name)
    commit = _git(file.parent, "rev-parse", "HEAD")
    if tracked is None or commit is None:
        return None
    changed = _git(file.parent, "status", "--porcelain", "--untracked-files=no", ":/src", ":/cpp")
    return commit + "+" if changed else commit


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what a git command prints, or None if there is no git or it fails."""
    try:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, encoding="utf-8", check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    """Return the processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"
