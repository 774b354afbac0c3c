"""Loaders of CIFAR-10, STL-10 and the natural images: every format, and what a damaged or lying file gets."""

import functools
import gzip
import hashlib
import http.server
import io
import lzma
import os
import pickle
import struct
import sys
import tarfile
import threading
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest

from ppdl.datasets import cifar10, load_cifar10, load_natural_images, load_stl10, natural_images, stl10

PACKINGS = {"": bytes, ".gz": functools.partial(gzip.compress, compresslevel=1), ".xz": lzma.compress}
BATCHES = [f"data_batch_{i}" for i in range(1, 6)]


def draw(n, *shape, seed=0):
    """Images (n, *shape) of bytes, whose first and last values are 0 and 255."""
    images = np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)
    images.flat[0], images.flat[-1] = 0, 255
    return images


# CIFAR-10


def records(planes, labels):
    """Content of a batch of the binary version."""
    return np.hstack([np.array(labels, np.uint8)[:, None], planes]).tobytes()


@pytest.fixture
def tiny_cifar():
    """For each batch, planes (4, 3072) and labels (4,)."""
    return {
        name: (draw(4, 3072, seed=i), [label % 10 for label in range(i, i + 4)])
        for i, name in enumerate([*BATCHES, "test_batch"])
    }


def write_cifar(folder, batches, packing=""):
    for name, batch in batches.items():
        (folder / f"{name}.bin{packing}").write_bytes(PACKINGS[packing](records(*batch)))


@pytest.mark.parametrize("packing", PACKINGS)
def test_cifar_is_channels_last_and_in_order(packing, tiny_cifar, tmp_path):
    write_cifar(tmp_path, tiny_cifar, packing)
    cifar = load_cifar10(tmp_path)
    planes = np.concatenate([tiny_cifar[name][0] for name in BATCHES])
    for colour in range(3):
        plane = planes[:, 1024 * colour : 1024 * (colour + 1)].reshape(-1, 32, 32)
        np.testing.assert_array_equal(cifar.images[..., colour], plane / np.float32(255))
    np.testing.assert_array_equal(cifar.target, np.concatenate([tiny_cifar[name][1] for name in BATCHES]))
    assert cifar.data.dtype == np.float32 and cifar.data.flags.c_contiguous and cifar.target.dtype == np.int64
    assert cifar.data.min() == 0 and cifar.data.max() == 1
    assert cifar.data.shape == (20, 3072) and cifar.input_shape == (32, 32, 3)
    assert np.shares_memory(cifar.data, cifar.images)
    assert cifar.feature_names[(1 * 32 + 2) * 3 + 1] == "pixel_1_2_green" and len(cifar.feature_names) == 3072
    assert list(cifar.target_names[[0, 6]]) == ["airplane", "frog"]


def test_cifar_subsets_dtypes_and_pairs(tiny_cifar, tmp_path):
    write_cifar(tmp_path, tiny_cifar)
    train, test, both = (load_cifar10(tmp_path, subset=subset, dtype=np.float64) for subset in ("train", "test", "all"))
    assert len(train.data) == 20 and len(test.data) == 4 and both.data.dtype == np.float64
    np.testing.assert_array_equal(both.data, np.concatenate([train.data, test.data]))
    X, y = load_cifar10(tmp_path, subset="all", return_X_y=True)
    np.testing.assert_array_equal(X, both.data.astype(np.float32))
    np.testing.assert_array_equal(y, both.target)


@pytest.mark.parametrize("load", [load_cifar10, load_stl10, load_natural_images])
def test_unknown_dtype_is_refused(load, tmp_path):
    with pytest.raises(ValueError, match="dtype: received uint8; expected float32 or float64"):
        load(tmp_path, dtype=np.uint8)


@pytest.mark.parametrize("load", [load_cifar10, load_stl10])
def test_unknown_subset_is_refused(load, tmp_path):
    with pytest.raises(ValueError, match="subset: received 'unlabeled'; expected one of 'train', 'test', 'all'"):
        load(tmp_path, subset="unlabeled")


