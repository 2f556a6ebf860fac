import numpy as np
import pytest

from ensemble_hwr.images.dots import remove_dots


def letter():
    """A letter H of 30 pixels on 90 x 110 pixels."""
    ink = np.zeros((90, 110), np.float32)
    ink[31:61, 41:45] = ink[31:61, 60:64] = ink[44:48, 41:64] = 1.0
    return ink


def dotted(ink, pitch=14, size=2, tone=1.0):
    ink = ink.copy()
    for shift in np.ndindex(size, size):
        place = ink[4 + shift[0] :: pitch, 4 + shift[1] :: pitch]
        place[...] = np.maximum(place, tone)
    return ink


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("tone", [0.3, 1.0])
def test_dots_at_regular_distances_are_removed(size, tone):
    ink = letter()
    cleaned = remove_dots(dotted(ink, size=size, tone=tone))
    assert (cleaned >= ink).all()
    assert (cleaned != ink).sum() <= 5 * size**2  # dots that touch the letter


def test_soft_edges_of_dots_are_removed():
    ink = np.zeros((90, 110), np.float32)
    soft = np.maximum(dotted(ink, size=1), 0.0)
    soft[5::14, 4::14] = 0.2
    assert remove_dots(soft).sum() == 0


def test_few_or_irregular_dots_stay():
    few = letter()
    few[10, 10::40] = 1.0
    assert remove_dots(few) is few
    scattered = letter()
    rng = np.random.default_rng(0)
    scattered[rng.integers(0, 90, 40), rng.integers(0, 110, 40)] = 1.0
    assert remove_dots(scattered) is scattered
