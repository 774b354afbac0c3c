"""Figure 5 on the digits: networks that are counted, trained, left unfinished and taken up again."""

import dataclasses
import json

import numpy as np
import pytest

from ppdl import NumericalError, PredictedConvNetClassifier
from ppdl.layers import Jitter
from ppdl.reproduce import CONVNET_RECIPES, figure5
from ppdl.reproduce.figures.figure5 import Figure5, printed_points
from ppdl.reproduce.recipes.convnets import CONVNETS
from ppdl.reproduce.runs import Checkpoint, RunFile

POINT = dict(curves=["predicted"], proportions=[0.5], verbose=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("figure5")


@pytest.fixture(scope="module")
def figure(folder):
    return figure5(proportions=[0.25, 0.5, 1.0], epochs=3, output=folder, verbose=False)


def test_all_curves_meet_in_one_network_where_all_is_learned(figure, folder):
    points = [(row["curve"], row["proportion"]) for row in figure.table]
    others = [(curve, share) for curve in ("balanced", "narrow") for share in (0.25, 0.5)]
    assert points == [("predicted", 0.25), ("predicted", 0.5), ("predicted", 1.0), *others]
    last = str(figure).splitlines()[-1].split()
    assert last[-1] == last[-2] == last[-3]
    for curve in ("balanced", "narrow"):
        (record,) = figure5(curves=[curve], proportions=[1.0], epochs=3, output=folder, verbose=False).records
        assert record in figure.records


def test_networks_learn_as_many_numbers_as_are_counted(figure):
    for row in figure.table:
        convnet, proportion = CONVNETS["digits"], row["proportion"]
        counted = convnet.n_dynamic(proportion)
        if row["curve"] == "predicted":
            assert row["n_dynamic"] == counted
        elif row["curve"] == "balanced":
            assert row["n_dynamic"] == convnet.balanced(proportion).n_dynamic(proportion) <= counted
            assert row["learned"] < convnet.learned_proportion(proportion)
        else:
            assert row["n_dynamic"] == pytest.approx(counted, rel=0.02)
        assert 0 < row["test_error"] < 0.9


def test_the_networks_are_those_of_the_paper():
    convnet = CONVNETS["cifar10"]
    weights = [seen.size * layer.n_hidden for layer, seen in convnet.places()]
    assert weights == [9_216, 196_608, 102_400, 800_000]
    assert convnet.n_dynamic(1.0) == sum(weights) + 48 + 64 + 64 + 500 + 5_010
    assert convnet.learned_proportion(0.25) == pytest.approx(0.25, abs=0.01)
    for proportion in (0.1, 0.25, 0.5, 0.75):
        target, narrowed = convnet.n_dynamic(proportion), convnet.narrowed(proportion).n_dynamic(1.0)
        assert narrowed == pytest.approx(target, rel=0.03)


def test_a_balanced_network_learns_as_many_weights_in_each_layer_as_atoms_allow():
    convnet = CONVNETS["cifar10"]
    assert [layer.fraction for layer, _ in convnet.balanced(0.1).places()] == [1.0, 8 / 64, 6 / 25, 1 / 25]
    assert [layer.fraction for layer, _ in convnet.balanced(0.5).places()] == [1.0, 1.0, 1.0, 7 / 25]
    assert convnet.balanced(1.0).n_dynamic(0.1) == convnet.n_dynamic(1.0)


def test_records_tell_where_they_come_from_and_how_training_went(figure):
    for record in figure.records:
        assert record["command"].startswith("ppdl reproduce figure5 --data digits")
        assert "--epochs 3" in record["command"]
        assert {"commit", "versions", "isa", "machine", "threads", "wall_time", "training_time"} <= set(record)
        assert record["epochs"] == len(record["losses"]) == 3
        assert record["losses"][-1] < record["losses"][0]
        json.dumps(record, allow_nan=False)


def stopped_after(monkeypatch, n_epochs):
    """Let training be killed after so many epochs; return what counts them."""
    train, calls = PredictedConvNetClassifier.partial_fit, []

    def partial_fit(self, *data, **options):
        if len(calls) == n_epochs:
            raise KeyboardInterrupt
        calls.append(self.momentum)
        return train(self, *data, **options)

    monkeypatch.setattr(PredictedConvNetClassifier, "partial_fit", partial_fit)
    return calls


@pytest.mark.parametrize("recipe", ["modern", "augmented", "paper"])
def test_a_killed_network_goes_on_after_its_last_epoch_and_ends_as_if_it_was_not(tmp_path, monkeypatch, recipe):
    options = POINT | dict(recipe=recipe, epochs=3)
    (whole,) = figure5(**options, output=tmp_path / "whole").records
    with monkeypatch.context() as patched:
        stopped_after(patched, 2)
        with pytest.raises(KeyboardInterrupt):
            figure5(**options, output=tmp_path / "parts")
    assert len(list((tmp_path / "parts" / "figure5.unfinished").iterdir())) == 1
    with monkeypatch.context() as patched:
        calls = stopped_after(patched, 9)
        (parts,) = figure5(**options, output=tmp_path / "parts").records
    assert len(calls) == 1
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["figure5.jsonl"]
    for name in ("test_error", "loss", "losses", "epochs", "n_dynamic"):
        assert parts[name] == whole[name]


def test_a_fresh_run_forgets_what_was_left_unfinished(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        stopped_after(patched, 1)
        with pytest.raises(KeyboardInterrupt):
            figure5(**POINT, epochs=2, output=tmp_path)
    calls = stopped_after(monkeypatch, 9)
    figure5(**POINT, epochs=2, output=tmp_path, resume=False)
    assert len(calls) == 2


def test_the_momentum_of_the_papers_recipe_grows_over_its_first_epochs(tmp_path, monkeypatch):
    calls = stopped_after(monkeypatch, 99)
    recipe = dataclasses.replace(CONVNET_RECIPES["paper"], momentum=(0.5, 0.9, 2))
    figure5(**POINT, recipe=recipe, epochs=3, output=tmp_path)
    assert calls == pytest.approx([0.5, 0.7, 0.9])


def test_the_augmented_recipe_moves_its_images(tmp_path):
    recipe = CONVNET_RECIPES["augmented"]
    (jitter,) = recipe.before
    still = dataclasses.replace(recipe, before=(Jitter(0, mirror=False),))
    moved, unmoved = (figure5(**POINT, recipe=each, epochs=3, output=tmp_path).records[0] for each in (recipe, still))
    assert moved["configuration"]["estimator"]["layers"][0] == jitter.get_config()
    assert moved["n_dynamic"] == unmoved["n_dynamic"]
    assert all(a > b for a, b in zip(moved["losses"], unmoved["losses"]))


def test_a_checkpoint_that_cannot_be_read_is_named(tmp_path):
    checkpoint = Checkpoint(tmp_path / "unfinished", {"x": 1})
    assert checkpoint.read() is None
    checkpoint.write([1, 2])
    assert checkpoint.read() == [1, 2]
    checkpoint.path.write_bytes(b"not a pickle")
    with pytest.raises(ValueError, match=f"{checkpoint.path.name}: not an unfinished run"):
        checkpoint.read()
    checkpoint.delete()
    assert not list(tmp_path.iterdir())


def test_a_network_that_diverges_is_a_result_too(tmp_path, monkeypatch):
    def diverge(self, X, y, **options):
        raise NumericalError("the loss is not finite")

    monkeypatch.setattr(PredictedConvNetClassifier, "partial_fit", diverge)
    figure = figure5(**POINT, seeds=2, output=tmp_path)
    (row,) = figure.table
    assert (row["n_seeds"], row["n_failed"]) == (0, 2)
    assert "diverged" in str(figure)
    figure.save()


def test_the_printed_points_are_drawn_beside_those_of_cifar10(figure):
    assert printed_points() == [(0.25, 0.263), (0.5, 0.304), (0.75, 0.251), (1.0, 0.248)]
    drawn = Figure5(figure.records, "cifar10", "modern", figure.folder).plot()
    assert [0.263, 0.304, 0.251, 0.248] in [list(line.get_ydata()) for line in drawn.lines]
    drawn.figure.clear()


def test_a_second_call_runs_nothing(figure, folder):
    before = RunFile(folder / "figure5.jsonl").read()
    again = figure5(proportions=[0.25, 0.5, 1.0], epochs=3, output=folder, verbose=False)
    assert RunFile(folder / "figure5.jsonl").read() == before
    assert np.array_equal([row["test_error"] for row in again.table], [row["test_error"] for row in figure.table])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(data="mnist"), "data: received 'mnist'; expected one of 'digits', 'cifar10'"),
        (dict(recipe="decay"), "recipe: received 'decay'; expected one of 'modern', 'augmented', 'paper'"),
        (dict(curves=["best"]), "curves: received 'best'; expected one of 'predicted', 'balanced', 'narrow'"),
        (dict(epochs=0), "epochs: received 0; expected an integer"),
        (dict(proportions=[0.1]), "0.1"),  # of nine weights none is left
    ],
)
def test_bad_arguments_are_named_before_anything_is_computed(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        figure5(output=tmp_path, **{"verbose": False, **arguments})
    assert not list(tmp_path.iterdir())
