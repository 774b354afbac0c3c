"""Pipelines: step number n is a part of its own, ``step.n``, if it is an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.pipeline import Pipeline

from .codec import Codec, register
from .estimator import describe, restore
from .fields import Contents, invalid, naming

_NOTHING = "passthrough"


def _params(pipeline: Pipeline) -> Mapping[str, Any]:
    """Parameters; no step is an estimator in them, and nothing is cached."""
    steps = [(name, _NOTHING) for name, _ in pipeline.steps]
    return {**pipeline.get_params(deep=False), "steps": steps, "memory": None}


def _describe(pipeline: Pipeline, optimizer_state: bool) -> Contents:
    contents = Contents()
    for n, (name, step) in enumerate(pipeline.steps):
        if step is not None and step != _NOTHING:
            with naming(f"step {name!r}"):
                contents.put(f"step.{n}", describe(step, optimizer_state))
    return contents


def _restore(pipeline: Pipeline, contents: Contents, _: object) -> None:
    if not isinstance(pipeline.steps, list) or not pipeline.steps:
        raise invalid("steps", pipeline.steps, "a list of names and steps")
    for n, (name, _) in enumerate(pipeline.steps):
        if not isinstance(name, str):
            raise invalid("steps", name, "the name of a step")
        step: Any = _NOTHING
        if f"step.{n}" in contents.specification:
            with naming(f"step {name!r}"):
                step = restore(contents.part(f"step.{n}"))
        pipeline.steps[n] = (name, step)


register(Codec(Pipeline, _describe, _restore, params=_params, counts_features=False))
