"""What every fitted estimator of ppdl can do: be saved."""

from __future__ import annotations

import os

from sklearn.utils.validation import check_is_fitted


class SavableMixin:
    """Gives an estimator `save`; the codecs of `ppdl.estimators.persistence` say what its file holds."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a safetensors file, from which `ppdl.load` reads it.

        The file holds the parameters and what was learned: of predicted weights V, the specification of the
        dictionaries with a digest of each U, and, of dictionaries made from data, their bases. It holds no code, and no
        state of an optimiser. An existing file is replaced whole or not at all, and keeps its permissions; of a
        symbolic link, the file that it points to.

        Parameters
        ----------
        path : path-like
            The file.

        Raises
        ------
        ValueError
            If the estimator is of a class derived from ppdl's, if a parameter or a class label cannot be written, or if
            a parameter of what was fitted has been changed since; nothing is written then.
        OSError
            If the file cannot be written.
        """
        from ppdl.estimators.persistence.saving import save

        check_is_fitted(self, "n_features_in_")
        save(self, path)
