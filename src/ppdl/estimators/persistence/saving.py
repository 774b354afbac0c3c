"""Saving fitted estimators in safetensors files, numbers and a JSON specification but no code, and loading them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.base import BaseEstimator

import ppdl
from ppdl import _checks as checks

from . import networks, patches, pipelines, plain, rica, speech, transformers  # noqa: F401, their codecs
from .estimator import describe, restore
from .fields import Contents, naming
from .file import read, write


def save(estimator: BaseEstimator, path: str | os.PathLike[str], *, optimizer_state: bool = False) -> None:
    """Write a fitted estimator or pipeline to a safetensors file, from which `ppdl.load` reads it.

    The file holds the parameters and what was learned: of predicted weights V, the specification of the dictionaries
    with a digest of each U, and, of dictionaries made from data, the atoms that a column chose. It holds no code, and a
    checksum of itself. An existing file is replaced whole or not at all, and keeps its permissions; of a symbolic link,
    the file that it points to.

    Parameters
    ----------
    estimator : estimator
        An estimator or transformer of ppdl; a `Pipeline` of such and of those of scikit-learn whose fitted state is a
        few arrays: `StandardScaler`, `MinMaxScaler`, `MaxAbsScaler`, `RobustScaler`, `Normalizer`, `PCA`,
        `TruncatedSVD`, `LogisticRegression`, `LinearSVC`, `LinearRegression` and `Ridge`; or one of these alone. A
        pipeline's `memory` becomes None.
    path : path-like
        The file.
    optimizer_state : bool, default=False
        Whether the file also holds what an optimiser of mini-batches goes on from, so that `partial_fit` of the loaded
        estimator continues to the bit as if it had never been saved: with Adam, twice as many numbers as are learned.
        Without it, the first `partial_fit` begins with a fresh optimiser.

    Raises
    ------
    ValueError
        If the estimator or a part of it is of another class, one derived from ppdl's too; if a parameter or a class
        label cannot be written, or if a parameter of what was fitted has been changed since. The message names it, and
        nothing is written.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, os
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> import ppdl
    >>> X, y = np.eye(10), np.arange(10) % 3
    >>> clf = ppdl.PredictedMLPClassifier((5,), max_iter=3, n_iter_no_change=np.inf, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), clf).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     ppdl.save(pipeline, path)
    ...     bool((ppdl.load(path).predict_proba(X) == pipeline.predict_proba(X)).all())
    True
    """
    contents = describe(estimator, checks.boolean("optimizer_state", optimizer_state))
    versions = {"ppdl": ppdl.__version__, "numpy": np.__version__, "scikit-learn": sklearn.__version__}
    write(Path(path), {**contents.specification, "versions": versions}, contents.tensors, contents.metadata)


def load(path: str | os.PathLike[str], *, memory_limit: int = 2**33) -> Any:
    """Read an estimator or pipeline that `save` wrote.

    The dictionaries are built anew from their specification, in the time and memory that it took to fit them, after the
    shapes in the file were compared with it; then their digests are compared. Nothing in the file is run as code.

    Parameters
    ----------
    path : path-like
        The file, of this version of ppdl or of an earlier one.
    memory_limit : int, default=2**33
        Bytes that the base of a layer's dictionaries may take: a file of some kilobytes can ask for any size.

    Returns
    -------
    estimator
        Fitted, of the class that was saved. It predicts or transforms as the saved one, to the bit on the same CPU
        level.

    Raises
    ------
    ValueError
        If the file is damaged, is not one of ppdl's, or does not agree with what its specification builds; the message
        names the file and the field.
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
    with naming(path):
        return restore(Contents(*read(path), memory_limit))
