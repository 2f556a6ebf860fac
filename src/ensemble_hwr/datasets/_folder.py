"""Load pictures from folders: one folder per class, or an ``index.csv`` that lists them."""

from __future__ import annotations

import csv
import heapq
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from itertools import chain, count, islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr._writing import expanded
from ensemble_hwr.datasets._files import reading, require_file, require_folder
from ensemble_hwr.datasets._letters import SPLITS, LetterSet, pictures_array
from ensemble_hwr.exceptions import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
REQUIRED = ("path", "label")
FLAGS = ("suspect", "upside_down")
COLUMNS = (*REQUIRED, "source", "writer", "split", *FLAGS)
_KEPT = frozenset({"label", "source", "writer", "split", "suspect"})  # columns of a set
_MAX_LINE = 100_000  # characters
_MOST_NAMES = 100_000  # of one folder that are sorted in memory
_LEFT_BY_SYSTEMS = ("thumbs.db", "desktop.ini")


def load_folder(root: PathLike, *, labels: Iterable[str] | None = None, name: str = "") -> LetterSet:
    """Load pictures from one folder per class: ``ROOT/A/1.png``, ``ROOT/B/anything.jpg``.

    The folder name is the label. Hidden files, and files next to the class folders, are ignored. The pictures are not
    opened.

    Parameters
    ----------
    root : path-like
        The folder that contains the class folders.
    labels : iterable of str, optional
        Labels to load; each folder must exist. By default every folder is a label.
    name : str, default=""
        Name of the set; by default the name of the folder.

    Returns
    -------
    LetterSet
        Pictures as paths, sorted by label and file name.

    Raises
    ------
    DataError
        If the folder is missing or empty, or a class folder contains files other than pictures.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from PIL import Image
    >>> from ensemble_hwr.datasets import load_folder
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for letter in "AB":
    ...         folder = pathlib.Path(root, letter)
    ...         folder.mkdir()
    ...         Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "1.png")
    ...     load_folder(root, name="mine")
    LetterSet('mine': 2 letters of 2 classes, pictures)
    """
    folder = require_folder(root, "a folder with one folder of pictures per class")
    wanted = _label_folders(folder) if labels is None else sorted(set(labels))
    paths: list[str] = []
    target: list[str] = []
    for label in wanted:
        pictures = list_pictures(require_folder(folder / label, f"a folder of pictures of {label!r}"))
        if not pictures:
            raise DataError(f"{folder / label}: contains no pictures; add some ({', '.join(SUFFIXES)})")
        paths += pictures
        target += [label] * len(pictures)
    return LetterSet(pictures_array(paths), np.array(target), name=name or folder.resolve().name)


def list_pictures(folder: Path) -> list[str]:
    """Return the sorted pictures of a folder; raise an error for any other visible file."""
    pictures = []
    with reading(folder, "a folder of pictures"), os.scandir(folder) as entries:
        for entry in entries:
            if _is_hidden(entry.name):
                continue
            if _is_folder(entry) or not entry.name.lower().endswith(SUFFIXES):
                raise DataError(f"{entry.path}: not a picture (allowed: {', '.join(SUFFIXES)}); move it elsewhere")
            pictures.append(entry.path)
    return sorted(pictures)


def _label_folders(folder: Path) -> list[str]:
    with reading(folder, "a folder of class folders"):
        names = [child.name for child in folder.iterdir() if child.is_dir() and not _is_hidden(child.name)]
    if not names:
        raise DataError(f"{folder}: contains no folder; expected one per class, such as {folder / 'A'}")
    return sorted(names)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder or a link to one; a link that leads to itself is not."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LEFT_BY_SYSTEMS


def find_pictures(
    folder: PathLike, *, other_suffixes: tuple[str, ...] = (), on_error: Callable[[DataError], None] | None = None
) -> list[str]:
    """List the pictures in a folder and its subfolders by file suffix; hidden files and folders are ignored.

    Parameters
    ----------
    folder : path-like
        Symbolic links to other folders are not followed.
    other_suffixes : tuple of str, default=()
        Lower-case suffixes of further files to list, such as ``".heic"``.
    on_error : callable, default=None
        Called with the error of a subfolder that cannot be read; the others are listed. None raises the error.

    Returns
    -------
    list of str
        Paths that begin with `folder`: for each folder its own pictures sorted by name, then those of its subfolders.
        The pictures are not opened.

    Raises
    ------
    DataError
        If the folder is missing, or a folder cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ensemble_hwr.datasets import find_pictures
    >>> with tempfile.TemporaryDirectory() as root:
    ...     pathlib.Path(root, "page").mkdir()
    ...     for name in ("page/2.PNG", "page/1.png", "notes.txt", ".hidden.png"):
    ...         _ = pathlib.Path(root, name).write_bytes(b"...")
    ...     [pathlib.Path(path).name for path in find_pictures(root)]
    ['1.png', '2.PNG']
    """
    return list(walk_pictures(folder, other_suffixes=other_suffixes, on_error=on_error))


