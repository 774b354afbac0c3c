"""The single-layer pipeline of Coates, Lee & Ng, one patch after the other: slow, and readable as documentation."""

import numpy as np

ENCODINGS = {
    "linear": lambda z, epsilon, t: z,
    "rectifier": lambda z, epsilon, t: np.maximum(z, 0),
    "absolute": lambda z, epsilon, t: np.abs(z),
    "smooth-absolute": lambda z, epsilon, t: np.sqrt(z**2 + epsilon),
    "split": lambda z, epsilon, t: np.concatenate([np.maximum(z, 0), np.maximum(-z, 0)]),
    "soft-threshold": lambda z, epsilon, t: np.concatenate([np.maximum(z - t, 0), np.maximum(-z - t, 0)]),
}


def normalise(x, center, scale, epsilon):
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
        distances = np.array([np.linalg.norm(x - centroid) for centroid in filters.T])
        return np.maximum(0, distances.mean() - distances)
    return ENCODINGS[encoding](x @ filters + bias, epsilon, threshold)


def half_up(x):
    return int(np.floor(x + 0.5))


def features(
    image, filters, bias, *, patch_size, stride=1, regions=(2, 2), center=False, scale=None, contrast_epsilon=0.0,
    mean=0.0, whitening=None, **code,
):  # fmt: skip
    """Features of one image (height, width, channels): codes of its patches, summed over the regions, row by row."""
    height, width = patch_size
    rows = range(0, image.shape[0] - height + 1, stride)
    cols = range(0, image.shape[1] - width + 1, stride)
    codes = np.array(
        [
            [
                _code(image[r : r + height, c : c + width].ravel(), center, scale, contrast_epsilon, mean, whitening,
                      filters, bias, code)
                for c in cols
            ]
            for r in rows
        ]
    )  # fmt: skip
    cuts = [[half_up(i * len(axis) / n) for i in range(n + 1)] for axis, n in zip((rows, cols), regions, strict=True)]
    return np.concatenate(
        [
            codes[top:bottom, left:right].sum(axis=(0, 1))
            for top, bottom in zip(cuts[0][:-1], cuts[0][1:], strict=True)
            for left, right in zip(cuts[1][:-1], cuts[1][1:], strict=True)
        ]
    )


def _code(x, center, scale, contrast_epsilon, mean, whitening, filters, bias, code):
    x = normalise(x, center, scale, contrast_epsilon)
    if whitening is not None:
        x = (x - mean) @ whitening
    return encode(x, filters, bias, **code)
