"""Effect of members on test samples, for a hierarchy of given probabilities."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation import count_macs
from ensemble_hwr.evaluation._trace import trace_hierarchy


class Table(ClassifierMixin, BaseEstimator):
    """Classifier that returns the row of a table with the number of the sample, and counts the samples."""

    def __init__(self, classes="", table=()):
        self.classes = classes
        self.table = table

    def fit(self, X, y):
        self.classes_ = np.array(list(self.classes))
        return self

    def predict_proba(self, X):
        self.n_samples_ = getattr(self, "n_samples_", 0) + len(X)
        return np.array(self.table)[np.asarray(X)[:, 0].astype(int)]


ROUTER = [[0.5, 0.3, 0.1, 0.1], [0.3, 0.4, 0.2, 0.1], [0.1, 0.0, 0.4, 0.5], [0.6, 0.1, 0.2, 0.1]]
LOW = [[0.2, 0.8], [0.9, 0.1], [0.5, 0.5], [0.5, 0.5]]
ROWS, LABELS = np.arange(4.0)[:, None], np.array(list("BBDC"))


@pytest.fixture
def hierarchy():
    tables = {"A/B": Table("AB", LOW), "C/D": Table("CD", [[0.5, 0.5]] * 4)}
    return HierarchicalEnsembleClassifier(
        Table("ABCD", ROUTER), tables, groups=["AB", "CD"], trust={"specialist:A/B": 1.0, "specialist:C/D": 0.0}
    ).fit(np.arange(4.0)[:, None], list("ABCD"))


def test_improved_and_worsened_predictions_are_counted(hierarchy):
    trace = trace_hierarchy(hierarchy, ROWS, LABELS)
    low, high = trace.members
    assert (low.name, low.role, low.classes) == ("specialist:A/B", "specialist", ("A", "B"))
    assert (low.trust, low.routed, low.improved, low.worsened) == (1.0, 3, 1, 1)
    assert (high.trust, high.routed, high.improved, high.worsened) == (0.0, 0, 0, 0)
    assert trace.groups == {"A/B": ("A", "B"), "C/D": ("C", "D")}


def test_a_perfect_router_only_decides_the_group(hierarchy):
    trace = trace_hierarchy(hierarchy, ROWS, LABELS)
    assert trace.router_accuracy == 0.5
    assert trace.perfect_router_accuracy == 0.75


def test_a_hierarchy_at_the_end_of_a_pipeline_is_traced(hierarchy):
    piped = make_pipeline(FunctionTransformer(), hierarchy)
    assert trace_hierarchy(piped, ROWS, LABELS) == trace_hierarchy(hierarchy, ROWS, LABELS)


def test_operating_points_of_a_pipeline_include_the_macs_of_its_steps():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.repeat(list("ABC"), 20)
    hierarchy = HierarchicalEnsembleClassifier(LogisticRegression(), groups=["ABC"])
    piped = make_pipeline(StandardScaler(), hierarchy).fit(X, y)
    points = trace_hierarchy(piped, X, y).operating_points
    assert points[-1].macs == count_macs(piped.set_params(hierarchicalensembleclassifier__confidence_threshold=1.0), X)
    inside = trace_hierarchy(piped[-1], piped[:-1].transform(X), y).operating_points
    assert points[-1].macs == inside[-1].macs + 3


def test_other_estimators_have_no_trace():
    assert trace_hierarchy(LogisticRegression(), ROWS, LABELS) is None


def test_operating_points_go_from_the_router_alone_to_all_members(hierarchy):
    trace = trace_hierarchy(hierarchy.set_params(confidence_threshold=0.7), ROWS, LABELS)
    first, last = trace.operating_points[0], trace.operating_points[-1]
    assert (first.confidence_threshold, first.accuracy) == (0.0, trace.router_accuracy)
    hierarchy.set_params(confidence_threshold=1.0)
    assert (last.confidence_threshold, last.accuracy) == (1.0, hierarchy.score(ROWS, LABELS))


def test_operating_points_equal_a_hierarchy_of_that_threshold_and_leave_it_unchanged():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.repeat(list("ABC"), 20)
    hierarchy = HierarchicalEnsembleClassifier(
        LogisticRegression(),
        groups=["ABC"],
        confusables={"all": "*"},
        expert=LogisticRegression(),
        trust=1.0,
        confidence_threshold=0.9,
    ).fit(X, y)
    points = trace_hierarchy(hierarchy, X, y).operating_points
    assert hierarchy.confidence_threshold == 0.9
    found = next(point for point in points if point.confidence_threshold == 0.9)
    assert (found.accuracy, found.macs) == (hierarchy.score(X, y), count_macs(hierarchy, X))
    costs = [point.macs for point in points]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]


def test_router_and_members_are_evaluated_at_most_once_on_each_sample(hierarchy):
    trace_hierarchy(hierarchy, ROWS, LABELS)
    assert hierarchy.members_["router"].n_samples_ == 4
    assert hierarchy.members_["specialist:A/B"].n_samples_ <= 4


def test_macs_of_the_trace_are_those_of_the_hierarchy():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.repeat(list("ABC"), 20)
    linear = LogisticRegression()
    hierarchy = HierarchicalEnsembleClassifier(
        linear, linear, linear, groups=["AB", "C"], confusables=["BC"], trust=0.5
    )
    piped = make_pipeline(StandardScaler(), hierarchy).fit(X, y)
    assert trace_hierarchy(piped, X, y).macs == count_macs(piped, X)
