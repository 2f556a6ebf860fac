"""Predictions with shared features, against the predict_proba of each member."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from ensemble_hwr import (
    AugmentedClassifier,
    AugmentedMLPClassifier,
    Augmenter,
    GradientFeatures,
    HierarchicalEnsembleClassifier,
    MemberMLPClassifier,
    generate_letters,
)
from ensemble_hwr.ensemble import _prediction
from ensemble_hwr.ensemble._pooling import apply_members, gate_of
from ensemble_hwr.ensemble.held_out import MemberProblem, opinion_of, temper
from ensemble_hwr.ensemble.predictor import _PREDICTORS, Transform, Views, predict_proba_fn, predictor_of
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
    router_of_groups=st.booleans(),
    routing=st.sampled_from(["soft", "top_down"]),
    min_mass=st.sampled_from([0, 0.02, 0.3]),
    confidence_threshold=st.sampled_from([0.5, 0.9, 0.99, 1]),
    trust=st.sampled_from([0, 0.3, 1]),
    temperature=st.sampled_from([1.0, 1.7]),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 1000),
)
def test_probabilities_equal_those_of_predict_proba_of_each_member(
    of_classes, of_groups, *, router_of_groups, routing, min_mass, confidence_threshold, trust, temperature, dtype, seed
):
    model = copy.copy(of_groups if router_of_groups else of_classes)
    model.set_params(routing=routing, min_mass=min_mass, confidence_threshold=confidence_threshold)
    model.trust_ = model.trust_ | {"expert:second": trust}
    model.temperature_ = temperature
    rows = ROWS[np.random.default_rng(seed).integers(len(ROWS), size=40)].astype(dtype)
    np.testing.assert_allclose(model.predict_proba(rows), evaluate_plainly(model, rows), atol=1e-6)
    np.testing.assert_allclose(model.explain(rows).result, evaluate_plainly(model, rows), atol=1e-6)


def test_the_block_size_changes_nothing(of_classes, monkeypatch):
    whole = of_classes.predict_proba(ROWS)
    for size in (1, 7, 100):
        monkeypatch.setattr(_prediction, "ROWS_AT_ONCE", size)
        np.testing.assert_allclose(of_classes.predict_proba(ROWS[:50]), whole[:50], atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_that_are_probably_not_ink_give_a_warning(of_classes, dtype):
    levels = (ROWS[:20] * 255).astype(dtype)
    with pytest.warns(UserWarning, match="divide rows of 0..255 by 255"):
        of_classes.predict(levels)
    with pytest.warns(UserWarning, match="use 1 - X"):
        of_classes.predict((1 - ROWS[:20]).astype(dtype))


def test_shared_features_are_computed_once(of_classes, monkeypatch):
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
    counts = model.route_counts(ROWS)
    described.clear()
    model.predict_proba(ROWS)
    assert sum(n for grid, n in described if grid == 4) == counts["router"] == 390
    assert sum(n for grid, n in described if grid == 3) == counts["expert:second"]
    assert 0 < counts["expert:second"] < 390


def test_a_predictor_is_made_once_and_again_when_a_member_is_replaced(of_classes):
    model = copy.copy(of_classes)
    first = predictor_of(model).functions
    assert predictor_of(model).functions is first
    model.set_params(confidence_threshold=0.5)
    assert predictor_of(model).functions is first
    model.members_ = model.members_ | {"expert:B/P": GaussianNB().fit(ROWS[:4], list("BPBP"))}
    assert predictor_of(model).functions is not first
    np.testing.assert_allclose(model.predict_proba(ROWS), evaluate_plainly(model, ROWS), atol=1e-6)


def test_a_predictor_is_not_part_of_the_estimator_and_is_freed_with_it(of_classes):
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


LETTERS_ALONE = generate_letters(78, writers=3, random_state=0)
ROWS_ALONE = LETTERS_ALONE.to_rows()
SOME = np.array([5, 2, 60, 7])


class OwnAnswer(MemberMLPClassifier):
    """A network with a predict_proba of its own."""

    def predict_proba(self, X):
        return super().predict_proba(X) ** 2


def net(*layers, **params):
    return MemberMLPClassifier(layers or (6,), max_iter=3, random_state=0, **params)


def small_alone(features, seed=0):
    return AugmentedMLPClassifier((6,), features=features, max_iter=1, random_state=seed)


def holds(classifier, rows=ROWS_ALONE, atol=1e-6):
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
def test_networks_of_any_architecture_match_predict_proba(*, activation, layers, n_classes, dtype, scale, seed):
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
        small_alone(GradientFeatures(grid=4)),
        small_alone(make_pipeline(GradientFeatures(grid=4), MinMaxScaler())),
        small_alone(None),
        AugmentedClassifier(make_pipeline(GradientFeatures(grid=4), net()), Augmenter(), copies=1),
        VotingClassifier([("a", small_alone(GradientFeatures(grid=4))), ("b", small_alone(None, 1))], voting="soft"),
        VotingClassifier([("a", net()), ("b", GaussianNB()), ("c", net(4))], voting="soft", weights=[1, 2, 3.5]),
        VotingClassifier([("a", net()), ("b", "drop"), ("c", net(4))], voting="soft", weights=[1, 2, 3.5]),
        GaussianNB(),
        OwnAnswer((6,), max_iter=3, random_state=0),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
@pytest.mark.filterwarnings("ignore:lbfgs failed", "ignore:Stochastic", "ignore:The number of unique classes")
def test_classifiers_of_every_kind_match_predict_proba(classifier):
    holds(classifier.fit(ROWS_ALONE, LETTERS_ALONE.target))


def test_sparse_rows_match_predict_proba():
    rows = sparse.csr_matrix(ROWS_ALONE)
    holds(net().fit(rows, LETTERS_ALONE.target), rows)


def test_float32_rows_give_float32_probabilities():
    classifier = small_alone(GradientFeatures(grid=4)).fit(ROWS_ALONE, LETTERS_ALONE.target)
    assert predict_proba_fn(classifier)(Views(ROWS_ALONE), None).dtype == np.float32


def test_a_network_refitted_in_place_predicts_by_its_new_weights():
    network = net().fit(ROWS_ALONE, LETTERS_ALONE.target)
    answer = predict_proba_fn(network)
    network.fit(ROWS_ALONE[::-1], LETTERS_ALONE.target)
    np.testing.assert_allclose(answer(Views(ROWS_ALONE), None), network.predict_proba(ROWS_ALONE), atol=1e-6)


X = np.random.default_rng(0).random((12, 6)).astype(np.float32)


class Doubles(TransformerMixin, BaseEstimator):
    """Doubles rows and remembers how many it was given at a time."""

    def __init__(self, log=None):
        self.log = log

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        self.log.append(len(X))
        return 2 * X


def test_transforms_of_equal_transformers_are_equal():
    assert Transform.of(StandardScaler().fit(X)) == Transform.of(StandardScaler().fit(X))
    assert Transform.of(StandardScaler().fit(X)) != Transform.of(StandardScaler().fit(X[:5]))
    assert Transform.of(StandardScaler().fit(X)) != Transform.of(MinMaxScaler().fit(X))
    rows = np.zeros((2, 64))
    assert Transform.of(GradientFeatures(grid=5).fit(rows)) == Transform.of(GradientFeatures(grid=5).fit(rows))
    assert Transform.of(GradientFeatures(grid=5).fit(rows)) != Transform.of(GradientFeatures(grid=4).fit(rows))


def test_a_transformer_that_cannot_be_pickled_equals_only_itself():
    one, other = (FunctionTransformer(lambda rows: rows + 1).fit(X) for _ in range(2))
    assert Transform.of(one) == Transform.of(one) != Transform.of(other)


@given(st.lists(st.lists(st.integers(0, 11), unique=True, max_size=12), max_size=5), st.booleans())
def test_features_of_any_rows_in_any_order_equal_those_of_the_transformer(counts, whole_first):
    first, second = StandardScaler().fit(X), MinMaxScaler().fit(X)
    chain = (Transform.of(first), Transform.of(second))
    views = Views(X)
    expected = second.transform(first.transform(X))
    if whole_first:
        np.testing.assert_array_equal(views.features(chain), expected)
    for rows in counts:
        index = np.array(rows, dtype=np.intp)
        if len(index):
            np.testing.assert_array_equal(views.features(chain, index), expected[index])
    np.testing.assert_array_equal(views.features(chain), expected)


def test_a_row_is_transformed_at_most_once():
    log = []
    doubles = Transform(Doubles(log).fit(X), "doubles")
    scaled = Transform.of(StandardScaler().fit(2 * X))
    views = Views(X)
    views.features((doubles,), np.array([1, 2, 3]))
    views.features((doubles, scaled), np.array([2, 3, 4]))
    views.features((doubles,), np.array([4, 1]))
    assert log == [3, 1]
    views.features((doubles, scaled))
    assert log == [3, 1, 8]


def test_members_with_one_view_transform_their_rows_in_one_call(of_classes, monkeypatch):
    calls = []
    transform = Deskewer._transform_checked

    def recorded(self, rows):
        calls.append(len(rows))
        return transform(self, rows)

    monkeypatch.setattr(Deskewer, "_transform_checked", recorded)
    counts = of_classes.route_counts(ROWS)
    specialists = [count for name, count in counts.items() if name.startswith("specialist:") and count]
    assert len(specialists) > 1
    assert calls[0] <= sum(specialists)
    assert len(calls) < len(specialists) + 2


def test_without_transforms_rows_are_unchanged():
    assert np.shares_memory(Views(X).features(()), X)
    np.testing.assert_array_equal(Views(X).features((), np.array([3, 1])), X[[3, 1]])
    rows = sparse.csr_matrix(X)
    assert (Views(rows).features((), np.array([3, 1])) != rows[[3, 1]]).nnz == 0
    assert len(Views(rows)) == 12


def test_features_that_are_no_array_are_not_kept():
    step = Transform.of(TfidfTransformer().fit(X))
    views = Views(X)
    for rows in (np.array([0, 1]), np.array([1, 2]), None):
        assert sparse.issparse(views.features((step,), rows))
        assert views.features((step,), rows).shape == (12 if rows is None else 2, 6)
    framed = Transform.of(StandardScaler().set_output(transform="pandas").fit(X)) if _pandas() else step
    assert views.features((framed,), np.array([1, 2])).shape == (2, 6)


def _pandas():
    try:
        import pandas  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.mark.parametrize("transformer", [Deskewer(), GradientFeatures(), GradientFeatures(aspect="root", grid=5)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_own_transformers_give_the_same_features_without_checks(transformer, dtype):
    rows = np.random.default_rng(1).random((7, 784)).astype(dtype)
    fitted = transformer.fit(rows)
    np.testing.assert_array_equal(Views(rows).features((Transform.of(fitted),)), fitted.transform(rows))


@pytest.mark.filterwarnings("ignore:overflow")
def test_values_too_large_for_float32_raise():
    rows = np.zeros((2, 784))
    rows[1, 5] = 1e39
    with pytest.raises(ValueError, match="infinity or a value too large"):
        Views(rows).features((Transform.of(GradientFeatures().fit(rows[:1])),))
