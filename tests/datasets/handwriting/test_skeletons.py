import string
from types import SimpleNamespace

import numpy as np
import pytest

from ensemble_hwr.datasets.handwriting import letter_strokes
from ensemble_hwr.datasets.handwriting._curves import ALLOGRAPHS, parse_path
from ensemble_hwr.datasets.handwriting._sign_skeletons import DIGIT_SKELETONS, MARK_SKELETONS
from ensemble_hwr.datasets.handwriting._skeletons import SKELETONS
from ensemble_hwr.datasets.handwriting._small_skeletons import SMALL_SKELETONS
from ensemble_hwr.datasets.handwriting._style import pick_allograph_index


def test_every_capital_has_its_allographs_under_different_names():
    assert "".join(SKELETONS) == string.ascii_uppercase
    for allographs in SKELETONS.values():
        assert 3 <= len(allographs) <= 8
        assert len({allograph.name for allograph in allographs}) == len(allographs)
        assert all(allograph.weight >= 0 for allograph in allographs)
        assert allographs[0].weight == max(allograph.weight for allograph in allographs)


def test_allographs_without_weight_are_drawn_by_name_only():
    largest = SimpleNamespace(random=lambda: np.nextafter(1.0, 0.0))
    rare = {letter: [entry.weight == 0 for entry in entries] for letter, entries in ALLOGRAPHS.items()}
    assert {letter for letter, found in rare.items() if any(found)} == set("29aeorAM")
    for letter, found in rare.items():
        assert found == sorted(found)  # they come last, so that random writers do not depend on them
        for joined in (0.0, 0.5, 1.0):
            assert not found[pick_allograph_index(largest, letter, joined=joined)]
    assert letter_strokes("2", allograph="wide-looped")


@pytest.mark.parametrize("letter", SKELETONS)
def test_skeletons_stand_on_the_baseline_and_reach_the_cap_height(letter):
    for allograph in SKELETONS[letter]:
        knots = np.concatenate([knots for knots, _ in parse_path(allograph.path)])
        assert knots[:, 1].min() == pytest.approx(0, abs=0.06)
        assert knots[:, 1].max() == pytest.approx(1, abs=0.15)
        assert 0 <= np.ptp(knots[:, 0]) <= 1.01


def test_small_letters_digits_and_marks_have_their_allographs():
    assert "".join(SMALL_SKELETONS) == string.ascii_lowercase
    assert "".join(DIGIT_SKELETONS) == string.digits
    assert "".join(MARK_SKELETONS) == ".,-'!?:&/"
    assert list(ALLOGRAPHS) == [*SKELETONS, *SMALL_SKELETONS, *DIGIT_SKELETONS, *MARK_SKELETONS]
    for allographs in ALLOGRAPHS.values():
        assert len(allographs) >= 3
        assert len({allograph.name for allograph in allographs}) == len(allographs)
        plain = [allograph.weight for allograph in allographs if not allograph.joined]
        assert allographs[0].weight == max(plain) > min(plain) >= 0


def test_every_small_letter_has_a_joined_form():
    assert all(any(allograph.joined for allograph in allographs) for allographs in SMALL_SKELETONS.values())
    assert not any(allograph.joined for letter in (*SKELETONS, *DIGIT_SKELETONS) for allograph in ALLOGRAPHS[letter])


@pytest.mark.parametrize("letter", SMALL_SKELETONS)
def test_small_letters_keep_to_the_lines(letter):
    top = 0 if letter in "bdfhkl" else 0.06 if letter in "ijt" else 0.45
    for allograph in SMALL_SKELETONS[letter]:
        y = np.concatenate([knots[:, 1] for knots, _ in parse_path(allograph.path)])
        assert y.min() == pytest.approx(top, abs=0.17 if letter in "ijt" else 0.06)
        descends = letter in "gjpqy" or (y.max() > 1.2 and letter in "fz")
        assert y.max() == pytest.approx(1.38 if descends else 1, abs=0.13 if descends else 0.03)


@pytest.mark.parametrize("digit", DIGIT_SKELETONS)
def test_digits_are_as_high_as_capitals(digit):
    for allograph in DIGIT_SKELETONS[digit]:
        knots = np.concatenate([knots for knots, _ in parse_path(allograph.path)])
        assert knots[:, 1].min() == pytest.approx(0, abs=0.05)
        assert knots[:, 1].max() == pytest.approx(1, abs=0.06)


def test_i_and_j_have_dots():
    for letter in "ij":
        for allograph in SMALL_SKELETONS[letter]:
            *_, dot = parse_path(allograph.path)
            assert dot[0][:, 1].max() < 0.3


def test_path_notation():
    (first, first_corners), (second, _) = parse_path("0,100 35,0! 70,100 / 12,64 58,-4")
    np.testing.assert_allclose(first, [[0, 1], [0.35, 0], [0.7, 1]])
    assert first_corners.tolist() == [False, True, False]
    np.testing.assert_allclose(second, [[0.12, 0.64], [0.58, -0.04]])
