"""Loaders: the form they return, where they look, and what a damaged or lying file gets."""

import errno
import functools
import gzip
import hashlib
import http.server
import struct
import sys
import threading

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ppdl.datasets import load_digits, load_mnist, mnist
from ppdl.datasets.idx import TYPES, read_idx

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx_bytes(array):
    """The array in idx format."""
    code = next(code for code, kind in TYPES.items() if np.dtype(kind) == array.dtype.newbyteorder(">"))
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def folder(tmp_path):
    """A folder with a tiny MNIST: 6 training and 3 test images of 4 × 5 pixels, the test files unpacked."""
    rng = np.random.default_rng(0)
    for images, labels, n, pack, end in (
        (IMAGES, LABELS, 6, gzip.compress, ".gz"),
        (TEST_IMAGES, TEST_LABELS, 3, bytes, ""),
    ):
        (tmp_path / (images + end)).write_bytes(pack(idx_bytes(rng.integers(0, 256, (n, 4, 5), np.uint8))))
        (tmp_path / (labels + end)).write_bytes(pack(idx_bytes(np.arange(n, dtype=np.uint8))))
    return tmp_path


# Form


def test_digits_are_scikit_learns_scaled_to_one():
    digits, original = load_digits(), sklearn.datasets.load_digits()
    np.testing.assert_array_equal(digits.data * 16, original.data)
    np.testing.assert_array_equal(digits.target, original.target)
    assert digits.data.dtype == np.float32 and digits.data.flags.c_contiguous
    assert digits.target.dtype == np.int64
    assert digits.input_shape == (8, 8)
    assert np.shares_memory(digits.data, digits.images)
    assert digits.feature_names == original.feature_names


@pytest.mark.parametrize("load", [load_digits, functools.partial(load_mnist, subset="test")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_return_X_y_gives_data_and_target_of_the_dtype(load, dtype, folder, monkeypatch):
    (folder / "root").mkdir()
    (folder / "root" / "mnist").symlink_to(folder)
    monkeypatch.setenv("PPDL_DATA", str(folder / "root"))
    X, y = load(dtype=dtype, return_X_y=True)
    bunch = load(dtype=dtype)
    np.testing.assert_array_equal(X, bunch.data)
    np.testing.assert_array_equal(y, bunch.target)
    assert X.dtype == dtype
    assert X.min() >= 0 and X.max() <= 1


@pytest.mark.parametrize("load", [load_digits, load_mnist])
def test_dtype_that_is_not_floating_is_refused(load):
    with pytest.raises(ValueError, match="dtype: received int64; expected float32 or float64"):
        load(dtype=np.int64)


def test_mnist_all_is_train_followed_by_test(folder):
    train, test, both = (load_mnist(folder, subset=subset) for subset in ("train", "test", "all"))
    assert train.data.shape == (6, 20) and test.data.shape == (3, 20)
    np.testing.assert_array_equal(both.data, np.concatenate([train.data, test.data]))
    np.testing.assert_array_equal(both.target, np.concatenate([train.target, test.target]))
    assert both.input_shape == (4, 5)
    assert len(both.feature_names) == 20


def test_unknown_subset_is_refused(folder):
    with pytest.raises(ValueError, match="subset: received 'valid'; expected one of 'train', 'test', 'all'"):
        load_mnist(folder, subset="valid")


# Where the files are


def test_search_goes_from_argument_to_environment_to_cache(folder, tmp_path_factory, monkeypatch):
    pooch = pytest.importorskip("pooch")
    empty, root = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("root")
    monkeypatch.setattr(pooch, "os_cache", lambda name: root)
    monkeypatch.setenv("PPDL_DATA", str(empty))
    with pytest.raises(FileNotFoundError, match=f"not found in {empty}/mnist or {root}/mnist"):
        load_mnist()
    (root / "mnist").symlink_to(folder)
    assert len(load_mnist().data) == 6  # in the cache
    monkeypatch.setenv("PPDL_DATA", str(root))
    monkeypatch.setattr(pooch, "os_cache", lambda name: empty)
    assert len(load_mnist().data) == 6  # in PPDL_DATA
    with pytest.raises(FileNotFoundError, match="not found in"):  # the argument alone counts
        load_mnist(empty)


def test_a_tilde_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    (folder / "mnist").symlink_to(folder)
    assert len(load_mnist(f"~/{folder.name}").data) == 6
    monkeypatch.setenv("PPDL_DATA", f"~/{folder.name}")
    pytest.importorskip("pooch")
    assert len(load_mnist().data) == 6
    with pytest.raises(FileNotFoundError, match="not found in ~no-one"):
        load_mnist("~no-one/mnist")


def test_mnist_is_found_under_the_names_within_its_archives_too(folder):
    whole = load_mnist(folder, subset="all")
    (folder / TEST_IMAGES).rename(folder / "t10k-images.idx3-ubyte")
    (folder / f"{LABELS}.gz").rename(folder / "train-labels.idx1-ubyte.gz")
    np.testing.assert_array_equal(load_mnist(folder, subset="all").data, whole.data)


def test_an_error_of_the_system_names_the_file(folder, monkeypatch):
    def fail(self, size=-1):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(gzip.GzipFile, "read", fail)
    with pytest.raises(OSError, match=f"Input/output error: .*{IMAGES}.gz"):
        load_mnist(folder)


def test_without_pooch_the_message_names_the_extra_and_a_named_folder_still_works(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert len(load_mnist(folder).data) == 6
    (folder / "mnist").symlink_to(folder)
    monkeypatch.setenv("PPDL_DATA", str(folder))
    assert len(load_mnist().data) == 6
    monkeypatch.delenv("PPDL_DATA")
    with pytest.raises(ImportError, match=r"predicted-parameters\[data\]"):
        load_mnist()


@pytest.fixture
def mirror(folder, monkeypatch):
    """A local server of the tiny MNIST, whose SHA-256 are the expected ones."""
    pytest.importorskip("pooch")
    for name in (TEST_IMAGES, TEST_LABELS):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes()))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    hashes = {
        subset: {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}
        for subset, files in mnist.FILES.items()
    }
    address = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(mnist, "FILES", hashes)
    monkeypatch.setattr(mnist, "MIRRORS", (address + "absent/", address))
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_download_takes_the_next_mirror_and_then_reads_the_files(mirror, tmp_path_factory):
    target = tmp_path_factory.mktemp("target")
    downloaded = load_mnist(target, subset="all", download=True)
    np.testing.assert_array_equal(downloaded.data, load_mnist(mirror, subset="all").data)
    assert len(load_mnist(target, subset="all").data) == 9


def test_download_with_a_wrong_hash_is_refused_and_leaves_nothing(mirror, tmp_path_factory):
    target = tmp_path_factory.mktemp("target")
    (mirror / f"{LABELS}.gz").write_bytes(b"something else")
    with pytest.raises(OSError, match=f"{LABELS}.gz could not be downloaded"):
        load_mnist(target, download=True)
    assert [path.name for path in target.iterdir()] == [f"{IMAGES}.gz"]


# The idx format


@given(
    array=hnp.arrays(st.sampled_from([np.dtype(kind) for kind in TYPES.values()]), hnp.array_shapes(max_dims=4)),
    pack=st.sampled_from([bytes, gzip.compress]),
)
def test_idx_round_trip(array, pack, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / "array"
    path.write_bytes(pack(idx_bytes(array)))
    read = read_idx(path)
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype.newbyteorder("=") and read.flags.c_contiguous


@given(data=st.data(), pack=st.sampled_from([bytes, gzip.compress]))
def test_idx_cut_short_anywhere_or_too_long_is_an_error(data, pack, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / "array"
    whole = pack(idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4)))
    n_kept = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:n_kept])
    with pytest.raises(ValueError, match="array: "):
        read_idx(path)
    path.write_bytes(whole + b"\x01")
    with pytest.raises(ValueError, match="array: .*(data goes on|damaged packed data)"):
        read_idx(path)


