"""Figure 4 (right): a model that is known, recognisers that come near it, splits by speaker, baselines beside both."""

import dataclasses
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest

from ppdl import NumericalError, PhoneRecognizer
from ppdl.cli import main
from ppdl.datasets import Utterance
from ppdl.reproduce import SPEECH_RECIPES, figure4_right
from ppdl.reproduce.data.known_hmm import known_hmm
from ppdl.reproduce.data.speech import N_SPLITS, held_out_speakers, load_speech
from ppdl.reproduce.figures.figure4_right import Figure4Right, _configuration
from ppdl.reproduce.figures.utterances import draw_utterance
from ppdl.reproduce.recipes.speech import SPEECH_CURVES, SPEECH_TASKS
from ppdl.reproduce.runs import RunFile
from ppdl.reproduce.runs.file import configuration_key

RECORDED = Path(__file__).parent.parent / "notebooks/results/timit-sample/figure4_right.jsonl"
POINT = dict(curves=["5-columns"], proportions=[0.1], verbose=False)
FEW = dict(
    recipe=dataclasses.replace(SPEECH_RECIPES["modern"], epochs=2),
    curves=["nokernel", "5-columns", "narrow"],
    proportions=[0.1],
    verbose=False,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("figure4_right")


@pytest.fixture(scope="module")
def figure(folder):
    return figure4_right(**FEW, output=folder)


def row_of(figure, curve):
    (row,) = (row for row in figure.table if row["curve"] == curve)
    return row


def test_an_ordinary_network_comes_near_the_model_that_drew_the_sequences(tmp_path):
    figure = figure4_right(curves=["nokernel"], output=tmp_path, verbose=False)
    reached, best = row_of(figure, "nokernel"), row_of(figure, "true model’s own Viterbi path")
    assert 0.1 < best["test_error"] < 0.25
    assert reached["test_error"] < 1.1 * best["test_error"]
    assert reached["test_error"] < 0.3 * row_of(figure, "bigram alone")["test_error"]


def test_the_known_model_draws_what_it_says():
    hmm = known_hmm()
    utterances, states = hmm.draw(150, seed=5)
    frames, path = np.concatenate([each.signal for each in utterances]), np.concatenate(states)
    about_means = frames - hmm.means.reshape(-1, frames.shape[1])[path]
    assert np.abs(about_means.mean(axis=0)).max() < 0.1
    np.testing.assert_allclose(np.cov(about_means.T), hmm.covariance, atol=0.06 * hmm.covariance.max())
    changes = sum(np.count_nonzero(np.diff(each)) + 1 for each in states)
    assert changes / len(path) == pytest.approx(hmm.leave.mean(), rel=0.1)
    for utterance, own in zip(utterances[:20], states):
        phones = [hmm.phones.index[phone] for phone in utterance.phones]
        assert (own[utterance.boundaries[:-1]] == 3 * np.array(phones)).all()
        assert all(first != second for first, second in itertools.pairwise(phones))
    again, _ = hmm.draw(150, seed=5)
    assert all((first.signal == second.signal).all() for first, second in zip(utterances, again))


def test_without_noise_the_known_model_makes_no_error():
    hmm = known_hmm()
    quiet = dataclasses.replace(hmm, covariance=1e-4 * hmm.covariance)
    of_phones, of_frames = quiet.errors(quiet.draw(10, seed=0)[0])
    assert of_phones.rate == 0.0
    assert of_frames.rate < 0.01
    assert (of_phones.measure, of_frames.measure) == ("PER", "FER")


def test_scores_are_logarithms_of_densities():
    hmm = known_hmm()
    (utterance,), _ = hmm.draw(1, seed=3)
    scores, inverse = hmm.scores(utterance), np.linalg.inv(hmm.covariance)
    from_means = utterance.signal[:4, None] - hmm.means.reshape(1, -1, utterance.signal.shape[1])
    expected = -0.5 * np.einsum("tsi,ij,tsj->ts", from_means, inverse, from_means)
    np.testing.assert_allclose(np.diff(scores[:4], axis=1), np.diff(expected, axis=1), atol=1e-6)


def test_both_measures_and_all_baselines_are_told_apart(figure):
    printed = str(figure)
    assert printed.index("Phone error in %") < printed.index("Error of frames in %")
    for name in ("bigram alone", "most frequent phone everywhere", "true model’s own Viterbi path"):
        row = row_of(figure, name)
        assert f"{name}: phone error {100 * row['test_error']:.2f}" in printed
        assert set(row) == set(figure.table[0])
    majority = row_of(figure, "most frequent phone everywhere")
    test = load_speech("hmm", 0).test
    assert majority["frame_error"] > 0.8
    assert majority["deletions"] == majority["n_phones"] - len(test)
    assert row_of(figure, "bigram alone")["test_error"] < majority["test_error"] < 1.0


def test_rows_add_up_and_count_what_is_learned(figure):
    architecture = SPEECH_TASKS["hmm"].architecture(13)
    for row in figure.table[:3]:
        n_errors = row["substitutions"] + row["deletions"] + row["insertions"]
        assert row["test_error"] == pytest.approx(n_errors / row["n_phones"], abs=1e-6)
        assert row["test_error"] != row["frame_error"]
        assert row["gap"] == pytest.approx(row["test_error"] - figure.table[0]["test_error"])
    predicted = row_of(figure, "5-columns")
    assert (predicted["n_dynamic"], predicted["learned"]) == (architecture.n_dynamic(0.1), 0.1)
    assert row_of(figure, "narrow")["n_dynamic"] == pytest.approx(architecture.n_dynamic(0.1), rel=0.03)
    assert row_of(figure, "nokernel")["n_dynamic"] == architecture.n_dynamic(1.0)


def test_records_tell_where_they_come_from(figure):
    for record in figure.records:
        assert record["command"].startswith("ppdl reproduce figure4-right --data hmm --profile smoke")
        assert {"commit", "versions", "isa", "machine", "threads", "wall_time", "training_time"} <= set(record)
        assert record["epochs"] == 2
        assert {"language_scale", "insertion_penalty", "development_error"} <= set(record)
        json.dumps(record, allow_nan=False)


def test_a_second_call_runs_nothing_and_files_are_written(figure, folder, monkeypatch):
    monkeypatch.setattr(PhoneRecognizer, "fit", None)
    again = figure4_right(**FEW, output=folder)
    assert str(again) == str(figure)
    again.save()
    assert {path.suffix for path in folder.iterdir()} == {".jsonl", ".csv", ".png"}


def test_the_picture_says_what_it_is_of(figure):
    axes = figure.plot()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "true model’s\nown Viterbi" in labels
    assert {SPEECH_CURVES[name].label for name in FEW["curves"]} <= set(labels)
    assert "not speech" in axes.get_title(loc="left")
    sample = Figure4Right(figure.records, "timit-sample", "modern", figure.folder)
    assert "sample of 160 utterances: 2.5 % of the corpus, 1 speaker-disjoint split" in sample.plot().get_title(
        loc="left"
    )
    assert "2.5 % of the corpus" in str(sample)


def test_the_spread_of_splits_is_that_of_the_difference_from_the_ordinary_network(figure):
    records = [*figure.records, *json.loads(json.dumps(figure.records))]
    for record in records[len(figure.records) :]:
        record["configuration"]["seed"] = 1
        record["test_error"] += 0.05  # other speakers
    sample = Figure4Right(records, "timit-sample", "modern", figure.folder)
    for row in sample.table[1:3]:
        assert (row["std"], row["gap_std"]) == pytest.approx((0.05 / np.sqrt(2), 0.0), abs=1e-6)
    axes = sample.plot()
    assert "difference from it within a split" in axes.get_legend().get_title().get_text()
    (curve, _) = (band.get_paths()[0].get_extents() for band in axes.collections)
    assert curve.height < 1e-6


def test_a_network_that_diverges_is_a_result_too(tmp_path, monkeypatch):
    def diverge(self, utterances, **options):
        raise NumericalError("the loss is not finite")

    monkeypatch.setattr(PhoneRecognizer, "fit", diverge)
    figure = figure4_right(**POINT, seeds=2, output=tmp_path)
    (row,) = figure.table
    assert (row["n_seeds"], row["n_failed"]) == (0, 2)
    assert "diverged" in str(figure)
    figure.save()


def test_the_authors_settings_are_understood(tmp_path):
    paper = SPEECH_RECIPES["paper"].shortened(0.01)
    figure = figure4_right(**POINT, recipe=paper, output=tmp_path)
    estimator = figure.records[0]["configuration"]["estimator"]
    assert (estimator["max_iter"], estimator["pretraining"], estimator["pretraining_epochs"]) == (1, "autoencoder", 1)
    assert estimator["dictionary"]["atoms"] == "raw"
    assert estimator["learning_rate"] == {"schedule": "geometric", "decay": 1.00004, "floor": 1e-06}
    json.dumps(figure.records[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--data mnist", "ppdl: --data: received 'mnist'; expected one of 'hmm', 'timit'"),
        ("--recipe ridge", "ppdl: --recipe: received 'ridge'; expected one of 'modern', 'paper'"),
        ("--curves best", "ppdl: --curves: received 'best'; expected one of 'nokernel'"),
        ("--proportions 0.01", "ppdl: --proportions: 0.01 of 40 inputs leaves no atom"),
        ("--profile long", "ppdl: --profile: received 'long'; expected one of"),
    ],
)
def test_messages_speak_of_options_before_anything_is_computed(tmp_path, capsys, arguments, message):
    assert main(["reproduce", "figure4-right", *arguments.split(), "--output", str(tmp_path), "--quiet"]) == 1
    assert capsys.readouterr().err.startswith(message)
    assert not list(tmp_path.iterdir())


def test_absent_speech_is_told_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PPDL_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["reproduce", "figure4-right", "--data", "timit", "--output", str(tmp_path), "--quiet"]) == 1
    message = capsys.readouterr().err
    assert "TRAIN/DR1/FCJF0/SX37.WAV" in message and message.count("\n") == 1