def test_cifar_is_found_in_the_folder_that_the_archive_unpacks_to(tiny_cifar, tmp_path, monkeypatch):
    monkeypatch.setenv("PPDL_DATA", str(tmp_path))
    folder = tmp_path / "cifar10" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    write_cifar(folder, tiny_cifar)
    pytest.importorskip("pooch")
    assert len(load_cifar10().data) == 20


def test_names_of_classes_are_read_where_they_are(tiny_cifar, tmp_path):
    write_cifar(tmp_path, tiny_cifar)
    (tmp_path / "batches.meta.txt").write_text("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n")
    assert list(load_cifar10(tmp_path).target_names) == list("abcdefghij")
    (tmp_path / "batches.meta.txt").write_text("a\nb\n")
    with pytest.raises(ValueError, match=r"batches.meta.txt: names of 10 classes expected, one a line, 2 found"):
        load_cifar10(tmp_path)


def test_names_of_classes_may_be_of_two_words_and_from_windows(tiny_cifar, tmp_path):
    write_cifar(tmp_path, tiny_cifar)
    names = [f"größte Nummer {k}" for k in range(10)]
    (tmp_path / "batches.meta.txt").write_bytes("\r\n".join(names).encode("utf-8-sig"))
    assert list(load_cifar10(tmp_path).target_names) == names
    (tmp_path / "batches.meta.txt").write_bytes("\n".join(names).encode("latin-1"))
    with pytest.raises(ValueError, match=r"batches.meta.txt: .*utf-8"):
        load_cifar10(tmp_path)


def test_loading_holds_little_more_than_the_result(tmp_path):
    write_cifar(tmp_path, {name: (draw(300, 3072), np.zeros(300)) for name in BATCHES})
    load_cifar10(tmp_path)  # imports
    tracemalloc.start()
    try:
        data = load_cifar10(tmp_path).data
        assert tracemalloc.get_traced_memory()[1] < 1.5 * data.nbytes
    finally:
        tracemalloc.stop()


GOOD = draw(4, 3072)


@pytest.mark.parametrize(
    ("ending", "content", "message"),
    [
        (".bin", b"", "records of 3073 bytes expected, found 0 bytes"),
        (".bin", bytes(3 * 3073 - 1), "found 9218 bytes, which is no whole number of them; it is cut short"),
        (".bin", bytes(3074), "found 3074 bytes, which is no whole number"),
        (".bin", records(GOOD, [0, 9, 10, 3]), "labels must be 0 to 9, label 2 is 10"),
        (".bin.gz", gzip.compress(records(GOOD, range(4)))[:-20], "damaged packed data"),
        (".bin.gz", records(GOOD, range(4)), "damaged packed data: Not a gzipped file"),
        (".bin.xz", lzma.compress(records(GOOD, range(4)))[:-20], "damaged packed data"),
        (".bin.xz", b"something else", "damaged packed data"),
    ],
)
def test_cifar_that_lies_names_file_and_field(ending, content, message, tmp_path):
    (tmp_path / f"test_batch{ending}").write_bytes(content)
    with pytest.raises(ValueError, match=f"/test_batch{ending}: .*{message}"):
        load_cifar10(tmp_path, subset="test")


@pytest.mark.parametrize("place", [".", "cifar-10-batches-py"])
def test_the_python_version_is_not_unpickled_but_named(place, tmp_path):
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "test_batch").write_bytes(b"cos\nabort\n(tR.")
    with pytest.raises(
        ValueError, match=r"test_batch: a pickle .* expected the binary version, cifar-10-binary.tar.gz"
    ):
        load_cifar10(tmp_path, subset="test")


