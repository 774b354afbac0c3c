"""Specifications of layers: frozen values, of which a network is a list; each knows the shape of its outputs."""

from .base import Layer as Layer
from .base import Shape as Shape
from .dense import Dense as Dense
from .elementwise import Activation as Activation
from .elementwise import Dropout as Dropout
from .elementwise import Maxout as Maxout

__all__ = ["Activation", "Dense", "Dropout", "Layer", "Maxout", "Shape"]
