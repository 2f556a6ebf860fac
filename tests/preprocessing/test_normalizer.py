import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageDraw
from scipy import ndimage
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import SkipTestWarning
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import to_ink
from ensemble_hwr.images.borders import remove_borders
from ensemble_hwr.preprocessing import LetterNormalizer
from ensemble_hwr.preprocessing._placing import _place_together, crop_letter, place_by_mass, place_classic


def picture(text="A", *, pen=4, left=10, top=8):
    """A letter of straight strokes, dark on light."""
    image = Image.new("L", (50, 60), 240)
    draw = ImageDraw.Draw(image)
    strokes = {
        "A": [((0, 40), (14, 0)), ((14, 0), (28, 40)), ((6, 24), (22, 24))],
        "T": [((0, 0), (28, 0)), ((14, 0), (14, 40))],
        "I": [((14, 0), (14, 40))],
        "H": [((0, 0), (0, 40)), ((28, 0), (28, 40)), ((0, 20), (28, 20))],
    }[text]
    for stroke in strokes:
        draw.line([(x + left, y + top) for x, y in stroke], fill=20, width=pen)
    return np.array(image)


LETTERS = [picture(text) for text in "ATIH"]


@pytest.mark.parametrize("method", ["mass", "classic"])
def test_equals_its_steps(method):
    rows = LetterNormalizer(method=method).fit_transform(LETTERS)
    for row, letter in zip(rows, LETTERS, strict=True):
        ink = to_ink(letter)
        placed = place_classic(ink, 28, 20) if method == "classic" else place_by_mass(crop_letter(ink), 28, 20)
        np.testing.assert_allclose(row, placed.ravel(), atol=1e-5)


def test_every_form_of_input_gives_equal_rows(tmp_path):
    stack = np.stack(LETTERS)
    expected = LetterNormalizer().fit_transform(LETTERS)
    paths = [tmp_path / f"{index}.png" for index in range(len(LETTERS))]
    for letter, path in zip(LETTERS, paths, strict=True):
        Image.fromarray(letter).save(path)
    objects = np.empty(len(LETTERS), dtype=object)
    objects[:] = LETTERS
    forms = [
        stack,
        stack.astype(float) / 255,
        np.repeat(stack[..., None], 3, axis=3),
        tuple(LETTERS),
        objects,
        paths,
        [str(path) for path in paths],
        np.array([str(path) for path in paths]),
        [path.read_bytes() for path in paths],
        [Image.open(path) for path in paths],
        [255 - letter for letter in LETTERS],
    ]
    for form in forms:
        np.testing.assert_array_equal(LetterNormalizer().fit_transform(form), expected)


def test_flattened_rows():
    squares = [letter[:50] for letter in LETTERS]
    expected = LetterNormalizer().fit_transform(squares)
    rows = np.stack(squares).reshape(len(squares), -1)
    for form in (rows, rows.tolist(), list(rows), rows.astype(float), rows.astype(object)):
        np.testing.assert_array_equal(LetterNormalizer().fit_transform(form), expected)


@pytest.mark.parametrize("method", ["mass", "classic"])
@settings(max_examples=40, deadline=None)
@given(st.sampled_from("ATIH"), st.tuples(st.integers(4, 18), st.integers(4, 16)), st.integers(2, 5), st.integers(2, 6))
def test_rows_do_not_depend_on_position_and_size(method, text, corner, factor, pen):
    left, top = corner
    normalizer = LetterNormalizer(method=method)
    here = picture(text, pen=pen)
    there = picture(text, pen=pen, left=left, top=top)
    large = np.kron(here, np.ones((factor, factor), dtype=np.uint8))
    rows = normalizer.transform([here, there, large, 255 - here])
    if method == "mass":
        np.testing.assert_allclose(rows[1], rows[0], atol=1e-5)
    assert np.abs(rows[2] - rows[0]).mean() < 0.02
    np.testing.assert_array_equal(rows[3], rows[0])


