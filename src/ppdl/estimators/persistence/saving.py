"""Saving fitted estimators in safetensors files, numbers and a JSON specification but no code, and loading them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import sklearn

import ppdl

from . import networks, patches, rica, transformers  # noqa: F401, their codecs
from .estimator import describe, restore
from .fields import Contents, naming
from .file import read, write


def save(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator; see `ppdl.RICA.save`, which all of ppdl's estimators have."""
    contents = describe(estimator)
    versions = {"ppdl": ppdl.__version__, "numpy": np.__version__, "scikit-learn": sklearn.__version__}
    write(Path(path), {**contents.specification, "versions": versions}, contents.tensors)


def load(path: str | os.PathLike[str], *, memory_limit: int = 2**33) -> Any:
    """Read an estimator that `save` wrote.

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
