"""The progress of tuning: a live table at a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from ensemble_hwr.tuning import Progress

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def live_table() -> Iterator[Callable[[Progress], None]]:
    """Show how far tuning is, on standard error, while the block runs.

    Yields
    ------
    callable
        To be told the progress.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines().show
        return
    from rich.live import Live

    seen: dict[str, Progress] = {}
    with Live(console=console, refresh_per_second=4, transient=False) as live:

        def show(progress: Progress) -> None:
            seen[progress.member] = progress
            live.update(table(seen, progress))

        yield show


def table(seen: dict[str, Progress], now: Progress) -> Table:
    """Return a row for every member: those done, the one being tuned, those to come."""
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False, header_style="dim")
    drawn.add_column("member")
    for heading in ("done", "pruned", "failed", "best", "untuned", "left"):
        drawn.add_column(heading, justify="right")
    for member in [*now.members, *(["gain"] if now.member == "gain" else [])]:
        row = seen.get(member)
        style = "bold" if member == now.member else "dim" if row is None else ""
        cells = ["", "", "", "", "", ""] if row is None else _cells(row, member == now.member)
        drawn.add_row(member, *cells, style=style)
    return drawn


def line(progress: Progress) -> str:
    """Return the progress in words."""
    if progress.member == "gain":
        return f"measuring what was gained: {progress.done} of {progress.most} fits"
    done, pruned, failed, best, untuned, left = _cells(progress, True)
    text = f"{progress.member}: {done} done, {pruned} pruned, {failed} failed"
    text += f", best {best}" if best else ""
    text += f", untuned {untuned}" if untuned else ""
    return text + (f", {left} left" if left else "")


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _cells(progress: Progress, running: bool) -> list[str]:
    of = f"/{progress.most}" if progress.most is not None and running else ""
    left = "" if progress.seconds_left is None or not running else duration(progress.seconds_left)
    return [
        f"{progress.done}{of}",
        str(progress.pruned),
        str(progress.failed),
        _loss(progress.best),
        _loss(progress.untuned),
        left,
    ]


def _loss(loss: float | None) -> str:
    return "" if loss is None else f"{abs(loss):.4f}"


class _Lines:
    """A line when the member changes, and now and then."""

    def __init__(self) -> None:
        self._last: Any = None
        self._member = ""
        self._when = 0.0

    def show(self, progress: Progress) -> None:
        if progress.member != self._member and self._last is not None:
            click.echo(line(self._last), err=True)
        if progress.member != self._member or time.monotonic() - self._when > SECONDS_BETWEEN_LINES:
            self._when = time.monotonic()
            click.echo(line(progress), err=True)
        self._last, self._member = progress, progress.member
