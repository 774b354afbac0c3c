"""``python -m ppdl``: the command ``ppdl``, and where ``find_package(ppdl)`` finds the C++ library."""

from __future__ import annotations

import sys
from pathlib import Path

import ppdl
from ppdl import cli


def cmake_dir() -> Path:
    """Folder of ``ppdlConfig.cmake``, for ``cmake -Dppdl_DIR=…``.

    Raises
    ------
    FileNotFoundError
        If the C++ library is not installed with the package.
    """
    for folder in ppdl.__path__:
        candidate = Path(folder, "lib", "cmake", "ppdl")
        if (candidate / "ppdlConfig.cmake").is_file():
            return candidate
    raise FileNotFoundError(f"no lib/cmake/ppdl/ppdlConfig.cmake in {list(ppdl.__path__)}: was ppdl built?")


def main(arguments: list[str]) -> int:
    """Answer ``--cmake-dir``; hand everything else to the command ``ppdl``."""
    if arguments == ["--cmake-dir"]:
        print(cmake_dir())
        return 0
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
