import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from ensemble_hwr.preprocessing._placement import crop_letter, place_by_mass, place_classic

INKS = (
    arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 0, 0, 0.5, 1]))
    .filter(lambda ink: ink.max() == 1)
    .map(lambda ink: crop_letter(ink, despeckle=False))
    # large enough to be made smaller, where one pixel's interpolation does not matter
    .map(lambda ink: np.kron(ink, np.ones((1 + 40 // max(ink.shape),) * 2, dtype=np.float32)))
)


def slow_place(letter, size, box, oversampling=24):
    """Sample the frame at many points of each pixel; the letter's pixels are squares of even ink."""
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
def test_place_by_mass_against_the_slow_way(letter):
    placed = place_by_mass(letter, 28, 20)
    slow = slow_place(letter, 28, 20)
    np.testing.assert_allclose(placed.sum(), slow.sum(), rtol=0.12)
    np.testing.assert_allclose(blurred(placed), blurred(slow), atol=0.15)


@settings(max_examples=40, deadline=None)
@given(INKS, st.integers(24, 40))
def test_nothing_is_cut_off(letter, size):
    """Ink scales with the square of the size, wherever the centre of mass lies."""
    for box in (size, size // 2):
        placed = place_by_mass(letter, size, box)
        scale = box / max(letter.shape)
        assert placed.sum() == pytest.approx(letter.sum() * scale**2, rel=0.15, abs=1.0)


def test_centre_of_mass_is_the_middle():
    letter = np.zeros((30, 24), dtype=np.float32)
    letter[:, :4] = 1
    letter[-3:] = 1
    placed = place_by_mass(letter, 28, 20)
    y, x = np.mgrid[:28, :28] + 0.5
    assert (placed * y).sum() / placed.sum() == pytest.approx(14, abs=0.1)
    assert (placed * x).sum() / placed.sum() == pytest.approx(14, abs=0.1)


def test_shift_stops_at_the_frame():
    """All the ink but a hair is at one end: to centre it would push the hair out."""
    letter = np.zeros((40, 40), dtype=np.float32)
    letter[-6:] = 1
    letter[:, 20] = 1
    placed = place_by_mass(letter, 28, 24)
    assert placed[0].max() > 0.1
    assert placed[23:].max(axis=1)[-1] == 0


def test_aspect_is_kept():
    placed = place_by_mass(np.ones((40, 10), dtype=np.float32), 28, 20) > 0.5
    assert placed.any(axis=1).sum() == 20
    assert placed.any(axis=0).sum() == 5


def test_classic_fills_its_box():
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
    def test_far_speck_is_left_out(self, place):
        ink = self.letter()
        ink[place[0] : place[0] + 2, place[1] : place[1] + 2] = 1
        np.testing.assert_array_equal(crop_letter(ink), crop_letter(self.letter()))
        assert crop_letter(ink, despeckle=False).shape != (30, 20)

    def test_speck_inside_the_box_goes_with_its_soft_edge(self):
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

    def test_line_along_the_frame_is_left_out(self):
        ink = self.letter()
        ink[-1, 10:50] = 1
        np.testing.assert_array_equal(crop_letter(ink), crop_letter(self.letter()))

    def test_noise_everywhere_is_left_out(self):
        ink = self.letter()
        rng = np.random.default_rng(0)
        noise = (rng.random(ink.shape) < 0.02).astype(np.float32)
        assert np.subtract(crop_letter(np.maximum(ink, noise)).shape, (30, 20)).max() <= 4
