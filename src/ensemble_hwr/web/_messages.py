"""Messages between the server and its reading processes: tasks, answers and refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

PRELOAD = "ENSEMBLE_HWR_SERVE"
"""Environment variable with the settings, for the process from which others are forked."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Environment variables with the number of threads of BLAS libraries, which are read when these are loaded."""

MEDIA_TYPES = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "hocr": "application/xhtml+xml; charset=utf-8",
    "alto": "application/xml; charset=utf-8",
}


@dataclass(frozen=True)
class Options:
    """How pictures or strokes are read, and how results are returned.

    Attributes
    ----------
    format : str
        One of the formats of results.
    alphabet, lexicon : str or None
        Letters that can occur; name of a lexicon.
    words : tuple of str
        Expected words, instead of a lexicon.
    n_best : int
        Number of readings per word or letter, including the best.
    min_confidence : float
        Results below are replaced by a question mark.
    details : bool
        Whether JSON has the pixels of letters.
    preview : bool
        Whether JSON has the pictures.
    pages : str or None
        Pages of each file, such as ``"1-3,5"``.
    """

    format: str = "json"
    alphabet: str | None = None
    lexicon: str | None = None
    words: tuple[str, ...] = ()
    n_best: int = 5
    min_confidence: float = 0.0
    details: bool = False
    preview: bool = False
    pages: str | None = None


@dataclass(frozen=True)
class ReadPictures:
    """Task: read files of pictures as letters, words or pages."""

    kind: str
    files: tuple[tuple[str, bytes], ...] = field(repr=False)
    options: Options = Options()


@dataclass(frozen=True)
class ReadStrokes:
    """Task: read pen strokes, each a list of points, as a word or as lines of words."""

    strokes: tuple[tuple[tuple[float, ...], ...], ...] = field(repr=False)
    as_page: bool = True
    options: Options = Options()


@dataclass(frozen=True)
class Explain:
    """Task: explain the letter of a picture, or of 784 pixels from 0 to 255."""

    picture: bytes = field(repr=False)
    is_pixels: bool = False


@dataclass(frozen=True)
class KeepLetters:
    """Task: keep letters in the profile, each as 784 bytes and its right label."""

    letters: tuple[tuple[bytes, str], ...] = field(repr=False)


@dataclass(frozen=True)
class KeepWord:
    """Task: keep the letters of a word, a picture or pen strokes, whose right text is given."""

    text: str
    word: bytes | tuple[tuple[tuple[float, ...], ...], ...] = field(repr=False)


@dataclass(frozen=True)
class ManageProfile:
    """Task: describe, export or delete the profile."""

    action: Literal["describe", "export", "delete"] = "describe"


ProfileTask = KeepLetters | KeepWord | ManageProfile
Task = ReadPictures | ReadStrokes | Explain | ProfileTask


@dataclass(frozen=True)
class Answer:
    """Body of an answer and its media type."""

    media_type: str
    body: bytes


class Refused(NamedTuple):
    """Outcome: a task that cannot be performed, with the status of HTTP and the reason."""

    status: int
    reason: str


class Ready(NamedTuple):
    """The first message of a process: what it can read, and problems of its lexicons."""

    description: dict[str, Any]
    warnings: list[str]


class Outcome(NamedTuple):
    """Result of a task, and the memory of the process after it, in bytes."""

    result: Answer | Refused
    memory: int
