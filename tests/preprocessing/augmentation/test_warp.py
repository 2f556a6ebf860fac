import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from ensemble_hwr.preprocessing._picture_transformer import Scratch
from ensemble_hwr.preprocessing.augmentation._warp import (
    Warp,
    _solve,
    frozen,
    lattice_size,
    resample,
    smooth_fields,
    warp,
)

SIDE = 20


def still(n, **changes):
    values = {"rotation": np.zeros(n), "slant": np.zeros(n), "stretch": np.ones(n), "scale": np.ones(n)}
    return Warp(**{**values, "shift": np.zeros((2, n)), "bend": None, **changes})


def random_warp(rng, n, *, side, strength=1.0, bend=0.0):
    smooth = ndimage.gaussian_filter(rng.normal(size=(2, n, side, side)), (0, 0, 3, 3))
    return Warp(
        rotation=strength * rng.uniform(-0.5, 0.5, n),
        slant=strength * rng.uniform(-0.5, 0.5, n),
        stretch=np.exp(strength * rng.uniform(-0.4, 0.4, n)),
        scale=np.exp(strength * rng.uniform(-0.3, 0.3, n)),
        shift=strength * rng.uniform(-3, 3, (2, n)),
        bend=(bend * 10 * smooth).astype(np.float32).reshape(2, n, -1) if bend else None,
    )


def letters(rng, n, box=8):
    """Random ink in the middle of the frame, with margins on all sides."""
    pictures = np.zeros((n, SIDE, SIDE), dtype=np.float32)
    edge = (SIDE - box) // 2
    pictures[:, edge : edge + box, edge : edge + box] = rng.random((n, box, box))
    return pictures


def one(how, letter, name):
    value = getattr(how, name)
    return value[..., letter] if value is not None else None


def reference_warp(picture, how, letter):
    """The definition, with the resampling of scipy, for letters far from the frame."""
    turn, slant, stretch, scale = (float(one(how, letter, name)) for name in ("rotation", "slant", "stretch", "scale"))
    # rows are (x, y) with y down; clockwise on the page, and leaning right means that the top goes right
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    lean = np.array([[1, -np.tan(slant)], [0, 1]])
    linear = rotation @ lean @ np.diag([np.sqrt(stretch), 1 / np.sqrt(stretch)])
    ink = np.argwhere(picture > 0.1)[:, ::-1] - (SIDE - 1) / 2
    was, becomes = (np.ptp(points, axis=0).max() + 1 for points in (ink, ink @ linear.T))
    linear *= scale * was / becomes
    result = np.indices((SIDE, SIDE))[::-1].reshape(2, -1) - (SIDE - 1) / 2
    moved = how.shift[:, letter][:, None] + (0 if how.bend is None else how.bend[:, letter])
    x, y = np.linalg.inv(linear) @ (result - moved) + (SIDE - 1) / 2
    return ndimage.map_coordinates(picture.astype(float), [y, x], order=1, mode="grid-constant").reshape(SIDE, SIDE)


@pytest.mark.parametrize("bend", [0.0, 0.4])
def test_equals_the_reference(bend):
    rng = np.random.default_rng(0)
    pictures = letters(rng, 12)
    how = random_warp(rng, 12, side=SIDE, bend=bend)
    expected = [reference_warp(picture, how, letter) for letter, picture in enumerate(pictures)]
    np.testing.assert_allclose(warp(pictures, how, Scratch()), expected, atol=2e-5)


@settings(max_examples=30)
@given(arrays(np.float32, (2, 9, 9), elements=st.floats(0, 1, width=16)))
def test_the_identity_warp(pictures):
    np.testing.assert_array_equal(warp(pictures, still(2), Scratch()), pictures)
    no_bend = still(2, bend=np.zeros((2, 2, 81), dtype=np.float32))
    np.testing.assert_array_equal(warp(pictures, no_bend, Scratch()), pictures)


