"""The command line."""

import subprocess
import sys

import ppdl
from ppdl.cli import main


def test_reproduce_prints_the_table_and_names_the_files(tmp_path, capsys):
    arguments = ["reproduce", "figure4-left", "--curves", "nokernel", "narrow", "--proportions", "0.1"]
    assert main([*arguments, "--profile", "quick", "--seeds", "0", "--output", str(tmp_path), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "scikit-learn digits, 8 × 8 (not MNIST)" in printed
    assert {path.name for path in tmp_path.iterdir()} == {
        "figure4_left.csv",
        "figure4_left.jsonl",
        "figure4_left.png",
    }
    assert str(tmp_path / "figure4_left.png") in printed


def test_a_bad_argument_is_one_clear_line(tmp_path, capsys):
    assert main(["reproduce", "figure4-left", "--recipe", "secret", "--output", str(tmp_path), "--quiet"]) == 1
    error = capsys.readouterr().err
    assert error == "ppdl: recipe must be one of 'modern', 'decay', 'rectifier', 'paper', got 'secret'.\n"


def test_without_a_command_the_help_is_shown(capsys):
    assert main([]) == 2
    assert "reproduce" in capsys.readouterr().out


def test_show_config_tells_the_version(capsys):
    assert main(["show-config"]) == 0
    assert ppdl.__version__ in capsys.readouterr().out


def test_the_version_is_told_by_the_module_too():
    done = subprocess.run([sys.executable, "-m", "ppdl", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"ppdl {ppdl.__version__}"


def test_a_missing_progress_bar_package_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    arguments = ["reproduce", "figure4-left", "--curves", "nokernel", "--profile", "quick", "--output", str(tmp_path)]
    assert main(arguments) == 1
    assert "pip install 'ppdl[reproduce]'" in capsys.readouterr().err


def test_reproduce_lists_profiles_recipes_and_curves(capsys):
    assert main(["reproduce", "--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"figure4-left:", "smoke", "quick", "paper", "modern", "nokernel", "SE-Emp2", "best"} <= set(listed)


def test_reproduce_without_a_figure_tells_how_to_find_one(capsys):
    assert main(["reproduce"]) == 1
    assert "ppdl reproduce --list" in capsys.readouterr().err


def test_an_interrupt_is_told_and_ends_with_its_status(monkeypatch, capsys):
    def interrupt(mode="stdout"):
        raise KeyboardInterrupt

    monkeypatch.setattr(ppdl, "show_config", interrupt)
    assert main(["show-config"]) == 130
    assert "interrupted" in capsys.readouterr().err