sample = pytest.mark.skipif(
    not Path(os.environ.get("PPDL_DATA", "nowhere"), "timit-sample").is_dir(), reason="needs the sample of TIMIT"
)


@sample
def test_splits_of_the_sample_are_disjoint_in_speakers_and_test_each_once():
    tested = []
    for number in range(N_SPLITS):
        split = load_speech("timit-sample", number)
        speakers = [{each.speaker for each in part} for part in (split.train, split.development, split.test)]
        assert [len(who) for who in speakers] == [10, 2, 4]
        assert len(set.union(*speakers)) == 16
        assert [sum(name[0] == "f" for name in who) for who in speakers] == [5, 1, 2]
        dialects = {each.name.split("-")[0] for each in split.test}
        assert len(dialects) == 4
        tested += sorted(speakers[2])
        assert (sorted(held_out_speakers(number)[0]), split.alignments) == (sorted(speakers[2]), None)
    assert len(set(tested)) == 16


@sample
@pytest.mark.skipif(not RECORDED.exists(), reason="the source archive holds no recorded runs")
def test_recorded_networks_are_those_of_the_present_settings():
    recipe = SPEECH_RECIPES["modern"]
    for key, record in RunFile(RECORDED).read().items():
        curve, proportion, seed = (record["configuration"][name] for name in ("curve", "proportion", "seed"))
        split = load_speech("timit-sample", seed)
        assert configuration_key(_configuration(SPEECH_CURVES[curve], proportion, seed, split, recipe)) == key