def ink_outside(picture, inverse, offset, bend):
    """Ink on pixels around the frame, where the displacement is that of the edge."""
    side = len(picture)
    rim = 12
    x, y = np.indices((side + 2 * rim,) * 2)[::-1] - rim - (side - 1) / 2
    if bend is not None:
        x, y = (
            place - np.pad(one.astype(float).reshape(side, side), rim, mode="edge")
            for place, one in zip((x, y), bend, strict=True)
        )
    places = np.stack([x.ravel() - offset[0], y.ravel() - offset[1]])
    x, y = inverse @ places + (side - 1) / 2
    dark = np.where(picture > 0.1, picture, 0).astype(float)
    spread = ndimage.map_coordinates(dark, [y, x], order=1, mode="grid-constant").reshape((side + 2 * rim,) * 2)
    spread[rim:-rim, rim:-rim] = 0
    return spread.sum()


@settings(max_examples=40)
@given(
    arrays(np.float32, (1, 12, 12), elements=st.sampled_from([0.0, 0.0, 0.0, 0.0625, 0.5, 1.0])),
    st.integers(0, 10_000),
    st.sampled_from([0.5, 2.0, 6.0]),
    st.sampled_from([0.0, 0.3, 3.0]),
)
def test_ink_stays_in_the_frame(pictures, seed, strength, bend):
    """For any parameters and any ink."""
    how = random_warp(np.random.default_rng(seed), 1, side=12, strength=min(strength, 2.5), bend=bend)
    how.shift[:] *= strength
    inverse, offset, limited = _solve(pictures, how)
    assert ink_outside(
        pictures[0], inverse[:, :, 0], offset[:, 0], None if limited is None else limited[:, 0]
    ) == pytest.approx(0, abs=1e-3)


def corner():
    """A letter Γ: a bar on top and one on the left."""
    pictures = np.zeros((1, SIDE, SIDE), dtype=np.float32)
    pictures[0, 4, 4:16] = pictures[0, 4:16, 4] = 1
    return pictures


def test_quarter_turns_are_clockwise():
    found = warp(corner(), still(1, rotation=np.array([np.pi / 2])), Scratch())
    np.testing.assert_allclose(found[0], np.rot90(corner()[0], -1), atol=1e-5)


def test_slant_leans_to_the_right():
    pictures = np.zeros((1, SIDE, SIDE), dtype=np.float32)
    pictures[0, 4:16, 10] = 1
    found = warp(pictures, still(1, slant=np.array([0.3])), Scratch())[0]
    middle = (found * np.arange(SIDE)).sum(axis=1)[5:15] / found.sum(axis=1)[5:15]
    np.testing.assert_allclose(np.diff(middle), -np.tan(0.3), atol=1e-3)


def box(picture):
    rows, columns = np.flatnonzero(picture.max(axis=1) > 0.4), np.flatnonzero(picture.max(axis=0) > 0.4)
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


@pytest.mark.parametrize("angle", [0.0, 0.2, 0.6, 1.0])
@pytest.mark.parametrize("scale", [0.8, 1.0, 1.25])
def test_the_longer_side_keeps_its_length(angle, scale):
    thick = corner()
    thick[0, 5, 4:16] = thick[0, 4:16, 5] = 1
    how = still(1, rotation=np.array([angle]), slant=np.array([angle / 2]), scale=np.array([scale]))
    assert max(box(warp(thick, how, Scratch())[0])) == pytest.approx(12 * scale, abs=1.2)


def test_stretch_is_the_ratio_of_width_to_height():
    pictures = np.zeros((1, SIDE, SIDE), dtype=np.float32)
    pictures[0, 4:16, 4:16] = 1
    height, width = box(warp(pictures, still(1, stretch=np.array([1.5])), Scratch())[0])
    assert (height, width) == (8, 12)


def test_shifts_are_to_the_right_and_downwards_within_the_frame():
    found = warp(corner(), still(1, shift=np.array([[3.0], [-2.0]])), Scratch())
    np.testing.assert_allclose(found[0], np.roll(corner()[0], (-2, 3), axis=(0, 1)), atol=1e-6)
    found = warp(corner(), still(1, shift=np.array([[99.0], [-99.0]])), Scratch())
    np.testing.assert_allclose(found[0], np.roll(corner()[0], (-4, 4), axis=(0, 1)), atol=1e-5)


