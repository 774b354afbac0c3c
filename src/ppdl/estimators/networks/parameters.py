"""Types of the parameters that all networks have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ppdl.dictionaries import Dictionary

from ..schedules import Schedule

ActivationName: TypeAlias = Literal["identity", "logistic", "tanh", "relu", "maxout"]
BatchSize: TypeAlias = int | Literal["auto"]
ClassWeight: TypeAlias = Mapping[Any, float] | list[Mapping[Any, float]] | Literal["balanced"] | None
DictionaryChoice: TypeAlias = Dictionary | Literal["auto"] | None
LearningRate: TypeAlias = Literal["constant", "invscaling", "adaptive", "one_cycle", "geometric"] | Schedule
Loss: TypeAlias = Literal["squared_error", "poisson"]
NumberOfColumns: TypeAlias = int | Literal["auto"]
Order: TypeAlias = Literal["auto", "predict", "pool"]
Penalty: TypeAlias = Literal["dynamic", "predicted"]
PretrainingKind: TypeAlias = Literal["autoencoder", "supervised"]
Preset: TypeAlias = Literal["denil2013", "small"]
Scale: TypeAlias = Literal["auto", "glorot", "he", "lecun"]
Solver: TypeAlias = Literal["lbfgs", "sgd", "adam"]
