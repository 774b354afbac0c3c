"""Bigrams of phones and of frames against counts by hand."""

import pickle
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from ppdl import _core
from ppdl.estimators.speech import FrameBigram, PhoneBigram

NAMES = ("a", "b", "c", "d")  # "d" never occurs
BORDER = "|"


def random_sequences(seed=0, n=20, longest=6, alphabet="abc"):
    rng = np.random.default_rng(seed)
    return [[alphabet[i] for i in rng.integers(len(alphabet), size=rng.integers(1, longest))] for _ in range(n)]


def witten_bell(sequences, phones):
    """P(w | h), by dictionaries; the border is the beginning as h, the end as w."""
    pairs = Counter(pair for sequence in sequences for pair in pairwise([BORDER, *sequence, BORDER]))
    events = Counter(w for (_, w), count in pairs.items() for _ in range(count))
    everything = [*phones, BORDER]

    def unigram(w):
        return (events[w] + len(events) / len(everything)) / (events.total() + len(events))

    def bigram(h, w):
        followers = {u: count for (g, u), count in pairs.items() if g == h}
        if not followers:
            return unigram(w)
        return (pairs[h, w] + len(followers) * unigram(w)) / (sum(followers.values()) + len(followers))

    return np.array([[bigram(h, w) for w in everything] for h in everything])


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_are_those_of_witten_and_bell_by_hand(seed):
    sequences = random_sequences(seed)
    bigram = PhoneBigram.of(sequences, NAMES)
    wanted = witten_bell(sequences, NAMES)
    np.testing.assert_allclose(bigram.probabilities, wanted, rtol=1e-14)
    np.testing.assert_allclose(bigram.probabilities.sum(axis=1), 1.0)
    logs = bigram.log_probabilities()
    np.testing.assert_allclose(np.exp(logs.initial), wanted[-1, :-1])
    np.testing.assert_allclose(np.exp(logs.bigram), wanted[:-1, :-1])
    np.testing.assert_allclose(np.exp(logs.final), wanted[:-1, -1])


def test_counts_hold_beginnings_and_ends():
    bigram = PhoneBigram.of([["a", "b"], ["b", "b"]])
    assert bigram.names == ("a", "b")
    assert bigram.counts.tolist() == [[0, 1, 0], [0, 1, 2], [1, 1, 0]]


def test_a_phone_never_seen_is_possible_and_the_rarest():
    bigram = PhoneBigram.of(random_sequences(), NAMES)
    assert np.isfinite(bigram.log_probabilities().bigram).all()
    assert (bigram.probabilities[:, 3] < bigram.probabilities[:, :3].max(axis=1)).all()


def test_perplexity_is_that_of_the_probabilities_and_is_smaller_where_phones_were_seen():
    seen, other = random_sequences(0), random_sequences(1, alphabet="dcba")
    bigram = PhoneBigram.of(seen, NAMES)
    wanted = witten_bell(seen, NAMES)
    numbers = {name: index for index, name in enumerate([*NAMES, BORDER])}
    bits = [-np.log2(wanted[numbers[h], numbers[w]]) for s in other for h, w in pairwise([BORDER, *s, BORDER])]
    assert bigram.entropy(other) == pytest.approx(np.mean(bits))
    assert bigram.perplexity(other) == pytest.approx(2 ** np.mean(bits))
    assert bigram.perplexity(seen) < bigram.perplexity(other)


def test_a_bigram_that_says_nothing_has_the_number_of_events_as_perplexity():
    counts = np.ones((4, 4), dtype=int)
    assert PhoneBigram(("a", "b", "c"), counts).perplexity([["a", "b"], ["c"]]) == pytest.approx(4.0)


@pytest.mark.parametrize("kind", [PhoneBigram, FrameBigram])
def test_indices_are_as_good_as_names(kind):
    sequences = random_sequences()
    indices = [np.array([NAMES.index(name) for name in sequence]) for sequence in sequences]
    assert kind.of(indices, NAMES) == kind.of(sequences, NAMES)
    assert hash(kind.of(indices, NAMES)) == hash(kind.of(sequences, NAMES))
    assert kind.of(sequences[1:], NAMES) != kind.of(sequences, NAMES)


@pytest.mark.parametrize("kind", [PhoneBigram, FrameBigram])
def test_a_bigram_is_a_value(kind):
    bigram = kind.of(random_sequences(), NAMES)
    assert pickle.loads(pickle.dumps(bigram)) == bigram
    assert bigram != bigram.counts.tolist()
    with pytest.raises(ValueError, match="read-only"):
        bigram.counts[0, 0] = 1


def test_the_two_kinds_differ():
    counts = np.ones((3, 3), dtype=int)
    assert PhoneBigram(("a", "b"), counts) != FrameBigram(("a", "b", "c"), counts)


def test_frames_are_counted_and_divided_by_the_sums_of_columns():
    sequences = random_sequences(longest=30)
    bigram = FrameBigram.of(sequences, NAMES)
    pairs = Counter(pair for sequence in sequences for pair in pairwise(sequence))
    for i, h in enumerate(NAMES):
        for j, w in enumerate(NAMES):
            column = sum(pairs[g, w] for g in NAMES)
            assert bigram.probabilities[i, j] == (pairs[h, w] / column if column else 0.0)
    logs = bigram.log_probabilities()
    assert not logs.initial.any() and not logs.final.any()
    np.testing.assert_array_equal(np.exp(logs.bigram) > 0, bigram.probabilities > 0)
    assert logs.bigram[0, 3] == -np.inf


def test_a_decoder_takes_both_kinds():
    scores = np.log(np.random.default_rng(0).dirichlet(np.ones(4), 12))
    phones = PhoneBigram.of(random_sequences(), NAMES)
    even = np.log(np.full(4, 0.5))
    assert _core.f64.PhoneDecoder(*phones.log_probabilities(), even, even).decode(scores)[1][-1] == 12
    frames = FrameBigram.of(random_sequences(longest=30), NAMES)
    chain = _core.f64.PhoneDecoder(*frames.log_probabilities(), np.full(4, -np.inf), np.zeros(4))
    assert chain.decode(scores)[1].tolist() == list(range(13))


@pytest.mark.parametrize(
    ("sequences", "names", "message"),
    [
        ([["a"], ["x", "a"]], NAMES, "sequences: received 'x' in number 1; expected one of 4 names, 'a' to 'd'"),
        ([[0, 4]], NAMES, "sequences: received .*4.* in number 0"),
        ([[0, -1]], NAMES, "sequences: received .*-1.* in number 0"),
        ([], NAMES, "sequences: received no pair of neighbours"),
        ([["a"]], ("a", "a"), "names: received .*each once"),
        ([], (), "names: received"),
    ],
)
def test_sequences_that_cannot_be_counted_are_errors(sequences, names, message):
    with pytest.raises(ValueError, match=message):
        PhoneBigram.of(sequences, names)


def test_counts_of_another_shape_are_errors():
    with pytest.raises(ValueError, match=r"counts: received shape \(2, 2\); expected \(3, 3\)"):
        PhoneBigram(("a", "b"), np.ones((2, 2)))
    with pytest.raises(ValueError, match="none below 0"):
        FrameBigram(("a", "b"), np.array([[1, -1], [0, 0]]))


def test_no_sequence_has_no_perplexity():
    bigram = PhoneBigram.of([["a"]])
    with pytest.raises(ValueError, match="sequences: received none"):
        bigram.perplexity([])
