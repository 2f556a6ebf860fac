import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr import GradientFeatures, HierarchicalEnsembleClassifier, generate_letters
from ensemble_hwr.preprocessing import AugmentedClassifier, Augmenter


class Same(BaseEstimator):
    """Returns the rows unchanged, and accepts any, for the checks of scikit-learn."""

    def augment(self, rows, random_state):
        return rows


class Numbered(BaseEstimator):
    """Adds a different number to each copy."""

    def augment(self, rows, random_state):
        return rows + random_state.randint(1, 1000)


class Recorder(ClassifierMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


X = np.arange(12, dtype=np.float32).reshape(3, 4) / 12
y = np.array(["A", "B", "A"])


def test_copies_differ():
    fitted = AugmentedClassifier(Recorder(), Numbered(), copies=3, random_state=0).fit(X, y, sample_weight=[1, 2, 3])
    seen = fitted.estimator_
    assert seen.X_.dtype == np.float32
    parts = seen.X_.reshape(4, 3, 4)
    added = parts[:, 0, 0] - X[0, 0]
    assert len(set(added.tolist())) == 4
    assert 0 in added
    np.testing.assert_allclose(parts, X + added[:, None, None], atol=1e-4)
    np.testing.assert_array_equal(seen.y_.reshape(4, 3), [y] * 4)
    np.testing.assert_array_equal(seen.sample_weight_.reshape(4, 3), [[1, 2, 3]] * 4)


def test_fit_without_originals_or_without_copies():
    only = AugmentedClassifier(Recorder(), Numbered(), copies=2, include_original=False, random_state=0).fit(X, y)
    assert (only.estimator_.X_ >= 1).all()
    assert only.estimator_.X_.shape == (6, 4)
    assert only.estimator_.sample_weight_ is None
    plain = AugmentedClassifier(Recorder(), copies=0).fit(X, y)
    np.testing.assert_array_equal(plain.estimator_.X_, X)
    with pytest.raises(ValueError, match="leave no rows"):
        AugmentedClassifier(Recorder(), copies=0, include_original=False).fit(X, y)


class More(BaseEstimator):
    """Returns two additional rows of a label, or given ones."""

    def __init__(self, rows=((0.5, 0.5, 0.5, 0.5), (0.25, 0.25, 0.25, 0.25)), labels=("A", "A")):
        self.rows = rows
        self.labels = labels

    def letters_of(self, labels):
        assert labels.tolist() == ["A", "B"]
        return np.array(self.rows), np.array(self.labels)


def test_additional_letters_are_augmented_and_have_the_mean_weight_of_their_label():
    model = AugmentedClassifier(Recorder(), Same(), copies=1, extra=More(), random_state=0)
    seen = model.fit(X, y, sample_weight=[1, 2, 3]).estimator_
    assert seen.y_.tolist() == ["A", "B", "A", "A", "A"] * 2
    assert seen.X_[3:5].tolist() == seen.X_[8:].tolist() == [[0.5] * 4, [0.25] * 4]
    assert seen.X_.dtype == np.float32
    assert seen.sample_weight_.tolist() == [1, 2, 3, 2, 2] * 2


def test_no_additional_letters():
    none = More(np.empty((0, 4)), np.empty(0, "U1"))
    assert len(AugmentedClassifier(Recorder(), copies=0, extra=none).fit(X, y).estimator_.y_) == 3


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        (More(labels=("A", "C")), r"extra returned the labels \['A', 'C'\]; allowed are \['A', 'B'\]"),
        (More(labels=("A",)), r"extra returned rows of shape \(2, 4\) and 1 labels"),
        (More(rows=((0.5,), (0.5,))), r"extra returned rows of shape \(2, 1\).*4 values per row"),
    ],
)
def test_invalid_additional_letters_raise_an_error(extra, problem):
    with pytest.raises(ValueError, match=problem):
        AugmentedClassifier(Recorder(), Same(), extra=extra).fit(X, y)


