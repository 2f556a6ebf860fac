import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from ensemble_hwr.preprocessing.augmentation._pixels import add_paper, change_width, cover, cut_edge, pixelate
from ensemble_hwr.preprocessing.augmentation._warp import Scratch

INK = arrays(np.float32, (2, 8, 7), elements=st.floats(0, 1, width=16))
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)


def reference_change(picture, change):
    """Blends with the grey dilation or erosion of scipy, pass by pass."""
    changed = picture.astype(float)
    left = abs(change) / 2
    while left > 0:
        if change > 0:
            other, share = ndimage.grey_dilation(changed, footprint=CROSS, mode="constant", cval=0), min(left, 1)
        else:
            other, share = ndimage.grey_erosion(changed, footprint=CROSS, mode="constant", cval=9), min(left, 0.9)
        changed = (1 - share) * changed + share * other
        left -= 1
    return changed * picture.max() / changed.max() if changed.max() else changed


@settings(max_examples=40)
@given(INK, arrays(float, 2, elements=st.floats(-5, 5)))
def test_against_scipy(pictures, change):
    found = change_width(pictures, change, Scratch())
    assert found.dtype == np.float32
    for picture, amount, one in zip(pictures, change, found, strict=True):
        np.testing.assert_allclose(one, reference_change(picture, amount), atol=1e-4)


@settings(max_examples=25)
@given(INK)
def test_change_0_is_the_identity(pictures):
    np.testing.assert_array_equal(change_width(pictures, np.zeros(2), Scratch()), pictures)


@settings(max_examples=25)
@given(INK, arrays(float, 2, elements=st.floats(-5, 5)))
def test_the_darkest_pixel_keeps_its_darkness(pictures, change):
    found = change_width(pictures, change, Scratch())
    np.testing.assert_allclose(found.max(axis=(1, 2)), pictures.max(axis=(1, 2)), rtol=1e-4)


@pytest.mark.parametrize("change", [-4.0, -2.0, -0.5])
def test_lines_of_one_pixel_do_not_get_thinner(change):
    pictures = np.zeros((1, 9, 9), dtype=np.float32)
    pictures[0, :, 4] = 0.75
    np.testing.assert_allclose(change_width(pictures, np.array([change]), Scratch()), pictures, rtol=1e-5)


@pytest.mark.parametrize(("change", "width"), [(2, 5), (4, 7), (1, 4), (-1, 2), (-1.8, 1.2)])
def test_change_of_stroke_width(change, width):
    pictures = np.zeros((1, 12, 12), dtype=np.float32)
    pictures[0, :, 4:7] = 1
    assert change_width(pictures, np.array([change]), Scratch())[0, 5].sum() == pytest.approx(width, rel=1e-5)


def reference_cover(picture, place, length, angle, darkness):
    """Pixel by pixel."""
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


def test_bars_equal_the_reference():
    rng = np.random.default_rng(1)
    pictures = letters(30)
    place, length = rng.random((2, 30)), rng.uniform(0, 6, (2, 30))
    angle, darkness = rng.uniform(0, math.pi, 30), rng.random(30)
    found = cover(pictures, place, length, angle, darkness)
    assert found.dtype == np.float32
    for i, picture in enumerate(pictures):
        expected = reference_cover(picture, place[:, i], length[:, i], angle[i], darkness[i])
        np.testing.assert_allclose(found[i], expected, atol=1e-5)


def test_a_bar_of_whole_pixels():
    pictures = np.zeros((1, 9, 9), dtype=np.float32)
    pictures[0, 4, 4] = 1
    found = cover(pictures, np.zeros((2, 1)), np.array([[5.0], [1.0]]), np.zeros(1), np.array([0.5]))[0]
    expected = np.zeros((9, 9))
    expected[4, 2:7] = 0.5
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("side", "left"), [(0, np.s_[:, 6:]), (1, np.s_[:, :6]), (2, np.s_[6:, :]), (3, np.s_[:6, :])])
def test_each_edge_is_erased(side, left):
    square = np.zeros((1, 12, 12), dtype=np.float32)
    square[0, 2:10, 2:10] = 1
    found = cut_edge(square, np.array([side]), np.array([0.5]))[0]
    kept = np.zeros((12, 12), dtype=bool)
    kept[left] = True
    np.testing.assert_array_equal(found, square[0] * kept)


def test_an_edge_within_pixels_leaves_a_fraction_of_them():
    square = np.ones((4, 4, 4), dtype=np.float32)
    found = cut_edge(square, np.arange(4), np.full(4, 0.4))
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 16 * 0.6, rtol=1e-6)
    np.testing.assert_allclose(found[0, 0], [0, 0.4, 1, 1], atol=1e-6)
    np.testing.assert_allclose(found[3, :, 0], [1, 1, 0.4, 0], atol=1e-6)


def test_blank_pictures_stay_blank():
    blank = np.zeros((2, 6, 6), dtype=np.float32)
    half = np.full(2, 0.5)
    assert not cut_edge(blank, np.array([0, 3]), half).any()
    assert not cover(blank, np.full((2, 2), 0.5), np.full((2, 2), 3.0), half, np.zeros(2)).any()


SQUARE_INK = arrays(np.float32, (2, 12, 12), elements=st.floats(0, 1, width=16))


def reference_pixelate(picture, cells):
    """Means of square blocks, then interpolation along each axis with numpy."""
    size = len(picture) // cells
    means = picture.astype(float).reshape(cells, size, cells, size).mean(axis=(1, 3))
    middles, pixels = (np.arange(cells) + 0.5) * size, np.arange(len(picture)) + 0.5
    down = np.stack([np.interp(pixels, middles, column) for column in means.T], axis=1)
    return np.stack([np.interp(pixels, middles, row) for row in down])


@settings(max_examples=40)
@given(SQUARE_INK, st.lists(st.sampled_from([1, 2, 3, 4, 6, 12]), min_size=2, max_size=2))
def test_equals_the_reference(pictures, cells):
    found = pixelate(pictures, np.array(cells))
    assert found.dtype == np.float32
    for picture, count, one in zip(pictures, cells, found, strict=True):
        np.testing.assert_allclose(one, reference_pixelate(picture, count), atol=1e-5)


@pytest.mark.parametrize("cells", [5, 7, 11, 12, 20])
def test_constant_ink_is_unchanged_for_any_number_of_cells(cells):
    even = np.full((1, 12, 12), 0.5, dtype=np.float32)
    np.testing.assert_allclose(pixelate(even, np.array([cells])), 0.5, rtol=1e-5)


@pytest.mark.parametrize("cells", [5, 7, 11])
def test_mirrored_pictures_give_mirrored_results(cells):
    pictures = np.random.default_rng(0).random((1, 12, 12), dtype=np.float32)
    found = pixelate(pictures, np.array([cells]))
    mirrored = pixelate(pictures[:, :, ::-1], np.array([cells]))
    np.testing.assert_allclose(mirrored[:, :, ::-1], found, atol=1e-6)


def test_paper_and_noise_are_added():
    pictures = np.array([[[0.0, 0.5, 1.0, 1.0]]], dtype=np.float32)
    shade, noise = np.full_like(pictures, 0.2), np.array([[[0.0, 0.0, 0.5, -0.1]]], dtype=np.float32)
    np.testing.assert_allclose(add_paper(pictures, shade, noise), [[[0.2, 0.6, 1.0, 0.9]]], rtol=1e-6)
    np.testing.assert_array_equal(add_paper(pictures, 0 * shade, 0 * noise), pictures)
