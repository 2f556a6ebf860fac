"""Letters listed in an ``index.csv`` beside their pictures."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import PathLike
from ensemble_hwr.datasets._files import reading, require_file
from ensemble_hwr.datasets._letters import SPLITS, LetterSet, pictures_array
from ensemble_hwr.exceptions import DataError

REQUIRED = ("path", "label")
FLAGS = ("suspect", "upside_down")
COLUMNS = (*REQUIRED, "source", "writer", "split", *FLAGS)


def load_index(
    path: PathLike,
    *,
    sources: Iterable[str] | None = None,
    drop_upside_down: bool = True,
    name: str = "",
) -> LetterSet:
    r"""Load pictures listed in a CSV file with their label, source, writer and division.

    The first line names the columns: ``path`` and ``label`` are needed, ``source``, ``writer``, ``split`` (train,
    test or empty), ``suspect`` and ``upside_down`` (0 or 1) are read where present, others left out. Paths are
    relative to the file's folder and may not lead out of it. The pictures must exist; they are not opened here.

    Parameters
    ----------
    path : path-like
        The CSV file, or the folder that holds it as ``index.csv``.
    sources : iterable of str, optional
        Load these sources only.
    drop_upside_down : bool, default=True
        Leave out the letters marked ``upside_down``.
    name : str, default=""
        Name of the set; by default that of the folder.

    Returns
    -------
    LetterSet
        Pictures as paths, in the order of the file.

    Raises
    ------
    DataError
        When the file is missing or malformed; the message names the line.

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
    given = Path(path).expanduser()
    file = require_file(given / "index.csv" if given.is_dir() else given, "a CSV file that lists letters")
    lines, rows, columns = _read_rows(file)
    _check_rows(file, lines, rows)
    rows, lines = _choose(file, rows, lines, sources, drop_upside_down)
    inside = _PathsInside(file)
    paths = [inside.find(row["path"], line) for row, line in zip(rows, lines, strict=True)]
    _check_once(file, paths, lines)

    def text(column: str) -> NDArray[np.str_] | None:
        return np.array([row[column] for row in rows]) if column in columns else None

    return LetterSet(
        pictures_array(paths),
        np.array([row["label"] for row in rows]),
        source=text("source"),
        writer=text("writer"),
        split=text("split"),
        suspect=np.array([row["suspect"] == "1" for row in rows]) if "suspect" in columns else None,
        name=name or file.resolve().parent.name,
    )


def _read_rows(file: Path) -> tuple[list[int], list[dict[str, str]], list[str]]:
    lines, rows = [], []
    try:
        with reading(file, "a CSV file in UTF-8"), open(file, encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            columns = _check_columns(file, next(reader, []))
            for values in reader:
                if len(values) != len(columns):
                    raise DataError(
                        f"{file}, line {reader.line_num}: {len(values)} values for {len(columns)} columns "
                        f"({', '.join(columns)})"
                    )
                lines.append(reader.line_num)
                rows.append(dict(zip(columns, values, strict=True)))
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num}: not a CSV line ({error})") from error
    if not rows:
        raise DataError(f"{file}: lists no letter; expected a line for each below the column names")
    return lines, rows, columns


def _check_columns(file: Path, columns: list[str]) -> list[str]:
    missing = [column for column in REQUIRED if column not in columns]
    if missing or len(set(columns)) < len(columns):
        wrong = f"no column {missing[0]!r}" if missing else "a column named twice"
        raise DataError(f"{file}, line 1: {wrong}; the first line must name the columns: {', '.join(COLUMNS)}")
    return columns


def _check_rows(file: Path, lines: list[int], rows: list[dict[str, str]]) -> None:
    for line, row in zip(lines, rows, strict=True):
        if not row["label"]:
            raise DataError(f"{file}, line {line}: the label is empty")
        if row.get("split", "") not in SPLITS:
            raise DataError(f"{file}, line {line}: split must be train, test or empty, got {row['split']!r}")
        for flag in FLAGS:
            if row.get(flag, "0") not in ("0", "1"):
                raise DataError(f"{file}, line {line}: {flag} must be 0 or 1, got {row[flag]!r}")


def _choose(
    file: Path,
    rows: list[dict[str, str]],
    lines: list[int],
    sources: Iterable[str] | None,
    drop_upside_down: bool,
) -> tuple[list[dict[str, str]], list[int]]:
    wanted = None
    if sources is not None:
        wanted = {sources} if isinstance(sources, str) else set(sources)
        known = {row.get("source", "") for row in rows}
        if not wanted or wanted - known:
            raise DataError(f"{file}: sources must be among {sorted(known)}, got {sorted(wanted)}")
    chosen = [
        (row, line)
        for row, line in zip(rows, lines, strict=True)
        if (wanted is None or row["source"] in wanted) and not (drop_upside_down and row.get("upside_down") == "1")
    ]
    if not chosen:
        raise DataError(f"{file}: every letter is marked upside_down; set drop_upside_down=False to have them")
    return [row for row, _ in chosen], [line for _, line in chosen]


def _check_once(file: Path, paths: list[str], lines: list[int]) -> None:
    """Refuse a picture listed twice: it could be learned and tested, or have two labels."""
    first: dict[str, int] = {}
    for path, line in zip(paths, lines, strict=True):
        if path in first:
            raise DataError(
                f"{file}, line {line}: {path!r} is listed on line {first[path]} already; keep one of the two"
            )
        first[path] = line


class _PathsInside:
    """Finds listed pictures and refuses paths, links included, that lead out of the index's folder."""

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
            raise DataError(f"{where} leads out of {self.root}; pictures must lie beside their index")
        if not os.path.isfile(real):
            raise DataError(f"{where}: no such picture under {self.root}")
        return real
