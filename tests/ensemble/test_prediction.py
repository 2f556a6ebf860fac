"""Text of an explanation, parsed again."""

import re

import numpy as np
import pytest

from ensemble_hwr.ensemble._members import Member
from ensemble_hwr.ensemble._pooling import MemberStep
from ensemble_hwr.ensemble._prediction import Explanation

LETTERS = np.array(list("ABCDEFGH"))
ROUTER = np.array([[0.4, 0.3, 0.1, 0.1, 0.1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0.75, 0.25]])
AFTER = np.array([[0.2, 0.5, 0.1, 0.1, 0.1, 0, 0, 0]])


@pytest.fixture
def explanation():
    pair = Member("expert:A/B", "expert", np.array([0, 1]), None)
    wide = Member("expert:all", "expert", np.arange(8), None)
    steps = (
        MemberStep(pair, 0.5, np.array([0]), ROUTER[:1], AFTER),
        MemberStep(wide, 1.0, np.array([1]), ROUTER[1:], ROUTER[1:]),
    )
    return Explanation(LETTERS, ROUTER, steps, np.vstack([AFTER, ROUTER[1:]]))


def test_the_text_of_a_row_goes_from_router_to_result(explanation):
    assert explanation.text(0).splitlines() == [
        "router: A (0.400), then B (0.300), C (0.100)",
        "  expert:A/B, trust 0.50, on A/B holding 0.70: A 0.400 -> 0.200, B 0.300 -> 0.500",
        "result: B (0.500), then A (0.200), C (0.100)",
    ]


def test_a_wide_set_is_cut_and_shows_the_two_that_moved_most(explanation):
    (line,) = re.findall("  expert:all.*", explanation.text(1))
    assert "on A/B/C/D/E/F/.. holding 1.00" in line
    assert line.count("->") == 2


def test_only_members_applied_to_a_row_are_named(explanation):
    assert "expert:all" not in explanation.text(0)
    assert "expert:A/B" not in explanation.text(1)


def test_all_rows_are_described_in_order_and_negative_indices_count_from_the_end(explanation):
    assert len(explanation) == 2
    assert str(explanation) == f"{explanation.text(0)}\n{explanation.text(1)}"
    assert explanation.text(-2) == explanation.text(0)
    with pytest.raises(IndexError):
        explanation.text(2)


def test_two_classes_are_enough():
    even = np.array([[0.5, 0.5]])
    assert Explanation(np.array([0, 1]), even, (), even).text(0).splitlines() == [
        "router: 0 (0.500), then 1 (0.500)",
        "result: 0 (0.500), then 1 (0.500)",
    ]