@pytest.mark.parametrize("packing", [".gz", ".xz"])
def test_a_small_file_that_unpacks_to_more_than_all_images_is_refused_early(packing, tiny_stl, tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "N_MOST", 3)
    (tmp_path / f"test_batch.bin{packing}").write_bytes(PACKINGS[packing](bytes(3073 * 10_000)))
    write_stl(tmp_path, tiny_stl)
    (tmp_path / "train_y.bin").unlink()
    (tmp_path / f"train_y.bin{packing}").write_bytes(PACKINGS[packing](b"\1" * 30_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"test_batch.bin{packing}: holds more than 9219 bytes"):
            load_cifar10(tmp_path, subset="test")
        with pytest.raises(ValueError, match=rf"train_y.bin{packing}: holds more than 13000 bytes"):
            load_stl10(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 15_000_000
    finally:
        tracemalloc.stop()


# STL-10


def stl_bytes(images):
    """Content of a file of images (n, row, column, channel)."""
    return images.transpose(0, 3, 2, 1).tobytes()


@pytest.fixture
def tiny_stl():
    """Images (n, 6, 6, 3) and their labels for each subset, and three folds of four images."""
    rng = np.random.default_rng(0)
    return {
        "train": (draw(10, 6, 6, 3), rng.permutation(10)),
        "test": (draw(7, 6, 6, 3, seed=1), rng.integers(0, 10, 7)),
        "folds": rng.permuted(np.tile(np.arange(10), (3, 1)), axis=1)[:, :4],
    }


def write_stl(folder, stl, *, side=6, packing="", folds=True):
    for subset in ("train", "test"):
        images, labels = stl[subset]
        ending = "" if side == 96 else f"_{side}"
        (folder / f"{subset}_X{ending}.bin{packing}").write_bytes(PACKINGS[packing](stl_bytes(images)))
        (folder / f"{subset}_y.bin{packing}").write_bytes(PACKINGS[packing]((labels + 1).astype(np.uint8).tobytes()))
    if folds:
        np.savetxt(folder / "fold_indices.txt", stl["folds"], "%d")


@pytest.mark.parametrize("packing", PACKINGS)
def test_stl_is_upright_channels_last_and_counted_from_zero(packing, tiny_stl, tmp_path):
    write_stl(tmp_path, tiny_stl, packing=packing)
    for subset, n in (("train", 10), ("test", 7)):
        images, labels = tiny_stl[subset]
        bunch = load_stl10(tmp_path, subset=subset)
        np.testing.assert_array_equal(bunch.images, images / np.float32(255))
        np.testing.assert_array_equal(bunch.target, labels)
        assert bunch.target.dtype == np.int64 and bunch.data.shape == (n, 108) and bunch.input_shape == (6, 6, 3)
        assert bunch.data.flags.c_contiguous and np.shares_memory(bunch.data, bunch.images)
        assert list(bunch.target_names[[1, 7]]) == ["bird", "monkey"]
        assert ("folds" in bunch) == (subset == "train")
    both = load_stl10(tmp_path, subset="all", dtype=np.float64)
    np.testing.assert_array_equal(both.images * 255, np.concatenate([tiny_stl[part][0] for part in ("train", "test")]))
    np.testing.assert_array_equal(both.folds, tiny_stl["folds"])
    X, y = load_stl10(tmp_path, return_X_y=True)
    assert X.shape == (10, 108) and y.shape == (10,)


def test_stl_without_side_takes_the_largest_complete_one(tiny_stl, tmp_path):
    write_stl(tmp_path, tiny_stl)
    write_stl(tmp_path, {**tiny_stl, "train": (draw(10, 12, 12, 3), np.arange(10))}, side=12)
    (tmp_path / "test_X_12.bin").unlink()
    assert load_stl10(tmp_path).input_shape == (12, 12, 3)
    assert load_stl10(tmp_path, side=6).input_shape == (6, 6, 3)
    assert load_stl10(tmp_path, subset="all").input_shape == (6, 6, 3)
    with pytest.raises(FileNotFoundError, match=r"test_X_12.bin, test_y.bin not found"):
        load_stl10(tmp_path, subset="test", side=12)
    write_stl(tmp_path, {**tiny_stl, "test": (draw(2, 96, 96, 3), np.arange(2))}, side=96)
    assert load_stl10(tmp_path, subset="test").input_shape == (96, 96, 3)


def test_stl_fold_is_a_selection_of_the_training_images(tiny_stl, tmp_path):
    write_stl(tmp_path, tiny_stl)
    whole = load_stl10(tmp_path)
    for fold, chosen in enumerate(tiny_stl["folds"]):
        part = load_stl10(tmp_path, fold=fold)
        np.testing.assert_array_equal(part.data, whole.data[chosen])
        np.testing.assert_array_equal(part.target, whole.target[chosen])
        assert "folds" not in part


def test_stl_fold_alone_is_read_if_its_side_is_asked_for(tiny_stl, tmp_path):
    write_stl(tmp_path, tiny_stl)
    images = draw(4, 8, 8, 3, seed=2)
    (tmp_path / "train_X_8_fold0.bin.xz").write_bytes(lzma.compress(stl_bytes(images)))
    part = load_stl10(tmp_path, fold=0, side=8)
    np.testing.assert_array_equal(part.images, images / np.float32(255))
    np.testing.assert_array_equal(part.target, tiny_stl["train"][1][tiny_stl["folds"][0]])
    assert load_stl10(tmp_path, fold=0).input_shape == (6, 6, 3)
    with pytest.raises(FileNotFoundError, match="train_X_8_fold1.bin"):
        load_stl10(tmp_path, fold=1, side=8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": 0}, "side: received 0; expected an integer, at least 1"),
        ({"side": 6.5}, "side: received 6.5; expected an integer"),
        ({"side": 10**400}, "side: received an integer of 1329 bits; expected an integer"),
        ({"fold": 3}, "fold: received 3; expected an integer, at least 0 and at most 2"),
        ({"fold": -1}, "fold: received -1; expected an integer, at least 0"),
        ({"fold": 0, "subset": "all"}, "subset: received 'all'; expected 'train'"),
        ({"subset": ["train"]}, "subset: received ..train..; expected one of"),
        ({"dtype": "pixels"}, "dtype: received pixels; expected float32 or float64"),
        ({"path": 7}, "path: received 7; expected a path"),
    ],
)
def test_stl_arguments_are_checked(arguments, message, tiny_stl, tmp_path):
    write_stl(tmp_path, tiny_stl)
    with pytest.raises(ValueError, match=message):
        load_stl10(**{"path": tmp_path, **arguments})


def test_stl_without_folds_loads_whole_but_no_fold(tiny_stl, tmp_path):
    write_stl(tmp_path, tiny_stl, folds=False)
    assert "folds" not in load_stl10(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"fold_indices.txt not found in .*, so that fold 1 is unknown"):
        load_stl10(tmp_path, fold=1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train_X_6.bin", bytes(1079), "cut short in its pixels, 10 images of side 6: 1080 bytes expected, 1079 found"),
        ("train_X_6.bin", bytes(1081), "pixels, 10 images of side 6: data goes on after the 1080 bytes"),
        ("train_X_99999.bin", bytes(108), "pixels, 10 images of side 99999: 299994000030 bytes; expected at most"),
        ("train_X_2000.bin", bytes(108), "cut short in its pixels, 10 images of side 2000: .* 108 found"),
        ("train_X_6.bin.gz", gzip.compress(bytes(1080))[:-5], "damaged packed data"),
        ("train_X_6.bin.xz", lzma.compress(bytes(1080))[:-5], "damaged packed data"),
        ("train_y.bin", bytes([1, 2, 3, 0, *range(1, 7)]), "labels must be 1 to 10, label 3 is 0"),
        ("train_y.bin", bytes(range(2, 12)), "labels must be 1 to 10, label 9 is 11"),
        ("train_y.bin", b"", "labels expected, the file is empty"),
        ("fold_indices.txt", b"0 1 2\n3 4 10\n", "indices must be 0 to 9, the largest is 10"),
        ("fold_indices.txt", b"0 1 2\n3 4\n", "lines of equally many indices expected"),
        ("fold_indices.txt", b"0 1 2\n3 4 -5\n", "lines of equally many indices expected"),
        ("fold_indices.txt", b"0 1 99999999999999999999", "lines of equally many indices expected"),
        ("fold_indices.txt", b"\xff\n", ".utf-8. codec"),
        ("fold_indices.txt", b"", "lines of equally many indices expected"),
        ("fold_indices.txt", b"0 " * 600_000, "holds more than 1048576 bytes"),
        ("class_names.txt", b"a b", "names of 10 classes expected, one a line, 1 found"),
    ],
)
def test_stl_that_lies_names_file_and_field(name, content, message, tiny_stl, tmp_path):
    write_stl(tmp_path, tiny_stl)
    for file in tmp_path.glob(name.split(".")[0] + ".*"):
        file.unlink()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"/{name}: .*{message}"):
        load_stl10(tmp_path)


