"""What tuning costs and gains, each figure by a command of its own. Times are of two idle cores.

    python -m benchmarks.tuning demo        1 min: configs/demo_tune.toml from beginning to end
    python -m benchmarks.tuning speed       1 min: trials a minute of two processes against one
    python -m benchmarks.tuning pruning     3 min: epochs spent with and without pruning, and the best scores
    python -m benchmarks.tuning resuming    1 min: whether stopping and going on changes the trials
    python -m benchmarks.tuning gain       30 min: configs/tune.toml, the tuned ensemble against the untuned one

The first and the last tune every member of a config, which another may stand for with --config and --data; the others
tune the router of configs/demo_tune.toml alone. --quick takes about a minute for each and shows that it works, nothing
more. Studies are made in a temporary folder.
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

from ensemble_hwr.config import ExperimentConfig, build_normalizer, load_config, load_letters
from ensemble_hwr.datasets import LetterSet
from ensemble_hwr.tuning import Tuning, summary, tune

CONFIGS = Path(__file__).parent.parent / "configs"
ROUTER_ALONE = ("tune.repeats=0", "tune.timeout_minutes=1000", "tune.n_trials_no_improvement=100000")
SECONDS_BETWEEN_STOPS = 2
PRUNERS = ("percentile", "median", "hyperband")
EPOCHS = {"mlp": "max_iter", "augmented_mlp": "max_iter"}
FEW_EPOCHS = {"router": 10, "specialist": 5, "expert": 5}

config_option = click.option("--config", type=click.Path(path_type=Path), help="Whose members are tuned.")
data_option = click.option("--data", type=click.Path(path_type=Path), help="Where the letters are.")
jobs_option = click.option("--jobs", default=2, show_default=True, help="Processes.")
quick_option = click.option("--quick", is_flag=True, help="A minute, to see that it works.")


@dataclass(frozen=True)
class Bench:
    """The letters of a config, loaded once, and a folder in which every run has one of its own."""

    file: Path
    letters: LetterSet
    rows: Any
    changes: Sequence[str]
    work: Path

    def tune(self, *changes: str, n_jobs: int = 1, folder: Path | None = None, on_progress: Any = None) -> Tuning:
        """Tune everybody, in a new folder where none is given."""
        return self._tune(load_config(self.file, [*self.changes, *changes]), n_jobs, folder, on_progress)

    def tune_router(self, *changes: str, n_jobs: int = 1, folder: Path | None = None, on_progress: Any = None) -> Any:
        """Tune the router alone, by a number of trials; return its study."""
        config = load_config(self.file, [*self.changes, *ROUTER_ALONE, *changes])
        assert config.tune is not None
        settings = config.tune.model_dump()
        others = [name for name in config.tune.spaces if name != "router"]
        section = type(config.tune).model_validate({key: settings[key] for key in settings if key not in others})
        alone = config.model_copy(update={"tune": section})
        return self._tune(alone, n_jobs, folder, on_progress).members[0].study

    def _tune(self, config: ExperimentConfig, n_jobs: int, folder: Path | None, on_progress: Any) -> Tuning:
        own = folder or Path(tempfile.mkdtemp(dir=self.work))
        return tune(config, self.letters, self.rows, own, n_jobs=n_jobs, on_progress=on_progress)


@contextmanager
def bench_of(file: Path, data: Path | None = None, *, quick: bool = False) -> Iterator[Bench]:
    """Load the letters of a config; keep its studies while the block runs."""
    config = load_config(file)
    changes = shortened(config) if quick else ()
    config = load_config(file, changes)
    letters = load_letters(config, data=data)
    normalizer = None if letters.is_rows else build_normalizer(config)
    rows = letters.to_rows(normalizer)
    with tempfile.TemporaryDirectory() as work:
        yield Bench(file, letters, rows, changes, Path(work))


def shortened(config: ExperimentConfig) -> tuple[str, ...]:
    """Return changes that leave few letters and few epochs."""
    letters = "data.n=520" if config.data.format == "generated" else "data.max_per_class=30"
    epochs = EPOCHS[config.router.estimator]
    return (letters, *(f"{role}.params.{epochs}={few}" for role, few in FEW_EPOCHS.items()))


@click.group()
def main() -> None:
    """Measure what tuning costs and gains."""


@main.command()
@config_option
@jobs_option
@quick_option
def demo(config: Path | None, jobs: int, quick: bool) -> None:
    """Tune the demo, and tell how long it took."""
    began = time.perf_counter()
    with bench_of(config or CONFIGS / "demo_tune.toml", quick=quick) as bench:
        click.echo(summary(bench.tune(*(["tune.timeout_minutes=0.5"] if quick else []), n_jobs=jobs)))
    click.echo(f"{time.perf_counter() - began:.0f} s with {jobs} processes")


@main.command()
@click.option("--trials", default=30, show_default=True, help="Of each run.")
@jobs_option
@quick_option
def speed(trials: int, jobs: int, quick: bool) -> None:
    """Compare trials a minute; at random and without pruning, so that all runs make the same trials."""
    rates = {}
    same = ("tune.pruner=none", "tune.sampler=random", f"tune.n_trials={6 if quick else trials}")
    click.echo("| processes | trials | seconds | trials a minute |\n| --- | --- | --- | --- |")
    with bench_of(CONFIGS / "demo_tune.toml", quick=quick) as bench:
        for n in (1, jobs):
            n_trials, seconds = made_in(bench.tune_router(*same, n_jobs=n))
            rates[n] = 60 * n_trials / seconds
            click.echo(f"| {n} | {n_trials} | {seconds:.1f} | {rates[n]:.1f} |")
    click.echo(f"\n{jobs} processes make {rates[jobs] / rates[1]:.2f} times the trials of one")


@main.command()
@click.option("--trials", default=40, show_default=True, help="Of each study.")
@click.option("--seeds", default=3, show_default=True, help="Studies of each pruner.")
@jobs_option
@quick_option
def pruning(trials: int, seeds: int, jobs: int, quick: bool) -> None:
    """Compare the epochs of studies of as many trials, and the best scores that they found."""
    spent: dict[str, list[tuple[int, float]]] = {}
    click.echo("| seed | pruner | epochs | best log-loss | pruned |\n| --- | --- | --- | --- | --- |")
    with bench_of(CONFIGS / "demo_tune.toml", quick=quick) as bench:
        for seed, pruner in product(range(1 if quick else seeds), ("none", *PRUNERS)):
            made = (f"tune.pruner={pruner}", f"tune.random_state={seed}", f"tune.n_trials={8 if quick else trials}")
            study = bench.tune_router(*made, n_jobs=jobs)
            epochs = sum(trial.user_attrs.get("epochs", 0) for trial in study.trials)
            pruned = sum(trial.state.name == "PRUNED" for trial in study.trials)
            spent.setdefault(pruner, []).append((epochs, study.best_value))
            click.echo(f"| {seed} | {pruner} | {epochs:,} | {study.best_value:.4f} | {pruned} |")
    click.echo()
    for pruner in PRUNERS:
        (epochs, best), (all_epochs, all_best) = (np.mean(spent[name], axis=0) for name in (pruner, "none"))
        spared = 100 * (1 - epochs / all_epochs)
        click.echo(f"{pruner} spares {spared:.0f} % of the epochs; its best differs by {best - all_best:+.4f}")


@main.command()
@click.option("--trials", default=12, show_default=True)
@quick_option
def resuming(trials: int, quick: bool) -> None:
    """Stop a run of one process again and again; compare its trials with those of an unbroken one."""
    wanted = f"tune.n_trials={6 if quick else trials}"
    with bench_of(CONFIGS / "demo_tune.toml", quick=quick) as bench:
        unbroken = trials_of(bench.tune_router(wanted))
        broken, stops = stopped_again_and_again(bench, wanted)
    verdict = "the same" if broken == unbroken else "others"
    click.echo(f"stopped {stops} times: {len(broken)} trials, which are {verdict}")
    if broken != unbroken or not stops:
        raise SystemExit(1)


@main.command()
@config_option
@data_option
@jobs_option
@quick_option
def gain(config: Path | None, data: Path | None, jobs: int, quick: bool) -> None:
    """Tune everybody for as long as the config says, then compare the ensemble with the untuned one."""
    with bench_of(config or CONFIGS / "tune.toml", data, quick=quick) as bench:
        tuning = bench.tune(
            *(["tune.timeout_minutes=0.5", "tune.n_trials_no_improvement=2"] if quick else []), n_jobs=jobs
        )
        click.echo(summary(tuning))
        once = sum(len(member.study.trials) < 2 for member in tuning.members)
    click.echo(f"{len(tuning.members)} members tuned, {once} of them in a single trial")


def stopped_again_and_again(bench: Bench, wanted: str) -> tuple[list[Any], int]:
    """Tune the router, stopping four times; return its trials, and how often it was stopped indeed."""
    folder = bench.work / "broken"
    stops = 0
    while True:
        try:
            return trials_of(bench.tune_router(wanted, folder=folder, on_progress=_Alarm(stops))), stops
        except KeyboardInterrupt:
            stops += 1


class _Alarm:
    """Interrupts a run after a while, the first few times."""

    def __init__(self, stops: int) -> None:
        self._when = time.monotonic() + SECONDS_BETWEEN_STOPS * (1 + stops % 2) if stops < 4 else float("inf")

    def __call__(self, _: Any) -> None:
        if time.monotonic() > self._when:
            raise KeyboardInterrupt


def made_in(study: optuna.Study) -> tuple[int, float]:
    """Return how many trials were made, and the seconds from the first one's beginning to the last one's end."""
    trials = [trial for trial in study.trials if trial.datetime_complete is not None]
    began = min(trial.datetime_start for trial in trials if trial.datetime_start is not None)
    ended = max(trial.datetime_complete for trial in trials if trial.datetime_complete is not None)
    return len(trials), (ended - began).total_seconds()


def trials_of(study: optuna.Study) -> list[tuple[dict[str, Any], float | None]]:
    """Return what was tried and found; trials that were interrupted and made again count once."""
    return [(trial.params, trial.value) for trial in study.trials if trial.state.name in ("COMPLETE", "PRUNED")]


if __name__ == "__main__":
    main()
