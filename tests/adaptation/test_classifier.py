"""AdaptedClassifier: scikit-learn's checks, what never changes, and what is refused."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr import AdaptedClassifier, MemberMLPClassifier, generate_letters, load_model
from ensemble_hwr.exceptions import DataError


@parametrize_with_checks(
    [
        AdaptedClassifier(LogisticRegression()),
        AdaptedClassifier(GaussianNB(), representation="rows"),
        AdaptedClassifier(MemberMLPClassifier((8,), max_iter=60, learning_rate_init=0.05, random_state=0)),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def shipped():
    return load_model("az")[-1]


@pytest.fixture(scope="module")
def writer():
    """Letters of one writer whose letters the model often misreads, as rows and labels."""
    letters = generate_letters(26 * 12, writers=1, difficulty=2.0, random_state=7)
    return letters.to_rows(), letters.target


@pytest.fixture(scope="module")
def adapted(shipped, writer):
    X, y = writer
    return AdaptedClassifier(shipped).fit(X[:104], y[:104])


def blobs(n=240, random_state=0):
    X, codes = make_blobs(n, centers=6, cluster_std=3.0, random_state=random_state)
    return X, np.array(list("ABCDEF"))[codes]


def test_the_error_on_other_letters_of_the_writer_is_lower(shipped, adapted, writer):
    X, y = writer
    assert 1 - adapted.score(X[104:], y[104:]) < 0.6 * (1 - shipped.score(X[104:], y[104:]))
    assert adapted.weight_ > 0.5


def test_the_model_is_shared_and_never_changed(shipped, writer):
    X, y = writer
    before = shipped.predict_proba(X[:30])
    adapted = AdaptedClassifier(shipped).fit(X[:52], y[:52]).partial_fit(X[52:54], y[52:54])
    assert adapted.model_ is shipped
    assert clone(adapted).model is shipped
    assert np.array_equal(shipped.predict_proba(X[:30]), before)


def test_a_clone_of_a_classifier_with_an_unfitted_model_has_an_unfitted_model():
    estimator = AdaptedClassifier(LogisticRegression())
    assert clone(estimator).model is not estimator.model


def test_a_weight_of_zero_gives_the_models_probabilities_exactly(shipped, writer):
    X, y = writer
    adapted = AdaptedClassifier(shipped, weight=0.0).fit(X[:52], y[:52])
    assert np.array_equal(adapted.predict_proba(X), shipped.predict_proba(X))


def test_samples_that_the_model_classifies_well_give_no_weight(shipped):
    letters = generate_letters(26, writers=1, difficulty=0.0, random_state=1)
    rows = letters.to_rows()
    confident = shipped.predict_proba(rows).max(axis=1) > 0.999
    adapted = AdaptedClassifier(shipped).fit(rows[confident], letters.target[confident])
    assert adapted.weight_ == 0.0


@pytest.mark.parametrize("representation", ["auto", "probabilities", "rows"])
@pytest.mark.parametrize(
    "model",
    [GaussianNB(), KNeighborsClassifier(), make_pipeline(StandardScaler(), LogisticRegression())],
    ids=["bayes", "neighbours", "pipeline"],
)
def test_any_classifier_with_probabilities_can_be_adapted(model, representation):
    X, y = blobs()
    model = clone(model).fit(X[:120], y[:120])
    shifted = X[120:] + 2.5
    adapted = AdaptedClassifier(model, representation=representation).fit(shifted[:60], y[120:180])
    probability = adapted.predict_proba(shifted[60:])
    assert probability.shape == (60, 6)
    assert np.allclose(probability.sum(axis=1), 1.0)
    assert adapted.score(shifted[60:], y[180:]) >= model.score(shifted[60:], y[180:])


def test_rows_do_not_depend_on_the_other_rows_of_their_batch(adapted, writer):
    X, _ = writer
    together = adapted.predict_proba(X[104:120])
    one_by_one = np.vstack([adapted.predict_proba(X[row : row + 1]) for row in range(104, 120)])
    assert np.allclose(together, one_by_one, atol=1e-6)


def test_adding_samples_equals_fitting_on_all_but_for_the_tolerance(shipped, writer):
    X, y = writer
    at_once = AdaptedClassifier(shipped, weight=1.0).fit(X[:60], y[:60])
    in_turn = AdaptedClassifier(shipped, weight=1.0).fit(X[:50], y[:50])
    for row in range(50, 60):
        in_turn.partial_fit(X[row : row + 1], y[row : row + 1])
    assert in_turn.samples_per_class_ == at_once.samples_per_class_
    assert np.allclose(in_turn.predict_proba(X[60:]), at_once.predict_proba(X[60:]), atol=0.05)


def test_equal_samples_count_once(shipped, writer):
    X, y = writer
    once = AdaptedClassifier(shipped).fit(X[:40], y[:40])
    twice = AdaptedClassifier(shipped).fit(np.tile(X[:40], (2, 1)), np.tile(y[:40], 2)).partial_fit(X[:5], y[:5])
    assert twice.samples_per_class_ == once.samples_per_class_
    assert np.array_equal(twice.predict_proba(X), once.predict_proba(X))


def test_classes_without_samples_keep_their_probability(shipped, writer):
    X, y = writer
    some = np.isin(y[:104], list("ABCDEF"))
    adapted = AdaptedClassifier(shipped, weight=1.0).fit(X[:104][some], y[:104][some])
    outside = np.setdiff1d(np.arange(26), adapted.corrected_)
    assert len(outside) > 5
    assert set(adapted.confused_) == set(adapted.classes_[adapted.corrected_]) - set("ABCDEF")
    before, after = shipped.predict_proba(X), adapted.predict_proba(X)
    assert np.allclose(before[:, outside], after[:, outside], atol=1e-4)


def test_new_classes_are_read_after_a_few_samples(shipped, writer):
    X, y = writer
    renamed = np.where(y == "Q", "@", y)
    adapted = AdaptedClassifier(shipped, new_classes=True).fit(X[:104], renamed[:104])
    assert adapted.classes_.tolist() == ["@", *shipped.classes_]
    assert (adapted.predict(X[104:][y[104:] == "Q"]) == "@").mean() > 0.5
    assert np.allclose(adapted.predict_proba(X).sum(axis=1), 1.0)


def test_a_class_can_be_added_later(shipped, writer):
    X, y = writer
    adapted = AdaptedClassifier(shipped, new_classes=True).fit(X[:52], y[:52])
    adapted.partial_fit(X[52:54], ["@", "@"])
    assert "@" in adapted.classes_.tolist()
    assert adapted.predict_proba(X).shape == (len(X), 27)


def test_the_gain_is_estimated_on_held_out_samples(adapted):
    gain = adapted.gain_
    assert gain["n_samples"] == 104
    assert gain["low"] <= gain["difference"] <= gain["high"]
    assert gain["difference"] == pytest.approx(gain["error_before"] - gain["error_after"])
    assert gain["significant"] == (gain["low"] > 0)


def test_there_is_no_estimate_from_one_sample_of_each(shipped, writer):
    X, y = writer
    single = [int(np.flatnonzero(y == label)[0]) for label in "ABCDE"]
    gain = AdaptedClassifier(shipped).fit(X[single], y[single]).gain_
    assert gain["n_samples"] == 0
    assert not gain["significant"]
    assert np.isnan(gain["difference"])


def test_samples_of_one_class_are_refused(shipped, writer):
    X, y = writer
    with pytest.raises(DataError, match="all samples are of one class, 'A'; give samples of at least 2 classes"):
        AdaptedClassifier(shipped).fit(X[y == "A"], y[y == "A"])


def test_labels_that_the_model_does_not_know_are_refused(shipped, writer):
    X, _ = writer
    with pytest.raises(DataError, match=r"labels 'a', 'z'; correct them, or set new_classes=True \(--new-classes\) to"):
        AdaptedClassifier(shipped).fit(X[:4], ["A", "a", "B", "z"])


def test_equal_samples_with_different_labels_are_refused_with_their_positions(shipped, writer):
    X, y = writer
    labels = y[[0, 1, 2, 0]].copy()
    labels[3] = "#" if labels[0] == "A" else "A"
    with pytest.raises(DataError, match=rf"equal samples have different labels: 0 \('{labels[0]}'\) and 3 \('"):
        AdaptedClassifier(shipped, new_classes=True).fit(X[[0, 1, 2, 0]], labels)


def test_a_contradiction_with_earlier_samples_is_refused_and_changes_nothing(shipped, writer):
    X, y = writer
    adapted = AdaptedClassifier(shipped).fit(X[:30], y[:30])
    before = adapted.predict_proba(X)
    other = "A" if y[0] != "A" else "B"
    with pytest.raises(DataError, match=r"0 \('.'\) and 30 \('.'\)"):
        adapted.partial_fit(X[:1], [other])
    assert np.array_equal(adapted.predict_proba(X), before)


def test_hidden_layers_are_refused_where_there_are_none():
    X, y = blobs()
    with pytest.raises(ValueError, match="representation='hidden' needs a network with a hidden layer"):
        AdaptedClassifier(GaussianNB().fit(X, y), representation="hidden").fit(X[:20], y[:20])


def test_predict_before_fit_is_refused(shipped, writer):
    with pytest.raises(NotFittedError):
        AdaptedClassifier(shipped).predict(writer[0])


def test_names_of_features_are_checked():
    pandas = pytest.importorskip("pandas")
    X, y = blobs()
    frame = pandas.DataFrame(X, columns=["width", "height"])
    adapted = AdaptedClassifier(LogisticRegression().fit(frame, y)).fit(frame[:30], y[:30])
    assert adapted.feature_names_in_.tolist() == ["width", "height"]
    assert adapted.predict(frame[:5]).shape == (5,)
