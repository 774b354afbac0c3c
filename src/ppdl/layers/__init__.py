"""Specifications of layers: frozen values, of which a network is a list; each knows the shape of its outputs."""

from .base import Layer as Layer
from .base import Shape as Shape
from .convolution import Conv2D as Conv2D
from .dense import Dense as Dense
from .elementwise import Activation as Activation
from .elementwise import Dropout as Dropout
from .elementwise import Maxout as Maxout
from .jitter import Jitter as Jitter
from .pooling import AvgPool2D as AvgPool2D
from .pooling import MaxPool2D as MaxPool2D
from .weighted import Weighted as Weighted

__all__ = [
    "Activation",
    "AvgPool2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Jitter",
    "Layer",
    "MaxPool2D",
    "Maxout",
    "Shape",
    "Weighted",
]
