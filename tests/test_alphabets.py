import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensemble_hwr import WordReader, compose_words, generate_letters, load_model, save_model
from ensemble_hwr.alphabets import AlphabetClassifier, parse_alphabet, restrict, with_alphabet
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.preprocessing import LetterNormalizer

MIXED = string.digits + string.ascii_uppercase + string.ascii_lowercase


@parametrize_with_checks([AlphabetClassifier(LogisticRegression())])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def letters():
    return generate_letters(9 * 8, letters="ABCabc123", writers=8, random_state=0)


@pytest.fixture(scope="module")
def mixed(letters):
    return LogisticRegression().fit(letters.to_rows(), letters.target)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("A-Z", string.ascii_uppercase),
        ("A-Z0-9", string.ascii_uppercase + string.digits),
        ("a-zA-Z0-9", string.ascii_lowercase + string.ascii_uppercase + string.digits),
        ("letters", string.ascii_uppercase),
        ("b-d3-3x", "bcd3x"),
        ("A-C-", "ABC-"),
        ("-AB", "-AB"),
        ("A-Z-", string.ascii_uppercase + "-"),
        ("A-C-2", "ABC-2"),
        ("+-/", "+-/"),
        ("12", "12"),
    ],
)
def test_names_of_alphabets(name, classes):
    assert "".join(parse_alphabet(name).classes) == classes
    assert parse_alphabet(parse_alphabet(name)) is not None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Z-A", "Z-A is empty; write A-Z"),
        (
            "A-z",
            "A-z is not a range; ranges lie within A-Z, a-z or 0-9, such as in 'a-zA-Z', and the mark '-' comes last",
        ),
        ("B9-b", "9-b is not a range"),
        ("auto", "'auto' is for the readers of words and pages"),
        ("A-ZB", "contains 'B' more than once"),
        ("", "fewer than two characters"),
        ("A", "fewer than two characters"),
        (None, "alphabet is None"),
        (["A", "B"], r"alphabet is \['A', 'B'\]"),
    ],
)
def test_names_that_are_not_allowed(name, message):
    with pytest.raises(DataError, match=message):
        parse_alphabet(name)


@given(
    seed=st.integers(0, 2**20),
    zeros=st.booleans(),
    name=st.sampled_from(["A-Z", "0-9", "A-Z0-9", "letters", "a-zA-Z0-9", "Oo0", "xX"]),
)
def test_allowed_probabilities_are_renormalized_or_summed(seed, zeros, name):
    rng = np.random.default_rng(seed)
    given_ = rng.dirichlet(np.full(62, 0.1), size=5)
    if zeros:
        given_[:, rng.random(62) < 0.7] = 0
    found, labels = restrict(given_, list(MIXED), name)
    assert labels.tolist() == [label for label in MIXED if label in parse_alphabet(name).classes]
    np.testing.assert_allclose(found.sum(axis=1), 1)
    column = {label: given_[:, k] for k, label in enumerate(MIXED)}
    parts = dict(parse_alphabet(name).parts)
    for row in range(5):
        total = sum(column[part][row] for members in parts.values() for part in members)
        expected = [
            sum(column[part][row] for part in parts[label]) / total if total else 1 / len(labels) for label in labels
        ]
        np.testing.assert_allclose(found[row], expected, rtol=1e-9)


@given(order=st.permutations(range(8)), seed=st.integers(0, 1000))
def test_the_order_of_the_classes_does_not_matter(order, seed):
    classes = np.array(list("ABCDabcd"))
    given_ = np.random.default_rng(seed).dirichlet(np.ones(8), size=3)
    for name in ("BbD", "A-D"):
        found, labels = restrict(given_, classes, name)
        other, relabeled = restrict(given_[:, order], classes[list(order)], name)
        place = {label: column for column, label in enumerate(relabeled.tolist())}
        np.testing.assert_allclose(other[:, [place[label] for label in labels.tolist()]], found)


