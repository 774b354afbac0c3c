"""How much the language model weighs and what each phone costs, chosen by errors on development utterances."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from .scoring import PhoneErrors

#: Language scales and insertion penalties that are tried.
SCALES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
PENALTIES = (-4.0, -2.0, 0.0, 2.0, 4.0)

#: What is taken where nothing is tried.
SCALE, PENALTY = 1.0, 0.0


def with_fewest_errors(
    scale: float | None,
    penalty: float | None,
    said: Sequence[Sequence[str]],
    heard: Callable[[float, float], Sequence[Sequence[str]]],
) -> tuple[float, float]:
    """Choose a language scale and an insertion penalty, of those with equally few errors the nearest to 1 and 0.

    Parameters
    ----------
    scale, penalty : float or None
        Those that are given; None are chosen.
    said : sequence of sequences of str
        The phones of development utterances.
    heard : callable
        ``heard(scale, penalty)`` returns what is recognised in these.
    """
    scales = SCALES if scale is None else (scale,)
    penalties = PENALTIES if penalty is None else (penalty,)
    errors = {pair: PhoneErrors.of(said, heard(*pair)).n_errors for pair in itertools.product(scales, penalties)}
    return min(errors, key=lambda pair: (errors[pair], abs(pair[0] - SCALE), abs(pair[1] - PENALTY)))
