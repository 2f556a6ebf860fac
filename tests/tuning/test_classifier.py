import numpy as np
import optuna
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr import MemberMLPClassifier
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.tuning import TunedClassifier

X, Y = load_iris(return_X_y=True)
SPACE = {"C": {"low": 0.01, "high": 100.0, "log": True}}


def tuned(estimator=None, space=None, **settings):
    return TunedClassifier(
        LogisticRegression(max_iter=300) if estimator is None else estimator,
        SPACE if space is None else space,
        **{"n_trials": 4, "cv": 2, "random_state": 0, **settings},
    )


@parametrize_with_checks([TunedClassifier(LogisticRegression(), {"C": [0.1, 1.0]}, n_trials=2, cv=2, random_state=0)])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_the_best_parameters_are_found_and_fitted():
    model = tuned(n_trials=6).fit(X, Y)
    assert model.best_params_["C"] == model.best_estimator_.C
    assert model.best_score_ == np.nanmin(model.cv_results_["mean_test_score"])
    assert model.cv_results_["params"][0] == {"C": 1.0}  # as it was
    assert model.cv_results_["rank_test_score"].min() == 1
    assert model.score(X, Y) > 0.9
    np.testing.assert_array_equal(tuned(n_trials=6).fit(X, Y).predict_proba(X), model.predict_proba(X))


def test_within_a_pipeline_around_one_and_in_cross_validation():
    inside = make_pipeline(StandardScaler(), tuned())
    assert cross_val_score(inside, X, Y, cv=2).mean() > 0.9
    around = tuned(make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1.0]})
    assert set(around.fit(X, Y).best_params_) == {"logisticregression__C"}


def test_networks_are_pruned_by_epochs():
    space = {
        "membermlpclassifier__hidden_layer_sizes": {"n": [1, 2], "width": {"low": 2, "high": 16}},
        "membermlpclassifier__learning_rate_init": {"low": 1e-6, "high": 0.05, "log": True},
    }
    network = make_pipeline(StandardScaler(), MemberMLPClassifier((8,), max_iter=20, learning_rate_init=0.01))
    model = tuned(network, space, n_trials=14).fit(X, Y)
    states = model.cv_results_["state"].tolist()
    assert "pruned" in states
    pruned = model.study_.trials[states.index("pruned")]
    assert 1 < len(pruned.intermediate_values) < 40
    assert isinstance(model.best_params_["membermlpclassifier__hidden_layer_sizes"], list)


def test_two_processes_make_the_trials_between_them():
    assert len(tuned(n_jobs=2, n_trials=5).fit(X, Y).study_.trials) >= 5


def test_a_study_is_gone_on_with(tmp_path):
    where = str(tmp_path / "journal.log")
    tuned(storage=where, n_trials=2).fit(X, Y)
    model = tuned(storage=where, n_trials=4).fit(X, Y)
    assert len(model.study_.trials) == 4
    whole = tuned(n_trials=4).fit(X, Y)
    assert [trial.params for trial in model.study_.trials] == [trial.params for trial in whole.study_.trials]
    with pytest.raises(ConfigError, match="the labels and the folds changed"):
        tuned(storage=where).fit(X[:100], Y[:100])


def test_groups_and_weights_and_scorers():
    model = tuned(cv=GroupKFold(3), scoring="balanced_accuracy")
    model.fit(X, Y, groups=np.arange(150) % 6, sample_weight=np.ones(150))
    assert 0.8 < model.best_score_ <= 1
    assert isinstance(model.study_, optuna.Study)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"c": [1.0]}, "'c' is no parameter of LogisticRegression"),
        ({"C": {"low": 2, "high": 1}}, "C.low: got 2, which is more than high"),
        ({"C": {"low": 0.0, "high": 1.0, "log": True}}, "a logarithm needs numbers above 0"),
        ({"C": [1.0, float("nan")]}, "cannot be stored"),
        ({}, "no parameter to search"),
    ],
)
def test_spaces_that_are_none_are_refused(space, message):
    with pytest.raises(ConfigError, match=message):
        tuned(space=space).fit(X, Y)


def test_trials_that_all_fail_and_searches_without_end_are_told():
    with pytest.raises(ValueError, match="no trial was completed; InvalidParameterError: The 'C'"):
        tuned(space={"C": [-1.0, -2.0]}).fit(X, Y)
    with pytest.raises(ValueError, match="would never end"):
        tuned(n_trials=None).fit(X, Y)
