"""What a member's fit is given, on all rows and on parts of them."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_info

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


def test_a_member_sees_the_rows_of_its_set_within_the_part():
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


def test_a_part_with_one_class_of_the_set_or_none_is_no_error():
    ((first, second),) = fitted(member("AD", Recorder()), member("CD", Recorder()), parts=[np.array([0, 3, 1])])
    assert isinstance(first, DummyClassifier)
    np.testing.assert_array_equal(first.predict_proba(X[:2]), [[1], [1]])
    assert second is None


def test_parameters_with_a_value_a_sample_follow_their_rows_and_others_are_whole():
    given = {"sample_weight": np.arange(1.0, 11), "listed": list(range(10)), "word": "abcdefghij", "few": [1, 2]}
    ((one,),) = fitted(member("AC", Recorder()), params=given)
    assert one.params_["sample_weight"].tolist() == [1, 3, 4, 6, 7, 9]
    assert one.params_["listed"] == [0, 2, 3, 5, 6, 8]
    assert (one.params_["word"], one.params_["few"]) == ("abcdefghij", [1, 2])


def test_seeds_are_drawn_for_every_fit_and_are_the_same_again():
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


def test_a_set_without_a_template_gets_the_default_mlp_and_others_warn_as_they_like():
    ((default,),) = fitted(member("ABC"))
    assert isinstance(default, MemberMLPClassifier)
    assert default.classes_.tolist() == ["A", "B", "C"]
    with pytest.warns(ConvergenceWarning):
        fitted(member("ABC", MLPClassifier((3,), max_iter=2)))


def test_a_member_that_renames_its_labels_is_refused():
    class Numbers(Recorder):
        def fit(self, X, y, **params):
            self.classes_ = np.arange(len(np.unique(y)))
            return self

    with pytest.raises(HierarchyError, match="member 'expert:AB': its Numbers was fitted on"):
        fitted(member("AB", Numbers()))
