import os
import re
import signal
import time
import warnings

import click
import pytest
from rich.progress import Progress

from ensemble_hwr.cli import _progress
from ensemble_hwr.cli._errors import INTERRUPTED, run
from ensemble_hwr.cli._progress import RegularLines, Steps, Stopwatch, progress, warnings_counted
from ensemble_hwr.training import TrainingProgress


def test_each_warning_is_printed_once_with_its_count(capsys):
    with warnings_counted():
        for i in range(3):
            warnings.warn(f"slow\nin round {i}", UserWarning, stacklevel=1)
        warnings.warn("slow", RuntimeWarning, stacklevel=1)
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err.splitlines() == [
        "warning: slow (UserWarning, 3 times)",
        "warning: slow (RuntimeWarning)",
    ]


@pytest.mark.parametrize("noise", [DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning])
def test_warnings_for_developers_are_not_printed(noise, capsys):
    with warnings_counted():
        warnings.warn("old", noise, stacklevel=1)
    assert capsys.readouterr().err == ""


def fail_after_a_warning():
    with warnings_counted():
        warnings.warn("odd", UserWarning, stacklevel=1)
        raise KeyError("x")


def test_after_an_error_warnings_are_printed_and_filters_restored(capsys):
    before = warnings.showwarning, list(warnings.filters)
    with pytest.raises(KeyError):
        fail_after_a_warning()
    assert capsys.readouterr().err == "warning: odd (UserWarning)\n"
    assert (warnings.showwarning, warnings.filters) == before


@pytest.mark.parametrize(("set_to", "within"), [(None, "ignore"), ("error", "error")])
def test_worker_processes_print_no_warnings_unless_the_user_sets_a_filter(monkeypatch, set_to, within):
    if set_to is None:
        monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    else:
        monkeypatch.setenv("PYTHONWARNINGS", set_to)
    with warnings_counted():
        assert os.environ["PYTHONWARNINGS"] == within
    assert os.environ.get("PYTHONWARNINGS") == set_to


def test_outside_a_terminal_nothing_is_written(capfd):
    with progress() as steps, steps.step("fitting", total=2) as update:
        update(1, "flat")
        update(2, "top_down")
    assert capfd.readouterr() == ("", "")


def test_outside_a_terminal_a_line_is_printed_at_regular_times(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0.05)
    with progress() as steps, steps.step("fitting", total=4) as update:
        update(1, "flat")
        time.sleep(0.3)
        steps.print("a result")
    printed = capsys.readouterr()
    assert printed.out == "a result\n"
    assert len(printed.err.splitlines()) >= 2
    for line in printed.err.splitlines():
        assert re.fullmatch(r"fitting flat: 1 of 4, \d+ s elapsed, \d+ s left", line)


def test_after_an_interrupt_no_line_of_progress_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(_progress, "SECONDS_BETWEEN_LINES", 0.05)

    @click.command()
    def slow_to_stop():
        lines = RegularLines(lambda: "fitting: 1 of 4")
        lines.show()
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            time.sleep(0.3)
            lines.close()

    assert run(slow_to_stop, []) == INTERRUPTED
    assert capsys.readouterr().err.splitlines() == ["interrupted; no incomplete file is left"]


class Hidden:
    """A display that shows nothing."""

    def show(self):
        pass


def test_a_step_shows_its_progress_and_is_complete_at_its_end():
    bars = Progress()
    steps = Steps(bars, Hidden())
    with steps.step("fitting", total=4) as update:
        update(3, "flat, seed 0")
        assert (bars.tasks[0].completed, bars.tasks[0].description) == (3, "fitting flat, seed 0")
        update(1, "")
        assert bars.tasks[0].description == "fitting"
    assert (bars.tasks[0].completed, bars.tasks[0].total, bars.tasks[0].description) == (4, 4, "fitting")
    with steps.step("reading"):
        assert bars.tasks[1].total is None
    assert bars.tasks[1].finished


def test_a_step_of_a_callback_ends_where_the_next_one_begins():
    bars = Progress()
    with Steps(bars, Hidden()).as_callback() as report:
        report(TrainingProgress("reading letters"))
        report(TrainingProgress("normalizing", 0, 120))
        assert (bars.tasks[0].description, bars.tasks[0].finished) == ("reading letters", True)
        report(TrainingProgress("normalizing", 40, 120))
        assert (bars.tasks[1].completed, bars.tasks[1].total) == (40, 120)
    assert [task.finished for task in bars.tasks] == [True, True]


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1.0 min"), (5400, "90.0 min")])
def test_the_stopwatch_prints_seconds_or_minutes(monkeypatch, seconds, shown):
    times = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    assert str(Stopwatch()) == shown
