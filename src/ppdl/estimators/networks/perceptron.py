"""What makes a network a multi-layer perceptron."""

from __future__ import annotations

from typing import Any

from .design import PerceptronDesign, perceptron_design


class PerceptronMixin:
    """A network of dense layers, of which parameters give sizes, dictionaries and numbers of columns."""

    def _design(self) -> PerceptronDesign:
        return perceptron_design(self)

    def _ordinary(self) -> dict[str, Any]:
        return {"dictionary": None, "learned_fraction": 1.0, "n_columns": 1}
