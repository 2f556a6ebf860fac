import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images import flat_inks, flat_inks_by_size, to_ink
from ensemble_hwr.images._histogram import Histogram, Histograms, smooth, smooth_all
from ensemble_hwr.images._local import (
    _close,
    _thumbnail,
    _thumbnails,
    closing_size,
    have_shadows,
    may_hold_square,
    need_closing,
    without_shadows,
)
from ensemble_hwr.images._noise import are_clear, without_grain
from ensemble_hwr.images._surroundings import find_surroundings, have_rim, have_surroundings, without_rim

RNG = np.random.default_rng(0)


@st.composite
def stacks(draw):
    """Small pictures of one size: strokes of any thickness, soft or hard, on paper with noise, edges and gradients."""
    height, width = draw(st.sampled_from([(20, 16), (28, 28), (24, 39), (48, 40), (64, 64), (67, 90), (130, 50)]))
    seed = draw(st.integers(0, 2**16))
    return np.stack([drawn(np.random.default_rng([seed, index]), height, width) for index in range(4)])


def drawn(rng, height, width):
    paper, ink = rng.choice([(255, 0), (240, 30), (0, 255), (200, 120), (90, 160)])
    image = Image.new("L", (width, height), int(paper))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 5)):
        ends = [(float(x), float(y)) for x, y in rng.uniform(-0.1, 1.1, (2, 2)) * [width, height]]
        draw.line(ends, fill=int(ink), width=int(rng.integers(1, 2 + min(height, width) // 3)))
    if rng.random() < 0.2:
        draw.rectangle((0, 0, width - 1, height - 1), outline=int(ink), width=int(rng.integers(1, 4)))
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.5))))
    pixels = np.asarray(image).astype(float)
    if rng.random() < 0.2:
        pixels += np.linspace(0, rng.uniform(-60, 60), width)
    if rng.random() < 0.2:
        pixels[:, : width // 2] *= 0.7
    pixels += rng.normal(0, rng.choice([0, 0, 0, 1, 4, 20]), pixels.shape)
    return np.rint(pixels).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("polarity", ["auto", "dark", "light"])
@settings(max_examples=15, deadline=None)
@given(stacks())
def test_inks_equal_those_of_single_pictures(polarity, greys):
    assert_inks_equal_those_of_single_pictures(polarity, greys)


def assert_inks_equal_those_of_single_pictures(polarity, greys):
    inks, clean = flat_inks(greys, polarity=polarity)
    for grey, ink in zip(greys[clean], inks[clean], strict=True):
        np.testing.assert_array_equal(ink, to_ink(grey, polarity=polarity, longest=256))


@settings(max_examples=20, deadline=None)
@given(stacks())
def test_inks_of_black_and_white_pictures_equal_those_of_single_pictures(greys):
    darkest, lightest = greys.min(axis=(1, 2), keepdims=True), greys.max(axis=(1, 2), keepdims=True)
    assume((lightest > darkest).all())
    black_and_white = np.where(greys > (darkest.astype(int) + lightest) // 2, lightest, darkest)
    assert_inks_equal_those_of_single_pictures("auto", black_and_white)


@pytest.mark.parametrize("polarity", ["auto", "light"])
@settings(max_examples=8, deadline=None)
@given(st.lists(stacks(), min_size=2, max_size=4))
def test_inks_of_several_sizes_equal_those_of_each_size(polarity, groups):
    for greys, (inks, clean) in zip(groups, flat_inks_by_size(groups, polarity=polarity), strict=True):
        expected, expected_clean = flat_inks(greys, polarity=polarity)
        np.testing.assert_array_equal(clean, expected_clean)
        np.testing.assert_array_equal(inks[clean], expected[clean])


@settings(max_examples=20, deadline=None)
@given(stacks())
def test_checks_of_many_pictures_equal_those_of_single_ones(greys):
    tones = Histograms.of(greys)
    paper = np.asarray([Histogram.of(grey).quantile(0.9) for grey in greys])
    np.testing.assert_array_equal(have_rim(greys), [without_rim(grey) is not grey for grey in greys])
    np.testing.assert_array_equal(have_shadows(greys), [without_shadows(grey) is not grey for grey in greys])
    np.testing.assert_array_equal(are_clear(greys, tones), [without_grain(grey) is None for grey in greys])
    found = [find_surroundings(grey) is not None for grey in greys]
    np.testing.assert_array_equal(have_surroundings(greys, tones), found)
    sizes = [closing_size(grey, np.float32(level)) for grey, level in zip(greys, paper, strict=True)]
    np.testing.assert_array_equal(need_closing(greys, paper), [size is not None for size in sizes])


@settings(max_examples=40, deadline=None)
@given(stacks(), st.integers(3, 12), st.integers(1, 255))
def test_a_picture_without_dark_squares_is_light_after_a_closing(greys, size, level):
    found = may_hold_square(greys, np.full(len(greys), float(level)), size)
    for grey in greys[~found]:
        assert _close(grey, size).min() >= level


@settings(max_examples=40, deadline=None)
@given(stacks(), st.floats(0.01, 0.99))
def test_statistics_of_many_pictures_equal_those_of_single_ones(greys, q):
    floats = greys.reshape(len(greys), -1).astype(np.float32) - np.float32(77.3)
    extremes = floats.min(axis=1, keepdims=True), floats.max(axis=1, keepdims=True)
    for many, pixels in ((Histograms.of(greys), greys), (Histograms.of_floats(floats, *extremes), floats)):
        singles = [Histogram.of(picture) for picture in pixels]
        np.testing.assert_array_equal(many.counts, [single.counts for single in singles])
        np.testing.assert_array_equal(many.otsu, [single.otsu() for single in singles])
        np.testing.assert_array_equal(many.quantile(q), [single.quantile(q) for single in singles])
        np.testing.assert_allclose(many.deviation(), [single.deviation() for single in singles], rtol=1e-12)
        explained = [single.explained(single.otsu()) for single in singles]
        np.testing.assert_allclose(many.explained(many.otsu), explained, rtol=1e-9)
        for name in ("above", "below"):
            parts = getattr(many, name)(many.otsu)
            expected = [getattr(single, name)(single.otsu()).counts.sum() for single in singles]
            np.testing.assert_array_equal(parts.counts.sum(axis=1), expected)


@pytest.mark.parametrize("shape", [(20, 16), (48, 64), (100, 130)])
def test_smoothing_of_many_pictures_equals_that_of_single_ones(shape):
    pictures = RNG.uniform(0, 255, (3, *shape)).astype(np.float32)
    np.testing.assert_allclose(smooth_all(pictures), [smooth(picture) for picture in pictures], atol=1e-3)


@pytest.mark.parametrize("shape", [(128, 96), (130, 128), (192, 189), (256, 64)])
def test_thumbnails_of_many_pictures_equal_those_of_single_ones(shape):
    pictures = RNG.integers(0, 256, (3, *shape)).astype(np.uint8)
    np.testing.assert_array_equal(_thumbnails(pictures), [_thumbnail(picture) for picture in pictures])


def test_what_needs_more_than_a_threshold_is_not_clean():
    letter = np.full((64, 64), 255.0)
    letter[14:50, 34:38] = letter[14:18, 34:54] = 0
    rim, shadow, desk, noise = (letter.copy() for _ in range(4))
    rim[0] = rim[-1] = rim[:, 0] = rim[:, -1] = 0
    shadow[:, 44:] *= 0.6
    desk[:, :20] = 20
    noise -= np.abs(RNG.normal(0, 40, noise.shape))
    blank = np.full_like(letter, 230)
    greys = np.stack([letter, rim, shadow, desk, noise, blank]).clip(0, 255).astype(np.uint8)
    assert flat_inks(greys)[1].tolist() == [True, False, False, False, False, False]
    with pytest.raises(PictureError):
        to_ink(greys[-1])
