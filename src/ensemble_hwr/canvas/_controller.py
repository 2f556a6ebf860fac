"""Controller of the canvas: its state, and the actions of its user, without a window."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ensemble_hwr._writing import check_folder
from ensemble_hwr.canvas._drawing import Drawing, Point, load_drawing, picture_file, save_drawing, strokes_file
from ensemble_hwr.canvas._reader_thread import (
    Corrected,
    DrawingRead,
    Event,
    Failed,
    LexiconLoaded,
    ModelLoaded,
    ReaderThread,
)
from ensemble_hwr.exceptions import DataError, EnsembleHwrError

if TYPE_CHECKING:
    from ensemble_hwr.reading import Word

_MESSAGE_SECONDS = 8.0  # how long the error of a lexicon stays visible while the user writes
_MIN_DISTANCE = 1.0  # units between points of a stroke; nearer ones are dropped
_MAX_UNDO_STEPS = 1000


@dataclass
class History:
    """Undo history: the present drawing, the previous ones, and those that were undone."""

    now: Drawing = field(default_factory=Drawing)
    past: list[Drawing] = field(default_factory=list)
    future: list[Drawing] = field(default_factory=list)

    def change(self, drawing: Drawing) -> None:
        """Make another drawing the present one; undone drawings are dropped."""
        self.past = [*self.past, self.now][-_MAX_UNDO_STEPS:]
        self.now, self.future = drawing, []

    def undo(self) -> bool:
        """Go one step back; False if there is none."""
        if not self.past:
            return False
        self.future.append(self.now)
        self.now = self.past.pop()
        return True

    def redo(self) -> bool:
        """Go one step forward; False if there is none."""
        if not self.future:
            return False
        self.past.append(self.now)
        self.now = self.future.pop()
        return True


class Controller:
    """State of the canvas and the actions on it.

    Parameters
    ----------
    thread : ReaderThread
        Reads drawings in the background.
    clock : callable, default=time.monotonic
        Returns the time in seconds.

    Attributes
    ----------
    history : History
    pen : list of Point
        Stroke that is being written.
    word : Word or None
        The last reading; None if the drawing is empty or could not be read.
    ready : bool
        Whether the model is loaded.
    letters : tuple of str
        Letters that the model reads; empty before it is loaded.
    message : str
        Message for the status line, such as an error; "" for none.
    file : Path or None
        Target of `save`.
    lexicon_file : Path or None
    lexicon_size : int
        Number of words of the lexicon; 0 if there is none.
    use_lexicon : bool
        Whether readings use the lexicon.
    fatal : Exception or None
        Error because of which no drawing can be read.
    corrects : bool
        Whether letters can be corrected: there is a profile to keep corrections in.
    """

    def __init__(self, thread: ReaderThread, *, corrects: bool = False, clock: Callable[[], float] = monotonic) -> None:
        self._thread = thread
        self.corrects = corrects
        self._clock = clock
        self._started: float | None = None
        self._keep_message_until = -math.inf
        self._version = 0
        self._read_version = 0
        self.history = History()
        self.pen: list[Point] = []
        self.word: Word | None = None
        self.ready = False
        self.letters: tuple[str, ...] = ()
        self.message = ""
        self.file: Path | None = None
        self.lexicon_file: Path | None = None
        self.lexicon_size = 0
        self.use_lexicon = False
        self.fatal: Exception | None = None

    @property
    def drawing(self) -> Drawing:
        """The present drawing, without the stroke that is being written."""
        return self.history.now

    @property
    def busy(self) -> bool:
        """Whether the present drawing has not been read yet."""
        return self._read_version < self._version

    @property
    def text(self) -> str:
        """Text of the present drawing; "" if it has not been read."""
        return self.word.text if self.word is not None and not self.busy else ""

    @property
    def title(self) -> str:
        """Title of the window, which starts with the text."""
        parts = (self.text, "" if self.file is None else self.file.name, "ensemble_hwr")
        return " - ".join(part for part in parts if part)

    @property
    def hint(self) -> str:
        """Text on an empty sheet."""
        return f"Write here,{self._style}" if self._style else "Write here"

    @property
    def _style(self) -> str:
        """How to write for the model; "" if it reads small letters."""
        return "" if any(letter.islower() for letter in self.letters) else " in capital letters"

    @property
    def status(self) -> str:
        """Text of the status line."""
        if self.message:
            return self.message
        if not self.drawing:
            return f"Write a word{self._style}" if self.ready else "Write a word; the model is loading ..."
        if self.busy:
            return "Reading ..." if self.ready else "Loading the model ..."
        if self.word is None:
            return ""
        alternatives = ", ".join(f"{text} {p:.0%}" for text, p in self.word.alternatives[:2] if p >= 0.01)
        confidence = f"Confidence {self.word.confidence or 0.0:.0%}"
        return f"{confidence}; alternatives: {alternatives}" if alternatives else confidence

    def press(self, x: float, y: float) -> None:
        """Put the pen down."""
        self._thread.pause()
        now = self._clock()
        if self._started is None:
            # Loaded strokes keep their times; new ones start a second later.
            last = max((point.t for stroke in self.drawing.strokes for point in stroke), default=-1.0)
            self._started = now - (last + 1.0)
        if now >= self._keep_message_until:
            self.message = ""
        self.pen = [Point(x, y, now - self._started)]

    def move(self, x: float, y: float) -> bool:
        """Move the pen; False if it is up or hardly moved."""
        if not self.pen or self._started is None:
            return False
        last = self.pen[-1]
        if abs(x - last.x) + abs(y - last.y) < _MIN_DISTANCE:
            return False
        self.pen.append(Point(x, y, self._clock() - self._started))
        return True

    def lift(self) -> None:
        """Lift the pen and read the word."""
        if self.pen:
            stroke, self.pen = tuple(self.pen), []
            self._change(self.drawing.with_stroke(stroke))

    def clear(self) -> None:
        """Start a new sheet; `undo` restores the old one."""
        self.pen, self.message = [], ""
        if self.drawing:
            self._change(Drawing())

    def undo(self) -> None:
        """Undo the last change, such as a stroke."""
        self.pen, self.message = [], ""
        if self.history.undo():
            self._read()

    def redo(self) -> None:
        """Redo the change that was undone last."""
        self.pen, self.message = [], ""
        if self.history.redo():
            self._read()

    def begin(self, file: Path) -> None:
        """Open a file, or remember it as the target of `save` if it does not exist yet and ends with ``.json``.

        Raises
        ------
        DataError, PictureError
            If the file cannot be read, or its folder does not exist or is not writable.
        """
        if not file.exists() and file == strokes_file(file):
            if not file.parent.is_dir():
                raise DataError(f"{file}: there is no folder {str(file.parent)!r}; create it, or give another folder")
            check_folder(file.parent)
            self.file = file
        else:
            self._load(file)

    def open(self, file: Path) -> bool:
        """Open strokes or a picture; return False and show the error if that fails."""
        try:
            self._load(file)
        except EnsembleHwrError as error:
            self.message = str(error)
            return False
        return True

    def _load(self, file: Path) -> None:
        drawing = load_drawing(file)
        self._started, self.pen, self.message = None, [], ""
        self.file = None if drawing.picture is not None else file
        self._change(drawing)

    def save(self, file: Path | None = None) -> bool:
        """Save strokes, picture and text; without a file, to the files of the last time."""
        target = file or self.file
        try:
            if target is None or not self.drawing:
                raise DataError("there is nothing to save yet" if target is not None else "no file name was given")
            target = strokes_file(target)
            picture = picture_file(target)
            if picture.exists() and not target.exists():
                raise DataError(f"{picture.name} already exists without strokes; choose another name")
            self.file = save_drawing(target, self.drawing, self.text)
        except EnsembleHwrError as error:
            self.message = str(error)
            return False
        self.message = f"Saved {self.file.name} and {picture_file(self.file).name}"
        return True

    def load_lexicon(self, file: Path) -> None:
        """Load a lexicon, and use it as soon as it is loaded."""
        self.message, self._keep_message_until = f"Loading {file.name} ...", -math.inf
        self._thread.load_lexicon(file)

    def set_use_lexicon(self, use: bool) -> None:
        """Read with or without the lexicon."""
        self.use_lexicon = use and self.lexicon_size > 0
        self.message, self._keep_message_until = "", -math.inf
        self._read()

    def correct(self, place: int, label: str) -> None:
        """Keep the right label of a letter of the present word, and read the drawing again with the adapted model."""
        letters = () if self.word is None or self.busy else self.word.letters
        letter = letters[place] if self.corrects and 0 <= place < len(letters) else None
        if letter is not None and letter.row is not None:
            self.message, self._keep_message_until = f"{letter.text} is {label}: adapting ...", -math.inf
            self._thread.correct(letter.row, label)
            self._read()

    def poll(self) -> bool:
        """Handle the events of the thread; False if there were none."""
        events = self._thread.events()
        for event in events:
            self._handle(event)
        return bool(events)

    def _handle(self, event: Event) -> None:
        if isinstance(event, ModelLoaded):
            self.ready, self.letters = True, event.letters
        elif isinstance(event, LexiconLoaded):
            self.lexicon_file, self.lexicon_size = event.file, event.size
            self.set_use_lexicon(True)
        elif isinstance(event, Corrected):
            self.message, self._keep_message_until = event.text, self._clock() + _MESSAGE_SECONDS
        elif isinstance(event, DrawingRead):
            if event.version == self._version:
                self._read_version, self.word = event.version, event.word
        else:
            self._handle_failure(event)

    def _handle_failure(self, failed: Failed) -> None:
        if failed.fatal:
            self.fatal = failed.error
            return
        if failed.version is not None:
            if failed.version != self._version:
                return
            self._read_version, self.word = failed.version, None
        else:
            self._keep_message_until = self._clock() + _MESSAGE_SECONDS
        expected = isinstance(failed.error, EnsembleHwrError)
        self.message = str(failed.error) if expected else f"{type(failed.error).__name__}: {failed.error}"

    def _change(self, drawing: Drawing) -> None:
        self.history.change(drawing)
        self._read()

    def _read(self) -> None:
        """Request a reading of the present drawing, unless it is empty."""
        self._version += 1
        if self.drawing:
            self._thread.read(self._version, self.drawing, use_lexicon=self.use_lexicon)
        else:
            self._read_version, self.word = self._version, None
