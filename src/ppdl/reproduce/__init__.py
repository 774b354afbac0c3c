"""The paper's figures, recomputed: one module for each, called by the command line and the notebooks alike."""

from .figures.encodings import Encodings as Encodings
from .figures.encodings import encodings as encodings
from .figures.figure1 import Figure1 as Figure1
from .figures.figure1 import figure1 as figure1
from .figures.figure2 import Figure2 as Figure2
from .figures.figure2 import figure2 as figure2
from .figures.figure3 import Figure3 as Figure3
from .figures.figure3 import figure3 as figure3
from .figures.figure4_left import Figure4Left as Figure4Left
from .figures.figure4_left import figure4_left as figure4_left
from .figures.figure4_right import Figure4Right as Figure4Right
from .figures.figure4_right import figure4_right as figure4_right
from .figures.figure5 import Figure5 as Figure5
from .figures.figure5 import figure5 as figure5
from .figures.figure6_left import Figure6Left as Figure6Left
from .figures.figure6_left import figure6_left as figure6_left
from .figures.figure6_right import Figure6Right as Figure6Right
from .figures.figure6_right import figure6_right as figure6_right
from .recipes.convnets import CONVNET_RECIPES as CONVNET_RECIPES
from .recipes.convnets import ConvNetRecipe as ConvNetRecipe
from .recipes.networks import RECIPES as RECIPES
from .recipes.networks import Recipe as Recipe
from .recipes.patches import PATCH_RECIPES as PATCH_RECIPES
from .recipes.patches import PatchRecipe as PatchRecipe
from .recipes.speech import SPEECH_RECIPES as SPEECH_RECIPES
from .recipes.speech import SpeechRecipe as SpeechRecipe

__all__ = [
    "CONVNET_RECIPES",
    "PATCH_RECIPES",
    "RECIPES",
    "SPEECH_RECIPES",
    "ConvNetRecipe",
    "Encodings",
    "Figure1",
    "Figure2",
    "Figure3",
    "Figure4Left",
    "Figure4Right",
    "Figure5",
    "Figure6Left",
    "Figure6Right",
    "PatchRecipe",
    "Recipe",
    "SpeechRecipe",
    "encodings",
    "figure1",
    "figure2",
    "figure3",
    "figure4_left",
    "figure4_right",
    "figure5",
    "figure6_left",
    "figure6_right",
]
