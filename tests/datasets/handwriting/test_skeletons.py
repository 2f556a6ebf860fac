import string

import numpy as np
import pytest

from ensemble_hwr.datasets.handwriting._curves import parse_path
from ensemble_hwr.datasets.handwriting._skeletons import SKELETONS


def test_every_capital_has_its_allographs_under_different_names():
    assert "".join(SKELETONS) == string.ascii_uppercase
    for allographs in SKELETONS.values():
        assert 3 <= len(allographs) <= 8
        assert len({allograph.name for allograph in allographs}) == len(allographs)
        assert all(allograph.weight > 0 for allograph in allographs)
        assert allographs[0].weight == max(allograph.weight for allograph in allographs)


@pytest.mark.parametrize("letter", SKELETONS)
def test_skeletons_stand_on_the_baseline_and_reach_the_cap_height(letter):
    for allograph in SKELETONS[letter]:
        knots = np.concatenate([knots for knots, _ in parse_path(allograph.path)])
        assert knots[:, 1].min() == pytest.approx(0, abs=0.06)
        assert knots[:, 1].max() == pytest.approx(1, abs=0.15)
        assert 0 <= np.ptp(knots[:, 0]) <= 1.01


def test_path_notation():
    (first, first_corners), (second, _) = parse_path("0,100 35,0! 70,100 / 12,64 58,-4")
    np.testing.assert_allclose(first, [[0, 1], [0.35, 0], [0.7, 1]])
    assert first_corners.tolist() == [False, True, False]
    np.testing.assert_allclose(second, [[0.12, 0.64], [0.58, -0.04]])
