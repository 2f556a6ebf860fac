import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr import LetterNormalizer, WordSegmenter, compose_words, generate_letters
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import to_ink

LETTERS = generate_letters(26 * 6, writers=6, random_state=3)
words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=6)


def canvas(height=60, width=100):
    return np.full((height, width), 255, np.uint8)


def broken_k():
    """A K in two strokes with a small gap, between two distant letters."""
    page = canvas(60, 160)
    page[10:50, 10:15] = 0  # I
    page[10:50, 60:65] = 0  # the K's stem
    for y in range(40):
        x = 67 + abs(y - 20)
        page[10 + y, x : x + 5] = 0
    page[10:50, 130:135] = 0  # I
    return page


def test_letters_with_gaps_are_counted_correctly(wide):
    segmenter = WordSegmenter()
    right = [len(segmenter.segment(word.picture)) == len(word.letters) for word in wide]
    assert np.mean(right) >= 0.9


def test_boxes_bound_the_letters(wide):
    for word in wide:
        found = WordSegmenter().segment(word.picture)
        if len(found) == len(word.letters):
            for box, letter in zip(found.boxes, word.letters, strict=True):
                np.testing.assert_allclose(box, letter.box, atol=2)


def test_touching_letters_are_cut(tight):
    kept, cut = (
        np.mean([len(WordSegmenter(touching=how).segment(word.picture)) == len(word.letters) for word in tight])
        for how in ("keep", "cut")
    )
    assert cut > kept + 0.2


def test_a_break_within_a_letter_does_not_split_it():
    found = WordSegmenter().segment(broken_k())
    assert len(found) == 3
    assert found.boxes[1] == (60, 10, 92, 50)
    assert len(WordSegmenter(gap=0.01).segment(broken_k())) == 4


def test_gap_sets_the_number_of_letters(wide):
    for word in wide[:4]:
        counts = [len(WordSegmenter(gap=gap, touching="keep").segment(word.picture)) for gap in (0, 0.1, 0.5, 3)]
        assert counts == sorted(counts, reverse=True)
        assert counts[-1] == 1
        assert WordSegmenter(gap=0.1).segment(word.picture).threshold == 0.1


def test_dots_are_joined_with_the_letter_below():
    page = canvas()
    page[20:50, 10:16] = page[20:50, 50:56] = page[20:50, 80:86] = 0
    page[6:11, 48:52] = page[6:11, 55:59] = 0
    found = WordSegmenter().segment(page)
    assert len(found) == 3
    assert found.boxes[1] == (48, 6, 59, 50)


def test_ruled_lines_and_specks_are_removed():
    page = canvas(80, 200)
    for x in (20, 60, 100):
        page[20:60, x : x + 6] = page[20:26, x : x + 20] = 0
    clean = WordSegmenter().segment(page)
    page[74:76, :180] = 0
    page[:, 190:192] = 0
    page[5, 150] = 0
    assert WordSegmenter().segment(page).boxes == clean.boxes


@settings(max_examples=30)
@given(words, st.floats(-0.05, 0.4), st.floats(-0.4, 0.4), st.integers(0, 1000))
def test_every_pixel_belongs_to_one_letter(text, gap, slant, seed):
    (word,) = compose_words(LETTERS, [text], gap=gap, slant=slant, random_state=seed)
    found = WordSegmenter().segment(word.picture)
    ink = to_ink(word.picture)
    strong = float(ink[ink > 0.25].sum())
    kept = sum(float(letter[letter > 0.25].sum()) for letter in found.letters)
    assert 0.97 * strong <= kept <= strong * 1.0001
    height, width = word.picture.shape
    for box in found.boxes:
        assert 0 <= box.left < box.right <= width
        assert 0 <= box.top < box.bottom <= height
    assert len(found.gaps) == len(found) - 1 == len(found.letters) - 1
    assert 0 <= found.confidence <= 1


@settings(max_examples=15)
@given(words, st.integers(0, 1000), st.integers(0, 40), st.integers(0, 40), st.sampled_from([2, 3]))
def test_segmentation_does_not_depend_on_polarity_margins_and_scale(text, seed, left, top, factor):
    (word,) = compose_words(LETTERS, [text], gap=0.3, random_state=seed)
    segmenter = WordSegmenter(polarity="dark")
    found = segmenter.segment(word.picture)
    inverted = WordSegmenter(polarity="light").segment(255 - word.picture)
    assert inverted.boxes == found.boxes
    framed = segmenter.segment(np.pad(word.picture, ((top, 3), (left, 3)), constant_values=255))
    moved = [box.moved(left, top) for box in found.boxes]
    np.testing.assert_allclose(framed.boxes, moved, atol=1)  # more paper changes the level of ink slightly
    enlarged = segmenter.segment(np.kron(word.picture, np.ones((factor, factor), np.uint8)))
    assert abs(len(enlarged) - len(found)) <= 1


def test_every_form_of_input_gives_equal_letters(wide, tmp_path):
    picture = wide[0].picture
    path = tmp_path / "word.png"
    Image.fromarray(picture).save(path)
    expected = WordSegmenter().transform([picture])[0]
    for form in (path, str(path), path.read_bytes(), Image.open(path), picture / 255.0):
        (found,) = WordSegmenter().transform([form])
        assert len(found) == len(expected)
        for letter, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(letter, other)


