"""Parameters that a hierarchy will have, against those that it turns out to have."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from ensemble_hwr.datasets.handwriting import generate_letters
from ensemble_hwr.ensemble import AugmentedMLPClassifier, HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.evaluation import count_parameters, parameters_of
from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter, GradientFeatures

LETTERS = generate_letters(120, letters="ABCD", writers=4, random_state=0)
ROWS = LETTERS.to_rows()
VIEW = GradientFeatures(grid=4)
EPOCHS = AugmentedMLPClassifier((6,), features=VIEW, augmenter=Augmenter(), max_iter=3)


@pytest.mark.parametrize(
    ("router", "specialist", "expert", "settings"),
    [
        (EPOCHS, EPOCHS, EPOCHS, {"groups": ["AB", "CD"], "confusables": ["BD"]}),
        (EPOCHS, EPOCHS, None, {"groups": "derived", "group_size": 2}),
        (
            AugmentedClassifier(make_pipeline(VIEW, MemberMLPClassifier((9,), max_iter=4)), copies=1),
            {"A/B": EPOCHS, "C/D": make_pipeline(VIEW, LogisticRegression(max_iter=500))},
            AugmentedClassifier(MemberMLPClassifier((5,), max_iter=2), copies=1),
            {"groups": ["AB", "CD"], "confusables": ["ABD"], "router_target": "groups"},
        ),
    ],
)
def test_they_are_those_of_the_hierarchy_that_is_fitted(router, specialist, expert, settings):
    hierarchy = HierarchicalEnsembleClassifier(router, specialist, expert, cv=2, random_state=0, **settings)
    before = repr(hierarchy)
    counted = parameters_of(hierarchy, ROWS, LETTERS.target)
    assert repr(hierarchy) == before
    assert counted == count_parameters(hierarchy.fit(ROWS, LETTERS.target))


def test_nothing_is_learned_to_count(monkeypatch):
    monkeypatch.setattr(Augmenter, "augment", None)
    passes = []
    monkeypatch.setattr(AugmentedMLPClassifier, "_pass", lambda self, *args: passes.append(self) or _pass(self, *args))
    hierarchy = HierarchicalEnsembleClassifier(EPOCHS, EPOCHS, groups=["AB", "CD"], trust="learned", random_state=0)
    parameters_of(hierarchy, ROWS, LETTERS.target)
    assert len(passes) == 3


def test_to_count_is_not_to_converge():
    plain = MLPClassifier((4,))
    assert parameters_of(HierarchicalEnsembleClassifier(plain, plain, groups=["AB", "CD"]), ROWS, LETTERS.target)


def test_members_without_weights_cannot_be_counted():
    bayes = GaussianNB()
    hierarchy = HierarchicalEnsembleClassifier(bayes, bayes, groups=["AB", "CD"])
    assert parameters_of(hierarchy, np.asarray(ROWS), LETTERS.target) is None


_pass = AugmentedMLPClassifier._pass
