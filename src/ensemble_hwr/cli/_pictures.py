"""Pictures given as arguments: found, normalized in batches, and printed by name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import glob, has_magic
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ensemble_hwr.cli._errors import report_error
from ensemble_hwr.exceptions import DataError, ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH_SIZE = 256  # pictures per process
STANDARD_INPUT = "-"
UNREADABLE = (".avif", ".heic", ".heif", ".jxl", ".pdf")  # pictures of other formats: reported, not left out
LEAST_FOR_A_BAR = 5  # fewer pictures are read without a progress bar


class NamedPicture(NamedTuple):
    """A picture to read: its name as results show it, and its path or bytes."""

    name: str
    data: str | bytes


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
    problems = []
    for path in paths:
        try:
            found = list(_pictures_of(path, pattern, recursive))
        except DataError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(
                f"{path!r}: there is no picture in this folder{'' if pattern == '*' else f' named {pattern}'}"
            )
        pictures += found
    for problem in problems:
        report_error(problem)
    several = len(pictures) > 1 or any(os.path.isdir(path) or _is_pattern(path) for path in paths)
    return Found(pictures, several, len(problems))


def _pictures_of(path: str, pattern: str, recursive: bool) -> Iterator[NamedPicture]:
    if path == STANDARD_INPUT:
        yield NamedPicture(STANDARD_INPUT, sys.stdin.buffer.read())
    elif os.path.isdir(path):
        from ensemble_hwr.datasets import find_pictures  # its import takes longer than reading a file

        for file in find_pictures(path, other_suffixes=UNREADABLE):
            if fnmatch(os.path.basename(file), pattern) and (recursive or _is_directly_in(file, path)):
                yield NamedPicture(file, file)
    else:
        for file in (sorted(glob(path, recursive=True)) if _is_pattern(path) else []) or [path]:
            yield NamedPicture(file, file)


def _is_pattern(path: str) -> bool:
    return has_magic(path) and not os.path.exists(path)


def _is_directly_in(file: str, folder: str) -> bool:
    return os.path.normpath(os.path.dirname(file)) == os.path.normpath(folder)


def count_omitted_pages(picture: NamedPicture, report: Callable[[str], None]) -> int:
    """Report a file of several pages, of which only the first is read; return the number of problems."""
    from ensemble_hwr.images import count_pages

    count = count_pages(picture.data)
    if count == 1:
        return 0
    report(f"{picture.name!r}: only the first of its {count} pages is read; save each page as a file of its own")
    return 1


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
