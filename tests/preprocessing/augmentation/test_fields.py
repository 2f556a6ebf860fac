import math

import numpy as np
import pytest

from ensemble_hwr.preprocessing.augmentation._fields import frozen, lattice_size, smooth_fields
from ensemble_hwr.preprocessing.augmentation._scratch import Scratch


def fields(n, side, smoothness, seed=0):
    lattice = lattice_size(smoothness)
    noise = np.random.default_rng(seed).standard_normal((n, lattice, lattice), dtype=np.float32)
    return noise, smooth_fields(noise, side, smoothness, Scratch()).reshape(n, side, side)


@pytest.mark.parametrize("smoothness", [0.1, 0.25])
def test_against_the_slow_sum(smoothness):
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
def test_they_vary_as_gaussian_filtered_noise(smoothness):
    """Variance 1 everywhere; the correlation of two pixels falls as exp(-distance**2 / (2 * deviation)**2)."""
    side = 28
    _, found = fields(4000, side, smoothness)
    assert abs(found.var(axis=0) - 1).max() < 0.15
    middle = found[:, 14, 14]
    for distance in (2, 5, 9):
        expected = math.exp(-((distance / (2 * smoothness * side)) ** 2))
        for other in (found[:, 14, 14 - distance], found[:, 14 + distance, 14]):
            assert np.corrcoef(middle, other)[0, 1] == pytest.approx(expected, abs=0.05)


def test_what_caches_hold_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        frozen(np.zeros(2))[0] = 1
