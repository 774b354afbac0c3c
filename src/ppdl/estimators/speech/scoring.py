"""Phone errors: the edit distance of two sequences with its substitutions, deletions and insertions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .confusions import ConfusionsDisplay

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Pair: TypeAlias = tuple[str | None, str | None]  # of the reference and recognised; None where one has nothing


def align(reference: Sequence[str], recognised: Sequence[str]) -> list[Pair]:
    """Pair the names of two sequences with the fewest errors.

    Of alignments with equally few, it is the one that, read from its end, takes an insertion first, else a deletion,
    and a pair of names only where neither would do: that of Kaldi's `compute-wer`.

    Parameters
    ----------
    reference, recognised : sequences of str
        What was said, and what was recognised.

    Returns
    -------
    list of (str or None, str or None)
        Names of the reference and recognised ones; None as the first is an insertion, as the second a deletion.

    Examples
    --------
    >>> from ppdl.estimators.speech import align
    >>> align(["sil", "b", "ah", "sil"], ["sil", "ih", "sil", "k"])
    [('sil', 'sil'), ('b', 'ih'), ('ah', None), ('sil', 'sil'), (None, 'k')]
    """
    distances = _distances(reference, recognised)
    i, j = len(reference), len(recognised)
    pairs: list[Pair] = []
    while i or j:
        distance = distances[i, j]
        if j and distance == distances[i, j - 1] + 1:
            j -= 1
            pairs.append((None, recognised[j]))
        elif i and distance == distances[i - 1, j] + 1:
            i -= 1
            pairs.append((reference[i], None))
        else:
            i, j = i - 1, j - 1
            pairs.append((reference[i], recognised[j]))
    return pairs[::-1]


def _distances(reference: Sequence[str], recognised: Sequence[str]) -> npt.NDArray[np.int32]:
    """Edit distances of the first i names to the first j, shape (n_reference + 1, n_recognised + 1)."""
    numbers: dict[str, int] = {}
    rows, columns = ([numbers.setdefault(name, len(numbers)) for name in names] for names in (reference, recognised))
    symbols, steps = np.array(columns, dtype=np.int32), np.arange(len(columns) + 1, dtype=np.int32)
    distances = np.empty((len(rows) + 1, len(columns) + 1), dtype=np.int32)
    distances[0] = steps
    for i, symbol in enumerate(rows):
        before, row = distances[i], distances[i + 1]
        row[0] = i + 1
        np.minimum(before[:-1] + (symbols != symbol), before[1:] + 1, out=row[1:])
        row[:] = np.minimum.accumulate(row - steps) + steps  # insertions: one step right costs 1
    return distances


@dataclass(frozen=True)
class PhoneErrors:
    """Errors of recognised sequences; those of several add up.

    Parameters
    ----------
    pairs : mapping of (str or None, str or None) to int
        How often a name of the reference was recognised as another or the same; (None, name) are insertions,
        (name, None) deletions.
    measure : str, default="PER"
        What `rate` is called. Only errors of the same measure add up.

    Examples
    --------
    >>> from ppdl.estimators.speech import PhoneErrors
    >>> errors = PhoneErrors.of([["sil", "b", "ah", "sil"]], [["sil", "ih", "sil", "k"]])
    >>> print(errors)
    %PER 75.0 [ 3 / 4, 1 ins, 1 del, 1 sub ]
    >>> print(errors + errors)
    %PER 75.0 [ 6 / 8, 2 ins, 2 del, 2 sub ]
    """

    pairs: Mapping[Pair, int]
    measure: str = "PER"

    @classmethod
    def of(
        cls, references: Iterable[Sequence[str]], recognised: Iterable[Sequence[str]], measure: str = "PER"
    ) -> PhoneErrors:
        """Count the errors of recognised sequences, one for each reference.

        Parameters
        ----------
        references, recognised : iterables of sequences of str
            What was said, and what was recognised.
        measure : str, default="PER"
            What the rate of errors is called.

        Returns
        -------
        PhoneErrors

        Raises
        ------
        ValueError
            If there are not as many recognised sequences as references.
        """
        references, recognised = list(references), list(recognised)
        if len(references) != len(recognised):
            raise ValueError(
                f"recognised: received {len(recognised)} sequences; expected {len(references)}, one for each reference"
            )
        pairs = Counter(pair for said, heard in zip(references, recognised) for pair in align(said, heard))
        return cls(dict(pairs), measure)

    def __add__(self, other: PhoneErrors) -> PhoneErrors:
        if not isinstance(other, PhoneErrors):
            return NotImplemented
        if other.measure != self.measure:
            raise ValueError(
                f"measure: received {other.measure!r}; expected {self.measure!r}, that of the other errors"
            )
        return PhoneErrors(dict(Counter(self.pairs) + Counter(other.pairs)), self.measure)

    @property
    def n_reference(self) -> int:
        """Names in the references."""
        return sum(count for (said, _), count in self.pairs.items() if said is not None)

    @property
    def n_correct(self) -> int:
        """Names that were recognised."""
        return sum(count for (said, heard), count in self.pairs.items() if said == heard)

    @property
    def insertions(self) -> int:
        """Names that were recognised where nothing was said."""
        return sum(count for (said, _), count in self.pairs.items() if said is None)

    @property
    def deletions(self) -> int:
        """Names in place of which nothing was recognised."""
        return sum(count for (_, heard), count in self.pairs.items() if heard is None)

    @property
    def substitutions(self) -> int:
        """Names in place of which another one was recognised."""
        return self.n_reference - self.n_correct - self.deletions

    @property
    def n_errors(self) -> int:
        """Insertions, deletions and substitutions."""
        return self.insertions + self.deletions + self.substitutions

    @property
    def rate(self) -> float:
        """Errors for each name in the references, which may exceed 1; NaN without any."""
        return self.n_errors / self.n_reference if self.n_reference else float("nan")

    def __str__(self) -> str:
        return (
            f"%{self.measure} {100 * self.rate:.1f} [ {self.n_errors} / {self.n_reference}, {self.insertions} ins, "
            f"{self.deletions} del, {self.substitutions} sub ]"
        )

    def plot_confusions(
        self, names: Sequence[str] | None = None, *, ax: Axes | None = None, **options: Any
    ) -> ConfusionsDisplay:
        """Draw what was recognised as what.

        Parameters
        ----------
        names : sequence of str, default=None
            Those that are drawn, in their order; None takes all, in the order of TIMIT's.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        **options
            For `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        ConfusionsDisplay
        """
        return ConfusionsDisplay.from_errors(self, names, ax=ax, **options)
