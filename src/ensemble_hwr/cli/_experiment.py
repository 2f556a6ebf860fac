"""The run that demo and compare share: letters, contenders, figures, report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._writing import check_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ensemble_hwr.cli._progress import Steps
    from ensemble_hwr.config import ExperimentConfig
    from ensemble_hwr.datasets import LetterSet
    from ensemble_hwr.evaluation import Progress


def files_read(file: Path, config: ExperimentConfig, data: Path | None) -> list[Path]:
    """Return the files and folders that a command reads: its config, and the letters where they can be found."""
    from ensemble_hwr.config import locate_data
    from ensemble_hwr.exceptions import EnsembleHwrError

    read = [file]
    with suppress(EnsembleHwrError):  # letters that are generated, or that are not there, which is told in its turn
        read.append(locate_data(config, data))
    return read


def run_experiment(config: ExperimentConfig, out: Path, *, data: Path | None, jobs: int, command: str) -> None:
    """Compare a config's contenders, print the figures and write the report.

    Parameters
    ----------
    config : ExperimentConfig
    out : Path
        Folder of the report; made if missing, once there is something to put in.
    data : Path or None
        Where the letters are, if not where the config says.
    jobs : int
        Processes to work in.
    command : str
        What was typed, for the report.
    """
    check_folder(out)

    from rich import print as rich_print

    from ensemble_hwr import config as configs
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.evaluation import FITS, compare, comparison_table, five_by_two, summarise, write_report

    watch = Stopwatch()
    with progress() as steps:
        letters, rows = read_rows(config, steps, data=data, jobs=jobs)
        sources = configs.training_sources(config, letters)
        contenders = configs.build_contenders(config, sorted(set(letters.target.tolist())), sources=sources)
        weight = configs.training_weight(config, letters)
        what = {"command": command, "config": config.model_dump(mode="json")}
        with steps.step("fitting", total=len(contenders) * len(config.seeds)) as tell:
            comparison = compare(
                contenders,
                rows,
                letters.target,
                split=configs.divide(config, letters),
                seeds=config.seeds,
                suspect=letters.suspect,
                sample_weight=weight,
                data=configs.describe_data(config, letters) | what,
                n_jobs=jobs,
                on_progress=_teller(tell),
            )
        ftests = None
        if config.compare.five_by_two:
            with steps.step("5x2cv", total=len(contenders) * FITS) as tell:
                ftests = five_by_two(
                    contenders, rows, letters.target, sample_weight=weight, n_jobs=jobs, on_progress=_teller(tell)
                )
        with steps.step("figures and report"):
            summary = summarise(comparison, ftests=ftests)
            _, page = write_report(comparison, out, summary=summary)
    rich_print(comparison_table(summary))
    click.echo(f"\nreport: {page} (in {watch})")


def _teller(tell: Callable[[int, str], None]) -> Callable[[Progress], None]:
    return lambda event: tell(event.done, f"{event.contender}, seed {event.seed}")


def read_rows(
    config: ExperimentConfig, steps: Steps, *, data: Path | None, jobs: int, normalize_rows: bool = False
) -> tuple[LetterSet, NDArray[np.float32]]:
    """Load a config's letters and turn them into rows, showing how far it is.

    Letters that are stored as rows are taken as they are, unless `normalize_rows`.
    """
    from ensemble_hwr import config as configs

    with steps.step("reading letters" if config.data.format != "generated" else "writing letters"):
        letters = configs.load_letters(config, data=data)
    normalizer = None if letters.is_rows and not normalize_rows else configs.build_normalizer(config, jobs)
    with steps.step("normalising", total=len(letters)) as tell:
        rows = configs.to_rows(letters, normalizer, on_progress=lambda done, _: tell(done, ""))
    return letters, rows


def fitting_on(scheduler: str | None) -> AbstractContextManager[Any]:
    """Let members be fitted by the workers of a Dask scheduler while the block runs, if there is one."""
    if scheduler is None:
        return nullcontext()
    from ensemble_hwr.tuning import on_cluster

    return on_cluster(scheduler)