@pytest.mark.parametrize("size", [16, 28, 40])
def test_letter_fills_the_box(size):
    box = size * 5 // 7
    rows = LetterNormalizer(size, box).transform(LETTERS).reshape(-1, size, size)
    for row in rows:
        inked = row > 0.3
        assert abs(max(inked.any(axis=0).sum(), inked.any(axis=1).sum()) - box) <= 1


def test_large_picture_with_margins_equals_the_small_one():
    small = picture("A")
    large = np.full((900, 1200), 240, dtype=np.uint8)
    large[200:680, 300:700] = np.kron(small, np.ones((8, 8), dtype=np.uint8))
    rows = LetterNormalizer().transform([small, large])
    assert np.abs(rows[0] - rows[1]).mean() < 0.02


def test_rows_do_not_depend_on_n_jobs():
    many = [np.roll(LETTERS[index % 4], index % 5, axis=1) for index in range(520)]
    one = LetterNormalizer().transform(many)
    assert one.shape == (520, 784)
    np.testing.assert_array_equal(LetterNormalizer(n_jobs=2).transform(many), one)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_errors_state_index_and_name_of_the_picture(tmp_path, n_jobs):
    blank = tmp_path / "blank.png"
    Image.new("L", (20, 20), 255).save(blank)
    letters = [LETTERS[0]] * 300 + [blank] + [LETTERS[1]] * 3
    with pytest.raises(PictureError, match=r"picture 300: '.*blank\.png': it is all one colour"):
        LetterNormalizer(n_jobs=n_jobs).transform(letters)


def test_errors_blank():
    broken = [LETTERS[0], b"broken", LETTERS[1], np.zeros((4, 4))]
    with pytest.warns(UserWarning, match="2 of 4 pictures became blank rows; the first: picture 1: "):
        rows = LetterNormalizer(errors="blank").transform(broken)
    assert rows.any(axis=1).tolist() == [True, False, True, False]
    np.testing.assert_array_equal(rows[[0, 2]], LetterNormalizer().transform(LETTERS[:2]))


@pytest.mark.parametrize(
    ("X", "error", "problem"),
    [
        ("a.png", TypeError, "put it into a list"),
        (b"GIF89a", TypeError, "put it into a list"),
        (Image.new("L", (2, 2)), TypeError, "put it into a list"),
        (LETTERS[0], ValueError, "50 columns"),
        (np.zeros(784), ValueError, "shape"),
        (np.zeros((3, 783)), ValueError, "783 columns"),
        (np.zeros((3, 0)), ValueError, "0 columns"),
        (np.zeros((2, 2, 2, 2, 2)), ValueError, "shape"),
        (np.zeros((0, 784)), ValueError, "at least one picture"),
        ([], ValueError, "at least one picture"),
        (None, TypeError, "NoneType"),
        (5, TypeError, "int"),
    ],
)
def test_invalid_input_raises_an_error(X, error, problem):
    for method in ("fit", "transform"):
        with pytest.raises(error, match=problem):
            getattr(LetterNormalizer(), method)(X)


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"size": 1}, "'size'"),
        ({"box": 0}, "'box'"),
        ({"box": 29}, "box=29 must not be larger than size=28"),
        ({"method": "mean"}, "'method'"),
        ({"polarity": "black"}, "'polarity'"),
        ({"dots": "all"}, "'dots'"),
        ({"errors": "ignore"}, "'errors'"),
        ({"max_pixels": 0}, "'max_pixels'"),
    ],
)
def test_invalid_parameters_raise_an_error(parameters, problem):
    with pytest.raises(ValueError, match=problem):
        LetterNormalizer(**parameters).fit(LETTERS)
    with pytest.raises(ValueError, match=problem):
        LetterNormalizer(**parameters).transform(LETTERS)


def test_parameters_apply_to_the_pictures():
    with pytest.raises(PictureError, match="max_pixels"):
        LetterNormalizer(max_pixels=100).transform(LETTERS)
    dark = LetterNormalizer(polarity="dark").transform(LETTERS)
    np.testing.assert_array_equal(dark, LetterNormalizer().transform(LETTERS))
    assert not np.array_equal(LetterNormalizer(polarity="light").transform(LETTERS), dark)


