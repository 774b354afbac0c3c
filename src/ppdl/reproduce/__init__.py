"""The paper's figures, recomputed: one module for each, called by the command line and the notebooks alike."""

from .figure4_left import figure4_left as figure4_left
from .figure4_left_result import Figure4Left as Figure4Left
from .recipes import RECIPES as RECIPES
from .recipes import Recipe as Recipe

__all__ = ["RECIPES", "Figure4Left", "Recipe", "figure4_left"]
