"""What an ensemble predicts by its plan is what its members say one by one, each asked for its predict_proba."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from ensemble_hwr import AugmentedMLPClassifier, GradientFeatures, HierarchicalEnsembleClassifier, generate_letters
from ensemble_hwr.ensemble import _hierarchical
from ensemble_hwr.ensemble._pooling import apply_members, gate_of
from ensemble_hwr.ensemble.held_out import MemberProblem, opinion_of, temper
from ensemble_hwr.ensemble.predictor import _PREDICTORS, predictor_of
from ensemble_hwr.preprocessing import Deskewer

LETTERS = generate_letters(390, writers=6, random_state=1)
ROWS = LETTERS.to_rows()
QUICK, UPRIGHT = GradientFeatures(grid=4), make_pipeline(Deskewer(), GradientFeatures(grid=5, aspect="root"))


def small(features, seed=0, epochs=3):
    return AugmentedMLPClassifier((12,), features=features, max_iter=epochs, batch_size=20, random_state=seed)


def committee():
    views = [UPRIGHT, QUICK, make_pipeline(Deskewer(), GradientFeatures(directions=12, grid=3, aspect="root"))]
    return VotingClassifier([(f"view{i}", small(view, i)) for i, view in enumerate(views)], voting="soft")


def ensemble(**given_settings):
    return HierarchicalEnsembleClassifier(
        **{
            "router": small(QUICK, epochs=8),
            "specialist": small(UPRIGHT),
            "expert": {
                "second": committee(),
                "B/P": make_pipeline(GradientFeatures(grid=5), LogisticRegression(max_iter=500)),
                "U/V/W": make_pipeline(UPRIGHT, GaussianNB()),
            },
            "confusables": {"second": "*", "B/P": "BP", "U/V/W": "UVW"},
            "trust": 0.7,
            "random_state": 0,
        }
        | given_settings
    )


@pytest.fixture(scope="module")
def of_classes():
    return ensemble().fit(ROWS[:260], LETTERS.target[:260])


@pytest.fixture(scope="module")
def of_groups():
    return ensemble(router_target="groups").fit(ROWS[:260], LETTERS.target[:260])


def evaluate_plainly(model, rows):
    """Ask each member for its predict_proba."""
    classes = model.classes_
    problem = MemberProblem.of_router(classes, model._router_target, model.groups_)
    probabilities = problem.predict(model.members_["router"], rows)
    gate = gate_of(model, model.groups_, classes, model._router_target)

    def predict(member, where):
        return opinion_of(member, rows[where], classes)

    for _ in apply_members(predictor_of(model).members, model.trust_, probabilities, predict=predict, gate=gate):
        pass
    return temper(probabilities, model.temperature_)


@settings(max_examples=15, deadline=None)
@given(
    blind=st.booleans(),
    routing=st.sampled_from(["soft", "top_down"]),
    min_mass=st.sampled_from([0, 0.02, 0.3]),
    confidence_threshold=st.sampled_from([0.5, 0.9, 0.99, 1]),
    trust=st.sampled_from([0, 0.3, 1]),
    temperature=st.sampled_from([1.0, 1.7]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 1000),
)
def test_it_is_the_plain_evaluation(
    of_classes, of_groups, *, blind, routing, min_mass, confidence_threshold, trust, temperature, dtype, seed
):
    model = copy.copy(of_groups if blind else of_classes)
    model.set_params(routing=routing, min_mass=min_mass, confidence_threshold=confidence_threshold)
    model.trust_ = model.trust_ | {"expert:second": trust}
    model.temperature_ = temperature
    rows = ROWS[np.random.default_rng(seed).integers(len(ROWS), size=40)].astype(dtype)
    np.testing.assert_allclose(model.predict_proba(rows), evaluate_plainly(model, rows), atol=1e-6)
    np.testing.assert_allclose(model.explain(rows).result, evaluate_plainly(model, rows), atol=1e-6)


def test_blocks_change_nothing(of_classes, monkeypatch):
    whole = of_classes.predict_proba(ROWS)
    for size in (1, 7, 100):
        monkeypatch.setattr(_hierarchical, "ROWS_AT_ONCE", size)
        np.testing.assert_allclose(of_classes.predict_proba(ROWS[:50]), whole[:50], atol=1e-6)


def test_members_that_share_a_view_share_its_computation(of_classes, monkeypatch):
    described = []

    def counted(self, X):
        described.append((self.grid, len(X)))
        return plain(self, X)

    plain = GradientFeatures._transform_checked
    monkeypatch.setattr(GradientFeatures, "_transform_checked", counted)
    model = copy.copy(of_classes).set_params(min_mass=0, confidence_threshold=1)
    model.predict_proba(ROWS)
    # quick: router and committee; upright: six specialists, committee, an expert; one view each for the others
    assert sorted(described) == [(3, 390), (4, 390), (5, 390), (5, 390)]
    described.clear()
    model.set_params(confidence_threshold=float(np.median(model.route(ROWS).max(axis=1))))
    asked = model.route_counts(ROWS)
    described.clear()
    model.predict_proba(ROWS)
    assert sum(n for grid, n in described if grid == 4) == asked["router"] == 390
    assert sum(n for grid, n in described if grid == 3) == asked["expert:second"]
    assert 0 < asked["expert:second"] < 390


def test_a_plan_is_made_once_and_again_when_a_member_is_another(of_classes):
    model = copy.copy(of_classes)
    first = predictor_of(model).functions
    assert predictor_of(model).functions is first
    model.set_params(confidence_threshold=0.5)
    assert predictor_of(model).functions is first
    model.members_ = model.members_ | {"expert:B/P": GaussianNB().fit(ROWS[:4], list("BPBP"))}
    assert predictor_of(model).functions is not first
    np.testing.assert_allclose(model.predict_proba(ROWS), evaluate_plainly(model, ROWS), atol=1e-6)


def test_a_plan_is_no_part_of_the_estimator_and_goes_with_it(of_classes):
    model = copy.copy(of_classes)
    before = dict(vars(model))
    expected = model.predict_proba(ROWS[:9])
    assert vars(model) == before
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(ROWS[:9]), expected)
    assert model in _PREDICTORS
    gone, held = weakref.ref(model), weakref.ref(_PREDICTORS[model])
    del model
    gc.collect()
    assert gone() is None
    assert held() is None
