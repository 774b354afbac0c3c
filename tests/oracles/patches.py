"""The single-layer pipeline of Coates, Lee & Ng, one patch after the other: slow, and readable as documentation."""

from itertools import pairwise

import numpy as np

ENCODINGS = {
    "linear": lambda z, epsilon, t: z,
    "rectifier": lambda z, epsilon, t: np.maximum(z, 0),
    "absolute": lambda z, epsilon, t: np.abs(z),
    "smooth-absolute": lambda z, epsilon, t: np.sqrt(z**2 + epsilon),
    "split": lambda z, epsilon, t: np.concatenate([np.maximum(z, 0), np.maximum(-z, 0)]),
    "soft-threshold": lambda z, epsilon, t: np.concatenate([np.maximum(z - t, 0), np.maximum(-z - t, 0)]),
}


def positions(image, patch_size, stride=1):
    """All patches of an image (height, width, channels), flattened; shape (rows, columns, patch size)."""
    height, width = patch_size
    return np.array(
        [
            [image[r : r + height, c : c + width].ravel() for c in range(0, image.shape[1] - width + 1, stride)]
            for r in range(0, image.shape[0] - height + 1, stride)
        ]
    )


def normalise(x, center=False, scale=None, epsilon=0.0):
    """One patch, centred and divided by its deviation or norm."""
    deviation = np.sqrt(np.mean((x - x.mean()) ** 2) + epsilon)
    if center:
        x = x - x.mean()
    if scale == "deviation":
        return x / deviation
    return x if scale is None else x / np.sqrt(np.sum(x**2) + epsilon)


def encode(x, filters, bias, encoding, epsilon=1e-2, threshold=0.0):
    """Codes of one patch by filters in columns; of "triangle", the filters are centroids."""
    if encoding == "triangle":
        distances = np.linalg.norm(x - filters.T, axis=1)
        return np.maximum(0, distances.mean() - distances)
    return ENCODINGS[encoding](x @ filters + bias, epsilon, threshold)


def pool(codes, regions):
    """Sums of codes (rows, columns, n_codes) over regions, row by row, side by side."""

    def cuts(n, parts):
        return [int(np.floor(i * n / parts + 0.5)) for i in range(parts + 1)]

    rows, cols = (cuts(n, parts) for n, parts in zip(codes.shape, regions))
    return np.concatenate(
        [
            codes[top:bottom, left:right].sum(axis=(0, 1))
            for top, bottom in pairwise(rows)
            for left, right in pairwise(cols)
        ]
    )


def features_of(fitted, images):
    """Features of images (height, width, channels) by a fitted `PatchFeatures`'s own transformers, one by one."""
    mean = getattr(fitted.learner_, "mean_", None)
    regions = {"quadrants": (2, 2), None: (1, 1)}.get(fitted.pooling, fitted.pooling)
    result = []
    for image in images:
        patches = positions(image, fitted.patch_shape_[:2], fitted.stride)
        inputs = patches.reshape(-1, patches.shape[-1])
        for transformer in (fitted.normalizer_, fitted.whitener_):
            inputs = inputs if transformer is None else transformer.transform(inputs)
        inputs = inputs if mean is None else inputs - mean
        codes = [
            encode(x, fitted.filters_.T, 0.0, fitted.encoding, fitted.encoding_epsilon, fitted.encoding_threshold)
            for x in inputs
        ]
        result.append(pool(np.reshape(codes, (*patches.shape[:2], -1)), regions))
    return np.array(result)
