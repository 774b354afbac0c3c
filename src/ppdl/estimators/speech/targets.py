"""Which state of which phone every frame of an aligned utterance is to be recognised as."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from ppdl.datasets.utterances import Utterance
from ppdl.preprocessing import Cepstra


def require_known(utterance: Utterance, index: Collection[str]) -> None:
    """Raise if an utterance has a phone that is not in `index`."""
    unknown = [phone for phone in utterance.phones if phone not in index]
    if unknown:
        raise ValueError(
            f"{utterance.name}: received the phone {unknown[0]!r}; expected one of {', '.join(index)}, those of the "
            "phone set"
        )


def state_targets(
    utterance: Utterance,
    centres: npt.ArrayLike,
    index: Mapping[str, int],
    n_states: int = 3,
) -> npt.NDArray[np.int32]:
    """Divide each segment evenly among the states of its phone, and give every frame the state at its centre.

    State s of a segment from b to e is from b + s (e - b) / n_states to b + (s + 1) (e - b) / n_states.

    Parameters
    ----------
    utterance : Utterance
        With phones and boundaries.
    centres : array-like of shape (n_frames,)
        The frames' centres, whole numbers of samples of the utterance's signal (of frames, where the signal is
        features).
    index : mapping of str to int
        The number of each phone, as in `ppdl.datasets.PhoneSet.index`.
    n_states : int, default=3
        States of a phone.

    Returns
    -------
    targets : ndarray of shape (n_frames,)
        ``index[phone] * n_states + state``, int32; -1 where the centre lies in no segment.

    Raises
    ------
    ValueError
        If the utterance has a phone that is not in `index`; the message names both.

    Examples
    --------
    >>> import numpy as np
    >>> from ppdl.datasets import Utterance
    >>> from ppdl.estimators.speech.targets import state_targets
    >>> frames = np.zeros((8, 39), np.float32)
    >>> utterance = Utterance("ah", frames, 100, phones=["sil", "ah"], boundaries=[0, 3, 7])
    >>> state_targets(utterance, np.arange(8), {"ah": 0, "sil": 1})
    array([ 3,  4,  5,  0,  0,  1,  2, -1], dtype=int32)
    """
    require_known(utterance, index)
    centres = np.asarray(centres, dtype=np.int64)
    if not utterance.phones:
        return np.full(centres.shape, -1, np.int32)
    boundaries = utterance.boundaries
    segment = np.searchsorted(boundaries, centres, side="right") - 1
    inside = (segment >= 0) & (segment < len(utterance.phones))
    segment = segment.clip(0, len(utterance.phones) - 1)
    begin, end = boundaries[segment], boundaries[segment + 1]
    state = (centres - begin) * n_states // (end - begin)
    first = np.array([index[phone] * n_states for phone in utterance.phones])
    return np.where(inside, first[segment] + state, -1).astype(np.int32)


def centres_of(features: Cepstra, utterance: Utterance, n_frames: int) -> npt.NDArray[np.int64]:
    """Where the frames' centres lie in the signal of an utterance."""
    if not utterance.is_waveform:
        return np.arange(n_frames)
    return features.frame_centres(n_frames, utterance.rate)
