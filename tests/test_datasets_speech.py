"""Loaders of speech: both trees of TIMIT, every container, TextGrids, and what a damaged file gets."""

import io
import os
import re
import sys
import tarfile
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ppdl.datasets import TIMIT_PHONES, load_textgrid_corpus, load_timit
from ppdl.datasets.praat import read_tiers
from ppdl.datasets.timit import SPEAKERS

N = 4000
PHONES = "0 1000 h#\n1000 1500 aa\n1500 3900 h#\n"


def samples(seed=0, n=N):
    """A waveform of 16-bit integers."""
    return np.random.default_rng(seed).integers(-3000, 3000, n).astype("<i2")


def riff(seed=0, *, n=N, rate=16000, channels=1):
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels), file.setsampwidth(2), file.setframerate(rate)
        file.writeframes(samples(seed, n * channels).tobytes())
    return stream.getvalue()


def sphere(seed=0, *, n=N, coding=None, order="01"):
    """NIST SPHERE with the fields of TIMIT's headers."""
    fields = ["database_id -s5 TIMIT", "channel_count -i 1", f"sample_count -i {n}", "sample_rate -i 16000",
              "sample_n_bytes -i 2", f"sample_byte_format -s2 {order}", "sample_sig_bits -i 16"]  # fmt: skip
    if coding:
        fields.append(f"sample_coding -s{len(coding)} {coding}")
    header = "\n".join(["NIST_1A", "   1024", *fields, "end_head", ""])
    return header.encode().ljust(1024, b" ") + samples(seed, n).astype("<i2" if order == "01" else ">i2").tobytes()


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


CONTAINERS = {"riff": riff, "sphere": sphere}


def ldc(folder, *, speakers=("TRAIN/DR1/FCJF0", "TEST/DR2/MABC0"), container=sphere, upper=True, suffix=".WAV"):
    """LDC's tree with two sentences of each speaker; the samples of a sentence are drawn with its place for seed."""
    files, seed = {}, 0
    for speaker in speakers:
        for sentence in ("SA1", "SX37"):
            files[f"{speaker}/{sentence}{suffix}"] = container(seed)
            files[f"{speaker}/{sentence}.PHN"] = PHONES
            seed += 1
    write(folder, files if upper else {name.lower(): content for name, content in files.items()})
    return folder


def nltk(folder, speakers=("dr1-fvmh0", "dr2-marc0")):
    files = {
        f"timit/{speaker}/{sentence}.{kind}": content
        for speaker in speakers
        for sentence in ("sa1", "si836")
        for kind, content in (("wav", riff()), ("phn", PHONES), ("txt", "0 4000 Ah."))
    }
    write(folder, files)
    return folder


# TIMIT


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("root", ["", "timit/TIMIT/"])
def test_ldc_tree_is_read_in_any_case_and_container(container, upper, root, tmp_path):
    ldc(tmp_path / root, container=CONTAINERS[container], upper=upper)
    timit = load_timit(tmp_path)
    assert [utterance.name for utterance in timit.utterances] == ["test/dr2/mabc0/sx37", "train/dr1/fcjf0/sx37"]
    assert timit.speakers.tolist() == ["mabc0", "fcjf0"] and not timit.is_sample and timit.phone_set == TIMIT_PHONES
    for utterance, seed in zip(timit.utterances, (3, 1)):
        np.testing.assert_array_equal(utterance.signal, samples(seed) / np.float32(32768))
        assert utterance.phones == ("h#", "aa", "h#") and utterance.boundaries.tolist() == [0, 1000, 1500, 3900]
        assert utterance.rate == 16000
    assert "630 speakers" in timit.DESCR


def test_sphere_is_read_in_either_byte_order(tmp_path):
    ldc(tmp_path, container=lambda seed: sphere(seed, order="10", coding="pcm"))
    np.testing.assert_array_equal(load_timit(tmp_path).utterances[1].signal, samples(1) / np.float32(32768))


