"""What `learned_fraction=0.1` alone gives: test scores beside the ordinary network's, and those of a narrow one."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import ppdl
from ppdl import PredictedMLPClassifier, PredictedMLPRegressor

from .report import Report, Row, target

FRACTION = 0.1
HIDDEN = 100
SEEDS = range(5)
MOST_BELOW = 1.0  # points
N_THREADS = 1


@dataclass(frozen=True)
class Task:
    """Samples that are learned from and others that test; of images, their shape."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any
    input_shape: tuple[int, int] | None = None
    options: dict[str, Any] | None = None

    @property
    def estimator(self) -> Callable[..., Any]:
        """Classifier or regressor."""
        return PredictedMLPClassifier if self.y.dtype.kind in "iu" else PredictedMLPRegressor


def table(X: Any, y: Any) -> Task:
    """Split a table seven to three, and standardise its features."""
    labels = y if y.dtype.kind in "iu" else None
    if labels is None:
        y = (y - y.mean()) / y.std()
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=1000, stratify=labels)
    scaler = StandardScaler().fit(X)
    return Task(scaler.transform(X).astype(np.float32), y, scaler.transform(X_test).astype(np.float32), y_test)


def digits() -> Task:
    """Split scikit-learn's digits likewise, pixels from 0 to 1."""
    X, y = datasets.load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16.0, y, test_size=0.3, random_state=1000, stratify=y)
    return Task(X.astype(np.float32), y, X_test.astype(np.float32), y_test, (8, 8))


def mnist() -> Task:
    """The first 20,000 images, 20 epochs; tested on MNIST's own test images."""
    train, test = (ppdl.datasets.load_mnist(subset=subset) for subset in ("train", "test"))
    first = slice(20_000)
    return Task(train.data[first], train.target[first], test.data, test.target, (28, 28), {"max_iter": 20})


TASKS: dict[str, Callable[[], Task]] = {
    "digits": digits,
    "iris": lambda: table(*datasets.load_iris(return_X_y=True)),
    "wine": lambda: table(*datasets.load_wine(return_X_y=True)),
    "breast cancer": lambda: table(*datasets.load_breast_cancer(return_X_y=True)),
    "diabetes (R²)": lambda: table(*datasets.load_diabetes(return_X_y=True)),
    "made, 20 features": lambda: table(
        *datasets.make_classification(2000, 20, n_informative=8, n_redundant=4, n_classes=3, random_state=1)
    ),
    "MNIST, 20,000": mnist,
}


def scores(task: Task, **options: Any) -> tuple[list[float], int]:
    """Test scores in per cent, one for each seed, and the parameters that are learned."""
    found = []
    for seed in SEEDS:
        model = task.estimator(**{"hidden_layer_sizes": (HIDDEN,), **(task.options or {}), **options})
        model.set_params(random_state=seed, n_threads=N_THREADS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found.append(100.0 * model.fit(task.X, task.y).score(task.X_test, task.y_test))
    return found, model.summary().n_dynamic


def narrowed(task: Task, n_dynamic: int) -> int:
    """Hidden units of the ordinary network that learns about as many parameters."""
    n_outputs = len(np.unique(task.y)) if task.y.dtype.kind in "iu" else 1
    n_outputs = 1 if n_outputs == 2 else n_outputs
    return max(1, round((n_dynamic - n_outputs) / (task.X.shape[1] + 1 + n_outputs)))


def compared(name: str, task: Task) -> Row:
    """One row: the ordinary network, the predicted one, and the narrow one."""
    ordinary, n_parameters = scores(task)
    predicted, n_dynamic = scores(task, learned_fraction=FRACTION, input_shape=task.input_shape)
    units = narrowed(task, n_dynamic)
    narrow, _ = scores(task, hidden_layer_sizes=(units,))
    return {
        "data": name,
        "features": task.X.shape[1],
        "parameters": n_parameters,
        "ordinary": _shown(ordinary),
        "learned": n_dynamic,
        "predicted": _shown(predicted),
        "minus ordinary": f"{np.mean(predicted) - np.mean(ordinary):+.2f}",
        f"narrow (units of {HIDDEN})": f"{_shown(narrow)} ({units})",
    }


def _shown(values: list[float]) -> str:
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"


def main() -> None:
    """Compare on every task, and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=[*TASKS])
    names = parser.parse_args().tasks
    setting = (
        f"test scores in per cent, mean ± standard deviation of {len(SEEDS)} seeds; one hidden layer of {HIDDEN} "
        f"units, learned_fraction={FRACTION}, input_shape of images, all else by default"
    )
    report = Report("defaults", setting, N_THREADS)
    rows = [compared(name, TASKS[name]()) for name in names]
    report.table("against the ordinary network", rows)
    below = [str(row["data"]) for row in rows if float(row["minus ordinary"]) < -MOST_BELOW]
    wanted = f"within {MOST_BELOW:g} of ordinary on all but one"
    report.table("targets", [target("mean score", wanted, f"below on {below or 'none'}", len(below) <= 1)])
    if names == [*TASKS]:
        report.write()


if __name__ == "__main__":
    main()
