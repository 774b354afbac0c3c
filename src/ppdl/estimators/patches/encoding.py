"""The core's encoder of patches, made from a fitted normaliser, whitener and learner."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ppdl import _checks as checks
from ppdl._precision import Array, core, product
from ppdl.preprocessing import ContrastNormalizer, Whitener

from .options import PatchCode, PatchGrid

if TYPE_CHECKING:
    from ppdl._core import _scalar


def learned_filters(learner: Any, n_inputs: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the filters of a fitted learner, in rows, and what it subtracts from a sample first.

    Returns
    -------
    filters : ndarray of shape (n_filters, n_inputs)
        Its `components_`, or else its `cluster_centers_`.
    mean : ndarray of shape (n_inputs,)
        Its `mean_` where it has one beside `components_`, otherwise zeros.

    Raises
    ------
    ValueError
        If it has neither, or they are not finite, or are of another shape.
    """
    name = next((name for name in ("components_", "cluster_centers_") if hasattr(learner, name)), None)
    if name is None:
        raise ValueError(
            f"learner: received {learner!r}, which has neither components_ nor cluster_centers_ after its fit; "
            "expected one of them"
        )
    filters = np.asarray(getattr(learner, name), dtype=np.float64)
    mean = getattr(learner, "mean_", None) if name == "components_" else None
    mean = np.zeros(n_inputs) if mean is None else np.asarray(mean, dtype=np.float64)
    if filters.ndim != 2 or filters.shape[1] != n_inputs or mean.shape != (n_inputs,):
        raise ValueError(
            f"learner: received {learner!r}, which has {name} of shape {filters.shape} and a mean of shape "
            f"{mean.shape}; expected (n_filters, {n_inputs}) and ({n_inputs},)"
        )
    if not (np.isfinite(filters).all() and np.isfinite(mean).all()):
        raise ValueError(
            f"learner: received {learner!r}, which has {name} or a mean with NaN or infinity; expected finite numbers"
        )
    return filters, mean


def encoder_maker(
    grid: PatchGrid,
    code: PatchCode,
    normalizer: ContrastNormalizer | None,
    whitener: Whitener | None,
    filters: Array,
    mean: Array,
) -> Callable[[tuple[int, int, int]], _scalar.PatchEncoder]:
    """Return what makes the core's encoder of images of a shape, in the precision of the filters.

    With μ, P of the whitener and m, F of the learner, responses to a patch x are ((x - μ) P - m) Fᵀ. The core subtracts
    one vector c of that precision, near the patches, from x, so that nothing large cancels later; what remains,
    (μ - c) P + m, is joined with the filters here, once, and so is P where the code is of linear responses. Distances
    to centroids ask for the whitened patch itself.
    """
    dtype = filters.dtype
    F, m = filters.T.astype(np.float64, order="C"), mean.astype(np.float64)
    triangle = code.encoding == "triangle"
    options: dict[str, Any] = {}
    if normalizer is not None:
        options |= {"center": normalizer.center, "scale": normalizer.scale, "contrast_epsilon": normalizer.epsilon}
    near = m + F.mean(axis=1) if triangle else m
    centre = checks.cast("mean", near if whitener is None else whitener.mean_, dtype)
    if whitener is None:
        P, remainder = None, m - centre
    else:
        P = whitener.whitening_.astype(np.float64)
        remainder = m + product((whitener.mean_ - centre)[np.newaxis], P)[0]
    bias = None
    if triangle:
        F += remainder[:, np.newaxis]
        if whitener is not None:
            options["whitening"] = whitener.whitening_
    else:
        bias = checks.cast("filters", -product(remainder[np.newaxis], F)[0], dtype)
        F = F if P is None else product(P, F)
    return functools.partial(
        core(dtype).PatchEncoder,
        filters=checks.cast("filters", F, dtype),
        bias=bias,
        patch_size=grid.patch_size,
        stride=grid.stride,
        regions=grid.regions,
        mean=centre,
        encoding=code.encoding,
        epsilon=code.epsilon,
        threshold=code.threshold,
        **options,
    )
