"""Saved estimators: the same bits after loading, and a named error for every file that is not what it should be."""

import copy
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from model_files import check_that_oddities_are_refused_by_name, is_refused, parts, write_parts
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import ppdl
from ppdl import RICA, PatchFeatures, PredictedMLPClassifier, PredictedMLPRegressor
from ppdl.dictionaries import (
    DCT,
    AutoencoderAtoms,
    EmpiricalCovariance,
    Explicit,
    LowRank,
    PrincipalComponents,
    RandomConnections,
    RandomProjection,
    SquaredExponential,
)
from ppdl.estimators import Geometric, OneCycle
from ppdl.estimators.schedules import Constant
from ppdl.preprocessing import ContrastNormalizer, Whitener

OPTIONS = {"hidden_layer_sizes": (12, 9), "max_iter": 2, "random_state": 0, "n_iter_no_change": np.inf}
GRID = {"learned_fraction": 0.25, "n_columns": (3, 2), "input_shape": (8, 8)}
RICA_OPTIONS = {"max_iter": 2, "random_state": 0}
PATCHES = {"n_patches": 50, "input_shape": (8, 8), "random_state": 0}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


@pytest.fixture(scope="module")
def saved(digits, tmp_path_factory):
    """A saved classifier with a dictionary made from data, and its file."""
    dictionary = (SquaredExponential(), PrincipalComponents(selection="leading"))
    clf = PredictedMLPClassifier(dictionary=dictionary, **GRID, **OPTIONS).fit(*digits)
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    clf.save(path)
    return clf, path


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "dictionary",
    [
        None,
        (SquaredExponential(length_scale=2.0), EmpiricalCovariance(power=2)),
        (DCT(selection="leading"), AutoencoderAtoms(epochs=1)),
        (None, LowRank()),
        RandomConnections(),
        RandomProjection(orthonormalize=True),
        PrincipalComponents(),
        (Explicit(np.random.default_rng(0).normal(size=(64, 20))), None),
    ],
    ids=lambda dictionary: str(dictionary)[:50],
)
def test_loaded_estimator_is_the_saved_one_to_the_bit(digits, dictionary, dtype, tmp_path):
    X, y = digits[0].astype(dtype), digits[1]
    grid = GRID if dictionary is not None else {}
    clf = PredictedMLPClassifier(dictionary=dictionary, **grid, **OPTIONS).fit(X, y, X_val=X[:50], y_val=y[:50])
    clf.save(tmp_path / "model.safetensors")
    loaded = ppdl.load(tmp_path / "model.safetensors")
    assert repr(loaded) == repr(clf)
    assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert_array_equal(loaded.theta_, clf.theta_)
    assert loaded.theta_.dtype == dtype
    assert loaded.history_ == clf.history_
    assert str(loaded.summary()) == str(clf.summary())
    for name in (
        "n_iter_",
        "t_",
        "loss_",
        "best_loss_",
        "loss_curve_",
        "n_layers_",
        "n_features_in_",
        "out_activation_",
    ):
        assert getattr(loaded, name) == getattr(clf, name), name
    again = loaded.set_params(warm_start=True).fit(X, y)
    assert_array_equal(again.theta_, clf.set_params(warm_start=True).fit(X, y).theta_)