def test_fit_is_reproducible():
    model = AugmentedClassifier(GaussianNB(), copies=2, random_state=0)
    once, again = (clone(model).fit(X, y).estimator_.theta_ for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert (clone(model).set_params(random_state=1).fit(X, y).estimator_.theta_ != once).any()
    assert (clone(model).set_params(augmenter=Augmenter(rotation=90)).fit(X, y).estimator_.theta_ != once).any()
    assert (model.set_params(augmenter=Augmenter()).fit(X, y).estimator_.theta_ == once).all()


def test_methods_are_those_of_the_classifier():
    svc = AugmentedClassifier(LinearSVC())
    assert hasattr(svc, "decision_function")
    assert not hasattr(svc, "predict_proba")
    with pytest.raises(AttributeError, match="predict_proba"):
        svc.predict_proba  # noqa: B018
    assert svc.fit(X, y).decision_function(X).shape == (3,)
    nb = AugmentedClassifier(GaussianNB()).fit(X, y)
    assert not hasattr(nb, "decision_function")
    np.testing.assert_array_equal(nb.predict_proba(X), nb.estimator_.predict_proba(X))
    np.testing.assert_array_equal(nb.predict_log_proba(X), nb.estimator_.predict_log_proba(X))
    assert nb.classes_.tolist() == ["A", "B"]
    assert nb.n_features_in_ == 4
    with pytest.raises(NotFittedError):
        AugmentedClassifier(GaussianNB()).predict(X)
    assert not hasattr(AugmentedClassifier(GaussianNB()), "classes_")


def test_weights_are_passed_to_the_last_step_of_a_pipeline_if_it_accepts_them():
    model = AugmentedClassifier(make_pipeline(GradientFeatures(grid=2), Recorder()), copies=1)
    seen = model.fit(X, y, sample_weight=[1, 2, 3]).estimator_[-1]
    np.testing.assert_array_equal(seen.sample_weight_, [1, 2, 3, 1, 2, 3])
    with pytest.raises(TypeError, match="KNeighborsClassifier, whose fit accepts none"):
        AugmentedClassifier(KNeighborsClassifier()).fit(X, y, sample_weight=[1, 2, 3])


def test_weights_by_metadata_routing():
    with config_context(enable_metadata_routing=True):
        member = AugmentedClassifier(GaussianNB(), Same(), copies=1).set_fit_request(sample_weight=True)
        model = HierarchicalEnsembleClassifier(member, member, member, group_size=2, trust=0.5, random_state=0)
        rows, labels = np.random.default_rng(0).random((60, 4)), np.tile(list("ABC"), 20)
        weight = np.where(labels == "A", 3.0, 1.0)
        model.fit(rows, labels, sample_weight=weight)
    np.testing.assert_allclose(model.members_["router"].estimator_.class_prior_, [0.6, 0.2, 0.2])


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"copies": -1}, "'copies'"),
        ({"copies": 1.5}, "'copies'"),
        ({"augmenter": GaussianNB()}, "'augmenter'"),
        ({"include_original": "no"}, "'include_original'"),
        ({"estimator": Same()}, "'estimator'"),
    ],
)
def test_invalid_parameters_raise_an_error(settings, problem):
    with pytest.raises(ValueError, match=problem):
        AugmentedClassifier(**{"estimator": GaussianNB(), **settings}).fit(X, y)


def test_rows_that_are_not_pictures_raise_an_error():
    with pytest.raises(ValueError, match="values from 0 to 255"):
        AugmentedClassifier(GaussianNB()).fit(X * 0 + 255, y)
    with pytest.raises(ValueError, match="5 pixels are not square"):
        AugmentedClassifier(GaussianNB()).fit(np.zeros((3, 5)), y)


@pytest.fixture(scope="module")
def letters():
    def rows(seed, n):
        found = generate_letters(n, letters="ABCDOP", writers=4, random_state=seed)
        return found.to_rows(), found.target

    return rows(0, 96), rows(1, 180)


def test_augmentation_improves_accuracy_on_varied_letters(letters):
    (X_train, y_train), (X_test, y_test) = letters
    turned = Augmenter(rotation=25).augment(X_test, 0)
    reader = make_pipeline(GradientFeatures(grid=4), LogisticRegression())
    plain = clone(reader).fit(X_train, y_train).score(turned, y_test)
    model = AugmentedClassifier(reader, Augmenter(rotation=25), copies=4, random_state=0)
    assert model.fit(X_train, y_train).score(turned, y_test) > plain + 0.02


def test_as_a_member_of_a_hierarchy(letters):
    (X_train, y_train), (X_test, y_test) = letters
    member = AugmentedClassifier(make_pipeline(GradientFeatures(grid=3), LogisticRegression()), copies=1)
    model = HierarchicalEnsembleClassifier(
        member, member, member, confusables=["DO"], group_size=3, cv=0.3, random_state=0
    )
    once = model.fit(X_train, y_train).predict_proba(X_test)
    assert model.score(X_test, y_test) > 0.8
    assert len({found.random_state for found in model.members_.values()}) == len(model.members_)
    np.testing.assert_array_equal(clone(model).fit(X_train, y_train).predict_proba(X_test), once)


def test_grid_search():
    model = AugmentedClassifier(GaussianNB(), Augmenter(), copies=1, random_state=0)
    grid = {"augmenter__rotation": [0.0, 8.0], "estimator__var_smoothing": [0.01, 0.1]}
    rows = np.random.default_rng(0).random((20, 16))
    search = GridSearchCV(model, grid, cv=2).fit(rows, np.tile(["A", "B"], 10))
    assert search.best_estimator_.augmenter.rotation in (0.0, 8.0)


@parametrize_with_checks([AugmentedClassifier(LogisticRegression(), Same(), copies=1, random_state=0)])
def test_sklearn_checks(estimator, check):
    check(estimator)
