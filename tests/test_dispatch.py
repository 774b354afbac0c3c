"""The choice of the compiled core, and what ppdl tells about itself."""

import json
import os
import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

import ppdl
from ppdl import _core
from ppdl.__main__ import main

NAMES = {"v2": "baseline", "v3": "avx2", "v4": "avx512", "native": "native"}

TRAIN = """
import json, numpy as np
from ppdl import _core
S = _core.f64
X = np.random.default_rng(0).normal(size=(60, 8))
labels = (X[:, 0] > 0).astype(np.int32)
mix = np.linalg.inv(_core.dictionary.squared_exponential(np.arange(4.0)[:, None], 1, 1.0) + 0.1 * np.eye(4))
weights = S.PredictedWeights(8, [(5, np.arange(0, 8, 2), mix)])
layers = [S.Dense(weights), S.Activation("tanh"), S.Dense(S.PredictedWeights(5, [(2, None, None)]))]
network = S.Network(layers, "softmax", n_inputs=8, batch_size=20)
theta = network.initial(0)
trainer = S.Trainer(network, S.Adam(), X, labels, batch_size=20)
for _ in range(5):
    loss = trainer.epoch(theta, np.arange(60), np.full(3, 0.1))
print(json.dumps([_core.isa, loss, *theta]))
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


def test_the_best_level_is_chosen():
    assert _core.isa == _core.levels[-1]
    assert run("from ppdl import _core; print(_core.isa)", PPDL_ISA="").stdout.strip() == _core.levels[-1]


def test_every_level_is_importable_and_learns_the_same_parameters():
    numbers = {}
    for level in _core.levels:
        done = run(TRAIN, PPDL_ISA=NAMES[level])
        assert done.returncode == 0, done.stderr
        isa, *numbers[level] = json.loads(done.stdout)
        assert isa == level
    for values in numbers.values():  # different instructions round differently
        np.testing.assert_allclose(values, numbers[_core.levels[-1]], rtol=1e-9, atol=1e-12)


def test_an_unknown_level_is_named_with_those_available():
    error = run("import ppdl._core", PPDL_ISA="sse9").stderr
    assert "PPDL_ISA: received 'sse9'; available here: " in error
    assert NAMES[_core.levels[-1]] in error


@pytest.mark.skipif(_core.levels == ("native",), reason="a native build serves the one processor that made it")
def test_a_processor_below_every_build_is_told(monkeypatch):
    monkeypatch.setattr("ppdl._core._cpu.cpu_level", lambda: "v1")
    with pytest.raises(ImportError, match="available here: none .*processor: v1"):
        _core._load("native")


def test_a_missing_build_asks_whether_ppdl_was_built(monkeypatch):
    monkeypatch.setitem(sys.modules, "ppdl._core._cpu", None)
    with pytest.raises(ImportError, match="was ppdl built"):
        _core._load("native")


def test_importing_ppdl_stays_quick():
    """No scientific package is imported before a name is used."""
    done = run("import sys, ppdl; print(*{'numpy', 'scipy', 'sklearn', 'matplotlib', 'joblib'} & set(sys.modules))")
    assert (done.returncode, done.stdout.strip()) == (0, "")


@pytest.mark.parametrize("name", ppdl.__all__)
def test_every_public_name_is_importable(name):
    assert getattr(ppdl, name) is not None
    assert name in dir(ppdl)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = ppdl.nonsense


def test_show_config_prints_what_it_returns(capsys):
    config = ppdl.show_config(mode="dicts")
    assert config["versions"]["ppdl"] == ppdl.__version__
    assert config["isa"] == {"in use": _core.isa, "available": list(_core.levels)}
    assert config["threads"] == _core.resolve_threads(None) >= 1
    assert ppdl.show_config() is None
    printed = capsys.readouterr().out
    for text in (ppdl.__version__, np.__version__, _core.isa, str(_core.openmp_version)):
        assert text in printed
    with pytest.raises(ValueError, match="received 'json'"):
        ppdl.show_config(mode="json")


def test_threads_obey_threadpoolctl():
    import threadpoolctl

    limit = _core.resolve_threads(None)
    assert _core.resolve_threads(limit + 3) == limit
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        assert _core.resolve_threads(None) == _core.resolve_threads(8) == 1


def test_numerical_error_is_an_arithmetic_error():
    assert issubclass(ppdl.NumericalError, ArithmeticError)


def test_main_tells_the_cmake_folder_and_is_the_command_otherwise(capsys):
    with pytest.raises(SystemExit, match="^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"ppdl {ppdl.__version__}\n"
    assert main(["--cmake-dir"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("cmake/ppdl")


def test_a_missing_cmake_folder_is_an_error(monkeypatch):
    monkeypatch.setattr(ppdl, "__path__", ["nowhere"])
    with pytest.raises(FileNotFoundError, match="was ppdl built"):
        main(["--cmake-dir"])


def test_the_stubs_of_both_scalars_differ_in_the_scalar_only():
    folder = resources.files("ppdl._core")
    f32, f64 = (folder.joinpath(f"{name}.pyi").read_text() for name in ("f32", "f64"))
    assert f32 == f64.replace("float64 as _Scalar", "float32 as _Scalar")
