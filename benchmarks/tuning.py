"""What tuning costs and gains, on configs/demo_tune.toml or another config.

    python -m benchmarks.tuning speed       trials a minute of two processes against one
    python -m benchmarks.tuning pruning     epochs spent with and without pruning, and the best scores
    python -m benchmarks.tuning resuming    whether stopping and going on changes the trials
    python -m benchmarks.tuning gain        the tuned ensemble against the untuned one

Each makes its studies in a temporary folder. The router alone is tuned, but for the gain.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import click
import optuna

from ensemble_hwr.config import build_normalizer, load_config, load_letters, to_rows
from ensemble_hwr.tuning import Tuning, summary, tune

ROOT = Path(__file__).parent.parent
ROUTER_ALONE = ["tune.repeats=0", "tune.minutes=1000", "tune.patience=100000"]
PARTS = ("speed", "pruning", "resuming", "gain")


@click.command()
@click.argument("what", type=click.Choice(PARTS))
@click.option("--config", type=click.Path(path_type=Path), default=ROOT / "configs" / "demo_tune.toml")
@click.option("--data", type=click.Path(path_type=Path), help="Where the letters are.")
@click.option("--trials", type=int, default=20, show_default=True)
@click.option("--jobs", type=int, default=2, show_default=True)
@click.option("--seeds", type=int, default=3, show_default=True, help="Repetitions of what pruning is measured in.")
def main(*, what: str, config: Path, data: Path | None, trials: int, jobs: int, seeds: int) -> None:
    """Measure WHAT and print a table."""
    bench = _Bench(config, data, trials)
    {
        "speed": lambda: bench.speed(jobs),
        "pruning": lambda: bench.pruning(seeds),
        "resuming": bench.resuming,
        "gain": lambda: bench.gain(jobs),
    }[what]()


class _Bench:
    """The letters of a config, loaded once."""

    def __init__(self, file: Path, data: Path | None, trials: int) -> None:
        self._file = file
        self._trials = trials
        config = load_config(file)
        self._letters = load_letters(config, data=data)
        normalizer = None if self._letters.is_rows else build_normalizer(config)
        self._rows = to_rows(self._letters, normalizer)

    def speed(self, jobs: int) -> None:
        """Compare trials a minute; without pruning, so that all trials cost the same on average."""
        click.echo("| processes | trials | seconds | trials a minute |\n| --- | --- | --- | --- |")
        for n in (1, jobs):
            study = self._router(n, "tune.pruner=none", "tune.sampler=random").members[0].study
            trials = [trial for trial in study.trials if trial.datetime_complete is not None]
            began = min(trial.datetime_start for trial in trials if trial.datetime_start is not None)
            ended = max(trial.datetime_complete for trial in trials if trial.datetime_complete is not None)
            seconds = (ended - began).total_seconds()
            click.echo(f"| {n} | {len(trials)} | {seconds:.1f} | {60 * len(trials) / seconds:.1f} |")

    def pruning(self, seeds: int) -> None:
        """Compare epochs and best scores."""
        click.echo("| seed | pruner | epochs | best | pruned |\n| --- | --- | --- | --- | --- |")
        for seed in range(seeds):
            for pruner in ("none", "median", "hyperband"):
                member = self._router(1, f"tune.pruner={pruner}", f"tune.seed={seed}").members[0]
                epochs = sum(trial.user_attrs.get("epochs", 0) for trial in member.study.trials)
                pruned = sum(trial.state.name == "PRUNED" for trial in member.study.trials)
                click.echo(f"| {seed} | {pruner} | {epochs:,} | {member.loss:.4f} | {pruned} |")

    def resuming(self) -> None:
        """Stop after every few epochs; compare the trials with those of an unbroken run."""
        unbroken = _made(self._router(1).members[0].study)
        stops = 0
        with tempfile.TemporaryDirectory() as folder:
            while True:
                began = time.monotonic()

                def stop(_: Any, began: float = began, stops: int = stops) -> None:
                    if time.monotonic() - began > 15 and stops < 5:
                        raise KeyboardInterrupt

                try:
                    broken = self._router(1, folder=folder, on_progress=stop)
                    break
                except KeyboardInterrupt:
                    stops += 1
            same = _made(broken.members[0].study) == unbroken
        click.echo(f"stopped {stops} times: the trials are {'the same' if same else 'others'}")

    def gain(self, jobs: int) -> None:
        """Tune everybody as the config says."""
        with tempfile.TemporaryDirectory() as folder:
            click.echo(summary(tune(load_config(self._file), self._letters, self._rows, folder, n_jobs=jobs)))

    def _router(self, n_jobs: int, *changes: str, folder: str | None = None, on_progress: Any = None) -> Tuning:
        config = load_config(self._file, [*ROUTER_ALONE, f"tune.trials={self._trials}", *changes])
        assert config.tune is not None
        others = [name for name in config.tune.spaces if name != "router"]
        section = {key: value for key, value in config.tune.model_dump().items() if key not in others}
        alone = config.model_copy(update={"tune": type(config.tune).model_validate(section)})
        with tempfile.TemporaryDirectory() as own:
            return tune(alone, self._letters, self._rows, folder or own, n_jobs=n_jobs, on_progress=on_progress)


def _made(study: optuna.Study) -> list[tuple[dict[str, Any], float | None]]:
    return [(trial.params, trial.value) for trial in study.trials if trial.state.name in ("COMPLETE", "PRUNED")]


if __name__ == "__main__":
    main()