@pytest.mark.parametrize(
    "options",
    [
        {"class_weight": {0: 2.0, 1: 1.0, 2: 0.5}},
        {"learning_rate": OneCycle(warm_up=0.2)},
        {"learning_rate": Geometric(decay=1.01)},
        {"random_state": np.random.RandomState(0)},
        {"hidden_layer_sizes": [5], "input_shape": np.arange(8.0).reshape(4, 2)},
        {"hidden_layer_sizes": np.int64(5), "alpha": np.float32(0.5)},
        {"hidden_layer_sizes": np.array([5, 6]), "input_shape": np.array([2, 2])},
        {"hidden_layer_sizes": range(3, 5), "class_weight": {np.int64(0): np.float32(2.0)}},
        {"learning_rate": OneCycle(warm_up=np.float32(0.5)), "solver": np.str_("sgd"), "shuffle": np.bool_(False)},
        {"activation": "maxout", "n_pieces": 3, "dropout": 0.5},
        {"pretraining": "autoencoder", "pretraining_epochs": 1, "pretraining_options": {"momentum": 0.5}},
        {"early_stopping": True, "max_iter": 3},
    ],
    ids=str,
)
def test_every_kind_of_parameter_is_saved(options, tmp_path):
    X = np.random.default_rng(0).uniform(size=(60, 4))
    y = np.arange(60) % 3
    clf = PredictedMLPClassifier(**{**OPTIONS, **options}).fit(X, y)
    clf.save(tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert loaded.best_validation_score_ == clf.best_validation_score_
    assert loaded.validation_scores_ == clf.validation_scores_
    assert repr(loaded) == repr(clone(clf).set_params(**loaded.get_params()))
    for name, value in clf.get_params().items():
        if name != "random_state":
            assert_array_equal(getattr(loaded, name), value)


@pytest.mark.parametrize(
    "labels",
    [
        ["no", "yes"],
        [-1.5, 0.0, 2.5],
        [False, True],
        ["alone"],
        ["", "\ud800", "a\0b"],
        np.array(["x", "yy"], dtype=object),
        np.array(["b", "a", "c"], dtype="<U40"),
        np.array([0, 7, 2**63], dtype=np.uint64),
        np.array([1, 2, 3], dtype=">i2"),
        np.array([1, 2], dtype=np.float16),
    ],
    ids=str,
)
def test_labels_of_every_kind_are_saved(labels, tmp_path):
    labels = np.asarray(labels)
    y = labels[np.arange(30) % len(labels)]
    y = y.astype(str) if y.dtype == float else y
    clf = PredictedMLPClassifier(**OPTIONS).fit(np.random.default_rng(0).normal(size=(30, 3)), y)
    clf.save(tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert loaded.classes_.dtype == clf.classes_.dtype
    assert_array_equal(loaded.classes_, clf.classes_)


def test_multilabel_and_regression_are_saved(digits, tmp_path):
    X, y = digits
    targets = np.stack([y > 4, y % 2], axis=1)
    for estimator, target in (
        (PredictedMLPClassifier(**OPTIONS), targets.astype(int)),
        (PredictedMLPRegressor(**OPTIONS), targets.astype(float)),
        (PredictedMLPRegressor(loss="poisson", **OPTIONS), y),
    ):
        estimator.fit(X, target).save(tmp_path / "m")
        assert_array_equal(ppdl.load(tmp_path / "m").predict(X), estimator.predict(X))


@pytest.mark.parametrize("classes", [range(2), range(6), [0.0, 1.0, 7.0], [-1, 0, 1]], ids=str)
def test_more_classes_than_labels_of_their_own_are_saved(classes, tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 3))
    clf = PredictedMLPClassifier(**OPTIONS).partial_fit(X, X[:, :2] > 0, classes=classes)
    clf.save(tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert_array_equal(loaded.classes_, clf.classes_)


def test_names_of_features_are_saved(tmp_path):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(np.random.default_rng(0).normal(size=(30, 2)), columns=["width", "height"])
    PredictedMLPClassifier(**OPTIONS).fit(X, np.arange(30) % 2).save(tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert list(loaded.feature_names_in_) == ["width", "height"]
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(X[["height", "width"]])


def test_file_of_version_0_1_0_loads_and_predicts_what_was_recorded():
    X = np.add.outer(np.arange(12.0), 3.0 * np.arange(16.0)) % 7.0 / 7.0
    clf = ppdl.load(Path(__file__).parent / "data" / "model-0.1.0.safetensors")
    recorded = [
        [0.47341131360044897, 0.27502804067865916, 0.25156064572089193],
        [0.054263411421868156, 0.5227985147931555, 0.4229380737849763],
        [0.5413034267937367, 0.1939800763064961, 0.2647164968997672],
    ]
    assert_allclose(clf.predict_proba(X[:3]), recorded, rtol=1e-9)
    assert list(clf.predict(X[:3])) == ["a", "b", "a"]


def test_file_of_format_2_which_holds_whole_bases_loads_and_predicts_what_was_recorded(tmp_path):
    X = (np.add.outer(np.arange(12.0), 3.0 * np.arange(16.0)) % 7.0 / 7.0).astype(np.float32)
    clf = ppdl.load(Path(__file__).parent / "data" / "model-format-2.safetensors")
    recorded = [
        [0.6048693060874939, 0.29519209265708923, 0.09993860125541687],
        [0.18881440162658691, 0.3720356225967407, 0.43914994597435],
        [0.19845646619796753, 0.22151200473308563, 0.5800315141677856],
    ]
    assert_allclose(clf.predict_proba(X[:3]), recorded, rtol=1e-6)
    clf.save(tmp_path / "m")
    assert_array_equal(ppdl.load(tmp_path / "m").predict_proba(X), clf.predict_proba(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "transformer",
    [
        ContrastNormalizer("norm", epsilon=np.float32(0.5)),
        Whitener("pca", n_components=5),
        RICA(9, max_iter=2, random_state=np.random.RandomState(0)),
        RICA(12, dictionary=RandomProjection(), learned_fraction=0.5, n_columns=3, whiten="zca", **RICA_OPTIONS),
        RICA(dictionary=PrincipalComponents(), learned_fraction=0.5, standardize=True, **RICA_OPTIONS),
        RICA(3, dictionary=LowRank(), learned_fraction=0.5, non_gaussianity=np.array([1, -1, 1]), **RICA_OPTIONS),
        PatchFeatures(4, patch_size=np.array([2, 3]), pooling=None, **PATCHES),
        PatchFeatures(KMeans(4, n_init=1), patch_size=2, encoding="triangle", **PATCHES),
        PatchFeatures(
            RICA(6, max_iter=2), patch_size=3,
            normalizer=ContrastNormalizer("norm"), whitener=Whitener("pca", n_components=7), **PATCHES,
        ),
    ],
    ids=lambda transformer: str(transformer)[:60],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_loaded_transformer_is_the_saved_one_to_the_bit(digits, transformer, dtype, tmp_path):
    X = digits[0].astype(dtype)
    fitted = clone(transformer).fit(X)
    fitted.save(tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert_array_equal(loaded.transform(X), fitted.transform(X))
    assert loaded.transform(X).dtype == dtype
    assert list(loaded.get_feature_names_out()) == list(fitted.get_feature_names_out())
    assert vars(loaded).keys() == vars(fitted).keys()
    loaded.save(tmp_path / "again")
    assert_array_equal(ppdl.load(tmp_path / "again").transform(X), fitted.transform(X))


def test_learner_is_saved_if_it_is_one_of_ppdls(digits, tmp_path):
    options = {"patch_size": 2, **PATCHES}
    with pytest.warns(ConvergenceWarning):
        features = PatchFeatures(RICA(3, max_iter=2, dictionary=LowRank()), **options).fit(digits[0])
    features.save(tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert repr(loaded.learner) == repr(features.learner)
    assert_array_equal(loaded.learner_.components_, features.learner_.components_)
    PatchFeatures(KMeans(3, n_init=1), **options).fit(digits[0]).save(tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert loaded.learner is loaded.learner_ is None
    with pytest.raises(ValueError, match="learner: received None"):
        loaded.fit(digits[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_loaded_components_can_be_learned_further(digits, tmp_path):
    X = digits[0]
    rica = RICA(4, max_iter=2, random_state=0, warm_start=True).fit(X)
    rica.save(tmp_path / "m")
    assert_array_equal(ppdl.load(tmp_path / "m").fit(X).components_, rica.fit(X).components_)
    with pytest.raises(ValueError, match="n_components: received 5; expected 4, which was fitted"):
        rica.set_params(n_components=5).save(tmp_path / "m")


def test_file_holds_what_is_learned_and_bases_made_from_data_only(saved):
    clf, path = saved
    tensors, specification = parts(path)
    sizes = {name: tensor.size for name, tensor in tensors.items()}
    assert sum(size for name, size in sizes.items() if not name.endswith("base")) == clf.theta_.size
    assert [name for name in sizes if name.endswith("base")] == ["layer.1.base"]
    assert tensors["layer.1.base"].shape == clf.dictionaries_[1].base.shape
    assert specification["n_base"] == [None, 12, None]
    assert specification["digests"] == [columns.digest() for columns in clf.dictionaries_]


# Writing --------------------------------------------------------------------------------------------------------------


def test_saving_is_all_or_nothing(saved, tmp_path, monkeypatch):
    clf, _ = saved
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"the former file")

    def full_disk(descriptor):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="no space"):
            clf.save(path)
    assert path.read_bytes() == b"the former file"
    assert os.listdir(tmp_path) == ["model.safetensors"]
    clf.save(path)
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_permissions_and_symbolic_links_stay_and_the_umask_is_left_alone(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", None)  # calling it would fail
    target, link, new = tmp_path / "target", tmp_path / "link", tmp_path / "new"
    target.touch(mode=0o600)
    link.symlink_to(target)
    saved[0].save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.read_bytes() == link.read_bytes() != b""
    saved[0].save(new)
    (tmp_path / "ordinary").touch()
    assert new.stat().st_mode == (tmp_path / "ordinary").stat().st_mode
    with pytest.raises(OSError, match="not a regular file"):
        saved[0].save(tmp_path)


def test_file_system_without_unnamed_files_is_written_to(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY)  # a flag that opens no file for writing
    saved[0].save(tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]
    assert_array_equal(ppdl.load(tmp_path / "m").theta_, saved[0].theta_)


@pytest.mark.parametrize("point", ["fsync", "link", "replace"])
def test_interrupted_save_leaves_the_former_file_and_nothing_else(saved, point, tmp_path, monkeypatch):
    (tmp_path / "m").write_bytes(b"the former file")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, point, interrupted)
        with pytest.raises(KeyboardInterrupt):
            saved[0].save(tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]
    assert (tmp_path / "m").read_bytes() == b"the former file"


def test_parameter_without_json_form_is_named_and_nothing_is_written(saved, tmp_path):
    clf = clone(saved[0]).set_params(dictionary=None, learned_fraction=1.0, verbose=True)
    clf.fit(np.eye(64), np.arange(64) % 3)
    clf.set_params(class_weight=lambda y: y)
    with pytest.raises(ValueError, match="class_weight: received <function .*, which a file cannot hold"):
        clf.save(tmp_path / "m")
    assert os.listdir(tmp_path) == []


def test_weights_that_load_would_refuse_are_not_saved(tmp_path):
    clf = PredictedMLPClassifier(**OPTIONS).fit(np.eye(6), np.arange(6) % 3)
    clf.theta_[0] = np.nan
    with pytest.raises(ValueError, match="^layer.0.V.0: it holds NaN or infinity"):
        clf.save(tmp_path / "m")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"activation": "tanh"},
        {"activation": "maxout"},
        {"hidden_layer_sizes": (12, 8)},
        {"learned_fraction": 0.5},
        {"n_columns": 1},
        {"dictionary": PrincipalComponents()},
        {"init": "he"},
    ],
    ids=str,
)
def test_parameters_changed_since_the_fit_are_named_and_nothing_is_written(saved, changed, tmp_path):
    clf = copy.copy(saved[0])
    clf.set_params(**changed)
    (name,) = changed
    with pytest.raises(ValueError, match=f"^{name}: .*fit again, or set the parameter back"):
        clf.save(tmp_path / "m")
    with pytest.raises(ValueError, match=f"^{name}: .*fit again, or set the parameter back"):
        clf.merge()
    assert os.listdir(tmp_path) == []


def test_changed_loss_is_named_and_merged_networks_are_saved(digits, saved, tmp_path):
    reg = PredictedMLPRegressor(**OPTIONS).fit(*digits)
    for loss in ("poisson", "cubic"):
        with pytest.raises(ValueError, match=f"loss: received '{loss}'"):
            reg.set_params(loss=loss).save(tmp_path / "m")
    merged = saved[0].merge()
    merged.set_params(max_iter=7).save(tmp_path / "m")  # a parameter of training, not of the network
    assert_array_equal(ppdl.load(tmp_path / "m").theta_, merged.theta_)


def test_unfitted_estimator_is_not_saved(tmp_path):
    for estimator in (PredictedMLPClassifier(), RICA(), PatchFeatures(), ContrastNormalizer(), Whitener()):
        with pytest.raises(NotFittedError):
            estimator.save(tmp_path / "m")


class Derived(PredictedMLPClassifier):
    """An estimator whose code no file can hold."""


class DerivedDCT(DCT):
    """A dictionary without an id."""


@dataclass(frozen=True)
class DerivedSchedule(Constant):
    """A schedule that bears the name of another."""


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Derived(**OPTIONS), "estimator: received a Derived; expected one of Cepstra, ContrastNormalizer, "),
        (PredictedMLPClassifier(dictionary=DerivedDCT(), **OPTIONS), "dictionary: DerivedDCT has no id"),
        (
            PredictedMLPClassifier(learning_rate=DerivedSchedule(), **OPTIONS),
            "learning_rate: .* is made .* as Constant",
        ),
    ],
    ids=["estimator", "dictionary", "schedule"],
)
def test_class_of_ones_own_is_refused_by_name(estimator, message, tmp_path):
    estimator.fit(np.eye(6), np.arange(6) % 3)
    with pytest.raises(ValueError, match=message):
        estimator.save(tmp_path / "m")
    assert os.listdir(tmp_path) == []


# Damaged and hostile files --------------------------------------------------------------------------------------------


def set_field(*path_and_value):
    *path, name, value = path_and_value

    def change(tensors, specification):
        for key in path:
            specification = specification[key]
        specification[name] = value

    return change


def drop_field(name):
    return lambda tensors, specification: specification.pop(name)


def set_tensor(name, value):
    return lambda tensors, specification: tensors.update({name: value(tensors.get(name))})


def drop_tensor(name):
    return lambda tensors, specification: tensors.pop(name)


BAD_FILES = [
    (drop_field("format"), "format: received None"),
    (set_field("format", 99), "format: received 99"),
    (set_field("class", "Popen"), "class: received 'Popen'"),
    (set_field("class", ["PredictedMLPClassifier"]), "class: received 'list'"),
    (drop_field("params"), "params: missing"),
    (set_field("params", "command", "rm"), "params: .*'command'"),
    (set_field("params", "hidden_layer_sizes", {"tuple": [12, -9]}), "hidden_layer_sizes: received -9"),
    (set_field("params", "hidden_layer_sizes", {"tuple": [12, 9, 9]}), "received 2 values"),
    (set_field("params", "hidden_layer_sizes", [12, 9]), "hidden_layer_sizes: received 'a bare list'"),
    (set_field("params", "alpha", {"pickle": "gANjb3M="}), "alpha: received \"a value of kind 'pickle'\""),
    (set_field("params", "alpha", {"float": "x"}), "alpha: could not convert"),
    (set_field("params", "alpha", 10**400), "params: alpha: received an integer of 1329 bits"),
    (set_field("params", "activation", "swish"), "activation: received 'swish'"),
    (set_field("params", "dictionary", {"dictionary": {"id": "evil"}}), "dictionary: dictionary id: received 'evil'"),
    (set_field("params", "dictionary", {"dictionary": {"id": "dct", "x": 1}}), "dictionary 'dct': .*'x'"),
    (set_field("params", "learning_rate", {"learning_rate": {"schedule": "evil"}}), "schedule: received 'evil'"),
    (
        set_field("params", "learning_rate", {"learning_rate": {"schedule": "geometric", "slope": 1}}),
        "schedule 'geometric': .*'slope'",
    ),
    (set_field("params", "alpha", {"float": 1, "list": 2}), "alpha: received 'an object of 2 keys'"),
    (set_field("params", "shuffle", 7), "shuffle: received 7"),
    (
        set_field("params", "learned_fraction", 0.3),
        r"layer.0.V.0: received 'float64 of shape \(16, 4\)'; expected .* \(19, 4\)",
    ),
    (set_field("seed", 5), "layer.0.U: its digest is"),
    (set_field("seed", "5"), "seed: received 'str'"),
    (set_field("seed", -1), "seed: received -1"),
    (set_field("dtype", "float16"), "dtype: received 'float16'"),
    (set_field("dtype", "float32"), "layer.0.bias: received 'float64"),
    (set_field("digests", ["0" * 64] * 3), "layer.0.U: its digest is '0000"),
    (set_field("digests", []), "digests: received '0 of them'"),
    (set_field("n_base", [None, 12]), "n_base: received '2 of them'"),
    (set_field("n_base", [None, 4, None]), "layer.1.n_base: received 4; expected .* at least 5"),
    (set_field("n_base", [None, "12", None]), "layer.1.n_base: received '12'"),
    (set_field("n_base", [None, 2**40, None]), r"layer.1.U: .* takes \d+ bytes; expected at most memory_limit"),
    (set_field("fitted", {}), "fitted: n_features_in_, n_iter_, .* missing"),
    (set_field("fitted", "n_features_in_", 65), "65"),
    (set_field("fitted", "n_features_in_", 10**12), "expected 1000000000000"),
    (set_field("fitted", "n_features_in_", 0), "n_features_in_: received 0"),
    (set_field("fitted", "n_layers_", 5), "n_layers_: received 5; expected 4"),
    (set_field("fitted", "n_outputs_", "10"), "n_outputs_: received '10'"),
    (set_field("fitted", "n_outputs_", 0), "n_outputs_: received 0"),
    (set_field("fitted", "history_", {"list": []}), "history_: received"),
    (set_field("fitted", "history_", {"dict": [["loss", {"list": ["low"]}]]}), "history_: received"),
    (set_field("fitted", "loss_", None), "loss_: received None"),
    (set_field("fitted", "best_loss_", "low"), "best_loss_: received 'low'"),
    (set_field("fitted", "best_validation_score_", True), "best_validation_score_: received True"),
    (set_field("fitted", "out_activation_", "tanh"), "out_activation_: received 'tanh'; expected 'softmax'"),
    (set_field("feature_names", ["width"]), "feature_names: received 'a list of 1'; expected 64"),
    (set_field("feature_names", list(range(64))), "feature_names: received 'a list of 64'; expected 64 strings"),
    (set_field("params", "n_threads", 2**31), "n_threads: received 2147483648"),
    (set_field("params", "n_columns", 10**9), "n_columns: received 1000000000"),
    (set_field("classes", {"dtype": "<i8", "labels": [1, 2]}), "classes: received '2 labels'"),
    (set_field("classes", {"dtype": "<i8", "labels": [0] * 10}), "classes: .* different labels in ascending order"),
    (set_field("classes", {"dtype": "<i8", "labels": [*range(9, -1, -1)]}), "classes: .* ascending order"),
    (set_field("classes", {"dtype": "<f8", "labels": [*range(9), {"float": "nan"}]}), "classes: "),
    (set_field("classes", {"dtype": "<i8", "labels": [*range(9), 9.5]}), "classes: received .* values of dtype <i8"),
    (
        set_field("classes", {"dtype": "<U500000000", "labels": ["a"] * 10}),
        "classes: .* dtype <U500000000; .* too long",
    ),
    (set_field("classes", {"dtype": "(,)f4", "labels": [0] * 10}), r"classes: .* dtype \(,\)f4"),
    (set_field("params", "input_shape", {"array": "1"}), "input_shape: "),
    (
        set_field("params", "dictionary", {"dictionary": {"id": "dct", "selection": "leading", "leading": 10**400}}),
        "dictionary: leading: ",
    ),
    (
        set_field("params", "dictionary", {"dictionary": {"id": "dct", "selection": "leading", "leading": 1e308}}),
        "layer.0.U: ",
    ),
    (set_field("params", "learning_rate", {"learning_rate": {"schedule": ["constant"]}}), "learning_rate: "),
    (set_field("params", "class_weight", {"dict": [[{"list": []}, 1]]}), "class_weight: unhashable"),
    (set_field("params", "alpha", {"estimator": {"class": "Popen", "params": {}}}), "alpha: class: received 'Popen'"),
    (set_field("classes", {"dtype": "|V8", "labels": [0] * 10}), "classes: "),
    (set_field("classes", {"dtype": "<i8", "labels": [2**70] * 10}), "classes: .*too large"),
    (set_field("batch_plan", [0, 10]), r"batch_plan: received \[0, 10\]"),
    (set_field("batch_plan", [10, 2**70]), "batch_plan: received"),
    (set_field("batch_plan", [True, 10]), "batch_plan: received"),
    (drop_tensor("layer.0.V.1"), "layer.0.V.1: missing"),
    (drop_tensor("layer.2.bias"), "layer.2.bias: missing"),
    (drop_tensor("layer.1.base"), "layer.1.base: missing"),
    (set_tensor("layer.0.V.0", lambda V: V[:-1]), r"layer.0.V.0: received 'float64 of shape \(15, 4\)'"),
    (set_tensor("layer.0.V.0", lambda V: V.astype(np.float32)), "layer.0.V.0: received 'float32"),
    (set_tensor("layer.0.V.0", lambda V: V * np.nan), "layer.0.V.0: it holds NaN"),
    (set_tensor("layer.1.base", lambda B: np.full_like(B, np.inf)), "layer.1.base: it holds NaN or infinity"),
    (set_tensor("layer.1.base", lambda B: B[:, :3]), "layer.1.U: base: received 3 atoms; expected the 5 that"),
    (set_tensor("layer.1.base", lambda B: B.astype(np.float16)), "layer.1.base: received 'float16"),
    (set_tensor("layer.1.base", lambda B: B + 0.01), "layer.1.U: its digest"),
    (set_tensor("layer.7.V.0", lambda _: np.zeros(3)), "tensors: layer.7.V.0: not part of"),
]


@pytest.mark.parametrize(
    ("change", "message"), BAD_FILES, ids=[f"{k}-{case[1][:40]}" for k, case in enumerate(BAD_FILES)]
)
def test_changed_file_is_refused_naming_the_field(saved, change, message, tmp_path):
    tensors, specification = parts(saved[1])
    change(tensors, specification)
    write_parts(tensors, specification, tmp_path / "m")
    with pytest.raises(ValueError, match=message) as raised:
        ppdl.load(tmp_path / "m")
    assert str(tmp_path / "m") in str(raised.value)


@pytest.mark.parametrize(
    ("estimator", "labels", "wrong", "right"),
    [
        (PredictedMLPClassifier(**OPTIONS), ["a", "b", "c"], "logistic", "softmax"),
        (PredictedMLPClassifier(**OPTIONS), ["a", "b", "a"], "softmax", "logistic"),
        (PredictedMLPRegressor(**OPTIONS), [1.0, 2.0, 3.0], "exp", "identity"),
    ],
    ids=["three classes", "two classes", "regression"],
)
def test_activation_of_the_outputs_must_follow_from_them(estimator, labels, wrong, right, tmp_path):
    estimator.fit(np.eye(6), np.array(labels)[np.arange(6) % 3]).save(tmp_path / "m")
    tensors, specification = parts(tmp_path / "m")
    specification["fitted"]["out_activation_"] = wrong
    write_parts(tensors, specification, tmp_path / "m")
    with pytest.raises(ValueError, match=f"out_activation_: received '{wrong}'; expected '{right}'"):
        ppdl.load(tmp_path / "m")


@pytest.mark.parametrize("dictionary", [DCT(), SquaredExponential(), RandomProjection(), DCT(selection="all")], ids=str)
def test_no_dictionary_is_built_that_the_tensors_do_not_fit(dictionary, tmp_path, monkeypatch):
    """A file of some kilobytes must not ask for gigabytes."""
    grid = {"learned_fraction": 0.5, "n_columns": 1, "input_shape": (2, 3)}
    clf = PredictedMLPClassifier(dictionary=(dictionary, None), **grid, **OPTIONS)
    clf.fit(np.eye(6), np.arange(6) % 3).save(tmp_path / "m")
    tensors, specification = parts(tmp_path / "m")
    specification["fitted"]["n_features_in_"] = 10**10
    specification["params"].update(input_shape={"tuple": [10**5, 10**5]}, learned_fraction=1e-9)
    write_parts(tensors, specification, tmp_path / "m")
    monkeypatch.setattr(type(dictionary), "columns", lambda *_, **__: pytest.fail("it was built"))
    with pytest.raises(ValueError, match=r"layer.0.V.0: received .*\(\d+, 12\)"):
        ppdl.load(tmp_path / "m")


@pytest.mark.parametrize("dictionary", [DCT(), RandomProjection(), RandomConnections()], ids=str)
def test_no_dictionary_is_built_that_takes_more_than_the_memory_limit(dictionary, tmp_path):
    X = np.random.default_rng(0).normal(size=(20, 100))
    clf = PredictedMLPClassifier((4,), dictionary=dictionary, learned_fraction=0.2, max_iter=1, random_state=0)
    with pytest.warns(ConvergenceWarning):
        clf.fit(X, np.arange(20) % 2).save(tmp_path / "m")
    with pytest.raises(ValueError, match=r"layer.0.U: .* of 100 inputs takes \d+ bytes; .* memory_limit=799;"):
        ppdl.load(tmp_path / "m", memory_limit=799)
    assert_array_equal(ppdl.load(tmp_path / "m", memory_limit=80_000).predict(X), clf.predict(X))


@pytest.mark.parametrize(
    "metadata", [None, {"other": "x"}, {"ppdl": "{"}, {"ppdl": "[1]"}, {"ppdl": "[" * 100_000}], ids=str
)
def test_file_without_a_specification_is_refused(metadata, tmp_path):
    save_file({"x": np.zeros(3)}, tmp_path / "m", metadata)
    with pytest.raises(ValueError, match="metadata"):
        ppdl.load(tmp_path / "m")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The bytes of a small file, of a format with a checksum."""
    path = tmp_path_factory.mktemp("small") / "m"
    Whitener().fit(np.eye(3)).save(path)
    return path.read_bytes()


def test_file_truncated_anywhere_is_refused(small, tmp_path):
    for n_bytes in range(len(small)):
        is_refused(small[:n_bytes], tmp_path / "m")


def test_file_with_a_bit_flipped_anywhere_is_refused(small, tmp_path):
    for byte in range(len(small)):
        changed = bytearray(small)
        changed[byte] ^= 1 << byte % 8
        is_refused(changed, tmp_path / "m")


def test_file_without_its_checksum_is_refused(small, tmp_path):
    is_refused(small.replace(b'"sha256":"', b'"sha257":"', 1), tmp_path / "m")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings("ignore")
def test_nothing_but_a_value_error_leaves_load_whatever_the_specification_says(saved, seed, tmp_path):
    check_that_oddities_are_refused_by_name(saved[1], tmp_path / "m", seed)


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**63),  # a header of exabytes
        struct.pack("<Q", 10**9) + b"{}",
        struct.pack("<Q", 2) + b"{}" + b"x" * 100,
        struct.pack("<Q", 9) + b'{"a": 1}' + b" ",
        b"\x80\x04cos\nsystem\n(S'echo'\ntR.",  # a pickle
        b"PK\x03\x04 an archive",
    ],
    ids=["huge header", "long header", "loose bytes", "wrong entry", "pickle", "zip"],
)
def test_file_of_another_kind_is_refused(content, tmp_path):
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ValueError, match=f"{tmp_path / 'm'}: (header|metadata): "):
        ppdl.load(tmp_path / "m")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        ppdl.load(tmp_path / "absent.safetensors")
