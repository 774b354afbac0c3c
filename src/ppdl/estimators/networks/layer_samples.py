"""Inputs of a layer over the data, as many as a dictionary looks at; of a convolution, its filters' windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.utils import gen_batches

from ppdl._precision import Array
from ppdl.layers import Conv2D, Shape
from ppdl.layers.pairs import sides

from ..training.state import Rows

MOST = 100_000  # samples, or windows, that a dictionary is made from
_MOST_NUMBERS = 2**27  # of all of them
_BLOCK = 256  # samples whose inputs are looked at together
_STREAM_OF_WINDOWS = 2  # keeps their choice apart from other random numbers of the same seed


@dataclass(frozen=True)
class LayerSamples:
    """The inputs of a layer over the data, made where they are asked for."""

    count: int
    of: Callable[[slice | Rows], Array]  # some samples -> their inputs, (n_samples, n_inputs)
    weight: Array | None  # how much each sample counts, None is 1 each

    def all(self) -> Array:
        """Return the inputs of all samples."""
        return self.of(slice(0, self.count))


def drawn(samples: LayerSamples, n_inputs: int, key: tuple[int, int]) -> LayerSamples:
    """Return the samples; of more than `MOST` that count, as many, drawn once.

    Parameters
    ----------
    samples : LayerSamples
        Of a dense layer.
    n_inputs : int
        Of the layer.
    key : (int, int)
        Of the random choice.
    """
    counted = _counted(samples)
    most = _most(n_inputs)
    if len(counted) <= most:
        return samples
    chosen = counted[_choice(len(counted), most, key)]
    weight = None if samples.weight is None else samples.weight[chosen]
    return LayerSamples(most, lambda rows: samples.of(chosen[rows]), weight)


def windows(samples: LayerSamples, layer: Conv2D, inputs: Shape, key: tuple[int, int]) -> LayerSamples:
    """Return the windows of the samples that count, as samples of their own; the zeros around an image belong to them.

    Of more than `MOST`, as many are drawn, each once.

    Parameters
    ----------
    samples : LayerSamples
        Images.
    layer : Conv2D
        Whose windows.
    inputs : Shape
        Of an image.
    key : (int, int)
        Of the random choice.
    """
    counted = _counted(samples)
    after = layer.output_shape(inputs)
    n_positions = after.height * after.width
    total = len(counted) * n_positions
    most = _most(layer.visible(inputs).size)
    chosen = _choice(total, most, key) if total > most else np.arange(total)
    sample, position = counted[chosen // n_positions], chosen % n_positions

    def gathered(rows: slice | Rows) -> Array:
        which, where = sample[rows], np.stack(np.divmod(position[rows], after.width), axis=1)
        return _gathered(samples, layer, inputs, which, where)

    return LayerSamples(len(chosen), gathered, None if samples.weight is None else samples.weight[sample])


def _counted(samples: LayerSamples) -> Rows:
    return np.arange(samples.count) if samples.weight is None else np.flatnonzero(samples.weight)


def _most(n_inputs: int) -> int:
    return min(MOST, max(1, _MOST_NUMBERS // n_inputs))


def _choice(total: int, most: int, key: tuple[int, int]) -> Rows:
    """Return so many different numbers below `total`, ascending."""
    seed, layer = key
    return np.sort(np.random.default_rng((seed, _STREAM_OF_WINDOWS, layer)).choice(total, most, replace=False))


def _gathered(samples: LayerSamples, layer: Conv2D, inputs: Shape, sample: Rows, where: Rows) -> Array:
    """Return the window of each of these samples, in ascending order, at (row, column) of the outputs."""
    (above, left), steps, kernel = sides(layer.padding), sides(layer.stride), sides(layer.kernel_size)
    found: Array | None = None
    for block in gen_batches(samples.count, _BLOCK):
        first, last = np.searchsorted(sample, (block.start, block.stop))
        if first == last:
            continue
        images = samples.of(block).reshape(-1, *inputs)
        padded = np.pad(images, ((0, 0), (above, above), (left, left), (0, 0)))
        views = sliding_window_view(padded, kernel, axis=(1, 2))  # (n, rows, columns, channels, *kernel)
        rows, columns = (where[first:last] * steps).T
        seen = views[sample[first:last] - block.start, rows, columns].transpose(0, 2, 3, 1)
        if found is None:
            found = np.empty((len(sample), layer.visible(inputs).size), dtype=images.dtype)
        found[first:last] = seen.reshape(last - first, -1)
    assert found is not None  # some sample counts
    return found
