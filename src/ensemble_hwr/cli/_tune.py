"""``ensemble-hwr tune``, and the progress of tuning as a table or as lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._writing import check_folder, check_replaceable, printable
from ensemble_hwr.cli._compare import files_read
from ensemble_hwr.cli._errors import Interrupted, echo
from ensemble_hwr.cli._options import (
    command_line,
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    output_option,
    scheduler_option,
    set_option,
    trust_option,
)
from ensemble_hwr.cli._progress import RegularLines, Stopwatch, duration, progress, warnings_counted

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from ensemble_hwr.config import ExperimentConfig
    from ensemble_hwr.tuning import TuningProgress, TuningResult

TUNED, REPORT = "tuned.toml", "tuning.html"


@click.command()
@config_argument
@output_option(metavar="DIR", help="Folder for the studies, the tuned config and the report.")
@click.option(
    "--storage",
    metavar="URL",
    help="Storage of the studies: sqlite:///FILE, postgresql://..., grpc://HOST:PORT, or a journal file; by default a "
    "journal in DIR. Machines that share a storage tune together.",
)
@click.option(
    "--fresh/--resume",
    default=False,
    help="Start new studies, or continue the existing ones, which is the default.",
)
@data_option
@set_option
@trust_option
@jobs_option
@scheduler_option
def tune(
    *,
    config: Path,
    output: Path,
    storage: str | None,
    fresh: bool,
    data: Path | None,
    overrides: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Search for better parameters of CONFIG's members.

    The [tune] sections of the config define what is searched. Parameters are compared by cross-validation; test letters
    are not used. The results are DIR/tuned.toml and DIR/tuning.html. Ctrl-C stops after the running epoch; the same
    command continues.
    """
    from ensemble_hwr.config import load_config
    from ensemble_hwr.config.letters import with_located_data

    watch = Stopwatch()
    experiment = load_config(config, overrides)
    check_folder(output)
    for written in (output / TUNED, output / REPORT):
        check_replaceable(written, *files_read(config, experiment, data))
    experiment = with_located_data(experiment, data)
    places = {"output": output.absolute(), "data": data and data.absolute()}
    command = command_line(
        "tune", config.absolute(), **places, storage=storage, scheduler=scheduler, overrides=overrides
    )
    studies = {"storage": storage, "fresh": fresh}
    result = _search(experiment, output, command, data=data, jobs=number_of_jobs(jobs), scheduler=scheduler, **studies)
    _write(result, output, command, watch, source=config)


def _search(
    config: ExperimentConfig,
    output: Path,
    command: str,
    *,
    data: Path | None,
    jobs: int,
    scheduler: str | None,
    **studies: Any,
) -> TuningResult:
    """Run the studies and show their progress."""
    from ensemble_hwr.training import load_rows
    from ensemble_hwr.tuning import on_cluster, tune

    minutes = None if config.tune is None else config.tune.timeout_minutes
    with progress() as steps, steps.as_callback() as report:
        letters, rows = load_rows(config, data=data, n_jobs=jobs, on_progress=report)
    with warnings_counted(), _resumable(command), on_cluster(scheduler) as cluster, live_table(minutes) as show:
        return tune(config, letters, rows, output, n_jobs=jobs, cluster=cluster, on_progress=show, **studies)


@contextmanager
def _resumable(command: str) -> Iterator[None]:
    """Name the command that continues, if the block is interrupted."""
    try:
        yield
    except Interrupted as interrupt:
        message = f"interrupted; finished trials are kept; to continue: {command}"
        raise Interrupted(message, interrupt.code) from None


def _write(result: TuningResult, output: Path, command: str, watch: Stopwatch, *, source: Path) -> None:
    """Write the tuned config and the report, and print a summary."""
    from ensemble_hwr.tuning import write_tuned_config, write_tuning_report

    write_tuned_config(result, output / TUNED, command, source=source)
    write_tuning_report(result, output / REPORT, command)
    echo(result.summary())
    if result.dashboard_command is not None:
        echo(f"dashboard: {result.dashboard_command}  (after: pip install optuna-dashboard)")
    echo(f"report: {output / REPORT}\nconfig: {output / TUNED} (in {watch})")


@contextmanager
def live_table(minutes: float | None = None) -> Iterator[Callable[[TuningProgress], None]]:
    """Show the progress of tuning on standard error while the block runs: a table at a terminal, lines elsewhere.

    Parameters
    ----------
    minutes : float, default=None
        Time for the search; None without a limit.

    Yields
    ------
    callable
        Function of a :class:`~ensemble_hwr.tuning.TuningProgress`.
    """
    from rich.console import Console

    console = Console(stderr=True)
    search = Search(minutes)
    if not console.is_terminal:
        lines = RegularLines(search.line)
        lines.show()
        try:
            yield search.report_line
        finally:
            lines.close()
        return
    from rich.live import Live

    with Live(get_renderable=search.table, console=console, refresh_per_second=4, transient=False):
        yield search.report