def test_pipeline():
    pipeline = make_pipeline(LetterNormalizer(method="classic", box=28), DummyClassifier())
    fitted = clone(pipeline).fit(LETTERS, list("ATIH"))
    assert fitted[0].get_params()["box"] == 28
    copied = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copied.predict(LETTERS), fitted.predict(LETTERS))


def test_feature_names():
    normalizer = LetterNormalizer(size=4, box=4)
    names = normalizer.get_feature_names_out()
    assert names.shape == (16,)
    assert names[6] == "ink_1_2"


def test_sklearn_checks():
    """All checks except those with two or three random columns; the tests above cover the rest."""
    with pytest.warns(SkipTestWarning, match="Can't test estimator"):
        results = check_estimator(LetterNormalizer())
    assert results
    assert {result["status"] for result in results} == {"passed"}


def test_stateless():
    normalizer = LetterNormalizer()
    unfitted = normalizer.transform(LETTERS)
    before = vars(normalizer).copy()
    np.testing.assert_array_equal(normalizer.fit(LETTERS[:1]).transform(LETTERS), unfitted)
    assert vars(normalizer) == before
    check_is_fitted(normalizer)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_unreadable_pictures_are_returned_with_the_reason(n_jobs, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.preprocessing._normalizer._BATCH_SIZE", 2)
    letter = np.zeros((9, 9))
    letter[2:7, 4] = 1.0
    pictures = [letter, b"no picture", letter.T, np.zeros((5, 5)), letter]
    rows, failures = LetterNormalizer(n_jobs=n_jobs).transform_readable(pictures)
    np.testing.assert_allclose(rows, LetterNormalizer().transform([letter, letter.T, letter]), atol=1e-5)
    assert list(failures) == [1, 3]
    assert "it is not a picture" in failures[1]
    assert "all one colour" in failures[3]


def test_no_readable_pictures_give_no_rows():
    rows, failures = LetterNormalizer().transform_readable([b"x", b"y"])
    assert rows.shape == (0, 784)
    assert list(failures) == [0, 1]


INKS = (
    arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 0, 0, 0.5, 1]))
    .filter(lambda ink: ink.max() == 1)
    .map(lambda ink: crop_letter(ink, despeckle=False))
    # large enough to be made smaller, where one pixel's interpolation does not matter
    .map(lambda ink: np.kron(ink, np.ones((1 + 40 // max(ink.shape),) * 2, dtype=np.float32)))
)


def reference_place(letter, size, box, oversampling=24):
    """Sample the frame at many points per pixel; the pixels of the letter are squares of constant ink."""
    height, width = letter.shape
    scale = box / max(height, width)
    frame = size / scale
    total = letter.sum()
    starts = []
    for axis, length in ((0, height), (1, width)):
        centre = sum((i + 0.5) * letter.take(i, axis=axis).sum() for i in range(length)) / total
        starts.append(min(max(centre - frame / 2, length - frame), 0))
    points = (np.arange(size * oversampling) + 0.5) / (size * oversampling) * frame
    y, x = np.floor(starts[0] + points).astype(int), np.floor(starts[1] + points).astype(int)
    inside = np.outer((y >= 0) & (y < height), (x >= 0) & (x < width))
    sampled = letter[np.ix_(y.clip(0, height - 1), x.clip(0, width - 1))] * inside
    return sampled.reshape(size, oversampling, size, oversampling).mean(axis=(1, 3))


def blurred(picture):
    """The mean over three by three pixels, in which two anti-aliasing filters agree."""
    padded = np.pad(picture, 1)
    height, width = picture.shape
    return sum(padded[y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9


@settings(max_examples=40, deadline=None)
@given(INKS)
def test_place_by_mass_equals_the_reference(letter):
    placed = place_by_mass(letter, 28, 20)
    slow = reference_place(letter, 28, 20)
    np.testing.assert_allclose(placed.sum(), slow.sum(), rtol=0.12)
    np.testing.assert_allclose(blurred(placed), blurred(slow), atol=0.15)


@settings(max_examples=40, deadline=None)
@given(st.lists(INKS, min_size=2, max_size=5), st.integers(24, 40))
def test_letters_are_placed_together_as_one_by_one(letters, size):
    for box in (size, size // 2):
        together = _place_together(letters, size, box)
        np.testing.assert_allclose(together, [place_by_mass(letter, size, box) for letter in letters], atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(INKS, st.integers(24, 40))
def test_no_ink_is_cut_off(letter, size):
    """Ink scales with the square of the size, for any centre of mass."""
    for box in (size, size // 2):
        placed = place_by_mass(letter, size, box)
        scale = box / max(letter.shape)
        assert placed.sum() == pytest.approx(letter.sum() * scale**2, rel=0.15, abs=1.0)


def test_centre_of_mass_is_in_the_centre_of_the_frame():
    letter = np.zeros((30, 24), dtype=np.float32)
    letter[:, :4] = 1
    letter[-3:] = 1
    placed = place_by_mass(letter, 28, 20)
    y, x = np.mgrid[:28, :28] + 0.5
    assert (placed * y).sum() / placed.sum() == pytest.approx(14, abs=0.1)
    assert (placed * x).sum() / placed.sum() == pytest.approx(14, abs=0.1)


def test_shift_is_limited_by_the_frame():
    """Most of the ink is at one end; centring it would move a thin line out of the frame."""
    letter = np.zeros((40, 40), dtype=np.float32)
    letter[-6:] = 1
    letter[:, 20] = 1
    placed = place_by_mass(letter, 28, 24)
    assert placed[0].max() > 0.1
    assert placed[23:].max(axis=1)[-1] == 0


def test_aspect_ratio_is_kept():
    placed = place_by_mass(np.ones((40, 10), dtype=np.float32), 28, 20) > 0.5
    assert placed.any(axis=1).sum() == 20
    assert placed.any(axis=0).sum() == 5


def test_classic_fills_the_box():
    ink = np.zeros((90, 70), dtype=np.float32)
    ink[20:60, 30:40] = 1
    for box in (28, 20):
        placed = place_classic(ink, 28, box) > 0.5
        rows, columns = np.flatnonzero(placed.any(axis=1)), np.flatnonzero(placed.any(axis=0))
        assert abs(len(rows) - box) <= 1
        assert abs(rows[0] + rows[-1] - 27) <= 1
        assert abs(columns[0] + columns[-1] - 27) <= 1


class TestCropLetter:
    @staticmethod
    def letter():
        ink = np.zeros((60, 60), dtype=np.float32)
        ink[15:45, 20:24] = 1
        ink[41:45, 20:40] = 1
        return ink

    def test_box(self):
        assert crop_letter(self.letter()).shape == (30, 20)

    @pytest.mark.parametrize("place", [(5, 5), (2, 50), (52, 30)])
    def test_distant_speck_is_removed(self, place):
        ink = self.letter()
        ink[place[0] : place[0] + 2, place[1] : place[1] + 2] = 1
        np.testing.assert_array_equal(crop_letter(ink), crop_letter(self.letter()))
        assert crop_letter(ink, despeckle=False).shape != (30, 20)

    def test_speck_is_removed_with_its_soft_edge(self):
        ink = self.letter()
        ink[19:22, 34:37] = 0.2
        ink[20, 35] = 1
        np.testing.assert_array_equal(crop_letter(ink), crop_letter(self.letter()))

    def test_second_stroke_is_kept(self):
        ink = self.letter()
        ink[15:45, 50:54] = 1
        assert crop_letter(ink).shape == (30, 34)

    def test_broken_stroke_is_kept(self):
        ink = self.letter()
        ink[41:45, 42:45] = 1  # a short end, two pixels away
        assert crop_letter(ink).shape == (30, 25)

    def test_line_along_the_frame_is_removed(self):
        ink = self.letter()
        ink[-1, 10:50] = 1
        np.testing.assert_array_equal(crop_letter(ink), crop_letter(self.letter()))

    def test_noise_is_removed(self):
        ink = self.letter()
        rng = np.random.default_rng(0)
        noise = (rng.random(ink.shape) < 0.02).astype(np.float32)
        assert np.subtract(crop_letter(np.maximum(ink, noise)).shape, (30, 20)).max() <= 4


def letter_i(gap, shift=0, dot=4):
    """A stem of 40 pixels with a dot above it: its distance, and its position to the right."""
    picture = np.full((120, 100), 255, np.uint8)
    picture[60:100, 48:52] = 0
    picture[60 - gap - dot : 60 - gap, 48 + shift : 48 + shift + dot] = 0
    return picture


@pytest.mark.parametrize(("gap", "shift"), [(6, 0), (12, 6), (16, -8)])
def test_dots_of_small_letters_are_kept(gap, shift):
    picture = letter_i(gap, shift)
    stem = LetterNormalizer().transform([letter_i(30)])
    np.testing.assert_array_equal(LetterNormalizer().transform([picture]), stem)
    rows = LetterNormalizer(dots=True).transform([picture]).reshape(28, 28)
    assert (rows.max(axis=1) < 0.2).tolist().count(True) > 8  # margins, and the gap below the dot
    assert rows[:9].max() > 0.5
    flipped = LetterNormalizer(dots=True).transform([picture[::-1]]).reshape(28, 28)
    np.testing.assert_allclose(flipped[::-1], rows, atol=1e-5)


@pytest.mark.parametrize(("gap", "shift"), [(30, 0), (44, 8), (10, 30), (30, -34)])
def test_high_and_late_dots_are_kept(gap, shift):
    rows = LetterNormalizer(dots=True).transform([letter_i(gap, shift)]).reshape(28, 28)
    labels, parts = ndimage.label(rows > 0.2)
    assert parts == 2
    (dot, stem), _ = zip(*ndimage.find_objects(labels), strict=True)
    assert dot.stop <= stem.start


@pytest.mark.parametrize("picture", [letter_i(24)[::-1], letter_i(10, shift=46), letter_i(10, dot=1)])
def test_specks_far_from_a_small_letter_are_removed(picture):
    np.testing.assert_array_equal(
        LetterNormalizer(dots=True).transform([picture]), LetterNormalizer().transform([picture])
    )


def test_a_normalizer_saved_before_dots_existed_has_its_default():
    old = LetterNormalizer()
    del old.__dict__["dots"]
    np.testing.assert_array_equal(old.transform(LETTERS), LetterNormalizer().transform(LETTERS))


TONES = st.sampled_from([0, 0, 0, 0, 0, 0, 90, 255])


@settings(max_examples=30, deadline=None)
@given(st.lists(arrays(np.uint8, (26, 22), elements=TONES), min_size=1, max_size=5), st.booleans())
def test_pictures_of_one_size_and_of_several_are_normalized_as_single_ones(greys, dots):
    """Specks, several components, letters at the edges and bars along them; pictures without writing are left out."""
    greys[0][:, :2] = 255
    for pictures in (greys, [grey[index % 3 :, : grey.shape[1] - index % 2] for index, grey in enumerate(greys)]):
        rows, failures = LetterNormalizer(polarity="light", dots=dots).transform_readable(pictures)
        readable = [grey for index, grey in enumerate(pictures) if index not in failures]
        expected = np.zeros((len(readable), 784), np.float32)
        for row, grey in zip(expected, readable, strict=True):
            letter = crop_letter(remove_borders(to_ink(grey, polarity="light", longest=336)), dots=dots)
            row[:] = place_by_mass(letter, 28, 20).ravel()
        np.testing.assert_allclose(rows, expected, atol=1e-5)
        for index, reason in failures.items():
            with pytest.raises(PictureError, match=re.escape(reason)):
                to_ink(pictures[index], polarity="light", longest=336)


def test_equal_parameters_of_other_types_are_validated():
    letter = np.zeros((9, 9))
    letter[2:7, 4] = 1.0
    normalizer = LetterNormalizer(box=20)
    normalizer.transform([letter])
    for _ in range(2):
        with pytest.raises(ValueError, match="'box' parameter"):
            normalizer.set_params(box=20.0).transform([letter])
        with pytest.raises(ValueError, match="'timeout' parameter"):
            normalizer.set_params(box=20, timeout=["10"]).transform([letter])
        with pytest.raises(ValueError, match="box=40 must not be larger"):
            normalizer.set_params(box=40, timeout=None).transform([letter])
