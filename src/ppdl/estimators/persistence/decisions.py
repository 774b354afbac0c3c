"""What a network decided where its parameters leave it open: in the file, for a later version may decide otherwise."""

from __future__ import annotations

import dataclasses

from ppdl import _checks as checks
from ppdl.layers import Layer, Weighted

from ..networks.architecture import Architecture
from .fields import Contents, invalid, naming
from .json_values import from_json, to_json

_NAME = "decided"


def describe_decisions(architecture: Architecture, contents: Contents) -> None:
    """Add the layers of which something was left open."""
    layers = [
        to_json("dictionary", layer)  # as a parameter of that name would be refused
        for layer, described in zip(architecture.layers, architecture.described, strict=False)
        if layer != described
    ]
    if layers:
        contents.specification[_NAME] = layers


def with_decisions(architecture: Architecture, contents: Contents) -> Architecture:
    """Return an architecture with the layers that `describe_decisions` added, in place of what would be decided now.

    Raises
    ------
    ValueError
        If they are not what the parameters leave open.
    """
    given = contents.field(_NAME, list) if _NAME in contents.specification else []
    opened = [n for n, described in enumerate(architecture.described) if architecture.layers[n] != described]
    if len(given) != len(opened):
        raise invalid(_NAME, f"{len(given)} layers", f"{len(opened)}, those that the parameters leave open")
    layers = list(architecture.layers)
    for n, value in zip(opened, given, strict=True):
        with naming(_NAME):
            layer = from_json(_NAME, value)
            checks.integer("n_columns", layer.n_columns, at_most=len(contents.tensors))  # before so many are made
        if not _closes(layer, architecture.described[n]):
            raise invalid(_NAME, layer, f"what {architecture.described[n]!r} may become")
        layers[n] = layer
    return dataclasses.replace(architecture, layers=tuple(layers))


def _closes(layer: Layer, described: Layer) -> bool:
    """Whether a layer is what another one describes, and leaves nothing open."""
    if not isinstance(layer, Weighted) or not isinstance(described, Weighted) or type(layer) is not type(described):
        return False
    chosen = described.dictionary is None  # then the fraction may be another one, too
    return (
        None not in (layer.dictionary, layer.fraction)
        and (chosen or layer.dictionary == described.dictionary)
        and (chosen or described.fraction in (None, layer.fraction))
        and described.n_columns in ("auto", layer.n_columns)
        and layer.opened(described) == described
    )
