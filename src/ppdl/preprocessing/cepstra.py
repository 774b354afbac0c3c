"""What recognisers of speech have seen for decades: mel-frequency cepstra, energy, and their derivatives over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ppdl import _checks as checks
from ppdl._precision import Array
from ppdl._savable import SavableMixin
from ppdl.datasets.utterances import Utterance, checked_utterances

from .mel_cepstra import FrontEnd, regression

if TYPE_CHECKING:
    from typing_extensions import Self

Frames: TypeAlias = npt.NDArray[np.float32]
"""Features (n_frames, n_features) of one utterance."""

_CONSTANT = 1e-10  # deviation, as a part of the mean, that is rounding


@dataclass(frozen=True)
class _Settings:
    """The parameters, checked."""

    window: float
    hop: float
    n_cepstra: int
    n_filters: int
    energy: bool
    deltas: int
    delta_width: int
    preemphasis: float
    standardize: bool

    def sizes(self, rate: float) -> tuple[int, int]:
        """Return window and hop in samples."""
        window, hop = round(self.window * rate), round(self.hop * rate)
        if window < 2 or hop < 1:
            raise ValueError(
                f"window, hop: received {self.window:g} and {self.hop:g} seconds; expected at least 2 samples and 1, "
                f"at {rate:g} a second"
            )
        return window, hop

    def computed(self, utterances: Sequence[Utterance], rate: float, n_features: int | None = None) -> Iterator[Frames]:
        """Yield the features of each utterance, which has to be of this rate and number of features."""
        for utterance in utterances:
            if utterance.rate != rate:
                raise ValueError(f"{utterance.name}: rate: received {utterance.rate:g}; expected {rate:g}, as before")
            features = self._features(utterance)
            n_features = features.shape[1] if n_features is None else n_features
            if features.shape[1] != n_features:
                raise ValueError(
                    f"{utterance.name}: signal: received {features.shape[1]} features; expected {n_features}, as before"
                )
            yield features

    def _features(self, utterance: Utterance) -> Frames:
        """Return an utterance's features (n_frames, n_features), not standardised."""
        if not utterance.is_waveform:
            return np.ascontiguousarray(utterance.signal)
        window, hop = self.sizes(utterance.rate)
        if len(utterance.signal) < window:
            received = f"{len(utterance.signal)} samples"
            raise ValueError(f"{utterance.name}: signal: received {received}; expected at least a frame, {window}")
        front_end = FrontEnd(utterance.rate, window, hop, self.n_cepstra, self.n_filters, self.energy, self.preemphasis)
        parts = [front_end.coefficients(utterance.signal)]
        for _ in range(self.deltas):
            parts.append(regression(parts[-1], self.delta_width))
        return np.hstack(parts).astype(np.float32)


