"""Parts of composite estimators, and keywords of fits: weights for the classifier at the end, rows of parts."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ensemble_hwr import AugmentedClassifier, AugmentedMLPClassifier, MemberMLPClassifier
from ensemble_hwr._composites import (
    children,
    params_of_rows,
    random_state_names,
    replace_classifier,
    seed_all,
    unwrap,
    vote_weights,
    weight_params,
)
from ensemble_hwr.ensemble._members import LabelEncodedClassifier

WEIGHT = np.arange(1.0, 5.0)
X, Y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("estimator", "key"),
    [
        (None, "sample_weight"),
        (LogisticRegression(), "sample_weight"),
        (make_pipeline(StandardScaler(), GaussianNB()), "gaussiannb__sample_weight"),
        (Pipeline([("outer", Pipeline([("inner", GaussianNB())]))]), "outer__inner__sample_weight"),
    ],
)
def test_weights_reach_the_estimator(estimator, key):
    params = weight_params(estimator, WEIGHT, "member")
    assert params == {key: WEIGHT}
    if estimator is not None:
        estimator.fit(X, Y, **params)


def test_weights_of_a_pipeline_are_those_of_its_last_step():
    piped = make_pipeline(StandardScaler(with_mean=False, with_std=False), GaussianNB())
    piped.fit(X, Y, **weight_params(piped, WEIGHT, "member"))
    np.testing.assert_allclose(piped[-1].theta_, GaussianNB().fit(X, Y, WEIGHT).theta_)
    assert not np.allclose(piped[-1].theta_, GaussianNB().fit(X, Y).theta_)


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), make_pipeline(StandardScaler(), KNeighborsClassifier())])
def test_an_estimator_that_accepts_no_weights_is_named(estimator):
    with pytest.raises(TypeError, match="the specialist:A-D is a KNeighborsClassifier, whose fit accepts none"):
        weight_params(estimator, WEIGHT, "specialist:A-D")


def test_a_fit_with_any_keyword_accepts_weights():
    class Any:
        def fit(self, X, y, **params):
            """Take whatever comes."""

    assert weight_params(Any(), WEIGHT, "member") == {"sample_weight": WEIGHT}


@pytest.fixture
def pipeline():
    return make_pipeline(StandardScaler(), make_pipeline("passthrough", StandardScaler()), MemberMLPClassifier((3,)))


def test_unwrap_goes_through_pipelines_and_wrappers(pipeline):
    transformers, classifier = unwrap(AugmentedClassifier(pipeline))
    assert [type(step) for step in transformers] == [StandardScaler, StandardScaler]
    assert classifier is pipeline[-1]
    assert unwrap(GaussianNB())[0] == []


def test_unwrap_returns_fitted_parts_and_opens_networks_on_demand():
    model = AugmentedMLPClassifier((3,), features=StandardScaler(), max_iter=1).fit(X, Y)
    assert unwrap(model) == ([], model)
    assert unwrap(model, networks=True) == ([model.features_], model.mlp_)
    assert children(model) == [model.features_, model.mlp_]
    assert unwrap(AugmentedMLPClassifier(), networks=True)[0] == []
    wrapped = LabelEncodedClassifier(GaussianNB()).fit(X, Y)
    assert unwrap(wrapped)[1] is wrapped.estimator_
    assert children(wrapped) == [wrapped.estimator_]


def test_children_of_voting_before_and_after_fit():
    voting = VotingClassifier([("a", GaussianNB()), ("b", "drop")])
    assert children(voting) == [voting.estimators[0][1]]
    assert children(voting.fit(X, Y)) == voting.estimators_
    assert children(GaussianNB()) == []


def test_replace_classifier_keeps_what_is_around_it(pipeline):
    voting = VotingClassifier([("a", pipeline), ("b", "drop"), ("c", AugmentedClassifier(MemberMLPClassifier()))])
    found = replace_classifier(voting, lambda _: GaussianNB())
    assert isinstance(found.estimators[0][1][-1], GaussianNB)
    assert found.estimators[1][1] == "drop"
    assert isinstance(found.estimators[2][1].estimator, GaussianNB)
    assert isinstance(voting.estimators[0][1][-1], MemberMLPClassifier)


@pytest.mark.parametrize(("weights", "expected"), [(None, [0.5, 0.5]), ([3, 9, 1], [0.75, 0.25])])
def test_vote_weights_leave_out_dropped_voters(weights, expected):
    voting = VotingClassifier([("a", GaussianNB()), ("b", "drop"), ("c", GaussianNB())], weights=weights)
    assert vote_weights(voting).tolist() == expected


def test_seed_all_draws_every_random_state_or_keeps_them():
    voting = VotingClassifier([("a", MemberMLPClassifier()), ("b", MemberMLPClassifier(random_state=3))])
    assert random_state_names(voting) == ["a__random_state", "b__random_state"]
    states = [voter.random_state for _, voter in seed_all(voting, np.random.RandomState(0)).estimators]
    assert len({*states, None, 3}) == 4
    assert [voter.random_state for _, voter in seed_all(voting, None).estimators] == [None, 3]


def test_params_of_rows_selects_rows_of_lists_and_sparse_matrices():
    params = {"groups": ["a", "b", "c", "d"], "extra": csr_array(X), "mode": "abcd", "scale": 2.0, "other": [1, 2]}
    selected = params_of_rows(params, np.array([1, 3]), n_samples=4)
    assert selected["groups"] == ["b", "d"]
    assert selected["extra"].toarray().ravel().tolist() == [1.0, 3.0]
    assert (selected["mode"], selected["scale"], selected["other"]) == ("abcd", 2.0, [1, 2])
