"""The paper's figures, recomputed: one module for each, called by the command line and the notebooks alike."""

from .figure1 import Figure1 as Figure1
from .figure1 import figure1 as figure1
from .figure2 import Figure2 as Figure2
from .figure2 import figure2 as figure2
from .figure4_left import figure4_left as figure4_left
from .figure4_left_result import Figure4Left as Figure4Left
from .recipes import RECIPES as RECIPES
from .recipes import Recipe as Recipe

__all__ = ["RECIPES", "Figure1", "Figure2", "Figure4Left", "Recipe", "figure1", "figure2", "figure4_left"]
