"""Decoding by trying every path: slow, and readable as documentation."""

from functools import cache

import numpy as np


@cache
def paths(n_phones, n_frames, n_states):
    """All paths: the state of each frame, and whether it was come into (or stayed in); shapes (n_paths, n_frames).

    A frame stays in its state, goes on to the next of its phone or, from the last, enters the first one of any phone.
    """
    first = np.arange(0, n_phones * n_states, n_states, dtype=np.int8)  # of a hundred states at most
    states, came = first[:, np.newaxis], np.ones((n_phones, 1), bool)
    for _ in range(n_frames - 1):
        now = states[:, -1]
        inside = now % n_states < n_states - 1
        parents = [np.arange(len(now)), np.flatnonzero(inside), *[np.flatnonzero(~inside)] * n_phones]
        following = [now, now[inside] + 1] + [np.full((~inside).sum(), start) for start in first]
        moved = np.repeat([False] + [True] * (n_phones + 1), [len(parent) for parent in parents])
        every = np.concatenate(parents)
        states = np.column_stack([states[every], np.concatenate(following)])
        came = np.column_stack([came[every], moved])
    ended = states[:, -1] % n_states == n_states - 1
    return states[ended], came[ended]


def path_scores(scores, initial, bigram, final, stay, advance):
    """The score of each of the paths, term by term."""
    n_phones, n_states = len(initial), len(stay) // len(initial)
    states, came = paths(n_phones, len(scores), n_states)
    phones = states // n_states
    total = initial[phones[:, 0]] + scores[0, states[:, 0]]
    for t in range(1, len(scores)):
        before, now = states[:, t - 1], states[:, t]
        enters = came[:, t] & (now % n_states == 0)
        step = np.where(came[:, t], advance[before], stay[now])
        step = step + np.where(enters, bigram[phones[:, t - 1], phones[:, t]], 0.0)
        total = total + step + scores[t, now]
    return total + advance[states[:, -1]] + final[phones[:, -1]]


def decode(scores, initial, bigram, final, stay, advance):
    """Phones, where they begin and the last one ends, and the score of the best path; None where none is finite.

    Of the best paths it is the first by the key, read from the end: phone, and staying before coming.
    """
    n_phones, n_states = len(initial), len(stay) // len(initial)
    states, came = paths(n_phones, len(scores), n_states)
    total = path_scores(scores, initial, bigram, final, stay, advance)
    if total.size == 0 or total.max() == -np.inf:
        return None
    best = np.flatnonzero(total == total.max())
    phones = states[best] // n_states
    key = [digit for t in range(len(scores)) for digit in (came[best, t], phones[:, t])]  # the last counts most
    first = best[np.lexsort(key)[0]]
    begins = np.flatnonzero(came[first] & (states[first] % n_states == 0))
    return states[first, begins] // n_states, np.append(begins, len(scores)), total[first]
