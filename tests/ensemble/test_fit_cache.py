"""Kept fits: found again when nothing changed, and never when anything did."""

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ensemble_hwr import HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.ensemble import fit_cache, fit_classifier
from ensemble_hwr.exceptions import FittingError

RNG = np.random.default_rng(0)
Y = np.tile(list("ABCDEF"), 20)
X = RNG.normal(size=(120, 4)) + np.repeat(np.eye(6, 4) * 3, 20, axis=0)[np.argsort(np.argsort(Y, kind="stable"))]
MEMBER = MemberMLPClassifier((4,), max_iter=3)


class Shelf:
    """Keeps in memory, and counts."""

    def __init__(self):
        self.kept, self.names, self.asked = {}, [], []

    def get(self, key):
        self.asked.append(key)
        return self.kept.get(key)

    def put(self, key, name, fitted):
        self.kept[key] = fitted
        self.names.append(name)


def hierarchy(**settings):
    settings = {"group_size": 2, "confusables": ["AF"], "cv": 2, "random_state": 0, "n_jobs": 1} | settings
    return HierarchicalEnsembleClassifier(MEMBER, MEMBER, MEMBER, **settings)


def fit(shelf, X=X, y=Y, params=None, **settings):
    with fit_cache(shelf):
        return hierarchy(**settings).fit(X, y, **(params or {}))


@pytest.fixture
def shelf():
    one = Shelf()
    fit(one)
    return one


def fitted_anew(shelf, **changes):
    """How many fits were made that were not found."""
    before = len(shelf.names)
    fit(shelf, **changes)
    return len(shelf.names) - before


def test_every_fit_is_kept_under_its_name_and_found_again(shelf):
    assert len(shelf.kept) == len(shelf.names) == (1 + 3 + 1) * 3
    assert set(shelf.names) == {"router", "specialist:A/B", "specialist:C/D", "specialist:E/F", "expert:A/F"}
    assert fitted_anew(shelf) == 0


def test_a_fit_of_kept_members_answers_the_same_bits(shelf):
    plain = hierarchy().fit(X, Y)
    again = fit(shelf)
    np.testing.assert_array_equal(plain.predict_proba(X), again.predict_proba(X))
    assert plain.trust_ == again.trust_


def test_another_process_finds_the_same_keys(shelf):
    in_two = Shelf()
    fit(in_two, n_jobs=2)
    assert set(in_two.kept) == set(shelf.kept)


def test_what_stopped_in_the_middle_goes_on_with_what_is_missing(shelf):
    for key in list(shelf.kept)[:4]:
        del shelf.kept[key]
    assert fitted_anew(shelf) == 4


def test_another_seed_row_label_or_weight_is_never_taken_for_the_same(shelf):
    other_row = X.copy()
    other_row[0, 0] += 1e-9
    other_label = Y.copy()
    other_label[[0, 1]] = other_label[[1, 0]]
    everything = len(shelf.kept)
    assert fitted_anew(shelf, random_state=1) == everything
    assert fitted_anew(shelf, X=other_row) == everything
    assert fitted_anew(shelf, y=other_label) > 0
    assert fitted_anew(shelf, params={"sample_weight": np.linspace(0.5, 1, 120)}) == everything


def test_members_that_are_the_same_are_shared_among_configs(shelf):
    """Seeds are drawn in order, so what is planned before a change keeps its own."""
    assert fitted_anew(shelf, confusables=["AF", "BC"]) < len(shelf.kept)
    assert fitted_anew(shelf, confidence_threshold=0.9) == 0


def test_nobody_keeps_outside_of_the_block(shelf):
    before = len(shelf.asked)
    hierarchy().fit(X, Y)
    assert len(shelf.asked) == before


def test_a_keeper_that_cannot_ends_the_fit():
    class Full(Shelf):
        def put(self, key, name, fitted):
            raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space left"):
        fit(Full())


def test_a_committee_is_kept_seat_by_seat():
    one = Shelf()
    committee = VotingClassifier(
        [("a", GaussianNB()), ("b", MemberMLPClassifier((3,), max_iter=2, random_state=0))], voting="soft"
    )
    with fit_cache(one):
        first = fit_classifier(committee, X, Y, name="flat")
        second = fit_classifier(committee, X, Y, name="flat")
    assert one.names == ["flat, b", "flat, a"]
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_members_that_cannot_be_told_apart_are_refused():
    nameless = make_pipeline(FunctionTransformer(lambda rows: rows), GaussianNB())
    with fit_cache(Shelf()), pytest.raises(FittingError, match="fits cannot be cached"):
        fit_classifier(nameless, X, Y)