# Natural images


@pytest.fixture(scope="module")
def photographs():
    return np.arange(np.prod(natural_images.SHAPE), dtype=np.uint32).view(np.uint8)[::4].reshape(natural_images.SHAPE)


def npy_bytes(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


@pytest.mark.parametrize("packing", PACKINGS)
def test_natural_images_from_the_array(packing, photographs, tmp_path):
    (tmp_path / f"natural_images.npy{packing}").write_bytes(PACKINGS[packing](npy_bytes(photographs)))
    bunch = load_natural_images(tmp_path, dtype=np.float64)
    np.testing.assert_array_equal(bunch.images, photographs / 255)
    assert bunch.input_shape == (256, 512) and np.shares_memory(bunch.data, bunch.images)
    assert "www.naturalimagestatistics.net" in bunch.DESCR and "research only" in bunch.DESCR
    assert load_natural_images(tmp_path).data.dtype == np.float32


@pytest.fixture
def pictures(photographs, tmp_path):
    """The images as pictures, the fourth upright."""
    pillow = pytest.importorskip("PIL.Image")
    for i, image in enumerate(photographs, start=1):
        turned = np.rot90(image, -1) if i == 4 else image
        pillow.fromarray(np.ascontiguousarray(turned)).save(tmp_path / f"{i:02}.png", compress_level=1)
    return tmp_path


def test_natural_images_from_pictures_of_which_upright_ones_are_turned(pictures, photographs):
    np.testing.assert_array_equal(load_natural_images(pictures).images, photographs / np.float32(255))


def test_damaged_or_other_pictures_are_refused(pictures):
    pillow = pytest.importorskip("PIL.Image")
    for mode, size, message in (
        ("RGB", (512, 256), "found mode RGB and 256 x 512"),
        ("L", (512, 255), "found mode L and 255 x 512"),
        ("I;16", (512, 256), "found mode I;16"),
    ):
        pillow.new(mode, size).save(pictures / "13.png")
        with pytest.raises(ValueError, match=f"/13.png: a grey picture of 256 x 512 bytes expected, {message}"):
            load_natural_images(pictures)
    whole = (pictures / "12.png").read_bytes()
    for content in (b"", b"something else", whole[:50], whole[: len(whole) // 2]):
        (pictures / "12.png").write_bytes(content)
        with pytest.raises(ValueError, match=r"/12.png: "):
            load_natural_images(pictures)


def png_of(width, height):
    """A PNG picture that claims a size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(99))), (b"IEND", b"")]
    body = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


@pytest.mark.parametrize("side", [2000, 12_000, 100_000])  # Pillow is silent, warns, or raises an error of its own
def test_a_picture_is_not_decoded_before_its_size_is_known(side, pictures):
    (pictures / "01.png").write_bytes(png_of(side, side))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"/01.png: "):
            load_natural_images(pictures)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_without_pillow_the_message_names_the_extra(pictures, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r"01.png needs Pillow.*predicted-parameters\[plot\]"):
        load_natural_images(pictures)


SMALL = np.zeros((13, 256, 511), np.uint8)


def npy_header(text):
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(10)


@pytest.mark.parametrize(
    ("ending", "content", "message"),
    [
        ("", lambda whole: npy_bytes(SMALL), r"header: received .*\(13, 256, 511\).*; expected .*\(13, 256, 512\)"),
        ("", lambda whole: npy_bytes(SMALL.astype(np.float32)), "header: received .*f4"),
        ("", lambda whole: npy_bytes(SMALL, (2, 0)), "not a .npy file of version"),
        ("", lambda whole: npy_bytes(np.zeros((13, 256, 512), np.uint8, order="F")), "header: received .*True"),
        ("", lambda whole: npy_header("-" * 9000 + "1"), "header: received '-{100}'"),
        ("", lambda whole: npy_header("{{}: 1}"), "header: received '{{}: 1}'"),
        ("", lambda whole: whole[:-1], "cut short in its pixels: 1703936 bytes expected, 1703935 found"),
        ("", lambda whole: whole + b"x", "pixels: data goes on after the 1703936 bytes"),
        ("", lambda whole: whole[:60], "cut short in its header"),
        ("", lambda whole: pickle.dumps(SMALL), "not a .npy file"),
        ("", lambda whole: b"", "cut short in its magic string"),
        (".gz", lambda whole: gzip.compress(whole)[:-4], "damaged packed data"),
        (".gz", lambda whole: gzip.compress(whole)[:20], "damaged packed data"),
        (".xz", lambda whole: whole, "damaged packed data"),
    ],
)
def test_natural_images_that_lie_name_file_and_field(ending, content, message, photographs, tmp_path):
    (tmp_path / f"natural_images.npy{ending}").write_bytes(content(npy_bytes(photographs)))
    with pytest.raises(ValueError, match=f"/natural_images.npy{ending}: .*{message}"):
        load_natural_images(tmp_path)


# Where the files are, and downloads


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (load_cifar10, r"cifar10: data_batch_1.bin, .*holds cifar10/, or pass download=True"),
        (load_stl10, r"stl10: train_X.bin, train_y.bin not found .*holds stl10/, or pass download=True for .* side 96"),
        (load_natural_images, r"natural-images: natural_images.npy or 01.png, .*www.naturalimagestatistics.net"),
    ],
)
def test_missing_files_are_named_with_a_way_to_get_them(load, message, tmp_path):
    with pytest.raises(FileNotFoundError, match=message):
        load(tmp_path)


@pytest.fixture
def serve(tmp_path_factory, monkeypatch):
    """Serve a tar archive of the files of a folder as the one that a module downloads."""
    pytest.importorskip("pooch")
    root = tmp_path_factory.mktemp("mirror")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def serve_archive(module, folder):
        with tarfile.open(root / module.ARCHIVE, "w:gz") as tar:
            tar.add(folder, "inside")
        digest = hashlib.sha256((root / module.ARCHIVE).read_bytes()).hexdigest()
        monkeypatch.setattr(module, "ARCHIVE_HASH", f"sha256:{digest}")
        monkeypatch.setattr(module, "MIRRORS", (f"http://127.0.0.1:{server.server_port}/",))

    yield serve_archive
    server.shutdown()
    thread.join()
    server.server_close()


def test_cifar_download_keeps_the_batches_alone(serve, tiny_cifar, tmp_path, tmp_path_factory):
    write_cifar(tmp_path, tiny_cifar)
    (tmp_path / "readme.html").write_text("not needed")
    serve(cifar10, tmp_path)
    target = tmp_path_factory.mktemp("target")
    downloaded = load_cifar10(target, download=True)
    np.testing.assert_array_equal(downloaded.data, load_cifar10(tmp_path).data)
    held = sorted(path.name for path in (target / "cifar-10-batches-bin").iterdir())
    assert held == sorted(f"{name}.bin" for name in tiny_cifar)
    assert len(load_cifar10(target, subset="all").data) == 24


def test_stl_download_is_of_the_official_side(serve, tiny_stl, tmp_path, tmp_path_factory):
    write_stl(
        tmp_path, {**tiny_stl, **{part: (draw(2, 96, 96, 3), np.arange(2)) for part in ("train", "test")}}, side=96
    )
    (tmp_path / "unlabeled_X.bin").write_bytes(bytes(100))
    (tmp_path / "fold_indices.txt").write_text("1\n0\n")
    serve(stl10, tmp_path)
    target = tmp_path_factory.mktemp("target")
    with pytest.raises(FileNotFoundError, match=r"train_X_48.bin"):
        load_stl10(target, side=48, download=True)
    assert load_stl10(target, subset="all", download=True).folds.tolist() == [[1], [0]]
    assert not list(target.rglob("unlabeled*")) and not list(target.rglob("*.gz"))


def test_download_with_a_wrong_hash_is_refused_and_leaves_nothing(
    serve, tiny_cifar, tmp_path, tmp_path_factory, monkeypatch
):
    write_cifar(tmp_path, tiny_cifar)
    serve(cifar10, tmp_path)
    monkeypatch.setattr(cifar10, "ARCHIVE_HASH", "sha256:" + "0" * 64)
    target = tmp_path_factory.mktemp("target")
    with pytest.raises(OSError, match=r"cifar-10-binary.tar.gz could not be downloaded"):
        load_cifar10(target, download=True)
    assert not [path for path in target.rglob("*") if path.is_file()]


# The real data, where PPDL_DATA has it: the published files are made anew from what was loaded and compared by hash.


def real_folder(name):
    folder = Path(os.environ.get("PPDL_DATA", "absent")) / name
    if not folder.is_dir():
        pytest.skip("PPDL_DATA doesn't hold it")
    return folder


def as_bytes(images):
    """Pixels in [0, 1] as the bytes that they were."""
    return np.rint(images * 255).astype(np.uint8)


def test_real_cifar_is_the_published_one():
    cifar = load_cifar10(real_folder("cifar10"), subset="all")
    sha1 = []
    for begin in range(0, 60000, 10000):
        batch = slice(begin, begin + 10000)
        planes = as_bytes(cifar.images[batch]).transpose(0, 3, 1, 2).reshape(-1, 3072)
        sha1.append(hashlib.sha1(records(planes, cifar.target[batch])).hexdigest())
    assert sha1 == [
        "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
        "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
        "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
        "aab85764eb3584312d3c7f65fd2fd016e36a258e",
        "26e2849e66a845b7f1e4614ae70f4889ae604628",
        "67eb016db431130d61cd03c7ad570b013799c88c",
    ]
    train, test = slice(50000), slice(50000, None)
    np.testing.assert_array_equal(np.bincount(cifar.target[train]), np.full(10, 5000))
    np.testing.assert_array_equal(np.bincount(cifar.target[test]), np.full(10, 1000))
    means = np.mean(cifar.images[train].reshape(-1, 3), axis=0, dtype=np.float64)
    np.testing.assert_allclose(means, [0.49139968, 0.48215841, 0.44653091], atol=1e-7)  # published in many places


def test_real_stl_is_the_published_one():
    folder = real_folder("stl10")
    for subset, labels_md5, pixels_md5 in (
        ("train", "5a34089d4802c674881badbb80307741", {96: "918c2871b30a85fa023e0c44e0bee87f"}),
        ("test", "36f9794fa4beb8a2c72628de14fa638e", {96: "7f263ba9f9e0b06b93213547f721ac82"}),
    ):
        stl = load_stl10(folder, subset=subset)
        assert hashlib.md5((stl.target + 1).astype(np.uint8)).hexdigest() == labels_md5
        side = stl.input_shape[0]
        if side in pixels_md5:
            assert hashlib.md5(stl_bytes(as_bytes(stl.images))).hexdigest() == pixels_md5[side]
        if subset == "train":
            assert stl.folds.shape == (10, 1000)
            for fold in stl.folds:
                np.testing.assert_array_equal(np.bincount(stl.target[fold]), np.full(10, 100))


def test_real_stl_of_half_the_side_is_the_mean_of_blocks():
    folder = real_folder("stl10")
    try:
        whole, half = (as_bytes(load_stl10(folder, fold=0, side=side).images) for side in (96, 48))
    except FileNotFoundError:
        pytest.skip("one of the sides isn't there")
    sums = whole.reshape(1000, 48, 2, 48, 2, 3).sum(axis=(2, 4), dtype=np.uint16)
    np.testing.assert_array_equal(half, (sums + 2) // 4)


def test_real_natural_images_are_the_same_from_array_and_pictures(tmp_path):
    pytest.importorskip("PIL.Image")
    folder = real_folder("natural-images")
    for name in natural_images.PICTURES:
        (tmp_path / name).symlink_to(folder / name)
    bunch = load_natural_images(folder)
    np.testing.assert_array_equal(load_natural_images(tmp_path).images, bunch.images)
    assert hashlib.sha256(npy_bytes(as_bytes(bunch.images))).hexdigest() == (
        "eee7b91268edc89e6d15d5ebc61f3f95292b24685601e0c25e78cb285bb1d626"
    )
