"""The one door to the compiled core: imports the build for the best CPU level that this machine runs.

The environment variable ``PPDL_ISA`` overrides the choice: ``baseline`` (x86-64-v2), ``avx2`` (v3), ``avx512`` (v4) or
``native`` (the best one; the only one on other architectures).
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from types import ModuleType

_LEVELS = {"baseline": "v2", "avx2": "v3", "avx512": "v4"}


def _load(isa: str) -> ModuleType:
    """Import the build that `isa` names; "native" is the best one."""
    try:
        from ppdl._core._cpu import cpu_level
    except ImportError as error:
        raise ImportError("ppdl's compiled core is missing: was ppdl built? Try `pip install .`") from error
    best = cpu_level()
    built = [level for level in (*_LEVELS.values(), "native") if importlib.util.find_spec(f"{__name__}._{level}")]
    usable = [level for level in built if level == "native" or level <= best]
    available = [name for name, level in _LEVELS.items() if level in usable] + (["native"] if usable else [])
    if isa not in available:
        raise ImportError(
            f"PPDL_ISA: received {isa!r}; available here: {', '.join(available) or 'none'} "
            f"(processor: {best}, built: {', '.join(built) or 'none'})"
        )
    module = importlib.import_module(f"{__name__}._{_LEVELS.get(isa, usable[-1])}")
    module.levels = tuple(usable)
    return module


_module = _load(os.environ.get("PPDL_ISA") or "native")
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("_")})
