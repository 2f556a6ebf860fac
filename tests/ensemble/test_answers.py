"""Classifiers taken apart answer what their predict_proba does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from ensemble_hwr import (
    AugmentedClassifier,
    AugmentedMLPClassifier,
    Augmenter,
    GradientFeatures,
    MemberMLPClassifier,
    generate_letters,
)
from ensemble_hwr.ensemble.predictor import Views, predict_proba_fn

LETTERS = generate_letters(78, writers=3, random_state=0)
ROWS = LETTERS.to_rows()
SOME = np.array([5, 2, 60, 7])


class OwnAnswer(MemberMLPClassifier):
    """A network with a predict_proba of its own."""

    def predict_proba(self, X):
        return super().predict_proba(X) ** 2


def net(*layers, **params):
    return MemberMLPClassifier(layers or (6,), max_iter=3, random_state=0, **params)


def small(features, seed=0):
    return AugmentedMLPClassifier((6,), features=features, max_iter=1, random_state=seed)


def holds(classifier, rows=ROWS, atol=1e-6):
    views = Views(rows)
    expected = classifier.predict_proba(rows)
    for which in (SOME, None, SOME):
        found = predict_proba_fn(classifier)(views, which)
        np.testing.assert_allclose(found, expected if which is None else expected[which], atol=atol)
    return found


@settings(max_examples=30)
@given(
    activation=st.sampled_from(["identity", "relu", "tanh", "logistic"]),
    layers=st.lists(st.integers(1, 9), max_size=3),
    n_classes=st.integers(2, 5),
    dtype=st.sampled_from([np.float32, np.float64]),
    scale=st.floats(0.01, 30),
    seed=st.integers(0, 1000),
)
def test_networks_of_any_form(*, activation, layers, n_classes, dtype, scale, seed):
    rng = np.random.default_rng(seed)
    X = (scale * rng.normal(size=(80, 5))).astype(dtype)
    y = np.arange(80) % n_classes
    network = MemberMLPClassifier(layers, activation=activation, max_iter=1, random_state=seed).fit(X, y)
    assert holds(network, X).dtype == dtype


@pytest.mark.parametrize(
    "classifier",
    [
        make_pipeline(GradientFeatures(grid=4), net()),
        make_pipeline("passthrough", make_pipeline(GradientFeatures(grid=4), MinMaxScaler()), net(6, 4)),
        make_pipeline(GradientFeatures(grid=4), LogisticRegression(max_iter=20)),
        make_pipeline(FeatureUnion([("a", GradientFeatures(grid=4)), ("b", StandardScaler())]), net()),
        small(GradientFeatures(grid=4)),
        small(make_pipeline(GradientFeatures(grid=4), MinMaxScaler())),
        small(None),
        AugmentedClassifier(make_pipeline(GradientFeatures(grid=4), net()), Augmenter(), copies=1),
        VotingClassifier([("a", small(GradientFeatures(grid=4))), ("b", small(None, 1))], voting="soft"),
        VotingClassifier([("a", net()), ("b", GaussianNB()), ("c", net(4))], voting="soft", weights=[1, 2, 3.5]),
        VotingClassifier([("a", net()), ("b", "drop"), ("c", net(4))], voting="soft", weights=[1, 2, 3.5]),
        GaussianNB(),
        OwnAnswer((6,), max_iter=3, random_state=0),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
@pytest.mark.filterwarnings("ignore:lbfgs failed", "ignore:Stochastic", "ignore:The number of unique classes")
def test_classifiers_of_every_kind(classifier):
    holds(classifier.fit(ROWS, LETTERS.target))


def test_sparse_rows():
    rows = sparse.csr_matrix(ROWS)
    holds(net().fit(rows, LETTERS.target), rows)


def test_float32_stays_float32():
    classifier = small(GradientFeatures(grid=4)).fit(ROWS, LETTERS.target)
    assert predict_proba_fn(classifier)(Views(ROWS), None).dtype == np.float32


def test_a_member_refitted_in_place_answers_as_it_is_now():
    network = net().fit(ROWS, LETTERS.target)
    answer = predict_proba_fn(network)
    network.fit(ROWS[::-1], LETTERS.target)
    np.testing.assert_allclose(answer(Views(ROWS), None), network.predict_proba(ROWS), atol=1e-6)
