"""What a user chooses by name or number, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def known(what: str, name: str, table: Mapping[str, object]) -> str:
    """Return a name that is in the table.

    Raises
    ------
    ValueError
        If it is not; the message begins with `what` and lists the table's names.
    """
    if name not in table:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, table))}, got {name!r}.")
    return name


def chosen_seeds(seeds: int | Iterable[int]) -> list[int]:
    """Return a list of seeds, the first ones if only their number is given."""
    chosen = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if not chosen:
        raise ValueError(f"seeds must be a positive number or a list of seeds, got {seeds!r}.")
    return chosen
