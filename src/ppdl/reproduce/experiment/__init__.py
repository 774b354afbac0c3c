"""What every figure is made of: its options, its runs, its table and its picture."""

from . import choices as choices
from . import options as options
from .experiment import Experiment as Experiment
from .figure import Figure as Figure
from .options import Option as Option
