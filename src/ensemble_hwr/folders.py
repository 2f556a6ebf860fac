"""Read folders of pictures, also of a million: results as files of parts, which an interrupted run continues."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble_hwr._batches import BATCH_SIZE, Classify, PageOptions, ReadEach, files_of
from ensemble_hwr._formats import OutputOptions
from ensemble_hwr._parts import PART_FORMATS, Files, Found, ReadFiles, contents_of, import_pyarrow
from ensemble_hwr._writing import DAMAGED, Journal, check_folder, whole_files, writing_alone
from ensemble_hwr.exceptions import DataError, EnsembleHwrError, ModelError

if TYPE_CHECKING:
    from ensemble_hwr._typing import PathLike
    from ensemble_hwr.images.pages import PageRanges

PART_SIZE = 1000
MOST_PER_PART = 1_000_000  # a part is in memory until it is written
JOURNAL = "_journal.jsonl"  # pyarrow reads a folder without the files whose names begin with _ or .
_FILES_AT_ONCE = {"letters": BATCH_SIZE, "words": 16, "pages": 2, "fields": 2}  # that a process gets
_LEAST = {"letters": 20, "words": 3, "pages": 1, "fields": 1}  # of these batches per process, which is worth its start
_VERSION = 1  # of the journal


@dataclass(frozen=True)
class FolderResult:
    """Counts of a run, with the parts that earlier runs have finished.

    Attributes
    ----------
    n_pictures : int
        Pictures; each page of a file of several is one.
    n_errors : int
        Pictures that could not be read, and folders that could not be listed.
    n_doubtful : int
        Pictures that may have been read wrongly.
    n_parts : int
        Files of results.
    n_finished_before : int
        Those of them that were finished before this run.

    See Also
    --------
    read_folders : Has an example.
    """

    n_pictures: int = 0
    n_errors: int = 0
    n_doubtful: int = 0
    n_parts: int = 0
    n_finished_before: int = 0


@dataclass(frozen=True)
class FolderProgress:
    """Progress of `read_folders`.

    Attributes
    ----------
    step : {"finding pictures", "reading"}
    done : int
        Number of files so far.
    total : int or None
        Number of files, if it is known.

    See Also
    --------
    read_folders : Has an example.
    """

    step: str
    done: int
    total: int | None = None


def read_folders(
    reader: Any,
    paths: Sequence[PathLike],
    output: PathLike,
    *,
    format: str = "csv",
    pattern: str = "*",
    recursive: bool = True,
    pages: str | PageRanges | None = None,
    max_pages: int = 1000,
    min_confidence: float = 0.0,
    part_size: int = PART_SIZE,
    n_jobs: int | None = None,
    on_progress: Callable[[FolderProgress], None] | None = None,
    on_error: Callable[[DataError], None] | None = None,
) -> FolderResult:
    """Read all pictures in folders, and write the results as files of parts; the same call continues after an end.

    The folder `output` gets the files ``part-000000.csv``, ``part-000001.csv`` and so on, each with the results of
    `part_size` files in the order of their paths, and the file ``_journal.jsonl`` with a line per finished part. Each
    part is complete as soon as it exists. A picture that cannot be read has a row with its path and the error. Memory
    does not grow with the number of pictures.

    Within :func:`ensemble_hwr.tuning.on_cluster`, the workers of a Dask cluster read the pictures; they need the same
    folders under the same paths. This process writes the results.

    Parameters
    ----------
    reader : estimator
        A model of letters in pictures, as `load_model` returns it; or a fitted `WordReader` or `PageReader`; or a
        `FormReader`.
    paths : sequence of path-like
        Folders, pictures, or patterns such as ``"scans/*.png"``.
    output : path-like
        Folder for the results, new or of an earlier run with the same reader, options and pictures.
    format : {"csv", "json", "parquet"}, default="csv"
        CSV has the columns of ``ensemble-hwr letters`` or ``read`` with `format` "csv", and in addition "issues", the
        kinds of issues of the picture, and "error". JSON has one object per line and picture. Parquet has the columns
        of CSV, and needs pyarrow.
    pattern : str, default="*"
        Names of the pictures in folders.
    recursive : bool, default=True
        Whether to search the subfolders.
    pages : str or PageRanges, default=None
        Pages of files of several, such as ``"1-3"``; None reads all.
    max_pages : int, default=1000
        Pages of a file to read at most; the omission of others is an error.
    min_confidence : float, default=0
        Results of a lower probability are replaced by a question mark.
    part_size : int, default=1000
        Files per part.
    n_jobs : int, default=None
        Number of processes; None means 1, -1 one per processor, or all workers of a cluster.
    on_progress : callable, default=None
        Called with a `FolderProgress` now and then.
    on_error : callable, default=None
        Called with the error of a path that cannot be listed; it counts as an error. None raises it.

    Returns
    -------
    FolderResult

    Raises
    ------
    DataError
        If an argument is not allowed, there is no picture, `output` holds results of another reader, of other
        options or of other pictures, pictures change during the run, or another process is writing to `output`.
    ModelError
        If the model does not read pictures.
    MissingExtraError
        If the format is "parquet" and pyarrow is not installed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from ensemble_hwr import generate_letters, load_model
    >>> from ensemble_hwr.folders import read_folders
    >>> letters = generate_letters(4, letters="AB", writers=1, random_state=0, format="pictures")
    >>> with TemporaryDirectory() as folder:
    ...     for number, picture in enumerate(letters.data):
    ...         Image.fromarray(picture).save(Path(folder, f"{number}.png"))
    ...     found = read_folders(load_model("az"), [folder], Path(folder, "results"))
    ...     again = read_folders(load_model("az"), [folder], Path(folder, "results"))
    >>> found.n_pictures, found.n_parts, again.n_finished_before
    (4, 1, 1)
    """
    _check_arguments(paths, format, min_confidence, part_size)
    if format == "parquet":
        import_pyarrow()
    options = OutputOptions("json" if format == "json" else "csv", True, min_confidence, paths=True)
    source = _Source(tuple(os.fspath(path) for path in paths), pattern, recursive, part_size)
    chosen = PageOptions(_parsed(pages), max_pages)
    work = ReadFiles(*_task_of(reader), options, chosen, os.getcwd())
    of_results = {"format": format, "part_size": int(part_size), "min_confidence": float(min_confidence)}
    settings = _settings(reader) | _comparable({**of_results, "pages": chosen.pages, "max_pages": max_pages})
    folder = Path(output)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with writing_alone(folder / JOURNAL):
        problems: list[DataError] = []
        plan = source.plan(None if on_error is None else problems.append, on_progress)
        for problem in problems:
            on_error(problem)  # type: ignore[misc]
        run = _Run(folder, format, work, source, plan)
        run.start(settings)
        found = run.read(n_jobs, on_progress)
    return replace(found, n_errors=found.n_errors + len(problems))


@dataclass(frozen=True)
class _Part:
    """A part to do: its number of files, the first of them, and a digest of their paths, sizes and times."""

    n_files: int
    first: str
    digest: str


@dataclass(frozen=True)
class _Source:
    """The files to read, in order."""

    paths: tuple[str, ...]
    pattern: str
    recursive: bool
    part_size: int

    def plan(
        self, on_error: Callable[[DataError], None] | None, on_progress: Callable[[FolderProgress], None] | None
    ) -> list[_Part]:
        """Return the parts, after all files were looked at."""
        parts, n_files = [], 0
        for files in self.parts(on_error):
            parts.append(_Part(len(files), files[0], _digest(files)))
            n_files += len(files)
            if on_progress is not None:
                on_progress(FolderProgress("finding pictures", n_files))
        if not parts:
            raise DataError(f"{', '.join(self.paths)}: there is no picture to read; give a folder with pictures")
        return parts

    def parts(self, on_error: Callable[[DataError], None] | None = None) -> Iterator[list[str]]:
        """Yield the files of each part."""
        files = self._files(on_error)
        while part := list(islice(files, self.part_size)):
            yield part

    def _files(self, on_error: Callable[[DataError], None] | None) -> Iterator[str]:
        for path in self.paths:
            try:
                yield from files_of(path, pattern=self.pattern, recursive=self.recursive, on_error=on_error)
            except DataError as error:
                if on_error is None:
                    raise
                on_error(error)


class _Run:
    """A run with its folder of results: what was done before, and what is to do."""

    def __init__(self, folder: Path, format: str, work: ReadFiles, source: _Source, plan: list[_Part]) -> None:
        self._folder, self._format, self._work, self._source, self._plan = folder, format, work, source, plan
        self._journal = Journal(folder / JOURNAL)
        self._counts = FolderResult(n_parts=len(plan))
        self._finished: set[int] = set()

    def start(self, settings: dict[str, Any]) -> None:
        """Begin the journal, or compare it with the settings and the files, and find the finished parts."""
        digest = hashlib.sha256("".join(part.digest for part in self._plan).encode()).hexdigest()
        begin = {"journal": _VERSION, "settings": settings, "files": self._n_files(), "digest": digest}
        if not self._journal.records:
            if next(self._folder.glob("part-*"), None) is not None:
                advice = "remove the folder, or give another one"
                raise DataError(f"{self._folder}: holds parts of another run, without a journal; {advice}")
            self._journal.add(begin)
            return
        before, *records = self._journal.records
        try:
            self._compare(before, begin, records)
            self._find_finished(records)
        except (KeyError, TypeError, AttributeError):  # JSON, but not of this library
            raise DataError(f"{self._folder / JOURNAL}: {DAMAGED}") from None

    def _find_finished(self, records: list[dict[str, Any]]) -> None:
        """Find the parts that are finished and whose files are complete."""
        for record in {record["part"]: record for record in records}.values():
            file = self._file(record["part"])
            if file.exists() and file.stat().st_size == record["bytes"]:
                self._finished.add(record["part"])
                self._count(record)
        self._counts = replace(self._counts, n_finished_before=len(self._finished))

    def read(self, n_jobs: int | None, on_progress: Callable[[FolderProgress], None] | None) -> FolderResult:
        """Read the parts that are not finished, and write each one as soon as it is."""
        from ensemble_hwr._workers import map_in_order

        done = sum(self._plan[number].n_files for number in self._finished)
        if on_progress is not None:  # workers may take long to start
            on_progress(FolderProgress("reading", done, self._n_files()))
        results = map_in_order(
            self._work,
            self._files(),
            n_jobs=n_jobs,
            least=_LEAST[self._work.kind] if n_jobs == -1 else 1,
            split=lambda files: [Files(files.part, [path]) for path in files.paths],
            name=lambda files: repr(files.paths[0]),
        )
        found, n_files = Found(), 0
        with closing(results):
            for files, result in results:
                found.add(self._work.failed(files, result) if isinstance(result, Exception) else _seen(files, result))
                n_files, done = n_files + len(files.paths), done + len(files.paths)
                if n_files == self._plan[files.part].n_files:
                    self._finish(files.part, found)
                    found, n_files = Found(), 0
                if on_progress is not None:
                    on_progress(FolderProgress("reading", done, self._n_files()))
        return self._counts

    def _files(self) -> Iterator[Files]:
        """Yield the files of the parts that are not finished."""
        number = -1
        for number, paths in enumerate(self._source.parts(on_error=lambda error: None)):
            if number in self._finished:
                continue
            if number >= len(self._plan) or _digest(paths) != self._plan[number].digest:
                break
            size = _FILES_AT_ONCE[self._work.kind]
            yield from (Files(number, paths[start : start + size]) for start in range(0, len(paths), size))
        else:
            if number == len(self._plan) - 1:
                return
        raise DataError(f"the pictures changed while they were read, at part {number}; give another output folder")

    def _finish(self, number: int, found: Found) -> None:
        """Write a part, and then its line of the journal."""
        file = self._file(number)
        with whole_files(file) as (stream,):
            stream.write(contents_of(found.results, self._work.columns, self._format))
        record = {
            "part": number,
            "bytes": file.stat().st_size,
            "digest": self._plan[number].digest,
            "pictures": found.n_pictures,
            "errors": found.n_errors,
            "doubtful": found.n_doubtful,
        }
        self._journal.add(record)
        self._count(record)

    def _count(self, record: dict[str, Any]) -> None:
        counts = self._counts
        self._counts = replace(
            counts,
            n_pictures=counts.n_pictures + record["pictures"],
            n_errors=counts.n_errors + record["errors"],
            n_doubtful=counts.n_doubtful + record["doubtful"],
        )

    def _compare(self, before: dict[str, Any], now: dict[str, Any], records: list[dict[str, Any]]) -> None:
        """Raise an error if the run was started with other settings or other files."""
        advice = "give another output folder, or run the same command as before"
        if before.get("journal") != _VERSION:
            raise DataError(f"{self._folder}: its journal is of another version of ensemble_hwr; {advice}")
        changed = _differences(before["settings"], now["settings"])
        if changed:
            raise DataError(f"{self._folder}: was started with other settings ({'; '.join(changed)}); {advice}")
        if before["digest"] != now["digest"]:
            number = {record["part"]: record["digest"] for record in records}
            first = next((k for k, part in enumerate(self._plan) if number.get(k, part.digest) != part.digest), None)
            where = "" if first is None else f", first in part {first}, which begins with {self._plan[first].first!r}"
            raise DataError(
                f"{self._folder}: the pictures have changed since the run was started ({before['files']:,} files then, "
                f"{now['files']:,} now{where}); give another output folder"
            )

    def _file(self, number: int) -> Path:
        return self._folder / f"part-{number:06d}.{self._format}"

    def _n_files(self) -> int:
        return sum(part.n_files for part in self._plan)


def _check_arguments(paths: Sequence[PathLike], format: str, min_confidence: float, part_size: int) -> None:
    """Raise an error for arguments of `read_folders` that are not allowed."""
    if isinstance(paths, str | bytes | os.PathLike) or not len(paths):
        raise DataError(f"paths must be a list of one or more folders or pictures, got {paths!r}")
    if format not in PART_FORMATS:
        raise DataError(f"format must be one of {', '.join(map(repr, PART_FORMATS))}, got {format!r}")
    if not 0 <= min_confidence <= 1:  # also for NaN
        raise DataError(f"min_confidence must be a number from 0 to 1, got {min_confidence}")
    if not (isinstance(part_size, Integral) and 1 <= part_size <= MOST_PER_PART):
        raise DataError(f"part_size must be an integer from 1 to {MOST_PER_PART:,}, got {part_size!r}")


def _task_of(reader: Any) -> tuple[str, Callable[..., Any]]:
    """Return the kind of a reader, and the function that reads."""
    from ensemble_hwr.reading import PageReader, WordReader
    from ensemble_hwr.reading.fields import FormReader
    from ensemble_hwr.reading.models import split_pipeline

    kinds: dict[type[Any], str] = {WordReader: "words", PageReader: "pages", FormReader: "fields"}
    for known, kind in kinds.items():
        if isinstance(reader, known):
            return kind, ReadEach(reader.read, getattr(reader, "read_each", None))  # type: ignore[attr-defined]
    normalizer, classifier = split_pipeline(reader)
    if normalizer is None:
        raise ModelError("the model does not read pictures; give one that ensemble-hwr train wrote, or a WordReader")
    return "letters", Classify(normalizer, classifier)


def _settings(reader: Any) -> dict[str, Any]:
    """Return the settings of a reader by name, and the version of the library."""
    from ensemble_hwr import __version__
    from ensemble_hwr.reading import PageReader, WordReader
    from ensemble_hwr.reading.fields import FormReader

    if isinstance(reader, WordReader | PageReader | FormReader):
        words: Any = getattr(reader, "reader_", reader)
        params = {**words.get_params(deep=False), "model": words.classifier_}
        for name in ("alphabet", "lexicon"):
            if params[name] is None:  # the fitted reader may have been given one
                params[name] = getattr(words, f"{name}_")
        if isinstance(reader, PageReader):
            params |= reader.get_params(deep=False)
        elif isinstance(reader, FormReader):
            params["fields"] = [(field, _words_of(field.lexicon)) for field in reader.fields]
    else:
        params = _letter_settings(reader)
    for name in ("classifier", "reader", "n_jobs", "errors"):
        params.pop(name, None)
    return _comparable({"version": __version__, "reader": type(reader).__name__, **params})


def _words_of(lexicon: Any) -> Any:
    """Return the contents of a file of words, which may change under the same path; any other lexicon as it is."""
    return lexicon.read_bytes() if isinstance(lexicon, Path) and lexicon.is_file() else lexicon


def _letter_settings(reader: Any) -> dict[str, Any]:
    """Return the settings of a model of letters in pictures."""
    from ensemble_hwr.reading.models import split_pipeline

    normalizer, classifier = split_pipeline(reader)
    assert normalizer is not None  # `_task_of` has refused others
    params = normalizer.get_params(deep=False)
    timeout = params.pop("timeout")
    del params["n_jobs"]
    unrestricted, alphabet = _unrestricted(classifier)
    return {"model": [params, unrestricted], "alphabet": alphabet, "timeout": timeout}


def _unrestricted(classifier: Any) -> tuple[Any, str | None]:
    """Return the parts of a classifier without its restriction to an alphabet, and the alphabet."""
    from sklearn.pipeline import Pipeline

    from ensemble_hwr.alphabets import AlphabetClassifier

    if isinstance(classifier, Pipeline):
        last, alphabet = _unrestricted(classifier[-1])
        return [*classifier.steps[:-1], last], alphabet
    if isinstance(classifier, AlphabetClassifier):
        return classifier.estimator_, classifier.alphabet
    return classifier, None


def _comparable(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as JSON holds them: a number, a text or None as it is, a digest of any other value."""
    import joblib

    return {
        name: value if value is None or isinstance(value, str | int | float) else {"digest": joblib.hash(value)}
        for name, value in settings.items()
    }


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return the names of settings that differ, with the values that can be shown."""
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    if "reader" in names:  # a reader of another kind has other settings
        names = ["reader"]
    pairs = {name: (before.get(name), now.get(name)) for name in names}
    return [
        name if any(isinstance(value, dict) for value in pair) else f"{name}: {pair[0]!r} then, {pair[1]!r} now"
        for name, pair in pairs.items()
    ]


def _parsed(pages: str | PageRanges | None) -> PageRanges | None:
    from ensemble_hwr.images.pages import PageRanges

    return PageRanges.parse(pages) if isinstance(pages, str) else pages


def _seen(files: Files, found: Found) -> Found:
    """Return results; raise an error if files exist here, but none of them where they were read."""
    if found.missing_on and any(map(os.path.lexists, files.paths)):
        raise EnsembleHwrError(
            f"{files.paths[0]!r}: exists on this machine, but not on the worker {found.missing_on}; workers need the "
            "same folders under the same paths"
        )
    return found


def _digest(files: list[str]) -> str:
    """Return a digest of paths, sizes and times of change."""
    digest = hashlib.sha256()
    for file in files:
        try:
            found = os.stat(file)
            state = f"{found.st_size} {found.st_mtime_ns}"
        except OSError:
            state = "missing"
        digest.update(os.fsencode(file) + f"\0{state}\0".encode())
    return digest.hexdigest()
