"""Checks for dictionaries and gradients of your own."""

from ._dictionary import check_dictionary as check_dictionary
from ._gradient import check_gradient as check_gradient

__all__ = ["check_dictionary", "check_gradient"]