def walk_pictures(
    folder: PathLike,
    *,
    other_suffixes: tuple[str, ...] = (),
    recursive: bool = True,
    on_error: Callable[[DataError], None] | None = None,
) -> Iterator[str]:
    """Find the pictures in a folder one by one, in the order of `find_pictures`.

    Memory does not grow with the number of pictures: the names in one folder are sorted in parts on disk if they are
    more than 100,000.

    Parameters
    ----------
    folder : path-like
        Symbolic links to other folders are not followed.
    other_suffixes : tuple of str, default=()
        Lower-case suffixes of further files to find, such as ``".heic"``.
    recursive : bool, default=True
        Whether to search the subfolders.
    on_error : callable, default=None
        As for `find_pictures`.

    Yields
    ------
    str
        Path that begins with `folder`.

    Raises
    ------
    DataError
        If the folder is missing, or a folder cannot be read.
    """
    top = str(require_folder(folder, "a folder of pictures"))
    listed = (*SUFFIXES, *other_suffixes)
    waiting = [top]
    while waiting:
        root = waiting.pop()
        folders: list[str] = []
        try:
            with reading(root, "a folder of pictures"), os.scandir(root) as entries:
                names = _in_order(_pictures_among(entries, listed, folders))
                first = next(names, None)  # after it, the folder has been read
        except DataError as error:
            if on_error is None or root == top:
                raise
            reason = getattr(error.__cause__, "strerror", None) or error
            on_error(DataError(f"{root}: the pictures in this folder are left out ({reason})"))
            continue
        if first is not None:
            yield from (os.path.join(root, name) for name in chain([first], names))
        if recursive:
            waiting += [os.path.join(root, name) for name in sorted(folders, reverse=True)]


def _pictures_among(
    entries: Iterable[os.DirEntry[str]], suffixes: tuple[str, ...], folders: list[str]
) -> Iterator[str]:
    """Yield the names of pictures among the entries of a folder, and append those of its subfolders to a list."""
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if _is_folder(entry):
            if not entry.is_symlink():
                folders.append(entry.name)
        elif entry.name.lower().endswith(suffixes):
            yield entry.name


def _in_order(names: Iterable[str]) -> Iterator[str]:
    """Sort names; more than 100,000 are sorted in parts, which are merged from temporary files."""
    rest = iter(names)
    parts: list[Iterator[str]] = []
    with ExitStack() as stack:
        while part := sorted(islice(rest, _MOST_NAMES)):
            if len(part) < _MOST_NAMES and not parts:
                yield from part
                return
            file = stack.enter_context(tempfile.TemporaryFile("w+", encoding="ascii"))
            file.writelines(f"{json.dumps(name)}\n" for name in part)
            file.seek(0)
            parts.append(map(json.loads, file))
        yield from heapq.merge(*parts)


def load_index(
    path: PathLike,
    *,
    sources: Iterable[str] | None = None,
    drop_upside_down: bool = True,
    name: str = "",
) -> LetterSet:
    r"""Load pictures listed in a CSV file with label, source, writer and part of the split.

    The first line contains the column names. ``path`` and ``label`` are required; ``source``, ``writer``, ``split``
    (train, test or empty), ``suspect`` and ``upside_down`` (0 or 1) are optional; other columns are ignored. Paths are
    relative to the folder of the file and must not lead out of it. The pictures must exist; they are not opened.

    Parameters
    ----------
    path : path-like
        The CSV file, or a folder with an ``index.csv``.
    sources : iterable of str, optional
        Sources to load.
    drop_upside_down : bool, default=True
        Whether to ignore letters with ``upside_down`` = 1.
    name : str, default=""
        Name of the set; by default the name of the folder.

    Returns
    -------
    LetterSet
        Pictures as paths, in the order of the file. The flag ``suspect`` marks suspected label errors.

    Raises
    ------
    DataError
        If the file is missing or malformed; the message contains the line number.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from ensemble_hwr.datasets import load_index
    >>> with tempfile.TemporaryDirectory() as root:
    ...     _ = pathlib.Path(root, "1.png").write_bytes(b"...")
    ...     _ = pathlib.Path(root, "index.csv").write_text("path,label,source\n1.png,A,pen\n")
    ...     load_index(root, name="mine").source
    array(['pen'], dtype='<U3')
    """
    given = expanded(path)
    file = require_file(given / "index.csv" if given.is_dir() else given, "a CSV file that lists letters")
    wanted = None if sources is None else {sources} if isinstance(sources, str) else set(sources)
    inside = _PathsInside(file)
    listed: dict[str, int] = {}  # line of each picture
    columns: dict[str, list[str]] = {}
    for line, row in _chosen_rows(file, wanted, drop_upside_down):
        found = inside.find(row["path"], line)
        if found in listed:  # it could be in both parts of a split, or have two labels
            raise DataError(
                f"{file}, line {line}: {found!r} is already listed on line {listed[found]}; keep one of the two"
            )
        listed[found] = line
        for column in _KEPT & row.keys():
            columns.setdefault(column, []).append(sys.intern(row[column]))

    def text(column: str) -> NDArray[np.str_] | None:
        return np.array(columns[column]) if column in columns else None

    return LetterSet(
        pictures_array(list(listed)),
        np.array(columns["label"]),
        source=text("source"),
        writer=text("writer"),
        split=text("split"),
        suspect=np.array(columns["suspect"]) == "1" if "suspect" in columns else None,
        name=name or file.resolve().parent.name,
    )


