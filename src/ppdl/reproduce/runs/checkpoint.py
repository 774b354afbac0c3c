"""What an unfinished run has reached, so that a kill costs little of it."""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

from .file import Configuration, configuration_key
from .whole import written_whole


class Checkpoint:
    """A file that holds the state of one run until it is finished.

    It is a pickle, which only the folder's owner should have written: nothing else than an unfinished run of the same
    configuration is read from it.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoints; made when it is first needed, and removed with the last of them.
    configuration : mapping
        Which run it is.
    """

    def __init__(self, folder: Path, configuration: Configuration) -> None:
        self.path = folder / f"{configuration_key(configuration)}.pickle"

    def read(self) -> Any:
        """Return what was written last; None if there is nothing.

        Raises
        ------
        ValueError
            If it can't be read, as after a change of versions; the message names the file.
        """
        if not self.path.exists():
            return None
        try:
            return pickle.loads(self.path.read_bytes())
        except Exception as error:
            raise ValueError(f"{self.path}: not an unfinished run of this version ({error!r}); delete it") from error

    def write(self, state: Any) -> None:
        """Replace what was written before, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(self.path) as part, part.open("wb") as file:
            pickle.dump(state, file)
            file.flush()
            os.fsync(file.fileno())

    def delete(self) -> None:
        """Remove the file, and the folder if nothing else is in it."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # absent, or other runs are unfinished
            self.path.parent.rmdir()
