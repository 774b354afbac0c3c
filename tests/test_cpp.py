"""The C++ side of the installed package: its tests, and a program that builds against it."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

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


def test_a_program_trains_and_predicts_without_python(tmp_path):
    folder = build(ROOT / "cpp" / "examples", tmp_path)
    report = run(folder / "train_mlp")
    learned, total = map(int, re.search(r"(\d+) of (\d+) parameters learned", report).groups())
    assert learned == 0.05 * total
    assert float(re.search(r"test accuracy: (\S+)", report).group(1)) > 0.9


@pytest.mark.parametrize("level", ["v1", "nonsense"])
def test_a_level_that_is_not_installed_is_named(tmp_path, level):
    with pytest.raises(AssertionError, match=f"no library for CPU level '{level}'"):
        run(
            "cmake", "-S", ROOT / "cpp" / "examples", "-B", tmp_path, "-G", "Ninja", f"-DPPDL_ISA_LEVEL={level}",
            f"-Dppdl_DIR={run(sys.executable, '-m', 'ppdl', '--cmake-dir').strip()}",
            f"-DCMAKE_PREFIX_PATH={Path(sysconfig.get_path('purelib'), 'cmeel.prefix')}",
        )  # fmt: skip
