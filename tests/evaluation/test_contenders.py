"""The flat controls: equal parameters to within half a unit."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation import EqualParameters, scale_hidden_layers, standard_contenders
from ensemble_hwr.exceptions import ConfigError


def parameters(sizes):
    return sum((a + 1) * b for a, b in pairwise(sizes))


@given(st.lists(st.integers(5, 60), min_size=1, max_size=3), st.integers(2_000, 60_000), st.integers(3, 30))
def test_no_other_scale_comes_nearer_by_more_than_a_unit_in_each_layer(layers, wanted, n_classes):
    X = np.zeros((1, 20))
    sizes = scale_hidden_layers(MLPClassifier(tuple(layers)), wanted, X, n_classes).hidden_layer_sizes
    wider = parameters((20, *(size + 1 for size in sizes), n_classes))
    narrower = parameters((20, *(max(1, size - 1) for size in sizes), n_classes))
    assert narrower <= wanted <= wider


def test_two_classes_have_one_output():
    scaled = scale_hidden_layers(MLPClassifier((3,)), 1_101, np.zeros((1, 9)), 2)
    assert scaled.hidden_layer_sizes == (100,)
    fitted = MLPClassifier((100,), max_iter=1, solver="lbfgs", tol=1e9).fit(np.eye(9), [0, 1, 0, 1, 0, 1, 0, 1, 0])
    assert sum(a.size for a in (*fitted.coefs_, *fitted.intercepts_)) == 1_101


def test_features_are_counted_after_the_view():
    squares = make_pipeline(PolynomialFeatures(2, include_bias=False), MLPClassifier((1,)))
    scaled = scale_hidden_layers(squares, 7 * 100 + 1 * 4, np.ones((2, 2)) * [1, 2], 1)
    assert scaled[-1].hidden_layer_sizes == (100,)


def test_a_committee_shares_the_parameters():
    committee = VotingClassifier([(name, MLPClassifier((4,))) for name in "abc"], voting="soft")
    sized = EqualParameters(committee).sized(3 * (100 * 16 + 5), np.zeros((1, 10)), 5)
    assert [member.hidden_layer_sizes for _, member in sized.estimators] == [(100,)] * 3
    assert committee.estimators[0][1].hidden_layer_sizes == (4,)


def test_the_standard_contenders():
    view = PolynomialFeatures(2)
    router = Pipeline([("view", view), ("mlp", MLPClassifier((9,)))])
    hierarchy = HierarchicalEnsembleClassifier(router, router, router, confusables=["BP"], trust="learned")
    contenders = standard_contenders(hierarchy, views=[view, "passthrough"])
    assert list(contenders) == ["baseline", "flat", "committee", "hard", "hierarchical"]
    assert contenders["baseline"].hidden_layer_sizes == (100, 100, 100)
    assert contenders["hierarchical"] is hierarchy
    assert contenders["hard"].routing == "hard"
    assert contenders["hard"].confusables is None
    assert hierarchy.routing == "soft"
    views = [member.named_steps["view"] for _, member in contenders["committee"].template.estimators]
    assert [isinstance(step, str) for step in views] == [False, True, False]


def test_controls_need_an_mlp_to_scale():
    hierarchy = HierarchicalEnsembleClassifier(LogisticRegression())
    with pytest.raises(ConfigError, match="the router is a LogisticRegression"):
        standard_contenders(hierarchy, views=["passthrough"])
    assert "flat" in standard_contenders(hierarchy, views=["passthrough"], flat=MLPClassifier())


@pytest.mark.parametrize("template", [MLPClassifier(()), GaussianNB(), make_pipeline("passthrough", MLPClassifier([]))])
def test_what_has_no_hidden_layers_is_refused_before_anything_is_fitted(template):
    committee = VotingClassifier([("one", MLPClassifier((5,))), ("two", template)])
    for unfit in (template, committee):
        with pytest.raises(ConfigError, match="scaled by its hidden layers"):
            EqualParameters(unfit)
        with pytest.raises(ConfigError, match="scaled by its hidden layers"):
            scale_hidden_layers(unfit, 100, np.zeros((1, 4)), 3)


def test_a_committee_needs_a_view():
    with pytest.raises(ConfigError, match="views is empty"):
        standard_contenders(HierarchicalEnsembleClassifier(MLPClassifier((5,))), views=[])
