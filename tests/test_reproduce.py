"""Resumable sweeps, and Figure 4 (left) on the digits with a grid of a few points."""

import csv
import dataclasses
import json
import operator
import os
import resource
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ppdl import NumericalError, PredictedMLPClassifier
from ppdl.cli import main
from ppdl.reproduce import RECIPES, figure4_left
from ppdl.reproduce.data.splits import load_split
from ppdl.reproduce.figures.figure4_left import Figure4Left, paper_grid, printed_curves
from ppdl.reproduce.recipes.curves import ARCHITECTURES, CURVES
from ppdl.reproduce.runs import RunFile, configuration_key, sweep

GRID = dict(
    data="digits", curves=["nokernel", "SE-Emp2", "narrow"], proportions=[0.1, 0.5], profile="quick", verbose=False
)


RESULTS = Path(__file__).parent.parent / "notebooks" / "results"
RECORDED = sorted(RESULTS.glob("mnist/*/figure4_left.jsonl"))


def double(configuration):
    return {"doubled": 2 * configuration["x"]}


def fails(*configuration):
    raise AssertionError(f"{configuration} was to be found in the file")


def test_a_finished_run_is_not_run_again(tmp_path):
    configurations = [{"x": x} for x in range(3)]
    first = list(sweep(configurations, double, tmp_path / "runs.jsonl"))
    again = list(sweep(configurations, fails, tmp_path / "runs.jsonl"))
    assert [record["doubled"] for record in first] == [0, 2, 4]
    assert again == first


def test_a_run_that_was_cut_off_while_it_was_written_is_run_again(tmp_path):
    path = tmp_path / "runs.jsonl"
    complete = list(sweep([{"x": 1}, {"x": 2}], double, path))
    content = path.read_bytes()
    path.write_bytes(content[:-7])
    assert list(RunFile(path).read()) == [complete[0]["key"]]
    assert [record["doubled"] for record in sweep([{"x": 1}, {"x": 2}], double, path)] == [2, 4]
    assert len(path.read_bytes().splitlines()) == 2


def test_a_line_that_is_no_record_is_an_error_naming_it(tmp_path):
    path = tmp_path / "runs.jsonl"
    for line in ('{"nothing": 1}', "[" * 100_000, "\xff"):
        path.write_bytes(f'{{"key": "a"}}\n{line}\n{{"key": "b"}}\n'.encode("latin-1"))
        with pytest.raises(ValueError, match=r"runs.jsonl, line 2"):
            RunFile(path).read()


def test_a_last_record_whose_end_of_line_an_editor_took_is_kept(tmp_path):
    path = tmp_path / "runs.jsonl"
    path.write_text('{"key": "a"}\r\n{"key": "b"}')
    RunFile(path).append({"key": "c"})
    assert list(RunFile(path).read()) == ["a", "b", "c"]


def test_a_record_for_which_there_is_no_room_is_an_error_and_leaves_the_file_as_it_was(tmp_path):
    file = RunFile(tmp_path / "runs.jsonl")
    file.append({"key": "a"})
    before = file.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(OSError, match=r"runs.jsonl"):
            file.append({"key": "b", "long": "x" * 100})
        assert file.path.read_bytes() == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    file.append({"key": "b"})
    assert list(file.read()) == ["a", "b"]


def test_records_that_several_append_at_once_are_all_kept(tmp_path):
    def append(name):
        for number in range(100):
            RunFile(tmp_path / "runs.jsonl").append({"key": f"{name}-{number}", "long": "x" * 500})

    with ThreadPoolExecutor(4) as pool:  # each opens the file by itself, as a process does
        list(pool.map(append, "abcd"))
    assert len(RunFile(tmp_path / "runs.jsonl").read()) == 400


