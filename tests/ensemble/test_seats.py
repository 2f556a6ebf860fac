"""A committee that is fitted seat by seat is the committee that scikit-learn fits."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr import AugmentedMLPClassifier, MemberMLPClassifier
from ensemble_hwr.ensemble._parallel import FitTask, assemble_voting, run_tasks, split_voting

X = np.random.default_rng(0).random((60, 5))
Y = np.where(X[:, 0] > 0.6, "B", np.where(X[:, 1] > 0.5, "P", "D"))
ROWS = np.arange(60)
SEATS = [
    ("one", make_pipeline(StandardScaler(), MemberMLPClassifier((4,), max_iter=5, random_state=1))),
    ("gone", "drop"),
    ("two", AugmentedMLPClassifier((3,), max_iter=3, random_state=2)),
]
COMMITTEE = VotingClassifier(SEATS, voting="soft", weights=[2, 1, 1])


def job(estimator, **params):
    return FitTask("expert:second", clone(estimator), ROWS, Y, params)


def test_it_answers_bit_for_bit_what_the_undivided_one_answers():
    whole = clone(COMMITTEE).fit(X, Y)
    (divided,) = run_tasks([job(COMMITTEE)], X)
    np.testing.assert_array_equal(divided.predict_proba(X), whole.predict_proba(X))
    assert divided.predict(X).tolist() == whole.predict(X).tolist()
    assert [type(seat) for seat in divided.estimators_] == [type(seat) for seat in whole.estimators_]
    assert divided.named_estimators_["two"] is divided.estimators_[1]
    assert divided.named_estimators_["gone"] == "drop"
    assert sorted(vars(divided)) == sorted(vars(whole))
    assert repr(divided) == repr(whole)


def test_weights_of_rows_reach_every_seat():
    weight = np.random.default_rng(1).random(60)
    plain = VotingClassifier([("a", MemberMLPClassifier((3,), max_iter=3, random_state=0)), SEATS[2]], voting="soft")
    (divided,) = run_tasks([job(plain, sample_weight=weight)], X)
    whole = clone(plain).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(divided.predict_proba(X), whole.predict_proba(X))


def test_each_seat_is_a_fit_of_its_own_and_anything_else_is_one():
    seats = split_voting(job(COMMITTEE))
    assert [seat.name for seat in seats] == ["expert:second, one", "expert:second, two"]
    assert all(set(seat.target) == {0, 1, 2} for seat in seats)
    single = job(MemberMLPClassifier())
    assert split_voting(single) == [single]
    assert assemble_voting(single, [single], ["fitted"]) == "fitted"
    with config_context(enable_metadata_routing=True):
        assert len(split_voting(job(COMMITTEE))) == 1


@pytest.mark.parametrize("weights", [[1], [1, 2, 3, 4]])
def test_a_committee_that_scikit_learn_would_refuse_is_refused(weights):
    wrong = VotingClassifier(SEATS, voting="soft", weights=weights)
    with pytest.raises(ValueError, match="Number of `estimators` and weights must be equal"):
        run_tasks([job(wrong)], X)
