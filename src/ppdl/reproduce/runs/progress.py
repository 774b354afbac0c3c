"""A progress bar over the records of a sweep."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

from ppdl._extras import imported

from .file import Record


def tracked(records: Iterable[Record], total: int, describe: Callable[[Record], str]) -> Iterator[Record]:
    """Pass records on, and show on standard error how many have come and what the last one says.

    Raises
    ------
    ImportError
        If tqdm is absent; the message names the extra that brings it.
    """
    tqdm = imported("tqdm", "a progress bar", "tqdm", "reproduce", ", or pass verbose=False")
    with tqdm.tqdm(total=total, unit="run", file=sys.stderr, dynamic_ncols=True) as bar:
        for record in records:
            bar.set_postfix_str(describe(record))
            bar.update()
            yield record
