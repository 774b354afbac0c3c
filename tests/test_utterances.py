"""Utterances, sets of phones, and the targets of frames."""

import pickle

import numpy as np
import pytest

from ppdl.datasets import TIMIT_PHONES, PhoneSet, Utterance
from ppdl.estimators.speech.targets import state_targets


def utterance(**changes):
    fields = dict(
        name="u1",
        signal=np.zeros(100, np.float32),
        rate=100.0,
        phones=("h#", "aa", "h#"),
        boundaries=[0, 30, 60, 90],
        speaker="anna",
    )
    return Utterance(**{**fields, **changes})


# Utterances


def test_an_utterance_knows_its_times_and_shows_no_numbers():
    said = utterance()
    assert said.duration == 1.0 and said.is_waveform
    assert said.segments == [("h#", 0.0, 0.3), ("aa", 0.3, 0.6), ("h#", 0.6, 0.9)]
    assert repr(said) == "<Utterance u1: 1.00 s at 100 a second, 3 phones, speaker anna>"
    assert said.boundaries.dtype == np.int64


def test_frames_of_features_travel_like_a_waveform():
    frames = np.full((7, 39), 5.0, np.float32)
    said = Utterance("u2", frames, 100, ["aa"], [1, 7])
    assert said.duration == 0.07 and not said.is_waveform
    assert repr(said) == "<Utterance u2: 0.07 s at 100 a second of 39 features, 1 phones>"
    assert said.signal.base is frames  # not copied


def test_an_utterance_without_phones_has_no_segments():
    assert Utterance("u3", np.zeros(5, np.float32), 10).segments == []


def test_an_utterance_cannot_be_written_to_and_leaves_what_it_was_made_from_as_it_was():
    signal, boundaries = np.zeros(100, np.float32), np.array([0, 30, 60, 90])
    said = utterance(signal=signal, boundaries=boundaries)
    for array in (said.signal, said.boundaries):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    signal[0], boundaries[0] = 0.5, 1
    assert said.boundaries[0] == 0


def test_an_utterance_pickles():
    said = pickle.loads(pickle.dumps(utterance()))
    assert said.phones == ("h#", "aa", "h#") and said.segments == utterance().segments


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(name=3), "name: received 3; expected a string"),
        (dict(speaker=None), "speaker: received None; expected a string"),
        (dict(signal=np.zeros(100)), "u1: signal: received float64; expected float32"),
        (dict(signal=np.zeros(100, np.int16)), "u1: signal: received int16; expected float32"),
        (dict(signal=np.zeros(0, np.float32)), r"u1: signal: received shape \(0,\); expected"),
        (dict(signal=np.zeros((100, 0), np.float32)), r"u1: signal: received shape \(100, 0\); expected"),
        (dict(signal=np.zeros((10, 2, 3), np.float32)), r"u1: signal: received shape \(10, 2, 3\); expected"),
        (dict(signal=np.full(100, np.nan, np.float32)), "u1: signal: received NaN or infinity; expected finite"),
        (dict(signal=np.full(100, 2000, np.float32)), "u1: signal: received a waveform of magnitude 2000; expected at"),
        (dict(rate=0), "u1: rate: received 0; expected a number above 0"),
        (dict(phones="aaa"), "u1: phones: received 'aaa'; expected a sequence of strings"),
        (dict(phones=None), "u1: phones: received None; expected a sequence of strings"),
        (dict(phones=(1, 2, 3)), r"u1: phones: received \(1, 2, 3\); expected a sequence of strings"),
        (dict(boundaries=[0, 30, 60]), r"u1: boundaries: received shape \(3,\); expected \(4,\), for there are 3"),
        (dict(phones=()), r"u1: boundaries: received shape \(4,\); expected \(0,\)"),
        (dict(boundaries=[0.0, 30.0, 60.0, 90.0]), "u1: boundaries: received float64; expected whole numbers"),
        (dict(boundaries=[0, 30, 60, 101]), "u1: boundaries: received 0 to 101; expected 0 to 100"),
        (dict(boundaries=[-1, 30, 60, 90]), "u1: boundaries: received -1 to 90; expected 0 to 100"),
        (dict(boundaries=[0, 70, 60, 90]), r"u1: boundaries: received 60 after 70 \(segment 1, aa\); expected ascend"),
        (dict(boundaries=[0, 30, 30, 90]), r"u1: boundaries: received 30 after 30 \(segment 1, aa\); expected ascend"),
    ],
)
def test_what_is_wrong_with_an_utterance_is_told_by_its_name(changes, message):
    with pytest.raises(ValueError, match=message):
        utterance(**changes)


