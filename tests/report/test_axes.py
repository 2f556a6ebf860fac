import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.report.axes import digits_between, linear_ticks, log_ticks


@given(st.floats(0, 99), st.floats(0.001, 50))
def test_linear_ticks_are_few_and_inside(low, span):
    ticks = linear_ticks(low, low + span)
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)


@given(st.floats(-50, 50), st.floats(0.01, 50))
def test_linear_ticks_are_whole_multiples_of_a_round_step(low, span):
    ticks = linear_ticks(low, low + span)
    step = ticks[1] - ticks[0]
    assert all(b - a == pytest.approx(step) for a, b in pairwise(ticks))
    assert any(step == pytest.approx(m * 10.0 ** math.floor(math.log10(step * 1.001))) for m in (1, 2, 5))
    assert all(tick / step == pytest.approx(round(tick / step), abs=1e-6) for tick in ticks)


def test_both_ends_are_ticks_where_they_are_round():
    assert linear_ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert linear_ticks(0.1, 0.3) == [0.1, 0.15, 0.2, 0.25, 0.3]


def test_log_ticks():
    assert log_ticks(80e3, 6e5) == pytest.approx([1e5, 2e5, 5e5])
    assert log_ticks(900, 2e6) == pytest.approx([1e3, 1e4, 1e5, 1e6])


@given(st.floats(1e-3, 1e9), st.floats(1.5, 1e6))
def test_log_ticks_are_inside_and_ascend(low, factor):
    ticks = log_ticks(low, low * factor)
    assert all(low <= tick <= low * factor for tick in ticks)
    assert all(a < b for a, b in pairwise(ticks))
    assert len(ticks) >= math.floor(math.log10(factor))


@given(st.floats(0, 99), st.floats(0.001, 50))
def test_digits_between_keeps_ticks_distinct(low, span):
    ticks = linear_ticks(low, low + span)
    shown = {f"{tick:.{digits_between(ticks)}f}" for tick in ticks}
    assert len(shown) == len(ticks)
    assert all(float(f"{tick:.{digits_between(ticks)}f}") == pytest.approx(tick, abs=1e-9) for tick in ticks)


def test_digits_between_is_minimal():
    assert digits_between([95, 96]) == 0
    assert digits_between([95.0, 95.05]) == 2
    assert digits_between([10, 10.1, 10.2]) == 1
    assert digits_between([90]) == 1
