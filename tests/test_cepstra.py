"""Features of speech: against HTK's definition, against an independent program, and as a transformer."""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from model_files import check_that_oddities_are_refused_by_name, parts, write_parts
from oracles import speech
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import ppdl
from ppdl.datasets import Utterance, load_timit
from ppdl.preprocessing import Cepstra


def tone(seed=0, n=8000, rate=16000):
    """A waveform of a few partials that come and go, with a little noise, its samples 16-bit integers."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / rate
    partials = sum(np.sin(2 * np.pi * rng.uniform(80, 0.4 * rate) * t + rng.uniform(0, 6)) for _ in range(5))
    x = partials * np.sin(2 * np.pi * 3 * t) ** 2 / 10 + rng.normal(0, 0.003, n)
    return Utterance(f"tone{seed}", (np.round(x * 32768) / 32768).astype(np.float32), rate)


TONES = [tone(0), tone(1, 5321), tone(2, 400)]


@pytest.fixture(scope="module")
def spoken():
    """Eight utterances of the real sample."""
    folder = Path(os.environ.get("PPDL_DATA", ""), "timit-sample")
    if not (folder / "timit-nltk-sample.tar.gz").is_file():
        pytest.skip("PPDL_DATA has no timit-sample")
    return load_timit(folder).utterances[::17]


# Against HTK


@pytest.mark.parametrize(
    ("rate", "params"),
    [
        (16000, {}),
        (8000, dict(n_cepstra=8, n_filters=20, preemphasis=0.0)),
        (11025, dict(window=0.032, hop=0.008, n_cepstra=19, n_filters=20)),
        (22050.5, dict(window=0.0251, hop=0.0101, n_filters=40)),
    ],
)
def test_cepstra_and_energy_are_those_of_htk(rate, params):
    utterance = tone(3, 3000, rate)
    found = Cepstra(deltas=0, standardize=False, **params).fit_transform([utterance])[0]
    settings = {"window": 0.025, "hop": 0.01, "n_cepstra": 12, "n_filters": 26, "preemphasis": 0.97, **params}
    settings.update({name: round(settings[name] * rate) for name in ("window", "hop")})
    expected = speech.cepstra(utterance.signal, rate, **settings)
    assert found.shape == expected.shape
    assert len(found) == 1 + (3000 - settings["window"]) // settings["hop"]
    np.testing.assert_allclose(found, expected, atol=2e-3)  # cepstra are some tens; the library's float32


def test_as_many_filters_are_taken_as_hold_a_frequency_each():
    n_most = next(n for n in range(3, 100) if not speech.filters(n + 1, 256, 8000).any(axis=0).all())
    utterance = tone(4, 2000, 8000)
    assert np.isfinite(Cepstra(n_filters=n_most).fit_transform([utterance])[0]).all()
    with pytest.raises(ValueError, match=f"n_filters: received {n_most + 1}; expected fewer"):
        Cepstra(n_filters=n_most + 1).fit([utterance])


def test_energy_is_bounded_below_the_largest_of_the_utterance():
    signal = np.concatenate([tone().signal, np.zeros(4000, np.float32)])
    energy = Cepstra(deltas=0, standardize=False).fit_transform([Utterance("u", signal, 16000)])[0][:, -1]
    assert energy.max() == 1 and energy.min() == energy[-1] == pytest.approx(1 - 0.5 * np.log(10))


def test_silence_of_zeros_has_finite_features():
    zeros = Utterance("u", np.zeros(2000, np.float32), 16000)
    assert np.isfinite(Cepstra().fit_transform([zeros, *TONES])[0]).all()
    assert (Cepstra().fit_transform([zeros])[0] == 0).all()


@pytest.mark.parametrize("width", [1, 2, 5])
def test_derivatives_are_regressions_with_edges_repeated(width):
    static, first, second = np.split(
        Cepstra(delta_width=width, standardize=False).fit_transform([tone(n=2500)])[0], 3, axis=1
    )
    np.testing.assert_allclose(first, speech.derivative(static, width), atol=1e-5)
    np.testing.assert_allclose(second, speech.derivative(speech.derivative(static, width), width), atol=1e-5)


def htk_filters(path):
    """Write HTK's filters as pyhtk reads them: for each frequency, the weight and number of the filter that falls."""
    weights = speech.filters(26, 512, 16000)
    lines = []
    for point, row in enumerate(weights):
        centres = np.arange(28) * speech.mel(8000) / 27
        channel = np.searchsorted(centres, speech.mel(point * 16000 / 512), side="left") - 1
        falling = row[channel - 1] if channel >= 1 else 1 - row[0]
        lines.append(f"{falling},{max(channel, 0)}")
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(("exact", "level"), [(True, 0.999999), (False, 0.97)])
def test_each_coefficient_correlates_with_an_independent_front_end(exact, level, spoken, tmp_path):
    # The other program rounds its filters to frequencies of the spectrum, unless it is given HTK's own. Its energy is
    # taken after preemphasis and window, so that it is another thing; the oracle above has HTK's.
    pyhtk = pytest.importorskip("pyhtk.HTKFeat")
    options = dict(filter_file=htk_filters(tmp_path / "filters.csv")) if exact else dict(lo_freq=0, hi_freq=8000)
    other = pyhtk.MFCC_HTK(**options, feat_energy=False)
    theirs = [other.get_feats(utterance.signal.astype(np.float64) * 32768) for utterance in spoken]
    theirs = [np.hstack([c, other.get_delta(c), other.get_delta(other.get_delta(c))]) for c in theirs]
    ours = Cepstra(energy=False, standardize=False).fit_transform(spoken)
    a, b = np.concatenate(ours), np.concatenate(theirs)
    assert a.shape == b.shape == (len(a), 36)
    correlations = [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(36)]
    print(len(a), "frames:", *(f"{correlation:.6f}" for correlation in correlations))
    assert min(correlations) > level