# Phone sets

SAME_IN_ALL = "ae aw ay b ch d dh dx eh ey f g iy jh k ow oy p r s t th uh v w y z"

#: Lee and Hon's folding of TIMIT's phones: class of 39, members by class of 48.
LEE_AND_HON = {
    "aa": {"aa": "aa", "ao": "ao"},
    "ah": {"ah": "ah", "ax": "ax ax-h"},
    "er": {"er": "er axr"},
    "hh": {"hh": "hh hv"},
    "ih": {"ih": "ih", "ix": "ix"},
    "l": {"l": "l", "el": "el"},
    "m": {"m": "m em"},
    "n": {"n": "n nx", "en": "en"},
    "ng": {"ng": "ng eng"},
    "sh": {"sh": "sh", "zh": "zh"},
    "uw": {"uw": "uw ux"},
    "sil": {"cl": "pcl tcl kcl", "vcl": "bcl dcl gcl", "epi": "epi", "sil": "h# pau"},
    **{phone: {phone: phone} for phone in SAME_IN_ALL.split()},
}


def test_timit_phones_fold_as_lee_and_hon_say():
    assert len(TIMIT_PHONES) == 61 and TIMIT_PHONES.silence == "h#"
    phones = {
        phone: (of_48, of_39)
        for of_39, members in LEE_AND_HON.items()
        for of_48, names in members.items()
        for phone in names.split()
    }
    assert {*phones, "q"} == {*TIMIT_PHONES.phones}
    for phone, (of_48, of_39) in phones.items():
        assert TIMIT_PHONES.fold([phone], 48) == [of_48]
        assert TIMIT_PHONES.fold([phone], 39) == [of_39]
    assert TIMIT_PHONES.fold(["q"], 48) == TIMIT_PHONES.fold(["q"], 39) == []
    assert TIMIT_PHONES.fold(["q"], 61) == ["q"]


def test_folding_and_collapsing_are_separate_steps():
    folded = TIMIT_PHONES.fold(["h#", "pau", "q", "aa", "ao", "h#"], 39)
    assert folded == ["sil", "sil", "aa", "aa", "sil"]
    assert PhoneSet.collapse(folded) == ["sil", "aa", "sil"]
    assert PhoneSet.collapse([]) == []
    assert TIMIT_PHONES.coarsest == 39
    assert TIMIT_PHONES.counted(["h#", "pau", "q", "ao", "tcl", "t", "t"]) == ["sil", "aa", "sil", "t"]
    unfolded = PhoneSet(("a", "sil"), "sil")
    assert unfolded.coarsest == 2 and unfolded.counted(["sil", "a", "a"]) == ["sil", "a"]


def test_what_is_deleted_can_be_silence_instead():
    changed = TIMIT_PHONES.deleted_as_silence()
    assert changed.fold(["q"], 39) == changed.fold(["q"], 48) == ["sil"]
    others = [phone for phone in TIMIT_PHONES.phones if phone != "q"]
    assert changed.fold(others, 39) == TIMIT_PHONES.fold(others, 39)
    assert changed != TIMIT_PHONES and TIMIT_PHONES.fold(["q"], 39) == []