class Search:
    """The state of a search, as a table or as a line; the time in it is that of the moment when it is drawn.

    Parameters
    ----------
    minutes : float or None
        Time for the search.
    """

    def __init__(self, minutes: float | None) -> None:
        self._clock = Clock(minutes)
        self._latest: dict[str, TuningProgress] = {}
        self._now: TuningProgress | None = None

    def report(self, progress: TuningProgress) -> None:
        """Store the progress of a member; the table keeps the trials of a member that is fitted afterwards."""
        self._now = progress
        if not progress.is_fit:
            self._latest[progress.member] = progress

    def report_line(self, progress: TuningProgress) -> None:
        """Store the progress of a member; if another stage begins, print the last line of the one before."""
        last = self._now
        if last is None or _stage(last) != _stage(progress):
            if last is not None:
                echo(self.line(), err=True)
            self.report(progress)
            echo(self.line(), err=True)
        self.report(progress)

    def line(self) -> str:
        """Return time and progress as one line of text."""
        return f"{self._clock}; {'no trial is done yet' if self._now is None else line(self._now)}"

    def table(self) -> Group:
        """Return time and progress, and below a table with a row per member."""
        from rich.console import Group
        from rich.text import Text

        if self._now is None:
            return Group(Text(self.line()))
        return Group(Text(f"{self._clock}; {step(self._now)}"), table(self._latest, self._now))


class Clock:
    """The time since the start of the search, and its budget, as text.

    Parameters
    ----------
    minutes : float or None
        Time for the search.
    """

    def __init__(self, minutes: float | None) -> None:
        self._minutes = minutes
        self._start = time.monotonic()

    def __str__(self) -> str:
        elapsed = duration(time.monotonic() - self._start)
        return f"{elapsed} elapsed" if self._minutes is None else f"{elapsed} of {duration(60 * self._minutes)}"


def table(latest: dict[str, TuningProgress], now: TuningProgress) -> Table:
    """Return a table with a row per member: tuned, being tuned, or waiting."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="dim")
    drawn.add_column("member", overflow="ellipsis")  # gives way to the others, which do not wrap
    for heading in ("done", "pruned", "failed", "best", "baseline", "left"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    for member in [*now.members, *([now.member] if now.is_improvement else [])]:
        progress = latest.get(member)
        running = member == now.member and not now.is_fit
        style = "bold" if running else "dim" if progress is None else ""
        cells = [""] * 6 if progress is None else _cells(progress, running=running)
        drawn.add_row(Text(printable(member)), *cells, style=style)
    return drawn


def step(progress: TuningProgress) -> str:
    """Return the member and the number of its trials."""
    if progress.is_improvement:
        return f"evaluating the improvement: {progress.done} of {progress.n_trials} fits"
    if progress.is_fit:
        return f"{printable(progress.member)}: {progress.done} of {progress.n_trials} fits to tune later members"
    done, pruned, *_ = _cells(progress, running=True)
    return f"{printable(progress.member)}: {done} trials done ({pruned} pruned)"


def line(progress: TuningProgress) -> str:
    """Return the progress as one line of text."""
    if progress.is_improvement:
        return step(progress)
    if progress.is_fit:
        left = "" if progress.seconds_left is None else f", {duration(progress.seconds_left)} left"
        return f"{step(progress)}{left}"
    _, _, failed, best, baseline, left = _cells(progress, running=True)
    text = f"{step(progress)}, {failed} failed"
    text += f", best {best}" if best else ""
    text += f", baseline {baseline}" if baseline else ""
    return text + (f", {left} left" if left else "")


def _stage(progress: TuningProgress) -> str | None:
    """Return the member that is tuned; None for the fits between two of them."""
    return None if progress.is_fit else progress.member


def _cells(progress: TuningProgress, *, running: bool) -> list[str]:
    of = f"/{progress.n_trials}" if progress.n_trials is not None and running else ""
    left = "" if progress.seconds_left is None or not running else duration(progress.seconds_left)
    return [
        f"{progress.done + progress.pruned}{of}",
        str(progress.pruned),
        str(progress.failed),
        _loss(progress.best),
        _loss(progress.baseline),
        left,
    ]


def _loss(loss: float | None) -> str:
    return "" if loss is None else f"{abs(loss):.4f}"
