"""What every fitted estimator of ppdl can do: be saved."""

from __future__ import annotations

import os


class SavableMixin:
    """Gives an estimator `save`; the codecs of `ppdl.estimators.persistence` say what its file holds."""

    def save(self, path: str | os.PathLike[str], *, optimizer_state: bool = False) -> None:
        """Write the fitted estimator to a safetensors file, from which `ppdl.load` reads it; see `ppdl.save`.

        Parameters
        ----------
        path : path-like
            The file.
        optimizer_state : bool, default=False
            Whether `partial_fit` of the loaded estimator goes on with the state of the optimiser.
        """
        from ppdl.estimators.persistence.saving import save

        save(self, path, optimizer_state=optimizer_state)
