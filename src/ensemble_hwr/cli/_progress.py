"""Progress and warnings on standard error: bars at a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ensemble_hwr._writing import printable
from ensemble_hwr.cli._errors import echo, is_interrupted, report_error, report_warning

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import Progress

    from ensemble_hwr.reading.issues import Issue
    from ensemble_hwr.training import TrainingProgress

SECONDS_BETWEEN_LINES = 10.0

Update = Callable[[int, str], None]


class Steps:
    """The steps of a command, each shown with its progress.

    Parameters
    ----------
    bars : rich.progress.Progress
        One task per step.
    display : _LiveBars or RegularLines
        Shows the tasks.
    """

    def __init__(self, bars: Progress, display: _LiveBars | RegularLines) -> None:
        self._bars = bars
        self._display = display

    @contextmanager
    def step(self, name: str, total: int | None = None, *, least: int = 0) -> Iterator[Update]:
        """Show one step while the block runs.

        Parameters
        ----------
        name : str
        total : int, optional
            Amount of work; by default unknown.
        least : int, default=0
            The step is not shown if its amount of work is smaller.

        Yields
        ------
        callable
            Function of the amount of work done and of a description of its last part.
        """
        task = self._bars.add_task(name, total=total)
        if total is None or total >= least:
            self._display.show()

        def update(done: int, last: str = "") -> None:
            self._bars.update(task, completed=done, description=f"{name} {printable(last)}".rstrip())

        yield update
        known = self._bars.tasks[task].total
        self._bars.update(task, total=known or 1, completed=known or 1, description=name)

    def print(self, text: str, *, err: bool = False) -> None:
        """Print a result on standard output, or a message on standard error, on lines of its own."""
        with self._display.hidden():
            echo(text, err=err)

    def report_error(self, message: str) -> None:
        """Print an error on standard error, in one line."""
        with self._display.hidden():
            report_error(message)

    def report_issues(self, name: str, issues: Sequence[Issue]) -> bool:
        """Print the issues of a picture on standard error, in one line; return whether there are any."""
        if issues:
            with self._display.hidden():
                report_warning(f"{name!r}: {'; '.join(issue.message for issue in issues)}")
        return bool(issues)

    @contextmanager
    def as_callback(self) -> Iterator[Callable[[TrainingProgress], None]]:
        """Yield a callback for :func:`~ensemble_hwr.training.train`; a step ends where the next one begins."""
        current: tuple[str, Update] = ("", lambda done, last: None)
        with ExitStack() as running:

            def report(event: TrainingProgress) -> None:
                nonlocal current
                if event.step != current[0]:
                    running.close()
                    current = event.step, running.enter_context(self.step(event.step, total=event.total))
                current[1](event.done, "")

            yield report


@contextmanager
def progress(*, transient: bool = False) -> Iterator[Steps]:
    """Show progress on standard error while the block runs, and print the warnings at its end.

    Parameters
    ----------
    transient : bool, default=False
        Remove the bars at the end.

    Yields
    ------
    Steps
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = [
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    ]
    bars = Progress(*columns, console=console, speed_estimate_period=3600)
    display = (
        _LiveBars(bars, console, transient=transient) if console.is_terminal else RegularLines(lambda: _last_task(bars))
    )
    with warnings_counted():
        try:
            yield Steps(bars, display)
        finally:
            display.close()


class _LiveBars:
    """Bars at a terminal. They are removed while a result is printed, so that the two never mix."""

    def __init__(self, bars: Progress, console: Console, *, transient: bool) -> None:
        self._bars = bars
        self._console = console
        self._transient = transient
        self._live: Live | None = None

    def show(self) -> None:
        """Show the bars from now on."""
        from rich.live import Live

        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self._bars.get_renderable,
                refresh_per_second=10,
                transient=self._transient,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Remove the bars while the block runs."""
        if self._live is None:
            yield
            return
        self._live.transient = True
        self._live.stop()
        self._live = None
        try:
            yield
        finally:
            self.show()

    def close(self) -> None:
        """Leave the final bars on the screen, or remove them if they are transient."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class RegularLines:
    """Print a plain line on standard error at regular times, also while nothing is reported.

    Parameters
    ----------
    text : callable
        Returns the line, or None if there is nothing to print.
    """

    def __init__(self, text: Callable[[], str | None]) -> None:
        self._text = text
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def show(self) -> None:
        """Print lines from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Lines do not disturb results: nothing is to do."""
        yield

    def close(self) -> None:
        """Print no more lines."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(SECONDS_BETWEEN_LINES):
            text = None if is_interrupted() else self._text()
            if text is not None:
                echo(text, err=True)


def _last_task(bars: Progress) -> str | None:
    """Return the progress of the last step in one line; None if it is complete."""
    task = bars.tasks[-1]
    return None if task.finished else _line(task.description, task.completed, task.total, task.elapsed or 0.0)


def _line(description: str, done: float, total: float | None, elapsed: float) -> str:
    """Return the progress of a step in one line, with the time left where it can be estimated."""
    text = description if total is None else f"{description}: {done:.0f} of {total:.0f}"
    text += f", {duration(elapsed)} elapsed"
    return text if total is None or not done else f"{text}, {duration(elapsed * (total - done) / done)} left"


def duration(seconds: float) -> str:
    """Return a duration in seconds, or in minutes and seconds."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{int(seconds // 60)}:{int(seconds % 60):02d} min"


@contextmanager
def warnings_counted() -> Iterator[None]:
    """Collect warnings while the block runs, then print each different one with its number of occurrences."""
    seen: Counter[tuple[str, str]] = Counter()

    def count(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        first_line = str(message).strip().split("\n", 1)[0]
        seen[category.__name__, first_line] += 1

    with warnings.catch_warnings(), _silent_workers():
        warnings.simplefilter("always")
        for noise in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", noise)
        warnings.showwarning = count
        try:
            yield
        finally:
            for (category, text), times in seen.items():
                report_warning(f"{text} ({category}, {times} times)".replace(", 1 times", ""))


@contextmanager
def _silent_workers() -> Iterator[None]:
    """Keep worker processes from writing warnings across the bars."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("PYTHONWARNINGS", None)


class Stopwatch:
    """The time since its creation, as text."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def __str__(self) -> str:
        seconds = time.perf_counter() - self._start
        return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
