import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from ensemble_hwr.preprocessing.augmentation._resample import resample
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch

PLACES = st.one_of(st.floats(-3, 12, width=32), st.integers(-3, 12).map(float), st.sampled_from([-(2.0**80), 2.0**80]))


@settings(max_examples=40)
@given(
    arrays(np.float32, (2, 7, 9), elements=st.floats(0, 1, width=16)),
    arrays(np.float32, (2, 2, 11), elements=PLACES),
)
def test_against_scipy(pictures, places):
    expected = [
        ndimage.map_coordinates(picture.astype(float), [y, x], order=1, mode="grid-constant")
        for picture, x, y in zip(pictures, *np.clip(places, -5, 20).astype(float), strict=True)
    ]
    found = resample(pictures, *places.copy(), Scratch())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_whole_places_give_whole_pixels_to_the_bit():
    pictures = np.random.default_rng(0).random((3, 5, 6), dtype=np.float32)
    y, x = np.indices((9, 10)).reshape(2, 1, -1).repeat(3, axis=1).astype(np.float32) - 2
    found = resample(pictures, x, y, Scratch()).reshape(3, 9, 10)
    np.testing.assert_array_equal(found, np.pad(pictures, ((0, 0), (2, 2), (2, 2))))


def test_a_scratch_of_a_larger_batch_leaves_no_traces():
    rng = np.random.default_rng(0)
    scratch = Scratch()
    for n in (5, 2, 7, 1):
        pictures = rng.random((n, 4, 4), dtype=np.float32)
        places = rng.uniform(-2, 6, (2, n, 16)).astype(np.float32)
        fresh = resample(pictures, *places.copy(), Scratch())
        np.testing.assert_array_equal(resample(pictures, *places, scratch), fresh)