def test_a_letter_that_fills_the_frame_shrinks_when_rotated():
    full = np.ones((1, SIDE, SIDE), dtype=np.float32)
    found = warp(full, still(1, rotation=np.array([np.pi / 4])), Scratch())[0]
    assert found.sum() == pytest.approx(SIDE**2 / 2, rel=0.1)
    assert box(found) == (SIDE, SIDE)


def test_rows_are_independent():
    rng = np.random.default_rng(0)
    pictures, how = letters(rng, 6), random_warp(rng, 6, side=SIDE, bend=0.3)
    together = warp(pictures, how, Scratch())
    for letter in range(6):
        values = {
            name: np.array(one(how, letter, name))[..., None] for name in ("rotation", "slant", "stretch", "scale")
        }
        alone = Warp(**values, shift=how.shift[:, [letter]], bend=how.bend[:, [letter]])
        np.testing.assert_array_equal(warp(pictures[[letter]], alone, Scratch())[0], together[letter])


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


def test_integral_coordinates_give_exact_pixels():
    pictures = np.random.default_rng(0).random((3, 5, 6), dtype=np.float32)
    y, x = np.indices((9, 10)).reshape(2, 1, -1).repeat(3, axis=1).astype(np.float32) - 2
    found = resample(pictures, x, y, Scratch()).reshape(3, 9, 10)
    np.testing.assert_array_equal(found, np.pad(pictures, ((0, 0), (2, 2), (2, 2))))


def test_scratch_memory_of_a_larger_batch_has_no_effect():
    rng = np.random.default_rng(0)
    scratch = Scratch()
    for n in (5, 2, 7, 1):
        pictures = rng.random((n, 4, 4), dtype=np.float32)
        places = rng.uniform(-2, 6, (2, n, 16)).astype(np.float32)
        fresh = resample(pictures, *places.copy(), Scratch())
        np.testing.assert_array_equal(resample(pictures, *places, scratch), fresh)


def fields(n, side, smoothness, seed=0):
    lattice = lattice_size(smoothness)
    noise = np.random.default_rng(seed).standard_normal((n, lattice, lattice), dtype=np.float32)
    return noise, smooth_fields(noise, side, smoothness, Scratch()).reshape(n, side, side)


@pytest.mark.parametrize("smoothness", [0.1, 0.25])
def test_fields_equal_the_reference_sum(smoothness):
    side = 10
    noise, found = fields(2, side, smoothness)
    lattice = lattice_size(smoothness)
    step = 1.25 * smoothness * side
    points = [(i - 2) * step for i in range(lattice)]
    assert points[-1] >= side
    for field, drops in zip(found, noise, strict=True):
        for y in range(side):
            for x in range(side):
                weights = np.array(
                    [
                        [
                            math.exp(-((q - y - 0.5) ** 2 + (p - x - 0.5) ** 2) / (2 * (smoothness * side) ** 2))
                            for p in points
                        ]
                        for q in points
                    ]
                )
                expected = (weights * drops).sum() / math.sqrt((weights**2).sum())
                assert field[y, x] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("smoothness", [0.08, 0.14, 0.3])
def test_fields_have_the_covariance_of_gaussian_filtered_noise(smoothness):
    """Variance 1 everywhere; the correlation of two pixels falls as exp(-distance**2 / (2 * deviation)**2)."""
    side = 28
    _, found = fields(4000, side, smoothness)
    assert abs(found.var(axis=0) - 1).max() < 0.15
    middle = found[:, 14, 14]
    for distance in (2, 5, 9):
        expected = math.exp(-((distance / (2 * smoothness * side)) ** 2))
        for other in (found[:, 14, 14 - distance], found[:, 14 + distance, 14]):
            assert np.corrcoef(middle, other)[0, 1] == pytest.approx(expected, abs=0.05)


def test_cached_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        frozen(np.zeros(2))[0] = 1
