"""The core's decoder of phones against the oracle, which tries every path."""

import numpy as np
import pytest
from oracles.decode import decode

from ppdl import _core

CORES = pytest.mark.parametrize("core", [_core.f32, _core.f64], ids=["f32", "f64"])
PHONES = pytest.mark.parametrize("n_phones", [1, 2, 3, 4, 5])
STATES = pytest.mark.parametrize("n_states", [1, 2, 3])


def shapes(n_phones, n_states):
    return {"initial": n_phones, "bigram": (n_phones, n_phones), "final": n_phones,
            "stay": n_phones * n_states, "advance": n_phones * n_states}  # fmt: skip


def normals(rng, shape, impossible=0.0):
    numbers = rng.normal(size=shape)
    return np.where(rng.random(shape) < impossible, -np.inf, numbers)


def example(n_phones=4, n_states=2, n_frames=7, seed=0, impossible=0.0):
    """Log scores that float32 holds too, and the log probabilities of the steps."""
    rng = np.random.default_rng(seed)
    model = {name: normals(rng, shape, impossible) for name, shape in shapes(n_phones, n_states).items()}
    scores = normals(rng, (n_frames, n_phones * n_states), impossible).astype(np.float32)
    return scores.astype(np.float64), model


def received(scores, model, core=_core.f64, **options):
    dtype = np.float32 if core is _core.f32 else np.float64
    return core.PhoneDecoder(*model.values(), **options).decode(scores.astype(dtype))


def assert_decodes(scores, model, core, wanted):
    if wanted is None:
        with pytest.raises(_core.NumericalError, match="no path through"):
            received(scores, model, core)
        return
    phones, begins, score = received(scores, model, core)
    np.testing.assert_array_equal(phones, wanted[0])
    np.testing.assert_array_equal(begins, wanted[1])
    assert score == pytest.approx(wanted[2], rel=1e-12, abs=1e-12)


@STATES
@PHONES
def test_the_best_of_all_paths_is_found(n_phones, n_states):
    found = 0
    for n_frames in range(1, 9):
        for impossible in (0.0, 0.2):
            scores, model = example(n_phones, n_states, n_frames, seed=n_frames, impossible=impossible)
            wanted = decode(scores, *model.values())
            found += wanted is not None
            for core in (_core.f32, _core.f64):
                assert_decodes(scores, model, core, wanted)
    assert found >= 8 - (n_states - 1)  # wherever nothing is impossible and there are frames enough


@STATES
@PHONES
def test_of_equal_paths_it_is_the_lowest_from_the_end(n_phones, n_states):
    for n_frames in range(n_states, 8):
        rng = np.random.default_rng(n_frames)
        model = {name: rng.integers(-1, 1, shape).astype(float) for name, shape in shapes(n_phones, n_states).items()}
        scores = rng.integers(-1, 1, (n_frames, n_phones * n_states)).astype(float)
        wanted = decode(scores, *model.values())
        for core in (_core.f32, _core.f64):
            assert_decodes(scores, model, core, wanted)


def test_without_any_preference_the_lowest_phone_is_stayed_in():
    model = {name: np.zeros(shape) for name, shape in shapes(3, 2).items()}
    phones, begins, score = received(np.zeros((6, 6)), model)
    assert (phones.tolist(), begins.tolist(), score) == ([0], [0, 6], 0.0)


def test_a_phone_that_follows_itself_is_told_from_one_that_stays():
    model = {name: np.zeros(shape) for name, shape in shapes(2, 2).items()}
    model["bigram"] = np.array([[2.0, -1.0], [-1.0, -1.0]])
    phones, begins, score = received(np.zeros((5, 4)), model)
    assert (phones.tolist(), score) == ([0, 0], 2.0)
    assert begins.tolist() == [0, 2, 5]  # of the equal ones, that which stays last
    model["stay"] = np.full(4, -3.0)
    assert received(np.zeros((6, 4)), model)[0].tolist() == [0, 0, 0]


def test_a_chain_of_frames_is_one_of_phones_that_never_stay():
    scores, model = example(n_phones=4, n_states=1, n_frames=8)
    model |= {"stay": np.full(4, -np.inf), "advance": np.zeros(4)}
    best = model["initial"] + scores[0]
    before = []
    for row in scores[1:]:
        steps = best[:, np.newaxis] + model["bigram"]
        before.append(steps.argmax(axis=0))
        best = steps.max(axis=0) + row
    labels = [int(np.argmax(best + model["final"]))]
    for came_from in reversed(before):
        labels.append(int(came_from[labels[-1]]))
    phones, begins, score = received(scores, model)
    assert phones.tolist() == labels[::-1]
    assert begins.tolist() == list(range(9))
    assert score == pytest.approx((best + model["final"]).max())


@CORES
def test_many_frames_of_many_phones(core):
    n_phones, n_states, n_frames = 37, 3, 150
    n, last = n_phones * n_states, slice(n_states - 1, None, n_states)
    scores, model = example(n_phones, n_states, n_frames)
    steps = np.full((n, n), -np.inf)  # from each state to each
    steps[last, ::n_states] = model["advance"][last, np.newaxis] + model["bigram"]
    inner = np.flatnonzero(np.arange(n) % n_states < n_states - 1)
    steps[inner, inner + 1] = model["advance"][inner]
    np.fill_diagonal(steps, model["stay"])
    best = np.full(n, -np.inf)
    best[::n_states] = model["initial"] + scores[0, ::n_states]
    for row in scores[1:]:
        best = (best[:, np.newaxis] + steps).max(axis=0) + row
    phones, begins, score = received(scores, model, core)
    assert score == pytest.approx((best[last] + model["advance"][last] + model["final"]).max())
    assert begins[0] == 0 and begins[-1] == n_frames and len(begins) == len(phones) + 1
    assert np.diff(begins).min() >= n_states


