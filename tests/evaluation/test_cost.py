"""Parameters and MACs compared with manual counts."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier
from ensemble_hwr.evaluation import count_macs, count_parameters
from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures

X, Y = load_iris(return_X_y=True)
MLP = MLPClassifier((7, 5), solver="lbfgs", max_iter=3000, alpha=1)
LINEAR = LogisticRegression(max_iter=3000)


@pytest.mark.parametrize(
    ("estimator", "parameters", "cost"),
    [
        (MLP, 4 * 7 + 7 + 7 * 5 + 5 + 5 * 3 + 3, 4 * 7 + 7 * 5 + 5 * 3),
        (LINEAR, 15, 12),
        (make_pipeline(StandardScaler(), "passthrough", LINEAR), 15, 4 + 12),
        (make_pipeline(PCA(2), LINEAR), 2 * 3 + 3, 4 * 2 + 2 * 3),
        (VotingClassifier([("a", LINEAR), ("b", MLP)], voting="soft"), 15 + 93, 12 + 78),
        (AugmentedMLPClassifier((7, 5), max_iter=1), 4 * 7 + 7 + 7 * 5 + 5 + 5 * 3 + 3, 4 * 7 + 7 * 5 + 5 * 3),
        (AugmentedMLPClassifier((7, 5), max_iter=1, features=StandardScaler()), 93, 4 + 78),
        (StackingClassifier([("a", LINEAR)], LINEAR, cv=2), 15 + 12, None),
        (DecisionTreeClassifier(), None, None),
        (make_pipeline(StandardScaler(), DecisionTreeClassifier()), None, None),
    ],
)
def test_counts(estimator, parameters, cost):
    fitted = estimator.fit(X, Y)
    assert count_parameters(fitted) == parameters
    if cost is not None or parameters is None:
        assert count_macs(fitted, X) == cost


def test_a_support_vector_machine_has_the_macs_of_all_support_vectors():
    svm = SVC().fit(X, Y)
    assert count_macs(svm, X) == len(svm.support_vectors_) * (4 + 2)


def test_a_hierarchy_has_the_macs_of_the_members_evaluated():
    hierarchy = HierarchicalEnsembleClassifier(
        LINEAR,
        LINEAR,
        MLP,
        groups=[[0, 1], [2]],
        confusables=[[1, 2]],
        trust=1.0,
        min_mass=0.1,
        confidence_threshold=0.9,
    ).fit(X, Y)
    counts = hierarchy.route_counts(X)
    assert 0 < counts["expert:1/2"] < 150
    spent = 12 + (4 * counts["specialist:0/1"] + (4 * 7 + 7 * 5 + 5) * counts["expert:1/2"]) / 150
    assert count_macs(hierarchy, X) == pytest.approx(spent)
    assert count_parameters(hierarchy) == 15 + 5 + (4 * 7 + 7 + 7 * 5 + 5 + 5 + 1)
    assert count_macs(make_pipeline(StandardScaler(), hierarchy).fit(X, Y), X) > 4 + 12


def rows_of_three():
    return np.random.default_rng(0).random((60, 784), dtype=np.float32), np.arange(60) % 3


def test_features_of_members_are_counted_in_composites():
    rows, labels = rows_of_three()
    view = GradientFeatures(grid=4)
    member = AugmentedMLPClassifier((6,), features=view, augmenter=Augmenter(), max_iter=1)
    fitted = member.fit(rows, labels)
    n_features = fitted.features_.transform(rows[:1]).shape[1]
    features = fitted.features_.macs_per_row()
    own = (n_features + 1) * 6 + 7 * 3
    assert features > 784
    assert count_parameters(fitted) == own
    assert count_macs(fitted, rows) == features + 6 * n_features + 6 * 3
    chained = clone(member).set_params(features=make_pipeline(view, StandardScaler())).fit(rows, labels)
    assert count_parameters(chained) == own
    assert count_macs(chained, rows) == features + n_features + 6 * n_features + 6 * 3
    committee = VotingClassifier([("a", member), ("b", clone(member).set_params(features=None))], voting="soft")
    committee.fit(rows, labels)
    assert count_parameters(committee) == own + 785 * 6 + 7 * 3
    assert count_macs(committee, rows) == features + 6 * n_features + 6 * 3 + 6 * 784 + 6 * 3


def test_features_of_members_of_a_hierarchy_are_counted():
    rows, labels = rows_of_three()
    member = AugmentedMLPClassifier((6,), features=GradientFeatures(grid=4), augmenter=Augmenter(), max_iter=1)
    hierarchy = HierarchicalEnsembleClassifier(
        member,
        member,
        member,
        groups=[[0, 1], [2]],
        confusables=[[1, 2]],
        trust=1.0,
        min_mass=0.0,
        confidence_threshold=1.0,
    ).fit(rows, labels)
    n_features = hierarchy.members_["router"].features_.transform(rows[:1]).shape[1]
    features = hierarchy.members_["router"].features_.macs_per_row()
    assert set(hierarchy.route_counts(rows).values()) == {60}
    assert count_parameters(hierarchy) == 3 * (n_features + 1) * 6 + 7 * 3 + 2 * 7 * 1
    assert count_macs(hierarchy, rows) == pytest.approx(3 * (features + 6 * n_features) + 6 * 3 + 2 * 6 * 1)


def test_features_are_counted():
    rows = np.random.default_rng(0).random((60, 784), dtype=np.float32)
    piped = make_pipeline(GradientFeatures(), LogisticRegression(max_iter=3000)).fit(rows, np.arange(60) % 3)
    features = piped[0].macs_per_row()
    assert features > 784
    assert count_macs(piped, rows) == features + piped[-1].coef_.size


def test_a_scaler_without_scaling_has_no_macs():
    X = np.random.default_rng(0).normal(size=(10, 3))
    assert count_macs(StandardScaler(with_std=False).fit(X), X) == 0


def test_augmentation_has_no_macs_at_prediction():
    rows = np.random.default_rng(0).random((30, 784), dtype=np.float32)
    augmented = AugmentedClassifier(LogisticRegression(max_iter=3000), Augmenter(), copies=1).fit(
        rows, np.arange(30) % 3
    )
    assert count_macs(augmented, rows) == 3 * 784
    assert count_parameters(augmented) == 3 * 785
