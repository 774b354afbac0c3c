"""Saved pipelines: ppdl's estimators with scikit-learn's plain ones, the same bits after loading."""

import os
import random

import numpy as np
import pytest
from model_files import check_that_oddities_are_refused_by_name, is_refused, parts, write_parts
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC

import ppdl
from ppdl import RICA, PatchFeatures, PredictedMLPClassifier, PredictedMLPRegressor
from ppdl.dictionaries import DCT, PrincipalComponents
from ppdl.preprocessing import ContrastNormalizer, Whitener

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NETWORK = {"hidden_layer_sizes": (12, 9), "max_iter": 2, "random_state": 0}
PREDICTED = {
    "dictionary": (DCT(), PrincipalComponents(selection="leading")), "learned_fraction": 0.25, "input_shape": (8, 8),
}  # fmt: skip
PATCHES = PatchFeatures(5, patch_size=3, input_shape=(8, 8), n_patches=50, random_state=0)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


def outputs(estimator, X):
    names = ("predict_proba", "decision_function", "predict", "transform")
    return getattr(estimator, next(name for name in names if hasattr(estimator, name)))(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "estimator",
    [
        StandardScaler(),
        StandardScaler(with_mean=False, with_std=False),
        MinMaxScaler(clip=True),
        MaxAbsScaler(),
        RobustScaler(),
        RobustScaler(with_scaling=False),
        Normalizer("l1"),
        PCA(9),
        PCA(0.9, whiten=True),
        PCA(9, svd_solver="arpack", random_state=0),
        PCA(9, svd_solver="randomized", random_state=0),
        PCA(9, svd_solver="covariance_eigh"),
        TruncatedSVD(4, random_state=np.random.RandomState(0)),
        TruncatedSVD(4, algorithm="arpack", random_state=0),
        LogisticRegression(max_iter=5, class_weight={0: 2.0}),
        LinearSVC(max_iter=50),
        LinearSVC(fit_intercept=False, max_iter=50),
        LinearRegression(),
        LinearRegression(positive=True),
        Ridge(fit_intercept=False),
    ],
    ids=repr,
)
def test_plain_estimator_of_scikit_learn_is_loaded_to_the_bit(digits, estimator, dtype, tmp_path):
    X, y = digits[0].astype(dtype), digits[1]
    fitted = make_pipeline(estimator).fit(X, y)[0]
    ppdl.save(fitted, tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    for n in (1, 2, 3, 50, 300):  # products of few rows are computed otherwise than those of many
        assert_array_equal(outputs(loaded, X[:n]), outputs(fitted, X[:n]))
    assert vars(loaded).keys() == vars(fitted).keys()
    for name in vars(fitted).keys() - {"random_state"}:
        expected, found = getattr(fitted, name), getattr(loaded, name)
        assert_array_equal(found, expected)
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        assert np.asarray(found).strides == np.asarray(expected).strides
    ppdl.save(loaded, tmp_path / "again")
    assert_array_equal(outputs(ppdl.load(tmp_path / "again"), X), outputs(fitted, X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "pipeline",
    [
        make_pipeline(StandardScaler(), PredictedMLPClassifier(**NETWORK, **PREDICTED)),
        make_pipeline(MinMaxScaler(), PCA(9), PredictedMLPRegressor(**NETWORK)),
        make_pipeline(PATCHES, StandardScaler(), LogisticRegression(max_iter=5)),
        make_pipeline(ContrastNormalizer(), Whitener(), RICA(9, max_iter=2, random_state=0), LinearSVC(max_iter=50)),
        make_pipeline("passthrough", None, make_pipeline(PCA(5), "passthrough"), Ridge(), verbose=False),
        make_pipeline(StandardScaler(), Whitener(), "passthrough"),
        Pipeline([("a.b", Normalizer()), ("c", PredictedMLPClassifier(early_stopping=True, **NETWORK))]),
    ],
    ids=lambda pipeline: "-".join(pipeline.named_steps),
)
def test_pipeline_is_loaded_to_the_bit(digits, pipeline, dtype, tmp_path):
    X, y = digits[0].astype(dtype), digits[1]
    pipeline.fit(X, y)
    ppdl.save(pipeline, tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert repr(loaded) == repr(pipeline).replace("None)", "'passthrough')")
    assert_array_equal(outputs(loaded, X), outputs(pipeline, X))
    ppdl.save(loaded, tmp_path / "again")
    assert_array_equal(outputs(ppdl.load(tmp_path / "again"), X[:2]), outputs(pipeline, X[:2]))


def test_pipeline_knows_its_features_and_forgets_where_it_cached(digits, tmp_path):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(digits[0][:, 18:20], columns=["left", "right"])
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(), memory=str(tmp_path / "cache"))
    ppdl.save(pipeline.fit(X, np.array(["no", "yes"])[digits[1] % 2]), tmp_path / "m")
    loaded = ppdl.load(tmp_path / "m")
    assert list(loaded.feature_names_in_) == ["left", "right"]
    assert_array_equal(loaded.predict(X), pipeline.predict(X))
    assert loaded.memory is None
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(X[["right", "left"]])


class Derived(StandardScaler):
    """A scaler whose code no file holds."""


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (KMeans(3, n_init=1), "estimator: received a KMeans; expected one of Cepstra, ContrastNormalizer, "),
        (make_pipeline(PCA(3), KMeans(3, n_init=1)), "step 'kmeans': estimator: received a KMeans; expected one of "),
        (make_pipeline(Derived(), PCA(3)), "step 'derived': estimator: received a Derived"),
        (make_pipeline(make_pipeline(PCA(3), SGDClassifier())), "step 'pipeline': step 'sgdclassifier': estimator: "),
        (make_pipeline(FunctionTransformer(np.sqrt), PCA(3)), "step 'functiontransformer': estimator: received a Fun"),
        (
            make_pipeline(PredictedMLPClassifier(class_weight=lambda y: None, **NETWORK)).set_params(),
            "step 'predictedmlpclassifier': class_weight: received <function",
        ),
    ],
    ids=range(6),
)
def test_what_a_file_cannot_hold_is_named_and_the_file_that_is_there_is_left_alone(
    digits, estimator, message, tmp_path, monkeypatch
):
    if "predictedmlpclassifier" in str(estimator).lower():  # no fit accepts it
        given = estimator[0].class_weight
        estimator[0].set_params(class_weight=None)
        estimator.fit(*digits)
        estimator[0].set_params(class_weight=given)
    else:
        estimator.fit(*digits)
    (tmp_path / "m").write_bytes(b"the former file")
    monkeypatch.setattr(os, "open", lambda *_, **__: pytest.fail("a file was opened"))
    with pytest.raises(ValueError, match=f"^{message}"):
        ppdl.save(estimator, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == b"the former file"


def test_what_is_not_fitted_is_not_saved(digits, tmp_path):
    for estimator in (StandardScaler(), Normalizer(), make_pipeline(StandardScaler(), LogisticRegression())):
        with pytest.raises(NotFittedError):
            ppdl.save(estimator, tmp_path / "m")
    partly = make_pipeline(StandardScaler(), LogisticRegression().fit(*digits))
    with pytest.raises(ValueError, match="step 'standardscaler': This StandardScaler instance is not fitted"):
        ppdl.save(partly, tmp_path / "m")
    assert os.listdir(tmp_path) == []


# Damaged and hostile files --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(digits, tmp_path_factory):
    """The file of a pipeline of many kinds."""
    X, y = digits
    network = PredictedMLPClassifier(**NETWORK, dictionary=PrincipalComponents(), learned_fraction=0.5)
    pipeline = make_pipeline(StandardScaler(), PCA(9), make_pipeline(Whitener(), "passthrough"), network).fit(X, y)
    path = tmp_path_factory.mktemp("saved") / "m"
    ppdl.save(pipeline, path, optimizer_state=True)
    return path


def test_pipeline_with_a_bit_flipped_anywhere_is_refused(saved, tmp_path):
    content, draw = saved.read_bytes(), random.Random(0)
    header = 8 + int.from_bytes(content[:8], "little")
    assert ppdl.load(saved)
    places = [*range(16), *draw.sample(range(header), 100), *draw.sample(range(header, len(content)), 100)]
    for byte in places:
        changed = bytearray(content)
        changed[byte] ^= 1 << draw.randrange(8)
        is_refused(changed, tmp_path / "m")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.filterwarnings("ignore")
def test_nothing_but_a_value_error_leaves_load_whatever_the_specification_says(saved, seed, tmp_path):
    check_that_oddities_are_refused_by_name(saved, tmp_path / "m", seed)


def step(n, *path_and_value):
    *path, name, value = path_and_value

    def change(tensors, specification):
        place = specification[f"step.{n}"]
        for key in path:
            place = place[key]
        place[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (step(0, "class", "FunctionTransformer"), "step 'standardscaler': class: received 'FunctionTransformer'"),
        (step(0, "params", "func", "rm"), "step 'standardscaler': params: .*'func'"),
        (step(0, "fitted", "n_features_in_", 65), r"step 'standardscaler': mean_: received 'shape \(64,\)'; .*65"),
        (step(0, "values", "scale_", {"list": [1.0]}), r"step 'standardscaler': scale_: received 'shape \(1,\)'"),
        (step(1, "steps", "components_", [1, 1]), r"step 'pca': steps of components_: received \[1, 1\]"),
        (step(1, "steps", "components_", [1, 8]), r"step 'pca': steps of components_: received \[1, 8\]"),
        (step(1, "steps", "components_", [0, 9]), r"step 'pca': steps of components_: received \[0, 9\]"),
        (step(1, "steps", "components_", [1, 2**40]), "step 'pca': steps of components_: received"),
        (step(1, "steps", "components_", [1]), r"step 'pca': steps of components_: received \[1\]"),
        (lambda t, s: s["params"].update(steps={"list": []}), r"steps: received \[\]"),
        (lambda t, s: s["params"].update(memory_limit=1), "params: .*memory_limit"),
        (lambda t, s: s.pop("step.0"), "tensors: step.0.mean_, .*: not part of"),
        (lambda t, s: t.pop("step.0.mean_"), "step 'standardscaler': mean_: missing"),
        (lambda t, s: t["step.0.mean_"].fill(np.nan), "step 'standardscaler': mean_: it holds NaN"),
        (lambda t, s: t.update({"step.0.more_": np.zeros(3)}), "step 'standardscaler': tensors: more_: not part of"),
    ],
    ids=range(15),
)  # fmt: skip
def test_changed_pipeline_is_refused_naming_the_step_and_the_field(saved, change, message, tmp_path):
    tensors, specification = parts(saved)
    change(tensors, specification)
    write_parts(tensors, specification, tmp_path / "m")
    with pytest.raises(ValueError, match=f"{tmp_path / 'm'}: {message}"):
        ppdl.load(tmp_path / "m")
