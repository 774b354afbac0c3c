"""Sequences of a hidden Markov model that is known, so that the fewest errors that can be hoped for are known too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import _core
from ppdl._precision import Floats
from ppdl.datasets import PhoneSet, Utterance
from ppdl.estimators import PhoneErrors

States = npt.NDArray[np.int32]

PHONES = PhoneSet(("aa", "ae", "eh", "ih", "iy", "uw", "l", "m", "n", "s", "sh", "t", "sil"), "sil")

#: Frames a second, so that times look like those of speech.
RATE = 100.0

N_STATES = 3  # of a phone
N_FEATURES = 40
N_WAVES = 8  # cosines that frames are made of: as in a spectrum, neighbouring features are alike
NOISE = 1.9  # standard deviation of a cosine's part about its mean; means deviate by 1
ROUGH = 0.5  # standard deviation of what is added to each feature by itself
ENDS = 0.06  # probability that an utterance ends after a phone
SEED = 11


@dataclass(frozen=True, eq=False)
class KnownHMM:
    """A hidden Markov model of phones, each of a few states from left to right that emit Gaussian frames.

    Parameters
    ----------
    phones : PhoneSet
        The phones.
    initial : ndarray of shape (n_phones,)
        Probabilities of beginning with a phone.
    bigram : ndarray of shape (n_phones, n_phones)
        Of going from the row's phone to the column's, never to the same; what a row lacks to 1 is the end.
    leave : ndarray of shape (n_phones, n_states)
        Of leaving a state after a frame.
    means : ndarray of shape (n_phones, n_states, n_features)
        Of the frames of a state.
    covariance : ndarray of shape (n_features, n_features)
        Of the frames of any state about its mean.

    Examples
    --------
    >>> from ppdl.reproduce.data.known_hmm import known_hmm
    >>> utterances, states = known_hmm().draw(1, seed=0)
    >>> utterances, len(states[0])
    ([<Utterance hmm-0-0: 2.03 s at 100 a second of 40 features, 26 phones>], 203)
    """

    phones: PhoneSet
    initial: Floats
    bigram: Floats
    leave: Floats
    means: Floats
    covariance: Floats

    def draw(self, n: int, seed: int) -> tuple[list[Utterance], list[States]]:
        """Draw utterances; their frames are features, not waveforms.

        Parameters
        ----------
        n : int
            How many.
        seed : int
            Of the random numbers; its utterances are named by it.

        Returns
        -------
        tuple of list of Utterance, list of ndarray of shape (n_frames,)
            The utterances, and the state of each frame, ``phone * n_states + state``.
        """
        rng, root = np.random.default_rng(seed), np.linalg.cholesky(self.covariance)
        utterances, states = [], []
        for number in range(n):
            spoken = self._sequence(rng)
            times = rng.geometric(self.leave[spoken])  # (n_spoken, n_states), at least 1
            path = (self.leave.shape[1] * spoken[:, np.newaxis] + np.arange(self.leave.shape[1])).repeat(times.ravel())
            means = self.means.reshape(-1, self.means.shape[2])[path]
            frames = (means + rng.standard_normal(means.shape) @ root.T).astype(np.float32)
            boundaries = np.concatenate([[0], np.cumsum(times.sum(axis=1))])
            phones = tuple(self.phones.phones[phone] for phone in spoken)
            utterances.append(Utterance(f"hmm-{seed}-{number}", frames, RATE, phones, boundaries))
            states.append(path.astype(np.int32))
        return utterances, states

    def _sequence(self, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Draw phones, until one is the last."""
        n_phones = len(self.phones)
        spoken = [rng.choice(n_phones, p=self.initial)]
        follows = np.column_stack([self.bigram, self._ends()])
        while (following := rng.choice(n_phones + 1, p=follows[spoken[-1]])) < n_phones:
            spoken.append(following)
        return np.array(spoken)

    def _ends(self) -> Floats:
        """Probabilities that a phone is the last, (n_phones,)."""
        return np.asarray(np.maximum(1.0 - self.bigram.sum(axis=1), 0.0))

    def scores(self, utterance: Utterance) -> Floats:
        """Return the logarithm of each state's density at each frame, but for a constant.

        Parameters
        ----------
        utterance : Utterance
            Of frames.

        Returns
        -------
        ndarray of shape (n_frames, n_phones * n_states)
        """
        means = self.means.reshape(-1, self.means.shape[2])
        slopes = np.linalg.solve(self.covariance, means.T)  # (n_features, n_phones * n_states)
        return np.asarray(utterance.signal @ slopes - 0.5 * (means.T * slopes).sum(axis=0))

    def errors(self, utterances: Sequence[Utterance]) -> tuple[PhoneErrors, PhoneErrors]:
        """Recognise utterances by the model itself, by its most probable path, and count the errors.

        Parameters
        ----------
        utterances : sequence of Utterance
            With their phones.

        Returns
        -------
        tuple of PhoneErrors
            Of phones, and of frames.
        """
        decoder, names = self._decoder(), np.array(self.phones.phones)
        phones, frames = [], []
        for utterance in utterances:
            path, begins, _ = decoder.decode(self.scores(utterance))
            phones.append(names[path])
            frames.append(names[path].repeat(np.diff(begins)))
        said = [np.repeat(utterance.phones, np.diff(utterance.boundaries)) for utterance in utterances]
        of_phones = PhoneErrors.of([utterance.phones for utterance in utterances], [found.tolist() for found in phones])
        of_frames = PhoneErrors.of([each.tolist() for each in said], [found.tolist() for found in frames], "FER")
        return of_phones, of_frames

    def _decoder(self) -> Any:
        with np.errstate(divide="ignore"):  # what never happens
            initial, bigram, final = map(np.log, (self.initial, self.bigram, self._ends()))
        leave = self.leave.ravel()
        return _core.f64.PhoneDecoder(initial, bigram, final, np.log1p(-leave), np.log(leave))


def known_hmm() -> KnownHMM:
    """Make the model: twelve phones and silence, of three states each.

    A frame is a few cosines over its features, as a spectrum is, and a little noise in each. The state tells the mean
    of each cosine's part; from a phone's first state to its last it moves along a line.
    """
    rng, n_phones = np.random.default_rng(SEED), len(PHONES)
    numbers = np.arange(N_WAVES)
    waves = np.cos(np.pi * np.outer(numbers, np.arange(N_FEATURES) + 0.5) / N_FEATURES) / (1.0 + numbers[:, None] / 4)
    middle, slope = rng.normal(size=(2, n_phones, 1, N_WAVES))
    parts = middle + 0.7 * np.linspace(-1, 1, N_STATES)[:, np.newaxis] * slope
    bigram = rng.dirichlet(np.full(n_phones - 1, 0.5), n_phones)
    bigram = np.stack([np.insert(row, place, 0.0) for place, row in enumerate(bigram)])
    return KnownHMM(
        PHONES,
        initial=np.where(np.arange(n_phones) == PHONES.index["sil"], 0.7, 0.3 / (n_phones - 1)),
        bigram=(1.0 - ENDS) * bigram,
        leave=rng.uniform(0.3, 0.6, (n_phones, N_STATES)),
        means=parts @ waves,
        covariance=NOISE**2 * waves.T @ waves + ROUGH**2 * np.eye(N_FEATURES),
    )
