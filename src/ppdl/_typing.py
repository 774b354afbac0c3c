"""Types that several public signatures share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy import sparse

Samples: TypeAlias = "npt.ArrayLike | sparse.spmatrix | sparse.sparray"
"""Samples, dense or sparse."""

RandomState: TypeAlias = int | np.random.RandomState | None
"""What scikit-learn's `check_random_state` takes."""
