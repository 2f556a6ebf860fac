"""The fit cache finds a fit only where nothing has changed; epoch callbacks get every network."""

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ensemble_hwr import AugmentedMLPClassifier, Augmenter, HierarchicalEnsembleClassifier, MemberMLPClassifier
from ensemble_hwr.ensemble import epoch_callback, fit_cache, fit_classifier, fit_progress
from ensemble_hwr.exceptions import FittingError
from ensemble_hwr.preprocessing import AugmentedClassifier

RNG = np.random.default_rng(0)
Y = np.tile(list("ABCDEF"), 20)
X = RNG.normal(size=(120, 4)) + np.repeat(np.eye(6, 4) * 3, 20, axis=0)[np.argsort(np.argsort(Y, kind="stable"))]
MEMBER = MemberMLPClassifier((4,), max_iter=3)


class Cache:
    """Keeps in memory, and counts."""

    def __init__(self):
        self.kept, self.names, self.calls = {}, [], []

    def get(self, key):
        self.calls.append(key)
        return self.kept.get(key)

    def put(self, key, name, fitted):
        self.kept[key] = fitted
        self.names.append(name)


def hierarchy(**settings):
    settings = {"group_size": 2, "confusables": ["AF"], "cv": 2, "random_state": 0, "n_jobs": 1} | settings
    return HierarchicalEnsembleClassifier(MEMBER, MEMBER, MEMBER, **settings)


def fit(cache, X=X, y=Y, params=None, **settings):
    with fit_cache(cache):
        return hierarchy(**settings).fit(X, y, **(params or {}))


@pytest.fixture
def cache():
    one = Cache()
    fit(one)
    return one


def fitted_anew(cache, **changes):
    """How many fits were made that were not found."""
    before = len(cache.names)
    fit(cache, **changes)
    return len(cache.names) - before


def test_every_fit_is_stored_under_its_name_and_found_again(cache):
    assert len(cache.kept) == len(cache.names) == (1 + 3 + 1) * 3
    assert set(cache.names) == {"router", "specialist:A/B", "specialist:C/D", "specialist:E/F", "expert:A/F"}
    assert fitted_anew(cache) == 0


def test_a_fit_from_the_cache_predicts_the_same_bits(cache):
    plain = hierarchy().fit(X, Y)
    again = fit(cache)
    np.testing.assert_array_equal(plain.predict_proba(X), again.predict_proba(X))
    assert plain.trust_ == again.trust_


def test_another_process_computes_the_same_keys(cache):
    in_two = Cache()
    fit(in_two, n_jobs=2)
    assert set(in_two.kept) == set(cache.kept)


def test_an_interrupted_fit_resumes_with_the_missing_members(cache):
    for key in list(cache.kept)[:4]:
        del cache.kept[key]
    assert fitted_anew(cache) == 4


def test_another_random_state_row_label_or_weight_gives_another_key(cache):
    other_row = X.copy()
    other_row[0, 0] += 1e-9
    other_label = Y.copy()
    other_label[[0, 1]] = other_label[[1, 0]]
    everything = len(cache.kept)
    assert fitted_anew(cache, random_state=1) == everything
    assert fitted_anew(cache, X=other_row) == everything
    assert fitted_anew(cache, y=other_label) > 0
    assert fitted_anew(cache, params={"sample_weight": np.linspace(0.5, 1, 120)}) == everything


def test_equal_members_of_different_ensembles_share_fits(cache):
    """Seeds are drawn in order, so what is planned before a change keeps its own."""
    assert fitted_anew(cache, confusables=["AF", "BC"]) < len(cache.kept)
    assert fitted_anew(cache, confidence_threshold=0.9) == 0


def test_nothing_is_cached_outside_of_the_block(cache):
    before = len(cache.calls)
    hierarchy().fit(X, Y)
    assert len(cache.calls) == before


def test_an_exception_of_the_cache_ends_the_fit():
    class Full(Cache):
        def put(self, key, name, fitted):
            raise OSError(28, "no space left")

    with pytest.raises(OSError, match="no space left"):
        fit(Full())


