"""Progress on standard error: a bar with the time left at a terminal, silence elsewhere."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.progress import Progress


class Steps:
    """The steps of a command, each with its bar.

    Parameters
    ----------
    progress : rich.progress.Progress
        What draws them.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Callable[[int, str], None]]:
        """Show a step while the block runs.

        Parameters
        ----------
        name : str
        total : int, optional
            How much there is to do; None where that is not known.

        Yields
        ------
        callable
            To be told how much is done, and what was done last.
        """
        task = self._progress.add_task(name, total=total)

        def tell(done: int, last: str = "") -> None:
            self._progress.update(task, completed=done, description=f"{name} {last}".rstrip())

        yield tell
        known = self._progress.tasks[task].total
        self._progress.update(task, total=known or 1, completed=known or 1, description=name)


@contextmanager
def progress(*, transient: bool = False) -> Iterator[Steps]:
    """Show progress on standard error while the block runs; at its end say which warnings there were.

    Parameters
    ----------
    transient : bool, default=False
        Wipe the bars away at the end.

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
        redirect_stdout=sys.stdout.isatty(),  # printed above the bars; what goes to a file or a pipe is left alone
    )
    # Up to rich 14, bars that are disabled still end with an empty line: they are never begun.
    with warnings_counted(), nullcontext() if quiet else bars:
        yield Steps(bars)


@contextmanager
def warnings_counted() -> Iterator[None]:
    """Hold warnings back while the block runs, then tell each kind once, with how often it came."""
    seen: Counter[tuple[str, str]] = Counter()

    def count(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        first_line = str(message).strip().split("\n", 1)[0]
        seen[category.__name__, first_line] += 1

    with warnings.catch_warnings(), _workers_silent():
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
def _workers_silent() -> Iterator[None]:
    """Keep processes started meanwhile from writing warnings across the bars."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("PYTHONWARNINGS", None)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def __str__(self) -> str:
        seconds = time.perf_counter() - self._start
        return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
