"""What members did to test letters, against a hand-made hierarchy."""

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
    """Answers for each row what a table says for the row's number."""

    def __init__(self, classes="", table=()):
        self.classes = classes
        self.table = table

    def fit(self, X, y):
        self.classes_ = np.array(list(self.classes))
        return self

    def predict_proba(self, X):
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


def test_better_and_worse_are_counted(hierarchy):
    trace = trace_hierarchy(hierarchy, ROWS, LABELS)
    low, high = trace.members
    assert (low.name, low.role, low.classes) == ("specialist:A/B", "specialist", ("A", "B"))
    assert (low.trust, low.routed, low.improved, low.worsened) == (1.0, 3, 1, 1)
    assert (high.trust, high.routed, high.improved, high.worsened) == (0.0, 0, 0, 0)
    assert trace.groups == {"A/B": ("A", "B"), "C/D": ("C", "D")}


def test_a_perfect_router_decides_the_group_and_no_more(hierarchy):
    trace = trace_hierarchy(hierarchy, ROWS, LABELS)
    assert trace.router_accuracy == 0.5
    assert trace.perfect_router_accuracy == 0.75


def test_a_hierarchy_is_found_at_the_end_of_a_pipeline(hierarchy):
    piped = make_pipeline(FunctionTransformer(), hierarchy)
    assert trace_hierarchy(piped, ROWS, LABELS) == trace_hierarchy(hierarchy, ROWS, LABELS)


def test_operating_points_at_the_end_of_a_pipeline_count_the_steps_before():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.repeat(list("ABC"), 20)
    hierarchy = HierarchicalEnsembleClassifier(LogisticRegression(), groups=["ABC"])
    piped = make_pipeline(StandardScaler(), hierarchy).fit(X, y)
    points = trace_hierarchy(piped, X, y).operating_points
    assert points[-1].macs == count_macs(piped.set_params(hierarchicalensembleclassifier__confidence_threshold=1.0), X)
    inside = trace_hierarchy(piped[-1], piped[:-1].transform(X), y).operating_points
    assert points[-1].macs == inside[-1].macs + 3


def test_anything_else_has_no_trace():
    assert trace_hierarchy(LogisticRegression(), ROWS, LABELS) is None


def test_operating_points_go_from_the_router_alone_to_the_hierarchy_with_everybody_asked(hierarchy):
    trace = trace_hierarchy(hierarchy.set_params(confidence_threshold=0.7), ROWS, LABELS)
    first, last = trace.operating_points[0], trace.operating_points[-1]
    assert (first.confidence_threshold, first.accuracy) == (0.0, trace.router_accuracy)
    hierarchy.set_params(confidence_threshold=1.0)
    assert (last.confidence_threshold, last.accuracy) == (1.0, hierarchy.score(ROWS, LABELS))


def test_operating_points_cost_what_a_hierarchy_of_that_certainty_costs_and_leave_it_as_it_was():
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
