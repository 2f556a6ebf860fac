import math

import numpy as np
import pytest

from ensemble_hwr.preprocessing.augmentation._damage import cover, cut_edge


def slow_cover(picture, place, length, angle, darkness):
    """One pixel at a time."""
    ink = np.argwhere(picture > 0.1)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    x0, y0 = left + place[0] * (right - left), top + place[1] * (bottom - top)
    result = picture.astype(float)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            along = math.cos(angle) * (x - x0) + math.sin(angle) * (y - y0)
            aside = -math.sin(angle) * (x - x0) + math.cos(angle) * (y - y0)
            covered = 1.0
            for distance, side in ((along, length[0]), (aside, length[1])):
                covered *= min(max(side / 2 + 0.5 - abs(distance), 0), 1, side)
            result[y, x] = (1 - covered) * result[y, x] + covered * darkness
    return result


def letters(n, height=12, width=11, seed=0):
    pictures = np.zeros((n, height, width), dtype=np.float32)
    pictures[:, 2:9, 3:9] = np.random.default_rng(seed).random((n, 7, 6))
    pictures[:, 2, 3] = pictures[:, 8, 8] = 1
    return pictures


def test_bars_against_the_slow_way():
    rng = np.random.default_rng(1)
    pictures = letters(30)
    place, length = rng.random((2, 30)), rng.uniform(0, 6, (2, 30))
    angle, darkness = rng.uniform(0, math.pi, 30), rng.random(30)
    found = cover(pictures, place, length, angle, darkness)
    assert found.dtype == np.float32
    for i, picture in enumerate(pictures):
        expected = slow_cover(picture, place[:, i], length[:, i], angle[i], darkness[i])
        np.testing.assert_allclose(found[i], expected, atol=1e-5)


def test_a_bar_of_whole_pixels():
    pictures = np.zeros((1, 9, 9), dtype=np.float32)
    pictures[0, 4, 4] = 1
    found = cover(pictures, np.zeros((2, 1)), np.array([[5.0], [1.0]]), np.zeros(1), np.array([0.5]))[0]
    expected = np.zeros((9, 9))
    expected[4, 2:7] = 0.5
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("side", "left"), [(0, np.s_[:, 6:]), (1, np.s_[:, :6]), (2, np.s_[6:, :]), (3, np.s_[:6, :])])
def test_each_side_is_cut(side, left):
    square = np.zeros((1, 12, 12), dtype=np.float32)
    square[0, 2:10, 2:10] = 1
    found = cut_edge(square, np.array([side]), np.array([0.5]))[0]
    kept = np.zeros((12, 12), dtype=bool)
    kept[left] = True
    np.testing.assert_array_equal(found, square[0] * kept)


def test_a_cut_through_pixels_leaves_their_part():
    square = np.ones((4, 4, 4), dtype=np.float32)
    found = cut_edge(square, np.arange(4), np.full(4, 0.4))
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 16 * 0.6, rtol=1e-6)
    np.testing.assert_allclose(found[0, 0], [0, 0.4, 1, 1], atol=1e-6)
    np.testing.assert_allclose(found[3, :, 0], [1, 1, 0.4, 0], atol=1e-6)


def test_blank_pictures_stay_blank_when_cut_or_erased():
    blank = np.zeros((2, 6, 6), dtype=np.float32)
    half = np.full(2, 0.5)
    assert not cut_edge(blank, np.array([0, 3]), half).any()
    assert not cover(blank, np.full((2, 2), 0.5), np.full((2, 2), 3.0), half, np.zeros(2)).any()
