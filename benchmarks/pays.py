"""What predicting saves against the share learned: processor time of epochs and predictions, and the size of a file."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ppdl import PredictedMLPClassifier
from ppdl.reproduce.recipes.curves import ARCHITECTURES, CURVES

from .report import Report
from .rounds import ratio
from .workload import BATCH, IMAGE, load_task

FRACTIONS = (0.02, 0.05, 0.1196, 0.2134, 0.4619)  # at which errors are recorded
N_SAMPLES = 6_000
N_EPOCHS = 3

Key = tuple[str, float]


def networks() -> dict[Key, PredictedMLPClassifier]:
    """The ordinary network; predicted ones; ordinary ones narrowed until they learn as many numbers as these."""
    options: dict[str, Any] = dict(
        batch_size=BATCH, n_iter_no_change=np.inf, input_shape=IMAGE, random_state=0, n_threads=1
    )

    def network(curve: str, fraction: float) -> PredictedMLPClassifier:
        return PredictedMLPClassifier(**CURVES[curve].network(ARCHITECTURES["mnist"], fraction), **options)

    made = {("ordinary", 1.0): network("nokernel", 1.0)}
    made.update({("predicted", fraction): network("best", fraction) for fraction in FRACTIONS})
    made.update({("narrowed", fraction): network("narrow", fraction) for fraction in FRACTIONS})
    return made


def processor_time(work: Callable[..., object], *arguments: object) -> float:
    """Seconds that this process computed, which another one hardly changes."""
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def file_size(network: PredictedMLPClassifier) -> int:
    """Bytes of a saved file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        network.save(path)
        return path.stat().st_size


def main() -> None:
    """Measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    everything = load_task()
    task, some = everything.head(N_SAMPLES), everything.X[-10_000:]
    made = networks()
    report = Report(
        "pays",
        f"{task.source}, the first {N_SAMPLES}; 784-500-500-10 rectifiers, float32, batch {BATCH}, Adam; predicted: "
        f"DCT, then PrincipalComponents, leading atoms, 10 columns, 50 at 2 %; one thread; "
        f"median of {rounds} interleaved rounds",
        1,
    )
    first, further, predictions = (np.zeros((len(made), rounds)) for _ in range(3))
    for turn in range(rounds):
        for row, network in enumerate(made.values()):
            first[row, turn] = processor_time(network.set_params(max_iter=1).fit, task.X, task.y)
            whole = processor_time(network.set_params(max_iter=1 + N_EPOCHS).fit, task.X, task.y)
            further[row, turn] = (whole - first[row, turn]) / N_EPOCHS
            network.predict(some[:1])
            predictions[row, turn] = processor_time(network.predict, some)
    report.table(
        "Networks",
        [
            {
                "network": name,
                "learned": fraction,
                "units": " ".join(map(str, network.hidden_layer_sizes)),
                "parameters learned": network.summary().n_dynamic,
                "epoch, seconds": float(np.median(further[row])),
                "times ordinary": ratio(further[row], further[0]),
                "set-up, seconds": float(np.median(first[row] - further[row])),
                "10,000 predictions, seconds": float(np.median(predictions[row])),
                "file, bytes": file_size(network),
            }
            for row, ((name, fraction), network) in enumerate(made.items())
        ],
    )
    report.write()


if __name__ == "__main__":
    main()
