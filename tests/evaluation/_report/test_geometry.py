import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble_hwr.evaluation._report._confusion import confusion_plots
from ensemble_hwr.evaluation._report._frontier import frontier_plot
from ensemble_hwr.evaluation._report._letters import letter_bars
from ensemble_hwr.evaluation._report._pairs import pair_rows
from ensemble_hwr.evaluation._report._pictures import are_pictures, worst_mistakes
from ensemble_hwr.evaluation._report._scales import digits_between, linear_ticks, log_ticks
from ensemble_hwr.evaluation._summary import summarise


@given(st.floats(0, 99), st.floats(0.001, 50))
def test_linear_ticks_are_few_and_inside(low, span):
    ticks = linear_ticks(low, low + span)
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_log_ticks():
    assert log_ticks(80e3, 6e5) == pytest.approx([1e5, 2e5, 5e5])
    assert log_ticks(900, 2e6) == pytest.approx([1e3, 1e4, 1e5, 1e6])


def test_digits_tell_ticks_apart():
    assert digits_between([95, 96]) == 0
    assert digits_between([95.0, 95.05]) == 2


def test_marks_lie_inside_the_frame_cheaper_left_and_better_above(build):
    summary = summarise(build({"baseline": 0.3, "flat": 0.2, "hierarchical": 0.1}))
    plot = frontier_plot(summary, width=800, height=400)
    marks = sorted(plot["marks"], key=lambda mark: mark["x"])
    assert [mark["name"] for mark in marks] == ["baseline", "flat", "hierarchical"]
    assert marks[0]["y"] > marks[1]["y"] > marks[2]["y"]
    axes = plot["axes"]
    for mark in marks:
        assert axes.left < mark["x"] < axes.right
        assert axes.top < mark["y"] < axes.bottom


def test_the_staircase_passes_through_the_frontier_only(build):
    plot = frontier_plot(summarise(build({"a": 0.2, "b": 0.3, "c": 0.1})), width=800, height=400)
    at = {mark["name"]: (str(mark["x"]), str(mark["y"])) for mark in plot["marks"]}
    corners = re.findall(r"H([\d.]+)V([\d.]+)", plot["frontier"])
    assert corners == [at["a"], at["c"]]


def test_names_do_not_cover_each_other_when_marks_crowd(build):
    names = ["flat", "committee", "hierarchical", "hard"]
    plot = frontier_plot(summarise(build(dict.fromkeys(names, 0.1), seeds=(0,))), width=800, height=400)
    boxes = [(m["label_x"], m["label_y"], 7.4 * len(m["name"])) for m in plot["marks"]]
    for i, (x, y, wide) in enumerate(boxes):
        for x2, y2, wide2 in boxes[:i]:
            assert abs(y - y2) >= 14 or abs(x - x2) >= (wide + wide2) / 2 - 1


def test_no_plot_of_one_point(build):
    assert frontier_plot(summarise(build({"flat": 0.1})), width=800, height=400) is None


def test_only_errors_are_shaded_on_one_scale(comparison):
    plots = confusion_plots(summarise(comparison))
    cells = [cell for plot in plots for cell in plot["cells"]]
    assert all(cell["row"] != cell["column"] for cell in cells)
    assert max(cell["opacity"] for cell in cells) == 1.0
    assert all(0.12 <= cell["opacity"] <= 1 for cell in cells)
    assert len({plot["worst"] for plot in plots}) == 1


def test_letters_come_hardest_first_and_the_longest_bar_fills_its_track(comparison):
    letters = letter_bars(summarise(comparison))
    means = [np.mean(list(row["missed"].values())) for row in letters]
    assert means == sorted(means, reverse=True)
    assert max(bar["length"] for row in letters for bar in row["bars"]) == 100.0


def test_intervals_are_on_a_square_root_scale(comparison):
    rows = pair_rows(summarise(comparison))
    assert max(abs(end) for row in rows for end in (row["low_at"], row["high_at"])) == 100.0
    for row in rows:
        assert row["low_at"] <= row["at"] <= row["high_at"]
        assert np.sign(row["at"]) == np.sign(row["difference"])


def test_worst_mistakes_are_wrong_surest_first_and_each_letter_once(comparison):
    mistakes = worst_mistakes(comparison, "baseline", 1000)
    assert all(row["true"] != row["answered"] for row in mistakes)
    assert [row["probability"] for row in mistakes] == sorted((row["probability"] for row in mistakes), reverse=True)
    assert len({row["letter"] for row in mistakes}) == len(mistakes)
    assert all(row["suspect"] == comparison.suspect[row["letter"]] for row in mistakes)
    assert len(worst_mistakes(comparison, "baseline", 3)) == 3


@pytest.mark.parametrize(("width", "expected"), [(784, True), (783, False), (9, False), (1024, True)])
def test_only_square_rows_are_pictures(width, expected):
    assert are_pictures(np.zeros((3, width))) is expected
