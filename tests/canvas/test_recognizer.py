import numpy as np
import pytest
from desk import word_strokes
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ensemble_hwr.canvas import Drawing, render
from ensemble_hwr.canvas.recognizer import Recognizer
from ensemble_hwr.datasets.handwriting import WriterStyle, letter_strokes
from ensemble_hwr.exceptions import DataError, ModelError, PictureError
from ensemble_hwr.persistence import save_model


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


def drawing(text, *, gap=0.2, joined=False):
    strokes = [stroke * 120 + (50, 30) for stroke in word_strokes(text, gap=gap)]
    return Drawing.from_arrays([np.concatenate(strokes)] if joined else strokes)


def written_by(writer, text, *, gap):
    rng, end, strokes = np.random.default_rng(writer), 0.0, []
    style = WriterStyle.random(rng)
    for letter in text:
        drawn = letter_strokes(letter, style, random_state=rng)
        upright = np.concatenate([stroke[:, 0] + style.slant * (stroke[:, 1] - 1) for stroke in drawn])
        strokes += [stroke[:, :2] + (end - upright.min(), 0) for stroke in drawn]
        end += np.ptp(upright) + gap
    return Drawing.from_arrays([stroke * 120 + (90, 60) for stroke in strokes])


def test_a_word_is_read_with_boxes_alternatives_and_pixels(recognizer):
    found = recognizer.read(drawing("HELLO"))
    assert found.text == "HELLO"
    assert [letter.text for letter in found.letters] == list("HELLO")
    for letter in found.letters:
        assert letter.confidence > 0.4  # O and 0 have one shape
        assert letter.row.shape == (784,)
        assert letter.row.max() > 0.5
    lefts = [letter.box.left for letter in found.letters]
    assert lefts == sorted(lefts)
    assert lefts[0] == pytest.approx(50, abs=2)


def test_each_drawing_is_classified_once(recognizer, monkeypatch):
    classifier = recognizer._reader.classifier_
    calls = []
    predict_proba = type(classifier).predict_proba

    def counted(self, X):
        if self is classifier:
            calls.append(len(X))
        return predict_proba(self, X)

    monkeypatch.setattr(type(classifier), "predict_proba", counted)
    recognizer.read(drawing("HELLO"))
    assert len(calls) == 1


def test_overlapping_letters_are_read(recognizer):
    assert recognizer.read(drawing("HELLO", gap=-0.1)).text == "HELLO"


@pytest.mark.parametrize(("model", "least"), [("az", 0.9), ("mixed", 0.85)])
def test_overlapping_letters_of_unseen_writers_are_read(model, least):
    recognizer = Recognizer(model)
    words = ["PAPER", "MUSIC", "RIVER", "HOUSE", "WINTER", "TABLE", "GARDEN", "MONEY"] * 2
    read = [recognizer.read(written_by((5, place), word, gap=-0.2)).text for place, word in enumerate(words)]
    assert np.mean([text == word for text, word in zip(read, words, strict=True)]) >= least


def test_a_word_on_a_picture_is_read_from_the_picture(recognizer):
    picture = render(drawing("HELLO"))
    found = recognizer.read(Drawing(picture=picture))
    assert found.text == "HELLO"
    assert found.letters[0].box.left == pytest.approx(13, abs=4)


def test_joined_letters_are_read_from_the_picture_with_boxes_on_the_canvas(recognizer):
    word = drawing("ULU", joined=True)
    found = recognizer.read(word)
    assert len(found.letters) >= 2
    assert found.letters[0].box.left == pytest.approx(min(point.x for point in word.strokes[0]), abs=6)


def test_a_lexicon_is_used_on_request_and_kept_if_another_fails(recognizer, tmp_path):
    (tmp_path / "words.txt").write_text("hallo\nworld\nœuf\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="1 of 3 words of "):
        assert recognizer.load_lexicon(tmp_path / "words.txt") == 2
    word = drawing("WORLD")
    assert recognizer.read(word, use_lexicon=True).text == "WORLD"
    with pytest.raises(DataError, match=r"no\.txt"):
        recognizer.load_lexicon(tmp_path / "no.txt")
    assert recognizer.read(word, use_lexicon=True).text == "WORLD"  # the old lexicon is kept


def test_a_dot_or_a_line_is_read_and_a_blank_picture_raises(recognizer):
    assert recognizer.read(Drawing.from_arrays([[(5, 5)]])).letters
    assert recognizer.read(Drawing.from_arrays([[(5, 5), (400, 5)]])).letters
    with pytest.raises(PictureError, match=r"^this picture: it is all one colour"):
        recognizer.read(Drawing(picture=np.full((40, 40), 255, np.uint8)))


@pytest.mark.parametrize(
    ("model", "labels", "width", "problem"),
    [
        (LogisticRegression(), "AB", 64, "rows of 64 numbers"),
        (LogisticRegression(), ("letter", "non_letter"), 784, r"other\.model: does not read pictures; give a model"),
        (LinearSVC(), "AB", 784, r"other\.model: does not read pictures; give a model"),
    ],
)
def test_a_model_that_does_not_read_letters_raises(model, labels, width, problem, tmp_path):
    file = save_model(model.fit(np.eye(2, width), list(labels)), tmp_path / "other.model")
    with pytest.raises(ModelError, match=problem):
        Recognizer(str(file))


def test_a_model_of_rows_can_be_used(tmp_path):
    model = LogisticRegression().fit(np.eye(2, 784), ["A", "B"])
    file = save_model(model, tmp_path / "rows.model")
    assert set(Recognizer(str(file)).read(drawing("AB")).text) <= {"A", "B"}


def test_small_letters_are_read_with_dots_that_are_written_last(mixed_recognizer):
    """h, i and i: the dots follow all other strokes, from left to right."""
    bow = [(30, 60), (35, 55), (45, 54), (50, 62), (50, 100)]
    stems = [[(80, 55), (80, 100)], [(110, 55), (110, 100)]]
    dots = [[(80, 30), (81, 31)], [(110, 30), (111, 31)]]
    word = Drawing.from_arrays([[(30, 0), (30, 100)], bow, *stems, *dots])
    assert mixed_recognizer.read(word).text == "hii"
    assert "i" in mixed_recognizer.letters


@pytest.fixture(scope="module")
def mixed_recognizer():
    return Recognizer("mixed")
