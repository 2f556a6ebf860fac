"""The comparison itself: equal letters, equal seeds, equal cores, and clear errors."""

import os
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation import EqualParameters, compare, standard_contenders, with_seed
from ensemble_hwr.exceptions import ConfigError, DataError

X, CODES = make_blobs(240, centers=6, n_features=4, cluster_std=3, random_state=0)
Y = np.array(list("ABCDEF"))[CODES]
TRAIN, TEST = np.arange(0, 240, 2), np.arange(1, 240, 2)
TINY = MLPClassifier((5,), solver="lbfgs", max_iter=3000, alpha=1.0)


class Oracle(ClassifierMixin, BaseEstimator):
    """Remembers with what it was fitted; answers with one class too few."""

    def __init__(self, random_state=None, n_jobs=None):
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.array(list("ABCDE"))
        self.weight_ = sample_weight
        return self

    def predict_proba(self, X):
        fill = [self.random_state, self.n_jobs or 0, 0 if self.weight_ is None else self.weight_.sum(), len(X), 1]
        return np.tile(fill, (len(X), 1)) / sum(fill)


def test_every_contender_is_fitted_with_every_seed_on_the_same_letters():
    told = []
    result = compare(
        {"bayes": GaussianNB(), "linear": LogisticRegression(max_iter=1000)},
        X,
        Y,
        split=(TRAIN, TEST),
        seeds=[3, 1, 3],
        data={"name": "blobs"},
        on_progress=told.append,
    )
    assert [(run.contender, run.seed) for run in result.runs] == [
        ("bayes", 3),
        ("bayes", 1),
        ("linear", 3),
        ("linear", 1),
    ]
    assert all(run.test.tolist() == TEST.tolist() for run in result.runs)
    expected = LogisticRegression(max_iter=1000).fit(X[TRAIN], Y[TRAIN]).predict_proba(X[TEST])
    np.testing.assert_allclose(result.of("linear")[0].probabilities, expected, atol=1e-6)
    assert sorted(progress.done for progress in told) == [1, 2, 3, 4]
    assert {progress.total for progress in told} == {4}
    assert result.data == {"name": "blobs"}


def test_seeds_cores_weights_and_unknown_classes():
    result = compare(
        {"oracle": Oracle(n_jobs=2)}, X, Y, split=(TRAIN, TEST), seeds=[7], sample_weight=np.full(240, 2.0)
    )
    np.testing.assert_allclose(result.runs[0].probabilities[0] * 368, [7, 0, 240, 120, 1, 0])


def test_a_split_may_be_drawn_by_seed_and_letters_repeated_in_training():
    def draw(seed):
        order = np.random.default_rng(seed).permutation(240)
        return np.r_[order[:100], order[:50]], order[100:]

    result = compare({"bayes": GaussianNB()}, X, Y, split=draw, seeds=[0, 1])
    assert result.runs[0].test.tolist() == draw(0)[1].tolist() != result.runs[1].test.tolist()


def test_flat_controls_get_as_many_parameters_as_the_hierarchy():
    hierarchy = HierarchicalEnsembleClassifier(TINY, TINY, groups=["ABC", "DEF"], trust=0.5)
    flat = EqualParameters(make_pipeline(StandardScaler(), TINY))
    result = compare({"flat": flat, "hierarchical": hierarchy}, X, Y, split=(TRAIN, TEST), seeds=[0], n_jobs=2)
    assert result.contenders == ("flat", "hierarchical")
    parameters = {run.contender: run.parameters for run in result.runs}
    one_unit = 4 + 1 + 6
    assert parameters["hierarchical"] == (4 * 5 + 5 + 5 * 6 + 6) + 2 * (4 * 5 + 5 + 5 * 3 + 3)
    assert abs(parameters["flat"] - parameters["hierarchical"]) <= one_unit / 2
    assert result.of("hierarchical")[0].hierarchy.groups == {"A-C": ("A", "B", "C"), "D-F": ("D", "E", "F")}
    assert result.of("flat")[0].hierarchy is None


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_a_fit_warns_of_is_passed_on_from_any_process(n_jobs):
    hasty = MLPClassifier((5,), max_iter=1)
    with pytest.warns(ConvergenceWarning) as caught:
        compare({"hasty": hasty}, X, Y, split=(TRAIN, TEST), seeds=[0, 1], n_jobs=n_jobs)
    assert len(caught) == 2


@pytest.mark.parametrize(
    ("contenders", "said"),
    [
        ({}, "no contender"),
        ({"ridge": RidgeClassifier()}, "'ridge' is a RidgeClassifier without predict_proba"),
        ({"flat": EqualParameters(TINY)}, "'hierarchical', which is not among the contenders"),
        ({"flat": EqualParameters(TINY, "bayes"), "bayes": GaussianNB()}, "none that can be counted"),
    ],
)
def test_contenders_that_cannot_be_compared_are_named(contenders, said):
    with pytest.raises(ConfigError, match=said):
        compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0])


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ((TRAIN, TRAIN[:3]), "3 letters are in the train part and in the test part, letter 0 among them"),
        ((TRAIN, [240]), "the test part must hold indices from 0 to 239"),
        ((np.zeros(240, dtype=bool), TEST), "the train part must hold"),
        ((np.flatnonzero(Y == "A")[:5], np.flatnonzero(Y == "B")), "1 class only"),
    ],
)
def test_a_split_that_cannot_be_honest_is_refused(split, said):
    with pytest.raises(DataError, match=said):
        compare({"bayes": GaussianNB()}, X, Y, split=split, seeds=[0])


def test_rows_and_labels_must_fit():
    with pytest.raises(DataError, match=r"rows of shape \(240, 4\) and labels of shape \(239,\)"):
        compare({"bayes": GaussianNB()}, X, Y[:-1], split=(TRAIN, TEST))


