"""Phone errors: alignments against Kaldi's own and against all that there are."""

import pickle
import sys
from functools import cache

import numpy as np
import pytest

from ppdl.estimators.speech import ConfusionsDisplay, PhoneErrors, align

pyplot = pytest.importorskip("matplotlib.pyplot")
pyplot.switch_backend("agg")

SAID = ["sil", "b", "ah", "sil"]
HEARD = ["sil", "ih", "sil", "k"]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def random_pairs(n, longest, alphabet, seed=0):
    rng = np.random.default_rng(seed)
    return [
        tuple([alphabet[i] for i in rng.integers(len(alphabet), size=rng.integers(longest + 1))] for _ in range(2))
        for _ in range(n)
    ]


@cache
def alignments(reference, recognised):
    """All ways to pair two tuples of names, the last pair first, insertions before deletions before pairs of names."""
    if not reference and not recognised:
        return [()]
    found = []
    if recognised:
        found += [((None, recognised[-1]), *rest) for rest in alignments(reference, recognised[:-1])]
    if reference:
        found += [((reference[-1], None), *rest) for rest in alignments(reference[:-1], recognised)]
    if reference and recognised:
        found += [((reference[-1], recognised[-1]), *rest) for rest in alignments(reference[:-1], recognised[:-1])]
    return found


def test_counts_and_alignments_of_1000_pairs_are_those_of_kaldi():
    kaldialign = pytest.importorskip("kaldialign")
    for said, heard in random_pairs(700, 12, "abcd") + random_pairs(300, 40, "abcdefghijklmnopqrstuvwxyz", seed=1):
        pairs, errors = align(said, heard), PhoneErrors.of([said], [heard])
        wanted = kaldialign.edit_distance(said, heard)
        assert (errors.insertions, errors.deletions, errors.substitutions, errors.n_errors) == tuple(
            wanted[name] for name in ("ins", "del", "sub", "total")
        )
        assert pairs == [
            (a if a != "*" else None, b if b != "*" else None) for a, b in kaldialign.align(said, heard, "*")
        ]


def test_an_alignment_is_the_first_of_the_best_ones():
    for said, heard in random_pairs(60, 5, "ab"):
        every = alignments(tuple(said), tuple(heard))
        best = min(every, key=lambda pairs: sum(a != b for a, b in pairs))  # min takes the first of equals
        assert align(said, heard) == list(best[::-1])


@pytest.mark.parametrize(
    ("said", "heard", "wanted"),
    [
        ([], [], []),
        (["a"], [], [("a", None)]),
        ([], ["a"], [(None, "a")]),
        ("ab", "ab", [("a", "a"), ("b", "b")]),
        ("ab", "ba", [("a", None), ("b", "b"), (None, "a")]),
        ("a", "aa", [("a", "a"), (None, "a")]),
    ],
)
def test_small_alignments(said, heard, wanted):
    assert align(said, heard) == wanted


def test_errors_are_counted_by_kind_and_add_up():
    errors = PhoneErrors.of([SAID], [HEARD])
    assert errors.pairs == {("sil", "sil"): 2, ("b", "ih"): 1, ("ah", None): 1, (None, "k"): 1}
    assert (errors.n_reference, errors.n_correct) == (4, 2)
    assert (errors.insertions, errors.deletions, errors.substitutions, errors.n_errors) == (1, 1, 1, 3)
    assert errors.rate == 0.75
    assert PhoneErrors.of([SAID, HEARD], [HEARD, HEARD]) == errors + PhoneErrors.of([HEARD], [HEARD])
    assert sum([errors, errors], PhoneErrors({})).n_errors == 6
    assert pickle.loads(pickle.dumps(errors)) == errors


def test_the_line_that_is_printed():
    pairs = {("a", "a"): 7215 - 611 - 791, ("a", "b"): 791, ("a", None): 611, (None, "a"): 231}
    assert str(PhoneErrors(pairs)) == "%PER 22.6 [ 1633 / 7215, 231 ins, 611 del, 791 sub ]"
    assert str(PhoneErrors(pairs, "frame edits")).startswith("%frame edits 22.6 [ 1633 / 7215,")


def test_no_reference_has_no_rate():
    assert np.isnan(PhoneErrors.of([], []).rate)
    assert str(PhoneErrors.of([[]], [["a"]])) == "%PER nan [ 1 / 0, 1 ins, 0 del, 0 sub ]"


def test_a_rate_may_exceed_one():
    assert PhoneErrors.of([["a"]], [["b", "c", "d"]]).rate == 3.0


def test_what_does_not_belong_together_does_not_add_up():
    with pytest.raises(ValueError, match="measure: received 'frames'; expected 'PER'"):
        PhoneErrors.of([SAID], [HEARD]) + PhoneErrors.of([SAID], [HEARD], "frames")
    with pytest.raises(TypeError):
        PhoneErrors({}) + 1
    with pytest.raises(ValueError, match="recognised: received 1 sequences; expected 2"):
        PhoneErrors.of([SAID, SAID], [HEARD])


def test_confusions_are_drawn_as_shares_of_what_was_said():
    errors = PhoneErrors.of([SAID] * 3, [HEARD, HEARD, SAID])
    display = errors.plot_confusions()
    assert display.names == ("b", "k", "ih", "ah", "sil")
    (picture,) = display.ax_.images
    shares = np.asarray(picture.get_array())
    np.testing.assert_allclose(shares[0], [1 / 3, 0, 2 / 3, 0, 0, 0])
    np.testing.assert_allclose(shares[3], [0, 0, 0, 1 / 3, 0, 2 / 3])
    np.testing.assert_allclose(shares[-1], [0, 1, 0, 0, 0, 0])
    assert [label.get_text() for label in display.ax_.get_yticklabels()][-3:] == ["ah (3)", "sil (6)", "inserted (2)"]
    assert sorted(text.get_text() for text in display.ax_.texts) == ["100", "100", "33", "33", "67", "67"]


def test_confusions_of_some_names_on_given_axes():
    _, ax = pyplot.subplots()
    display = PhoneErrors.of([SAID], [HEARD]).plot_confusions(["sil", "x2", "ah"], ax=ax, cmap="Reds")
    assert isinstance(display, ConfusionsDisplay)
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert display.counts.tolist() == [[2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert ax.images[0].get_cmap().name == "Reds"


def test_names_that_are_not_among_timits_are_drawn_last():
    assert PhoneErrors.of([["zz", "aa2", "iy", "b"]], [[]]).plot_confusions().names == ("b", "iy", "aa2", "zz")


def test_a_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"ConfusionsDisplay.plot needs matplotlib: pip install '.*\[plot\]'"):
        PhoneErrors.of([SAID], [HEARD]).plot_confusions()