@given(content=st.binary(max_size=64), prefix=st.sampled_from([b"", b"\x1f\x8b\x08", b"\x00\x00\x08"]))
def test_idx_of_arbitrary_bytes_is_an_array_or_a_value_error(content, prefix, tmp_path_factory):
    path = tmp_path_factory.mktemp("idx") / "array"
    path.write_bytes(prefix + content)
    try:
        assert read_idx(path).nbytes <= len(prefix + content)
    except ValueError as error:
        assert str(error).startswith(f"{path}: ")


def test_more_than_any_collection_is_not_unpacked(tmp_path):
    header = struct.pack(">HBBI", 0, 8, 1, 2**30 + 1)
    (tmp_path / "array").write_bytes(gzip.compress(header + bytes(2**20)) + bytes(2**21))
    with pytest.raises(ValueError, match="claim 1073741825 bytes, but the file can't hold more than 1073741824"):
        read_idx(tmp_path / "array")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1), "claim 79228162458924105385300197375 bytes"),
        (struct.pack(">HBBI", 0, 8, 1, 10) + bytes(9), "cut short"),
        (struct.pack(">HBBI", 0, 8, 1, 10) + bytes(11), "data goes on after the 10 bytes"),
        (struct.pack(">HBBI", 0, 7, 1, 10) + bytes(10), "magic number 0x00000701 is not idx"),
        (struct.pack("<I", 2049) + bytes(10), "magic number 0x01080000 is not idx"),
        (b"\x00\x00", "cut short in its magic number: 4 bytes expected, 2 found"),
        (struct.pack(">HBB", 0, 8, 3) + bytes(5), "cut short in its dimensions: 12 bytes expected, 5 found"),
    ],
)
def test_idx_that_lies_names_file_and_field(pack, content, message, tmp_path):
    (tmp_path / "array").write_bytes(pack(content))
    with pytest.raises(ValueError, match=f"array: .*{message}"):
        read_idx(tmp_path / "array")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (IMAGES, np.zeros((6, 20), np.uint8), "magic number tells 2 dimensions, expected 3"),
        (IMAGES, np.zeros((6, 4, 5), ">f4"), "magic number tells type float32, expected uint8"),
        (IMAGES, np.zeros((6, 0, 5), np.uint8), r"dimensions \(6, 0, 5\) hold nothing"),
        (LABELS, np.zeros(5, np.uint8), f"count: 5 labels, but {IMAGES}.gz holds 6 images"),
        (LABELS, np.array([0, 1, 2, 10, 4, 5], np.uint8), "labels must be 0 to 9, label 3 is 10"),
    ],
)
def test_mnist_files_that_disagree_are_refused(name, array, message, folder):
    (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    with pytest.raises(ValueError, match=f"{name}.gz: {message}"):
        load_mnist(folder)


def test_mnist_subsets_of_different_shapes_are_refused(folder):
    (folder / TEST_IMAGES).write_bytes(idx_bytes(np.zeros((3, 5, 5), np.uint8)))
    with pytest.raises(ValueError, match="images of different shapes"):
        load_mnist(folder, subset="all")
