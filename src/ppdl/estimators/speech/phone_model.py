"""What is known of phones beside the network: which follows which, how long states last, how frequent they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ppdl import NumericalError
from ppdl._precision import Array, Floats, core
from ppdl.datasets import Utterance

from .language import FrameBigram, Indices, PhoneBigram

States = npt.NDArray[np.int32]


@dataclass(frozen=True)
class PhoneModel:
    """Statistics of aligned utterances, by which the scores of frames become phones.

    Parameters
    ----------
    language : PhoneBigram
        Which phone follows which.
    frames : FrameBigram
        Which phone follows which from frame to frame, as the authors' code counts.
    n_frames : ndarray of shape (n_phones * n_states,)
        How many frames each state has.
    n_visits : ndarray of shape (n_phones,)
        How many segments each phone has.
    """

    language: PhoneBigram
    frames: FrameBigram
    n_frames: npt.NDArray[np.int64]
    n_visits: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, phones: Sequence[str], sequences: Sequence[Sequence[str]], targets: Iterable[States], n_states: int
    ) -> PhoneModel:
        """Count in utterances: their phones, and the state of each frame, -1 for none."""
        states = [utterance[utterance >= 0] for utterance in targets]
        of_frames = [(utterance // n_states).tolist() for utterance in states]
        visits = PhoneBigram.of(sequences, phones)
        n_visits = visits.counts[:, :-1].sum(axis=0)
        n_frames = np.bincount(np.concatenate(states), minlength=len(phones) * n_states)
        return cls(visits, FrameBigram.of(of_frames, phones), n_frames, n_visits)

    @property
    def n_states(self) -> int:
        """States of a phone."""
        return len(self.n_frames) // len(self.n_visits)

    def decoder(self, dtype: npt.DTypeLike, language_scale: float, insertion_penalty: float, beam: float) -> Any:
        """Make the core's decoder of `scores`.

        Parameters
        ----------
        dtype : float32 or float64
            Of the scores.
        language_scale : float
            What the language model's log probabilities are multiplied by.
        insertion_penalty : float
            What each phone costs.
        beam : float
            See the core's `PhoneDecoder`.
        """
        initial, bigram, final = (language_scale * log for log in self.language.log_probabilities())
        stay, advance = self._steps()
        return core(dtype).PhoneDecoder(
            initial - insertion_penalty, bigram - insertion_penalty, final, stay, advance, beam=beam
        )

    def scores(self, log_posteriors: Array) -> Array:
        """Return log likelihoods of states but for a constant of the frame: posteriors over priors.

        A state that no frame was in has -inf.

        Parameters
        ----------
        log_posteriors : ndarray of shape (n, n_phones * n_states)
            Of the states.
        """
        seen = self.n_frames > 0
        by_prior = np.full(seen.shape, -np.inf, log_posteriors.dtype)
        by_prior[seen] = -np.log(self.n_frames[seen] / self.n_frames.sum())
        return log_posteriors + by_prior

    def frame_decoder(self, dtype: npt.DTypeLike) -> Any:
        """Make the core's decoder of log posteriors of phones by the bigram of frames, a phone for each frame."""
        n_phones = len(self.n_visits)
        never, free = np.full(n_phones, -np.inf), np.zeros(n_phones)
        return core(dtype).PhoneDecoder(*self.frames.log_probabilities(), never, free)

    def realigned(self, phones: Sequence[int], log_posteriors: Array, states: States) -> States:
        """Find the states of an utterance's frames anew, by the best path through its phones.

        Frames without a state keep none. Where there is no path, because too few frames have one, all stay.

        Parameters
        ----------
        phones : sequence of int
            Of the utterance, in order.
        log_posteriors : ndarray of shape (n_frames, n_phones * n_states)
            See `scores`.
        states : ndarray of shape (n_frames,)
            The state of each frame so far, -1 for none.
        """
        spoken = states >= 0
        if not spoken.any():
            return states
        scores = self.scores(log_posteriors[spoken])
        decoder, of_path = self.alignment(scores.dtype, phones)
        try:
            path, begins, _ = decoder.decode(np.ascontiguousarray(scores[:, of_path]))
        except NumericalError:
            return states
        found = states.copy()
        found[spoken] = np.repeat(of_path[path], np.diff(begins))
        return found

    def alignment(self, dtype: npt.DTypeLike, phones: Sequence[int]) -> tuple[Any, npt.NDArray[np.intp]]:
        """Return a decoder of a known sequence of phones, and the states whose scores it is to be given, in order.

        The best path is through all of these states, one after the other.
        """
        states = (np.asarray(phones)[:, np.newaxis] * self.n_states + np.arange(self.n_states)).reshape(-1)
        stay, advance = self._steps()
        start, bigram, final = (np.full(shape, -np.inf) for shape in (len(states), (len(states),) * 2, len(states)))
        start[0] = final[-1] = 0.0
        bigram[np.arange(len(states) - 1), np.arange(1, len(states))] = 0.0
        return core(dtype).PhoneDecoder(start, bigram, final, stay[states], advance[states]), states

    def _steps(self) -> tuple[Floats, Floats]:
        """Log probabilities of staying in a state and of leaving it, so that its mean time is that of the counts.

        One frame and one visit more than were counted, spread over all, keep both finite.
        """
        visits = np.repeat(self.n_visits, self.n_states) + 1.0
        leave = visits / np.maximum(self.n_frames + 2.0, visits + 1.0)
        return np.log1p(-leave), np.log(leave)


def decoded_by(decoder: Any, utterance: Utterance, scores: Array) -> tuple[Indices, Indices]:
    """Return the numbers of an utterance's phones, and the frames at which they begin and end."""
    try:
        phones, begins, _ = decoder.decode(scores)
    except NumericalError as error:
        raise NumericalError(f"{utterance.name}: {error}") from None
    return phones, begins
