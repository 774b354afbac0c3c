"""Reader of Praat's TextGrids in text form, long and short."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import TypeAlias

Interval: TypeAlias = tuple[float, float, str]
"""Begin and end, in seconds, and label."""

#: What Praat reads in a text: strings, numbers and flags that stand free. All else is there for people.
_TOKEN = re.compile(r'"(?P<string>(?:[^"]|"")*)"|(?P<comment>!.*)|(?P<word>[^\s"]+)|(?P<open>")')
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_FLAG = re.compile(r"<\w+>")

#: How UTF-16 begins; Praat writes it where labels aren't ASCII, and UTF-8 otherwise.
_ENCODINGS = {codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF16_LE: "utf-16"}


def read_tiers(content: bytes | bytearray) -> dict[str, list[Interval]]:
    """Return the intervals of every tier of intervals by the tier's name; tiers of points are left out.

    Raises
    ------
    ValueError
        If the content isn't a TextGrid as text, or is cut short; the message tells where.
    """
    if content.startswith(b"ooBinaryFile"):
        raise ValueError("a binary TextGrid; expected one saved as text")
    if not content:
        raise ValueError("the file is empty")
    tokens = _Tokens(bytes(content).decode(_ENCODINGS.get(bytes(content[:2]), "utf-8-sig")))
    kind, what = tokens.string("the file's type"), tokens.string("the file's class")
    if not kind.startswith("ooTextFile") or what != "TextGrid":
        raise ValueError(f"received a file of type {kind!r} and class {what!r}; expected 'ooTextFile' and 'TextGrid'")
    tokens.number("xmin"), tokens.number("xmax")
    if tokens.flag("whether there are tiers") != "<exists>":
        return {}
    n_tiers = tokens.count("the number of tiers")
    tiers = {}
    for tier in range(1, n_tiers + 1):
        kind, name = tokens.string(f"the class of tier {tier}"), tokens.string(f"the name of tier {tier}")
        tokens.number(f"xmin of tier {name!r}"), tokens.number(f"xmax of tier {name!r}")
        n_entries = tokens.count(f"the size of tier {name!r}")
        places = (f"entry {i} of tier {name!r}" for i in range(1, n_entries + 1))
        if kind == "IntervalTier":
            tiers[name] = [(tokens.number(place), tokens.number(place), tokens.string(place)) for place in places]
        elif kind == "TextTier":
            for place in places:
                tokens.number(place), tokens.string(place)
        else:
            raise ValueError(f"the class of tier {tier}: received {kind!r}; expected 'IntervalTier' or 'TextTier'")
    return tiers


class _Tokens:
    """What stands free in a text, taken in order and each by its kind."""

    def __init__(self, text: str) -> None:
        self._tokens = _free_standing(text)

    def string(self, place: str) -> str:
        return self._take("string", place)

    def number(self, place: str) -> float:
        return float(self._take("number", place))

    def count(self, place: str) -> int:
        number = self.number(place)
        if number != int(number) or number < 0:
            raise ValueError(f"{place}: received {number}; expected a whole number")
        return int(number)

    def flag(self, place: str) -> str:
        return self._take("flag", place)

    def _take(self, expected: str, place: str) -> str:
        kind, value = next(self._tokens, (None, ""))
        if kind is None:
            raise ValueError(f"cut short before {place}")
        if kind != expected:
            raise ValueError(f"{place}: received {value[:80]!r}; expected a {expected}")
        return value


def _free_standing(text: str) -> Iterator[tuple[str, str]]:
    """Yield strings, numbers and flags with their kinds."""
    for token in _TOKEN.finditer(text):
        if token["string"] is not None:
            yield "string", token["string"].replace('""', '"')
        elif token["open"]:
            raise ValueError("cut short in a string, which has no end")
        elif token["word"] and _NUMBER.fullmatch(token["word"]):
            yield "number", token["word"]
        elif token["word"] and _FLAG.fullmatch(token["word"]):
            yield "flag", token["word"]
