"""PatchFeatures of images of several sizes: each image as if it were alone, equally many features, errors."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles.patches import features_of
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

import ppdl
from ppdl import PatchFeatures
from ppdl.preprocessing import RandomPatches, extract_patches

SHAPES = ((7, 8, 2), (9, 6, 2), (7, 8, 2), (5, 11, 2), (9, 6, 2))


@pytest.fixture(scope="module")
def images():
    """Smooth images of three sizes."""
    rng = np.random.default_rng(0)
    return [rng.random(shape).cumsum(axis=0).cumsum(axis=1) / 20 for shape in SHAPES]


def features(learner=6, **options):
    return PatchFeatures(learner, **{"patch_size": 3, "n_patches": 300, "random_state": 0, **options})


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("pooling", ["quadrants", None, (2, 1)])
@pytest.mark.parametrize(
    ("learner", "encoding"), [(PCA(5), "split"), (KMeans(6, n_init=1), "triangle")], ids=["PCA", "KMeans"]
)
def test_features_are_those_of_the_oracle_over_each_images_own_regions(images, learner, encoding, pooling, stride):
    fitted = features(learner, encoding=encoding, pooling=pooling, stride=stride).fit(images)
    assert_allclose(fitted.transform(images), features_of(fitted, images), rtol=1e-9, atol=1e-11)


def test_an_image_has_the_same_features_in_any_company(images):
    fitted = features().fit(images)
    together = fitted.transform(images)
    assert_array_equal(np.concatenate([fitted.transform([image]) for image in images]), together)
    assert_array_equal(fitted.transform(np.stack([images[0], images[2]])), together[[0, 2]])


def test_images_of_a_list_may_be_of_other_sizes_than_in_fit(images):
    fitted = features().fit(np.stack([images[0], images[2]]))
    assert fitted.image_shape_ == SHAPES[0]
    assert_allclose(fitted.transform(images), features_of(fitted, images), rtol=1e-9)


def test_patches_are_drawn_uniformly_over_all_positions_in_all_images():
    sizes = ((3, 4), (2, 9), (3, 4), (5, 3))
    first = np.cumsum([0, *(height * width for height, width in sizes)])
    numbered = [start + np.arange(h * w, dtype=np.float64).reshape(h, w) for start, (h, w) in zip(first, sizes)]
    every = np.concatenate([image[:-1, :-2].ravel() for image in numbered]).astype(int)
    counts = np.bincount(extract_patches(numbered, (2, 3), 23_000, random_state=0)[:, 0].astype(int))
    assert set(np.flatnonzero(counts)) == set(every)  # no patch leaves its image
    chi_squared = ((counts[every] - 23_000 / len(every)) ** 2 / (23_000 / len(every))).sum()
    assert len(every) == 19 and chi_squared < 42.3  # one in a thousand exceeds this, with 18 degrees of freedom


def test_fit_draws_the_patches_that_extract_patches_draws(images):
    drawn = extract_patches(images, 3, 300, random_state=0)
    assert_array_equal(RandomPatches(3, 300, random_state=0).fit_transform(images), drawn)
    fitted = features(300, normalizer=None, whitener=None).fit(images)
    unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    assert_allclose(np.sort(fitted.filters_, axis=0), np.sort(unit, axis=0))


def test_single_precision_is_kept_where_all_images_have_it(images):
    single = [image.astype(np.float32) for image in images]
    made = features().fit(single).transform(single)
    assert made.dtype == extract_patches(single, 3, 5).dtype == np.float32
    assert_allclose(made, features().fit_transform(images), rtol=2e-3, atol=2e-3)
    assert features().fit_transform([*single, images[0]]).dtype == np.float64


def test_a_patch_may_be_of_one_image_alone(images):
    for seed in range(10):
        assert extract_patches(images, 3, 1, random_state=seed).shape == (1, 18)


def test_an_axis_along_which_an_image_has_one_position_is_no_quadrants(images):
    fitted = features(patch_size=(5, 3)).fit(images)
    assert fitted.transform(images).shape == (5, 2 * 6)


def test_grey_images_are_images_of_one_channel(images):
    grey = [image[..., 0] for image in images]
    mixed = [grey[0][..., np.newaxis], *grey[1:]]
    assert_array_equal(features().fit(mixed).transform(mixed), features().fit(grey).transform(grey))


def test_number_of_features_is_known_only_of_one_size(images):
    fitted = features().fit(images[:1])
    assert (fitted.n_features_in_, fitted.image_shape_) == (112, SHAPES[0])
    fitted.fit(images)
    assert not hasattr(fitted, "n_features_in_") and fitted.image_shape_ is None
    with pytest.raises(ValueError, match=r"X: received rows; expected images, \(n_images, height"):
        fitted.transform(images[0].reshape(1, -1))
    assert fitted.fit(images[:1]).n_features_in_ == 112


def test_saved_and_pickled_it_gives_the_same_bits(images, tmp_path):
    fitted = features(pooling=(1, 2)).fit(images)
    fitted.save(tmp_path / "m")
    for copied in (ppdl.load(tmp_path / "m"), pickle.loads(pickle.dumps(fitted))):
        assert_array_equal(copied.transform(images), fitted.transform(images))
        assert copied.image_shape_ is None and not hasattr(copied, "n_features_in_")
    assert ppdl.load(tmp_path / "m").fit(images[:1]).n_features_in_ == 112


def test_pipelines_are_saved_and_validated(images, tmp_path):
    y = np.tile([0, 1], 10)
    many = [image + label for image, label in zip(4 * images, y)]
    model = make_pipeline(features(normalizer=None), Normalizer(), StandardScaler(), LogisticRegression())
    assert len(cross_val_score(model, many, y, cv=2, error_score="raise")) == 2
    ppdl.save(model.fit(many, y), tmp_path / "m")
    assert_array_equal(ppdl.load(tmp_path / "m").predict_proba(many), model.predict_proba(many))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((2, 9, 2), "patch_size: received 3; expected at most 2 x 9, the height and width of image 5"),
        ((9, 2, 2), "patch_size: received 3; expected at most 9 x 2, the height and width of image 5"),
        ((9, 9, 3), "X: received 3 channels in image 5; expected 2, as in image 0, channels last"),
        ((9, 9), "X: received 1 channels in image 5; expected 2"),
    ],
    ids=str,
)
def test_an_image_that_does_not_fit_is_named(images, wrong, message):
    with pytest.raises(ValueError, match=message):
        features().fit([*images, np.ones(wrong), np.ones(wrong)])
    with pytest.raises(ValueError, match=message.replace("X: received", "images: received")):
        extract_patches([*images, np.ones(wrong)], 3)


def test_other_errors_of_several_sizes(images):
    with pytest.raises(ValueError, match=r"received images of shape \(9, 6, 2\); expected input_shape, \(7, 8, 2\)"):
        features(input_shape=SHAPES[0]).fit(images)
    with pytest.raises(ValueError, match="pooling: .* at most 3 x 4 regions, .* in the smallest images"):
        features(pooling=(4, 1)).fit(images)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        features().fit([*images, np.full((7, 7, 2), np.nan)])
    fitted = features().fit(images)
    with pytest.raises(ValueError, match="X: received 3 x 9, .* of image 1; expected at least 4 x 4, .* 2 x 2 regions"):
        fitted.transform([images[0], np.ones((3, 9, 2))])
    with pytest.raises(ValueError, match="X: received images of 3 channels; expected 2, as in fit"):
        fitted.transform([np.ones((9, 9, 3))])
    with pytest.raises(ValueError, match="Input X contains infinity"):
        fitted.transform([np.full((7, 7, 2), np.inf)])
