"""Patches, contrast normalisation and whitening: scikit-learn's contract, and NumPy written from the formulas."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits, load_sample_images
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from threadpoolctl import threadpool_limits

import ppdl
from ppdl.preprocessing import ContrastNormalizer, RandomPatches, Whitener, extract_patches

CHECKED = [
    ContrastNormalizer(),
    ContrastNormalizer("norm", center=False),
    ContrastNormalizer(None),
    Whitener(),
    Whitener("pca"),
    Whitener("pca", n_components=1),
]


@pytest.fixture(scope="module")
def images():
    """Two parts of a photograph, 40 x 50 pixels, red, green and blue in [0, 1]."""
    china = load_sample_images().images[0] / 255
    return np.stack([china[:40, :50], china[200:240, 300:350]])


@pytest.fixture(scope="module")
def patches(images):
    return extract_patches(images, 4, 2000, random_state=0)


@pytest.fixture(scope="module")
def digits():
    return load_digits().data[:600] / 16


@parametrize_with_checks(CHECKED)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CHECKED, ids=str)
def test_scikit_learn_checks_are_many_and_none_is_expected_to_fail(estimator):
    assert sum(1 for _ in estimator_checks_generator(estimator)) >= 45


def test_scikit_learn_checks_of_random_patches_are_those_without_data():
    with pytest.warns(SkipTestWarning, match="requires input"):
        results = estimator_checks.check_estimator(RandomPatches())
    assert {result["status"] for result in results} == {"passed"}
    for check in (
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    ):
        check("RandomPatches", RandomPatches())


# Patches --------------------------------------------------------------------------------------------------------------


def rows_as_bytes(matrix):
    return {row.tobytes() for row in matrix}


@pytest.mark.parametrize("grey", [False, True])
def test_patches_are_those_of_the_images_channels_last(images, grey):
    images = images[..., 0] if grey else images
    every = np.concatenate([extract_patches_2d(image, (3, 5)) for image in images]).reshape(2 * 38 * 46, -1)
    drawn = extract_patches(images, (3, 5), 500, random_state=0)
    assert drawn.shape == (500, 15 if grey else 45)
    assert drawn.flags.c_contiguous
    assert rows_as_bytes(drawn) <= rows_as_bytes(every)


def test_patches_are_drawn_uniformly_over_images_and_positions():
    numbered = np.arange(3 * 4 * 5, dtype=np.float64).reshape(3, 4, 5)
    first_pixels = extract_patches(numbered, (2, 3), 36_000, random_state=0)[:, 0].astype(int)
    counts = np.bincount(first_pixels, minlength=60).reshape(3, 4, 5)
    assert counts[:, 3:].sum() == counts[:, :, 3:].sum() == 0  # no patch leaves its image
    counts = counts[:, :3, :3].ravel()
    chi_squared = ((counts - 36_000 / 27) ** 2 / (36_000 / 27)).sum()
    assert chi_squared < 54.1  # one in a thousand exceeds this, with 26 degrees of freedom


@pytest.mark.parametrize(("dtype", "expected"), [(np.float32, np.float32), (np.float64, np.float64), (np.uint8, float)])
def test_patches_have_the_precision_of_the_images(images, dtype, expected):
    images = (255 * images).astype(dtype)
    images.flags.writeable = False
    drawn = extract_patches(images, 6, 20, random_state=0)
    assert drawn.dtype == expected
    assert_array_equal(drawn, extract_patches(images.astype(np.float64), 6, 20, random_state=0))


def test_flattened_images_and_other_layouts_give_the_same_patches(images):
    expected = extract_patches(images, 6, 50, random_state=3)
    flat = images.reshape(2, -1)
    for same, shape in (
        (flat, (40, 50, 3)),
        (np.asfortranarray(flat), (40, 50, 3)),
        (images, (40, 50, 3)),
        (np.asfortranarray(images), None),
        (flat.tolist(), [40, 50, 3]),
    ):
        assert_array_equal(extract_patches(same, 6, 50, input_shape=shape, random_state=3), expected)
    grey = images[..., 0]
    assert_array_equal(
        extract_patches(grey.reshape(2, -1), 6, 50, input_shape=(40, 50), random_state=3), expected[:, ::3]
    )


def test_random_state_decides_which_patches_are_drawn(images):
    drawn = [extract_patches(images, 6, 50, random_state=seed) for seed in (0, 0, 1)]
    assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    state = np.random.RandomState(0)
    assert (extract_patches(images, random_state=state) != extract_patches(images, random_state=state)).any()


def test_random_patches_is_the_function_as_a_step_of_a_pipeline(images):
    step = RandomPatches((4, 5), 300, random_state=0)
    expected = extract_patches(images, (4, 5), 300, random_state=0)
    assert_array_equal(step.fit_transform(images), expected)
    assert step.patch_shape_ == (4, 5, 3)
    assert_array_equal(pickle.loads(pickle.dumps(step)).transform(images), expected)
    flat = clone(step).set_params(input_shape=(40, 50, 3))
    assert_array_equal(flat.fit_transform(images.reshape(2, -1)), expected)
    assert_array_equal(step.transform(images[:, :30]), extract_patches(images[:, :30], (4, 5), 300, random_state=0))

    pipeline = make_pipeline(step, ContrastNormalizer(), Whitener("pca", n_components=7)).fit(images)
    assert pipeline.transform(images).shape == (300, 7)
    assert list(pipeline.get_feature_names_out()) == [f"whitener{k}" for k in range(7)]


@pytest.mark.parametrize("n_patches", [2, 30])
def test_rows_of_random_patches_in_a_data_frame_are_no_rows_of_the_images(images, n_patches):
    pandas = pytest.importorskip("pandas")
    expected = extract_patches(images, 4, n_patches, random_state=0)
    step = RandomPatches(4, n_patches, input_shape=(40, 50, 3), random_state=0).set_output(transform="pandas")
    frame = pandas.DataFrame(images.reshape(2, -1), index=["first", "second"])
    for drawn in (step.fit_transform(frame), clone(step).fit(images).transform(images), step.transform(frame)):
        assert list(drawn.columns) == [f"randompatches{k}" for k in range(48)]
        assert list(drawn.index) == list(range(n_patches))
        assert_array_equal(drawn, expected)
    assert isinstance(RandomPatches(4, 5, input_shape=(40, 50, 3)).fit_transform(frame), np.ndarray)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(patch_size=0), "patch_size: received 0"),
        (dict(patch_size=2.0), "patch_size: received 2.0"),
        (dict(patch_size=(2, 2, 3)), r"patch_size: received \(2, 2, 3\)"),
        (dict(patch_size=(2, 51)), r"patch_size: received \(2, 51\); expected at most 40 x 50"),
        (dict(n_patches=0), "n_patches: received 0"),
        (dict(n_patches=10.5), "n_patches: received 10.5"),
        (dict(n_patches=2**63), "n_patches: received 9223372036854775808"),
        (dict(patch_size=10**400), "patch_size: received 1000"),
        (dict(input_shape=(40, 49)), r"images: received shape \(2, 40, 50, 3\); expected \(n_images, 1960\)"),
        (dict(input_shape=40), "input_shape: received 40"),
        (dict(input_shape=(40, -50)), r"input_shape: received \(40, -50\)"),
    ],
)
def test_errors_of_patches_name_what_was_received(images, options, message):
    with pytest.raises(ValueError, match=message):
        extract_patches(images, **options)
    with pytest.raises(ValueError, match=message):
        RandomPatches(**options).fit(images)


def test_unsuitable_images_are_refused(images):
    with pytest.raises(ValueError, match=r"received shape \(2, 6000\).*flattened images with input_shape"):
        extract_patches(images.reshape(2, -1))
    with pytest.raises(ValueError, match="NaN"):
        extract_patches(np.where(images == images.max(), np.nan, images))
    with pytest.raises(NotFittedError):
        RandomPatches().transform(images)
    with pytest.raises(ValueError, match="received images of 2 channels; expected 3"):
        RandomPatches().fit(images).transform(images[..., :2])


# Contrast -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_contrast_is_normalised_as_the_formulas_say(patches, center, dtype):
    tolerance = dict(rtol=1e-12, atol=1e-12) if dtype == np.float64 else dict(rtol=1e-5, atol=1e-6)
    for scale in ("deviation", "norm", None):
        normalized = ContrastNormalizer(scale, center=center, epsilon=0.01).fit_transform(patches.astype(dtype))
        assert normalized.dtype == dtype
        for x, z in zip(patches[:50], normalized[:50], strict=True):
            kept = x - sum(x) / 48 if center else x
            contrast = {
                "deviation": np.sqrt(sum((x - sum(x) / 48) ** 2) / 48 + 0.01),
                "norm": np.sqrt(sum(kept**2) + 0.01),
                None: 1.0,
            }
            assert_allclose(z, kept / contrast[scale], **tolerance)


def test_default_epsilon_is_ten_for_pixels_up_to_255(patches):
    of_255 = ContrastNormalizer(epsilon=10).fit_transform(255 * patches)
    assert_allclose(ContrastNormalizer().fit_transform(patches), of_255, atol=1e-13)


def test_unit_norm_is_that_of_scikit_learn(patches):
    normalized = ContrastNormalizer("norm", center=False, epsilon=1e-300).fit_transform(patches)
    assert_allclose(normalized, Normalizer().fit_transform(patches), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_patches_stay_finite(dtype):
    for scale in ("deviation", "norm", None):
        normalizer = ContrastNormalizer(scale, epsilon=1e-60)
        assert_array_equal(normalizer.fit_transform(np.full((3, 8), 0.5, dtype)), 0.0)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", ["deviation", "norm"])
@pytest.mark.parametrize(
    ("dtype", "unit"),
    [
        (np.float32, 2.0**-100),
        (np.float32, 2.0**126),
        (np.float64, 2.0**-400),
        (np.float64, 2.0**520),
        (float, 2.0**1022),
    ],
    ids=str,
)
def test_contrast_does_not_depend_on_the_unit_of_large_and_small_numbers(patches, dtype, unit, scale, center):
    X = patches[:20].astype(dtype)
    options = {"scale": scale, "center": center}
    expected = ContrastNormalizer(**options, epsilon=1e-300).fit_transform(X)
    assert_array_equal(ContrastNormalizer(**options, epsilon=5e-324).fit_transform(X * dtype(unit)), expected)


def test_small_contrast_on_a_large_mean_is_that_of_exact_differences(patches):
    X = (1e4 + patches[:20]).astype(np.float32)
    expected = ContrastNormalizer(epsilon=1e-8).fit_transform(X.astype(np.float64))
    assert_allclose(ContrastNormalizer(epsilon=1e-8).fit_transform(X), expected, atol=1e-6)


def test_differences_beyond_the_range_are_reported():
    largest = np.finfo(np.float64).max
    with pytest.warns(RuntimeWarning, match="X: the result holds NaN or infinity"):
        ContrastNormalizer(None).fit_transform([[largest, -largest, -largest]])


def test_rows_are_normalised_by_themselves_and_without_fit(patches):
    many = np.tile(patches, (5, 1))  # several blocks
    expected = ContrastNormalizer().fit_transform(patches)
    assert_array_equal(ContrastNormalizer().transform(many), np.tile(expected, (5, 1)))


def test_data_are_overwritten_only_if_asked(patches):
    X = patches.copy()
    ContrastNormalizer().fit_transform(X)
    assert_array_equal(X, patches)
    assert ContrastNormalizer(copy=False).fit_transform(X) is X
    assert_array_equal(X, ContrastNormalizer().fit_transform(patches))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(scale="l2"), "scale: received 'l2'; expected one of 'deviation', 'norm', None"),
        (dict(epsilon=0), "epsilon: received 0; expected a number above 0"),
        (dict(epsilon=10**400), "epsilon: received an integer of 1329 bits"),
        (dict(center="no"), "center: received 'no'"),
        (dict(copy=None), "copy: received None"),
    ],
)
def test_errors_of_contrast_name_what_was_received(patches, options, message):
    with pytest.raises(ValueError, match=message):
        ContrastNormalizer(**options).fit(patches)
    with pytest.raises(ValueError, match=message):
        ContrastNormalizer(**options).transform(patches)


# Whitening ------------------------------------------------------------------------------------------------------------


def whitening(X, method, epsilon, n_components):
    """V diag(1 / sqrt(d + epsilon)) [V^T], from NumPy's eigenvectors of NumPy's covariance."""
    d, V = np.linalg.eigh(np.cov(X, rowvar=False))
    d, V = d[::-1][:n_components], V[:, ::-1][:, :n_components]
    P = V @ np.diag(1 / np.sqrt(d + epsilon))
    return d, (P @ V.T if method == "zca" else P)


@pytest.mark.parametrize("n_components", [None, 11])
@pytest.mark.parametrize("method", ["zca", "pca"])
def test_whitening_is_that_of_the_formula(patches, method, n_components):
    d, P = whitening(patches, method, 0.01, n_components)
    whitener = Whitener(method, epsilon=0.01, n_components=n_components).fit(patches)
    signs = 1 if method == "zca" else np.sign(P[np.abs(P).argmax(axis=0), range(P.shape[1])])
    assert_allclose(whitener.whitening_, P * signs, atol=1e-10)
    assert_allclose(whitener.explained_variance_, d, atol=1e-14)
    assert_allclose(whitener.mean_, patches.mean(axis=0))
    assert_allclose(whitener.transform(patches), (patches - patches.mean(axis=0)) @ (P * signs), atol=1e-10)


def test_pca_without_epsilon_is_that_of_scikit_learn(patches):
    expected = PCA(n_components=10, whiten=True, svd_solver="full").fit(patches)
    whitener = Whitener("pca", epsilon=0, n_components=10).fit(patches)
    signs = np.sign((whitener.whitening_.T * expected.components_).sum(axis=1))
    assert_allclose(whitener.transform(patches), expected.transform(patches) * signs, atol=1e-9)
    assert_allclose(whitener.explained_variance_, expected.explained_variance_)
    whitened = expected.transform(patches)
    assert_allclose(whitener.inverse_transform(whitened * signs), expected.inverse_transform(whitened), atol=1e-12)


@pytest.mark.parametrize("method", ["zca", "pca"])
def test_without_epsilon_the_covariance_becomes_the_identity(patches, method):
    whitened = Whitener(method, epsilon=0).fit_transform(patches)
    assert_allclose(np.cov(whitened, rowvar=False), np.eye(48), atol=1e-8)


def test_zca_is_the_whitening_that_changes_least_and_stays_in_place(patches):
    zca, pca = (Whitener(method, epsilon=1e-3).fit(patches) for method in ("zca", "pca"))
    assert_allclose(zca.whitening_, zca.whitening_.T, atol=1e-12)
    assert np.linalg.eigvalsh(zca.whitening_).min() > 0
    assert_allclose(zca.whitening_ @ zca.whitening_, pca.whitening_ @ pca.whitening_.T, atol=1e-7)
    assert_array_equal(np.abs(zca.whitening_).argmax(axis=0), range(48))


@pytest.mark.parametrize("method", ["zca", "pca"])
def test_inverse_is_exact_with_all_components_and_a_projection_with_fewer(digits, method):
    whitener = Whitener(method).fit(digits)  # some pixels are constant
    assert_allclose(whitener.inverse_transform(whitener.transform(digits)), digits, atol=1e-12)
    fewer = Whitener(method, n_components=20).fit(digits)
    expected = PCA(20, svd_solver="full").fit(digits)
    projected = expected.inverse_transform(expected.transform(digits))
    assert_allclose(fewer.inverse_transform(fewer.transform(digits)), projected, atol=1e-12)


@pytest.mark.parametrize("method", ["zca", "pca"])
def test_precision_of_the_data_is_kept(patches, method):
    double = Whitener(method).fit(patches)
    single = Whitener(method).fit(patches.astype(np.float32))
    arrays = (single.whitening_, single.dewhitening_, single.explained_variance_)
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert single.mean_.dtype == np.float64  # from which float32 samples are told apart, however large they are
    whitened = single.transform(patches)
    assert whitened.dtype == single.inverse_transform(whitened).dtype == np.float32
    assert_allclose(whitened, double.transform(patches), atol=1e-4)


def test_large_means_cost_no_precision(patches):
    expected = Whitener().fit_transform(patches)
    assert_allclose(Whitener().fit_transform(patches + 1e6), expected, atol=1e-7)


def test_any_number_of_threads_learns_the_same_bits(patches):
    learned = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            learned.append(Whitener().fit(patches).whitening_)
    assert_array_equal(*learned)


def test_names_of_whitened_features(digits):
    names = load_digits().feature_names
    assert list(Whitener().fit(digits).get_feature_names_out(names)) == names
    assert list(Whitener("pca", n_components=2).fit(digits).get_feature_names_out()) == ["whitener0", "whitener1"]


def test_frames_keep_their_names_and_index(digits):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(digits, columns=load_digits().feature_names).iloc[::-1]
    for step in (ContrastNormalizer(), Whitener(n_components=5)):
        out = step.set_output(transform="pandas").fit_transform(frame)
        assert list(out.columns) == list(frame.columns)
        assert list(out.index) == list(frame.index)
        assert_array_equal(out, clone(step).set_output(transform="default").fit_transform(frame))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(method="ica"), "method: received 'ica'; expected one of 'zca', 'pca'"),
        (dict(epsilon=-1), "epsilon: received -1; expected a number at least 0"),
        (dict(epsilon=np.nan), "epsilon: received nan"),
        (dict(n_components=49), "n_components: received 49; expected an integer, at least 1 and at most 48"),
        (dict(n_components=0.9), "n_components: received 0.9"),
        (dict(n_components=2**63), "n_components: received 9223372036854775808"),
        (dict(epsilon=10**400), "epsilon: received an integer of 1329 bits"),
    ],
)
def test_errors_of_whitening_name_what_was_received(patches, options, message):
    with pytest.raises(ValueError, match=message):
        Whitener(**options).fit(patches)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_directions_without_variance_are_not_scaled_up(patches, dtype):
    centred = ContrastNormalizer().fit_transform(patches.astype(dtype))
    with pytest.raises(ppdl.NumericalError, match=r"1 of 48 components have no variance.*increase epsilon \(got 0\)"):
        Whitener(epsilon=0).fit(centred)
    whitened = Whitener(epsilon=0, n_components=47).fit_transform(centred)
    assert_allclose(np.cov(whitened, rowvar=False).trace(), 47, rtol=1e-4)


@pytest.mark.parametrize("n_samples", [20, 3000, 30_000])
def test_rounding_of_float32_on_a_large_mean_is_no_variance(n_samples):
    rng = np.random.default_rng(0)
    X = rng.laplace(size=(n_samples, 6)) @ rng.normal(size=(6, 6))
    X -= X.mean(axis=1, keepdims=True)
    for offset in (0.0, 10.0, 1e4):
        shifted = (X + offset).astype(np.float32)
        with pytest.raises(ppdl.NumericalError, match="1 of 6 components have no variance"):
            Whitener(epsilon=0).fit(shifted)
        whitened = Whitener(epsilon=0, n_components=5).fit_transform(shifted)
        assert_allclose(np.cov(whitened, rowvar=False).trace(), 5, rtol=1e-3)
        assert np.abs(whitened.mean(axis=0)).max() < 1e-3


def test_numbers_too_large_to_square_are_refused(patches):
    with pytest.raises(ValueError, match="X: the largest magnitude is"):
        Whitener().fit(patches * 1e200)
    with pytest.raises(ValueError, match="explained_variance_: .* too large for float32"):
        Whitener().fit((patches * 1e25).astype(np.float32))


def test_whitened_of_another_width_is_refused(patches):
    whitener = Whitener("pca", n_components=3).fit(patches)
    with pytest.raises(ValueError, match=r"X: received shape \(2, 4\); expected \(n_samples, 3\)"):
        whitener.inverse_transform(np.zeros((2, 4)))
