"""Data sets in the form that scikit-learn's loaders return."""

from .digits import load_digits as load_digits
from .mnist import load_mnist as load_mnist

__all__ = ["load_digits", "load_mnist"]
