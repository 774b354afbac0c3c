"""Dictionaries: what the static factor U of a predicted weight matrix W = UV is made of (paper, Sec. 3.1 and 3.5)."""

from .atoms import AtomDictionary as AtomDictionary
from .autoencoder import AutoencoderAtoms as AutoencoderAtoms
from .base import Dictionary as Dictionary
from .columns import Column as Column
from .columns import DictionaryColumns as DictionaryColumns
from .columns import StoredBase as StoredBase
from .columns import column_sizes as column_sizes
from .explicit import Explicit as Explicit
from .grids import DCT as DCT
from .grids import Wavelet as Wavelet
from .identity import Identity as Identity
from .identity import LowRank as LowRank
from .identity import RandomConnections as RandomConnections
from .kernels import EmpiricalCovariance as EmpiricalCovariance
from .kernels import KernelDictionary as KernelDictionary
from .kernels import SquaredExponential as SquaredExponential
from .layer_input import LayerInput as LayerInput
from .principal_components import PrincipalComponents as PrincipalComponents
from .random_projection import RandomProjection as RandomProjection

__all__ = [
    "DCT",
    "AtomDictionary",
    "AutoencoderAtoms",
    "Column",
    "Dictionary",
    "DictionaryColumns",
    "EmpiricalCovariance",
    "Explicit",
    "Identity",
    "KernelDictionary",
    "LayerInput",
    "LowRank",
    "PrincipalComponents",
    "RandomConnections",
    "RandomProjection",
    "SquaredExponential",
    "StoredBase",
    "Wavelet",
    "column_sizes",
]
