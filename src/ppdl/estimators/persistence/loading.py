"""Loading what `saving` wrote: nothing in a file is trusted before it is checked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from ppdl import _checks as checks
from ppdl import _core
from ppdl._precision import Array
from ppdl.dictionaries import Identity

from ..networks.architecture import Architecture, hidden_sizes, resolve
from ..networks.classifier import PredictedMLPClassifier
from ..networks.model import Model
from ..networks.parameters import check_parameters
from ..networks.regressor import PredictedMLPRegressor
from .json_values import from_json, invalid
from .saving import FITTED, FORMAT, LABELS


def load(path: str | os.PathLike[str]) -> Any:
    """Read an estimator that `save` wrote.

    The dictionaries are built anew from their specification, and their digests compared with those of the file. Nothing
    in the file is run as code.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    PredictedMLPClassifier or PredictedMLPRegressor
        Fitted. Its predictions are those of the saved one, to the bit on the same CPU level.

    Raises
    ------
    ValueError
        If the file is damaged, is not one of ppdl's, or does not agree with what its specification builds; the message
        names the field.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> import ppdl
    >>> X, y = np.eye(10), np.arange(10) % 3
    >>> clf = ppdl.PredictedMLPClassifier((5,), max_iter=3, n_iter_no_change=np.inf, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     clf.save(path)
    ...     bool((ppdl.load(path).predict(X) == clf.predict(X)).all())
    True
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            specification = _specification((file.metadata() or {}).get("ppdl"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path}: not a readable safetensors file ({error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    try:
        return _estimator(specification, tensors)
    except (ValueError, _core.NumericalError) as error:
        raise ValueError(f"{path}: {error}") from None


def _specification(text: str | None) -> dict[str, Any]:
    if text is None:
        raise ValueError("metadata: there is no 'ppdl'; the file was not written by ppdl")
    try:
        specification = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"metadata: not valid JSON ({error})") from None
    if not isinstance(specification, dict):
        raise invalid("metadata", type(specification).__name__, "an object")
    if specification.get("format") != FORMAT:
        raise invalid("format", specification.get("format"), f"{FORMAT}, the one that this version of ppdl reads")
    return specification


def _estimator(specification: dict[str, Any], tensors: dict[str, Array]) -> Any:
    kinds = {kind.__name__: kind for kind in (PredictedMLPClassifier, PredictedMLPRegressor)}
    name = _field(specification, "class", str)
    if name not in kinds:
        raise invalid("class", name, " or ".join(kinds))
    params = {key: from_json(key, value) for key, value in _field(specification, "params", dict).items()}
    try:
        estimator = kinds[name](**params)
    except TypeError as error:
        raise ValueError(f"params: {error}") from None
    check_parameters(estimator)
    fitted = _fitted(_field(specification, "fitted", dict))
    for attribute, value in fitted.items():
        setattr(estimator, attribute, value)
    if name == "PredictedMLPClassifier":
        estimator.classes_ = _classes(_field(specification, "classes", dict), estimator.n_outputs_)
    _check_out_activation(estimator)
    if "feature_names" in specification:
        estimator.feature_names_in_ = _feature_names(specification, estimator.n_features_in_)
    estimator.loss_curve_ = estimator.history_.get("loss", [])
    estimator.validation_scores_ = (
        None if estimator.best_validation_score_ is None else estimator.history_.get("val_score", [])
    )
    plan = _field(specification, "batch_plan", list)
    if len(plan) != 2 or not all(type(n) is int and 0 <= n <= checks.LARGEST_INT for n in plan) or plan[0] == 0:
        raise invalid("batch_plan", plan, "samples of a batch and of the training set")
    estimator._batch_plan = tuple(plan)
    estimator._optimizer_state = None
    _check_columns(estimator, len(tensors))
    architecture = resolve(
        estimator,
        n_inputs=estimator.n_features_in_,
        n_outputs=estimator.n_outputs_,
        loss=estimator._loss_name(),
        seed=_seed(specification),
    )
    estimator._model = _model(architecture, specification, tensors)
    return estimator


def _fitted(described: dict[str, Any]) -> dict[str, Any]:
    missing = [name for name in FITTED if name not in described]
    if missing:
        raise ValueError(f"fitted: {', '.join(missing)} missing")
    fitted = {name: from_json(name, described[name]) for name in FITTED}
    for name in ("n_features_in_", "n_outputs_", "n_layers_", "n_iter_", "t_"):
        checks.integer(name, fitted[name], at_least=0 if name in ("n_iter_", "t_") else 1)
    for name in ("loss_", "best_loss_", "best_validation_score_"):
        if not _is_number(fitted[name]) and (name == "loss_" or fitted[name] is not None):
            raise invalid(name, fitted[name], "a number" if name == "loss_" else "a number or None")
    history = fitted["history_"]
    if not isinstance(history, dict) or not all(
        isinstance(key, str) and isinstance(values, list) and all(map(_is_number, values))
        for key, values in history.items()
    ):
        raise invalid("history_", history, "lists of numbers")
    return fitted


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _check_out_activation(estimator: Any) -> None:
    """Compare the activation of the outputs with their number and the classes, or with the loss."""
    n_outputs, expected = estimator.n_outputs_, "logistic"
    if isinstance(estimator, PredictedMLPRegressor):
        expected = estimator._out_activation()
    elif n_outputs > 2 and not (  # several logistic outputs are labels of their own, numbered from 0
        estimator.out_activation_ == "logistic" and np.array_equal(estimator.classes_, np.arange(n_outputs))
    ):
        expected = "softmax"
    if estimator.out_activation_ != expected:
        raise invalid("out_activation_", estimator.out_activation_, repr(expected))


def _feature_names(specification: dict[str, Any], n_features: int) -> npt.NDArray[Any]:
    names = _field(specification, "feature_names", list)
    if len(names) != n_features or not all(isinstance(name, str) for name in names):
        raise invalid("feature_names", f"a list of {len(names)}", f"{n_features} strings, one for each feature")
    return np.array(names, dtype=object)


def _check_columns(estimator: Any, n_tensors: int) -> None:
    """Bound the columns by the tensors that hold them, before anything of their number is made."""
    for n_columns in checks.per_layer(
        "n_columns", estimator.n_columns, len(hidden_sizes(estimator.hidden_layer_sizes))
    ):
        checks.integer("n_columns", n_columns, at_most=n_tensors)


def _classes(described: dict[str, Any], n_outputs: int) -> npt.NDArray[Any]:
    labels, dtype = _field(described, "labels", list), _field(described, "dtype", str)
    try:
        kind = np.dtype(dtype)
        if kind.kind not in LABELS:
            raise TypeError(f"labels of dtype {dtype}")
        classes = np.array(labels, dtype=kind)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"classes: {error}") from None
    if classes.ndim != 1 or len(classes) not in ((1, 2) if n_outputs == 1 else (n_outputs,)):
        expected = "1 or 2, of the one output" if n_outputs == 1 else f"{n_outputs}, one for each output"
        raise invalid("classes", f"{len(labels)} labels", expected)
    return classes


def _model(architecture: Architecture, specification: dict[str, Any], tensors: dict[str, Array]) -> Model:
    dtype = _field(specification, "dtype", str)
    if dtype not in ("float32", "float64"):
        raise invalid("dtype", dtype, "float32 or float64")
    digests = _field(specification, "digests", list)
    if len(digests) != len(architecture.layers):
        raise invalid("digests", f"{len(digests)} of them", f"{len(architecture.layers)}, one for each layer")
    remaining = dict(tensors)
    layers = enumerate(architecture.layers)
    biases = [_tensor(remaining, f"layer.{n}.bias", (plan.n_hidden,), dtype) for n, plan in layers]
    parts, built = [], []
    for n, plan in enumerate(architecture.layers):
        if isinstance(plan.dictionary, Identity):  # checked before anything of that size is made
            _tensor(dict(remaining), f"layer.{n}.V.0", (plan.n_visible, plan.n_hidden), dtype)
        base: Any = remaining.pop(f"layer.{n}.base", None)
        if base is not None and base.dtype != np.float64:
            raise invalid(f"layer.{n}.base", f"dtype {base.dtype}", "float64")
        if plan.dictionary.data_driven and base is None:
            raise ValueError(f"layer.{n}.base: missing; {plan.dictionary!r} is made from data")
        try:
            columns = architecture.columns(n, base=base)
        except (ValueError, MemoryError) as error:
            raise ValueError(f"layer.{n}: {error}") from None
        if columns.digest() != digests[n]:
            raise ValueError(
                f"digests: layer {n} of the file has {digests[n]!r}, but its specification, {plan.dictionary!r}, "
                f"builds {columns.digest()!r}; the file is damaged, or another version of ppdl or of a library wrote it"
            )
        built.append(columns)
        for j, column in enumerate(columns.columns):
            n_atoms = len(column.atoms)
            if columns.learned:
                parts.append(_tensor(remaining, f"layer.{n}.U.{j}", (plan.n_visible, n_atoms), dtype))
            parts.append(_tensor(remaining, f"layer.{n}.V.{j}", (n_atoms, column.n_hidden), dtype))
        parts.append(biases[n])
    if remaining:
        raise ValueError(f"tensors: {', '.join(sorted(remaining))}: not part of the specified network")
    return Model(architecture, built, np.concatenate([part.ravel() for part in parts]))


def _tensor(tensors: dict[str, Array], name: str, shape: tuple[int, ...], dtype: str) -> Array:
    if name not in tensors:
        raise ValueError(f"{name}: missing")
    tensor = tensors.pop(name)
    if tensor.dtype != dtype or tensor.shape != shape:
        raise invalid(name, f"{tensor.dtype} of shape {tensor.shape}", f"{dtype} of shape {shape}")
    if not np.isfinite(tensor).all():
        raise ValueError(f"{name}: it holds NaN or infinity")
    return tensor


def _seed(specification: dict[str, Any]) -> int:
    seed: int = _field(specification, "seed", int)
    if not 0 <= seed < 2**64:
        raise invalid("seed", seed, "0 to 2**64 - 1")
    return seed


def _field(specification: dict[str, Any], name: str, kind: type) -> Any:
    if name not in specification:
        raise ValueError(f"{name}: missing")
    value = specification[name]
    if type(value) is not kind:
        raise invalid(name, type(value).__name__, kind.__name__)
    return value
