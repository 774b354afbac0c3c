"""Figure 6 and the check of encodings on the digits, and what they are made of."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from ppdl import RICA, NumericalError
from ppdl.cli import main
from ppdl.reproduce import PATCH_RECIPES, encodings, figure6_left, figure6_right
from ppdl.reproduce.data import splits
from ppdl.reproduce.data.splits import halved, held_out, load_split
from ppdl.reproduce.figures.patch_points import summarised
from ppdl.reproduce.recipes.linear_svm import LinearSVM
from ppdl.reproduce.recipes.patch_pipeline import patch_configuration, run_patch_pipeline, standardise
from ppdl.reproduce.recipes.patches import patch_recipe

SMALL = dict(n_components=8, n_patches=2000, max_iter=20)
RECIPE = dataclasses.replace(PATCH_RECIPES["rica"], patch_size=4, **SMALL)


@pytest.fixture(scope="module")
def digits():
    return load_split("digits")


# The classifier ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def standard_digits(digits):
    X = StandardScaler().fit_transform(digits.X_train[:400].astype(float))
    return X, digits.y_train[:400]


def test_the_classifier_finds_the_optimum_of_linear_svc(standard_digits):
    X, y = standard_digits
    # its intercept counts as a weight; of a feature of 1000, that is next to nothing
    reference = LinearSVC(C=0.01, dual=False, tol=1e-8, intercept_scaling=1000.0, max_iter=5000).fit(X, y)
    ours = LinearSVM(C=0.01, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(ours.coef_, reference.coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, reference.intercept_, atol=1e-4)
    np.testing.assert_array_equal(ours.predict(X), reference.predict(X))


def test_two_classes_share_one_row_and_may_have_any_names(standard_digits):
    X, y = standard_digits
    names = np.where(y > 4, "large", "small")
    reference = LinearSVC(C=0.01, dual=False, tol=1e-8, intercept_scaling=1000.0).fit(X, names)
    ours = LinearSVM(C=0.01, tol=1e-12).fit(X, names)
    assert ours.coef_.shape == (1, 64)
    np.testing.assert_allclose(ours.decision_function(X), reference.decision_function(X), atol=1e-3)
    np.testing.assert_array_equal(ours.predict(X), reference.predict(X))


def test_the_classifier_keeps_float32_and_loses_little_by_it(standard_digits):
    X, y = standard_digits
    single, double = LinearSVM(C=0.1).fit(X.astype(np.float32), y), LinearSVM(C=0.1, tol=1e-12).fit(X, y)
    assert single.coef_.dtype == np.float32
    assert single.loss_ == pytest.approx(double.loss_, rel=1e-4)


def test_the_classifier_needs_two_classes():
    with pytest.raises(ValueError, match="received one class, 3"):
        LinearSVM().fit(np.ones((4, 2)), [3, 3, 3, 3])


def test_features_are_standardised_in_place_as_by_scikit_learn():
    rng = np.random.default_rng(0)
    train, test = (rng.gamma(2.0, 3.0, size=(n, 5)).astype(np.float32) for n in (2500, 1300))
    train[:, 3] = test[:, 3] = 7.0
    scaler = StandardScaler().fit(train)
    expected = scaler.transform(train), scaler.transform(test)
    standardise(train, test)
    np.testing.assert_allclose(train, expected[0], atol=1e-5)
    np.testing.assert_allclose(test, expected[1], atol=1e-5)


# Images --------------------------------------------------------------------------------------------------------------


def test_a_validation_split_is_made_of_training_images_alone(digits):
    validation = held_out(digits, 0.25)
    together = np.concatenate([validation.X_train, validation.X_test])
    assert len(validation.X_test) == 300
    assert sorted(map(bytes, together)) == sorted(map(bytes, digits.X_train))
    assert validation.digest != digits.digest


def test_the_folds_of_a_validation_split_hold_the_same_images_but_those_held_out(digits):
    folded = digits._replace(folds=(np.arange(0, 600), np.arange(598, 1198)))
    validation = held_out(folded)
    held = {bytes(x) for x in validation.X_test}
    for fold, remaining in zip(folded.folds, validation.folds):
        kept = {bytes(x) for x in digits.X_train[fold]} - held
        assert {bytes(x) for x in validation.X_train[remaining]} == kept
        assert 0 < len(remaining) < len(fold)


def test_halved_images_are_means_of_blocks_rounded_half_up():
    images = np.zeros((1, 2, 4, 1), np.float32)
    images[0, :, :, 0] = np.array([[1, 2, 255, 255], [2, 1, 255, 254]]) / 255
    np.testing.assert_array_equal(halved(images).ravel(), np.float32([2, 255]) / np.float32(255))


@pytest.mark.parametrize("side", [48, 96])
def test_stl10_is_the_same_from_small_and_from_official_files(tmp_path, monkeypatch, side):
    rng = np.random.default_rng(0)
    blocks = {name: rng.integers(256, size=(n, 48, 2, 48, 2, 3)) for name, n in (("train", 4), ("test", 2))}
    folder = tmp_path / "stl10"
    folder.mkdir()
    for name, images in blocks.items():
        small = (images.sum(axis=(2, 4)) + 2) // 4
        stored = images.reshape(-1, 96, 96, 3) if side == 96 else small
        path = folder / (f"{name}_X.bin" if side == 96 else f"{name}_X_48.bin")
        path.write_bytes(stored.astype(np.uint8).transpose(0, 3, 2, 1).tobytes())
        (folder / f"{name}_y.bin").write_bytes(bytes(range(1, len(images) + 1)))
    (folder / "fold_indices.txt").write_text("0 2\n3 1\n")
    monkeypatch.setenv("PPDL_DATA", str(tmp_path))
    split = splits.SPLITS["stl10"].__wrapped__(False)
    expected = (blocks["test"].sum(axis=(2, 4)) + 2) // 4
    np.testing.assert_array_equal(split.X_test.reshape(2, 48, 48, 3) * 255, expected)
    assert [list(fold) for fold in split.folds] == [[0, 2], [3, 1]]
    assert split.input_shape == (48, 48, 3)


# One run -------------------------------------------------------------------------------------------------------------


def test_a_run_counts_learned_and_fixed_numbers(digits):
    configuration = patch_configuration(digits, RECIPE, proportion=0.5, n_train=500)
    result = run_patch_pipeline(json.loads(json.dumps(configuration)), split=digits)
    assert (result["n_weights"], result["n_dynamic"], result["n_static"]) == (16 * 8, 8 * 8, 16 * 8)
    assert result["n_features"] == 4 * 2 * 8  # quadrants, signs, filters
    assert 0.8 < result["accuracy"] < result["train_accuracy"] <= 1.0
    assert set(result["seconds"]) == {"learn", "encode", "classify"}


def test_the_accuracy_of_folds_is_the_mean_of_classifiers_that_saw_a_fold_each(digits):
    folds = (np.arange(0, 60), np.arange(60, 600))
    result = run_patch_pipeline(patch_configuration(digits, RECIPE), split=digits._replace(folds=folds))
    few, many = result["fold_accuracies"]
    assert few < many
    assert result["accuracy"] == pytest.approx((few + many) / 2, abs=1e-6)


def test_the_interval_is_that_of_the_mean_over_folds(digits):
    configuration = patch_configuration(digits, RECIPE)
    common = dict(configuration=configuration, train_accuracy=1.0, wall_time=1.0, n_features=1, n_dynamic=1, n_static=0)
    rng = np.random.default_rng(0)
    accuracies = rng.random((3, 10))
    records = [
        dict(common, n_weights=1, accuracy=float(folds.mean()), fold_accuracies=list(folds)) for folds in accuracies
    ]
    row = summarised(records)
    assert row["accuracy"] == pytest.approx(accuracies.mean())
    assert row["std"] == pytest.approx(accuracies.mean(axis=1).std(ddof=1))
    assert row["interval"] == pytest.approx(1.833 * accuracies.mean(axis=0).std(ddof=1) / 10**0.5, rel=1e-3)


# The figures ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("figure6")


LEFT = dict(recipe=RECIPE, proportions=[0.25, 0.5], verbose=False)


@pytest.fixture(scope="module")
def left(folder):
    return figure6_left(**LEFT, seeds=2, output=folder)


def test_the_left_table_has_nokernel_and_each_proportion(left):
    rows = {(row["curve"], row["proportion"]): row for row in left.table}
    assert list(rows) == [("nokernel", 1.0), ("SE", 0.25), ("SE", 0.5)]
    assert [row["learned"] for row in rows.values()] == [1.0, 0.25, 0.5]
    assert all(row["n_seeds"] == 2 and row["std"] > 0 and np.isnan(row["interval"]) for row in rows.values())
    accuracies = [record["accuracy"] for record in left.records if record["configuration"]["proportion"] is None]
    assert rows["nokernel", 1.0]["accuracy"] == pytest.approx(sum(accuracies) / 2)
    assert min(row["accuracy"] for row in rows.values()) > 0.8


def test_a_second_call_runs_nothing_and_another_seed_only_what_is_new(left, folder):
    path = folder / "figure6_left.jsonl"
    before = path.read_text().splitlines()
    assert len(figure6_left(**LEFT, seeds=2, output=folder).records) == len(before) == 6
    assert path.read_text().splitlines() == before
    figure6_left(**LEFT | dict(proportions=[]), seeds=[2], output=folder)
    after = path.read_text().splitlines()
    assert after[:-1] == before
    assert json.loads(after[-1])["configuration"]["seed"] == 2


def test_every_record_tells_where_it_comes_from(left):
    for record in left.records:
        assert record["command"] == (
            "ppdl reproduce figure6-left --data digits --profile smoke --recipe rica --proportions 0.25 0.5 --seeds 0 1"
        )
        assert {"commit", "versions", "isa", "machine", "threads", "wall_time", "finished"} <= set(record)
        assert record["configuration"]["data_digest"] == load_split("digits").digest


def test_what_a_new_user_computes_first_shows_where_prediction_begins_to_cost(tmp_path):
    grid = dict(proportions=[0.1, 0.5], output=tmp_path, n_threads=1, verbose=False)
    accuracies = {row["proportion"]: row["accuracy"] for row in figure6_left(**grid).table if row["curve"] == "SE"}
    assert accuracies[0.5] > accuracies[0.1] + 0.1  # sixty test images


def test_right_compares_equal_numbers_of_learned_parameters(tmp_path):
    figure = figure6_right(recipe=RECIPE, counts=[4, 8], seeds=1, output=tmp_path, verbose=False)
    rows = [(row["curve"], row["n_components"], row["n_dynamic"]) for row in figure.table]
    assert rows == [("RICA", 4, 64), ("RICA", 8, 128), ("RICA-50%", 8, 64), ("RICA-50%", 16, 128)]
    assert "64" in str(figure) and "RICA-50%, features" in str(figure)
    table, picture = figure.save()
    with table.open() as file:
        assert [row["curve"] for row in csv.DictReader(file)] == [row[0] for row in rows]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_encodings_are_compared_with_k_means(tmp_path):
    chosen = ["linear", "split", "kmeans-triangle"]
    figure = encodings(encodings=chosen, n_components=8, output=tmp_path, verbose=False)
    rows = {row["encoding"]: row for row in figure.table}
    assert set(rows) == set(chosen)
    assert {name: row["n_features"] for name, row in rows.items()} == {"linear": 32, "split": 64, "kmeans-triangle": 32}
    assert rows["split"]["accuracy"] > rows["linear"]["accuracy"]
    assert {path.name for path in figure.save()} == {"encodings.csv", "encodings.png"}


def test_features_that_diverge_are_a_result_too(tmp_path, monkeypatch):
    def diverge(self, X, y=None):
        raise NumericalError("the loss is not finite")

    monkeypatch.setattr(RICA, "fit", diverge)
    figure = figure6_left(**LEFT | dict(proportions=[0.5]), seeds=1, output=tmp_path)
    assert [(row["n_seeds"], row["n_failed"]) for row in figure.table] == [(0, 1), (0, 1)]
    assert "diverged" in str(figure)
    assert all(path.exists() for path in figure.save())


def test_the_command_line_computes_prints_and_saves(tmp_path, capsys):
    arguments = ["reproduce", "figure6-left", "--proportions", "0.5", "--components", "8", "--seeds", "0", "--quiet"]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "scikit-learn digits" in printed and "nokernel" in printed
    names = {"figure6_left.csv", "figure6_left.jsonl", "figure6_left.png"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert str(tmp_path / "figure6_left.png") in printed


def test_the_command_lines_of_the_others_reach_them(tmp_path, capsys):
    common = ["--seeds", "0", "--quiet", "--output", str(tmp_path)]
    assert main(["reproduce", "figure6-right", "--counts", "4", *common]) == 0
    assert main(["reproduce", "encodings", "--encodings", "absolute", "--components", "4", *common]) == 0
    printed = capsys.readouterr().out
    assert "RICA-50%" in printed and "absolute" in printed


@pytest.mark.parametrize(
    ("figure", "arguments", "message"),
    [
        (figure6_left, dict(data="mnist"), "data: received 'mnist'; expected one of 'digits', 'cifar10', 'stl10'"),
        (figure6_left, dict(data=[]), "data: received ..; expected at least one"),
        (figure6_left, dict(profile="slow"), "profile: received"),
        (figure6_left, dict(recipe="secret"), "recipe: received 'secret'; expected one of 'rica', 'kmeans-triangle'"),
        (figure6_left, dict(recipe="kmeans-triangle"), "predicts no weights"),
        (figure6_left, dict(seeds=[]), "seeds: received"),
        (figure6_left, dict(proportions=[0.01]), "0.01"),
        (figure6_right, dict(counts=[0]), "counts: received 0; expected an integer"),
        (figure6_right, dict(counts=[10**30]), "counts: received 10+; expected an integer"),
        (figure6_left, dict(n_components=2.5), "n_components: received 2.5; expected an integer"),
        (figure6_right, dict(recipe="kmeans-triangle"), "predicts no weights"),
        (encodings, dict(encodings=["spline"]), "encodings: received 'spline'; expected one of"),
    ],
)
def test_bad_arguments_are_named_before_anything_is_computed(tmp_path, figure, arguments, message):
    with pytest.raises(ValueError, match=message):
        figure(output=tmp_path, verbose=False, **arguments)
    assert not list(tmp_path.iterdir())


def test_a_named_recipe_is_adapted_to_the_data_and_another_is_left_as_it_is():
    assert patch_recipe("rica", "stl10").patch_size == 8
    assert patch_recipe("rica", "cifar10", dict(n_components=7)).n_components == 7
    assert patch_recipe(RECIPE, "stl10", dict(n_components=7)) is RECIPE
