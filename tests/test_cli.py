"""The command line."""

import inspect
import io
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import ppdl
from ppdl.cli import _parser, main
from ppdl.datasets import load_cifar10
from ppdl.reproduce import figures
from ppdl.reproduce.figures import experiments
from ppdl.reproduce.runs import RunFile

RESULTS = Path(__file__).parent.parent / "notebooks" / "results"


def test_reproduce_prints_the_table_and_names_the_files(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    arguments = [
        "reproduce",
        "figure4-left",
        "--data",
        "digits",
        "--curves",
        "nokernel",
        "narrow",
        "--proportions",
        "0.1",
    ]
    assert main([*arguments, "--profile", "quick", "--seeds", "0", "--output", f"~/{tmp_path.name}", "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "scikit-learn digits, 8 × 8 (not MNIST)" in printed
    assert "ordinary, narrowed" in printed
    assert {path.name for path in tmp_path.iterdir()} == {
        "figure4_left.csv",
        "figure4_left.jsonl",
        "figure4_left.png",
    }
    assert str(tmp_path / "figure4_left.png") in printed


def test_a_bad_argument_is_one_clear_line(tmp_path, capsys):
    assert main(["reproduce", "figure4-left", "--recipe", "secret", "--output", str(tmp_path), "--quiet"]) == 1
    expected = "ppdl: --recipe: received 'secret'; expected one of 'modern', 'decay', 'rectifier', 'ridge', 'paper'\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("figure4-left --threads 0", "ppdl: --threads: received 0; expected an integer, at least 1"),
        ("figure4-left --proportions 0.001", "ppdl: --proportions: 0.001 of 784 inputs leaves no atom"),
        ("figure1 --proportion 2", "ppdl: --proportion: received 2.0; expected a number above 0"),
        ("figure6-left --components 0", "ppdl: --components: received 0; expected an integer"),
        ("figure6-left --recipe kmeans-triangle", "ppdl: --proportions: received 0.1; expected none"),
    ],
)
def test_messages_speak_of_options(tmp_path, capsys, arguments, message):
    assert main(["reproduce", *arguments.split(), "--output", str(tmp_path), "--quiet"]) == 1
    assert capsys.readouterr().err.startswith(message)


def test_absent_data_is_told_with_the_option_that_brings_it(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        load_cifar10(tmp_path)
    told = experiments()["figure5"].reworded(str(raised.value))
    assert told.endswith("Set PPDL_DATA to the folder that holds cifar10/, or give --download")


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
    assert "pip install 'predicted-parameters[reproduce]'" in capsys.readouterr().err


@pytest.mark.parametrize("experiment", experiments().values(), ids=lambda experiment: experiment.name)
def test_the_command_of_a_figure_offers_what_its_function_takes(experiment, capsys):
    taken = list(inspect.signature(experiment.compute).parameters)
    assert sorted(option.argument for option in experiment.options) == sorted(taken)
    assert main(["reproduce", experiment.name, "--list"]) == 0
    listed = capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["reproduce", experiment.name, "--help"])
    helped = "".join(capsys.readouterr().out.split())
    for option in experiment.options:
        assert option.name in helped
        for name, meaning in option.choices.items():
            assert name in helped
            assert f"    {name:<16} {meaning}\n" in listed


@pytest.mark.parametrize("file", sorted(RESULTS.rglob("*.jsonl")), ids=lambda file: "/".join(file.parts[-2:]))
def test_recorded_commands_are_understood_and_written_in_the_same_way(file):
    parser = _parser(with_figures=True)
    for command in {record["command"] for record in RunFile(file).read().values()}:
        options = parser.parse_args(shlex.split(command)[1:])
        experiment = experiments()[options.figure]
        assert experiment.command(experiment.arguments(options)) == command


def test_a_figure_is_added_by_one_module(tmp_path, monkeypatch, capsys):
    module = """
from dataclasses import dataclass
from pathlib import Path
from ppdl.reproduce.experiment import Experiment, Figure, Option

@dataclass(frozen=True)
class Squares(Figure):
    name = "squares"
    folder: Path
    n: int
    @property
    def table(self):
        return [{"n": n, "square": n * n} for n in range(self.n)]
    def draw(self, ax):
        ax.plot([row["square"] for row in self.table])
    def __str__(self):
        return f"{self.n} squares"

def squares(n=3, output="."):
    return Squares(Path(output), n)

options = (Option("n", "how many", int, flag="count", choices={"3": "a few"}), Option("output", "folder"))
EXPERIMENT = Experiment(squares, "squares of numbers", options)
"""
    (tmp_path / "squares.py").write_text(module)
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(tmp_path)])
    assert main(["reproduce", "--list"]) == 0
    assert "squares: squares of numbers\n  --count\n    3                a few\n" in capsys.readouterr().out
    assert main(["reproduce", "squares", "--count", "2", "--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("2 squares\nwrote ")
    assert (tmp_path / "squares.csv").read_text() == "n,square\n0,0\n1,1\n"


def test_a_terminal_that_lacks_a_letter_gets_the_rest(monkeypatch):
    terminal = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(terminal, encoding="ascii", write_through=True))
    assert main(["reproduce", "--list"]) == 0
    assert rb"8 \xd7 8 (not MNIST)" in terminal.getvalue()


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
