"""Saving a fitted estimator in a safetensors file: numbers and a JSON specification, no code.

A file holds, for each layer n counted from 0, the tensors ``layer.n.bias``, ``layer.n.V.j`` for each column j,
``layer.n.U.j`` where U is learned, ``layer.n.base`` where B was made from data; and, under the metadata key "ppdl", a
JSON object. `loading` reads it.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn
from safetensors.numpy import save_file

from ppdl._precision import Array

from ..networks.architecture import require_unchanged
from ..networks.model import Model
from ..networks.parameters import check_parameters
from .json_values import to_json

FORMAT = 1
LABELS = "biufU"  # kinds of class labels: truth values, numbers, strings
FITTED = (
    "n_iter_",
    "n_outputs_",
    "n_layers_",
    "out_activation_",
    "t_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "n_features_in_",
    "history_",
)


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator; see `PredictedMLPClassifier.save`."""
    model: Model = estimator._model
    check_parameters(estimator)
    require_unchanged(estimator, model.architecture)
    specification = {
        "format": FORMAT,
        "class": type(estimator).__name__,
        "params": {name: to_json(name, value) for name, value in _saved_params(estimator).items()},
        "seed": model.architecture.seed,
        "dtype": model.dtype.name,
        "digests": [columns.digest() for columns in model.columns],
        "fitted": {name: to_json(name, getattr(estimator, name)) for name in FITTED},
        "batch_plan": list(estimator._batch_plan),
        "versions": {"ppdl": _version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
    }
    if hasattr(estimator, "classes_"):
        specification["classes"] = _classes_to_json(estimator.classes_)
    if hasattr(estimator, "feature_names_in_"):
        specification["feature_names"] = [str(name) for name in estimator.feature_names_in_]
    _write(Path(path), _tensors(model), {"ppdl": json.dumps(specification, allow_nan=False)})


def _saved_params(estimator: Any) -> dict[str, Any]:
    params: dict[str, Any] = estimator.get_params(deep=False)
    if isinstance(params["random_state"], (np.random.RandomState, np.random.Generator)):
        params["random_state"] = None  # a stream of numbers; what was drawn from it is the seed
    return params


def _tensors(model: Model) -> dict[str, Array]:
    tensors: dict[str, Array] = {}
    layers = zip(model.columns, model.dynamic_coefs(), model.intercepts(), model.bases(), strict=True)
    for n, (columns, matrices, bias, base) in enumerate(layers):
        names = ["U", "V"] if columns.learned else ["V"]
        for k, matrix in enumerate(matrices):
            tensors[f"layer.{n}.{names[k % len(names)]}.{k // len(names)}"] = matrix
        tensors[f"layer.{n}.bias"] = bias
        if base is not None:
            tensors[f"layer.{n}.base"] = base
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def _write(path: Path, tensors: dict[str, Array], metadata: dict[str, str]) -> None:
    """Write under another name and rename, so that the file is there whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    try:
        save_file(tensors, temporary, metadata)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # what an ordinary file would get; mkstemp's is private
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _classes_to_json(classes: npt.NDArray[Any]) -> dict[str, Any]:
    if classes.dtype.kind not in LABELS:
        raise ValueError(f"classes_: labels of dtype {classes.dtype} have no JSON form; use numbers or strings")
    return {"dtype": classes.dtype.str, "labels": classes.tolist()}


def _version() -> str:
    from ppdl import __version__

    return __version__
