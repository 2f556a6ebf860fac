"""Standard contenders of a comparison."""

import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import PolynomialFeatures

from ensemble_hwr.config.schema import STANDARD_CONTENDERS
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation import standard_contenders
from ensemble_hwr.evaluation.contenders import logistic_regression
from ensemble_hwr.exceptions import ConfigError
from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures


def test_the_standard_contenders():
    view = PolynomialFeatures(2)
    router = Pipeline([("view", view), ("mlp", MLPClassifier((9,)))])
    hierarchy = HierarchicalEnsembleClassifier(router, router, router, confusables=["BP"], trust="learned")
    contenders = standard_contenders(hierarchy, views=[view, "passthrough"])
    assert tuple(contenders) == STANDARD_CONTENDERS
    assert contenders["baseline"].hidden_layer_sizes == (100, 100, 100)
    assert contenders["hierarchical"] is hierarchy
    assert contenders["top_down"].routing == "top_down"
    assert contenders["top_down"].confusables is None
    assert hierarchy.routing == "soft"
    views = [member.named_steps["view"] for _, member in contenders["committee"].template.estimators]
    assert [isinstance(step, str) for step in views] == [False, True, False]


def test_flat_controls_need_an_mlp_as_template():
    hierarchy = HierarchicalEnsembleClassifier(LogisticRegression())
    with pytest.raises(ConfigError, match="the router is a LogisticRegression"):
        standard_contenders(hierarchy, views=["passthrough"])
    assert "flat" in standard_contenders(hierarchy, views=["passthrough"], flat=MLPClassifier())


def test_a_committee_needs_a_view():
    with pytest.raises(ConfigError, match="views: got none"):
        standard_contenders(HierarchicalEnsembleClassifier(MLPClassifier((5,))), views=[])


def test_a_committee_of_augmented_mlps_has_the_views_as_their_features():
    router = AugmentedMLPClassifier((9,), features=GradientFeatures(), augmenter=Augmenter(rotation=3))
    contenders = standard_contenders(
        HierarchicalEnsembleClassifier(router), views=[GradientFeatures(grid=4), "passthrough"]
    )
    assert contenders["flat"].template is router
    members = [member for _, member in contenders["committee"].template.estimators]
    assert [getattr(member.features, "grid", None) for member in members] == [4, None, 4]
    assert [member.augmenter.rotation for member in members] == [3, 3, 3]
    assert router.features.grid == GradientFeatures().grid


def test_a_committee_of_augmented_classifiers_augments_before_each_view():
    router = AugmentedClassifier(Pipeline([("view", GradientFeatures()), ("mlp", MLPClassifier((9,)))]), copies=2)
    contenders = standard_contenders(
        HierarchicalEnsembleClassifier(router), views=[GradientFeatures(grid=4), "passthrough"]
    )
    members = [member for _, member in contenders["committee"].template.estimators]
    assert [member.copies for member in members] == [2, 2, 2]
    assert [getattr(member.estimator["view"], "grid", None) for member in members] == [4, None, 4]
    assert all(member.estimator["mlp"].hidden_layer_sizes == (9,) for member in members)


NETWORK = Pipeline([("view", GradientFeatures(grid=4)), ("mlp", MLPClassifier((9,)))])


@pytest.mark.parametrize(
    ("template", "grid"),
    [
        (NETWORK, 4),
        (AugmentedClassifier(NETWORK, copies=2), 4),
        (AugmentedMLPClassifier((9,), features=GradientFeatures(grid=5), augmenter=Augmenter()), 5),
        (VotingClassifier([("one", NETWORK), ("two", MLPClassifier())]), 4),
    ],
)
def test_logistic_regression_has_the_features_of_the_flat_contender_without_its_augmentation(template, grid):
    logreg = logistic_regression(template)
    assert [type(step) for _, step in logreg.steps] == [GradientFeatures, LogisticRegression]
    assert logreg["view"].grid == grid


def test_logistic_regression_without_features_is_on_raw_samples():
    assert isinstance(logistic_regression(MLPClassifier()), LogisticRegression)


def test_the_flat_contender_of_equal_macs_has_the_view_of_the_flat_contender_or_the_cheapest_one():
    views = [GradientFeatures(grid=9), GradientFeatures(grid=5)]
    contenders = standard_contenders(HierarchicalEnsembleClassifier(NETWORK), views=views)
    assert contenders["flat_macs"].template is NETWORK
    assert contenders["flat_macs"].views == ()
    assert contenders["flat_macs_cheap"].views == tuple(views)
