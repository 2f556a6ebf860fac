"""``ensemble-hwr compare`` and ``ensemble-hwr demo``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._writing import check_folder
from ensemble_hwr.cli._errors import echo, report_warning
from ensemble_hwr.cli._options import (
    all_overrides,
    command_line,
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    output_option,
    seeds_option,
    set_option,
    trust_option,
)
from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    from ensemble_hwr.config import ExperimentConfig
    from ensemble_hwr.evaluation.results import CompareProgress

NEXT_STEPS = """
To compare these models on your own letters, one folder of pictures per letter (my-letters/A/1.png):
  ensemble-hwr init folder
  ensemble-hwr compare folder.toml --data my-letters --output my-report"""


@click.command()
@output_option(metavar="DIR", help="Folder for the report.", default=Path("ensemble-hwr-demo"))
@jobs_option
def demo(output: Path, jobs: int | None) -> None:
    """Compare flat and hierarchical models on generated letters.

    The demo needs no download and takes about a minute.
    """
    from ensemble_hwr.config import load_demo

    _run(load_demo(), output, data=None, jobs=number_of_jobs(jobs), command="ensemble-hwr demo")
    echo(NEXT_STEPS)


@click.command()
@config_argument
@output_option(metavar="DIR", help="Folder for report.html and report.json.")
@data_option
@set_option
@trust_option
@seeds_option
@jobs_option
def compare(
    *,
    config: Path,
    output: Path,
    data: Path | None,
    overrides: tuple[str, ...],
    seeds: tuple[int, ...] | None,
    jobs: int | None,
) -> None:
    """Fit and compare all contenders of CONFIG, and write a report.

    Each contender is fitted with each of the seeds. The comparison is printed; DIR/report.html and DIR/report.json hold
    the details.
    """
    from ensemble_hwr.config import load_config

    changes = all_overrides(overrides, seeds)
    command = command_line("compare", config, output=output, data=data, overrides=changes)
    _run(load_config(config, changes), output, data=data, jobs=number_of_jobs(jobs), command=command)


def files_read(file: Path, config: ExperimentConfig, data: Path | None) -> list[Path]:
    """Return the files and folders that a command reads: its config and, where they exist, its letters."""
    from ensemble_hwr.config.letters import locate_data
    from ensemble_hwr.exceptions import EnsembleHwrError

    read = [file]
    with suppress(EnsembleHwrError):  # letters are generated, or missing, which is reported when they are loaded
        read.append(locate_data(config, data))
    return read


def _run(config: ExperimentConfig, output: Path, *, data: Path | None, jobs: int, command: str) -> dict[str, Any]:
    """Compare a config's contenders, print the comparison and write the report; return its summary."""
    check_folder(output)

    from rich import print as rich_print

    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.evaluation import comparison_table, summarise, write_report

    watch = Stopwatch()
    with progress() as steps:
        comparison, ftests = _fit(config, steps, data=data, jobs=jobs, command=command)
        with steps.step("figures and report"):
            summary = summarise(comparison, ftests=ftests)
            _, page = write_report(comparison, output, summary=summary)
    _print_warnings(summary)
    rich_print(comparison_table(summary))
    echo(f"\nreport: {page} (in {watch})")
    return summary


def _fit(config: ExperimentConfig, steps: Any, *, data: Path | None, jobs: int, command: str) -> tuple[Any, Any]:
    """Fit every contender with every seed; return the comparison, and the F-tests if the config has them."""
    from ensemble_hwr.config import build_contenders
    from ensemble_hwr.config.letters import build_split, describe_data, training_sources, training_weight
    from ensemble_hwr.evaluation import compare, five_by_two
    from ensemble_hwr.training import load_rows

    with steps.as_callback() as report:
        letters, rows = load_rows(config, data=data, n_jobs=jobs, on_progress=report)
    if getattr(config.split, "test_size", None) == 0:
        raise ConfigError(
            "split.test_size: got 0, which leaves no test letters; give a part between 0 and 1, such as 0.2"
        )
    sources = training_sources(config, letters)
    contenders = build_contenders(config, sorted(set(letters.target.tolist())), sources=sources)
    weight = training_weight(config, letters)
    described = describe_data(config, letters) | {"command": command, "config": config.model_dump(mode="json")}
    with steps.step("fitting", total=len(contenders) * len(config.seeds)) as update, _without_warnings():
        comparison = compare(
            contenders,
            rows,
            letters.target,
            split=build_split(config, letters),
            seeds=config.seeds,
            suspect=letters.suspect,
            sample_weight=weight,
            data=described,
            n_jobs=jobs,
            on_progress=_as_callback(update),
        )
    if not config.compare.five_by_two:
        return comparison, None
    with steps.step("5x2cv", total=10 * len(contenders)) as update:
        return comparison, five_by_two(
            contenders, rows, letters.target, sample_weight=weight, n_jobs=jobs, on_progress=_as_callback(update)
        )


def _print_warnings(summary: Mapping[str, Any]) -> None:
    """Print the warnings of the fits on standard error, each once for a contender."""
    for name, figures in summary["contenders"].items():
        for warning in figures["warnings"]:
            found = f"{warning['category']}, in {warning['fits']} of {len(summary['seeds'])} fits"
            report_warning(f"{name}: {warning['text']} ({found})")


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Ignore the warnings of fits: the summary of the comparison has them, with their contenders."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _as_callback(update: Callable[[int, str], None]) -> Callable[[CompareProgress], None]:
    return lambda event: update(event.done, f"{event.contender}, seed {event.seed}")
