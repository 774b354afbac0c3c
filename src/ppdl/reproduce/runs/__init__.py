"""Runs: recorded as they finish, resumed where they stopped, each with the code and the machine that made it."""

from .checkpoint import Checkpoint as Checkpoint
from .environment import environment as environment
from .file import Configuration as Configuration
from .file import Record as Record
from .file import RunFile as RunFile
from .file import configuration_key as configuration_key
from .progress import tracked as tracked
from .recording import Recording as Recording
from .sweep import sweep as sweep
