"""Rows, labels, parameters and metadata of the members' fits."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning, UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble._members import Member
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier
from ensemble_hwr.ensemble._trainer import Trainer
from ensemble_hwr.exceptions import HierarchyError

LETTERS = np.array(list("ABCABCABCD"))
CODES = np.unique(LETTERS, return_inverse=True)[1]
X = np.c_[np.arange(10.0), CODES]
EVERYTHING = np.arange(10)


class Recorder(ClassifierMixin, BaseEstimator):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y, **params):
        self.rows_, self.classes_, self.params_ = X[:, 0].astype(int).tolist(), np.unique(y), params
        self.threads_ = max((pool["num_threads"] for pool in threadpool_info()), default=1)
        return self


def trainer(params=None, n_jobs=None, seed=None):
    rng = None if seed is None else np.random.RandomState(seed)
    return Trainer(X, CODES, lambda _: params or {}, n_jobs, 0, rng)


def member(letters, estimator=None):
    return Member(f"expert:{letters}", "expert", np.searchsorted(list("ABCD"), list(letters)), estimator)


def fitted(*members, parts=(EVERYTHING,), **settings):
    by = trainer(**settings)
    (by_part,) = by.fit(by.plan(members, LETTERS, parts))
    return [[one.estimator for one in part] for part in by_part]


def test_a_member_is_fitted_on_the_rows_of_its_set_within_the_part():
    odd = np.arange(1, 10, 2)
    (whole, _), (half, other) = fitted(member("AC", Recorder()), member("BD", Recorder()), parts=[EVERYTHING, odd])
    assert whole.rows_ == [0, 2, 3, 5, 6, 8]
    assert half.rows_ == [3, 5]
    assert other.rows_ == [1, 7, 9]
    assert other.classes_.tolist() == ["B", "D"]


def test_names_roles_and_templates_are_kept():
    template = Recorder()
    by = trainer()
    (((one,),),) = by.fit(by.plan([member("AB", template)], LETTERS, [EVERYTHING]))
    assert (one.name, one.role, one.columns.tolist()) == ("expert:AB", "expert", [0, 1])
    assert one.estimator is not template
    assert not hasattr(template, "rows_")


def test_a_part_with_at_most_one_class_of_the_set_is_allowed():
    ((first, second),) = fitted(member("AD", Recorder()), member("CD", Recorder()), parts=[np.array([0, 3, 1])])
    assert isinstance(first, DummyClassifier)
    np.testing.assert_array_equal(first.predict_proba(X[:2]), [[1], [1]])
    assert second is None


def test_parameters_with_one_value_per_sample_are_indexed_and_others_passed_whole():
    given = {"sample_weight": np.arange(1.0, 11), "listed": list(range(10)), "word": "abcdefghij", "few": [1, 2]}
    ((one,),) = fitted(member("AC", Recorder()), params=given)
    assert one.params_["sample_weight"].tolist() == [1, 3, 4, 6, 7, 9]
    assert one.params_["listed"] == [0, 2, 3, 5, 6, 8]
    assert (one.params_["word"], one.params_["few"]) == ("abcdefghij", [1, 2])


def test_random_states_are_drawn_for_every_fit_and_are_reproducible():
    parts = [EVERYTHING, EVERYTHING[:9]]

    def seeds(**settings):
        return [
            one.random_state
            for part in fitted(member("AB", Recorder()), member("BC", Recorder(7)), parts=parts, **settings)
            for one in part
        ]

    assert len(set(seeds(seed=0))) == 4
    with parallel_config("threading"):
        side_by_side = seeds(seed=0, n_jobs=2)
    assert seeds(seed=0) == side_by_side != seeds(seed=1)
    assert seeds() == [None, 7, None, 7]


def test_a_fit_has_one_thread():
    ((one,),) = fitted(member("AB", Recorder()))
    assert one.threads_ == 1


def test_a_set_without_a_template_gets_the_default_mlp_and_other_networks_may_warn():
    ((default,),) = fitted(member("ABC"))
    assert isinstance(default, MemberMLPClassifier)
    assert default.classes_.tolist() == ["A", "B", "C"]
    with pytest.warns(ConvergenceWarning):
        fitted(member("ABC", MLPClassifier((3,), max_iter=2)))


def test_a_member_that_renames_its_labels_raises():
    class Numbers(Recorder):
        def fit(self, X, y, **params):
            self.classes_ = np.arange(len(np.unique(y)))
            return self

    with pytest.raises(HierarchyError, match="member 'expert:AB': its Numbers was fitted on"):
        fitted(member("AB", Numbers()))


X_ROUTING = np.random.default_rng(0).normal(size=(60, 3))
Y = np.tile(list("ABCDEF"), 10)


class RecorderRouting(ClassifierMixin, BaseEstimator):
    """Answers evenly and remembers what its fit was given."""

    def fit(self, X, y, sample_weight=None, colour=None):
        self.classes_ = np.unique(y)
        self.seen_ = {"rows": len(X), "sample_weight": sample_weight, "colour": colour}
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

    def predict(self, X):
        return np.repeat(self.classes_[0], len(X))


def test_members_get_the_metadata_that_they_request_for_their_rows():
    with config_context(enable_metadata_routing=True):
        model = HierarchicalEnsembleClassifier(
            RecorderRouting().set_fit_request(sample_weight=True, colour=False),
            RecorderRouting().set_fit_request(sample_weight=True, colour=True),
            {"A/F": RecorderRouting().set_fit_request(sample_weight=False, colour="tint")},
            groups=["ABC", "DEF"],
            confusables=["AF"],
            cv=GroupKFold(2).set_split_request(groups=True),
        ).fit(X_ROUTING, Y, sample_weight=np.arange(1.0, 61), colour="red", tint="blue", groups=np.arange(60) % 3)
    seen = {name: member.seen_ for name, member in model.members_.items()}
    assert seen["router"]["colour"] is None
    np.testing.assert_array_equal(seen["router"]["sample_weight"], np.arange(1.0, 61))
    assert seen["specialist:D-F"]["colour"] == "red"
    np.testing.assert_array_equal(seen["specialist:D-F"]["sample_weight"], np.arange(1.0, 61)[np.isin(Y, list("DEF"))])
    assert seen["expert:A/F"] == {"rows": 20, "sample_weight": None, "colour": "blue"}


def test_metadata_without_a_request_raises():
    with config_context(enable_metadata_routing=True), pytest.raises(UnsetMetadataPassedError):
        HierarchicalEnsembleClassifier(LogisticRegression(), RecorderRouting(), groups=["ABC", "DEF"]).fit(
            X_ROUTING, Y, sample_weight=np.ones(60)
        )


@pytest.mark.parametrize("routing", [False, True])
def test_a_pipeline_that_ends_in_an_ensemble_has_a_score(routing):
    with config_context(enable_metadata_routing=routing):
        member = LogisticRegression()
        pipeline = make_pipeline(
            StandardScaler(), HierarchicalEnsembleClassifier(member, member, groups=["ABC", "DEF"])
        )
        pipeline.fit(X_ROUTING, Y)
        assert pipeline.score(X_ROUTING, Y) == (pipeline.predict(X_ROUTING) == Y).mean()