def test_phone_sets_are_values():
    again = PhoneSet.from_config(TIMIT_PHONES.get_config())
    assert again == TIMIT_PHONES and hash(again) == hash(TIMIT_PHONES)
    assert pickle.loads(pickle.dumps(again)) == again
    assert again.index["h#"] == again.phones.index("h#") == 60


def test_phone_sets_of_a_corpus_come_from_its_labels_or_from_a_table():
    assert PhoneSet.from_labels(["b", "a", "b"], silence="sil").phones == ("a", "b", "sil")
    table = {"AA0": "aa", "AA1": "aa", "B": "b"}
    assert PhoneSet.from_table(table, silence="sil").phones == ("aa", "b", "sil")
    assert PhoneSet.from_table({"_": "sil", **table}, silence="sil").phones == ("sil", "aa", "b")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PhoneSet((), "sil"), r"phones: received \(\); expected names, at least one"),
        (lambda: PhoneSet("ab", "a"), "phones: received 'ab'; expected names"),
        (lambda: PhoneSet(("a", "b", "a"), "a"), "phones: received 'a' more than once"),
        (lambda: PhoneSet(("a", "b"), "c"), "silence: received 'c'; expected one of a, b"),
        (lambda: PhoneSet(("a", "b"), "a", {1: {"a": "x"}}), r"folded\[1\]: received a table that differs in b"),
        (lambda: PhoneSet(("a", "b"), "a", {2: {"a": "x", "b": "x"}}), r"folded\[2\]: received 1 different names"),
        (lambda: TIMIT_PHONES.fold(["aa"], 40), "n_phones: received 40; expected 61 or 48 or 39"),
        (lambda: TIMIT_PHONES.fold(["aa", "zz"], 39), "sequence: received the phone 'zz'; expected one of b, d, g"),
        (lambda: PhoneSet.from_config({"phones": ["a"], "silence": "a", "folded": [["x", "y"]]}), "folded: received 2"),
    ],
)
def test_what_is_wrong_with_a_phone_set_is_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# Targets


def test_targets_are_the_thirds_of_each_segment():
    said = utterance()
    targets = state_targets(said, np.arange(-5, 100), {"aa": 0, "h#": 1})
    expected = [-1] * 5 + [3] * 10 + [4] * 10 + [5] * 10 + [0] * 10 + [1] * 10 + [2] * 10
    assert targets.tolist() == expected + [3] * 10 + [4] * 10 + [5] * 10 + [-1] * 10
    assert targets.dtype == np.int32


@pytest.mark.parametrize("n_states", [1, 2, 5])
def test_targets_follow_their_definition_for_segments_of_any_length(n_states):
    rng = np.random.default_rng(0)
    boundaries = np.cumsum(rng.integers(1, 20, 12)) - 1
    phones = rng.choice(["a", "b", "c"], 11).tolist()
    said = Utterance("u", np.zeros(boundaries[-1] + 10, np.float32), 100, phones, boundaries)
    centres = np.arange(len(said.signal))
    expected = np.full(len(centres), -1)
    for phone, begin, end in zip(phones, boundaries, boundaries[1:]):
        for state in range(n_states):
            low, high = (begin + (end - begin) * s / n_states for s in (state, state + 1))
            expected[(centres >= low) & (centres < high)] = "abc".index(phone) * n_states + state
    np.testing.assert_array_equal(state_targets(said, centres, {"a": 0, "b": 1, "c": 2}, n_states), expected)


def test_frames_of_an_utterance_without_phones_have_no_targets():
    said = Utterance("u", np.zeros(5, np.float32), 10)
    assert state_targets(said, [1, 2], {"a": 0}).tolist() == [-1, -1]


def test_a_phone_without_a_number_is_told_with_the_utterance():
    with pytest.raises(ValueError, match="u1: received the phone 'aa'; expected one of h#"):
        state_targets(utterance(), [0], {"h#": 0})
