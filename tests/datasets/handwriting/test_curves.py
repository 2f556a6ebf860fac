import numpy as np
import pytest

from ensemble_hwr.datasets.handwriting._curves import SMOOTHINGS, skeleton
from ensemble_hwr.datasets.handwriting._skeletons import SKELETONS

ALL = [(letter, index) for letter, allographs in SKELETONS.items() for index in range(len(allographs))]


@pytest.mark.parametrize("letter", SKELETONS)
def test_unsmoothed_path_passes_through_every_knot_in_order(letter):
    for index in range(len(SKELETONS[letter])):
        bones = skeleton(letter, index)
        points = bones.matrices[0] @ bones.knots
        distances = np.hypot(*(points[:, None] - bones.knots).transpose(2, 0, 1))
        distances[bones.stroke[:, None] != bones.knot_stroke] = np.inf
        assert distances.min(axis=0).max() < 1e-9


def test_moving_all_knots_alike_moves_the_path_alike():
    for letter, index in ALL:
        np.testing.assert_allclose(skeleton(letter, index).matrices.sum(axis=2), 1, atol=1e-9)


def test_smoothing_keeps_the_ends_of_strokes():
    for letter, index in ALL:
        bones = skeleton(letter, index)
        for level in range(1, len(SMOOTHINGS)):
            for places in (bones.starts, bones.ends):
                np.testing.assert_allclose(bones.matrices[level][places], bones.matrices[0][places], atol=1e-9)


def test_smoothing_leaves_a_straight_line_straight_and_cuts_a_corner():
    bones = skeleton("I", 0)
    np.testing.assert_allclose((bones.matrices[-1] @ bones.knots)[:, 0], 0.3)
    bones = skeleton("V", 0)
    lowest = [(matrix @ bones.knots)[:, 1].max() for matrix in bones.matrices]
    assert lowest == sorted(lowest, reverse=True)
    assert lowest[0] == pytest.approx(1)
    assert 0.8 < lowest[-1] < 0.95


def test_legs_run_from_corner_to_corner():
    bones = skeleton("N", 0)
    points = bones.matrices[0] @ bones.knots
    np.testing.assert_allclose(points[bones.leg_starts], bones.knots[:3], atol=1e-9)
    np.testing.assert_allclose(points[bones.leg_ends], bones.knots[1:], atol=1e-9)
    assert bones.leg_arch.max() == pytest.approx(1, abs=0.01)
    assert (bones.leg_arch[bones.leg_starts] == 0).all()


def test_distances_along_a_stroke():
    bones = skeleton("A", 1)
    length = 2 * np.hypot(0.35, 1)
    assert bones.to_end[bones.starts[0]] == pytest.approx(length)
    np.testing.assert_allclose((bones.from_start + bones.to_end)[bones.stroke == 0], length)
    assert bones.from_start[bones.starts[1]] == 0
