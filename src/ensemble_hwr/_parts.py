"""Results of a part of many pictures: files read in a worker process, as rows or lines, and the contents of a file."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import gethostname
from typing import TYPE_CHECKING, Any, NamedTuple

from ensemble_hwr._batches import PageOptions
from ensemble_hwr._formats import (
    FIELD_COLUMNS,
    LETTER_COLUMNS,
    WORD_COLUMNS,
    NamedPicture,
    OutputOptions,
    csv_lines,
    field_printer,
    field_rows,
    letter_printer,
    letter_rows,
    reading_printer,
    reading_rows,
)
from ensemble_hwr.exceptions import MissingExtraError

if TYPE_CHECKING:
    from ensemble_hwr.reading.issues import Issue

PART_FORMATS = ("csv", "json", "parquet")
_ADDED_COLUMNS = ("issues", "error")
_INTEGERS = ("page", "line", "word", "left", "top", "right", "bottom")  # columns of Parquet
_FLOATS = ("probability", "confidence")


class Files(NamedTuple):
    """Some files of a part."""

    part: int
    paths: list[str]


@dataclass
class Found:
    """Results of some files: rows of a table or lines of JSON, counts of pictures, and where no file exists."""

    results: list[Any] = field(default_factory=list)
    n_pictures: int = 0
    n_errors: int = 0
    n_doubtful: int = 0
    missing_on: str = ""

    def add(self, other: Found) -> None:
        """Add the results of further files."""
        self.results += other.results
        self.n_pictures += other.n_pictures
        self.n_errors += other.n_errors
        self.n_doubtful += other.n_doubtful


@dataclass(frozen=True)
class ReadFiles:
    """Reads some files, also in another process or on another machine.

    Attributes
    ----------
    kind : {"letters", "words", "pages", "fields"}
    function : callable
        `Classify` or `ReadEach`.
    options : OutputOptions
    pages : PageOptions
    root : str
        Folder that relative paths start from.
    """

    kind: str
    function: Callable[..., Any]
    options: OutputOptions
    pages: PageOptions
    root: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table."""
        columns = {"letters": LETTER_COLUMNS, "fields": FIELD_COLUMNS}.get(self.kind, WORD_COLUMNS)
        return (*columns, *_ADDED_COLUMNS)

    def __call__(self, files: Files) -> Found:
        """Read files."""
        found = Found(
            missing_on="" if any(os.path.lexists(self._place(path)) for path in files.paths) else gethostname()
        )
        for batch in self.pages.batches(NamedPicture(path, self._place(path)) for path in files.paths):
            for (_, page), result in zip(batch, self.function(batch), strict=True):
                self._add(found, page, result)
        return found

    def failed(self, files: Files, error: Exception) -> Found:
        """Return the results of files that all have the same error."""
        found = Found()
        for path in files.paths:
            self._add(found, NamedPicture(path, path), error)
        return found

    def _place(self, path: str) -> str:
        """Return a path for this process, whose working folder may be another one."""
        return path if os.getcwd() == self.root else os.path.join(self.root, path)

    def _add(self, found: Found, page: NamedPicture, result: Any) -> None:
        found.n_pictures += 1
        if isinstance(result, Exception):
            found.n_errors += 1
            found.results += self._error(page, str(result).replace(os.path.join(self.root, ""), ""))
            return
        issues = _issues_of(result)
        found.n_doubtful += bool(issues)
        found.results += (
            self._lines(page, result) if self.options.format == "json" else self._rows(page, result, issues)
        )

    def _error(self, page: NamedPicture, message: str) -> list[Any]:
        if self.options.format == "json":
            return [json.dumps({"path": page.name, "page": page.page, "error": message})]
        return [[page.name, page.page, *[""] * (len(self.columns) - 3), message]]

    def _rows(self, page: NamedPicture, result: Any, issues: list[Issue]) -> list[Any]:
        if self.kind == "letters":
            rows = letter_rows(self.options, page, result.predictions)
        else:
            rows = (field_rows if self.kind == "fields" else reading_rows)(self.options, page, result)
        kinds = " ".join(dict.fromkeys(issue.kind for issue in issues))
        return [[*row, kinds, ""] for row in rows]

    def _lines(self, page: NamedPicture, result: Any) -> list[Any]:
        if self.kind == "letters":
            return [letter_printer(self.options)(page, result.predictions, result.issues)]
        printer: Any = field_printer if self.kind == "fields" else reading_printer
        return [printer(self.options)(page, result)]


def contents_of(results: list[Any], columns: tuple[str, ...], format: str) -> bytes:
    """Return the contents of a part."""
    if format == "parquet":
        return _parquet(results, columns)
    text = "\n".join(results) if format == "json" else csv_lines([columns, *results])
    return f"{text}\n".encode()


def _parquet(rows: list[list[Any]], columns: tuple[str, ...]) -> bytes:
    """Return rows as a Parquet file."""
    pyarrow = import_pyarrow()
    from pyarrow import parquet

    fields = []
    for name in columns:
        type_ = pyarrow.int32() if name in _INTEGERS else pyarrow.float32() if name in _FLOATS else pyarrow.string()
        fields.append((name, type_))
    arrays = []
    for (name, type_), values in zip(fields, zip(*rows, strict=True) if rows else [()] * len(fields), strict=True):
        convert: Callable[[Any], Any] = int if name in _INTEGERS else float if name in _FLOATS else _text
        arrays.append(
            pyarrow.array([None if v == "" and convert is not _text else convert(v) for v in values], type=type_)
        )
    stream = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields)), stream)
    return stream.getvalue()


def _text(value: Any) -> str:
    """Return text that can be encoded: names of files may hold any bytes."""
    return str(value).encode("utf-8", "backslashreplace").decode()


def import_pyarrow() -> Any:
    """Return the module pyarrow; raise an error that names the extra if it is not installed."""
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("pyarrow", "parquet") from None
    return pyarrow


def _issues_of(result: Any) -> list[Issue]:
    """Return the issues of a letter, a word, a page, or all fields of a form."""
    return [issue for part in (result.values() if isinstance(result, dict) else [result]) for issue in part.issues]
