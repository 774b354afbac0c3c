"""Reader of CIFAR-10's binary version: records of a label and three planes of colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .labels import check_labels

#: Values of an image: 32 × 32 of red, then of green, then of blue.
N_VALUES = 3 * 32 * 32


def read_records(content: bytes, name: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the planes (n_samples, 3072) and labels (n_samples,) that the content of a file holds.

    Raises
    ------
    ValueError
        If the content is no whole number of records or a label isn't 0 to 9; the message begins with `name`.
    """
    if not content or len(content) % (1 + N_VALUES):
        raise ValueError(
            f"{name}: records of {1 + N_VALUES} bytes expected, found {len(content)} bytes, which is no whole number "
            "of them; it is cut short or in another format."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, 1 + N_VALUES)
    return records[:, 1:], check_labels(records[:, 0], name)
