"""Download public data sets into a cache folder and verify their checksums."""

from __future__ import annotations

import logging
import os
import string
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import expanded
from ensemble_hwr.datasets._emnist import load_emnist
from ensemble_hwr.datasets._files import CACHE_VARIABLE
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.datasets._nist import STANDARD_PARTS, load_nist
from ensemble_hwr.exceptions import DownloadError, MissingExtraError

EMNIST_URL = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
EMNIST_MD5 = "58c8d27c78d21e728a6bc7b3cc06412e"
NIST_SD19_URL = "https://s3.amazonaws.com/nist-srd/SD19/by_class.zip"
NIST_SD19_MD5 = "79572b1694a8506f2b722c7be54130c4"
_TIMEOUT = 30  # seconds without data
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
    """Load EMNIST; download it on first use (about 560 MB).

    Requires the extra ``ensemble_hwr[download]``. The published archive is cached and read without unpacking.

    Parameters
    ----------
    split, subset, uppercase_only
        As in :func:`load_emnist`.
    cache_dir : path-like, optional
        Folder of the cache. By default the folder in the environment variable ``ENSEMBLE_HWR_CACHE`` if set, else
        ``ensemble_hwr`` in the user's cache folder.
    url : str
        URL of the archive.
    md5 : str
        MD5 checksum of the archive, as published by NIST.
    progress : bool, default=False
        Whether to show a progress bar in a terminal.

    Returns
    -------
    LetterSet

    Raises
    ------
    DownloadError
        If the download fails or the checksum differs; no partial file is kept.
    MissingExtraError
        If pooch is not installed.

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
    """Load NIST Special Database 19 by class; download it on first use (about 1 GB).

    Requires the extra ``ensemble_hwr[download]``. The published archive is cached and read without unpacking.

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
        If the download fails or the checksum differs; no partial file is kept.
    MissingExtraError
        If pooch is not installed.

    Examples
    --------
    >>> from ensemble_hwr.datasets import fetch_nist_sd19
    >>> letters = fetch_nist_sd19(letters="BP")  # doctest: +SKIP
    """
    archive = _retrieve(url, md5, "nist-sd19-by_class.zip", cache_dir, progress)
    return load_nist(archive, letters=letters, parts=parts)


def _retrieve(url: str, md5: str, name: str, cache_dir: PathLike | None, progress: bool) -> Path:
    """Return the path of the cached file; download it if it is missing or its checksum differs."""
    try:
        import pooch
    except ImportError as error:
        raise MissingExtraError("pooch", "download") from error
    folder = expanded(cache_dir or os.environ.get(CACHE_VARIABLE) or pooch.os_cache("ensemble_hwr"))
    try:
        with _quiet(pooch.get_logger()):
            downloader = _downloader(f"downloading {name}", progress)
            pooch.retrieve(url, f"md5:{md5}", fname=name, path=folder, downloader=downloader)
    except (OSError, ValueError) as error:
        raise DownloadError(
            f"{url}: could not be downloaded ({error}); check the connection and try again, "
            f"or save the file with MD5 {md5} as {folder / name}"
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
    """Return a downloader for pooch which, unlike pooch's own, closes the connection on failure."""
    import requests

    def download(url: str, output_file: str, _pooch: object, check_only: bool = False) -> None:
        with (
            requests.get(url, stream=True, timeout=_TIMEOUT) as response,
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
    """Yield a function that advances a progress bar; it does nothing without a terminal."""
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
