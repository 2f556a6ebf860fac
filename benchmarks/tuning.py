"""Measure the time of tuning and the improvement by it, one command per figure. Times are of two idle cores.

    python -m benchmarks.tuning demo          1 min: configs/demo_tune.toml from beginning to end
    python -m benchmarks.tuning speed         1 min: trials per minute of one and of two processes
    python -m benchmarks.tuning pruning       3 min: number of epochs and best scores with and without pruning
    python -m benchmarks.tuning resuming      1 min: whether interruptions change the trials
    python -m benchmarks.tuning improvement  30 min: configs/tune.toml, the tuned ensemble and the baseline

The first and the last command tune every member of a config; --config and --data select another config. The others tune
only the router of configs/demo_tune.toml. --quick is a test run of about a minute. Studies are stored in a temporary
folder.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
import optuna

from ensemble_hwr.config import ExperimentConfig, load_config, load_letters
from ensemble_hwr.config.letters import build_normalizer
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.tuning import TuningResult, tune

CONFIGS = Path(__file__).parent.parent / "configs"
ROUTER_ALONE = ("tune.repeats=0", "tune.timeout_minutes=1000", "tune.n_trials_no_improvement=100000")
SECONDS_BETWEEN_STOPS = 2
PRUNERS = ("percentile", "median", "hyperband")
EPOCHS = {"mlp": "max_iter", "augmented_mlp": "max_iter"}
FEW_EPOCHS = {"router": 10, "specialist": 5, "expert": 5}

config_option = click.option("--config", type=click.Path(path_type=Path), help="Config whose members are tuned.")
data_option = click.option("--data", type=click.Path(path_type=Path), help="Path of the letters.")
jobs_option = click.option("--jobs", default=2, show_default=True, help="Number of processes.")
quick_option = click.option("--quick", is_flag=True, help="A test run of about a minute.")


@dataclass(frozen=True)
class Bench:
    """The letters of a config, loaded once, and a folder with one folder per run."""

    file: Path
    letters: LetterSet
    rows: Any
    changes: Sequence[str]
    work: Path

    def tune(self, *changes: str, n_jobs: int = 1, folder: Path | None = None, on_progress: Any = None) -> TuningResult:
        """Tune all members, in a new folder if none is given."""
        return self._tune(load_config(self.file, [*self.changes, *changes]), n_jobs, folder, on_progress)

    def tune_router(self, *changes: str, n_jobs: int = 1, folder: Path | None = None, on_progress: Any = None) -> Any:
        """Tune the router only; return its study."""
        config = load_config(self.file, [*self.changes, *ROUTER_ALONE, *changes])
        assert config.tune is not None
        settings = config.tune.model_dump()
        others = [name for name in config.tune.spaces if name != "router"]
        section = type(config.tune).model_validate({key: settings[key] for key in settings if key not in others})
        alone = config.model_copy(update={"tune": section})
        return self._tune(alone, n_jobs, folder, on_progress).members[0].study

    def _tune(self, config: ExperimentConfig, n_jobs: int, folder: Path | None, on_progress: Any) -> TuningResult:
        own = folder or Path(tempfile.mkdtemp(dir=self.work))
        return tune(config, self.letters, self.rows, own, n_jobs=n_jobs, on_progress=on_progress)


@contextmanager
def bench_of(file: Path, data: Path | None = None, *, quick: bool = False) -> Iterator[Bench]:
    """Load the letters of a config; its studies are removed at the end of the block."""
    config = load_config(file)
    changes = shortened(config) if quick else ()
    config = load_config(file, changes)
    letters = load_letters(config, data=data)
    normalizer = None if letters.is_rows else build_normalizer(config)
    rows = letters.to_rows(normalizer)
    with tempfile.TemporaryDirectory() as work:
        yield Bench(file, letters, rows, changes, Path(work))


def shortened(config: ExperimentConfig) -> tuple[str, ...]:
    """Return overrides for few letters and few epochs."""
    letters = "data.n=520" if config.data.format == "generated" else "data.max_per_class=30"
    epochs = EPOCHS[config.router.estimator]
    return (letters, *(f"{role}.params.{epochs}={few}" for role, few in FEW_EPOCHS.items()))


@click.group()
def main() -> None:
    """Measure the time of tuning and the improvement by it."""


@main.command()
@config_option
@jobs_option
@quick_option
def demo(config: Path | None, jobs: int, quick: bool) -> None:
    """Tune the demo, and print the time."""
    began = time.perf_counter()
    with bench_of(config or CONFIGS / "demo_tune.toml", quick=quick) as bench:
        click.echo(bench.tune(*(["tune.timeout_minutes=0.5"] if quick else []), n_jobs=jobs).summary())
    click.echo(f"{time.perf_counter() - began:.0f} s with {jobs} processes")


@main.command()
@click.option("--trials", default=30, show_default=True, help="Trials of each run.")
@jobs_option
@quick_option
def speed(trials: int, jobs: int, quick: bool) -> None:
    """Compare trials per minute, with random sampling and without pruning, so that all runs have the same trials."""
    rates = {}
    same = ("tune.pruner=none", "tune.sampler=random", f"tune.n_trials={6 if quick else trials}")
    click.echo("| processes | trials | seconds | trials per minute |\n| --- | --- | --- | --- |")
    with bench_of(CONFIGS / "demo_tune.toml", quick=quick) as bench:
        for n in (1, jobs):
            n_trials, seconds = trials_and_seconds(bench.tune_router(*same, n_jobs=n))
            rates[n] = 60 * n_trials / seconds
            click.echo(f"| {n} | {n_trials} | {seconds:.1f} | {rates[n]:.1f} |")
    click.echo(f"\n{jobs} processes run {rates[jobs] / rates[1]:.2f} times as many trials per minute as one")


@main.command()
@click.option("--trials", default=40, show_default=True, help="Trials of each study.")
@click.option("--seeds", default=3, show_default=True, help="Studies per pruner.")
@jobs_option
@quick_option
def pruning(trials: int, seeds: int, jobs: int, quick: bool) -> None:
    """Compare the epochs and the best scores of studies with the same number of trials."""
    spent: dict[str, list[tuple[int, float]]] = {}
    click.echo("| seed | pruner | epochs | best log-loss | pruned |\n| --- | --- | --- | --- | --- |")
    with bench_of(CONFIGS / "demo_tune.toml", quick=quick) as bench:
        for seed, pruner in product(range(1 if quick else seeds), ("none", *PRUNERS)):
            changes = (f"tune.pruner={pruner}", f"tune.random_state={seed}", f"tune.n_trials={8 if quick else trials}")
            study = bench.tune_router(*changes, n_jobs=jobs)
            epochs = sum(trial.user_attrs.get("epochs", 0) for trial in study.trials)
            pruned = sum(trial.state.name == "PRUNED" for trial in study.trials)
            spent.setdefault(pruner, []).append((epochs, study.best_value))
            click.echo(f"| {seed} | {pruner} | {epochs:,} | {study.best_value:.4f} | {pruned} |")
    click.echo()
    for pruner in PRUNERS:
        (epochs, best), (all_epochs, all_best) = (np.mean(spent[name], axis=0) for name in (pruner, "none"))
        saved = 100 * (1 - epochs / all_epochs)
        click.echo(f"{pruner} saves {saved:.0f} % of the epochs; its best score differs by {best - all_best:+.4f}")


@main.command()
@click.option("--trials", default=12, show_default=True)
@quick_option
def resuming(trials: int, quick: bool) -> None:
    """Interrupt a run of one process several times; compare its trials with those of an uninterrupted run."""
    wanted = f"tune.n_trials={6 if quick else trials}"
    with bench_of(CONFIGS / "demo_tune.toml", quick=quick) as bench:
        uninterrupted = trials_of(bench.tune_router(wanted))
        interrupted, stops = run_with_interruptions(bench, wanted)
    verdict = "the same" if interrupted == uninterrupted else "different"
    click.echo(f"interrupted {stops} times: {len(interrupted)} trials, which are {verdict}")
    if interrupted != uninterrupted or not stops:
        raise SystemExit(1)


@main.command()
@config_option
@data_option
@jobs_option
@quick_option
def improvement(config: Path | None, data: Path | None, jobs: int, quick: bool) -> None:
    """Tune all members within the budget of the config, then compare the ensemble with the baseline."""
    with bench_of(config or CONFIGS / "tune.toml", data, quick=quick) as bench:
        result = bench.tune(
            *(["tune.timeout_minutes=0.5", "tune.n_trials_no_improvement=2"] if quick else []), n_jobs=jobs
        )
        click.echo(result.summary())
        once = sum(len(member.study.trials) < 2 for member in result.members)
    click.echo(f"{len(result.members)} members tuned, {once} of them in a single trial")


def run_with_interruptions(bench: Bench, wanted: str) -> tuple[list[Any], int]:
    """Tune the router with up to four interruptions; return its trials and the number of interruptions."""
    folder = bench.work / "interrupted"
    stops = 0
    while True:
        try:
            return trials_of(bench.tune_router(wanted, folder=folder, on_progress=_Alarm(stops))), stops
        except KeyboardInterrupt:
            stops += 1


class _Alarm:
    """A callback that interrupts a run after some seconds, the first few times."""

    def __init__(self, stops: int) -> None:
        self._when = time.monotonic() + SECONDS_BETWEEN_STOPS * (1 + stops % 2) if stops < 4 else float("inf")

    def __call__(self, _: Any) -> None:
        if time.monotonic() > self._when:
            raise KeyboardInterrupt


def trials_and_seconds(study: optuna.Study) -> tuple[int, float]:
    """Return the number of finished trials, and the seconds from the start of the first to the end of the last."""
    trials = [trial for trial in study.trials if trial.datetime_complete is not None]
    began = min(trial.datetime_start for trial in trials if trial.datetime_start is not None)
    ended = max(trial.datetime_complete for trial in trials if trial.datetime_complete is not None)
    return len(trials), (ended - began).total_seconds()


def trials_of(study: optuna.Study) -> list[tuple[dict[str, Any], float | None]]:
    """Return parameters and loss of all trials that did not fail; those queued again count once."""
    return [(trial.params, trial.value) for trial in study.trials if trial.state.name in ("COMPLETE", "PRUNED")]


if __name__ == "__main__":
    main()
