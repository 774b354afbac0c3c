"""Checks for dictionaries and gradients of your own."""

from ._gradient import check_gradient as check_gradient

__all__ = ["check_gradient"]
