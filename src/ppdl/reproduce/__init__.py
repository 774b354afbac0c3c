"""The paper's figures, recomputed: one module for each, called by the command line and the notebooks alike."""

from .encodings import encodings as encodings
from .encodings_result import Encodings as Encodings
from .figure1 import Figure1 as Figure1
from .figure1 import figure1 as figure1
from .figure2 import Figure2 as Figure2
from .figure2 import figure2 as figure2
from .figure4_left import figure4_left as figure4_left
from .figure4_left_result import Figure4Left as Figure4Left
from .figure6_left import figure6_left as figure6_left
from .figure6_left_result import Figure6Left as Figure6Left
from .figure6_right import figure6_right as figure6_right
from .figure6_right_result import Figure6Right as Figure6Right
from .patch_recipes import PATCH_RECIPES as PATCH_RECIPES
from .patch_recipes import PatchRecipe as PatchRecipe
from .recipes import RECIPES as RECIPES
from .recipes import Recipe as Recipe

__all__ = [
    "PATCH_RECIPES",
    "RECIPES",
    "Encodings",
    "Figure1",
    "Figure2",
    "Figure4Left",
    "Figure6Left",
    "Figure6Right",
    "PatchRecipe",
    "Recipe",
    "encodings",
    "figure1",
    "figure2",
    "figure4_left",
    "figure6_left",
    "figure6_right",
]
