import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from ensemble_hwr import AugmentedClassifier, AugmentedMLPClassifier, Augmenter, GradientFeatures, MemberMLPClassifier
from ensemble_hwr.alphabets import with_alphabet
from ensemble_hwr.config import build_contenders, load_demo
from ensemble_hwr.evaluation import EqualParameters
from ensemble_hwr.evaluation.scaling import EqualMacs, count_parameters_when_fitted
from ensemble_hwr.exceptions import ModelError

TINY = ["hidden_layer_sizes=[6]", "max_iter=4", "batch_size=8"]


def contenders():
    """Return the contenders of the demo by name, unfitted."""
    changes = [f"{role}.params.{change}" for role in ("router", "specialist", "expert") for change in TINY]
    config = load_demo([*changes, "hierarchy.cv=2"])
    return build_contenders(config, [chr(ord("A") + k) for k in range(26)])


@pytest.mark.parametrize("name", contenders())
@pytest.mark.parametrize("after", [None, "features"])
def test_exported_contenders_of_the_demo_equal_predict_proba(name, after, letters, awkward, assert_same):
    train, labels, test = letters
    contender = contenders()[name]
    if isinstance(contender, EqualParameters):
        contender = contender.sized(count_parameters_when_fitted(contenders()["top_down"], train, labels), train, 26)
    if isinstance(contender, EqualMacs):
        contender = contender.sized(90_000, train, 26)
    if name == "baseline":
        contender.set_params(max_iter=3, validation_fraction=0.3)  # so that each class has several held-out samples
    contender.fit(train, labels)
    for rows in (test, awkward, test[:1]):
        assert_same(contender, rows, after)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("hidden", [(5,), (4, 3), ()])
@pytest.mark.parametrize("classes", [2, 3])
def test_exported_mlps_of_all_shapes_and_activations(activation, hidden, classes, assert_same):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 5)).astype(np.float32)
    model = MemberMLPClassifier(hidden, activation=activation, max_iter=20, random_state=0).fit(
        rows, rng.integers(classes, size=60)
    )
    assert_same(model, rows)


def test_exported_augmented_mlps(letters, assert_same):
    train, labels, test = letters
    for features in (None, GradientFeatures(grid=4), make_pipeline("passthrough", GradientFeatures(grid=4))):
        model = AugmentedMLPClassifier((8,), features=features, max_iter=3, batch_size=20, random_state=0).fit(
            train, labels
        )
        assert_same(model, test)


def test_exported_augmented_classifiers(letters, assert_same):
    train, labels, test = letters
    member = make_pipeline(GradientFeatures(grid=4), MemberMLPClassifier((8,), max_iter=4, random_state=0))
    model = AugmentedClassifier(member, Augmenter(), copies=1, random_state=0).fit(train, labels)
    assert_same(model, test)


@pytest.mark.parametrize("weights", [None, [3, 1, 0.5]])
def test_exported_committees(weights, letters, assert_same):
    train, labels, test = letters
    voters = [
        ("pixels", MemberMLPClassifier((8,), max_iter=4, random_state=0)),
        ("gradient", make_pipeline(GradientFeatures(grid=4), MemberMLPClassifier((8,), max_iter=4, random_state=0))),
        ("converted", make_pipeline(GradientFeatures(grid=4), LogisticRegression(max_iter=1000))),
    ]
    model = VotingClassifier(voters, voting="soft", weights=weights).fit(train, labels)
    assert_same(model, test)


@pytest.mark.parametrize("alphabet", ["A-C", "letters", "aBc"])
def test_exported_models_of_an_alphabet(alphabet, letters, assert_same):
    train, labels, test = letters
    known = {"A": "A", "B": "B", "C": "C", "D": "a", "E": "b", "F": "c"}
    if alphabet == "letters":
        known = {letter: letter if letter < "N" else letter.lower() for letter in labels.tolist()}
    own = np.isin(labels, list(known))
    target = np.array([known[label] for label in labels[own].tolist()])
    model = MemberMLPClassifier((8,), max_iter=4, random_state=0).fit(train[own], target)
    assert_same(with_alphabet(model, alphabet), test)


def test_an_alphabet_without_probability_is_uniform_in_the_graph(assert_same):
    model = LogisticRegression(C=1e9, max_iter=2000).fit(1e3 * np.eye(3, dtype=np.float32), list("ABC"))
    model.coef_ *= 1e4
    assert_same(with_alphabet(model, "AB"), np.array([[0, 0, 1e3]], np.float32))


@pytest.mark.parametrize(
    "labels", [[0, 1, 2], [-5, 7, 70], ["no", "perhaps", "yes"], ["Ä", "É", "字"], [False, True, True]]
)
def test_labels_of_exported_models(labels, assert_same):
    rows = np.eye(3, dtype=np.float32).repeat(5, axis=0)
    model = MemberMLPClassifier((4,), max_iter=20, random_state=0).fit(rows, np.repeat(labels, 5))
    assert_same(model, rows)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MemberMLPClassifier(), "is not fitted"),
        (MemberMLPClassifier, "not a classifier"),
        (GradientFeatures(), "not a classifier"),
        (VotingClassifier([("svc", LinearSVC())], voting="hard"), "not a classifier"),
    ],
)
def test_models_without_probabilities_are_an_error(model, message, exported):
    with pytest.raises(ModelError, match=message):
        exported(model, np.eye(3))


def test_labels_of_other_types_are_an_error(exported):
    rows = np.eye(3, dtype=np.float32)
    model = LogisticRegression().fit(rows, np.array([0, 1, 2], dtype="datetime64[D]"))
    with pytest.raises(ModelError, match="fit the model on strings or integers"):
        exported(model, rows)
