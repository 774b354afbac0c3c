"""Windows of frames as rows that overlap in memory, so that context takes no more of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from ppdl._precision import Array


@dataclass(frozen=True)
class Windows:
    """The frames of utterances, one after the other, and the window around each as a row.

    Before the first frame of an utterance stand copies of it, and of the last one behind it, so that every frame has a
    whole window. The windows over the seam between two utterances belong to none.

    Parameters
    ----------
    frames : ndarray of shape (n, n_features)
        All frames with the copies.
    begins, lengths : ndarray of shape (n_utterances,)
        The row at which an utterance begins, and how many are its own.
    context : int
        Frames of a window.
    """

    frames: Array
    begins: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    context: int

    @classmethod
    def over(cls, utterances: list[Array], context: int) -> Windows:
        """Gather the frames of utterances, (n_frames, n_features) each, which are taken out of the list on the way.

        Parameters
        ----------
        utterances : list of ndarray
            At least one, none of them empty.
        context : int
            Frames of a window; odd.

        Examples
        --------
        >>> windows = Windows.over([np.array([[1.0], [2.0]]), np.array([[5.0]])], context=3)
        >>> windows.rows
        array([[1., 1., 2.],
               [1., 2., 2.],
               [2., 2., 5.],
               [2., 5., 5.],
               [5., 5., 5.]])
        >>> [rows.tolist() for rows in windows.split(windows.rows)]
        [[[1.0, 1.0, 2.0], [1.0, 2.0, 2.0]], [[5.0, 5.0, 5.0]]]
        """
        before = context // 2
        lengths = np.array([len(frames) for frames in utterances])
        ends = np.cumsum(lengths + 2 * before)
        begins = ends - (lengths + 2 * before)
        joined = np.empty((ends[-1], utterances[0].shape[1]), utterances[0].dtype)
        for i, begin in enumerate(begins):
            own, utterances[i] = utterances[i], utterances[i][:0]
            joined[begin : begin + before] = own[0]
            joined[begin + before : begin + before + len(own)] = own
            joined[begin + before + len(own) : ends[i]] = own[-1]
        return cls(joined, begins, lengths, context)

    @property
    def rows(self) -> Array:
        """The windows, (n_rows, context · n_features), a view of the frames that can't be written to."""
        n_frames, n_features = self.frames.shape
        shape = n_frames - self.context + 1, self.context * n_features
        return as_strided(self.frames, shape, (self.frames.strides[0], self.frames.itemsize), writeable=False)

    def split(self, of_rows: Array) -> Iterator[Array]:
        """Go through the utterances; of each give the part of an array that has an entry for each row."""
        for begin, length in zip(self.begins, self.lengths):
            yield of_rows[begin : begin + length]