def test_a_killed_sweep_goes_on_where_it_was(tmp_path):
    program = f"""
import os
from ppdl.reproduce.runs import sweep
def run(configuration):
    if configuration["x"] == 2:
        os._exit(9)
    return {{"doubled": 2 * configuration["x"]}}
list(sweep([{{"x": x}} for x in range(4)], run, {str(tmp_path / "runs.jsonl")!r}))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert len(RunFile(tmp_path / "runs.jsonl").read()) == 2
    records = list(sweep([{"x": x} for x in range(4)], double, tmp_path / "runs.jsonl"))
    assert sorted(record["doubled"] for record in records) == [0, 2, 4, 6]


def test_the_key_does_not_depend_on_the_order_of_entries():
    assert configuration_key({"a": 1, "b": [2]}) == configuration_key({"b": [2], "a": 1})
    assert configuration_key({"a": 1}) != configuration_key({"a": 2})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("figure")


@pytest.fixture(scope="module")
def figure(folder):
    return figure4_left(**GRID, seeds=2, output=folder)


def test_the_table_has_mean_and_spread_over_seeds(figure):
    rows = {(row["curve"], row["proportion"]): row for row in figure.table}
    assert set(rows) == {("nokernel", 1.0), *((c, p) for c in ("SE-Emp2", "narrow") for p in (0.1, 0.5))}
    errors = [r["test_error"] for r in figure.records if r["configuration"]["curve"] == "nokernel"]
    row = rows["nokernel", 1.0]
    assert row["n_seeds"] == len(errors) == 2
    assert row["test_error"] == pytest.approx(sum(errors) / 2)
    assert row["std"] == pytest.approx(abs(errors[0] - errors[1]) / 2**0.5)


def test_more_learned_parameters_help_and_all_counts_are_told(figure):
    rows = {(row["curve"], row["proportion"]): row for row in figure.table}
    assert rows["SE-Emp2", 0.5]["test_error"] < rows["SE-Emp2", 0.1]["test_error"] < 0.9
    assert rows["nokernel", 1.0]["learned"] == 1.0
    assert rows["SE-Emp2", 0.1]["learned"] == pytest.approx((6 * 100 + 10 * 100) / (64 * 100 + 100 * 100))


def test_the_narrow_network_learns_as_many_parameters_as_the_predicted_one():
    for architecture in ARCHITECTURES.values():
        for fraction in (0.05, 0.1, 0.3, 1.0):
            h, _ = architecture.narrowed(fraction)
            b = architecture.n_inputs + 2 + architecture.n_outputs
            counts = [k * k + b * k + architecture.n_outputs for k in (h - 1, h, h + 1)]
            gaps = [abs(count - architecture.n_dynamic(fraction)) for count in counts]
            assert gaps[1] == min(gaps)


def test_every_record_tells_where_it_comes_from(figure):
    for record in figure.records:
        assert record["command"].startswith("ppdl reproduce figure4-left --data digits")
        assert {"commit", "versions", "isa", "machine", "threads", "wall_time", "finished", "epochs"} <= set(record)
        assert record["configuration"]["data_digest"] == load_split("digits").digest


def test_a_second_call_runs_nothing_and_a_changed_seed_only_what_is_new(figure, folder):
    before = (folder / "figure4_left.jsonl").read_text().splitlines()
    figure4_left(**GRID, seeds=2, output=folder)
    assert (folder / "figure4_left.jsonl").read_text().splitlines() == before
    figure4_left(**GRID | dict(curves=["nokernel"]), seeds=3, output=folder)
    after = (folder / "figure4_left.jsonl").read_text().splitlines()
    assert after[:-1] == before
    assert json.loads(after[-1])["configuration"]["seed"] == 2


def test_saving_writes_the_table_and_the_picture(figure, folder):
    table, picture = figure.save()
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["curve"] for row in rows] == [row["curve"] for row in figure.table]
    assert float(rows[0]["test_error"]) == pytest.approx(figure.table[0]["test_error"], abs=1e-6)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_table_is_saved_and_the_extra_named(figure, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'predicted-parameters\[reproduce\]'"):
        dataclasses.replace(figure, folder=tmp_path).save()
    assert [path.name for path in tmp_path.iterdir()] == ["figure4_left.csv"]


def test_a_save_that_fails_leaves_the_picture_as_it_was(figure, tmp_path, monkeypatch):
    def fail(self, path, **options):
        path.write_bytes(b"half of")
        raise OSError("no space left")

    saved = dataclasses.replace(figure, folder=tmp_path)
    before = [path.read_bytes() for path in saved.save()]
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    with pytest.raises(OSError, match="no space left"):
        saved.save()
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == before


def test_a_network_that_diverges_is_a_result_too(tmp_path, monkeypatch):
    def diverge(self, X, y):
        raise NumericalError("the loss is not finite")

    monkeypatch.setattr(PredictedMLPClassifier, "fit", diverge)
    figure = figure4_left("digits", curves=["LowRank"], proportions=[0.5], seeds=2, output=tmp_path, verbose=False)
    (row,) = figure.table
    assert (row["n_seeds"], row["n_failed"]) == (0, 2)
    assert "diverged" in str(figure)
    assert figure.save()[0].read_text().splitlines()[1].startswith("LowRank,0.5,,,,0,2,")


def test_two_jobs_give_the_same_errors_as_one(figure, tmp_path):
    twice = figure4_left(**GRID, seeds=2, jobs=2, output=tmp_path)
    key = operator.itemgetter("key")
    pairs = zip(sorted(figure.records, key=key), sorted(twice.records, key=key), strict=True)
    assert all(one["test_error"] == two["test_error"] and one["loss"] == two["loss"] for one, two in pairs)


def test_a_changed_recipe_is_computed_anew(figure, folder):
    n_before = len(RunFile(folder / "figure4_left.jsonl").read())
    recipe = dataclasses.replace(RECIPES["modern"], options=RECIPES["modern"].options | {"alpha": 0.1})
    figure4_left(**GRID | dict(curves=["nokernel"]), recipe=recipe, seeds=1, output=folder)
    assert len(RunFile(folder / "figure4_left.jsonl").read()) == n_before + 1


def test_what_a_new_user_computes_first_shows_prediction_ahead_of_a_narrowed_network(tmp_path):
    few = dict(profile="quick", curves=["SE-Emp", "narrow"], proportions=[0.1], n_threads=1, verbose=False)
    errors = {row["curve"]: row["test_error"] for row in figure4_left(**few, output=tmp_path).table}
    assert errors["SE-Emp"] < 0.8 * errors["narrow"]


@pytest.mark.skipif(not RECORDED, reason="the source archive holds no recorded runs")
def test_a_learned_dictionary_counts_where_its_curve_is_drawn():
    records = list(RunFile(RESULTS / "mnist" / "modern" / "figure4_left.jsonl").read().values())
    rows = {(row["curve"], row["proportion"]): row for row in Figure4Left(records, "mnist", "modern", RESULTS).table}
    low_rank, predicted = rows["LowRank", 0.02], rows["SE-Emp", 0.02]
    n_weights = 784 * 500 + 500 * 500
    atoms = 15 * 784 + 10 * 500  # of each of the ten columns
    assert predicted["learned"] == pytest.approx((15 * 500 + 10 * 500) / n_weights)
    assert low_rank["learned"] - predicted["learned"] == pytest.approx(10 * atoms / n_weights)


def test_pictures_name_their_bands_and_every_curve(figure):
    legend = figure.plot().get_legend()
    assert legend.get_title().get_text() == "mean ± s.d. of 2 seeds"
    assert {text.get_text() for text in legend.get_texts()} == {"ordinary (nokernel)", "SE-Emp2", "ordinary, narrowed"}
    legend.figure.clear()


def test_the_printed_curves_are_drawn_beside_those_of_mnist(figure):
    drawn = Figure4Left(figure.records, "mnist", figure.recipe, figure.folder).plot()
    dashed = [line for line in drawn.lines if line.get_linestyle() != "-" and len(line.get_xdata())]
    printed = printed_curves()["SE-Emp2"]
    assert len(dashed) == 2  # and nokernel's, a horizontal line
    assert [x for x, _ in printed] in [list(line.get_xdata()) for line in dashed]
    drawn.figure.clear()


def test_the_printed_curves_are_those_of_the_paper():
    curves = printed_curves()
    assert set(curves) == {"nokernel", "LowRank", "RandCon", "RandFixU", "SE-Emp", "SE-Emp2", "SE-AE"}
    assert dict(curves["SE-Emp2"])[0.0455] == 0.0182


def test_the_papers_grid_ends_at_all_parameters():
    grid = paper_grid()
    assert len(grid) == 20
    assert grid[-1] == 1.0
    assert [int(784 * proportion) for proportion in grid[:3]] == [20, 24, 29]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(data="imagenet"), "data: received 'imagenet'; expected one of 'enlarged-digits', 'digits', 'mnist'"),
        (dict(profile="slow"), "profile: received 'slow'; expected one of"),
        (
            dict(recipe="secret"),
            "recipe: received 'secret'; expected one of 'modern', 'decay', 'rectifier', 'ridge', 'paper'",
        ),
        (dict(curves=["SE-Emp3"]), "curves: received 'SE-Emp3'; expected one of"),
        (dict(profile=["smoke"]), "profile: received .*; expected one of"),
        (dict(curves="best"), "curves: received 'best'; expected at least one, in a sequence"),
        (dict(seeds=[]), "seeds: received ..; expected at least one"),
        (dict(seeds=10**30), "seeds: received 10+; expected an integer"),
        (dict(seeds=[2**32]), "seeds: received 4294967296; expected an integer"),
        (dict(seeds=["first"]), "seeds: received 'first'; expected an integer"),
        (dict(proportions=[0.001]), "0.001"),
        (dict(proportions=[float("nan")]), "proportions: received nan; expected a number above 0, at most 1"),
        (dict(proportions=0.5), "proportions: received 0.5; expected a sequence"),
        (dict(jobs=0), "jobs: received 0; expected"),
        (dict(n_threads=2**63), "n_threads: received 9223372036854775808; expected an integer"),
        (dict(resume="yes"), "resume: received 'yes'; expected True or False"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_computed(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        figure4_left(output=tmp_path, **{"verbose": False, **arguments})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: "/".join(file.parts[-3:-1]))
def test_recorded_networks_count_as_done(file, tmp_path, monkeypatch):
    if not Path(os.environ.get("PPDL_DATA", "absent"), "mnist").is_dir():
        pytest.skip("PPDL_DATA doesn't hold MNIST")
    monkeypatch.setattr(PredictedMLPClassifier, "fit", fails)
    shutil.copy(file, tmp_path)
    for command in sorted({record["command"] for record in RunFile(file).read().values()}):
        assert main([*shlex.split(command)[1:], "--output", str(tmp_path), "--quiet"]) == 0
    assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_an_output_that_is_no_path_is_named():
    with pytest.raises(ValueError, match="output: received 7; expected a path"):
        figure4_left(output=7)


def test_all_curves_and_recipes_describe_networks_in_json():
    from ppdl.reproduce.figures.figure4_left import _configuration

    split = load_split("digits")
    for curve in CURVES.values():
        for recipe in RECIPES.values():
            json.dumps(_configuration(curve, 0.2, 0, split, recipe))
