"""Pictures given as arguments: found, normalized in batches, and printed by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ensemble_hwr.cli._errors import report_error
from ensemble_hwr.exceptions import DataError, ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH_SIZE = 256  # pictures per process


def find_all(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the pictures that paths stand for, and report folders without any.

    Returns
    -------
    pictures : list of str
        Files in the order of the paths. Whether a file exists is found out when it is opened.
    problems : list of str
        The errors that were reported.
    """
    pictures: list[str] = []
    problems: list[str] = []
    for path in paths:
        try:
            found = _in_folder(path) if os.path.isdir(path) else [path]
        except DataError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(f"{path!r}: there is no picture in this folder")
        pictures += found
    for problem in problems:
        report_error(problem)
    return pictures, problems


def _in_folder(path: str) -> list[str]:
    from ensemble_hwr.datasets import find_pictures  # its import takes longer than reading a file

    return find_pictures(path)


def omitted_pages(path: str) -> list[str]:
    """Report a file of several pages, of which only the first is read.

    Returns
    -------
    list of str
        The error that was reported, if any.
    """
    from ensemble_hwr.images import count_pages

    count = count_pages(path)
    if count == 1:
        return []
    problem = f"{path!r}: only the first of its {count} pages is read; save each page as a file of its own"
    report_error(problem)
    return [problem]


def printable(path: str) -> str:
    """Escape characters that could break a line or control a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)


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


def normalized_batches(pictures: Sequence[Any], normalizer: Any) -> Iterator[Batch]:
    """Yield pictures as batches of rows, of which only one is in memory."""
    size = BATCH_SIZE * (normalizer.n_jobs or 1)
    for start in range(0, len(pictures), size):
        stop = min(start + size, len(pictures))
        rows, failures = normalizer.transform_readable(pictures[start:stop])
        positions = [position for position in range(start, stop) if position - start not in failures]
        yield Batch(positions, rows, {start + position: reason for position, reason in failures.items()}, stop)


def picture_model(model: Any, name: str, jobs: int) -> tuple[Any, Any]:
    """Return the normalizer, with its number of processes set, and the classifier of a model that reads pictures."""
    from ensemble_hwr.reading.models import split_pipeline

    normalizer, classifier = split_pipeline(model)
    if normalizer is None:
        raise ModelError(f"{name}: does not read pictures; give a model that ensemble-hwr train wrote")
    return normalizer.set_params(n_jobs=jobs), classifier
