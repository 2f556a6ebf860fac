"""Pages of files: of a TIFF, a PDF, an animation, or any other file of several pictures."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from PIL import Image

from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images._containers import Container, RasterFile, opened
from ensemble_hwr.images._open import MAX_PIXELS, decode_page, open_picture
from ensemble_hwr.images.sources import FilePage, Picture, describe

MAX_PAGES = 1000
"""Default for the number of pages that are read of one file; the omission of others is an error."""

_MOST_PAGES = 10**9
_MOST_FAILURES = 20  # pages in a row that cannot be decoded, after which the others are not tried


@dataclass(frozen=True)
class PageRanges:
    """Numbers of pages, from 1, as ranges.

    Attributes
    ----------
    ranges : tuple of (int, int or None)
        First and last page of each range; None means to the end of the file.

    Examples
    --------
    >>> from ensemble_hwr.images.pages import PageRanges
    >>> chosen = PageRanges.parse("1-3,5,8-")
    >>> [number for number in range(1, 10) if number in chosen]
    [1, 2, 3, 5, 8, 9]
    """

    ranges: tuple[tuple[int, int | None], ...]

    @classmethod
    def parse(cls, text: str) -> PageRanges:
        """Parse ranges such as ``"1-3,5"`` or ``"4-"``.

        Raises
        ------
        ValueError
            If the text is not of this form, or a page is 0, or a range ends before it starts.
        """
        ranges = []
        for part in text.split(","):
            found = re.fullmatch(r"\s*([0-9]{1,9})\s*(-\s*([0-9]{1,9})?\s*)?", part)
            first, last = (int(found[1]), int(found[3]) if found[3] else None) if found else (0, None)
            if found and not found[2]:
                last = first
            if first < 1 or (last is not None and last < first):
                raise ValueError(f"pages are numbers from 1 and ranges, such as 1-3,5 or 4-; got {text!r}")
            ranges.append((first, last))
        return cls(tuple(ranges))

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and any(
            first <= number and (last is None or number <= last) for first, last in self.ranges
        )

    @property
    def last(self) -> int:
        """The last page, or a large number if a range has no end."""
        return max(_MOST_PAGES if last is None else last for _, last in self.ranges)

    def next(self, number: int) -> int | None:
        """Return the first page after `number`, or None if there is none."""
        after = [max(first, number + 1) for first, last in self.ranges if last is None or last > number]
        return min(after, default=None)

    def missing(self, n_pages: int) -> list[str]:
        """Return the ranges of pages that a file of `n_pages` pages does not have."""
        return [
            str(first) if first == last else f"{max(first, n_pages + 1)}-{last or ''}"
            for first, last in self.ranges
            if first > n_pages or (last or 0) > n_pages
        ]


def open_pages(
    picture: Picture,
    *,
    pages: str | PageRanges | None = None,
    max_pages: int = MAX_PAGES,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[FilePage]:
    """Open the pages of a file one by one: those of a TIFF or PDF, the frames of an animation, a set of pictures.

    Only one page is in memory, unless the caller keeps them. A page that cannot be decoded is yielded too: its
    attribute `grey` raises ``PictureError``, as do the functions that read it. Thumbnails, masks, layers and maps of
    depth or brightness are not pages. Pages of a PDF are rendered at 300 dpi, or at the resolution, of 72 dpi at least,
    at which they have `max_pixels`.

    Parameters
    ----------
    picture : path, bytes, PIL image or ndarray
        As :func:`open_picture` takes them; what is not a file of several pages has one page.
    pages : str or PageRanges, default=None
        Pages to open, such as ``"1-3,5"`` or ``"4-"``; None means all.
    max_pages : int, default=1000
        Number of pages to open at most. A file with more ends with a page that raises an error.
    max_pixels : int, default=50_000_000
        A page with more pixels raises an error before it is decoded.

    Yields
    ------
    FilePage
        A picture that every function of the library takes; `number` is its place in the file and `grey` its pixels.

    Raises
    ------
    PictureError
        If the file cannot be opened: it is missing, of another format, damaged, protected by a password, or an
        optional package is not installed.
    ValueError
        If `pages`, `max_pages` or `max_pixels` is not valid.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> from ensemble_hwr.images.pages import open_pages
    >>> scan, sheets = io.BytesIO(), [Image.new("L", (9, height)) for height in (5, 6, 7)]
    >>> sheets[0].save(scan, "TIFF", save_all=True, append_images=sheets[1:])
    >>> [(page.number, page.grey.shape) for page in open_pages(scan.getvalue(), pages="2-")]
    [(2, (6, 9)), (3, (7, 9))]
    """
    chosen = PageRanges.parse(pages) if isinstance(pages, str) else pages
    for name, limit in (("max_pages", max_pages), ("max_pixels", max_pixels)):
        if not isinstance(limit, Integral) or limit < 1:
            raise ValueError(f"{name}={limit!r} must be an integer of 1 or more")
    return _open_pages(picture, chosen or PageRanges(((1, None),)), max_pages, max_pixels)


def _open_pages(picture: Picture, chosen: PageRanges, max_pages: int, max_pixels: int) -> Iterator[FilePage]:
    """Yield the chosen pages of a picture in any accepted form."""
    name = describe(picture)
    if isinstance(picture, np.ndarray | FilePage):
        if 1 in chosen:
            grey = open_picture(picture, max_pixels=max_pixels)
            yield picture if isinstance(picture, FilePage) else FilePage(name, 1, False, grey)
        yield from _omitted(name, chosen, 1)
        return
    with contextlib.ExitStack() as stack:
        try:
            if isinstance(picture, Image.Image):
                stack.callback(picture.seek, picture.tell())
                if picture.tell() and getattr(picture, "is_animated", False):
                    picture.seek(0)
                container: Container = RasterFile(picture)
            else:
                container = stack.enter_context(opened(picture))  # type: ignore[arg-type]
            if container.sequential:
                container.check_size(max_pixels)  # before frames are decoded to reach another
        except PictureError as error:
            raise PictureError(f"{name}: {error}") from error.__cause__
        yield from _pages_of(name, container, chosen, max_pages, max_pixels)


def _pages_of(
    name: str, container: Container, chosen: PageRanges, max_pages: int, max_pixels: int
) -> Iterator[FilePage]:
    """Yield the chosen pages of an opened file, and an unreadable page for each omission."""
    n_read, n_failures, several = 0, 0, container.several
    number = chosen.next(0)
    while number is not None:
        page_name = f"{name}, page {number}" if several else name
        try:
            if not container.seek(number):
                break
            if n_read == max_pages or n_failures == _MOST_FAILURES:
                problem = f"at most {max_pages:,} pages of a file are read; choose pages, or raise max_pages"
                if n_failures == _MOST_FAILURES:
                    problem = f"they are not read, because {n_failures} pages before them are damaged; choose pages"
                yield FilePage(f"{name}, page {number} and all after it", number, True, None, problem)
                return
            yield FilePage(page_name, number, several, decode_page(container, max_pixels))
            n_failures = 0
        except PictureError as error:
            problem = f"{error}; the pages after it are not read" if several and container.sequential else str(error)
            yield FilePage(page_name, number, several, None, problem)
            n_failures += 1
            if container.sequential:
                return
        n_read, number = n_read + 1, chosen.next(number)
    if number is not None:
        yield from _omitted(name, chosen, number - 1)


def _omitted(name: str, chosen: PageRanges, n_pages: int) -> Iterator[FilePage]:
    """Yield an unreadable page for each range of chosen pages that a file does not have."""
    for missing in chosen.missing(n_pages):
        yield FilePage(f"{name}, page {missing}", n_pages + 1, True, None, "the file has no such page")


def has_several_pages(picture: Picture) -> bool:
    """Return whether a file has more than one page; what cannot be opened has not.

    Examples
    --------
    >>> from ensemble_hwr.images.pages import has_several_pages
    >>> has_several_pages("missing.pdf")
    False
    """
    if isinstance(picture, np.ndarray | FilePage | Image.Image):
        return getattr(picture, "n_frames", 1) > 1
    try:
        with opened(picture) as container:
            return container.several
    except PictureError:
        return False