# As a transformer


def test_features_are_standardised_over_all_frames_that_were_seen():
    features = Cepstra().fit_transform(TONES)
    assert [len(frames) for frames in features] == [48, 31, 1]
    assert all(f.dtype == np.float32 and f.flags.c_contiguous and f.shape[1] == 39 for f in features)
    joined = np.concatenate(features).astype(np.float64)
    np.testing.assert_allclose(joined.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(joined.std(axis=0), 1, atol=1e-6)
    raw = np.concatenate(Cepstra(standardize=False).fit_transform(TONES)).astype(np.float64)
    fitted = Cepstra().fit(TONES)
    np.testing.assert_allclose(fitted.mean_, raw.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(fitted.scale_, raw.std(axis=0), rtol=1e-12)


def test_two_calls_give_the_same_bits_as_fit_transform():
    cepstra = Cepstra()
    first = cepstra.fit_transform(TONES)
    for again in (cepstra.transform(TONES), cepstra.transform(TONES), Cepstra().fit(TONES).transform(TONES)):
        for a, b in zip(first, again):
            np.testing.assert_array_equal(a, b)


def test_frames_of_features_are_standardised_and_nothing_else():
    rng = np.random.default_rng(0)
    frames = [rng.normal(1000, 3, (n, 5)).astype(np.float32) for n in (7, 20)]
    frames[0][:, 4] = frames[1][:, 4] = 0.1  # without deviation
    utterances = [Utterance(f"u{i}", f, 100) for i, f in enumerate(frames)]
    joined = np.concatenate(frames).astype(np.float64)
    expected = joined - joined.mean(axis=0)
    expected[:, :4] /= joined[:, :4].std(axis=0)
    np.testing.assert_allclose(np.concatenate(Cepstra().fit_transform(utterances)), expected, atol=1e-6)
    lying = [Utterance("u", np.asfortranarray(frames[0]), 100)]
    for standardize in (False, True):
        (found,) = Cepstra(standardize=standardize).fit_transform(lying)
        assert found.flags.c_contiguous


@pytest.mark.parametrize(("energy", "deltas", "n_features"), [(True, 2, 39), (False, 1, 24), (True, 0, 13)])
def test_parameters_set_the_number_of_features(energy, deltas, n_features):
    assert Cepstra(energy=energy, deltas=deltas).fit_transform(TONES)[0].shape == (48, n_features)


def test_frame_centres_are_in_the_middle_of_frames():
    assert Cepstra().frame_centres(3, 8000).tolist() == [100, 180, 260]
    assert Cepstra().frame_centres(0, 8000).tolist() == []
    last = Cepstra().frame_centres(48, 16000)[-1]
    assert last == 47 * 160 + 200 and last + 200 <= 8000


def test_cepstra_clone_pickle_and_save(tmp_path):
    cepstra = Cepstra(n_cepstra=10, hop=0.012).fit(TONES)
    assert clone(cepstra).get_params() == cepstra.get_params() and not hasattr(clone(cepstra), "mean_")
    cepstra.save(tmp_path / "cepstra.safetensors")
    for again in (pickle.loads(pickle.dumps(cepstra)), ppdl.load(tmp_path / "cepstra.safetensors")):
        assert again.get_params() == cepstra.get_params() and again.rate_ == 16000.0
        for a, b in zip(again.transform(TONES), cepstra.transform(TONES)):
            np.testing.assert_array_equal(a, b)


def test_damaged_file_of_cepstra_is_refused_by_name(tmp_path):
    path = tmp_path / "cepstra.safetensors"
    Cepstra().fit(TONES).save(path)
    tensors, specification = parts(path)
    write_parts({**tensors, "scale": np.zeros(39)}, specification, tmp_path / "m")
    with pytest.raises(ValueError, match=r"m: scale: received 0\.0; expected numbers above 0"):
        ppdl.load(tmp_path / "m")
    for seed in range(3):
        check_that_oddities_are_refused_by_name(path, tmp_path / "m", seed)


def test_cepstra_are_not_saved_or_used_before_they_are_fitted(tmp_path):
    with pytest.raises(NotFittedError):
        Cepstra().save(tmp_path / "cepstra.safetensors")
    with pytest.raises(NotFittedError):
        Cepstra().transform(TONES)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(window=0), "window: received 0; expected a number above 0"),
        (
            dict(window=1e-5),
            r"window, hop: received 1e-05 and 0\.01 seconds; expected at least 2 samples and 1, at 16000",
        ),
        (dict(hop=1e-6), "window, hop: received 0.025 and 1e-06 seconds"),
        (dict(n_filters=2), "n_filters: received 2; expected an integer, at least 3"),
        (
            dict(n_filters=300),
            r"n_filters: received 300; expected fewer, for \d+ of them hold none of the 256 frequenc",
        ),
        (dict(n_cepstra=26), "n_cepstra: received 26; expected an integer, at least 1 and at most 25"),
        (dict(energy=1), "energy: received 1; expected True or False"),
        (dict(deltas=-1), "deltas: received -1; expected an integer, at least 0"),
        (dict(delta_width=0), "delta_width: received 0; expected an integer, at least 1"),
        (dict(preemphasis=1.5), "preemphasis: received 1.5; expected a number at least 0 and at most 1"),
        (dict(standardize="yes"), "standardize: received 'yes'; expected True or False"),
    ],
)
def test_parameters_are_checked(params, message):
    with pytest.raises(ValueError, match=message):
        Cepstra(**params).fit(TONES)


