"""What every benchmark ends in: tables on the terminal and under results/, with the machine that made them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ppdl import _core

RESULTS = Path(__file__).parent / "results"
Row = Mapping[str, Any]


def environment(n_threads: int) -> dict[str, Any]:
    """Describe the machine, the versions and the load in which a benchmark runs."""
    peers = ("numpy", "scipy", "scikit-learn", "torch")
    return {
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "threads": n_threads,
        "isa": str(_core.isa),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in peers},
        "commit": _commit(),
        "load_before": os.getloadavg()[0],
    }


class Report:
    """Collects the tables of one benchmark.

    Parameters
    ----------
    name : str
        Stem of the files that `write` leaves under results/.
    setting : str
        One line that states data, model and parameters.
    n_threads : int
        Threads given to every contender.
    """

    def __init__(self, name: str, setting: str, n_threads: int) -> None:
        self.name = name
        self.setting = setting
        self.environment = environment(n_threads)
        self.tables: dict[str, list[Row]] = {}
        print(f"{name}: {setting}\n", flush=True)

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """Add a table, a mapping from heading to value for each row, and print it."""
        self.tables[title] = list(rows)
        print(f"## {title}\n\n{markdown(rows)}\n", flush=True)

    def write(self) -> None:
        """Save the tables as results/<name>.json and results/<name>.md."""
        self.environment["load_after"] = os.getloadavg()[0]
        RESULTS.mkdir(exist_ok=True)
        content = {"setting": self.setting, "environment": self.environment, "tables": self.tables}
        text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
        (RESULTS / f"{self.name}.json").write_text(text + "\n")
        parts = [f"# {self.name}", self.setting]
        parts += [f"## {title}\n\n{markdown(rows)}" for title, rows in self.tables.items()]
        parts += ["## environment", "\n".join(f"- {key}: {value}" for key, value in self.environment.items())]
        (RESULTS / f"{self.name}.md").write_text("\n\n".join(parts) + "\n")


def target(what: str, wanted: str, measured: object, passed: bool) -> Row:
    """One row of a table of targets."""
    return {"what": what, "target": wanted, "measured": str(measured), "": "pass" if passed else "MISS"}


def markdown(rows: Sequence[Row]) -> str:
    """Format rows with the same keys as a Markdown table, columns aligned."""
    heads = list(rows[0])
    cells = [heads, *([_cell(row[head]) for head in heads] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    lines = ["| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _cpu_model() -> str:
    """Name the processor, with family and model where the name alone says little (virtual machines)."""
    try:
        lines = [line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line]
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.strip() for key, value in lines}
    name = fields.get("model name", platform.machine())
    return f"{name}, family {fields['cpu family']}, model {fields['model']}" if "cpu family" in fields else name


def _commit() -> str:
    command = ["git", "-C", str(RESULTS.parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
