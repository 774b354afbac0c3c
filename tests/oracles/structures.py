"""One small example of every structure that predicted weights can have, for tests to run over."""

import numpy as np

from .network import Column, Weights


def _atoms(rng, n, k):
    return tuple(int(i) for i in np.sort(rng.choice(n, size=k, replace=False)))


def _sizes(n_hidden, n_columns):
    """Columns as equal as can be, the larger ones first."""
    return [n_hidden // n_columns + (j < n_hidden % n_columns) for j in range(n_columns)]


def _columns(rng, n_base, n_hidden, n_atoms, mixed=()):
    """A column for each entry of `n_atoms`; those numbered in `mixed` mix their atoms."""
    return tuple(
        Column(
            size,
            _atoms(rng, n_base, k),
            rng.standard_normal((k, k)) / np.sqrt(k) + np.eye(k) if j in mixed else None,
        )
        for j, (size, k) in enumerate(zip(_sizes(n_hidden, len(n_atoms)), n_atoms, strict=True))
    )


def _base(rng, n_visible, n_base):
    return rng.standard_normal((n_visible, n_base)) / np.sqrt(n_base)


def identity(rng, n, m):
    return Weights(n, (Column(m),))


def identity_in_columns(rng, n, m):
    return Weights(n, tuple(Column(size) for size in _sizes(m, 3)))


def selection(rng, n, m):
    return Weights(n, _columns(rng, n, m, [3, 5, 1]))


def mixed_selection(rng, n, m):
    return Weights(n, _columns(rng, n, m, [4, 2], mixed=(0, 1)))


def base(rng, n, m):
    return Weights(n, _columns(rng, n, m, [3, 2, 4]), _base(rng, n, n))


def base_with_mix(rng, n, m):
    return Weights(n, _columns(rng, n, m, [3, 2, 4], mixed=(0, 1, 2)), _base(rng, n, n))


def base_with_one_mix(rng, n, m):
    return Weights(n, _columns(rng, n, m, [2, 3, 2], mixed=(1,)), _base(rng, n, n + 3))


def one_column(rng, n, m):
    return Weights(n, _columns(rng, n, m, [4], mixed=(0,)), _base(rng, n, n))


def one_atom(rng, n, m):
    return Weights(n, _columns(rng, n, m, [1], mixed=(0,)), _base(rng, n, n))


def whole_base(rng, n, m):
    """The atoms of all columns outnumber the base's."""
    return Weights(n, tuple(Column(size) for size in _sizes(m, 3)), _base(rng, n, 4))


def crowded_base(rng, n, m):
    """The atoms of all columns outnumber the base's, and each column mixes them."""
    return Weights(n, _columns(rng, 5, m, [4, 5, 3, 4], mixed=(0, 1, 2, 3)), _base(rng, n, 5))


def own_atoms(rng, n, m):
    """No atom serves two columns."""
    sizes, ks = _sizes(m, 3), [2, 4, 3]
    ends = np.cumsum(ks)
    columns = tuple(Column(size, tuple(range(end - k, end))) for size, k, end in zip(sizes, ks, ends, strict=True))
    return Weights(n, columns, _base(rng, n, int(ends[-1])))


def column_per_unit(rng, n, m):
    return Weights(n, _columns(rng, n, m, [2] * m, mixed=range(m)), _base(rng, n, n))


def _channels(n):
    """How many channels n inputs may have."""
    return next((c for c in (3, 2, 7) if n % c == 0), 1)


def _point_base(rng, n_points, n_base):
    """A base of few points whose atoms are far from dependent."""
    return np.eye(n_points)[:, np.arange(n_base) % n_points] + 0.2 * rng.standard_normal((n_points, n_base))


def channels(rng, n, m):
    """The same dictionaries in each channel."""
    c = _channels(n)
    return Weights(n, _columns(rng, 5, m, [1, 1, 2]), _point_base(rng, n // c, 5), n_channels=c)


def channels_with_mix(rng, n, m):
    c = _channels(n)
    return Weights(n, _columns(rng, 6, m, [1, 2], mixed=(0, 1)), _point_base(rng, n // c, 6), n_channels=c)


def channels_in_one_column(rng, n, m):
    c = _channels(n)
    column = Column(m, (0, 2), np.array([[1.2, -0.4], [0.3, 0.9]]))
    return Weights(n, (column,), _point_base(rng, n // c, 3), n_channels=c)


def channels_of_a_whole_base(rng, n, m):
    """The atoms of all columns outnumber the base's."""
    c = _channels(n)
    return Weights(n, tuple(Column(size) for size in _sizes(m, 3)), _point_base(rng, n // c, 2), n_channels=c)


def channels_of_mixed_points(rng, n, m):
    c = _channels(n)
    return Weights(n, _columns(rng, n // c, m, [1, 2], mixed=(0, 1)), n_channels=c)


def channels_of_selected_points(rng, n, m):
    c = _channels(n)
    return Weights(n, _columns(rng, n // c, m, [2, 1, 1]), n_channels=c)


def learned(rng, n, m):
    columns = tuple(Column(size, tuple(range(k))) for size, k in zip(_sizes(m, 3), [2, 4, 1], strict=True))
    return Weights(n, columns, learned=True)


def learned_in_one_column(rng, n, m):
    return Weights(n, (Column(m, (0, 1, 2)),), learned=True)


STRUCTURES = {
    build.__name__: build
    for build in (
        identity,
        identity_in_columns,
        selection,
        mixed_selection,
        base,
        base_with_mix,
        base_with_one_mix,
        one_column,
        one_atom,
        whole_base,
        crowded_base,
        own_atoms,
        column_per_unit,
        channels,
        channels_with_mix,
        channels_in_one_column,
        channels_of_a_whole_base,
        channels_of_mixed_points,
        channels_of_selected_points,
        learned,
        learned_in_one_column,
    )
}