@pytest.mark.parametrize(
    ("utterances", "message"),
    [
        ([], "utterances: received none; expected at least one"),
        (TONES[0], "utterances: received <Utterance tone0.*>; expected a sequence of Utterance"),
        ([TONES[0].signal], "utterances: received a ndarray among them; expected each an Utterance"),
        ([TONES[0], tone(7, rate=8000)], "tone7: rate: received 8000; expected 16000, as before"),
        ([TONES[0], tone(8, 399)], "tone8: signal: received 399 samples; expected at least a frame, 400"),
        (
            [Utterance(f"u{n}", np.zeros((4, n), np.float32), 100) for n in (3, 5)],
            "u5: signal: received 5 features; expected 3, as before",
        ),
    ],
)
def test_what_is_wrong_with_utterances_is_told_by_name(utterances, message):
    for method in (Cepstra().fit, Cepstra().fit_transform):
        with pytest.raises(ValueError, match=message):
            method(utterances)


def test_utterances_of_another_kind_than_those_fitted_are_refused_by_name():
    cepstra = Cepstra().fit(TONES)
    assert cepstra.transform([]) == []
    with pytest.raises(ValueError, match="tone7: rate: received 8000; expected 16000, as before"):
        cepstra.transform([tone(7, rate=8000)])
    with pytest.raises(ValueError, match="u: signal: received 5 features; expected 39, as before"):
        cepstra.transform([Utterance("u", np.zeros((4, 5), np.float32), 16000)])


def test_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "kaldi_native_fbank", None)
    with pytest.raises(ImportError, match=r"Cepstra needs kaldi-native-fbank: pip install '.*\[speech\]'"):
        Cepstra().fit(TONES)
