"""Which phone follows which: a bigram of phones, and one of frames as in the code of the paper's authors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ppdl._precision import Floats

if TYPE_CHECKING:
    from typing_extensions import Self

Indices = npt.NDArray[np.intp]


class BigramLogs(NamedTuple):
    """Log probabilities, -inf allowed, of beginning with a phone, of going from one to the next and of ending."""

    initial: Floats  # (n_phones,)
    bigram: Floats  # (n_phones, n_phones), from a row's phone to a column's
    final: Floats  # (n_phones,)


@dataclass(frozen=True, eq=False)
class Bigram(ABC):
    """Counts of pairs of neighbours, and what is made of them."""

    names: tuple[str, ...]
    counts: npt.NDArray[np.int64]

    _borders = 0  # rows and columns of counts beyond the names

    def __post_init__(self) -> None:
        names = tuple(self.names)
        if not names or len(set(names)) < len(names):
            raise ValueError(f"names: received {names!r}; expected at least one, each once")
        counts = np.array(self.counts, dtype=np.int64)
        side = len(names) + self._borders
        if counts.shape != (side, side) or counts.min() < 0:
            raise ValueError(f"counts: received shape {counts.shape}; expected {(side, side)}, none below 0")
        if not counts.any():
            raise ValueError("sequences: received no pair of neighbours; expected at least one")
        counts.setflags(write=False)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "counts", counts)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bigram) or type(other) is not type(self):
            return NotImplemented
        return self.names == other.names and np.array_equal(self.counts, other.counts)

    def __hash__(self) -> int:
        return hash((type(self), self.names, self.counts.tobytes()))

    @classmethod
    def of(cls, sequences: Iterable[Sequence[Any]], names: Sequence[str] | None = None) -> Self:
        """Count the pairs of neighbours in sequences.

        Parameters
        ----------
        sequences : iterable of sequences of str or int
            Names, or indices into `names`.
        names : sequence of str, optional
            All names there are, in their order; None takes those that occur, sorted.

        Returns
        -------
        Bigram

        Raises
        ------
        ValueError
            If a sequence holds what is not in `names`, or there is no pair.
        """
        sequences = [list(sequence) for sequence in sequences]
        names = sorted({name for sequence in sequences for name in sequence}) if names is None else names
        side = len(names) + cls._borders
        counts = np.zeros((side, side), dtype=np.int64)
        for indices in _indices(sequences, tuple(names)):
            bordered = np.pad(indices, cls._borders, constant_values=len(names))
            np.add.at(counts, (bordered[:-1], bordered[1:]), 1)
        return cls(tuple(names), counts)

    @abstractmethod
    def log_probabilities(self) -> BigramLogs:
        """Return what a decoder adds up, in the order of `names`."""


class PhoneBigram(Bigram):
    r"""Bigram model of phones, smoothed by Witten and Bell's rule, with the beginning and the end of a sequence.

    What follows a phone h, another phone or the end, has the probability

    .. math:: P(w \mid h) = \frac{c(h, w) + N(h) P(w)}{c(h) + N(h)}, \qquad
              P(w) = \frac{c(w) + N / E}{c + N},

    c being counts, N(h) how many different events follow h, N how many occur at all, E how many there are: the phones
    and the end [1]_ [2]_. The beginning is an h like the others. After a phone that nothing ever followed it is P(w).

    Parameters
    ----------
    names : tuple of str
        The phones.
    counts : ndarray of shape (n_phones + 1, n_phones + 1)
        How often the column's phone follows the row's; the last row is the beginning, the last column the end.

    References
    ----------
    .. [1] I. H. Witten and T. C. Bell. "The zero-frequency problem." IEEE Transactions on Information Theory 37, 1991;
           method C.
    .. [2] S. F. Chen and J. Goodman. "An empirical study of smoothing techniques for language modeling." Computer
           Speech and Language 13, 1999; the interpolated form.

    Examples
    --------
    >>> from ppdl.estimators.speech import PhoneBigram
    >>> bigram = PhoneBigram.of([["sil", "ah", "sil"], ["sil", "b", "ah", "sil"]])
    >>> bigram.names
    ('ah', 'b', 'sil')
    >>> round(bigram.perplexity([["sil", "b", "ah", "sil"]]), 3)
    2.0
    """

    _borders = 1

    @cached_property
    def probabilities(self) -> Floats:
        """Smoothed probabilities, shape (n_phones + 1, n_phones + 1), rows adding up to 1; borders as in `counts`."""
        counts = self.counts.astype(np.float64)
        events = counts.sum(axis=0)
        n_seen = np.count_nonzero(events)
        unigram = (events + n_seen / len(events)) / (events.sum() + n_seen)
        n_followers = np.count_nonzero(counts, axis=1)[:, np.newaxis]
        mass = counts.sum(axis=1, keepdims=True) + n_followers
        return np.where(mass > 0, (counts + n_followers * unigram) / np.maximum(mass, 1), unigram)

    def log_probabilities(self) -> BigramLogs:
        """Return the logarithms of `probabilities`, with the beginning and the end apart."""
        logs = np.log(self.probabilities)
        return BigramLogs(logs[-1, :-1].copy(), logs[:-1, :-1].copy(), logs[:-1, -1].copy())

    def entropy(self, sequences: Iterable[Sequence[Any]]) -> float:
        """Return the mean of -log2 P, in bits, over the phones of sequences and their ends.

        Parameters
        ----------
        sequences : iterable of sequences of str or int
            Names, or indices into `names`.

        Returns
        -------
        float
        """
        logs, bits, n_events = np.log2(self.probabilities), 0.0, 0
        for indices in _indices(sequences, self.names):
            bordered = np.pad(indices, 1, constant_values=len(self.names))
            bits -= float(logs[bordered[:-1], bordered[1:]].sum())
            n_events += len(bordered) - 1
        if n_events == 0:
            raise ValueError("sequences: received none; expected at least one")
        return bits / n_events

    def perplexity(self, sequences: Iterable[Sequence[Any]]) -> float:
        """Return 2 to the power of `entropy`."""
        return float(2.0 ** self.entropy(sequences))


class FrameBigram(Bigram):
    """Bigram of the labels of successive frames, as in the code of the paper's authors.

    Counts are divided by the sums of their columns: for each label, the numbers that tell where it comes from add up to
    1. (Probabilities of what follows would be divided by those of rows.) A path begins and ends anywhere at no cost.

    Parameters
    ----------
    names : tuple of str
        The labels.
    counts : ndarray of shape (n_labels, n_labels)
        How often the column's label follows the row's.

    Examples
    --------
    >>> from ppdl.estimators.speech import FrameBigram
    >>> FrameBigram.of([["a", "a", "a", "b"]]).probabilities
    array([[1., 1.],
           [0., 0.]])
    """

    @cached_property
    def probabilities(self) -> Floats:
        """Counts divided by the sums of their columns; 0 where a label never comes."""
        return np.asarray(self.counts / np.maximum(self.counts.sum(axis=0), 1))

    def log_probabilities(self) -> BigramLogs:
        """Return the logarithms of `probabilities`; beginning and ending cost nothing."""
        with np.errstate(divide="ignore"):
            logs = np.log(self.probabilities)
        return BigramLogs(np.zeros(len(self.names)), logs, np.zeros(len(self.names)))


def _indices(sequences: Iterable[Sequence[Any]], names: tuple[str, ...]) -> list[Indices]:
    """Find names or indices among `names`."""
    numbers: dict[Any, int] = {name: index for index, name in enumerate(names)}
    numbers |= {index: index for index in range(len(names))}
    found = []
    for number, sequence in enumerate(sequences):
        try:
            found.append(np.array([numbers[item] for item in sequence], dtype=np.intp))
        except KeyError as error:
            raise ValueError(
                f"sequences: received {error.args[0]!r} in number {number}; expected one of {len(names)} names, "
                f"{names[0]!r} to {names[-1]!r}, or an index below {len(names)}"
            ) from None
    return found
