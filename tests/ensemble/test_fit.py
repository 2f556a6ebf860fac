"""Declared and derived sets, and the number of fits that they need."""

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble._fit import fit_hierarchy
from ensemble_hwr.ensemble._trainer import Trainer
from ensemble_hwr.ensemble.held_out import columns_by_router_label, gate_of
from ensemble_hwr.exceptions import HierarchyError

CLASSES = np.array(list("ABCDEF"))
PLACES = np.array([[0, 0], [0, 0.2], [9, 0], [9, 0.2], [0, 9], [0.2, 9]])  # A is close to B, C to D and E to F
CODES = np.tile(np.arange(6), 20)
X = PLACES[CODES] + np.random.default_rng(0).normal(scale=0.3, size=(120, 2))


class Counting(GaussianNB):
    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        return super().fit(X, y, sample_weight=sample_weight)


@pytest.fixture(autouse=True)
def nothing_fitted_yet():
    Counting.fits = 0


def fitted_hierarchy(**settings):
    template = Counting()
    model = HierarchicalEnsembleClassifier(template, template, template, group_size=2, n_jobs=1, **settings)
    trainer = Trainer(X, CODES, lambda _: {}, 1, 0, np.random.RandomState(0))
    return fit_hierarchy(model, trainer, CLASSES[CODES], classes=CLASSES, weight=np.ones(120), split_params={})


def as_lists(sets):
    return {name: labels.tolist() for name, labels in sets.items()}


def test_groups_and_sets_are_derived_from_what_is_confused():
    hierarchy = fitted_hierarchy(groups="derived", confusables="derived", max_confusables=3)
    pairs = [["A", "B"], ["C", "D"], ["E", "F"]]
    assert sorted(as_lists(hierarchy.groups).values()) == pairs
    assert sorted(as_lists(hierarchy.confusables).values()) == pairs


def test_declared_sets_are_kept_and_make_the_only_members():
    hierarchy = fitted_hierarchy(groups=["AF", "BCDE"], confusables={"mine": "AB"})
    assert as_lists(hierarchy.groups) == {"A/F": ["A", "F"], "B-E": list("BCDE")}
    assert as_lists(hierarchy.confusables) == {"mine": ["A", "B"]}
    assert [member.name for member in hierarchy.members] == ["specialist:A/F", "specialist:B-E", "expert:mine"]
    assert list(hierarchy.trust) == [member.name for member in hierarchy.members]


@pytest.mark.parametrize(
    ("settings", "fits"),
    [
        ({"trust": 0.5}, 1 + 3),  # nothing is estimated on held-out rows: every member is fitted once
        ({"cv": 2}, (1 + 3) * 3),
        ({"cv": 0.5}, (1 + 3) * 2),
        ({"trust": 0.5, "groups": "derived", "cv": 2}, 3 + 3),  # routers alone are fitted on folds
        ({"groups": ["ABCDEF"]}, 1),  # one group, no expert: no trust to learn
        ({"trust": 0.5, "calibration": "temperature", "cv": 2}, (1 + 3) * 3),  # the temperature is learned all the same
        ({"groups": ["ABCDEF"], "calibration": "temperature", "cv": 2}, 1 * 3),
        ({"router_target": "groups", "cv": 2}, 1 + 3),  # under a router of groups, trust in specialists is given ...
        ({"router_target": "groups", "cv": 2, "confusables": ["AF"]}, (1 + 4) * 3),  # ... but not in experts
    ],
)
def test_the_number_of_fits_is_minimal(settings, fits):
    fitted_hierarchy(**settings)
    assert Counting.fits == fits


def test_a_router_of_groups_is_fitted_on_their_names():
    hierarchy = fitted_hierarchy(router_target="groups", groups=["AF", "BCDE"])
    assert hierarchy.router.estimator.classes_.tolist() == ["A/F", "B-E"]
    assert hierarchy.trust == {"specialist:A/F": 1.0, "specialist:B-E": 1.0}


def test_members_are_fitted_on_the_labels_of_their_sets():
    for member in fitted_hierarchy(confusables=["AEF"]).members:
        assert member.estimator.classes_.tolist() == CLASSES[member.columns].tolist()


@pytest.mark.parametrize("setting", [{"groups": "derived"}, {"confusables": "derived"}])
def test_sets_cannot_be_derived_from_a_router_of_groups(setting):
    with pytest.raises(HierarchyError, match="needs a router of classes"):
        fitted_hierarchy(router_target="groups", **setting)


def test_columns_of_each_label_of_the_router():
    groups = {"x": np.array(["A", "F"]), "y": np.array(list("BCDE"))}
    columns = {label: answer.tolist() for label, answer in columns_by_router_label("groups", groups, CLASSES).items()}
    assert columns == {"x": [0, 5], "y": [1, 2, 3, 4]}
    assert list(columns_by_router_label("classes", groups, CLASSES)) == CLASSES.tolist()


def test_the_gate_follows_the_parameters():
    settings = HierarchicalEnsembleClassifier(min_mass=0.1, confidence_threshold=0.8, routing="top_down")
    gate = gate_of(settings, {"x": np.array(list("CA")), "y": np.array(list("BDEF"))}, CLASSES, "groups")
    assert (gate.min_mass, gate.confidence_threshold, gate.top_down, gate.router_of_groups) == (0.1, 0.8, True, True)
    assert gate.group_of.tolist() == [0, 1, 0, 1, 1, 1]
    gate = gate_of(HierarchicalEnsembleClassifier(), {"all": CLASSES}, CLASSES, "classes")
    assert (gate.top_down, gate.router_of_groups) == (False, False)