@sample
def test_the_sample_has_four_splits(tmp_path):
    with pytest.raises(ValueError, match="seeds: received 4; expected 0 to 3, the splits of the sample"):
        figure4_right("timit", seeds=[4], output=tmp_path, verbose=False)


def said_and_heard(axes):
    """The phones of the lowest panel, those said first."""
    texts = [(round(text.get_position()[1]), text.get_text()) for text in axes[2].texts]
    return tuple([phone for place, phone in texts if place == row] for row in (1, 0))


def test_an_utterance_is_drawn_with_what_was_said_and_recognised():
    utterances, states = known_hmm().draw(8, seed=4)
    recognizer = PhoneRecognizer((10,), context=1, max_iter=1, random_state=0).fit(utterances, alignments=states)
    axes = draw_utterance(recognizer, utterances[0]).axes
    said, heard = said_and_heard(axes)
    assert said == list(utterances[0].phones)
    assert heard == [segment.phone for segment in recognizer.predict(utterances[:1])[0]]
    assert axes[0].images[0].get_array().shape == utterances[0].signal.T.shape
    assert axes[1].images[0].get_array().max() <= 1.0


def test_of_a_waveform_the_spectrogram_is_drawn():
    pytest.importorskip("kaldi_native_fbank")
    tone = np.sin(2 * np.pi * 3000 / 16000 * np.arange(16000)).astype(np.float32)
    utterance = Utterance(
        "tone",
        np.where(np.arange(16000) < 8000, 0.5 * tone, 0.0).astype(np.float32),
        16000,
        ["a", "b"],
        [0, 8000, 16000],
    )
    recognizer = PhoneRecognizer((4,), context=1, batch_size=20, max_iter=1, random_state=0).fit([utterance])
    image = draw_utterance(recognizer, utterance, until=0.8).axes[0].images[0]
    height, width = image.get_array().shape
    loudest = np.asarray(image.get_array())[:, : width // 2 - 3].argmax(axis=0)
    assert np.abs(loudest / height * 8.0 - 3.0).max() < 0.1
