"""Allowed values of config keys, at the limits of their ranges."""

import pytest
from pydantic import ValidationError

from ensemble_hwr.config.schema import (
    CompareSection,
    ExperimentConfig,
    HierarchySection,
    MemberChange,
    MemberSection,
    StepSection,
    ViewSection,
)


def hierarchy(**settings):
    return HierarchySection.model_validate(settings)


@pytest.mark.parametrize("cv", [2, 10, 0.5, 0.01])
def test_cv_is_a_number_of_folds_or_a_fraction(cv):
    assert hierarchy(cv=cv).cv == cv


@pytest.mark.parametrize("cv", [1, 0, -3, True, 0.0, 0.51, "3", None])
def test_other_cv_is_rejected(cv):
    with pytest.raises(ValidationError, match="a number of folds, 2 or more"):
        hierarchy(cv=cv)


@pytest.mark.parametrize("trust", ["learned", 0, 1, 0.5, {"expert:B/P": 0, "specialist:A-E": 1.0}])
def test_trust_is_learned_a_number_or_numbers_by_member(trust):
    assert hierarchy(trust=trust).trust == trust


@pytest.mark.parametrize("trust", ["full", -0.1, 1.1, True, None, [0.5], {"a": "learned"}, {"a": 2}, float("nan")])
def test_other_trust_is_rejected(trust):
    with pytest.raises(ValidationError, match="allowed: 'learned', a number from 0 to 1"):
        hierarchy(trust=trust)


TREE = {"x": {"a": "AB", "b": ["C", "D"]}, "y": "EF"}


@pytest.mark.parametrize(
    "groups", ["batches", "derived", ["AB", "CD"], [["A", "B"], "CD"], {"low": "AB", "high": ["C"]}, TREE, [["x", "A"]]]
)
def test_groups_are_a_keyword_or_sets(groups):
    assert hierarchy(groups=groups).groups == groups


@pytest.mark.parametrize(
    "groups", ["none", "AB", [], {}, [""], [[]], [["A", 1]], {"low": 3}, {"x": {"a": {}}}, {"x": {"a": 3}}, 3, None]
)
def test_other_groups_are_rejected(groups):
    with pytest.raises(ValidationError, match="'batches', 'derived', a list of sets"):
        hierarchy(groups=groups)


def test_a_member_change_keeps_other_settings():
    role = MemberSection(view="edges", params={"alpha": 0.1, "max_iter": 7})
    assert MemberChange().applied_to(role) == role
    changed = MemberChange(params={"alpha": 0.2}).applied_to(role)
    assert (changed.view, changed.estimator, changed.params) == ("edges", "mlp", {"alpha": 0.2, "max_iter": 7})
    assert MemberChange(estimator="mlp", view="pixels").applied_to(role).params == role.params


def test_another_estimator_does_not_inherit_parameters():
    role = MemberSection(params={"max_iter": 7})
    other = MemberChange(estimator="sklearn.naive_bayes.GaussianNB", params={"var_smoothing": 0.1}).applied_to(role)
    assert (other.estimator, other.params) == ("sklearn.naive_bayes.GaussianNB", {"var_smoothing": 0.1})


def test_a_step_has_a_name_and_parameters():
    assert StepSection.model_validate({"use": "pca"}).params == {}
    step = StepSection.model_validate({"use": "sklearn.preprocessing.StandardScaler", "with_mean": False})
    assert step.params == {"with_mean": False}
    with pytest.raises(ValidationError, match="has no such parameter"):
        StepSection.model_validate({"use": "sklearn.preprocessing.StandardScaler", "with_men": False})
    with pytest.raises(ValidationError, match="at least 1 item"):
        ViewSection.model_validate({"steps": []})


def test_a_classifier_needs_predict_proba_with_its_parameters():
    assert MemberSection(estimator="sklearn.linear_model.SGDClassifier", params={"loss": "log_loss"})
    with pytest.raises(ValidationError, match="has no predict_proba with these params"):
        MemberSection(estimator="sklearn.linear_model.SGDClassifier", params={"loss": "hinge"})


def test_a_repeated_contender_is_rejected():
    with pytest.raises(ValidationError, match="'flat' is in the list twice"):
        CompareSection(contenders=("flat", "top_down", "flat"))


@pytest.mark.parametrize(("seeds", "valid"), [([0], True), ([2**32 - 1, 0], True), ([2**32], False), ([1.0], False)])
def test_seeds_are_in_the_range_of_numpy(seeds, valid):
    config = {"name": "x", "data": {"format": "index", "path": "p"}, "seeds": seeds}
    if valid:
        assert ExperimentConfig.model_validate(config).seeds == tuple(seeds)
    else:
        with pytest.raises(ValidationError):
            ExperimentConfig.model_validate(config)
