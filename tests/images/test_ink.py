import csv
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageDraw, ImageFilter

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import to_ink
from ensemble_hwr.images._ink import _stretch


def written(size=64, width=4, text="K"):
    """Strokes of a letter, 1 on the path of the pen."""
    image = Image.new("L", (4 * size, 4 * size))
    draw = ImageDraw.Draw(image)
    strokes = {
        "K": [((16, 10), (16, 54)), ((46, 10), (16, 34)), ((24, 30), (48, 54))],
        "O": [((32, 8), (52, 32)), ((52, 32), (32, 56)), ((32, 56), (12, 32)), ((12, 32), (32, 8))],
        "L": [((14, 8), (14, 54)), ((14, 54), (50, 54))],
        "H": [((14, 8), (14, 56)), ((50, 8), (50, 56)), ((14, 32), (50, 32))],
    }[text]
    for start, end in strokes:
        scaled = [(4 * x * size / 64, 4 * y * size / 64) for x, y in (start, end)]
        draw.line(scaled, fill=255, width=4 * width)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX)) / 255


def photograph(pen, shade=0.5, noise=4.0, contrast=0.6):
    """Ink on paper under a light from one side, with a vignette and sensor noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : pen.shape[0] * 1j, -1 : 1 : pen.shape[1] * 1j]
    light = 1 - shade * (0.3 * x + 0.2 * y + 0.25 * (x**2 + y**2) + 0.5) / 1.5
    grey = 200 * light * (1 - contrast * pen) + rng.normal(0, noise, pen.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


def agreement(ink, pen):
    """Intersection over union of the inked areas."""
    return ((ink > 0.5) & (pen > 0.5)).sum() / ((ink > 0.5) | (pen > 0.5)).sum()


@pytest.mark.parametrize("text", "KOLH")
@pytest.mark.parametrize("size", [20, 64, 300])
def test_clean_ink_is_unchanged(text, size):
    pen = written(size, max(2, size // 16), text)
    np.testing.assert_allclose(to_ink(pen), pen, atol=0.03)
    np.testing.assert_allclose(to_ink(1 - pen), pen, atol=0.03)


@pytest.mark.parametrize("text", "KOLH")
def test_to_ink_is_idempotent(text):
    once = to_ink(photograph(written(text=text)))
    assert agreement(to_ink(once), once) > 0.95


@pytest.mark.parametrize("text", "KOLH")
@pytest.mark.parametrize("shade", [0.0, 0.4, 0.8])
@pytest.mark.parametrize("light_on_dark", [False, True])
@pytest.mark.parametrize("size", [48, 400])
def test_uneven_paper_is_flattened(text, shade, light_on_dark, size):
    pen = written(size, size // 14, text)
    grey = photograph(pen, shade)
    ink = to_ink(255 - grey if light_on_dark else grey)
    assert agreement(ink, pen) > 0.75
    assert ink[pen == 0].mean() < 0.05
    assert ink[pen == 1].mean() > 0.8


def test_flatten_false_leaves_uneven_paper():
    pen = written()
    grey = photograph(pen, shade=0.9, noise=0)
    assert to_ink(grey, flatten=False)[pen == 0].mean() > 3 * to_ink(grey)[pen == 0].mean()


@pytest.mark.parametrize("text", "KOLH")
def test_bold_letter_cropped_tightly(text):
    """Its strokes cover much of the frame and of the area."""
    pen = written(64, 8, text)
    rows, columns = np.flatnonzero(pen.max(1) > 0.5), np.flatnonzero(pen.max(0) > 0.5)
    tight = pen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert agreement(to_ink(tight), tight) > 0.95
    assert agreement(to_ink(1 - tight), tight) > 0.95


def test_polarity_can_be_given():
    pen = written()
    assert agreement(to_ink(pen, polarity="light"), pen) > 0.95
    assert agreement(to_ink(pen, polarity="dark"), 1 - pen) > 0.95
    with pytest.raises(ValueError, match="polarity='black' must be 'auto'"):
        to_ink(pen, polarity="black")


@pytest.mark.parametrize("contrast", [0.1, 0.3, 0.9])
def test_contrast_is_stretched(contrast):
    pen = written()
    ink = to_ink(photograph(pen, shade=0.2, noise=0.5, contrast=contrast))
    assert agreement(ink, pen) > 0.8
    assert np.median(ink[pen == 1]) > 0.9


def test_noise_of_the_paper_is_suppressed():
    pen = written(100, 6)
    ink = to_ink(photograph(pen, shade=0.3, noise=6))
    far = np.asarray(Image.fromarray((pen * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(5))) == 0
    assert (ink[far] == 0).mean() > 0.95


def test_glare_on_most_of_the_paper_is_not_taken_for_the_paper():
    darkness = np.random.default_rng(0).normal(0, 0.01, (40, 40)).astype(np.float32)
    darkness[:25] = -0.3
    darkness[30:34, 8:30] = 0.25
    for noise in (darkness, np.where(np.abs(darkness) < 0.1, np.float32(0), darkness)):
        ink = _stretch(noise)
        np.testing.assert_array_equal(ink > 0.5, darkness == np.float32(0.25))


def test_longest_averages_blocks():
    pen = written(300, 20)
    ink = to_ink(pen, longest=100)
    assert ink.shape == (100, 100)
    blocks = pen.reshape(100, 3, 100, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(ink, blocks, atol=0.03)
    assert to_ink(pen, longest=300).shape == (300, 300)


def test_wide_picture_of_a_line():
    line = np.hstack([written(64, 4, text) for text in "KOLHKOLHKOLH"])
    assert agreement(to_ink(photograph(line, shade=0.7)), line) > 0.75


@pytest.mark.parametrize(
    ("picture", "problem"),
    [
        (np.zeros((5, 5)), "all one colour"),
        (np.ones((1, 1)), "all one colour"),
        (np.full((50, 60), 37, dtype=np.uint8), "all one colour"),
        (np.array([[100, 103]], dtype=np.uint8), "only 3 of 255"),
        (np.full((3, 3), np.nan), "NaN"),
        (np.zeros((0, 3)), "empty"),
    ],
)
def test_pictures_without_contrast_raise_an_error(picture, problem):
    with pytest.raises(PictureError, match=problem) as caught:
        to_ink(picture)
    assert str(picture.shape) in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ((5, 20_000), "too flat to hold writing, 20,000 x 5 pixels; as long as that, it must be 156 pixels high"),
        ((20_000, 5), "too narrow to hold writing, 5 x 20,000 pixels; as long as that, it must be 156 pixels wide"),
    ],
)
def test_a_picture_too_thin_for_writing_raises_an_error(shape, problem):
    grey = np.full(shape, 255, np.uint8)
    with pytest.raises(PictureError, match="all one colour"):
        to_ink(grey)
    grey[2, 1] = 0
    for longest in (None, 100):
        with pytest.raises(PictureError, match=problem):
            to_ink(grey, longest=longest)


def test_the_error_names_a_blank_file(tmp_path):
    Image.new("RGB", (30, 30), "white").save(tmp_path / "blank.jpg")
    with pytest.raises(PictureError, match=r"blank\.jpg.*all one colour"):
        to_ink(tmp_path / "blank.jpg")


@settings(max_examples=150, deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_any_pixels_give_ink_or_a_picture_error(grey):
    try:
        ink = to_ink(grey)
    except PictureError:
        # random pixels of a larger picture are like grain
        assert int(grey.max()) - int(grey.min()) < 6 or min(grey.shape) >= 24
        return
    assert ink.shape == grey.shape
    assert ink.dtype == np.float32
    assert 0 <= ink.min() < ink.max() == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from("KOLH"), st.integers(2, 9), st.integers(24, 70), st.booleans())
def test_ink_is_invariant_to_inversion(text, width, size, soft):
    pen = written(size, width, text)
    grey = np.rint((pen if soft else pen > 0.5) * 255).astype(np.uint8)
    np.testing.assert_array_equal(to_ink(grey), to_ink(255 - grey))


def test_polarity_of_real_letters():
    root = Path(os.environ.get("ENSEMBLE_HWR_DATA", Path(__file__).parents[3] / "shared" / "data"))
    folder = root / "letters"
    if not (folder / "index.csv").is_file():
        pytest.skip(f"real letters not found at {folder}; set ENSEMBLE_HWR_DATA to the folder that holds letters/")
    light = {"scan34", "binary20x16"}
    with (folder / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] != "tablet55"][::13]
    wrong = []
    for row in rows:
        polarity = "light" if row["source"] in light else "dark"
        known = to_ink(folder / row["path"], polarity=polarity)
        if not np.array_equal(to_ink(folder / row["path"]), known):
            wrong.append(row["path"])
    assert len(wrong) < 0.005 * len(rows), wrong


@pytest.mark.parametrize("longest", [0, -1, 2.5, "all"])
def test_invalid_longest_raises_an_error(longest):
    with pytest.raises(ValueError, match="longest="):
        to_ink(np.eye(9), longest=longest)
