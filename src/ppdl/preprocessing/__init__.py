"""Patches of images and what is done to them before features are learned, as scikit-learn's transformers."""

from .contrast import ContrastNormalizer as ContrastNormalizer
from .patches import RandomPatches as RandomPatches
from .patches import extract_patches as extract_patches
from .whitening import Whitener as Whitener

__all__ = ["ContrastNormalizer", "RandomPatches", "Whitener", "extract_patches"]
