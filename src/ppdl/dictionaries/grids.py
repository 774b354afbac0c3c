"""Orthonormal bases of images and signals, low frequencies first: cosines and wavelets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from ppdl import _core
from ppdl._extras import imported
from ppdl._precision import Floats

from .atoms import AtomDictionary
from .columns import Factors, in_each_channel
from .layer_input import LayerInput


def _grid(inputs: LayerInput, who: str) -> tuple[int, int]:
    """Height and width of the inputs; a layer without a shape is a signal, a grid of one row."""
    if inputs.shape is None:
        return 1, inputs.n_visible
    if inputs.grid is None:
        raise ValueError(
            f"{who} needs a grid: input_shape is a list of coordinates, expected (height, width[, channels])"
        )
    return inputs.grid


@dataclass(frozen=True, repr=False)
class DCT(AtomDictionary, id="dct"):
    """Orthonormal cosines (DCT-II) of each channel, low frequencies first; the Fourier bases of the paper's Sec. 3.1.

    On an image, the frequency of an atom is the length of (u / height, v / width), u and v being the half-waves down
    and across. Layers without a shape are taken as one-dimensional signals.

    Parameters
    ----------
    orthonormalize : bool, default=False
        Of no effect: the atoms are orthonormal.
    selection : {"leading", "uniform", "all"}, default="leading"
        How a column chooses its atoms: from low frequencies only, from all, or all of them; see `AtomDictionary`.
    leading, tied, scaled
        See `AtomDictionary`.

    Examples
    --------
    >>> from ppdl.dictionaries import DCT, LayerInput
    >>> columns = DCT(leading=1.0).columns(LayerInput(64, shape=(8, 8)), sizes=(5,), fraction=0.05)
    >>> columns.columns[0].atoms
    array([0, 1, 2])
    """

    selection: Literal["uniform", "leading", "all"] = dataclasses.field(default="leading", kw_only=True)

    atoms_per_channel: ClassVar[bool] = True
    same_in_channels: ClassVar[bool] = True
    orthonormal: ClassVar[bool] = True

    def base(self, inputs: LayerInput) -> Floats:
        """All cosines, shape (n_visible, n_visible)."""
        return in_each_channel(_core.dictionary.cosines(*_grid(inputs, "DCT")), inputs.n_channels)

    def factors(self, inputs: LayerInput) -> Factors | None:
        """Cosines down and across, and each atom's half-waves down and across."""
        height, width = _grid(inputs, "DCT")
        u, v = np.indices((height, width)).reshape(2, -1)
        order = np.argsort((u * width) ** 2 + (v * height) ** 2, kind="stable")  # that of the base
        return Factors(
            _core.dictionary.cosines(1, height), _core.dictionary.cosines(1, width), np.column_stack((u, v))[order]
        )


@dataclass(frozen=True, repr=False)
class Wavelet(AtomDictionary, id="wavelet"):
    """Orthonormal wavelets of each channel, coarse to fine (paper, Sec. 3.1); needs PyWavelets.

    The periodised multi-level transform goes as deep as both sides can be halved (28 × 28 to 7 × 7) and the wavelet's
    length allows. Order: the coarsest averages, then the details of each level from coarse to fine. Layers without a
    shape are taken as one-dimensional signals.

    Parameters
    ----------
    name : str, default="haar"
        An orthogonal wavelet of PyWavelets, such as "haar", "db2" or "sym4".
    orthonormalize : bool, default=False
        Of no effect: the atoms are orthonormal.
    selection : {"leading", "uniform", "all"}, default="leading"
        How a column chooses its atoms: from the coarse ones only, from all, or all of them; see `AtomDictionary`.
    leading, tied, scaled
        See `AtomDictionary`.

    Raises
    ------
    ImportError
        If PyWavelets is absent.
    ValueError
        If the wavelet is unknown or not orthogonal; from `columns`, if a side of the image is odd.

    Examples
    --------
    >>> from ppdl.dictionaries import LayerInput, Wavelet
    >>> Wavelet("db2").columns(LayerInput(784, shape=(28, 28)), sizes=(5,), fraction=0.1).dictionary(0).shape
    (784, 78)
    """

    name: str = "haar"
    selection: Literal["uniform", "leading", "all"] = dataclasses.field(default="leading", kw_only=True)

    atoms_per_channel: ClassVar[bool] = True
    same_in_channels: ClassVar[bool] = True
    orthonormal: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.name not in _pywt().wavelist(kind="discrete") or not _pywt().Wavelet(self.name).orthogonal:
            raise ValueError(
                f"name: received {self.name!r}; expected an orthogonal wavelet such as 'haar', 'db2', 'sym4'"
            )

    def base(self, inputs: LayerInput) -> Floats:
        """All wavelets, shape (n_visible, n_visible)."""
        pywt = _pywt()
        grid = _grid(inputs, "Wavelet")
        sides = grid if inputs.shape is not None else grid[1:]
        wavelet = pywt.Wavelet(self.name)
        level = min(min(_halvings(side), pywt.dwt_max_level(side, wavelet)) for side in sides)
        if level == 0:
            received = " x ".join(map(str, sides))
            raise ValueError(f"{self!r} needs sides that are even and longer than the wavelet; received {received}")
        axes = tuple(range(1, len(sides) + 1))

        # The inverse transform of every unit vector of coefficients at once.
        n = int(np.prod(sides))
        coefficients = pywt.wavedecn(np.zeros((n, *sides)), wavelet, mode="periodization", level=level, axes=axes)
        details = (detail[name] for detail in coefficients[1:] for name in sorted(detail))
        first = 0
        for part in (coefficients[0], *details):
            size = part[0].size
            part[first : first + size] = np.eye(size).reshape(size, *part.shape[1:])
            first += size
        atoms = pywt.waverecn(coefficients, wavelet, mode="periodization", axes=axes).reshape(n, n)
        return in_each_channel(np.ascontiguousarray(atoms.T), inputs.n_channels)


def _halvings(side: int) -> int:
    """How often `side` can be divided by 2."""
    return (side & -side).bit_length() - 1


def _pywt() -> Any:
    return imported("pywt", "Wavelet", "PyWavelets", "wavelet")
