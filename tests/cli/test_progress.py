import os
import warnings

import pytest
from rich.progress import Progress

from ensemble_hwr.cli._progress import Steps, Stopwatch, progress, warnings_counted


def test_each_kind_of_warning_is_told_once_with_how_often_it_came(capsys):
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
def test_what_only_developers_can_mend_is_not_told(noise, capsys):
    with warnings_counted():
        warnings.warn("old", noise, stacklevel=1)
    assert capsys.readouterr().err == ""


def fail_after_a_warning():
    with warnings_counted():
        warnings.warn("odd", UserWarning, stacklevel=1)
        raise KeyError("x")


def test_warnings_are_told_of_what_failed_too_and_filters_come_back(capsys):
    before = warnings.showwarning, list(warnings.filters)
    with pytest.raises(KeyError):
        fail_after_a_warning()
    assert capsys.readouterr().err == "warning: odd (UserWarning)\n"
    assert (warnings.showwarning, warnings.filters) == before


@pytest.mark.parametrize(("set_to", "within"), [(None, "ignore"), ("error", "error")])
def test_workers_are_silent_unless_the_user_has_said_otherwise(monkeypatch, set_to, within):
    if set_to is None:
        monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    else:
        monkeypatch.setenv("PYTHONWARNINGS", set_to)
    with warnings_counted():
        assert os.environ["PYTHONWARNINGS"] == within
    assert os.environ.get("PYTHONWARNINGS") == set_to


def test_away_from_a_terminal_nothing_is_written(capfd):
    with progress() as steps, steps.step("fitting", total=2) as tell:
        tell(1, "flat")
        tell(2, "hard")
    assert capfd.readouterr() == ("", "")


def test_a_step_tells_how_far_it_is_and_is_full_at_its_end():
    bars = Progress(disable=True)
    steps = Steps(bars)
    with steps.step("fitting", total=4) as tell:
        tell(3, "flat, seed 0")
        assert (bars.tasks[0].completed, bars.tasks[0].description) == (3, "fitting flat, seed 0")
        tell(1, "")
        assert bars.tasks[0].description == "fitting"
    assert (bars.tasks[0].completed, bars.tasks[0].total, bars.tasks[0].description) == (4, 4, "fitting")
    with steps.step("reading"):
        assert bars.tasks[1].total is None
    assert bars.tasks[1].finished


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1.0 min"), (5400, "90.0 min")])
def test_the_stopwatch_goes_over_to_minutes(monkeypatch, seconds, shown):
    times = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    assert str(Stopwatch()) == shown
