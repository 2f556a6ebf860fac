import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ensemble_hwr.preprocessing.augmentation._photo import lay_on_paper, pixelate

INK = arrays(np.float32, (2, 12, 12), elements=st.floats(0, 1, width=16))


def slow_pixelate(picture, cells):
    """Means of square blocks, then numpy's interpolation along each axis."""
    size = len(picture) // cells
    means = picture.astype(float).reshape(cells, size, cells, size).mean(axis=(1, 3))
    middles, pixels = (np.arange(cells) + 0.5) * size, np.arange(len(picture)) + 0.5
    down = np.stack([np.interp(pixels, middles, column) for column in means.T], axis=1)
    return np.stack([np.interp(pixels, middles, row) for row in down])


@settings(max_examples=40)
@given(INK, st.lists(st.sampled_from([1, 2, 3, 4, 6, 12]), min_size=2, max_size=2))
def test_against_the_slow_way(pictures, cells):
    found = pixelate(pictures, np.array(cells))
    assert found.dtype == np.float32
    for picture, count, one in zip(pictures, cells, found, strict=True):
        np.testing.assert_allclose(one, slow_pixelate(picture, count), atol=1e-5)


@pytest.mark.parametrize("cells", [5, 7, 11, 12, 20])
def test_even_ink_stays_even_whatever_the_cells(cells):
    even = np.full((1, 12, 12), 0.5, dtype=np.float32)
    np.testing.assert_allclose(pixelate(even, np.array([cells])), 0.5, rtol=1e-5)


@pytest.mark.parametrize("cells", [5, 7, 11])
def test_mirrored_pictures_give_mirrored_results(cells):
    pictures = np.random.default_rng(0).random((1, 12, 12), dtype=np.float32)
    found = pixelate(pictures, np.array([cells]))
    mirrored = pixelate(pictures[:, :, ::-1], np.array([cells]))
    np.testing.assert_allclose(mirrored[:, :, ::-1], found, atol=1e-6)


def test_paper():
    pictures = np.array([[[0.0, 0.5, 1.0, 1.0]]], dtype=np.float32)
    shade, noise = np.full_like(pictures, 0.2), np.array([[[0.0, 0.0, 0.5, -0.1]]], dtype=np.float32)
    np.testing.assert_allclose(lay_on_paper(pictures, shade, noise), [[[0.2, 0.6, 1.0, 0.9]]], rtol=1e-6)
    np.testing.assert_array_equal(lay_on_paper(pictures, 0 * shade, 0 * noise), pictures)
