"""Background thread that loads the model and reads drawings, and a quick check of its files beforehand."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ensemble_hwr._typing import Rows
from ensemble_hwr.canvas._drawing import Drawing
from ensemble_hwr.exceptions import ModelError
from ensemble_hwr.persistence import read_manifest

if TYPE_CHECKING:  # importing the reader takes seconds
    from ensemble_hwr.reading import Word

_STOP_TIMEOUT = 1.0  # seconds
_DELAY = 0.15  # seconds after the last stroke: strokes of one letter mostly follow sooner


def check_files(model: str, lexicon: Path | None = None) -> None:
    """Raise an error if a model cannot read letters, or a lexicon holds no word that the model can spell.

    Only the manifest of the model and the lexicon are read, so that the window opens at once. All other problems are
    found when the model is loaded.

    Parameters
    ----------
    model : str
        Name of a shipped model, or path of a model file.
    lexicon : Path, default=None

    Raises
    ------
    ModelError
        If there is no such model, or its classes are not letters.
    DataError
        If the lexicon cannot be read, or the model cannot spell any of its words.
    """
    classes = [str(label) for label in read_manifest(model).get("classes") or ()]
    if not all(len(label) == 1 for label in classes):
        raise no_letters_error(model)
    if lexicon is not None and not _has_word(lexicon, classes):
        _check_lexicon(lexicon, classes)


def no_letters_error(model: str) -> ModelError:
    """Return the error for a model that does not read letters."""
    return ModelError(f"{model}: does not read pictures; give a model that ensemble-hwr train wrote")


def _has_word(file: Path, letters: Sequence[str]) -> bool:
    """Whether a file has a line that these letters can spell; quicker than building a lexicon."""
    try:
        if file.is_fifo():  # can be read only once
            return True
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return False
    known = {letter.upper() for letter in letters}
    return any(word and known.issuperset(word.upper()) for word in map(str.strip, lines))


def _check_lexicon(file: Path, letters: Sequence[str]) -> None:
    """Build the lexicon, which raises its own errors."""
    from ensemble_hwr.reading import Lexicon
    from ensemble_hwr.reading.models import COMMON_MARKS

    lexicon = Lexicon.from_file(file)
    if any(letter.islower() for letter in letters):
        lexicon.spelled_with([*letters, *COMMON_MARKS], ignore_case=True)
    elif letters:
        lexicon.spelled_with(letters)


class ModelLoaded(NamedTuple):
    """Event: the model is loaded; `letters` are its classes."""

    letters: tuple[str, ...] = ()


class LexiconLoaded(NamedTuple):
    """Event: a lexicon is loaded."""

    file: Path
    size: int


class DrawingRead(NamedTuple):
    """Event: a drawing was read; `version` is that of the request."""

    version: int
    word: Word


class Failed(NamedTuple):
    """Event: an error; `version` is that of the drawing that could not be read, or None."""

    error: Exception
    version: int | None = None
    fatal: bool = False


class Correction(NamedTuple):
    """The right label of a letter: its pixels, and the label."""

    row: Rows
    label: str


class Corrected(NamedTuple):
    """Event: a correction is kept, and the model adapted; `text` describes the gain."""

    text: str


Event = ModelLoaded | LexiconLoaded | DrawingRead | Corrected | Failed
_Task = Path | Correction | tuple[int, Drawing, bool]


class DrawingReader(Protocol):
    """What the thread needs of a `Recognizer`."""

    @property
    def letters(self) -> tuple[str, ...]:
        """Letters that can be read."""
        ...

    def load_lexicon(self, file: Path) -> int:
        """Load a lexicon and return its size."""
        ...

    def read(self, drawing: Drawing, *, use_lexicon: bool) -> Word:
        """Read a drawing."""
        ...

    def correct(self, row: Rows, label: str) -> str:
        """Keep the right label of a letter, adapt the model, and describe the gain."""
        ...


class ReaderThread:
    """Thread that loads the model and reads drawings, so that the window stays responsive.

    Of several waiting drawings only the last one is read. No reading starts while the pen is down or shortly after it
    was lifted, because a busy window misses movements of the pen.

    Parameters
    ----------
    make_reader : callable
        Returns a `DrawingReader`; called in the thread.
    """

    def __init__(self, make_reader: Callable[[], DrawingReader]) -> None:
        self._make_reader = make_reader
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._drawing: tuple[int, Drawing, bool] | None = None
        self._waiting: list[Path | Correction] = []
        self._paused = self._stopped = False
        self._due = 0.0
        self._thread = threading.Thread(target=self._run, name="canvas reader", daemon=True)

    def start(self) -> None:
        """Start the thread, which loads the model."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after its present task; wait for at most a second."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT)

    def pause(self) -> None:
        """Start no reading until the next call of `read`."""
        with self._changed:
            self._paused = True

    def read(self, version: int, drawing: Drawing, *, use_lexicon: bool) -> None:
        """Request a reading of a drawing; replaces a waiting request."""
        with self._changed:
            self._drawing = version, drawing, use_lexicon
            self._paused, self._due = False, monotonic() + _DELAY
            self._changed.notify()

    def load_lexicon(self, file: Path) -> None:
        """Request a lexicon; it is loaded before the next reading."""
        with self._changed:
            self._waiting.append(file)
            self._changed.notify()

    def correct(self, row: Rows, label: str) -> None:
        """Request that a correction is kept and the model adapted, before the next reading."""
        with self._changed:
            self._waiting.append(Correction(row, label))
            self._changed.notify()

    def events(self) -> list[Event]:
        """Return the events since the last call."""
        found = []
        while not self._events.empty():
            found.append(self._events.get())
        return found

    def _run(self) -> None:
        try:
            reader = self._make_reader()
        except Exception as error:  # reported in the thread of the window, where it ends the program
            self._events.put(Failed(error, fatal=True))
            return
        self._events.put(ModelLoaded(reader.letters))
        while (task := self._next_task()) is not None:
            self._events.put(_perform(reader, task))

    def _next_task(self) -> _Task | None:
        """Wait for a task; None if the thread is stopped."""
        with self._changed:
            while not self._stopped:
                if self._waiting:
                    return self._waiting.pop(0)
                left = self._due - monotonic()
                if self._drawing is not None and not self._paused and left <= 0:
                    task, self._drawing = self._drawing, None
                    return task
                self._changed.wait(left if left > 0 else None)
        return None


def _perform(reader: DrawingReader, task: _Task) -> Event:
    version = None if isinstance(task, Path | Correction) else task[0]
    try:
        if isinstance(task, Correction):
            return Corrected(reader.correct(task.row, task.label))
        if isinstance(task, Path):
            return LexiconLoaded(task, reader.load_lexicon(task))
        return DrawingRead(task[0], reader.read(task[1], use_lexicon=task[2]))
    except Exception as error:  # one unreadable drawing must not close the window
        return Failed(error, version)
