import numpy as np
import pytest
from desk import word_strokes
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ensemble_hwr.canvas import Drawing, Point, render
from ensemble_hwr.canvas._recognizer import Recognizer
from ensemble_hwr.datasets.handwriting import WriterStyle, letter_strokes
from ensemble_hwr.exceptions import DataError, ModelError, PictureError
from ensemble_hwr.persistence import save_model


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


def drawing(text, *, gap=0.2, joined=False):
    strokes = [tuple(Point(50 + 120 * x, 30 + 120 * y, 0) for x, y in stroke) for stroke in word_strokes(text, gap=gap)]
    return Drawing((tuple(point for stroke in strokes for point in stroke),) if joined else tuple(strokes))


def in_a_hand(text, *, gap, seed):
    rng, end, strokes = np.random.default_rng(seed), 0.0, []
    style = WriterStyle.random(rng)
    for letter in text:
        drawn = letter_strokes(letter, style, random_state=rng)
        upright = np.concatenate([stroke[:, 0] + style.slant * (stroke[:, 1] - 1) for stroke in drawn])
        strokes += [stroke[:, :2] + (end - upright.min(), 0) for stroke in drawn]
        end += np.ptp(upright) + gap
    return Drawing(tuple(tuple(Point(90 + 120 * x, 60 + 120 * y, 0) for x, y in stroke) for stroke in strokes))


def test_a_word_is_read_with_boxes_guesses_and_what_the_model_sees(recognizer):
    found = recognizer.read(drawing("HELLO"))
    assert found.text == "HELLO"
    assert [letter.guesses[0][0] for letter in found.letters] == list("HELLO")
    for letter in found.letters:
        assert len(letter.guesses) == 3
        assert letter.seen.shape == (28, 28)
        assert letter.seen.max() > 0.5
    lefts = [letter.box.left for letter in found.letters]
    assert lefts == sorted(lefts)
    assert lefts[0] == pytest.approx(50, abs=2)


def test_letters_may_overlap(recognizer):
    assert recognizer.read(drawing("HELLO", gap=-0.1)).text == "HELLO"


def test_letters_that_overlap_are_read_in_hands_that_nothing_learned_from(recognizer):
    words = ["PAPER", "MUSIC", "RIVER", "HOUSE", "WINTER", "TABLE", "GARDEN", "MONEY"] * 2
    read = [recognizer.read(in_a_hand(word, gap=-0.2, seed=(5, place))).text for place, word in enumerate(words)]
    assert np.mean([text == word for text, word in zip(read, words, strict=True)]) >= 0.9


def test_a_word_on_a_picture_is_read_from_the_picture(recognizer):
    picture = render(drawing("HELLO"))
    found = recognizer.read(Drawing(picture=picture))
    assert found.text == "HELLO"
    assert found.letters[0].box.left == pytest.approx(13, abs=4)


def test_a_pen_that_was_not_lifted_is_read_from_the_picture_at_its_place(recognizer):
    word = drawing("ULU", joined=True)
    found = recognizer.read(word)
    assert len(found.letters) >= 2
    assert found.letters[0].box.left == pytest.approx(min(point.x for point in word.strokes[0]), abs=6)


def test_expected_words_are_read_where_that_is_asked(recognizer, tmp_path):
    (tmp_path / "words.txt").write_text("hallo\nworld\ncafé\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="1 of 3 words of "):
        assert recognizer.expect(tmp_path / "words.txt") == 2
    word = drawing("WORLD")
    assert recognizer.read(word, expecting=True).text == "WORLD"
    with pytest.raises(DataError, match=r"no\.txt"):
        recognizer.expect(tmp_path / "no.txt")
    assert recognizer.read(word, expecting=True).text == "WORLD"  # the old list stays


def test_a_dot_or_a_line_is_something_and_a_blank_picture_an_error(recognizer):
    assert recognizer.read(Drawing(((Point(5, 5, 0),),))).letters
    assert recognizer.read(Drawing(((Point(5, 5, 0), Point(400, 5, 0)),))).letters
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
def test_a_model_that_does_not_read_letters_is_refused(model, labels, width, problem, tmp_path):
    file = save_model(model.fit(np.eye(2, width), list(labels)), tmp_path / "other.model")
    with pytest.raises(ModelError, match=problem):
        Recognizer(str(file))


def test_a_model_of_rows_reads_as_one_of_pictures_does(tmp_path):
    model = LogisticRegression().fit(np.eye(2, 784), ["A", "B"])
    file = save_model(model, tmp_path / "rows.model")
    assert set(Recognizer(str(file)).read(drawing("AB")).text) <= {"A", "B"}