def test_recordings_that_were_unpacked_beside_the_original_are_preferred(tmp_path):
    ldc(tmp_path, container=lambda seed: sphere(seed, coding="pcm,embedded-shorten-v2.00"))
    ldc(tmp_path, container=riff, suffix=".WAV.wav")
    np.testing.assert_array_equal(load_timit(tmp_path).utterances[1].signal, samples(1) / np.float32(32768))


def test_sentences_that_all_speakers_read_are_left_out_unless_asked_for(tmp_path):
    names = [utterance.name for utterance in load_timit(ldc(tmp_path), subset="train", sa=True).utterances]
    assert names == ["train/dr1/fcjf0/sa1", "train/dr1/fcjf0/sx37"]


def test_subsets_are_disjoint_sets_of_speakers(tmp_path):
    assert len(SPEAKERS["core-test"]) == 24 and len(SPEAKERS["development"]) == 50
    assert not SPEAKERS["core-test"] & SPEAKERS["development"]
    assert sum(speaker[0] == "m" for speaker in SPEAKERS["core-test"]) == 16
    others = ["TRAIN/DR1/FCJF0", "TEST/DR1/FDRD1"]
    ldc(tmp_path, speakers=[*others, *(f"TEST/DR1/{name.upper()}" for names in SPEAKERS.values() for name in names)])
    found = {
        subset: set(load_timit(tmp_path, subset=subset).speakers) for subset in (*SPEAKERS, "train", "test", "all")
    }
    assert found["core-test"] == SPEAKERS["core-test"] and found["development"] == SPEAKERS["development"]
    assert found["train"] == {"fcjf0"}
    assert found["test"] == found["core-test"] | found["development"] | {"fdrd1"} == found["all"] - found["train"]
    assert set(load_timit(tmp_path).speakers) == found["all"]


@pytest.mark.parametrize("packed", [False, True])
def test_sample_is_read_unpacked_or_as_it_comes(packed, tmp_path):
    nltk(tmp_path)
    if packed:
        folder = tmp_path / "packed"
        folder.mkdir()
        with tarfile.open(folder / "timit-nltk-sample.tar.gz", "w:gz") as tar:
            tar.add(tmp_path / "timit", "timit")
        before = {*folder.iterdir()}
        sample = load_timit(folder)
        assert {*folder.iterdir()} == before
    else:
        sample = load_timit(tmp_path)
    assert [utterance.name for utterance in sample.utterances] == ["dr1-fvmh0/si836", "dr2-marc0/si836"]
    assert sample.is_sample and "NonCommercial" in sample.DESCR and sample.speakers.tolist() == ["fvmh0", "marc0"]
    np.testing.assert_array_equal(sample.utterances[0].signal, samples() / np.float32(32768))


def test_corpus_is_preferred_to_the_sample(tmp_path, monkeypatch):
    monkeypatch.setenv("PPDL_DATA", str(tmp_path))
    nltk(tmp_path / "timit-sample")
    assert load_timit().is_sample
    ldc(tmp_path / "timit")
    assert not load_timit().is_sample


def test_sample_has_no_subsets(tmp_path):
    nltk(tmp_path)
    assert len(load_timit(tmp_path, subset="all").utterances) == 2
    with pytest.raises(ValueError, match=r"subset: received 'train'; expected None or 'all', .* split it by speaker"):
        load_timit(tmp_path, subset="train")
    with pytest.raises(ValueError, match="subset: received 'dev'; expected one of 'train', 'development', 'core-test'"):
        load_timit(tmp_path, subset="dev")


def test_speakers_of_a_subset_that_are_missing_are_told(tmp_path):
    ldc(tmp_path, speakers=[f"TEST/DR1/{name.upper()}" for name in SPEAKERS["core-test"] - {"mdab0", "felc0"}])
    with pytest.raises(FileNotFoundError, match="timit: core-test: no recordings found of its speakers felc0, mdab0"):
        load_timit(tmp_path, subset="core-test")
    with pytest.raises(FileNotFoundError, match="timit: train: no recordings found of its speakers"):
        load_timit(tmp_path, subset="train")