class Wayward(ClassifierMixin, BaseEstimator):
    """Answers evenly, but for one fault."""

    def __init__(self, fault="", random_state=None):
        self.fault = fault
        self.random_state = random_state

    def fit(self, X, y):
        if self.fault == "crash":
            raise RuntimeError("out of luck")
        if self.fault == "exit":
            os._exit(3)
        self.classes_ = np.arange(6) if self.fault == "numbers" else np.unique(y)
        return self

    def predict_proba(self, X):
        answered = np.full((len(X), 6), 1 / 6)
        if self.fault == "nan":
            answered[0, 0] = np.nan
        return answered[:, :1] if self.fault == "narrow" else answered[1:] if self.fault == "short" else answered


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("crash", "RuntimeError: out of luck"),
        ("nan", "NaN"),
        ("narrow", r"shape \(120, 1\); needed is \(120, 6\)"),
        ("short", r"shape \(119, 6\)"),
        ("numbers", r"calls its classes \[0, 1"),
    ],
)
def test_a_contender_that_fails_or_answers_no_probabilities_is_named(fault, said):
    with pytest.raises(ConfigError, match=rf"contender 'odd', seed 3: .*{said}"):
        compare({"bayes": GaussianNB(), "odd": Wayward(fault)}, X, Y, split=(TRAIN, TEST), seeds=[3])


def test_a_worker_that_dies_is_one_error():
    with pytest.raises(ConfigError, match="ended without a word"):
        compare({"odd": Wayward("exit")}, X, Y, split=(TRAIN, TEST), seeds=[0, 1], n_jobs=2)


def test_the_members_of_a_committee_differ_though_their_settings_do_not():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        hierarchy = HierarchicalEnsembleClassifier(TINY, TINY, groups=["ABC", "DEF"], trust=0.5)
        contenders = standard_contenders(hierarchy, views=["passthrough"], flat=MLPClassifier((5,), max_iter=20))
        committee = contenders["committee"].sized(300, X[TRAIN], 6)
        seen = []
        for seed in (0, 0, 1):
            members = with_seed(committee, seed).fit(X[TRAIN], Y[TRAIN]).estimators_
            seen.append([member.predict_proba(X[TEST]) for member in members])
    first, again, other = seen
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], first[2])
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_parameters_are_matched_on_learned_features_and_trained_classes():
    trained = np.flatnonzero(Y != "F")[:150]
    tested = np.setdiff1d(np.arange(240), trained)
    wide = np.random.default_rng(0).normal(size=(240, 130))
    reference = MLPClassifier((40,), max_iter=1)
    template = make_pipeline(PCA(120), MLPClassifier((3,), max_iter=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        contenders = {"flat": EqualParameters(template, "mlp"), "mlp": reference}
        result = compare(contenders, wide, Y, split=(trained, tested), seeds=[0])
    flat, mlp = (run.parameters for run in result.runs)
    assert mlp == 131 * 40 + 41 * 5
    assert abs(flat - mlp) <= (121 + 5) / 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seeds": []}, "seeds: got none"),
        ({"seeds": [1.5]}, "seeds: got 1.5"),
        ({"seeds": [-1]}, "seeds: got -1"),
        ({"suspect": ["0"] * 240}, "suspect has shape"),
        ({"suspect": [True]}, "suspect has shape"),
        ({"sample_weight": np.ones(241)}, "sample_weight has shape"),
        ({"sample_weight": ["1"] * 240}, "sample_weight has shape"),
        ({"split": None}, "split: got NoneType"),
        ({"split": (TRAIN, TEST, TEST)}, "split: got tuple"),
        ({"split": (TRAIN + 0.5, TEST)}, "dtype float64"),
        ({"split": (np.ones(5, bool), TEST)}, "dtype bool"),
        ({"split": (TRAIN[:, None], TEST)}, r"shape \(120, 1\)"),
    ],
)
def test_what_would_be_measured_wrongly_is_refused(given, said):
    with pytest.raises((ConfigError, DataError), match=said):
        compare({"bayes": GaussianNB()}, X, Y, **{"split": (TRAIN, TEST), "seeds": [0], **given})


@pytest.mark.parametrize("contenders", [[GaussianNB()], {1: GaussianNB()}, {"bayes": GaussianNB}])
def test_contenders_are_objects_by_name(contenders):
    with pytest.raises(ConfigError, match="contender"):
        compare(contenders, X, Y, split=(TRAIN, TEST), seeds=[0])


@pytest.mark.parametrize("labels", [np.array([None, *Y[1:]], dtype=object), np.where(CODES == 0, np.nan, CODES)])
def test_missing_labels_are_refused(labels):
    with pytest.raises(DataError, match="none of them missing"):
        compare({"bayes": GaussianNB()}, X, labels, split=(TRAIN, TEST), seeds=[0])


@pytest.mark.parametrize("rows", [np.where(X > 5, np.nan, X), X.astype(str)])
def test_rows_are_finite_numbers(rows):
    with pytest.raises(DataError, match="finite numbers"):
        compare({"bayes": GaussianNB()}, rows, Y, split=(TRAIN, TEST), seeds=[0])


def test_a_warning_that_cannot_be_pickled_does_not_cost_the_comparison():
    class Particular(UserWarning):
        """Cannot be made from its arguments, as pickle would."""

        def __init__(self, *, reason):
            super().__init__(reason)

    class Warner(GaussianNB):
        def fit(self, X, y):
            warnings.warn(Particular(reason="it rains"), stacklevel=1)
            return super().fit(X, y)

    with pytest.warns(UserWarning, match="Particular: it rains"):
        compare({"warner": Warner()}, X, Y, split=(TRAIN, TEST), seeds=[0, 1], n_jobs=2)
