"""Which samples an estimator's dictionaries are made from, and scikit-learn's checks of that."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from ppdl import PredictedMLPClassifier, PredictedMLPRegressor
from ppdl.dictionaries import EmpiricalCovariance, PrincipalComponents

CHECKED = [
    PredictedMLPClassifier((30,), dictionary=EmpiricalCovariance(power=2), learned_fraction=0.6, n_columns=3),
    PredictedMLPRegressor(
        hidden_layer_sizes=(30,), dictionary=PrincipalComponents(), learned_fraction=0.6, n_columns=3
    ),
]


@parametrize_with_checks(CHECKED)
@pytest.mark.filterwarnings("ignore")  # checks fit on purpose what cannot converge
def test_scikit_learn_checks(estimator, check):
    check(estimator)


SEEN = []


@dataclass(frozen=True, repr=False)
class Recorded(EmpiricalCovariance, id="tests.recorded"):
    """A covariance that keeps what it is made from."""

    def base(self, inputs):
        SEEN.append(inputs)
        return super().base(inputs)


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    SEEN.clear()
    return rng.normal(size=(60, 8)), rng.integers(2, size=60), rng.integers(1, 4, size=60).astype(float)


@pytest.mark.parametrize("pretraining", [None, "autoencoder", "supervised"])
@pytest.mark.filterwarnings("ignore:Training did not converge")
def test_every_dictionary_counts_samples_by_their_weights(samples, pretraining):
    X, y, weight = samples
    options = {"dictionary": Recorded(), "learned_fraction": 0.5, "max_iter": 3, "random_state": 0}
    PredictedMLPClassifier((6, 5), pretraining=pretraining, pretraining_epochs=2, **options).fit(X, y, weight)
    assert [inputs.layer for inputs in SEEN] == ([0, 1, 1] if pretraining == "supervised" else [0, 1])
    for inputs in SEEN:
        assert np.array_equal(inputs.weighted_sample("test")[1], weight)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:Training did not converge")
def test_samples_held_out_for_validation_reach_no_dictionary_and_nothing_is_copied(samples, weighted):
    X, y, weight = samples
    options = {"max_iter": 2, "early_stopping": True, "validation_fraction": 0.2, "random_state": 0}
    clf = PredictedMLPClassifier((6, 5), dictionary=Recorded(), learned_fraction=0.5, **options)
    clf.fit(X, y, sample_weight=weight if weighted else None)
    assert np.shares_memory(SEEN[0].weighted_sample("test")[0], X)
    for inputs in SEEN:
        _, counts = inputs.weighted_sample("test")
        assert np.count_nonzero(counts) == 48
        assert np.array_equal(counts[counts > 0], weight[counts > 0] if weighted else np.ones(48))


def test_one_feature_that_leaves_no_atom_is_answered_in_words_of_scikit_learn():
    clf = PredictedMLPClassifier((4,), dictionary=EmpiricalCovariance(), learned_fraction=0.6)
    with pytest.raises(ValueError, match=r"learned_fraction: 0.6 of 1 feature\(s\) leaves no atom"):
        clf.fit(np.arange(10.0)[:, np.newaxis], np.arange(10) % 2)