class Cepstra(SavableMixin, TransformerMixin, BaseEstimator):
    r"""Features of speech: mel-frequency cepstra and energy of short frames, with their derivatives, standardised.

    The paper's (Sec. 4.1): a Hamming window of 25 ms every 10 ms, 12 cepstra and the energy, with first and second
    derivatives, 39 in all, as HTK [1]_ computes them by default: magnitudes of the spectrum through triangular filters
    on the mel scale :math:`1127 \ln(1 + f / 700)` up to half the rate, their logarithms' cosine transform, liftered;
    the energy before preemphasis and window, in logarithms, at most 50 dB below the largest of the utterance, which is
    1; derivatives by regression over two frames on either side, those at the edges repeated.

    An utterance of n samples has 1 + (n - window) // hop frames; nothing is padded. One whose signal is frames of
    features already is standardised and nothing else.

    Parameters
    ----------
    window, hop : float, default=0.025, 0.010
        Length of a frame, and from one's begin to the next one's, in seconds; rounded to samples.
    n_cepstra : int, default=12
        Number of cepstra, without the one of order 0; below `n_filters`.
    n_filters : int, default=26
        Number of mel filters; at least 3.
    energy : bool, default=True
        Whether the energy follows the cepstra.
    deltas : int, default=2
        How many derivatives follow: 2 for the first and the second.
    delta_width : int, default=2
        Frames on either side that a derivative is taken from.
    preemphasis : float, default=0.97
        By how much of itself the sample before is subtracted; 0 to 1.
    standardize : bool, default=True
        Whether to subtract from each feature its mean over all frames that `fit` saw, and to divide by its deviation.

    Attributes
    ----------
    mean_, scale_ : ndarray of shape (n_features,)
        Means and standard deviations of the features over all frames that `fit` saw, float64; 1 for a deviation of 0.
    rate_ : float
        Samples, or frames of features, a second, of all utterances.

    References
    ----------
    .. [1] S. Young et al., "The HTK book", version 3.4, Cambridge University Engineering Department, 2006, Ch. 5.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.datasets import Utterance
    >>> from ppdl.preprocessing import Cepstra
    >>> hiss = np.random.default_rng(0).uniform(-0.1, 0.1, 16000).astype(np.float32)
    >>> cepstra = Cepstra()
    >>> features = cepstra.fit_transform([Utterance("hiss", hiss, 16000)])
    >>> features[0].shape, features[0].dtype
    ((98, 39), dtype('float32'))
    >>> cepstra.frame_centres(3, rate=16000)
    array([200, 360, 520])
    """

    mean_: Array
    scale_: Array
    rate_: float

    def __init__(
        self,
        window: float = 0.025,
        hop: float = 0.010,
        *,
        n_cepstra: int = 12,
        n_filters: int = 26,
        energy: bool = True,
        deltas: int = 2,
        delta_width: int = 2,
        preemphasis: float = 0.97,
        standardize: bool = True,
    ) -> None:
        self.window = window
        self.hop = hop
        self.n_cepstra = n_cepstra
        self.n_filters = n_filters
        self.energy = energy
        self.deltas = deltas
        self.delta_width = delta_width
        self.preemphasis = preemphasis
        self.standardize = standardize

    def fit(self, utterances: Sequence[Utterance], y: object = None) -> Self:
        """Learn the means and deviations of the features; one utterance's are in memory at a time.

        Parameters
        ----------
        utterances : sequence of Utterance
            At least one; all of one rate.
        y : None
            Ignored.

        Returns
        -------
        self : Cepstra
            The fitted transformer.

        Raises
        ------
        ImportError
            If kaldi-native-fbank is not installed.
        ValueError
            If a parameter is not valid, or an utterance is of another rate or number of features than the first, or
            shorter than a frame; the message names it.
        """
        utterances = checked_utterances("utterances", utterances)
        self._learn(self._settings().computed(utterances, utterances[0].rate), utterances[0].rate)
        return self

    def transform(self, utterances: Sequence[Utterance]) -> list[Frames]:
        """Compute the features.

        Parameters
        ----------
        utterances : sequence of Utterance
            Of the rate of those that `fit` saw.

        Returns
        -------
        features : list of ndarray of shape (n_frames, n_features)
            Of each utterance, float32, C order.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        check_is_fitted(self)
        utterances = checked_utterances("utterances", utterances, at_least=0)
        found = self._settings().computed(utterances, self.rate_, len(self.mean_))
        return [self._standardized(features) for features in found]

    def fit_transform(self, utterances: Sequence[Utterance], y: object = None, **fit_params: Any) -> list[Frames]:
        """Fit, and return the features of the same utterances, which are computed once.

        Parameters
        ----------
        utterances : sequence of Utterance
            See `fit`.
        y : None
            Ignored.
        **fit_params : dict
            None are taken.

        Returns
        -------
        features : list of ndarray of shape (n_frames, n_features)
            See `transform`.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        utterances = checked_utterances("utterances", utterances)
        found = list(self._settings().computed(utterances, utterances[0].rate))
        self._learn(found, utterances[0].rate)
        for i, features in enumerate(found):
            found[i] = self._standardized(features)
        return found

    def frame_centres(self, n_frames: int, rate: float) -> npt.NDArray[np.int64]:
        """Say where frames of a waveform lie.

        Parameters
        ----------
        n_frames : int
            Number of frames.
        rate : float
            Samples a second.

        Returns
        -------
        centres : ndarray of shape (n_frames,)
            The sample in the middle of each frame.
        """
        window, hop = self._settings().sizes(checks.real("rate", rate, above=0.0))
        return np.arange(checks.integer("n_frames", n_frames, at_least=0)) * hop + window // 2

    def _settings(self) -> _Settings:
        n_filters = checks.integer("n_filters", self.n_filters, at_least=3)
        return _Settings(
            checks.real("window", self.window, above=0.0),
            checks.real("hop", self.hop, above=0.0),
            checks.integer("n_cepstra", self.n_cepstra, at_most=n_filters - 1),
            n_filters,
            checks.boolean("energy", self.energy),
            checks.integer("deltas", self.deltas, at_least=0),
            checks.integer("delta_width", self.delta_width),
            checks.real("preemphasis", self.preemphasis, at_least=0.0, at_most=1.0),
            checks.boolean("standardize", self.standardize),
        )

    def _learn(self, found: Iterable[Frames], rate: float) -> None:
        """Add up means and sums of squared differences from them, utterance by utterance, in double."""
        n, mean, squares = 0, np.zeros(()), np.zeros(())
        for features in found:
            here = features.mean(axis=0, dtype=np.float64)
            step, n_before, n = here - mean, n, n + len(features)
            mean = mean + step * (len(features) / n)
            squares = squares + np.square(features - here).sum(axis=0) + step**2 * (n_before * len(features) / n)
        deviation = np.sqrt(squares / n)
        self.mean_ = mean
        self.scale_ = np.where(deviation > _CONSTANT * np.abs(mean), deviation, 1.0)
        self.rate_ = rate

    def _standardized(self, features: Frames) -> Frames:
        if not self.standardize:
            return features
        return ((features - self.mean_) / self.scale_).astype(np.float32)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags
