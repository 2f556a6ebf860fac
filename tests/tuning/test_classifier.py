"""TunedClassifier searches like GridSearchCV, with Optuna."""

import copy
import pickle
import time
from typing import ClassVar

import numpy as np
import optuna
import pytest
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

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
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_best_parameters_are_found_and_fitted():
    model = tuned(n_trials=6).fit(X, Y)
    assert model.best_params_["C"] == model.best_estimator_.C
    assert model.best_score_ == np.nanmax(model.cv_results_["mean_test_score"])
    assert model.best_score_ < 0  # minus the log-loss
    assert model.cv_results_["params"][0] == {"C": 1.0}  # the baseline
    assert model.cv_results_["rank_test_score"][np.nanargmax(model.cv_results_["mean_test_score"])] == 1
    assert model.score(X, Y) > 0.9
    np.testing.assert_array_equal(tuned(n_trials=6).fit(X, Y).predict_proba(X), model.predict_proba(X))


def test_works_inside_and_around_a_pipeline():
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


def test_two_processes_share_the_trials():
    assert len(tuned(n_jobs=2, n_trials=5).fit(X, Y).study_.trials) >= 5


def test_stored_study_is_resumed(tmp_path):
    where = str(tmp_path / "journal.log")
    tuned(storage=where, n_trials=2).fit(X, Y)
    model = tuned(storage=where, n_trials=4).fit(X, Y)
    assert len(model.study_.trials) == 4
    whole = tuned(n_trials=4).fit(X, Y)
    assert [trial.params for trial in model.study_.trials] == [trial.params for trial in whole.study_.trials]
    with pytest.raises(ConfigError, match="the labels and the folds changed"):
        tuned(storage=where).fit(X[:100], Y[:100])


def test_groups_weights_and_scorers():
    model = tuned(cv=GroupKFold(3), scoring="balanced_accuracy")
    model.fit(X, Y, groups=np.arange(150) % 6, sample_weight=np.ones(150))
    assert 0.8 < model.best_score_ <= 1
    assert isinstance(model.study_, optuna.Study)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"c": [1.0]}, "'c' is not a parameter of LogisticRegression"),
        ({"C": {"low": 2, "high": 1}}, "C.low: got 2, which is above high"),
        ({"C": {"low": 0.0, "high": 1.0, "log": True}}, "a logarithmic scale starts above 0"),
        ({"C": [1.0, float("nan")]}, "cannot be stored"),
        ({}, "has no parameter"),
    ],
)
def test_invalid_spaces_are_rejected(space, message):
    with pytest.raises(ConfigError, match=message):
        tuned(space=space).fit(X, Y)


def test_errors_of_failed_trials_and_of_a_missing_budget():
    with pytest.raises(ValueError, match="no trial was completed; InvalidParameterError: The 'C'"):
        tuned(space={"C": [-1.0, -2.0]}).fit(X, Y)
    with pytest.raises(ValueError, match="would never end"):
        tuned(n_trials=None).fit(X, Y)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "neg_brier_score", "balanced_accuracy"])
def test_best_score_is_that_of_the_scorer(scoring):
    """Greater is better, as in GridSearchCV."""
    model = tuned(scoring=scoring, space={"C": [1.0]}, n_trials=1, cv=KFold(2, shuffle=True, random_state=0)).fit(X, Y)
    search = GridSearchCV(LogisticRegression(max_iter=300), {"C": [1.0]}, scoring=scoring, cv=model.cv).fit(X, Y)
    assert model.best_score_ == pytest.approx(search.best_score_, abs=1e-6)


def test_sample_weight_is_a_parameter_of_fit():
    assert has_fit_parameter(TunedClassifier, "sample_weight")
    weight = np.where(Y == 0, 0.001, 1.0)
    base = tuned(space={"C": [1.0]}, n_trials=1)
    calibrated = CalibratedClassifierCV(base, cv=2, ensemble=False)
    weighted = calibrated.fit(X, Y, sample_weight=weight).predict_proba(X)
    assert not np.allclose(weighted, calibrated.fit(X, Y).predict_proba(X))
    with pytest.raises(TypeError, match=r"fit got \['colour'\]; without metadata routing"):
        base.fit(X, Y, colour=weight)


def model_seed(random_state):
    """Return the seed of folds and fits."""
    return int(np.random.RandomState(random_state).randint(np.iinfo(np.int32).max))


class WeightRecorder(LogisticRegression):
    """A classifier that records the sums of its weights."""

    sums: ClassVar[list] = []

    def fit(self, X, y, sample_weight=None):
        self.sums.append(None if sample_weight is None else float(np.sum(sample_weight)))
        return super().fit(X, y, sample_weight)


@pytest.fixture
def routing():
    WeightRecorder.sums.clear()
    with config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_metadata_are_routed_to_the_estimator_and_to_the_splitter():
    weight, groups = np.full(150, 2.0), np.arange(150) % 6
    estimator = WeightRecorder(max_iter=300).set_fit_request(sample_weight=True)
    model = tuned(estimator, cv=GroupKFold(3), n_trials=1).set_fit_request(sample_weight=True)
    outer = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
    outer.fit(X, Y, sample_weight=weight, groups=groups)
    assert WeightRecorder.sums == [200.0] * 3 + [300.0]
    router = get_routing_for_object(model)
    assert router.consumes("fit", ["sample_weight", "groups", "colour"]) == {"sample_weight", "groups"}
    with pytest.raises(TypeError, match="colour"):
        model.fit(X, Y, colour=weight)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize(("in_fit", "in_score"), [(True, False), (False, True)])
def test_weights_are_used_where_they_are_requested(in_fit, in_score):
    weight = np.where(Y == 1, 50.0, 1.0)
    estimator = WeightRecorder(max_iter=300).set_fit_request(sample_weight=in_fit)
    model = tuned(estimator, {"C": [0.01]}, n_trials=1).set_fit_request(sample_weight=in_score)
    model.fit(X, Y, sample_weight=weight)
    assert (WeightRecorder.sums[-1] == weight.sum()) == in_fit
    scores, folds = [], StratifiedKFold(2, shuffle=True, random_state=model_seed(0)).split(X, Y)
    for train, valid in folds:
        fitted = LogisticRegression(max_iter=300, C=0.01).fit(X[train], Y[train], weight[train] if in_fit else None)
        scored = weight[valid] if in_score else None
        scores.append(-log_loss(Y[valid], fitted.predict_proba(X[valid]), sample_weight=scored))
    assert model.best_score_ == pytest.approx(np.mean(scores), abs=1e-6)


@pytest.mark.usefixtures("routing")
def test_weights_without_a_request_are_rejected():
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        tuned(WeightRecorder(), n_trials=1).fit(X, Y, sample_weight=np.ones(150))


def test_copied_and_pickled_models_have_no_study():
    model = tuned(n_trials=2).fit(X, Y)
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
        assert copied.best_score_ == model.best_score_
        with pytest.raises(AttributeError, match="was copied or loaded without its study"):
            copied.study_  # noqa: B018
    assert len(model.study_.trials) == 2
    with pytest.raises(AttributeError, match="is not fitted"):
        tuned().study_  # noqa: B018


def test_warnings_of_trials_are_stored_and_not_printed():
    """scikit-learn warns in each fit if the batches are larger than the training part of a fold."""
    network = MemberMLPClassifier((4,), max_iter=2, batch_size=90)
    model = tuned(network, {"alpha": [1e-4, 1e-2]}, n_trials=2).fit(X, Y)
    for trial in model.study_.trials:
        assert any("batch_size" in message for message in trial.user_attrs["warnings"])


def test_timeout_is_in_seconds():
    started = time.monotonic()
    model = tuned(n_trials=None, timeout=0.5, space=SPACE).fit(X, Y)
    assert len(model.study_.trials) >= 1
    assert time.monotonic() - started < 20
