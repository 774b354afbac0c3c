"""What makes a network a multi-layer perceptron."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from .design import PerceptronDesign, perceptron_design
from .merging import as_sklearn

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier, MLPRegressor


class PerceptronMixin:
    """A network of dense layers, of which parameters give sizes, dictionaries and numbers of columns."""

    def _design(self) -> PerceptronDesign:
        return perceptron_design(self)

    def _ordinary(self) -> dict[str, Any]:
        return {"dictionary": None, "learned_fraction": None, "n_columns": "auto"}

    def to_sklearn(self) -> MLPClassifier | MLPRegressor:
        """Return a fitted `MLPClassifier` or `MLPRegressor` of scikit-learn, of the same function.

        It has W = UV in its `coefs_`, the biases in its `intercepts_`, and the parameters that it knows; a learning
        rate that it does not know becomes constant. Its outputs differ from this one's by rounding. It can be trained
        further, all weights then, with a fresh optimiser.

        Returns
        -------
        sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor

        Raises
        ------
        ValueError
            If the network has what scikit-learn's has not, maxout units or a single class, or if a parameter of it was
            changed since it was fitted.

        Examples
        --------
        >>> import numpy as np
        >>> from ppdl import PredictedMLPRegressor
        >>> from ppdl.dictionaries import RandomProjection
        >>> X = np.random.default_rng(0).normal(size=(100, 8))
        >>> reg = PredictedMLPRegressor(
        ...     hidden_layer_sizes=(20,), dictionary=RandomProjection(), learned_fraction=0.5, max_iter=5,
        ...     n_iter_no_change=np.inf, random_state=0).fit(X, X.sum(axis=1))
        >>> mlp = reg.to_sklearn()
        >>> type(mlp).__name__, np.allclose(mlp.predict(X), reg.predict(X))
        ('MLPRegressor', True)
        """
        check_is_fitted(self)
        return as_sklearn(self)
