"""The parameters of `RICA`, parsed once."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl.dictionaries import Dictionary, LayerInput, LowRank

from ..predicted_weights import checked_dictionary

Contrast: TypeAlias = Literal["smooth-l1", "logcosh", "exp"]
CONTRASTS = get_args(Contrast)

_CONTINUED = (
    "n_components",
    "input_shape",
    "dictionary",
    "learned_fraction",
    "n_columns",
    "standardize",
    "whiten",
    "whiten_epsilon",
)


@dataclass(frozen=True)
class RicaOptions:
    """Valid parameters of `RICA` for data of a number of features and a precision, which describes them.

    `signs` stands for `non_gaussianity`, one for each component, and is None where the components are to tell; `whiten`
    is never "auto", and `tol` is None for it; `init` is "samples", None or weights; `structure` holds the parameters
    that cannot change while a fit is continued.
    """

    n_components: int
    dictionary: Dictionary
    learned_fraction: float
    n_columns: int
    input_shape: Any
    contrast: str
    contrast_epsilon: float
    sparsity: float
    signs: npt.NDArray[np.int64] | None
    whiten: str | None
    whiten_epsilon: float
    standardize: bool
    max_iter: int
    max_fun: int
    tol: float | None
    step_tol: float
    memory: int
    init: str | npt.NDArray[np.float64] | None
    batch_size: int
    learning_rate_init: float
    n_threads: int | None
    memory_limit: int
    verbose: int
    structure: Mapping[str, Any]

    @classmethod
    def of(cls, params: Mapping[str, Any], n_features: int, dtype: np.dtype[Any]) -> RicaOptions:
        """Parse the constructor's parameters.

        Raises
        ------
        ValueError
            Naming the parameter, what was received and what was expected.
        """
        n_components = n_features
        if params["n_components"] is not None:
            n_components = checks.integer("n_components", params["n_components"], at_most=checks.LARGEST_INT)
        checks.boolean("warm_start", params["warm_start"])
        shape = params["input_shape"]
        everyday = params["dictionary"] is None and n_components <= n_features
        whiten = checks.one_of("whiten", params["whiten"], ("auto", None, "zca", "pca"))
        if whiten == "auto":
            whiten = "pca" if everyday else None
        received = {**params, "n_components": n_components, "whiten": whiten}
        received["input_shape"] = None if shape is None else np.asarray(shape).tolist()
        options = cls(
            n_components=n_components,
            dictionary=checked_dictionary(params["dictionary"]),
            learned_fraction=checks.real("learned_fraction", params["learned_fraction"], above=0.0, at_most=1.0),
            n_columns=checks.integer("n_columns", params["n_columns"], at_most=checks.LARGEST_INT),
            input_shape=shape,
            contrast=checks.one_of("contrast", params["contrast"], CONTRASTS),
            contrast_epsilon=_contrast_epsilon(params["contrast_epsilon"], dtype),
            sparsity=checks.real("sparsity", params["sparsity"], at_least=0.0),
            signs=_signs(params["non_gaussianity"], n_components, everyday),
            whiten=whiten,
            whiten_epsilon=checks.real("whiten_epsilon", params["whiten_epsilon"], at_least=0.0),
            standardize=checks.boolean("standardize", params["standardize"]),
            max_iter=checks.integer("max_iter", params["max_iter"]),
            max_fun=checks.integer("max_fun", params["max_fun"]),
            tol=_tol(params["tol"]),
            step_tol=checks.real("step_tol", params["step_tol"], at_least=0.0),
            memory=checks.integer("memory", params["memory"], at_most=checks.LARGEST_INT),
            init=_init(params["init"], (n_components, n_features)),
            batch_size=checks.integer("batch_size", params["batch_size"]),
            learning_rate_init=checks.real("learning_rate_init", params["learning_rate_init"], above=0.0),
            n_threads=checks.n_threads(params["n_threads"]),
            memory_limit=checks.integer("memory_limit", params["memory_limit"], at_least=0),
            verbose=checks.verbosity(params["verbose"]),
            structure={name: received[name] for name in _CONTINUED},
        )
        options._check_together(params["dictionary"])
        return options

    def n_axes(self, n_features: int) -> int:
        """Return the number of features of prepared samples: after PCA as many as there are components, at most."""
        return min(self.n_components, n_features) if self.whiten == "pca" else n_features

    def inputs(self, n_features: int, seed: int, activations: Callable[[], Array] | None = None) -> LayerInput:
        """Return what dictionaries may know of the prepared samples; principal axes have no places.

        Raises
        ------
        ValueError
            If `input_shape` does not hold the features.
        """
        inputs = LayerInput(n_features, shape=self.input_shape, activations=activations, seed=seed)
        if self.whiten != "pca":
            return inputs
        return dataclasses.replace(inputs, n_visible=self.n_axes(n_features), shape=None)

    def gradient_tolerance(self, n_samples: int) -> float:
        """Return what entries of the gradient may be: by default a twentieth of what other samples would change."""
        return 0.05 / math.sqrt(n_samples) if self.tol is None else self.tol

    def check_structure(self, fitted: Mapping[str, Any]) -> None:
        """Raise a ValueError unless `structure` is that of an earlier fit."""
        for name, before in fitted.items():
            if (now := self.structure[name]) != before:
                raise ValueError(
                    f"{name}: received {now!r}; expected {before!r}, which was fitted; set it back, or fit anew"
                )

    def _check_together(self, dictionary: Dictionary | None) -> None:
        if dictionary is None and self.learned_fraction < 1.0:
            raise ValueError(
                f"learned_fraction: received {self.learned_fraction!r}, but without a dictionary every weight is "
                "learned; choose a dictionary from ppdl.dictionaries, or leave learned_fraction at 1"
            )
        if self.init is not None and isinstance(dictionary, LowRank):
            raise ValueError("init: weights to start from have no unique U and V of LowRank; leave init at None")
        if self.whiten == "pca" and dictionary is not None and self.input_shape is not None:
            raise ValueError(
                "whiten: received 'pca', after which features are no longer the points of input_shape; choose 'zca' or "
                "None, or leave input_shape out with a dictionary that needs no topology"
            )


def _contrast_epsilon(value: Any, dtype: np.dtype[Any]) -> float:
    epsilon = checks.real("contrast_epsilon", value, above=0.0)
    with np.errstate(over="ignore"):
        rounded = dtype.type(epsilon)
    if not 0.0 < rounded < np.inf:
        raise ValueError(
            f"contrast_epsilon: received {value!r}, which is {rounded} in {dtype}, the precision of X; expected a "
            "number above 0 and finite"
        )
    return epsilon


def _tol(value: Any) -> float | None:
    if isinstance(value, str) and value == "auto":
        return None
    return checks.real("tol", value, at_least=0.0)


def _signs(value: Any, n_components: int, everyday: bool) -> npt.NDArray[np.int64] | None:
    if isinstance(value, str) and value == "auto":
        return None if everyday else np.ones(n_components, dtype=np.int64)
    return checked_signs("non_gaussianity", value, n_components, "'auto', ")


def checked_signs(name: str, value: Any, n_components: int, also: str = "") -> npt.NDArray[np.int64]:
    """Return the sign of each component, from one for all or one for each. Errors say what is expected `also`."""
    signs = np.asarray(value)
    if signs.shape not in ((), (n_components,)) or not np.isin(signs, (-1, 1)).all():
        raise ValueError(
            f"{name}: received {value!r}; expected {also}1 or -1, or one of these two for each of {n_components} "
            "components"
        )
    return np.full(n_components, signs.astype(np.int64))


def _init(value: Any, shape: tuple[int, int]) -> str | npt.NDArray[np.float64] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return str(checks.one_of("init", value, ("samples",)))
    init = np.asarray(value)
    if init.dtype.kind not in "iuf" or init.shape != shape:
        raise ValueError(
            f"init: received {init.dtype} of shape {init.shape}; expected numbers of shape (n_components, n_features), "
            f"{shape}"
        )
    init = init.astype(np.float64)
    if not np.isfinite(init).all():
        raise ValueError("init: received NaN or infinity; expected finite numbers")
    if not init.any(axis=1).all():
        raise ValueError(f"init: row {int(np.argmin(init.any(axis=1)))} is zero; expected a direction in each row")
    return init
