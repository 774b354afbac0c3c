"""Data sets in the form that scikit-learn's loaders return."""

from .cifar10 import load_cifar10 as load_cifar10
from .digits import load_digits as load_digits
from .mnist import load_mnist as load_mnist
from .natural_images import load_natural_images as load_natural_images
from .phone_sets import TIMIT_PHONES as TIMIT_PHONES
from .phone_sets import PhoneSet as PhoneSet
from .stl10 import load_stl10 as load_stl10
from .textgrid import load_textgrid_corpus as load_textgrid_corpus
from .timit import load_timit as load_timit
from .utterances import Utterance as Utterance

__all__ = [
    "TIMIT_PHONES",
    "PhoneSet",
    "Utterance",
    "load_cifar10",
    "load_digits",
    "load_mnist",
    "load_natural_images",
    "load_stl10",
    "load_textgrid_corpus",
    "load_timit",
]
