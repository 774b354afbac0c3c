"""Figures 1 (RICA) and 2 on scikit-learn's sample images."""

import csv
import json

import numpy as np
import pytest

from ppdl.cli import main
from ppdl.dictionaries import LayerInput, SquaredExponential
from ppdl.preprocessing import extract_patches
from ppdl.reproduce import figure1, figure2
from ppdl.reproduce.data.natural_patches import load_images, prepared_patches
from ppdl.reproduce.experiment.pictures import pack, unpack
from ppdl.reproduce.recipes.natural_features import PROFILES, Profile

pytest.importorskip("PIL")  # reads the sample images


@pytest.fixture(scope="module", autouse=True)
def small():
    """Learn fewer and smaller features than the smallest profile."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(PROFILES, "smoke", Profile("a second", 8, 2_000, 20, 60))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def second(folder):
    return figure2("samples-colour", proportions=[1.0, 0.5, 0.1], output=folder, verbose=False)


@pytest.fixture(scope="module")
def first(folder):
    return figure1("samples", seeds=2, output=folder, verbose=False)


def test_fewer_learned_parameters_reach_a_higher_objective(second):
    whole, half, tenth = second.table
    assert (whole["n_dynamic"], half["n_dynamic"], tenth["n_dynamic"]) == (20 * 192, 20 * 96, 20 * 18)
    assert whole["objective"] < half["objective"] < tenth["objective"]
    assert whole["objective"] == pytest.approx(whole["sparsity"] + whole["reconstruction"], rel=1e-4)
    assert 0 < whole["unexplained"] < tenth["unexplained"] < 1
    assert min(row["kurtosis"] for row in second.table) > 0


def test_predicted_features_are_smooth(second):
    def roughness(record):
        pictures = unpack(record["features"], record["patch_shape"])
        return np.square(np.diff(pictures, axis=1)).sum() / np.square(pictures).sum()

    rough = {record["configuration"]["proportion"]: roughness(record) for record in second.records}
    assert rough[0.1] < 0.8 * rough[1.0]


def test_nothing_is_predicted_where_all_is_learned(second):
    estimators = {run["configuration"]["proportion"]: run["configuration"]["estimator"] for run in second.records}
    assert "dictionary" not in estimators[1.0]
    assert estimators[0.5]["dictionary"] == SquaredExponential(1.0, ridge=0.1).get_config()
    assert estimators[0.5]["n_columns"] == 10


def test_figure2_shows_a_feature_of_every_column_and_saves_small_files(second, folder):
    for record in second.records:
        assert unpack(record["features"], record["patch_shape"]).shape == (10, 8, 8, 3)
    table, picture = second.save()
    with table.open() as file:
        assert [float(row["proportion"]) for row in csv.DictReader(file)] == [1.0, 0.5, 0.1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < 300_000
    assert (folder / "figure2.jsonl").stat().st_size < 50_000


def test_a_second_call_runs_nothing_and_a_new_proportion_only_itself(second, folder):
    before = (folder / "figure2.jsonl").read_text().splitlines()
    figure2("samples-colour", proportions=[0.1, 0.2], output=folder, verbose=False)
    after = (folder / "figure2.jsonl").read_text().splitlines()
    assert after[:-1] == before
    assert json.loads(after[-1])["configuration"]["proportion"] == 0.2


def test_records_tell_where_they_come_from(second, first):
    for record in (*second.records, *first.records):
        assert record["command"].startswith("ppdl reproduce figure")
        assert {"commit", "versions", "isa", "machine", "threads", "wall_time", "finished"} <= set(record)
        configuration = record["configuration"]
        assert configuration["data_digest"] == load_images(configuration["data"]).digest


def test_the_kernel_fills_blanks_better_than_zeros_do(first):
    assert [row["seed"] for row in first.table] == [0, 1]
    for row in first.table:
        assert row["kept"] == 0.5
        assert row["relative_error"] < 0.9 * row["without_prediction"]
    assert len(str(first).splitlines()) == 4


def test_figure1_predicts_from_the_pixels_that_it_shows_as_kept(first):
    record = first.records[0]
    learned, predicted = (
        unpack(record[what], record["patch_shape"]).reshape(4, 64) for what in ("learned", "predicted")
    )
    K = SquaredExponential(1.0).base(LayerInput(64, shape=(8, 8)))
    kept = record["pixels"]
    expected = learned[:, kept] @ np.linalg.solve(K[np.ix_(kept, kept)] + 0.01 * np.eye(32), K[kept])
    np.testing.assert_allclose(predicted, expected, atol=0.02)  # of 8 bits
    errors = np.linalg.norm(expected - learned, axis=1) / np.linalg.norm(learned, axis=1)
    np.testing.assert_allclose(record["shown"], errors, atol=0.02)


def test_figure1_blanks_the_same_pixels_in_all_channels(tmp_path):
    figure = figure1("samples-colour", proportion=0.25, output=tmp_path, verbose=False)
    (record,) = figure.records
    assert record["kept"] == 0.25
    assert len(record["pixels"]) == 16
    image = figure.plot().child_axes[0].images[0].get_array()
    kept = np.asarray(image)[:8, 9:17]  # second column, first feature
    assert (kept == (1.0, 0.95, 0.75)).all(axis=2).sum() == 48


def test_blocks_of_bundled_images_stand_side_by_side(tmp_path):
    figure = figure1(output=tmp_path, verbose=False)
    assert [row["block"] for row in figure.table] == ["convnet-enlarged-digits", "mlp-enlarged-digits", "samples"]
    shapes = [record["patch_shape"] for record in figure.records]
    assert sorted(shapes) == [[8, 8], [9, 9, 1], [28, 28, 1]]
    for row in figure.table:
        assert row["relative_error"] < 0.9 * row["without_prediction"]
    titles = [ax.get_title() for ax in figure.plot().child_axes]
    assert titles == [
        "Convnet, enlarged digits",
        "MLP, enlarged digits",
        "RICA, scikit-learn's sample images, grey",
    ]
    before = (tmp_path / "figure1.jsonl").read_text()
    figure1("mlp-enlarged-digits", output=tmp_path, verbose=False)
    assert (tmp_path / "figure1.jsonl").read_text() == before


def test_patches_are_whitened_and_without_mean():
    images = load_images("samples").images
    X, shape = prepared_patches(images, 8, 2000, seed=0)
    assert shape == (8, 8)
    raw = extract_patches(images, 8, 2000, random_state=0).astype(float)
    raw -= raw.mean(axis=1, keepdims=True)
    raw /= np.sqrt(raw.var(axis=1, keepdims=True) + 1e-3)
    variances, axes = np.linalg.eigh(np.cov(raw.T))
    expected = (raw - raw.mean(axis=0)) @ (axes / np.sqrt(variances.clip(0) + 0.1)) @ axes.T
    np.testing.assert_allclose(X, expected, atol=0.02)


def test_pictures_survive_packing_to_8_bits():
    pictures = np.random.default_rng(0).uniform(-1, 1, (3, 4, 5))
    np.testing.assert_allclose(unpack(pack(pictures), (4, 5)), pictures, atol=1 / 254)


@pytest.mark.parametrize("name", ["figure1", "figure2"])
def test_the_command_line_prints_the_table_and_names_the_files(name, tmp_path, capsys):
    what = ["--data", "samples", "--proportion", "0.5"] if name == "figure1" else ["--proportions", "1.0", "0.5"]
    assert main(["reproduce", name, *what, "--output", str(tmp_path), "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert "sample images, grey" in printed
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.{end}" for end in ("csv", "jsonl", "png")}
    assert str(tmp_path / f"{name}.png") in printed


@pytest.mark.parametrize(
    ("figure", "arguments", "message"),
    [
        (figure1, dict(data="cats"), "data: received 'cats'; expected one of 'convnet-enlarged-digits'"),
        (figure2, dict(profile="huge"), "profile: received 'huge'; expected one of 'smoke'"),
        (figure2, dict(proportions=[0.5, 0.001]), "leaves no atom"),
        (figure1, dict(data=["mlp-enlarged-digits", "mlp-cats"]), "data: received 'mlp-cats'; expected one of"),
        (figure1, dict(data="convnet-enlarged-digits", proportion=0.01), "leaves no atom"),
        (figure1, dict(proportion=1.5), "proportion: received 1.5; expected a number above 0"),
        (figure2, dict(proportions=[]), "proportions: received ..; expected at least one"),
        (figure2, dict(seeds=[]), "seeds: received"),
    ],
)
def test_a_bad_choice_is_refused_before_anything_is_computed(figure, arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        figure(**arguments, output=tmp_path, verbose=False)
    assert not list(tmp_path.iterdir())