def _chosen_rows(file: Path, wanted: set[str] | None, drop_upside_down: bool) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and values of the chosen rows, one at a time, each of them checked."""
    known, n_rows, n_chosen = set(), 0, 0
    for line, row in _read_rows(file):
        _check_row(f"{file}, line {line}", row)
        source = row.get("source", "")
        known.add(source)
        n_rows += 1
        if (wanted is None or source in wanted) and not (drop_upside_down and row.get("upside_down") == "1"):
            n_chosen += 1
            yield line, row
    if not n_rows:
        raise DataError(f"{file}: lists no letters; expected one line per letter below the column names")
    if wanted is not None and (not wanted or wanted - known):
        raise DataError(f"{file}: sources must be among {sorted(known)}, got {sorted(wanted)}")
    if not n_chosen:
        raise DataError(f"{file}: every letter is marked upside_down; set drop_upside_down=False to load them")


def _read_rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and values of each row."""
    reader = None
    try:
        with reading(file, "a CSV file in UTF-8"), open(file, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(_lines(file, stream), strict=True)
            columns = _check_columns(file, next(reader, []))
            for values in reader:
                if len(values) != len(columns):
                    raise DataError(
                        f"{file}, line {reader.line_num}: {len(values)} values for {len(columns)} columns "
                        f"({', '.join(columns)})"
                    )
                yield reader.line_num, dict(zip(columns, values, strict=True))
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num if reader else 1}: not a CSV line ({error})") from error


def _lines(file: Path, stream: TextIO) -> Iterator[str]:
    """Yield the lines of a file; one that is longer than any list of paths and labels is an error."""
    for number in count(1):
        line = stream.readline(_MAX_LINE)
        if len(line) >= _MAX_LINE:
            raise DataError(f"{file}, line {number}: is longer than {_MAX_LINE:,} characters")
        if not line:
            return
        yield line


def _check_columns(file: Path, columns: list[str]) -> list[str]:
    missing = [column for column in REQUIRED if column not in columns]
    if missing or len(set(columns)) < len(columns):
        wrong = f"no column {missing[0]!r}" if missing else "a repeated column name"
        raise DataError(f"{file}, line 1: {wrong}; the first line must contain column names: {', '.join(COLUMNS)}")
    return columns


def _check_row(where: str, row: dict[str, str]) -> None:
    if not row["label"]:
        raise DataError(f"{where}: the label is empty")
    if row.get("split", "") not in SPLITS:
        raise DataError(f"{where}: split must be train, test or empty, got {row['split']!r}")
    for flag in FLAGS:
        if row.get(flag, "0") not in ("0", "1"):
            raise DataError(f"{where}: {flag} must be 0 or 1, got {row[flag]!r}")


class _PathsInside:
    """Resolves listed paths; paths and links that lead out of the folder of the index raise an error."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.root = os.path.realpath(file.parent)
        self.real_folder = lru_cache(maxsize=None)(os.path.realpath)

    def find(self, listed: str, line: int) -> str:
        where = f"{self.file}, line {line}: {listed!r}"
        if not listed or "\0" in listed:
            raise DataError(f"{where} is not a path")
        path = os.path.join(self.root, listed)
        folder, last = os.path.split(path)
        real = os.path.join(self.real_folder(folder), last)
        if last in ("", ".", "..") or os.path.islink(real):
            real = os.path.realpath(path)
        if not real.startswith(os.path.join(self.root, "")):
            raise DataError(f"{where} leads out of {self.root}; pictures must be in the folder of the index")
        if not os.path.isfile(real):
            raise DataError(f"{where}: no such picture under {self.root}")
        return real
