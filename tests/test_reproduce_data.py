"""The bundled digits, enlarged to MNIST's size."""

import numpy as np
import pytest

from ppdl.reproduce.data.enlarging import enlarged
from ppdl.reproduce.data.splits import load_split


def shapes(n):
    """Images of 8 × 8 pixels with one bright square each, somewhere in the middle."""
    images = np.zeros((n, 8, 8), np.float32)
    for image in images:
        image[3:5, 3:5] = 1.0
    return images


def test_copies_are_moved_by_what_the_seed_says():
    images = shapes(3)
    large = enlarged(images, 2, seed=0)
    assert large.shape == (6, 28, 28)
    assert large.dtype == np.float32
    assert large.min() >= 0.0
    assert large.max() <= 1.0
    assert np.abs(np.diff(large, axis=0)).max(axis=(1, 2)).min() > 0.1
    assert (enlarged(images, 2, seed=0) == large).all()
    assert (enlarged(images, 2, seed=1) != large).any()


def test_a_shape_in_the_middle_stays_near_the_middle_and_grows_with_the_image():
    large = enlarged(shapes(200), 1, seed=0)
    total = large.sum(axis=(1, 2))
    rows, columns = (np.tensordot(large, axis, axes=([1, 2], [0, 1])) / total for axis in np.mgrid[:28, :28])
    for centres in (rows, columns):
        assert np.abs(centres - 13.5).max() < 2.2  # a shift of up to two pixels
        assert centres.std() > 0.8
    assert total.mean() == pytest.approx(4 * 2.5**2, rel=0.1)  # four pixels, each now 2.5 across


def test_enlarged_training_images_come_from_training_images_alone():
    digits, large = load_split("digits"), load_split("enlarged-digits")
    assert large.input_shape == (28, 28)
    for images, labels, few, few_labels, seed in (
        (large.X_train, large.y_train, digits.X_train, digits.y_train, 0),
        (large.X_test, large.y_test, digits.X_test, digits.y_test, 1),
    ):
        copies = len(images) // len(few)
        expected = enlarged(few.reshape(-1, 8, 8), copies, seed=seed)
        assert (images == expected.reshape(len(images), -1)).all()
        assert (labels == np.tile(few_labels, copies)).all()