def test_characters_of_one_shape_are_one_class():
    shapes = parse_alphabet("shapes")
    assert len(shapes.classes) == 49
    assert sorted("".join(part for _, parts in shapes.parts for part in parts)) == sorted(MIXED)
    even = np.full((1, 62), 1 / 62)
    found, labels = restrict(even, list(MIXED), "shapes")
    sizes = dict(zip(labels.tolist(), (62 * found[0]).round().astype(int).tolist(), strict=True))
    assert [sizes[label] for label in "olcaA7"] == [3, 3, 2, 1, 1, 1]


def test_case_is_folded_where_a_model_has_one_case_only():
    found, labels = restrict([[0.25, 0.75]], ["Q", "q"], parse_alphabet("Qq"))
    assert labels.tolist() == ["Q", "q"]
    found, labels = restrict(np.eye(26), list(string.ascii_lowercase), "letters")
    assert "".join(labels) == string.ascii_uppercase
    np.testing.assert_array_equal(found, np.eye(26))


def test_a_missing_class_is_reported(mixed):
    for act in (
        lambda: with_alphabet(mixed, "A-Z"),
        lambda: restrict([[0.5, 0.5]], ["A", "B"], "A-Z"),
        lambda: AlphabetClassifier(LogisticRegression(), "XY").fit(np.eye(4), list("ABAB")),
    ):
        with pytest.raises(DataError, match=r"cannot be read; the classes of the model are '"):
            act()


def test_a_restricted_model_answers_with_allowed_classes(mixed, letters):
    rows = letters.to_rows()
    model = with_alphabet(mixed, "A-C1-3")
    assert model.classes_.tolist() == list("123ABC")
    assert set(model.predict(rows)) <= set("123ABC")
    np.testing.assert_allclose(model.predict_proba(rows).sum(axis=1), 1)
    assert model.n_features_in_ == 784
    own = np.isin(letters.target, list("ABC123"))
    assert model.score(rows[own], letters.target[own]) >= mixed.score(rows[own], letters.target[own])


def test_fit_uses_all_letters(mixed, letters):
    rows = letters.to_rows()
    fitted = AlphabetClassifier(LogisticRegression(), "a-c").fit(rows, letters.target)
    np.testing.assert_allclose(fitted.predict_proba(rows), with_alphabet(mixed, "a-c").predict_proba(rows))
    weighted = AlphabetClassifier(LogisticRegression(), "a-c").fit(
        rows, letters.target, sample_weight=np.where(letters.target == "a", 50.0, 1.0)
    )
    assert weighted.predict_proba(rows)[:, 0].mean() > fitted.predict_proba(rows)[:, 0].mean()


def test_a_restricted_pipeline_takes_pictures_and_is_saved(mixed, tmp_path):
    model = with_alphabet(Pipeline([("normalize", LetterNormalizer()), ("classify", mixed)]), "A-C")
    pictures = list(generate_letters(9, letters="ABC", random_state=1, format="pictures").data)
    save_model(model, tmp_path / "x.model")
    again = load_model(tmp_path / "x.model")
    assert again.classes_.tolist() == list("ABC")
    np.testing.assert_array_equal(again.predict_proba(pictures), model.predict_proba(pictures))


def test_load_model_restricts_a_shipped_model():
    vowels = load_model("az", alphabet="AEIOU")
    assert vowels.classes_.tolist() == list("AEIOU")
    with pytest.raises(DataError, match="'0123456789' cannot be read"):
        load_model("az", alphabet="A-Z0-9")


def test_a_word_reader_takes_a_restricted_model():
    words = compose_words(generate_letters(260, writers=5, random_state=3), ["HAT"], gap=0.3, random_state=0)
    reader = WordReader(load_model("az", alphabet="AHLTX")).fit()
    assert reader.classes_.tolist() == list("AHLTX")
    assert reader.read(words[0].picture).text == "HAT"


def test_classes_that_are_numbers_have_no_alphabet():
    model = LogisticRegression().fit(np.eye(3), [0, 1, 1])
    with pytest.raises(
        DataError, match=r"^alphabet '0-1': the classes of the model are 0, 1, which are not characters"
    ):
        with_alphabet(model, "0-1")
