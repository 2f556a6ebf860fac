"""Progress bars and warnings on standard error."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from ensemble_hwr.training import TrainingProgress

Update = Callable[[int, str], None]


class Steps:
    """The steps of a command, each shown as a progress bar.

    Parameters
    ----------
    progress : rich.progress.Progress
        The display of the bars.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Update]:
        """Show a step while the block runs.

        Parameters
        ----------
        name : str
            The description of the bar.
        total : int, optional
            The amount of work; None if it is not known.

        Yields
        ------
        callable
            Function of the amount of work done and of a description of its last part.
        """
        task = self._progress.add_task(name, total=total)

        def update(done: int, last: str = "") -> None:
            self._progress.update(task, completed=done, description=f"{name} {last}".rstrip())

        yield update
        known = self._progress.tasks[task].total
        self._progress.update(task, total=known or 1, completed=known or 1, description=name)

    @contextmanager
    def as_callback(self) -> Iterator[Callable[[TrainingProgress], None]]:
        """Yield a callback for :func:`~ensemble_hwr.training.train`; a step ends where the next one begins."""
        updates: dict[str, Update] = {}
        with ExitStack() as running:

            def report(event: TrainingProgress) -> None:
                if event.step not in updates:
                    running.close()
                    updates[event.step] = running.enter_context(self.step(event.step, total=event.total))
                updates[event.step](event.done, "")

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
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    ]
    quiet = not console.is_terminal
    bars = Progress(
        *columns,
        console=console,
        disable=quiet,
        transient=transient,
        speed_estimate_period=3600,
        redirect_stdout=sys.stdout.isatty(),  # printed above the bars; output to a file or a pipe is unchanged
    )
    # Up to rich 14, disabled bars print an empty line at their end.
    with warnings_counted(), nullcontext() if quiet else bars:
        yield Steps(bars)


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
                click.echo(f"warning: {text} ({category}, {times} times)".replace(", 1 times", ""), err=True)


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
