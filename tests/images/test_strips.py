"""Straight strips of shadow across a picture are found and removed, and nothing else is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr import compose_words, generate_letters
from ensemble_hwr.images._strips import without_strip

SHAPE = (120, 260)
PAPER = 210
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]


def page(light=1.0, *, stroke=30):
    """Return strokes on paper under a light."""
    grey = np.full(SHAPE, float(PAPER))
    for left in range(20, 240, 24):
        grey[45:80, left : left + 5] = stroke
        grey[60:65, left : left + 16] = stroke
    return np.clip(np.rint(grey * light), 0, 255).astype(np.uint8)


def beyond_edge(degrees, width, aside=0):
    """Return the distance of pixels from the edges of a strip through the middle, negative inside."""
    angle = np.deg2rad(degrees)
    return np.abs(np.cos(angle) * (X - SHAPE[1] / 2 - aside) + np.sin(angle) * (Y - SHAPE[0] / 2)) - width / 2


def strip(degrees, width, darkness, aside=0):
    """Return the light of a picture with a strip of shadow with soft edges."""
    return 1 - darkness / (1 + np.exp(np.clip(beyond_edge(degrees, width, aside) / 0.75, -50, 50)))


@settings(deadline=None)
@given(
    degrees=st.integers(0, 179),
    width=st.integers(14, 50),
    darkness=st.floats(0.2, 0.55),
    aside=st.integers(-20, 20),
)
def test_strips_of_any_direction_are_removed(degrees, width, darkness, aside):
    shaded = page(strip(degrees, width, darkness, aside))
    light = without_strip(shaded, PAPER)
    assert light is not shaded
    off_edges = np.abs(beyond_edge(degrees, width, aside)) > 3
    assert np.mean((np.abs(light.astype(float) - page()) > 0.12 * PAPER)[off_edges]) < 0.005
    assert (light[page() < 50] < 100).mean() > 0.99


def test_a_strip_in_a_large_picture_is_removed():
    large = np.kron(page(strip(20, 30, 0.4)), np.ones((6, 6), np.uint8))
    light = without_strip(large, PAPER)
    assert np.mean(np.abs(light.astype(float) - np.kron(page(), np.ones((6, 6)))) > 0.12 * PAPER) < 0.03


@pytest.mark.parametrize(
    "light",
    [
        1.0,
        np.where(X > 130, 0.6, 1.0),  # half of the page
        np.where(np.abs(Y - 20) < 2, 0.3, 1.0),  # a ruled line
        np.where(X < 30, 0.2, 1.0),  # a desk
        np.where((np.abs(X - 130) < 60) & (np.abs(Y - 60) < 25), 0.8, 1.0),  # a highlighter
        np.where(np.abs(X - 130) < 12, 0.1, 1.0),  # a black bar
    ],
    ids=["clean", "half", "line", "desk", "highlighter", "bar"],
)
def test_other_pictures_stay_as_they_are(light):
    grey = page(light)
    assert without_strip(grey, PAPER) is grey


def test_clean_words_stay_as_they_are():
    letters = generate_letters(260, writers=10, random_state=0)
    texts = ["HIIIH", "MINIMUM", "ILLILI", "TEA", "I", "L"]
    for word in compose_words(letters, texts, gap=(0.0, 0.2), random_state=0):
        assert without_strip(word.picture, 200) is word.picture


def test_a_picture_of_a_few_pixels_stays_as_it_is():
    for shape in ((1, 1), (1, 50), (3, 3), (5, 200)):
        grey = np.zeros(shape, np.uint8)
        assert without_strip(grey, PAPER) is grey


def test_a_black_stroke_along_a_strip_stays_black():
    page = np.full((60, 200), 200, np.uint8)
    page[:, 80:100] = 120
    page[:, 90] = 0
    found = without_strip(page, 200.0)
    assert (found[:, 82:89] == 200).all()
    assert not found[:, 90].any()
