"""Data sets in the form that scikit-learn's loaders return."""

from .cifar10 import load_cifar10 as load_cifar10
from .digits import load_digits as load_digits
from .mnist import load_mnist as load_mnist
from .natural_images import load_natural_images as load_natural_images
from .stl10 import load_stl10 as load_stl10

__all__ = ["load_cifar10", "load_digits", "load_mnist", "load_natural_images", "load_stl10"]