def test_normalizer_returns_rows(wide):
    normalizer = LetterNormalizer(polarity="light")
    pictures = [word.picture for word in wide[:3]]
    found = WordSegmenter(normalizer=normalizer).transform(pictures)
    assert found.shape == (3,)
    assert found.dtype == object
    for rows, letters in zip(found, WordSegmenter().transform(pictures), strict=True):
        np.testing.assert_allclose(rows, normalizer.transform(letters), atol=1e-5)


def test_pipeline(wide):
    count = FunctionTransformer(lambda entries: np.array([len(entry) for entry in entries]))
    pipeline = clone(make_pipeline(WordSegmenter(), count))
    counts = pipeline.fit_transform([word.picture for word in wide])
    assert counts.shape == (len(wide),)


def test_letters_do_not_depend_on_n_jobs(wide):
    pictures = [word.picture for word in wide]
    one, two = (WordSegmenter(n_jobs=n).transform(pictures) for n in (1, 2))
    for letters, others in zip(one, two, strict=True):
        assert len(letters) == len(others)
        for letter, other in zip(letters, others, strict=True):
            np.testing.assert_array_equal(letter, other)


def test_stateless(wide):
    segmenter = WordSegmenter()
    check_is_fitted(segmenter)
    before = vars(segmenter).copy()
    segmenter.fit([word.picture for word in wide]).transform([wide[0].picture])
    assert vars(segmenter) == before
    copied = pickle.loads(pickle.dumps(segmenter))
    assert copied.segment(wide[0].picture).boxes == segmenter.segment(wide[0].picture).boxes


def test_debug_image_draws_every_box(wide):
    picture = wide[0].picture
    image = WordSegmenter().debug_image(picture)
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    factor = image.shape[0] // picture.shape[0]
    for box in WordSegmenter().segment(picture).boxes:
        corner = image[box.top * factor, box.left * factor]
        assert np.ptp(corner) > 50


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((0, 5)),
        np.full((30, 30), 255, np.uint8),
        np.zeros((30, 30), np.uint8),
        np.zeros((1, 1)),
        np.full((9, 9), np.nan),
        b"no picture",
        "no such file.png",
        np.zeros((3, 3, 7)),
    ],
)
def test_unreadable_pictures_raise_an_error_or_are_empty(picture):
    with pytest.raises(PictureError):
        WordSegmenter().segment(picture)
    with pytest.raises(PictureError, match="picture 0: "):
        WordSegmenter().transform([picture])
    assert [len(word) for word in WordSegmenter(errors="empty").transform([picture])] == [0]
    empty = WordSegmenter(errors="empty", normalizer=LetterNormalizer()).transform([picture])
    assert len(empty[0]) == 0


def odd_pictures():
    dot = canvas()
    dot[30, 50] = 0
    low = canvas(2, 40)
    low[:, 10:12] = low[:, 30:32] = 0
    noise = np.random.default_rng(0).integers(0, 256, (300, 400)).astype(np.uint8)
    broad = np.full((64, 20_000), 255, np.uint8)
    broad[10:50, ::100] = 0
    half = canvas()
    half[:, 50:] = 0
    return {"dot": dot, "low": low, "noise": noise, "broad": broad, "half": half}


@pytest.mark.parametrize("name", ["dot", "low", "noise", "broad", "half"])
def test_unusual_pictures_give_a_result_or_a_picture_error(name):
    try:
        found = WordSegmenter().segment(odd_pictures()[name])
    except PictureError:
        return
    assert len(found) >= 1


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"gap": "wide"}, "'gap'"),
        ({"gap": -1}, "'gap'"),
        ({"touching": "no"}, "'touching'"),
        ({"slant": 3}, "'slant'"),
        ({"normalizer": 3}, "'normalizer'"),
        ({"errors": "ignore"}, "'errors'"),
        ({"polarity": "black"}, "'polarity'"),
        ({"max_pixels": 0}, "'max_pixels'"),
    ],
)
def test_invalid_parameters_raise_an_error(parameters, problem):
    with pytest.raises(ValueError, match=problem):
        WordSegmenter(**parameters).fit([canvas()])
    with pytest.raises(ValueError, match=problem):
        WordSegmenter(**parameters).segment(canvas())


@pytest.mark.parametrize("X", ["a.png", b"GIF", None, 5])
def test_input_that_is_not_a_sequence_raises_an_error(X):
    with pytest.raises(TypeError):
        WordSegmenter().transform(X)


def test_sklearn_checks():
    """All checks except those with two or three random columns; the tests above cover the rest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        results = check_estimator(WordSegmenter())
    assert results
    assert {result["status"] for result in results} <= {"passed"}


def test_letters_of_cursive_writing_are_counted_by_their_strokes():
    stems = np.zeros((70, 420), np.float32)
    for left in range(20, 400, 12):  # 32 stems, as of 26 letters, on a line that joins them
        stems[15:55, left : left + 4] = 1
    stems[51:55, 20:396] = 1
    assert 22 <= len(WordSegmenter(slant=0, polarity="light").segment(stems)) <= 27  # by their width, they would be 15


def test_a_short_word_with_touching_letters_is_not_cursive():
    stems = np.zeros((70, 120), np.float32)
    for left in (20, 44, 68, 92):  # two U, which touch
        stems[15:55, left : left + 5] = 1
    stems[50:55, 20:97] = 1
    assert len(WordSegmenter(slant=0, polarity="light").segment(stems)) in (2, 3)