def test_missing_corpus_is_told_in_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"neither LDC's tree .* nor NLTK's sample .* found in .*Give the fold"):
        load_timit(tmp_path)


DAMAGES = {
    "empty": (dict(wav=b""), ".wav: the file is empty"),
    "not audio": (dict(wav=b"hello" * 100), r".wav: .*[Ff]ormat not recognised"),
    "cut in the header": (dict(wav=riff()[:30]), ".wav: cut short"),
    "cut riff": (dict(wav=riff()[:-100]), ".wav: cut short: the header tells of 8000 bytes of samples, 7900 found"),
    "cut sphere": (dict(wav=sphere()[:-100]), ".wav: cut short: the header tells of 8000 bytes of samples, 7900 found"),
    "no samples": (dict(wav=riff(n=0)), ".wav: cut short: the header tells of 0 samples"),
    "no count": (
        dict(wav=sphere().replace(b"sample_count", b"sample_amount")),
        ".wav: sample_count: missing in the he",
    ),
    "shorten": (dict(wav=sphere(coding="pcm,embedded-shorten-v2.00")), ".wav: sample_coding: .* compressed by shorten"),
    "rate": (dict(wav=riff(rate=8000)), ".wav: rate: received 8000 samples a second; expected 16000"),
    "stereo": (dict(wav=riff(channels=2)), ".wav: channels: received 2; expected 1"),
    "no alignment": (dict(phn=None), ".wav: without its alignment"),
    "no recording": (dict(wav=None), ".phn: without its recording"),
    "empty alignment": (dict(phn=""), ".phn: the alignment holds no segments"),
    "past the end": (
        dict(phn="0 1000 h#\n1000 4001 aa\n"),
        ".phn: segment 'aa' from 1000 to 4001: past the end of the ",
    ),
    "overlap": (dict(phn="0 1000 h#\n999 2000 aa\n"), ".phn: segment 'aa' from 999 to 2000: overlaps .* ends at 1000"),
    "gap": (
        dict(phn="0 1000 h#\n1001 2000 aa\n"),
        ".phn: segment 'aa' from 1001 to 2000: leaves a gap .* ends at 1000",
    ),
    "backwards": (dict(phn="0 1000 h#\n1000 1000 aa\n"), ".phn: segment 'aa' from 1000 to 1000: expected to end after"),
    "phone": (dict(phn="0 1000 h#\n1000 2000 xx\n"), ".phn: received the phone 'xx'; expected one of b, d, g"),
    "line": (dict(phn="0 1000\n"), ".phn: line 1: received '0 1000'; expected begin, end and phone"),
    "number": (dict(phn="0 1e3 h#\n"), ".phn: line 1: received '0 1e3 h#'; expected begin, end and phone"),
    "text": (dict(phn=b"\xff\xfe0"), ".phn: .*can't decode"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_of_timit_is_told_by_its_name(damage, packed, tmp_path):
    changes, message = DAMAGES[damage]
    nltk(tmp_path)
    for kind, content in changes.items():
        path = tmp_path / f"timit/dr2-marc0/si836.{kind}"
        if content is None:
            path.unlink()
        else:
            write(path.parent, {path.name: content})
    if packed:
        with tarfile.open(tmp_path / "timit-nltk-sample.tar.gz", "w:gz") as tar:
            tar.add(tmp_path / "timit", "timit")
        (tmp_path / "timit").rename(tmp_path.parent / f"{tmp_path.name}-aside")
    with pytest.raises((ValueError, FileNotFoundError), match=f"timit/dr2-marc0/si836{message}"):
        load_timit(tmp_path)


def test_damaged_archive_is_told_by_its_name(tmp_path):
    archive = tmp_path / "timit-nltk-sample.tar.gz"
    archive.write_bytes(b"\x1f\x8bnot an archive")
    with pytest.raises(ValueError, match=r"timit-nltk-sample\.tar\.gz: "):
        load_timit(tmp_path)
    with tarfile.open(archive, "w:gz") as tar:
        entry = tarfile.TarInfo("timit/dr1-fvmh0/sx1.wav")
        entry.size = 1 << 27
        tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    with pytest.raises(ValueError, match=r"timit-nltk-sample\.tar\.gz: holds more than 67108864 bytes"):
        load_timit(tmp_path)


def test_missing_soundfile_names_the_extra(tmp_path, monkeypatch):
    nltk(tmp_path)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(ImportError, match=r"reading speech needs soundfile: pip install '.*\[speech\]'"):
        load_timit(tmp_path)
    write(tmp_path, {"grids/a.wav": riff(), "grids/a.TextGrid": grid([(0, 0.25, "aa")])})
    with pytest.raises(ImportError, match=r"\[speech\]"):
        load_textgrid_corpus(tmp_path / "grids")


@pytest.mark.skipif(
    not Path(os.environ.get("PPDL_DATA", ""), "timit-sample/timit-nltk-sample.tar.gz").is_file(),
    reason="PPDL_DATA has no timit-sample",
)
def test_real_sample_is_whole():
    sample = load_timit(Path(os.environ["PPDL_DATA"], "timit-sample"), sa=True)
    assert len(sample.utterances) == 160 and len(set(sample.speakers)) == 16
    assert sum(utterance.duration for utterance in sample.utterances) == pytest.approx(490.1, abs=0.05)
    phones = [phone for utterance in sample.utterances for phone in utterance.phones]
    assert len(phones) == 6185 and {*phones} == {*TIMIT_PHONES.phones}


# TextGrids


def grid(intervals, *, form="long", tier="phones", end=0.25):
    """A TextGrid as text, with a tier of points and one of words before that of phones."""
    tiers = [("TextTier", "clicks", [(0.1, 'a "click"')]), ("IntervalTier", "words", [(0, end, "ah")]),
             ("IntervalTier", tier, intervals)]  # fmt: skip
    if form == "short":
        lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", 0, end, "<exists>", len(tiers)]
        for kind, name, entries in tiers:
            lines += [f'"{kind}"', f'"{name}"', 0, end, len(entries)]
            lines += [item if item != entry[-1] else _quoted(item) for entry in entries for item in entry]
        return "\n".join(map(str, lines)) + "\n"
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {end} ",
             "tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]  # fmt: skip
    for i, (kind, name, entries) in enumerate(tiers, 1):
        many = "points" if kind == "TextTier" else "intervals"
        lines += [f"    item [{i}]:", f'        class = "{kind}" ', f'        name = "{name}" ', "        xmin = 0 ",
                  f"        xmax = {end} ", f"        {many}: size = {len(entries)} "]  # fmt: skip
        for j, entry in enumerate(entries, 1):
            lines.append(f"        {many} [{j}]:")
            keys = ("number", "mark") if kind == "TextTier" else ("xmin", "xmax", "text")
            lines += [f"            {key} = {item} " for key, item in zip(keys, (*entry[:-1], _quoted(entry[-1])))]
    return "\n".join(lines) + "\n"


def _quoted(label):
    return '"' + label.replace('"', '""') + '"'


INTERVALS = [(0, 0.0625, ""), (0.0625, 0.125, "AA1"), (0.125, 0.1875, "ʃ"), (0.1875, 0.25, "sp")]
FORMS = {
    "long": lambda text: text.encode(),
    "long, utf-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "long, utf-16": lambda text: text.encode("utf-16"),
    "short": lambda text: text.encode(),
    "short, utf-16, big-endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "short, lines of Windows": lambda text: text.replace("\n", "\r\n").encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("suffix", ["wav", "WAV", "flac"])
def test_textgrids_are_read_in_every_form_with_any_recording(form, suffix, tmp_path):
    write(tmp_path, {"anna/one.TextGrid": FORMS[form](grid(INTERVALS, form=form.partition(",")[0]))})
    soundfile.write(tmp_path / f"anna/one.{suffix}", samples(), 16000)
    corpus = load_textgrid_corpus(tmp_path)
    (utterance,) = corpus.utterances
    np.testing.assert_array_equal(utterance.signal, samples() / np.float32(32768))
    assert utterance.phones == ("sil", "AA1", "ʃ", "sil")
    assert utterance.boundaries.tolist() == [0, 1000, 2000, 3000, 4000]
    assert utterance.name == "anna/one" and corpus.speakers.tolist() == ["anna"]
    assert corpus.phone_set.phones == ("AA1", "sil", "ʃ") and corpus.phone_set.silence == "sil"


def textgrid_corpus(folder, **changes):
    """Two recordings of one speaker each; the second one's files are changed."""
    files = {f"{who}/{what}": content for who in ("anna", "bert")
             for what, content in (("a.wav", riff()), ("a.TextGrid", grid(INTERVALS)))}  # fmt: skip
    files.update({f"bert/a.{kind}": content for kind, content in changes.items()})
    write(folder, {name: content for name, content in files.items() if content is not None})
    return folder


def test_a_table_gives_labels_their_phones(tmp_path):
    table = {"ʃ": "sh", "AA0": "aa", "AA1": "aa"}
    corpus = load_textgrid_corpus(textgrid_corpus(tmp_path), phone_map=table, speaker=lambda path: path.parts[-2][:1])
    assert corpus.utterances[0].phones == ("sil", "aa", "sh", "sil")
    assert corpus.phone_set.phones == ("sh", "aa", "sil") and corpus.speakers.tolist() == ["a", "b"]


def test_files_that_other_systems_hide_are_not_read(tmp_path):
    folder = textgrid_corpus(tmp_path)
    write(folder, {f"anna/._a.{kind}": b"attributes of the file" for kind in ("wav", "TextGrid")})
    assert [each.name for each in load_textgrid_corpus(folder).utterances] == ["anna/a", "bert/a"]


def test_times_that_were_rounded_may_go_a_little_past_the_end(tmp_path):
    times = [(0, 0.0625, ""), (0.0625, 0.2509, "AA1")]
    corpus = load_textgrid_corpus(textgrid_corpus(tmp_path, TextGrid=grid(times, end=0.2509)))
    assert corpus.utterances[1].boundaries.tolist() == [0, 1000, 4000]


HEAD = '"ooTextFile" "TextGrid" 0 1 '
GRID_DAMAGES = {
    "cut riff": ("wav", riff()[:-2], "cut short: the header tells of 8000 bytes of samples, 7998 found"),
    "another rate": ("wav", riff(rate=8000), "rate: received 8000 samples a second; expected 16000"),
    "stereo": ("wav", riff(channels=2), "channels: received 2; expected 1"),
    "no recording": ("wav", None, "without its recording"),
    "no grid": ("TextGrid", None, "without its TextGrid"),
    "empty": ("TextGrid", "", "the file is empty"),
    "binary": ("TextGrid", b"ooBinaryFile\x08TextGrid", "a binary TextGrid; expected one saved as text"),
    "another class": ("TextGrid", '"ooTextFile" "Pitch"', ".*class 'Pitch'; expected 'ooTextFile' and"),
    "encoding": ("TextGrid", grid(INTERVALS).encode() + b"\xe9", ".*can't decode"),
    "tier": ("TextGrid", grid(INTERVALS, tier="x"), "tier: received 'phones'; expected one of 'words', 'x'"),
    "no tiers": ("TextGrid", HEAD + "<absent>", "tier: received 'phones'"),
    "no intervals": ("TextGrid", grid([]), "the alignment holds no segments"),
    "cut": ("TextGrid", grid(INTERVALS)[:-60], "cut short before entry 4 of tier 'phones'"),
    "cut, short": ("TextGrid", grid(INTERVALS, form="short")[:-6], "cut short before entry 4 of tier 'phones'"),
    "cut in a label": ("TextGrid", grid(INTERVALS)[:-3], "cut short in a string, which has no end"),
    "no number": ("TextGrid", grid([(0, "1s", "a")]), "entry 1 of tier 'phones': received 'a'; expected a number"),
    "count": ("TextGrid", HEAD + "<exists> 1.5", "the number of tiers: received 1.5; expected a whole number"),
    "kind": ("TextGrid", HEAD + '<exists> 1 "Tier" "a" 0 1 0', "the class of tier 1: received 'Tier'; expected"),
    "gap": ("TextGrid", grid([(0, 0.1, "a"), (0.2, 0.25, "b")]), "segment 'b' from 3200 to 4000: leaves a gap"),
    "overlap": ("TextGrid", grid([(0, 0.1, "a"), (0.05, 0.25, "b")]), "segment 'b' from 800 to 4000: overlaps"),
    "negative": ("TextGrid", grid([(-0.1, 0.1, "a")]), "segment 'a' from -1600 to 1600: expected to end"),
    "past the end": ("TextGrid", grid([(0, 0.27, "a")]), "segment 'a' from 0 to 4320: past the end of the"),
}


@pytest.mark.parametrize("damage", GRID_DAMAGES)
def test_damaged_file_beside_a_textgrid_is_told_by_its_name(damage, tmp_path):
    kind, content, message = GRID_DAMAGES[damage]
    textgrid_corpus(tmp_path, **{kind: content})
    with pytest.raises((ValueError, FileNotFoundError), match=rf"bert/a\.\w+: {message}"):
        load_textgrid_corpus(tmp_path)


def test_arguments_for_textgrids_are_checked(tmp_path):
    textgrid_corpus(tmp_path)
    with pytest.raises(ValueError, match=r"anna/a\.TextGrid: received the phone 'ʃ'; expected one of AA1"):
        load_textgrid_corpus(tmp_path, phone_map={"AA1": "aa"})
    with pytest.raises(ValueError, match=r"anna/a\.wav: rate: received 16000 samples a second; expected 8000"):
        load_textgrid_corpus(tmp_path, rate=8000)
    for table in ({}, ["AA"], {"AA1": 1}):
        with pytest.raises(ValueError, match=rf"phone_map: received {re.escape(repr(table))}; expected a phone"):
            load_textgrid_corpus(tmp_path, phone_map=table)
    with pytest.raises(ValueError, match="silence: received 'sil'; expected a sequence of labels"):
        load_textgrid_corpus(tmp_path, silence="sil")
    with pytest.raises(FileNotFoundError, match=r"no \.TextGrid found in it"):
        load_textgrid_corpus(tmp_path / "carl")


def test_too_loud_a_recording_of_floats_is_told_by_its_name(tmp_path):
    textgrid_corpus(tmp_path)
    soundfile.write(tmp_path / "bert/a.wav", np.full(N, 1.5, np.float32), 16000, subtype="FLOAT")
    with pytest.raises(ValueError, match=r"bert/a\.wav: bert/a: signal: received a waveform of magnitude 1\.5"):
        load_textgrid_corpus(tmp_path)


@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_what_lossy_compression_overshoots_is_clipped(suffix, tmp_path):
    square = np.sign(np.sin(np.arange(N) / 8)).astype(np.float32)
    write(tmp_path, {"a.TextGrid": grid(INTERVALS).encode()})
    soundfile.write(tmp_path / f"a.{suffix}", square, 16000)
    assert np.abs(soundfile.read(tmp_path / f"a.{suffix}")[0]).max() > 1.05
    (utterance,) = load_textgrid_corpus(tmp_path).utterances
    assert np.abs(utterance.signal).max() == 1.0 and len(utterance.signal) == N


def test_what_does_not_stand_free_in_a_textgrid_is_not_read():
    text = '"ooTextFile" "TextGrid" ! "comment" 7\n xmin=3 0 1 <exists> 1 [9]: '
    text += '"IntervalTier" "a ""b""" 0 1 1\n 0 1e-1 "!c"'
    assert read_tiers(text.encode()) == {'a "b"': [(0.0, 0.1, "!c")]}
