"""Fetching public data sets once, checked, into a cache folder."""

from __future__ import annotations

import logging
import os
import string
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ensemble_hwr._typing import PathLike
from ensemble_hwr.datasets._cache import CACHE_VARIABLE
from ensemble_hwr.datasets._emnist import load_emnist
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.datasets._nist import STANDARD_PARTS, load_nist
from ensemble_hwr.exceptions import DownloadError, MissingExtraError

EMNIST_URL = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
EMNIST_MD5 = "58c8d27c78d21e728a6bc7b3cc06412e"
NIST_SD19_URL = "https://s3.amazonaws.com/nist-srd/SD19/by_class.zip"
NIST_SD19_MD5 = "79572b1694a8506f2b722c7be54130c4"
_SILENCE = 30  # seconds without a byte before giving up
_CHUNK = 1 << 16

Move = Callable[[int, int], None]


def fetch_emnist(
    split: str = "letters",
    *,
    subset: str = "all",
    uppercase_only: bool = False,
    cache_dir: PathLike | None = None,
    url: str = EMNIST_URL,
    md5: str = EMNIST_MD5,
    progress: bool = False,
) -> LetterSet:
    """Load EMNIST, fetching it (about 560 MB) on first use.

    Needs the extra ``ensemble_hwr[download]``. The archive is kept as published and read in place.

    Parameters
    ----------
    split, subset, uppercase_only
        As in :func:`load_emnist`.
    cache_dir : path-like, optional
        Where to keep the archive; by default the folder named by the environment variable ``ENSEMBLE_HWR_CACHE``, or
        else ``ensemble_hwr`` in the user's cache folder.
    url : str
        Where to fetch it, should it have moved.
    md5 : str
        Its checksum, as NIST publishes it.
    progress : bool, default=False
        Show a bar while fetching, where there is a terminal.

    Returns
    -------
    LetterSet

    Raises
    ------
    DownloadError
        When the archive cannot be fetched whole and unchanged; nothing half-fetched is left behind.
    MissingExtraError
        When pooch is not installed.

    Examples
    --------
    >>> from ensemble_hwr.datasets import fetch_emnist
    >>> letters = fetch_emnist("byclass", uppercase_only=True)  # doctest: +SKIP
    """
    archive = _retrieve(url, md5, "emnist-gzip.zip", cache_dir, progress)
    return load_emnist(archive, split, subset=subset, uppercase_only=uppercase_only)


def fetch_nist_sd19(
    *,
    letters: Iterable[str] = string.ascii_uppercase,
    parts: Iterable[str] = STANDARD_PARTS,
    cache_dir: PathLike | None = None,
    url: str = NIST_SD19_URL,
    md5: str = NIST_SD19_MD5,
    progress: bool = False,
) -> LetterSet:
    """Load NIST Special Database 19 by class, fetching it (about 1 GB) on first use.

    Needs the extra ``ensemble_hwr[download]``. The archive is kept as published and read in place: nothing in it is
    ever unpacked to disk.

    Parameters
    ----------
    letters, parts
        As in :func:`load_nist`.
    cache_dir, url, md5, progress
        As in :func:`fetch_emnist`.

    Returns
    -------
    LetterSet
        Pictures, as PNG bytes.

    Raises
    ------
    DownloadError
        When the archive cannot be fetched whole and unchanged; nothing half-fetched is left behind.
    MissingExtraError
        When pooch is not installed.

    Examples
    --------
    >>> from ensemble_hwr.datasets import fetch_nist_sd19
    >>> letters = fetch_nist_sd19(letters="BP")  # doctest: +SKIP
    """
    archive = _retrieve(url, md5, "nist-sd19-by_class.zip", cache_dir, progress)
    return load_nist(archive, letters=letters, parts=parts)


def _retrieve(url: str, md5: str, name: str, cache_dir: PathLike | None, progress: bool) -> Path:
    """Return the path of the cached file, fetching it when it is missing or not what it should be."""
    try:
        import pooch
    except ImportError as error:
        raise MissingExtraError("pooch", "download") from error
    folder = Path(cache_dir or os.environ.get(CACHE_VARIABLE) or pooch.os_cache("ensemble_hwr")).expanduser()
    try:
        with _quiet(pooch.get_logger()):
            downloader = _downloader(f"fetching {name}", progress)
            pooch.retrieve(url, f"md5:{md5}", fname=name, path=folder, downloader=downloader)
    except (OSError, ValueError) as error:
        raise DownloadError(
            f"{url}: could not be fetched whole and unchanged ({error}); check the connection and try again, "
            f"or put the file with md5 {md5} at {folder / name} yourself"
        ) from error
    return folder / name


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _downloader(description: str, progress: bool) -> Callable[..., None]:
    """Return a function that pooch calls to fetch a file; unlike pooch's own, it closes the connection on failure."""
    import requests

    def download(url: str, output_file: str, _pooch: object, check_only: bool = False) -> None:
        with (
            requests.get(url, stream=True, timeout=_SILENCE) as response,
            open(output_file, "wb") as file,
            _bar(description, progress) as move,
        ):
            response.raise_for_status()
            size = int(response.headers.get("content-length", 0))
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                move(len(chunk), size)

    return download


@contextmanager
def _bar(description: str, wanted: bool) -> Iterator[Move]:
    """Give a function that moves a bar by so many bytes of so many, or does nothing where there is no terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not (wanted and console.is_terminal):
        yield lambda got, size: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(description, total=None)
        yield lambda got, size: progress.update(task, advance=got, total=size or None)
