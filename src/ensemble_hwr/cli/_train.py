"""``ensemble-hwr train``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ensemble_hwr._writing import check_folder, check_replaceable
from ensemble_hwr.cli._options import (
    all_overrides,
    command_line,
    config_argument,
    data_option,
    jobs_option,
    number_of_jobs,
    scheduler_option,
    set_option,
)
from ensemble_hwr.exceptions import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ensemble_hwr.cli._progress import Steps
    from ensemble_hwr.config import ExperimentConfig
    from ensemble_hwr.datasets import LetterSet
    from ensemble_hwr.persistence import DiskFitCache

STANDARD = ("hierarchical", "top_down", "baseline", "flat", "committee")


class Part(NamedTuple):
    """The letters to learn from."""

    rows: NDArray[np.float32]
    labels: NDArray[np.str_]
    weight: NDArray[np.float64] | None
    sources: list[str] | None
    classes: list[str]  # of the letters to test on, too


@click.command()
@config_argument
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, readable=False),
    required=True,
    metavar="MODEL",
    help="File for the model.",
)
@click.option(
    "--contender",
    default="hierarchical",
    show_default=True,
    help="Whom to train: hierarchical, top_down, baseline, flat, committee, or one of the config's own [contenders]. flat "
    "and committee have as many parameters as the hierarchy, which is built first to count them: with one epoch for "
    "each MLP, or, where groups or confusable sets are derived from the letters, trained in full.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with a run that was stopped: members that it finished are in the folder MODEL.members until the model "
    "is written, and are taken if config, seed, letters and versions are the same.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed; by default the config's first.")
@data_option
@set_option
@jobs_option
@scheduler_option
def train(
    *,
    config: Path,
    output: Path,
    contender: str,
    resume: bool,
    seed: int | None,
    data: Path | None,
    overrides: tuple[str, ...],
    jobs: int | None,
    scheduler: str | None,
) -> None:
    """Train on CONFIG's training letters, print the figures on its test letters, write MODEL.

    The model reads pictures: the normalizer is part of it. Letters that are stored as rows are normalised too, so that
    it is trained on what it will see.
    """
    from ensemble_hwr.cli._experiment import files_read
    from ensemble_hwr.config import load_config
    from ensemble_hwr.persistence import DiskFitCache

    experiment = load_config(config, all_overrides(overrides, None))
    seed = experiment.seeds[0] if seed is None else seed
    check_file(output, files_read(config, experiment, data))
    known = [*STANDARD, *experiment.contenders]
    if contender not in known:
        raise ConfigError(f"--contender: got {contender!r}; allowed: {', '.join(known)}.")
    jobs = number_of_jobs(jobs)
    kept = DiskFitCache(output.with_name(f"{output.name}.members"), reuse=resume)
    if len(kept) and not resume:
        click.echo(f"{kept.folder}: has {_members(len(kept))} of an earlier run, which --resume would take", err=True)
    with _going_on_later(kept):
        _train(experiment, output, kept, contender=contender, seed=seed, data=data, jobs=jobs, scheduler=scheduler)


def check_file(file: Path, read: Sequence[Path]) -> None:
    """Refuse a file that cannot be written, or that is read, before anything is trained."""
    if file.is_dir():
        raise ConfigError(f"{file}: is a folder; give the name of a file for the model.")
    check_replaceable(file, *read)
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"{file}: there is no folder {file.parent}; make it first.")
    check_folder(file.parent)


@contextmanager
def _going_on_later(kept: DiskFitCache) -> Iterator[None]:
    """Keep finished members while the block runs; say where they are when it fails, remove them when it does not."""
    from ensemble_hwr.ensemble import fit_cache

    try:
        with fit_cache(kept):
            yield
    except BaseException:
        if len(kept):
            click.echo(f"{_members(len(kept))} kept in {kept.folder}: the same command with --resume goes on", err=True)
        raise
    kept.clear()


def _members(number: int) -> str:
    return f"{number} finished member{'' if number == 1 else 's'}"


def _train(
    config: ExperimentConfig,
    output: Path,
    kept: DiskFitCache,
    *,
    contender: str,
    seed: int,
    data: Path | None,
    jobs: int,
    scheduler: str | None,
) -> None:
    from sklearn.pipeline import Pipeline

    from ensemble_hwr import config as configs
    from ensemble_hwr.cli._experiment import fitting_on, read_rows
    from ensemble_hwr.cli._figures import figures, print_figures
    from ensemble_hwr.cli._progress import Stopwatch, progress
    from ensemble_hwr.persistence import save_model

    watch = Stopwatch()
    with progress() as steps, fitting_on(scheduler):
        letters, rows = read_rows(config, steps, data=data, jobs=jobs, normalize_rows=True)
        division = configs.divide(config, letters)
        learned, tested = division(seed) if callable(division) else division
        part = _part(config, letters, rows, learned)
        classifier = _fitted(config, contender, part, steps, seed=seed, jobs=jobs if scheduler is None else -1)
        with steps.step("testing"):
            measured = figures(classifier, rows[tested], letters.take(tested))
    model = Pipeline([("normalize", configs.build_normalizer(config)), ("classify", classifier)])
    made = {"command": _command(), "contender": contender, "seed": seed, **_origin(config, letters, learned)}
    save_model(model, output, metadata={**made, "figures": measured})
    print_figures(measured)
    taken = f", with {_members(kept.n_reused)} of an earlier run" if kept.n_reused else ""
    click.echo(f"\nmodel: {output} ({output.stat().st_size / 1e6:.1f} MB, in {watch}{taken})")


def _part(config: ExperimentConfig, letters: LetterSet, rows: NDArray[np.float32], learned: NDArray[np.intp]) -> Part:
    """Take the letters to learn from, with what is known of them."""
    from ensemble_hwr import config as configs

    weight = configs.training_weight(config, letters)
    return Part(
        rows[learned],
        letters.target[learned],
        None if weight is None else weight[learned],
        configs.training_sources(config, letters),
        sorted(set(letters.target.tolist())),
    )


def _fitted(config: ExperimentConfig, contender: str, part: Part, steps: Steps, *, seed: int, jobs: int) -> Any:
    """Fit whom to train: a hierarchy keeps its members, anyone else is kept whole, or seat by seat."""
    from ensemble_hwr._weights import weight_params
    from ensemble_hwr.ensemble import HierarchicalEnsembleClassifier, fit_classifier
    from ensemble_hwr.evaluation import with_seed

    classifier = with_seed(_classifier(config, contender, part, steps, seed=seed, jobs=jobs), seed)
    weighted = {} if part.weight is None else weight_params(classifier, part.weight, contender)
    with steps.step(f"fitting {contender} on {len(part.labels)} letters"):
        if isinstance(classifier, HierarchicalEnsembleClassifier):
            return classifier.fit(part.rows, part.labels, **weighted)
        return fit_classifier(classifier, part.rows, part.labels, name=contender, n_jobs=jobs, fit_params=weighted)


def _command() -> str:
    """Return what was typed, but for where the letters are and how many processes work: neither changes the model."""
    asked = click.get_current_context().params
    contender = None if asked["contender"] == "hierarchical" else asked["contender"]
    return command_line("train", asked["config"], output=asked["output"], contender=contender, seed=asked["seed"],
                        overrides=asked["overrides"])  # fmt: skip


def _origin(config: ExperimentConfig, letters: LetterSet, learned: NDArray[np.intp]) -> dict[str, Any]:
    """Say what a model came from: its config, its data, and how many letters of each source it learned from."""
    import numpy as np

    from ensemble_hwr import config as configs

    return {
        "config": config.model_dump(mode="json"),
        "data": configs.describe_data(config, letters),
        "trained_on": _count_sources(letters.take(np.unique(learned)), config.name),
    }


def _count_sources(learned: LetterSet, name: str) -> dict[str, int]:
    """Count the letters of each source; letters without a source go by the config's name."""
    sources = [] if learned.source is None else learned.source.tolist()
    return dict(sorted(Counter(source or name for source in sources or [name] * len(learned)).items()))


def _classifier(config: ExperimentConfig, contender: str, part: Part, steps: Steps, *, seed: int, jobs: int) -> Any:
    """Make whom to train; one of equal parameters as large as the hierarchy would be."""
    from ensemble_hwr import config as configs
    from ensemble_hwr.evaluation import EqualParameters, parameters_of, with_seed

    chosen = configs.build_contender(config, contender, part.classes, sources=part.sources, n_jobs=jobs)
    if not isinstance(chosen, EqualParameters):
        return chosen
    hierarchy = with_seed(configs.build_hierarchy(config, part.classes, sources=part.sources, n_jobs=jobs), seed)
    weighted = {} if part.weight is None else {"sample_weight": part.weight}
    with steps.step("counting the hierarchy's parameters"):
        n_parameters = parameters_of(hierarchy, part.rows, part.labels, **weighted)
    try:
        return chosen.sized(n_parameters, part.rows, len(set(part.labels.tolist())))
    except ConfigError as error:
        raise ConfigError(f"contender {contender!r}: {error}") from error
