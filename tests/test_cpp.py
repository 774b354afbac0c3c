"""The C++ side of the installed package: its tests, and a program that builds against it."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from model_files import signed

from ppdl import PredictedMLPClassifier, PredictedMLPRegressor
from ppdl.dictionaries import DCT, LowRank, PrincipalComponents

ROOT = Path(__file__).parents[1]
PATH = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])  # cmake and ninja, where pip puts them

needed = {"CMake": "cmake", "Ninja": "ninja", "a C++ compiler": os.environ.get("CXX", "c++")}
missing = [name for name, program in needed.items() if shutil.which(program, path=PATH) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def run(*command: object) -> str:
    """Run a command; what it prints."""
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, "PATH": PATH}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def build(source: Path, folder: Path) -> Path:
    """Build the CMake project in `source` against the package that Python imports."""
    eigen = Path(sysconfig.get_path("purelib"), "cmeel.prefix")  # an editable ppdl does not lie beside it
    ppdl_dir = run(sys.executable, "-m", "ppdl", "--cmake-dir").strip()
    run(
        "cmake", "-S", source, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        f"-Dppdl_DIR={ppdl_dir}", f"-DCMAKE_PREFIX_PATH={eigen}",
    )  # fmt: skip
    run("cmake", "--build", folder)
    return folder


def test_cpp_tests_pass(tmp_path):
    try:
        folder = build(ROOT / "cpp" / "tests", tmp_path)
    except AssertionError as error:
        if "doctestConfig.cmake" not in str(error):
            raise
        pytest.skip("needs doctest (Debian: doctest-dev)")
    report = run("ctest", "--test-dir", folder, "--output-on-failure", "--no-tests=error")
    assert "100% tests passed" in report


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """The folder of the example programs."""
    return build(ROOT / "cpp" / "examples", tmp_path_factory.mktemp("examples"))


def test_a_program_trains_and_predicts_without_python(examples):
    report = run(examples / "train_mlp")
    learned, total = map(int, re.search(r"(\d+) of (\d+) parameters learned", report).groups())
    assert learned == 0.05 * total
    assert float(re.search(r"test accuracy: (\S+)", report).group(1)) > 0.9


def predict(examples: Path, model: Path, X: np.ndarray) -> subprocess.CompletedProcess[str]:
    """Run the program that predicts with a saved network."""
    samples = "\n".join(" ".join(map(repr, row)) for row in X.tolist())
    return subprocess.run([examples / "predict_mlp", model], input=samples, capture_output=True, text=True)


PREDICTED = {"dictionary": (DCT(), PrincipalComponents()), "learned_fraction": 0.25, "input_shape": (4, 5)}
NETWORKS = [
    PredictedMLPClassifier((12, 9), **PREDICTED),
    PredictedMLPClassifier((12, 9), activation="tanh", dropout=0.2),
    PredictedMLPClassifier((12,), activation="maxout", n_pieces=3),
    PredictedMLPClassifier(()),
    PredictedMLPRegressor(hidden_layer_sizes=(12,), loss="poisson", dictionary=LowRank(), learned_fraction=0.5),
    PredictedMLPRegressor(hidden_layer_sizes=(12,), activation="logistic"),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_program_predicts_with_networks_that_python_saved(examples, tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    for n_classes in (2, 3):
        for network in NETWORKS:
            fitted = network.set_params(max_iter=2, random_state=0).fit(X, np.arange(30) % n_classes).merge()
            fitted.save(tmp_path / "m")
            done = predict(examples, tmp_path / "m", X)
            assert done.returncode == 0, done.stderr
            outputs = np.array([line.split() for line in done.stdout.splitlines()], dtype=np.float32)
            np.testing.assert_array_equal(outputs, fitted._outputs(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_program_refuses_what_is_not_an_ordinary_network_as_it_was_saved(examples, tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
    path, options = tmp_path / "m", {"max_iter": 2, "random_state": 0}

    def refusal(content: bytes | None = None) -> str:
        if content is not None:
            path.write_bytes(content)
        done = predict(examples, path, X)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert done.stderr.startswith(f"{path}: "), done.stderr
        return done.stderr

    PredictedMLPClassifier((12, 9), **PREDICTED, **options).fit(X, np.arange(30) % 3).save(path)
    assert "network: missing; expected a perceptron without dictionaries, as merge() returns it" in refusal()
    clf = PredictedMLPClassifier((12,), **options).fit(X.astype(np.float64), np.arange(30) % 3)
    clf.save(path)
    assert "layer.0.V.0: received F64; expected F32" in refusal()
    PredictedMLPClassifier((12,), **options).fit(X, np.arange(30) % 3).save(path)
    content = path.read_bytes()
    assert "header: received a file of 0 bytes" in refusal(b"")
    assert "sha256: it is not that of the content" in refusal(content[:-1] + bytes([content[-1] ^ 1]))
    for before, after, message in (
        (b'"dense relu dense softmax"', b'"dense relu dense softnax"', "softnax"),
        (b'"dense relu dense softmax"', b'"dense relu softmax dense"', "expected the loss to come last"),
        (b'"dense relu dense softmax"', b'"dense maxout:5 d softmax"', "network: received 'd'"),
        (b'"dense relu dense softmax"', b'"softmax"', "expected layers"),
        (b'"shape":[20,12]', b'"shape":[20,13]', "its shape does not fit"),
        (b'"shape":[20,12]', b'"shape":[9223372036854775807,12]', "too large"),
        (b'"shape":[20,12]', b'"shape":[288230376151711743,288230376151711743]', "its shape does not fit"),
        (b'"shape":[20,12]', b'"shape":[240]', "received 1 axes"),
        (b'"shape":[20,12]', b'"shape":[-20,12]', "expected a number"),
        (b'"shape":[20,12]', b'"shape":[12,20]', "layer.0.bias: received 12 numbers; expected 20"),
        (b'"data_offsets":[0,', b'"data_offsets":[999999,', "its data_offsets are not within"),
        (b'"dtype":"F32"', b'"dtypes":"F32"', "received 'dtypes'"),
        (b'"__metadata__"', b'"__metadata__"' * 2, "expected ':'"),
        (b"layer.0.V.0", b"layer.0.V.1", "layer.0.V.0: missing"),
    ):
        assert content.count(before) > 0
        assert message in refusal(signed(content, before, after)), message


@pytest.mark.parametrize("level", ["v1", "nonsense"])
def test_a_level_that_is_not_installed_is_named(tmp_path, level):
    with pytest.raises(AssertionError, match=f"no library for CPU level '{level}'"):
        run(
            "cmake", "-S", ROOT / "cpp" / "examples", "-B", tmp_path, "-G", "Ninja", f"-DPPDL_ISA_LEVEL={level}",
            f"-Dppdl_DIR={run(sys.executable, '-m', 'ppdl', '--cmake-dir').strip()}",
            f"-DCMAKE_PREFIX_PATH={Path(sysconfig.get_path('purelib'), 'cmeel.prefix')}",
        )  # fmt: skip