def test_each_voter_of_a_committee_is_cached():
    one = Cache()
    committee = VotingClassifier(
        [("a", GaussianNB()), ("b", MemberMLPClassifier((3,), max_iter=2, random_state=0))], voting="soft"
    )
    with fit_cache(one):
        first = fit_classifier(committee, X, Y, name="flat")
        second = fit_classifier(committee, X, Y, name="flat")
    assert one.names == ["flat, b", "flat, a"]
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_members_that_cannot_be_hashed_raise():
    nameless = make_pipeline(FunctionTransformer(lambda rows: rows), GaussianNB())
    with fit_cache(Cache()), pytest.raises(FittingError, match="fits cannot be cached"):
        fit_classifier(nameless, X, Y)


X_EPOCHS = np.random.default_rng(0).random((60, 16))
Y_EPOCHS = np.where(X_EPOCHS[:, 0] > 0.5, "B", "P")


@pytest.mark.parametrize(
    ("member", "epochs"),
    [
        (MemberMLPClassifier((3,), max_iter=5, random_state=0), 5),
        (MemberMLPClassifier((3,), max_iter=5, early_stopping=True, random_state=0), 5),
        (MemberMLPClassifier((3,), max_iter=5, solver="lbfgs", random_state=0), 0),
        (AugmentedMLPClassifier((3,), max_iter=4, random_state=0), 4),
        (make_pipeline(StandardScaler(), MemberMLPClassifier((3,), max_iter=2, random_state=0)), 2),
        (
            AugmentedClassifier(
                MemberMLPClassifier((3,), max_iter=2, random_state=0), Augmenter(), copies=1, random_state=0
            ),
            2,
        ),
    ],
)
def test_the_callback_gets_every_epoch_and_changes_nothing(member, epochs):
    answers = []
    with epoch_callback(
        lambda network: answers.append(network.predict_proba(X_EPOCHS[:1]) if member is network else None)
    ):
        watched = member.fit(X_EPOCHS, Y_EPOCHS).predict_proba(X_EPOCHS)
    assert len(answers) == epochs
    np.testing.assert_array_equal(watched, member.fit(X_EPOCHS, Y_EPOCHS).predict_proba(X_EPOCHS))
    assert len(answers) == epochs


def test_an_exception_of_the_callback_ends_the_fit():
    seen = []

    def callback(network):
        seen.append(network.n_iter_)
        raise LookupError

    with pytest.raises(LookupError), epoch_callback(callback):
        MemberMLPClassifier((3,), max_iter=50, random_state=0).fit(X_EPOCHS, Y_EPOCHS)
    assert seen == [1]
    MemberMLPClassifier((3,), max_iter=2, random_state=0).fit(X_EPOCHS, Y_EPOCHS)
    assert seen == [1]


def test_of_two_nested_callbacks_the_inner_one_is_called():
    outer, inner = [], []
    with epoch_callback(outer.append):
        with epoch_callback(inner.append):
            AugmentedMLPClassifier((3,), max_iter=1, random_state=0).fit(X_EPOCHS, Y_EPOCHS)
        AugmentedMLPClassifier((3,), max_iter=2, random_state=0).fit(X_EPOCHS, Y_EPOCHS)
    assert (len(outer), len(inner)) == (2, 1)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_progress_of_fits_grows_to_one_and_changes_nothing(n_jobs):
    rng = np.random.default_rng(0)
    X, y = rng.random((80, 6)), np.repeat(list("ABCD"), 20)
    network = MemberMLPClassifier((3,), max_iter=5)
    model = HierarchicalEnsembleClassifier(network, network, groups=["AB", "CD"], cv=2, n_jobs=n_jobs, random_state=0)
    expected = model.fit(X, y).predict_proba(X)
    shares = []
    with fit_progress(shares.append):
        found = model.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, expected)
    assert shares == sorted(shares)
    assert 0 < shares[0] < 1 == shares[-1]
    assert len(shares) >= 9  # a router and two specialists, on all rows and on two folds


def test_the_progress_of_fits_inside_a_fit_is_not_reported_again():
    X, y = np.random.default_rng(0).random((80, 6)), np.repeat(list("ABCD"), 20)
    inner = HierarchicalEnsembleClassifier(GaussianNB(), GaussianNB(), groups=["AB", "CD"], cv=2)
    shares = []
    with fit_progress(shares.append):
        fit_classifier(inner, X, y)
    assert shares == [1.0]
