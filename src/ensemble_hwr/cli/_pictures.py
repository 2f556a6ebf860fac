"""Pictures given as arguments: found, normalized in batches, and printed by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr._batches import BATCH_SIZE, files_of, is_pattern
from ensemble_hwr._deadlines import SECONDS
from ensemble_hwr._formats import NamedPicture
from ensemble_hwr.cli._errors import report_error
from ensemble_hwr.exceptions import DataError, ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ensemble_hwr.images.pages import PageRanges

STANDARD_INPUT = "-"
LEAST_BATCHES = 20  # per process that take longer than its start
LEAST_FOR_A_BAR = 5  # fewer pictures are read without a progress bar


@dataclass(frozen=True)
class Found:
    """What paths stand for.

    Attributes
    ----------
    pictures : list of NamedPicture
        In the order of the paths. Whether a file exists is found out when it is opened.
    several : bool
        Whether the paths can stand for more than one picture, so that results need names.
    n_problems : int
        Number of paths that stand for no picture; the errors were reported.
    """

    pictures: list[NamedPicture]
    several: bool
    n_problems: int


def folder_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select the pictures in folders."""
    pattern = click.option(
        "--glob", "pattern", default="*", metavar="PATTERN", help="Names of the pictures in folders, such as '*.png'."
    )
    recursive = click.option(
        "--recursive/--no-recursive", default=True, show_default=True, help="Search the subfolders of folders."
    )
    return pattern(recursive(command))


def find_all(paths: Sequence[str], *, pattern: str = "*", recursive: bool = True) -> Found:
    """Find the pictures that paths stand for, and report paths that stand for none.

    Parameters
    ----------
    paths : sequence of str
        Pictures; folders; patterns such as ``scans/*.png``, for shells that do not expand them; ``-`` for a picture on
        standard input.
    pattern : str, default="*"
        Pattern for the names of the pictures in folders.
    recursive : bool, default=True
        Whether subfolders are searched.
    """
    pictures: list[NamedPicture] = []
    problems: list[str] = []
    for path in paths:
        try:
            found = list(_pictures_of(path, pattern, recursive, problems))
        except DataError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(
                f"{path!r}: there is no picture in this folder{'' if pattern == '*' else f' named {pattern!r}'}"
            )
        pictures += found
    for problem in problems:
        report_error(problem)
    several = len(pictures) > 1 or any(os.path.isdir(path) or is_pattern(path) for path in paths)
    return Found(pictures, several, len(problems))


def _pictures_of(path: str, pattern: str, recursive: bool, problems: list[str]) -> Iterator[NamedPicture]:
    if path == STANDARD_INPUT:
        yield NamedPicture(STANDARD_INPUT, sys.stdin.buffer.read())
        return

    def report(error: DataError) -> None:
        problems.append(str(error))

    for file in files_of(path, pattern=pattern, recursive=recursive, on_error=report):
        yield NamedPicture(file, file)


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select the pages of files."""
    pages = click.option(
        "--pages", callback=_parse_pages, metavar="N,M-K,...", help="Pages of each file to read, such as 1-3,5 or 4-."
    )
    most = click.option(
        "--max-pages",
        type=click.IntRange(1),
        default=1000,
        show_default=True,
        help="Pages of a file to read at most; the omission of others is an error.",
    )
    return pages(most(command))


def _parse_pages(context: click.Context, parameter: click.Parameter, value: str | None) -> PageRanges | None:
    if value is None:
        return None
    from ensemble_hwr.images.pages import PageRanges

    try:
        return PageRanges.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


@dataclass(frozen=True)
class Batch:
    """Rows of some of the pictures.

    Attributes
    ----------
    positions : list of int
        Positions of the readable pictures of this batch among all pictures.
    rows : ndarray of shape (n_readable, n_pixels)
        Their rows of ink.
    failures : dict of int to str
        Position of each unreadable picture, and the reason.
    stop : int
        Number of pictures processed after this batch.
    """

    positions: list[int]
    rows: NDArray[np.float32]
    failures: dict[int, str]
    stop: int


def normalized_batches(pictures: Sequence[Any], normalizer: Any, jobs: int | None) -> Generator[Batch, None, None]:
    """Yield pictures as batches of rows, in order, of which only few are in memory.

    Parameters
    ----------
    pictures : sequence of pictures
    normalizer : LetterNormalizer
    jobs : int or None
        Number of processes; None means one per core where there are many pictures.
    """
    import numpy as np

    from ensemble_hwr._workers import map_in_order
    from ensemble_hwr.images.sources import describe

    starts = range(0, len(pictures), BATCH_SIZE)
    results = map_in_order(
        partial(_normalize, normalizer),
        ((start, pictures[start : start + BATCH_SIZE]) for start in starts),
        n_jobs=jobs or -1,
        least=1 if jobs else LEAST_BATCHES,
        split=lambda batch: [(batch[0] + place, [picture]) for place, picture in enumerate(batch[1])],
        name=lambda batch: describe(batch[1][0]),
    )
    with closing(results):
        for (start, batch), found in results:
            if isinstance(found, Exception):
                yield Batch([], np.empty((0, normalizer.size**2), np.float32), {start: str(found)}, start + 1)
                continue
            rows, failures = found
            stop = start + len(batch)
            positions = [position for position in range(start, stop) if position - start not in failures]
            yield Batch(positions, rows, {start + place: reason for place, reason in failures.items()}, stop)


def _normalize(normalizer: Any, batch: tuple[int, Sequence[Any]]) -> tuple[NDArray[np.float32], dict[int, str]]:
    """Normalize a batch, also in another process."""
    found: tuple[NDArray[np.float32], dict[int, str]] = normalizer.transform_readable(batch[1])
    return found


def picture_model(model: Any, name: str, timeout: float = SECONDS) -> tuple[Any, Any]:
    """Return the normalizer, with its timeout, and the classifier of a model that reads pictures."""
    from ensemble_hwr.reading.models import split_pipeline

    normalizer, classifier = split_pipeline(model)
    if normalizer is None:
        raise ModelError(f"{name}: does not read pictures; give a model that ensemble-hwr train wrote")
    return normalizer.set_params(timeout=timeout), classifier
