"""What is done to patches of images and to speech before anything is learned, as scikit-learn's transformers."""

from .cepstra import Cepstra as Cepstra
from .contrast import ContrastNormalizer as ContrastNormalizer
from .patches import RandomPatches as RandomPatches
from .patches import extract_patches as extract_patches
from .whitening import Whitener as Whitener

__all__ = ["Cepstra", "ContrastNormalizer", "RandomPatches", "Whitener", "extract_patches"]
