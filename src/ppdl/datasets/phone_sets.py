"""Sets of phones, and how they are folded to coarser ones before errors are counted."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ppdl import _checks as checks

Folding: TypeAlias = Mapping[str, str | None]
"""The coarser name of each phone, None where it is left out."""


@dataclass(frozen=True, repr=False)
class PhoneSet:
    """The phones of a corpus, in order, and the coarser sets that they are folded to.

    A value: frozen, with `==`, `hash` and a JSON form.

    Parameters
    ----------
    phones : sequence of str
        Their names, each once.
    silence : str
        Which of them is silence.
    folded : mapping of int to mapping, default={}
        For each coarser set, by its number of phones, the coarser name of each phone, None where it is left out.

    Raises
    ------
    ValueError
        If a name appears twice, silence is not among them, or a coarser set hasn't a name for each phone or as many
        phones as it should.

    Examples
    --------
    >>> from ppdl.datasets import TIMIT_PHONES, PhoneSet
    >>> TIMIT_PHONES
    <PhoneSet: 61 phones, folded to 48 or 39>
    >>> folded = TIMIT_PHONES.fold(["h#", "pau", "q", "ao", "tcl", "t"], 39)
    >>> folded
    ['sil', 'sil', 'aa', 'sil', 't']
    >>> PhoneSet.collapse(folded)
    ['sil', 'aa', 'sil', 't']
    >>> TIMIT_PHONES.deleted_as_silence().fold(["q", "ao"], 39)
    ['sil', 'aa']

    Phones of any corpus:

    >>> PhoneSet.from_labels(["sil", "l", "a", "l", "a", "sil"], silence="sil").phones
    ('a', 'l', 'sil')
    >>> kinds = {"a": "vowel", "l": "consonant", "sil": None}
    >>> PhoneSet(("a", "l", "sil"), "sil", {2: kinds}).fold(["sil", "l", "a"], 2)
    ['consonant', 'vowel']
    """

    phones: tuple[str, ...]
    silence: str
    folded: Mapping[int, Folding] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        phones = tuple(self.phones) if checks.is_sequence(self.phones) else ()
        if not phones or not all(isinstance(phone, str) for phone in phones):
            raise ValueError(f"phones: received {self.phones!r}; expected names, at least one")
        if len(set(phones)) < len(phones):
            twice = next(phone for phone in phones if phones.count(phone) > 1)
            raise ValueError(f"phones: received {twice!r} more than once; expected each name once")
        if self.silence not in phones:
            raise ValueError(f"silence: received {self.silence!r}; expected one of {', '.join(phones)}")
        folded = {n: _checked_folding(n, folding, phones) for n, folding in self.folded.items()}
        object.__setattr__(self, "phones", phones)
        object.__setattr__(self, "folded", folded)

    @classmethod
    def from_labels(cls, labels: Iterable[str], *, silence: str) -> PhoneSet:
        """Gather the phones of a corpus from its labels, sorted by name; nothing is folded.

        Parameters
        ----------
        labels : iterable of str
            Labels of segments, each as often as it comes.
        silence : str
            The phone that is silence; it is one of the set even where no label is.

        Returns
        -------
        phone_set : PhoneSet
            Of all different labels.
        """
        return cls(tuple(sorted({*labels, silence})), silence)

    @classmethod
    def from_table(cls, table: Mapping[str, str], *, silence: str) -> PhoneSet:
        """Gather the phones that a table gives to labels, in the table's order; nothing is folded.

        Parameters
        ----------
        table : mapping of str to str
            The phone of each label; several labels may be one phone.
        silence : str
            The phone that is silence; it is one of the set even where the table hasn't it.

        Returns
        -------
        phone_set : PhoneSet
            Of all different phones of the table.
        """
        return cls(tuple(dict.fromkeys([*table.values(), silence])), silence)

    @functools.cached_property
    def index(self) -> Mapping[str, int]:
        """The place of each phone in `phones`."""
        return {phone: i for i, phone in enumerate(self.phones)}

    @property
    def coarsest(self) -> int:
        """Number of phones of the coarsest set, the one that errors are counted in."""
        return min(self.folded, default=len(self.phones))

    def folding(self, n_phones: int) -> Folding:
        """Return the coarser name of each phone, None where it is left out.

        Parameters
        ----------
        n_phones : int
            Size of the coarser set; of this set itself, every phone keeps its name.

        Returns
        -------
        folding : mapping
            A name, or None, for each phone.

        Raises
        ------
        ValueError
            If there is no coarser set of this size.
        """
        if n_phones in self.folded:
            return self.folded[n_phones]
        if n_phones == len(self.phones):
            return {phone: phone for phone in self.phones}
        sizes = " or ".join(map(str, dict.fromkeys([len(self.phones), *self.folded])))
        raise ValueError(f"n_phones: received {n_phones!r}; expected {sizes}, to which these phones are folded")

    def fold(self, sequence: Iterable[str], n_phones: int) -> list[str]:
        """Give phones their coarser names and leave out those without one; neighbours are not merged.

        Parameters
        ----------
        sequence : iterable of str
            Phones, of segments or of frames.
        n_phones : int
            Size of the coarser set; that of this set leaves all as it is.

        Returns
        -------
        folded : list of str
            Not longer than `sequence`.

        Raises
        ------
        ValueError
            If there is no coarser set of this size, or `sequence` has a phone that is not in this set.
        """
        folding = self.folding(n_phones)
        names = []
        for phone in sequence:
            if phone not in folding:
                raise ValueError(f"sequence: received the phone {phone!r}; expected one of {', '.join(self.phones)}")
            names.append(folding[phone])
        return [name for name in names if name is not None]

    @staticmethod
    def collapse(sequence: Iterable[str]) -> list[str]:
        """Merge equal neighbours.

        Parameters
        ----------
        sequence : iterable of str
            Phones, of segments or of frames.

        Returns
        -------
        collapsed : list of str
            No two neighbours are equal.
        """
        return [phone for phone, _ in itertools.groupby(sequence)]

    def counted(self, sequence: Iterable[str]) -> list[str]:
        """Return phones as errors are counted: folded to the coarsest set, equal neighbours merged.

        Parameters
        ----------
        sequence : iterable of str
            Phones of segments.

        Returns
        -------
        counted : list of str
            Names of the coarsest set.

        Raises
        ------
        ValueError
            As `fold`.
        """
        return self.collapse(self.fold(sequence, self.coarsest))

    def deleted_as_silence(self) -> PhoneSet:
        """Return the set in which what folding leaves out becomes silence, as TIMIT's q does in the authors' code.

        Returns
        -------
        phone_set : PhoneSet
            The same phones, folded to as many.
        """
        folded = {
            n: {phone: folding[self.silence] if name is None else name for phone, name in folding.items()}
            for n, folding in self.folded.items()
        }
        return PhoneSet(self.phones, self.silence, folded)

    def get_config(self) -> dict[str, Any]:
        """Return the set in JSON's types, from which `from_config` makes it again.

        Returns
        -------
        config : dict
            `phones`, `silence`, and for each coarser set of `folded` its names in the order of `phones`.
        """
        folded = [[folding[phone] for phone in self.phones] for folding in self.folded.values()]
        return {"phones": list(self.phones), "silence": self.silence, "folded": folded}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> PhoneSet:
        """Make a set from what `get_config` returned.

        Parameters
        ----------
        config : mapping
            `phones`, `silence` and `folded`.

        Returns
        -------
        phone_set : PhoneSet
            The set.
        """
        phones = config["phones"]
        folded = {}
        for names in config["folded"]:
            if len(names) != len(phones):
                raise ValueError(f"folded: received {len(names)} names; expected {len(phones)}, one for each phone")
            folded[len({*names} - {None})] = dict(zip(phones, names))
        return cls(tuple(phones), config["silence"], folded)

    def __len__(self) -> int:
        """Return the number of phones."""
        return len(self.phones)

    def __repr__(self) -> str:
        """Return the numbers of phones."""
        folded = f", folded to {' or '.join(map(str, self.folded))}" if self.folded else ""
        return f"<PhoneSet: {len(self.phones)} phones{folded}>"


def _checked_folding(n_phones: int, folding: Folding, phones: Sequence[str]) -> Folding:
    if {*folding} != {*phones}:
        differing = ", ".join(sorted({*folding} ^ {*phones}))
        raise ValueError(f"folded[{n_phones}]: received a table that differs in {differing}; expected each phone once")
    names = {name for name in folding.values() if name is not None}
    if len(names) != n_phones:
        raise ValueError(f"folded[{n_phones}]: received {len(names)} different names; expected {n_phones}")
    return {phone: folding[phone] for phone in phones}


#: TIMIT's phones by their names in the set of 48 (K.-F. Lee and H.-W. Hon, 1989), where these differ.
_OF_48: dict[str, str | None] = {
    "ax-h": "ax", "axr": "er", "em": "m", "nx": "n", "eng": "ng", "hv": "hh", "ux": "uw",
    "pcl": "cl", "tcl": "cl", "kcl": "cl", "bcl": "vcl", "dcl": "vcl", "gcl": "vcl", "h#": "sil", "pau": "sil",
    "q": None,
}  # fmt: skip

#: The names of the 48 in the set of 39, on which errors are counted, where these differ.
_OF_39 = {
    "ao": "aa", "ax": "ah", "ix": "ih", "el": "l", "en": "n", "zh": "sh", "cl": "sil", "vcl": "sil", "epi": "sil",
}  # fmt: skip


#: Stops and closures, fricatives, nasals, semivowels, vowels, silences.
_OF_61 = """
b d g p t k dx q bcl dcl gcl pcl tcl kcl jh ch s sh z zh f th v dh m n ng em en eng nx l r w y hh hv el
iy ih eh ey ae aa aw ay ah ao oy ow uh uw ux er ax ix axr ax-h pau epi h#
"""


def _timit_phones() -> PhoneSet:
    phones = tuple(_OF_61.split())
    to_48 = {phone: _OF_48.get(phone, phone) for phone in phones}
    to_39 = {phone: None if name is None else _OF_39.get(name, name) for phone, name in to_48.items()}
    return PhoneSet(phones, "h#", {48: to_48, 39: to_39})


TIMIT_PHONES = _timit_phones()
