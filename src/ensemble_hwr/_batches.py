"""Files as named pictures: found, opened page by page, and letters classified in batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from glob import glob, has_magic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ensemble_hwr._formats import NamedPicture, Predictions
from ensemble_hwr.exceptions import DataError, PictureError

if TYPE_CHECKING:
    from ensemble_hwr.images.pages import PageRanges
    from ensemble_hwr.reading.issues import Issue

BATCH_SIZE = 64  # pictures of letters that a process normalizes at once
BATCH_PIXELS = 50_000_000  # of the decoded pages in one batch
OTHER_SUFFIXES = (".apng", ".avif", ".heic", ".heif", ".jfif", ".jp2", ".jxl", ".mpo", ".pdf", ".pgm", ".pbm", ".ppm")
N_ALTERNATIVES = 2
CERTAIN = 0.9  # probability of a letter from which on its contrast is not measured

Numbered: TypeAlias = "tuple[int, NamedPicture]"  # a page, with the number of its file
Batch: TypeAlias = "list[Numbered]"


def files_of(
    path: str, *, pattern: str = "*", recursive: bool = True, on_error: Callable[[DataError], None] | None = None
) -> Iterator[str]:
    """Yield the pictures that a path stands for, in order; whether they exist is found out when they are opened.

    Parameters
    ----------
    path : str
        A folder, a picture, or a pattern such as ``scans/*.png``.
    pattern : str, default="*"
        Names of the pictures in the folder.
    recursive : bool, default=True
        Whether to search the subfolders.
    on_error : callable, default=None
        Called with the error of a subfolder that cannot be listed.

    Yields
    ------
    str

    Raises
    ------
    DataError
        If the folder cannot be listed, or the path is empty.
    """
    if not path:
        raise DataError("'': an empty path; give a picture, a folder or a pattern")
    if os.path.isdir(path):
        from ensemble_hwr.datasets import walk_pictures  # its import takes longer than reading a file

        found = walk_pictures(path, other_suffixes=OTHER_SUFFIXES, recursive=recursive, on_error=on_error)
        yield from (file for file in found if fnmatch(os.path.basename(file), pattern))
    else:
        yield from (sorted(glob(path, recursive=True)) if is_pattern(path) else []) or [path]


def is_pattern(path: str) -> bool:
    """Return whether a path is a pattern of paths."""
    return has_magic(path) and not os.path.exists(path)


@dataclass(frozen=True)
class PageOptions:
    """Which pages of files are read: the chosen ones, or all, up to a limit per file."""

    pages: PageRanges | None
    max_pages: int

    def open(self, picture: NamedPicture) -> Iterator[NamedPicture]:
        """Yield the pages of a file one by one; raise an error if the file cannot be opened."""
        from ensemble_hwr.images import open_pages

        for page in open_pages(picture.data, pages=self.pages, max_pages=self.max_pages):
            yield NamedPicture(picture.name, page, page.number, page.several)

    def numbered(self, pictures: Iterable[NamedPicture]) -> Iterator[Numbered]:
        """Yield pages, each with the number of its file; pages of a file of several are decoded."""
        for number, picture in enumerate(pictures, start=1):
            for page in self._pages(picture):
                yield number, page

    def batches(self, pictures: Iterable[NamedPicture], size: int | None = None) -> Iterator[Batch]:
        """Yield batches of numbered pages, with at most 64 pages by default."""
        batch, pixels = [], 0
        for numbered in self.numbered(pictures):
            batch.append(numbered)
            pixels += n_pixels(numbered)
            if len(batch) == (size or BATCH_SIZE) or pixels >= BATCH_PIXELS:
                yield batch
                batch, pixels = [], 0
        if batch:
            yield batch

    def _pages(self, picture: NamedPicture) -> Iterator[NamedPicture]:
        """Yield the pages of a file; one of a single page is opened where it is read, in another process perhaps."""
        from ensemble_hwr.images.pages import has_several_pages

        if self.pages is None and not has_several_pages(picture.data):
            yield picture
            return
        try:
            yield from self.open(picture)
        except PictureError:
            yield picture  # the error is reported where it is read


def map_batches(
    function: Callable[[Batch], list[Any]],
    pages: PageOptions,
    pictures: Sequence[NamedPicture],
    jobs: int | None,
    *,
    size: int | None = None,
    least: int,
) -> Generator[tuple[Batch, list[Any] | PictureError | DataError], None, None]:
    """Apply a function to batches of pages, in several processes if there are many or it is wanted.

    Parameters
    ----------
    function : callable
        `Classify` or `ReadEach`.
    pages : PageOptions
    pictures : sequence of NamedPicture
    jobs : int or None
        Number of processes; None starts one per processor if it has at least so many batches as `least`.
    size : int, default=None
        Pages per batch at most; None: 64.
    least : int

    Yields
    ------
    batch : list of (int, NamedPicture)
    results : list, or PictureError or DataError of the whole batch
    """
    from ensemble_hwr._workers import map_in_order

    return map_in_order(
        function,
        pages.batches(pictures, size),
        n_jobs=jobs or -1,
        least=1 if jobs else least,
        weigh=lambda batch: sum(map(n_pixels, batch)),
        split=lambda batch: [[item] for item in batch],
        name=lambda batch: repr(batch[0][1].label),
    )


def n_pixels(numbered: Numbered) -> int:
    """Return the pixels of a numbered page that are in memory."""
    return int(getattr(getattr(numbered[1].data, "pixels", None), "size", 0))


class ReadEach:
    """Reads batches of numbered pages, also in another process.

    Parameters
    ----------
    read : callable
        Reads one picture.
    read_each : callable, default=None
        Reads several pictures together, and returns the error of a picture in place of its result.
    """

    def __init__(self, read: Callable[[Any], Any], read_each: Callable[[list[Any]], list[Any]] | None = None) -> None:
        self._read, self._read_each = read, read_each

    def __call__(self, batch: Batch) -> list[Any]:
        """Return the result of each page, or its error."""
        pictures = [page.data for _, page in batch]
        return (
            [self._result_of(picture) for picture in pictures] if self._read_each is None else self._read_each(pictures)
        )

    def _result_of(self, picture: Any) -> Any:
        try:
            return self._read(picture)
        except (PictureError, DataError) as error:
            return error


class Classified(NamedTuple):
    """The most probable letters of a picture, and its issues."""

    predictions: Predictions
    issues: tuple[Issue, ...]


class Classify:
    """Classifies batches of numbered pages, also in another process.

    Parameters
    ----------
    normalizer : LetterNormalizer
    classifier : classifier
        Of its rows.
    """

    def __init__(self, normalizer: Any, classifier: Any) -> None:
        self._normalizer, self._classifier = normalizer, classifier

    def __call__(self, batch: Batch) -> list[Classified | PictureError]:
        """Return the letter of each page, or its error."""
        rows, failures = self._normalizer.transform_readable([page.data for _, page in batch])
        found: list[Classified | PictureError] = []
        predicted = zip(rows, self._predictions(rows), strict=True)
        for position, (_, page) in enumerate(batch):
            if position in failures:
                found.append(PictureError(failures[position]))
            else:
                row, predictions = next(predicted)
                found.append(Classified(predictions, self._issues(row, predictions, page)))
        return found

    def _predictions(self, rows: Any) -> Iterator[Predictions]:
        """Yield the most probable letters of each row."""
        if len(rows):
            classes = self._classifier.classes_.tolist()
            for row in self._classifier.predict_proba(rows):
                best = (-row).argsort(kind="stable")[: 1 + N_ALTERNATIVES]
                yield [(classes[k], float(row[k])) for k in best]

    def _issues(self, row: Any, predictions: Predictions, page: NamedPicture) -> tuple[Issue, ...]:
        """Return the issues of a letter; the contrast is measured for few, since the picture is opened once more."""
        from ensemble_hwr.images import open_picture
        from ensemble_hwr.reading.issues import letter_issues

        probability = predictions[0][1]
        return letter_issues(row, probability, open_picture(page.data) if probability < CERTAIN else None)
