"""The phone recogniser: windows, states, realignment, protocols, errors, and real speech where it is there."""

import _thread
import copy
import itertools
import os
import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from model_files import check_that_oddities_are_refused_by_name, parts, write_parts
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, cross_val_score

import ppdl
from ppdl import PhoneRecognizer, PredictedMLPClassifier
from ppdl.datasets import PhoneSet, Utterance, load_timit
from ppdl.dictionaries import DCT, EmpiricalCovariance
from ppdl.estimators.speech.targets import state_targets
from ppdl.estimators.speech.windows import Windows

PHONES = ("ah", "b", "s", "sil")
HELD = 6  # frames of a phone
OPTIONS = dict(hidden_layer_sizes=(24,), context=5, learning_rate_init=0.03, max_iter=12, random_state=0)


def utterance(number, n_phones=7, noise=0.5, phones=PHONES):
    """Frames of a pattern for each third of each phone, with noise."""
    rng = np.random.default_rng((number, 1))
    patterns = np.random.default_rng(0).normal(size=(len(phones), 3, 6))
    spoken = [3, *rng.integers(0, 3, n_phones), 3]
    frames = patterns[spoken].repeat(HELD // 3, axis=1).reshape(-1, 6)
    frames = (frames + noise * rng.normal(size=frames.shape)).astype(np.float32)
    boundaries = np.arange(len(spoken) + 1) * HELD
    return Utterance(f"u{number}", frames, 100, [phones[i] for i in spoken], boundaries, speaker=f"s{number % 3}")


TRAIN, TEST = [utterance(i) for i in range(30)], [utterance(i) for i in range(30, 40)]


@pytest.fixture(scope="module")
def fitted():
    return PhoneRecognizer(**OPTIONS).fit(TRAIN)


def test_phones_are_recognised_with_their_times(fitted):
    assert fitted.phone_set_.phones == PHONES
    assert fitted.score(TEST) > 0.9 and fitted.score(TEST) == 1.0 - fitted.score_report(TEST).rate
    for spoken, heard in zip(TEST, fitted.predict(TEST)):
        assert heard[0].begin == 0.0 and heard[-1].end == spoken.duration
        assert all(first.end == second.begin for first, second in itertools.pairwise(heard))
        if [segment.phone for segment in heard] == list(spoken.phones):
            assert abs(np.array([segment.begin for segment in heard]) - spoken.boundaries[:-1] / 100).max() <= 0.021


def test_windows_hold_an_utterance_between_copies_of_its_ends():
    frames = [np.arange(12.0).reshape(4, 3), 100 + np.arange(6.0).reshape(2, 3)]
    padded = [np.pad(own, ((2, 2), (0, 0)), mode="edge") for own in frames]
    windows = Windows.over(list(frames), 5)
    for own, seen in zip(padded, windows.split(windows.rows)):
        assert_array_equal(seen, [own[t : t + 5].ravel() for t in range(len(own) - 4)])
    assert np.shares_memory(windows.rows, windows.frames) and not windows.rows.flags.writeable


def test_training_is_that_of_a_network_on_windows_that_were_written_out(fitted):
    states, X = [], []
    standardized = fitted.features_.transform(TRAIN)
    for spoken, own in zip(TRAIN, standardized):
        padded = np.pad(own, ((2, 2), (0, 0)), mode="edge")
        X += [padded[t : t + 5].ravel() for t in range(len(own))]
        states.append(state_targets(spoken, np.arange(len(own)), fitted.phone_set_.index))
    network = clone(fitted.network_)
    options = dict(shuffle=False, batch_size=len(X), max_iter=3)
    y = np.concatenate(states)
    network.set_params(**options).fit(np.array(X), y)
    recognizer = PhoneRecognizer(**{**OPTIONS, "batch_size": len(X), "max_iter": 3}).fit(TRAIN)
    np.testing.assert_allclose(recognizer.network_.theta_, network.theta_, rtol=1e-4, atol=1e-5)


def test_frames_without_a_phone_are_not_trained_on():
    spoken = TRAIN[0]
    cut = Utterance("cut", spoken.signal, 100, spoken.phones[1:-1], spoken.boundaries[1:-1])
    noisy = np.array(spoken.signal)
    noisy[:HELD] = 7.0  # seen by windows, but no target
    other = Utterance("other", noisy, 100, spoken.phones[1:-1], spoken.boundaries[1:-1])
    states = [
        PhoneRecognizer(**{**OPTIONS, "context": 1}, silence="ah").fit([each, *TRAIN[1:]])._model.n_frames
        for each in (cut, other)
    ]
    assert_array_equal(*states)
    assert states[0].sum() == sum(len(each.signal) for each in TRAIN) - 2 * HELD


def test_scale_and_penalty_have_the_fewest_errors_on_development_utterances(fitted):
    noisy = [utterance(i, noise=1.5) for i in range(50, 60)]
    chosen = PhoneRecognizer(**OPTIONS).fit(TRAIN, development=noisy)
    assert (fitted.language_scale_, fitted.insertion_penalty_) == (1.0, 0.0)
    assert_array_equal(chosen.network_.theta_, fitted.network_.theta_)
    assert chosen.score_report(noisy).n_errors <= fitted.score_report(noisy).n_errors
    given = PhoneRecognizer(**OPTIONS, language_scale=2.0, insertion_penalty=1.0).fit(TRAIN, development=noisy)
    assert (given.language_scale_, given.insertion_penalty_) == (2.0, 1.0)
    assert (
        chosen.score_report(noisy).n_errors
        <= PhoneRecognizer(
            **OPTIONS, language_scale=chosen.language_scale_, insertion_penalty=chosen.insertion_penalty_
        )
        .fit(TRAIN)
        .score_report(noisy)
        .n_errors
    )


@pytest.mark.parametrize("development", [None, TEST[:2]])
def test_a_language_model_that_is_given_no_weight_has_none(development):
    recognizer = PhoneRecognizer(**{**OPTIONS, "max_iter": 1}, language_scale=0.0, insertion_penalty=0.0)
    assert recognizer.fit(TRAIN, development=development).language_scale_ == 0.0


def test_realignment_mends_boundaries_that_were_drawn_badly():
    rng, drawn = np.random.default_rng(5), []
    for spoken in TRAIN:
        boundaries = spoken.boundaries.copy()
        boundaries[1:-1] += rng.integers(-2, 3, len(boundaries) - 2)
        drawn.append(Utterance(spoken.name, spoken.signal, 100, spoken.phones, boundaries))
    indices = {phone: i for i, phone in enumerate(PHONES)}
    true = np.concatenate([state_targets(spoken, np.arange(len(spoken.signal)), indices) for spoken in TRAIN])
    wrong = []
    for n_realignments in (0, 2):
        recognizer = PhoneRecognizer(**OPTIONS, n_realignments=n_realignments).fit(drawn)
        wrong.append(np.mean(np.concatenate(recognizer.log_posteriors(TRAIN)).argmax(axis=1) != true))
    assert wrong[1] < 0.7 * wrong[0]


def test_realignment_leaves_out_frames_that_no_phone_has():
    cut = [Utterance(each.name, each.signal, 100, each.phones[1:-1], each.boundaries[1:-1]) for each in TRAIN]
    nowhere = Utterance("early", TRAIN[0].signal, 100, ["ah"], [0, 1])
    given = [state_targets(each, np.arange(len(each.signal)), {"ah": 0, "b": 1, "s": 2}) for each in cut]
    alignments = [*given, np.full(len(nowhere.signal), -1)]
    for n_realignments in (0, 1):
        options = dict(**OPTIONS, silence="ah", n_realignments=n_realignments)
        recognizer = PhoneRecognizer(**options).fit([*cut, nowhere], alignments=alignments)
        assert recognizer._model.n_frames.sum() == sum(len(each.signal) - 2 * HELD for each in TRAIN)


def test_an_interrupt_ends_realignment_and_leaves_a_recogniser(monkeypatch):
    seen = []

    def interrupt(self, number, entries):
        seen.append(number)
        if number == 3:
            _thread.interrupt_main()  # as Ctrl-C; the core meets it while it computes

    monkeypatch.setattr("ppdl.estimators.training.progress.ProgressTable.line", interrupt)
    recognizer = PhoneRecognizer(**{**OPTIONS, "max_iter": 10**6}, n_realignments=1)
    with pytest.warns(UserWarning, match="interrupted by user"):
        recognizer.fit(TRAIN)
    assert seen == list(range(1, recognizer.network_.n_iter_ + 1))
    assert len(recognizer.predict(TEST)) == len(TEST)


def test_given_alignments_take_the_place_of_even_division(fitted):
    indices = fitted.phone_set_.index
    even = [state_targets(spoken, np.arange(len(spoken.signal)), indices) for spoken in TRAIN]
    assert_array_equal(PhoneRecognizer(**OPTIONS).fit(TRAIN, alignments=even).network_.theta_, fitted.network_.theta_)
    for wrong, message in (
        (even[1:], "alignments: received 29 arrays; expected 30"),
        ([np.full_like(states, -1) for states in even], "utterances: received none with two frames in its phones"),
        ([even[0][1:], *even[1:]], r"alignments: u0: received shape \(53,\)"),
        ([even[0] + 12, *even[1:]], r"alignments: u0: received states 12 to 23; expected -1 to 11"),
        ([even[0] * 1.0, *even[1:]], "of float64"),
    ):
        with pytest.raises(ValueError, match=message):
            PhoneRecognizer(**OPTIONS).fit(TRAIN, alignments=wrong)


def test_the_authors_protocol_counts_frames(fitted):
    noisy = [utterance(i, noise=2.0) for i in range(50, 60)]
    errors = fitted.score_report(noisy, "authors-code")
    assert errors.measure == "FER" and errors.n_reference == sum(len(each.signal) for each in noisy)
    assert 0.0 < errors.rate < 0.5 and errors.insertions == errors.deletions
    with pytest.raises(ValueError, match="protocol: received 'kaldi'"):
        fitted.score_report(TEST, protocol="kaldi")


def test_a_predicted_network_is_trained_and_its_dictionary_searched():
    options = dict(**OPTIONS, learned_fraction=0.3, n_columns=3)
    auto = PhoneRecognizer(**options).fit(TRAIN)
    named = PhoneRecognizer(**options, dictionary=EmpiricalCovariance()).fit(TRAIN)
    assert_array_equal(auto.network_.theta_, named.network_.theta_)
    assert [V.shape for V in auto.network_.dynamic_coefs_[0]] == [(9, 8)] * 3
    assert auto.score(TEST) > 0.85
    named.set_params(dictionary__ridge=1e-2)
    assert named.get_params()["dictionary"].ridge == 1e-2


def test_dictionaries_see_time_and_coefficients():
    along_time = PhoneRecognizer(**OPTIONS, dictionary=DCT(), learned_fraction=0.5, coefficients="channels").fit(TRAIN)
    assert along_time.network_.input_shape == (5, 1, 6)
    grid = PhoneRecognizer(**OPTIONS, dictionary=DCT(), learned_fraction=0.5).fit(TRAIN)
    assert grid.network_.input_shape == (5, 6)


def test_threads_do_not_change_a_bit(fitted):
    for n_threads in (1, 2, 3):
        other = PhoneRecognizer(**OPTIONS, n_threads=n_threads).fit(TRAIN)
        assert_array_equal(other.network_.theta_, fitted.network_.theta_)
        assert other.predict(TEST) == fitted.predict(TEST)


def test_speakers_are_groups_of_a_cross_validation():
    speakers = [each.speaker for each in TRAIN]
    scores = cross_val_score(PhoneRecognizer(**OPTIONS), TRAIN, groups=speakers, cv=GroupKFold(3))
    assert len(scores) == 3 and scores.min() > 0.8


def test_a_pickle_recognises_the_same(fitted):
    assert pickle.loads(pickle.dumps(fitted)).predict(TEST) == fitted.predict(TEST)


def test_a_file_holds_all_that_recognition_needs(fitted, tmp_path):
    predicted = PhoneRecognizer(
        **OPTIONS, dictionary=EmpiricalCovariance(), learned_fraction=0.3, phone_set=PhoneSet((*PHONES, "z"), "sil")
    ).fit(TRAIN, development=TEST)
    for i, recognizer in enumerate((fitted, predicted)):
        ppdl.save(recognizer, tmp_path / f"{i}.safetensors")
        loaded = ppdl.load(tmp_path / f"{i}.safetensors")
        assert loaded.predict(TEST) == recognizer.predict(TEST)
        assert loaded.score_report(TEST, "authors-code") == recognizer.score_report(TEST, "authors-code")
        assert loaded.phone_set_ == recognizer.phone_set_ and loaded.get_params() == recognizer.get_params()
    changed = copy.copy(fitted)
    for parameter, message in (
        (dict(context=7), "context: received 7; expected 5, as it was fitted"),
        (dict(context=5, beam=3.0), "beam: received 3.0; expected inf, as it was fitted"),
    ):
        with pytest.raises(ValueError, match=message):
            ppdl.save(changed.set_params(**parameter), tmp_path / "changed.safetensors")


def test_files_that_hold_something_else_are_refused_by_name(fitted, tmp_path):
    source, path = tmp_path / "source", tmp_path / "changed"
    ppdl.save(fitted, source)
    for name, change, message in (
        ("n_frames", lambda counts: counts * 0, "network_: received 'classes"),
        ("n_frames", lambda counts: np.where(np.arange(12) == 5, 0, counts), "network_: received 'classes"),
        ("n_frames", lambda counts: counts[:-1], "n_frames: received"),
        ("n_visits", lambda counts: -counts, "n_visits: received .other numbers"),
        ("phone_pairs", lambda counts: counts + 0.5, "phone_pairs: received .other numbers"),
        ("frame_pairs", lambda counts: counts * 0, "received no pair of neighbours"),
        ("features_.mean", lambda mean: mean[:-1], "scale: received"),
        ("features_.scale", lambda scale: 0 * scale, "scale: received"),
    ):
        tensors, specification = parts(source)
        write_parts({**tensors, name: change(tensors[name])}, specification, path)
        with pytest.raises(ValueError, match=f"{path}: .*{message}"):
            ppdl.load(path)
    check_that_oddities_are_refused_by_name(source, path, seed=0)


def test_features_are_in_memory_once_however_wide_the_context():
    many = [utterance(i, n_phones=400) for i in range(40)]
    n_bytes = sum(each.signal.nbytes for each in many)
    options = {**OPTIONS, "context": 41, "max_iter": 1, "hidden_layer_sizes": (8,)}
    tracemalloc.start()
    PhoneRecognizer(**options).fit(many)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * n_bytes  # windows that are written out would take 41 times as much


def test_recognition_takes_twice_the_memory_of_the_posteriors(fitted):
    long = utterance(0, n_phones=2000)
    posteriors = fitted.log_posteriors([long])[0]
    tracemalloc.start()
    fitted.predict([long])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * posteriors.nbytes


def test_bad_input_is_named_before_anything_changes(fitted):
    before = fitted.predict(TEST)
    other = Utterance("strange", TRAIN[0].signal, 100, ["x"], [0, 10])
    for wrong, message in (
        ([], "utterances: received none"),
        (TRAIN[0], "utterances: received <Utterance .*>; expected a sequence of Utterance"),
        ([TRAIN[0].signal], "utterances: received a ndarray among them; expected each an Utterance"),
        ([Utterance("mute", TRAIN[0].signal, 100)], "utterances: mute has no phones"),
        ([TRAIN[0], Utterance("slow", TRAIN[0].signal, 50, ["ah"], [0, 9])], "slow: rate: received 50"),
    ):
        with pytest.raises(ValueError, match=message):
            fitted.fit(wrong)
    phones = PhoneSet(PHONES, "sil")
    with pytest.raises(ValueError, match="strange: received the phone 'x'; expected one of ah, b, s, sil"):
        PhoneRecognizer(**OPTIONS, phone_set=phones).fit([*TRAIN, other])
    for parameter, message in (
        (dict(context=4), "context: received 4; expected an odd number"),
        (dict(n_states=0), "n_states: received 0"),
        (dict(features=3), "features: received 3"),
        (dict(language_scale="high"), "language_scale: received 'high'"),
        (dict(language_scale=-1.0), "language_scale: received -1.0; expected a number at least 0"),
        (dict(coefficients="rows"), "coefficients: received 'rows'"),
        (dict(phone_set="timit"), "phone_set: received 'timit'"),
        (dict(beam=-1.0), "beam: received -1"),
    ):
        with pytest.raises(ValueError, match=message):
            PhoneRecognizer(**{**OPTIONS, **parameter}).fit(TRAIN)
    assert fitted.predict(TEST) == before


def test_what_can_not_be_judged_is_told_before_training(monkeypatch):
    def fit(*args):
        raise AssertionError("training began")

    monkeypatch.setattr(PredictedMLPClassifier, "fit", fit)
    frames = TRAIN[0].signal
    recognizer = PhoneRecognizer(**OPTIONS)
    for wrong, message in (
        (Utterance("strange", frames, 100, ["x"], [0, 10]), "strange: received the phone 'x'; expected one of ah, b"),
        (Utterance("slow", frames, 50, ["ah"], [0, 9]), "slow: rate: received 50"),
        (Utterance("narrow", frames[:, :5], 100, ["ah"], [0, 9]), "narrow: signal: received 5 features"),
        (Utterance("brief", frames[:2], 100, ["ah"], [0, 2]), "brief: signal: received 2 frames; expected at least 3"),
        (Utterance("mute", frames, 100), "development: mute has no phones"),
    ):
        with pytest.raises(ValueError, match=message):
            recognizer.fit(TRAIN, development=[TEST[0], wrong])
    with pytest.raises(ValueError, match="silence: received 3; expected the name of a phone"):
        PhoneRecognizer(**OPTIONS, silence=3).fit(TRAIN)
    aligned = [np.zeros(len(each.signal), int) for each in TRAIN]
    with pytest.raises(ValueError, match="u0: received the phone 'b'; expected one of sil, s,"):
        PhoneRecognizer(**OPTIONS, phone_set=PhoneSet(("sil", "s"), "sil")).fit(TRAIN, alignments=aligned)
    with pytest.raises(ValueError, match="n_states: received 7; expected fewer, for no phone has frames in as many"):
        PhoneRecognizer(**OPTIONS, n_states=HELD + 1).fit(TRAIN)
    single = [Utterance("short", each.signal, 100, ["ah"], [8, 9]) for each in TRAIN]
    with pytest.raises(ValueError, match="utterances: received none with two frames in its phones"):
        recognizer.fit(single)


def test_an_utterance_that_can_not_be_recognised_is_named(fitted):
    frames = TRAIN[0].signal
    brief, strange = Utterance("brief", frames[:2], 100), Utterance("strange", frames, 100, ["x"], [0, 10])
    with pytest.raises(ValueError, match="brief: signal: received 2 frames; expected at least 3, one for each state"):
        fitted.predict([TEST[0], brief])
    assert fitted.log_posteriors([brief])[0].shape == (2, 12)
    for protocol in ("paper", "authors-code"):
        with pytest.raises(ValueError, match="strange: received the phone 'x'; .*, those of the phone set"):
            fitted.score_report([TEST[0], strange], protocol)
    begun = Utterance("begun", frames[:1].repeat(4, axis=0), 100)  # never gets out of a phone's first state
    with pytest.raises(ppdl.NumericalError, match="begun: scores: no path .* within the beam, 0; widen it"):
        PhoneRecognizer(**OPTIONS, beam=0.0).fit(TRAIN).predict([begun])


@pytest.mark.parametrize("kind", [tuple, iter, np.array])
def test_utterances_come_in_any_sequence(fitted, kind):
    assert fitted.predict(kind(TEST)) == fitted.predict(TEST)


def test_states_without_frames_are_never_recognised():
    short = [Utterance("short", each.signal[:HELD], 100, ["ah"], [0, 2]) for each in TRAIN]
    recognizer = PhoneRecognizer(**OPTIONS, phone_set=PhoneSet(PHONES, "sil")).fit([*TRAIN, *short])
    assert recognizer.score(TEST) > 0.8
    only = PhoneRecognizer(**OPTIONS, phone_set=PhoneSet((*PHONES, "z"), "sil")).fit(TRAIN)
    assert all(segment.phone != "z" for heard in only.predict(TEST) for segment in heard)
    assert np.isneginf(only.log_posteriors(TEST[:1])[0][:, -3:]).all()


sample = pytest.mark.skipif(
    not Path(os.environ.get("PPDL_DATA", "nowhere"), "timit-sample").is_dir(), reason="needs the sample of TIMIT"
)


@sample
def test_real_speech_is_recognised_better_than_the_language_alone_knows():
    utterances = load_timit().utterances
    speakers = sorted({each.speaker for each in utterances})
    train = [each for each in utterances if each.speaker in speakers[::2]]
    test = [each for each in utterances if each.speaker in speakers[1:3]]
    recognizer = PhoneRecognizer((256,), max_iter=6, learning_rate_init=3e-3, random_state=0, n_threads=2).fit(train)
    report = recognizer.score_report(test)
    assert report.rate < 0.6 and report.n_reference > 500
    assert len(recognizer.phone_set_) == 61 and isinstance(recognizer.network_, PredictedMLPClassifier)