@CORES
def test_a_beam_wide_enough_changes_nothing_and_a_narrow_one_only_the_score(core):
    scores, model = example(n_phones=12, n_states=3, n_frames=60)
    phones, begins, score = received(scores, model, core)
    wide = received(scores, model, core, beam=30.0)
    np.testing.assert_array_equal(wide[0], phones)
    np.testing.assert_array_equal(wide[1], begins)
    assert wide[2] == score
    narrow = received(scores, model, core, beam=4.0)
    assert narrow[2] < score
    assert narrow[1][-1] == 60


def test_a_beam_drops_what_is_further_below_the_best_than_it():
    model = {name: np.zeros(shape) for name, shape in shapes(2, 1).items()}
    model["bigram"] = np.where(np.eye(2), 0.0, -np.inf)  # phones 0 and 1 apart
    scores = np.array([[0.0, -2.0], [0.0, 9.0]])
    assert received(scores, model, beam=2.0)[0].tolist() == [1]
    assert received(scores, model, beam=1.9)[0].tolist() == [0]


def test_a_beam_that_leaves_nothing_says_that_it_should_be_wider():
    model = {name: np.zeros(shape) for name, shape in shapes(2, 1).items()}
    model["bigram"] = np.where(np.eye(2), 0.0, -np.inf)
    scores = np.array([[0.0, -2.0], [-np.inf, 0.0]])
    with pytest.raises(_core.NumericalError, match=r"no path through 2 frames .*within the beam, 1.5; widen it"):
        received(scores, model, beam=1.5)
    assert received(scores, model, beam=2.5)[0].tolist() == [1]


@CORES
def test_scores_without_a_finite_path_are_errors_with_the_numbers(core):
    scores, model = example(n_phones=4, n_states=3, n_frames=5)
    with pytest.raises(_core.NumericalError, match="2 frames and 4 phones of 3 states.*expected at least 3 frames"):
        received(scores[:2], model, core)
    scores[3] = -np.inf
    with pytest.raises(_core.NumericalError, match="5 frames and 4 phones.*frame 3 has none"):
        received(scores, model, core, beam=5.0)
    model["final"][:] = -np.inf
    with pytest.raises(_core.NumericalError, match="3 frames and 4 phones of 3 states has a finite score$"):
        received(scores[:3], model, core)


@CORES
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_no_log_probabilities_are_errors_with_the_frame(core, value):
    scores, model = example(n_frames=6)
    scores[4, 3] = value
    with pytest.raises(ValueError, match="scores: frame 4 has NaN or"):
        received(scores, model, core)


def test_scores_of_another_shape_are_errors():
    scores, model = example(n_phones=4, n_states=2)
    with pytest.raises(ValueError, match="columns of the scores: received 7; expected 8"):
        received(np.ascontiguousarray(scores[:, 1:]), model)
    with pytest.raises(ValueError, match="scores: received 0 frames"):
        received(scores[:0], model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"initial": np.zeros(0)}, "initial: received no phone"),
        ({"bigram": np.zeros((3, 4))}, "rows of the bigram: received 3; expected 4"),
        ({"bigram": np.zeros((4, 3))}, "columns of the bigram: received 3; expected 4"),
        ({"final": np.zeros(3)}, "final: received 3; expected 4"),
        ({"stay": np.zeros(0)}, "stay: received 0 states; expected a multiple of 4"),
        ({"stay": np.zeros(9)}, "stay: received 9 states; expected a multiple of 4"),
        ({"advance": np.zeros(4)}, "advance: received 4; expected 8"),
        (
            {"initial": np.array([0, 0, np.nan, 0])},
            "initial: received nan in .*column 2; expected finite numbers or -inf",
        ),
        ({"bigram": np.diag([0, np.inf, 0, 0])}, "bigram: received inf in row 1, column 1;"),
        ({"final": np.full(4, np.inf)}, "final: received inf"),
        ({"stay": np.full(8, np.nan)}, "stay: received nan"),
        ({"advance": np.full(8, np.nan)}, "advance: received nan"),
    ],
)
def test_models_that_do_not_fit_are_errors_that_name_what(change, message):
    scores, model = example()
    with pytest.raises(ValueError, match=message):
        received(scores, {**model, **change})


@pytest.mark.parametrize("beam", [-1.0, np.nan])
def test_a_beam_below_zero_is_an_error(beam):
    scores, model = example()
    with pytest.raises(ValueError, match="beam: received"):
        received(scores, model, beam=beam)


def test_the_decoder_knows_its_sizes_and_keeps_its_model():
    scores, model = example(n_phones=3, n_states=2)
    decoder = _core.f64.PhoneDecoder(*model.values())
    assert (decoder.n_phones, decoder.n_states) == (3, 2)
    phones, begins, score = decoder.decode(scores)
    for numbers in model.values():
        numbers[...] = 0.0
    again = decoder.decode(scores)
    np.testing.assert_array_equal(again[0], phones)
    np.testing.assert_array_equal(again[1], begins)
    assert again[2] == score


def test_arrays_of_another_precision_or_order_are_type_errors():
    scores, model = example()
    decoder = _core.f64.PhoneDecoder(*model.values())
    for wrong in (scores.astype(np.float32), np.asfortranarray(scores)):
        with pytest.raises(TypeError):
            decoder.decode(wrong)
