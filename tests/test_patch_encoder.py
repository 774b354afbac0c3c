"""The core's encoder of patches against the oracle, which loops over all of them."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from cases import covering
from oracles.patches import ENCODINGS, encode, normalise, pool, positions

from ppdl import _core

KINDS = (*ENCODINGS, "triangle")
CONTRASTS = {
    "raw": {},
    "centred": {"center": True},
    "deviation": {"center": True, "scale": "deviation", "contrast_epsilon": 0.01},
    "deviation, not centred": {"scale": "deviation", "contrast_epsilon": 0.01},
    "norm": {"center": True, "scale": "norm", "contrast_epsilon": 0.01},
    "norm, not centred": {"scale": "norm", "contrast_epsilon": 0.01},
}
GRIDS = {  # image, patch, stride, regions
    "one position": ((4, 3, 2), (4, 3), 1, (1, 1)),
    "odd quadrants": ((9, 8, 1), (3, 2), 1, (2, 2)),
    "stride": ((11, 12, 3), (4, 5), 3, (2, 1)),
    "signal": ((1, 17, 1), (1, 4), 2, (1, 3)),
    "many regions": ((8, 7, 2), (2, 2), 1, (3, 5)),
    "many patches": ((25, 21, 1), (2, 3), 1, (1, 2)),
    "several parts of a region": ((75, 70, 1), (2, 3), 1, (1, 1)),
}


def example(grid="odd quadrants", *, contrast="raw", encoding="absolute", n_filters=7, whitened=False, n_images=3):
    """Images, and the arguments of an encoder."""
    rng = np.random.default_rng(5)
    shape, patch_size, stride, regions = GRIDS[grid]
    n_inputs = n_patch = patch_size[0] * patch_size[1] * shape[2]
    options = {"patch_size": patch_size, "stride": stride, "regions": regions, "encoding": encoding, "epsilon": 0.03,
               "threshold": 0.2, **CONTRASTS[contrast]}  # fmt: skip
    if whitened:
        n_inputs = max(1, n_patch - 1)
        options |= {"mean": rng.normal(size=n_patch), "whitening": rng.normal(size=(n_patch, n_inputs))}
    bias = None if encoding == "triangle" else rng.normal(size=n_filters)
    return rng.random((n_images, *shape)), rng.normal(size=(n_inputs, n_filters)), bias, options


def received(images, filters, bias, options, core=_core.f64, n_threads=None):
    dtype = np.float32 if core is _core.f32 else np.float64
    arrays = {name: value.astype(dtype) for name, value in options.items() if isinstance(value, np.ndarray)}
    bias = None if bias is None else bias.astype(dtype)
    encoder = core.PatchEncoder(images.shape[1:], filters.astype(dtype), bias, **{**options, **arrays})
    made = np.full((len(images), encoder.n_features), np.nan, dtype)
    encoder.encode(images.reshape(len(images), np.prod(images.shape[1:])).astype(dtype, order="C"), made, n_threads)
    return made


def expected(images, filters, bias, options):
    options = {"stride": 1, "regions": (2, 2), "center": False, "scale": None, "contrast_epsilon": 0.0, **options}
    code = {name: options[name] for name in ("encoding", "epsilon", "threshold")}

    def codes(x):
        x = normalise(x, options["center"], options["scale"], options["contrast_epsilon"])
        x = x - options.get("mean", 0.0)
        x = x @ options["whitening"] if "whitening" in options else x
        return encode(x, filters, bias, **code)

    patches = (positions(image, options["patch_size"], options["stride"]) for image in images)
    return np.array([pool(np.apply_along_axis(codes, 2, x), options["regions"]) for x in patches])


def assert_close(made, wanted, tolerance):
    np.testing.assert_allclose(made, wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max())


@pytest.mark.parametrize(("case", "contrast"), covering(product([False, True], KINDS), CONTRASTS))
def test_every_encoding_and_contrast_is_that_of_the_oracle(case, contrast):
    whitened, encoding = case
    case = example(encoding=encoding, contrast=contrast, whitened=whitened)
    wanted = expected(*case)
    assert_close(received(*case), wanted, 1e-12)
    assert_close(received(*case, core=_core.f32), wanted, 1e-5)


@pytest.mark.parametrize("encoding", ["smooth-absolute", "split", "triangle"])
@pytest.mark.parametrize("grid", GRIDS)
def test_every_grid_is_that_of_the_oracle(grid, encoding):
    case = example(grid, contrast="deviation", encoding=encoding, whitened=True)
    assert_close(received(*case), expected(*case), 1e-11)


@pytest.mark.parametrize("encoding", ["rectifier", "triangle"])
def test_a_mean_is_subtracted_before_rounding_can_hide_the_rest(encoding):
    images, filters, bias, options = example(encoding=encoding)
    case = images + 4096, filters, bias, {**options, "mean": np.full(len(filters), 4096.0)}
    rounded = (case[0].astype(np.float32).astype(np.float64), *case[1:])
    assert_close(received(*case, core=_core.f32), expected(*rounded), 1e-5)


@pytest.mark.parametrize("core", [_core.f32, _core.f64])
def test_distances_that_nearly_cancel_are_exact(core):
    rng = np.random.default_rng(0)
    centroids = 1000 + np.round(rng.random((6, 7)), 3)
    images = np.vstack([centroids.T, centroids.T + 2**-8]).reshape(14, 3, 2, 1)
    if core is _core.f32:
        centroids, images = (array.astype(np.float32).astype(np.float64) for array in (centroids, images))
    options = {"patch_size": (3, 2), "regions": (1, 1), "encoding": "triangle", "epsilon": 0.0, "threshold": 0.0}
    case = images, centroids, None, options
    assert_close(received(*case, core=core), expected(*case), 1e-5 if core is _core.f32 else 1e-10)


@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("encoding", ["smooth-absolute", "triangle"])
@pytest.mark.parametrize(("core", "unit"), [(_core.f32, 2.0**100), (_core.f64, 2.0**600)], ids=["f32", "f64"])
def test_pixels_whose_squares_are_out_of_range(core, unit, encoding, contrast):
    images, filters, bias, options = example(contrast=contrast, encoding=encoding)
    options = {**options, "epsilon": 1e-30, "contrast_epsilon": 1e-30}
    wanted = expected(images, filters, None if bias is None else 0 * bias, options)
    scaled = unit * filters if encoding == "triangle" and "scale" not in options else filters
    made = received(unit * images, scaled, None if bias is None else 0 * bias, options, core=core)
    assert_close(made if "scale" in options else made / unit, wanted, 1e-5)


@pytest.mark.parametrize("encoding", ["soft-threshold", "triangle"])
def test_more_filters_than_a_tile_holds(encoding):
    case = example("many patches", encoding=encoding, n_filters=1031, n_images=1)
    assert_close(received(*case), expected(*case), 1e-11)


def test_quadrants_of_27_positions_split_at_14():
    images = np.ones((1, 32, 32, 1))
    sums = received(images, np.ones((36, 1)), None, {"patch_size": (6, 6), "encoding": "linear"})
    np.testing.assert_allclose(sums[0] / 36, [14 * 14, 14 * 13, 13 * 14, 13 * 13])


def test_the_features_of_a_centroid_at_a_patch_are_its_mean_distance():
    centroids = np.array([[0.0, 2.0, 6.0]])
    made = received(np.zeros((1, 1, 1, 1)), centroids, None,
                    {"patch_size": (1, 1), "regions": (1, 1), "encoding": "triangle"})  # fmt: skip
    np.testing.assert_allclose(made, [[8 / 3, 2 / 3, 0.0]])


def test_a_block_of_images_gives_the_bits_of_single_ones():
    images, *rest = example(contrast="deviation", encoding="triangle")
    singles = [received(image[np.newaxis], *rest, core=_core.f32) for image in images]
    np.testing.assert_array_equal(received(images, *rest, core=_core.f32), np.concatenate(singles))


def test_no_images():
    images, *rest = example()
    assert received(images[:0], *rest).shape == (0, 28)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_size": (10, 2)}, "patch: received 10 x 2.*at most the image, 9 x 8"),
        ({"patch_size": (0, 2)}, "patch: received 0 x 2"),
        ({"stride": 0}, "stride: received 0"),
        ({"regions": (8, 1)}, "regions: received 8 x 1.*7 x 7"),
        ({"regions": (0, 1)}, "regions: received 0 x 1"),
        ({"patch_size": (3, 3)}, "rows of the filters: received 6; expected 9"),
        ({"encoding": "triangel"}, "unknown encoding 'triangel'; known are .*triangle"),
        ({"encoding": "triangle"}, "without bias"),
        ({"scale": "variance"}, "unknown scale 'variance'"),
        ({"scale": "norm"}, "epsilon of the contrast: received 0"),
        ({"encoding": "smooth-absolute", "epsilon": 0.0}, "epsilon of the encoding: received 0"),
        ({"threshold": -1.0}, "threshold: received -1"),
        ({"whitening": np.eye(6, 5)}, "rows of the filters: received 6; expected 5"),
        ({"whitening": np.eye(5, 6)}, "rows of the whitening: received 5; expected 6"),
        ({"whitening": np.eye(6)}, "size of the mean: received 0; expected 6"),
        ({"mean": np.zeros(5)}, "size of the mean: received 5; expected 6"),
    ],
)
def test_arguments_that_do_not_fit_are_errors_that_name_both(change, message):
    images, filters, bias, options = example()
    with pytest.raises(ValueError, match=message):
        received(images, filters, bias, {**options, **change})


def test_wrong_shapes_are_errors():
    images, filters, bias, options = example()
    encoder = _core.f64.PatchEncoder(images.shape[1:], filters, bias, **options)
    with pytest.raises(ValueError, match="columns of the images: received 71; expected 72"):
        encoder.encode(np.zeros((3, 71)), np.zeros((3, 28)))
    with pytest.raises(ValueError, match="rows of the features: received 2; expected 3"):
        encoder.encode(np.zeros((3, 72)), np.zeros((2, 28)))
    with pytest.raises(ValueError, match="columns of the features: received 27; expected 28"):
        encoder.encode(np.zeros((3, 72)), np.zeros((3, 27)))
    with pytest.raises(ValueError, match="size of the bias: received 6; expected 7"):
        _core.f64.PatchEncoder(images.shape[1:], filters, bias[1:], **options)


def test_one_to_three_threads_give_the_same_bits():
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(Path(_core.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "OMP_NUM_THREADS": "3", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": path}
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def main():
    assert _core.resolve_threads(3) == 3
    for core in (_core.f32, _core.f64):
        for encoding in KINDS:
            for grid, n_images in (("many patches", 40), ("several parts of a region", 4)):
                case = example(grid, contrast="norm", encoding=encoding, n_filters=300, n_images=n_images)
                once = received(*case, core=core, n_threads=1)
                for n_threads in (2, 3):
                    np.testing.assert_array_equal(received(*case, core=core, n_threads=n_threads), once, encoding)


if __name__ == "__main__":
    main()
