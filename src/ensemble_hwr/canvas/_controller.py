"""What the window does, without a window."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Protocol

from ensemble_hwr._writing import check_folder
from ensemble_hwr.canvas._drawing import Drawing, History, Point
from ensemble_hwr.canvas._files import load_drawing, picture_file, save_drawing, strokes_file
from ensemble_hwr.canvas._reading import Reading
from ensemble_hwr.canvas._worker import Event, Expecting, Failed, Read, Ready
from ensemble_hwr.exceptions import DataError, EnsembleHwrError

_LEGIBLE = 8.0  # seconds: what is wrong with a word list stays so long, whatever is written meanwhile
_NEAREST = 1.0  # units: points of a stroke that are nearer to each other tell nothing


class Beside(Protocol):
    """What reads drawings beside the window: a `Worker`."""

    def hold(self) -> None:
        """Begin to read nothing for now."""

    def read(self, version: int, drawing: Drawing, *, expecting: bool) -> None:
        """Ask for a drawing to be read."""

    def expect(self, file: Path) -> None:
        """Ask for a word list."""

    def events(self) -> list[Event]:
        """Return what has happened."""


class Controller:
    """The state of the canvas, and what can be done to it.

    Parameters
    ----------
    worker : Worker
    clock : callable, default=time.monotonic
        Tells seconds.

    Attributes
    ----------
    history : History
    pen : list of Point
        The stroke that is being written.
    reading : Reading or None
        Of the drawing as it was read last; None where it is empty or could not be read.
    ready : bool
        Whether the model is loaded.
    message : str
        What is to be told, such as a problem; may be empty.
    file : Path or None
        Where `save` writes.
    words : int
        Size of the word list; 0: there is none.
    word_list : Path or None
    expecting : bool
        Whether the word list is used.
    fatal : Exception or None
        Why nothing can be read at all.
    """

    def __init__(self, worker: Beside, *, clock: Callable[[], float] = monotonic) -> None:
        self._worker = worker
        self._clock = clock
        self._began: float | None = None
        self._legible_until = -math.inf
        self._version = 0
        self._done = 0
        self.history = History()
        self.pen: list[Point] = []
        self.reading: Reading | None = None
        self.ready = False
        self.message = ""
        self.file: Path | None = None
        self.words = 0
        self.word_list: Path | None = None
        self.expecting = False
        self.fatal: Exception | None = None

    @property
    def drawing(self) -> Drawing:
        """What is on the canvas, but for the stroke that is being written."""
        return self.history.now

    @property
    def busy(self) -> bool:
        """Whether the drawing has not been read yet."""
        return self._done < self._version

    @property
    def title(self) -> str:
        """What the window is called: the text first."""
        text = self.reading.text if self.reading is not None and not self.busy else ""
        return " - ".join(part for part in (text, "" if self.file is None else self.file.name, "ensemble_hwr") if part)

    @property
    def status(self) -> str:
        """One line on how things are."""
        if self.message:
            return self.message
        if not self.drawing:
            return "Write a word in capitals." if self.ready else "Write a word; the model is being loaded ..."
        if self.busy:
            return "Reading ..." if self.ready else "The model is being loaded ..."
        if self.reading is None:
            return ""
        others = ", ".join(text for text, p in self.reading.alternatives[:2] if p >= 0.01)
        return f"{self.reading.confidence:.0%} sure" + (f"; else {others}" if others else "")

    def press(self, x: float, y: float) -> None:
        """Put the pen down."""
        self._worker.hold()
        now = self._clock()
        if self._began is None:
            # Strokes that were loaded keep their times; new ones come a second later.
            last = max((point.t for stroke in self.drawing.strokes for point in stroke), default=-1.0)
            self._began = now - (last + 1.0)
        if now >= self._legible_until:
            self.message = ""
        self.pen = [Point(x, y, now - self._began)]

    def move(self, x: float, y: float) -> bool:
        """Move the pen; False where it is up, or hardly moved."""
        if not self.pen or self._began is None:
            return False
        last = self.pen[-1]
        if abs(x - last.x) + abs(y - last.y) < _NEAREST:
            return False
        self.pen.append(Point(x, y, self._clock() - self._began))
        return True

    def lift(self) -> None:
        """Take the pen up, and have the word read."""
        if self.pen:
            stroke, self.pen = tuple(self.pen), []
            self._become(self.drawing.with_stroke(stroke))

    def clear(self) -> None:
        """Take a new sheet; `undo` brings the old one back."""
        self.pen, self.message = [], ""
        if self.drawing:
            self._become(Drawing())

    def undo(self) -> None:
        """Take back the last stroke, or whatever was done last."""
        self.pen, self.message = [], ""
        if self.history.undo():
            self._read()

    def redo(self) -> None:
        """Do again what was undone last."""
        self.pen, self.message = [], ""
        if self.history.redo():
            self._read()

    def begin(self, file: Path) -> None:
        """Load a file; or take it for where strokes will be saved, if there is none yet.

        Raises
        ------
        DataError, PictureError
            If it is there, or is to be a picture, and cannot be read; or if its folder is not there or takes no files.
        """
        if not file.exists() and file == strokes_file(file):
            if not file.parent.is_dir():
                raise DataError(f"{file}: there is no folder {str(file.parent)!r}; make it, or save elsewhere")
            check_folder(file.parent)
            self.file = file
        else:
            self._load(file)

    def open(self, file: Path) -> bool:
        """Load strokes or a picture; tell what is wrong with it where that fails."""
        try:
            self._load(file)
        except EnsembleHwrError as error:
            self.message = str(error)
            return False
        return True

    def _load(self, file: Path) -> None:
        drawing = load_drawing(file)
        self._began, self.pen, self.message = None, [], ""
        self.file = None if drawing.picture is not None else file
        self._become(drawing)

    def save(self, file: Path | None = None) -> bool:
        """Write strokes, picture and text; to the same files as the last time where no file is given."""
        target = file or self.file
        try:
            if target is None or not self.drawing:
                raise DataError("there is nothing to save yet" if target is not None else "no file was named")
            target = strokes_file(target)
            picture = picture_file(target)
            if picture.exists() and not target.exists():
                raise DataError(f"{picture.name} is there already, without strokes; choose another name")
            text = self.reading.text if self.reading is not None and not self.busy else ""
            self.file = save_drawing(target, self.drawing, text)
        except EnsembleHwrError as error:
            self.message = str(error)
            return False
        self.message = f"saved {self.file.name} and {picture_file(self.file).name}"
        return True

    def use_words(self, file: Path) -> None:
        """Load a word list, and expect its words."""
        self.message, self._legible_until = f"{file.name} is being loaded ...", -math.inf
        self._worker.expect(file)

    def expect(self, expecting: bool) -> None:
        """Use the word list, or do without."""
        self.expecting = expecting and self.words > 0
        self.message, self._legible_until = "", -math.inf
        self._read()

    def poll(self) -> bool:
        """Take in what has been done beside the window; False where nothing was."""
        events = self._worker.events()
        for event in events:
            self._take(event)
        return bool(events)

    def _take(self, event: Event) -> None:
        if isinstance(event, Ready):
            self.ready = True
        elif isinstance(event, Expecting):
            self.word_list, self.words = event.file, event.words
            self.expect(True)
        elif isinstance(event, Read):
            if event.version == self._version:
                self._done, self.reading = event.version, event.reading
        else:
            self._take_failure(event)

    def _take_failure(self, failed: Failed) -> None:
        if failed.fatal:
            self.fatal = failed.error
            return
        if failed.version is not None:
            if failed.version != self._version:
                return
            self._done, self.reading = failed.version, None
        else:
            self._legible_until = self._clock() + _LEGIBLE
        ours = isinstance(failed.error, EnsembleHwrError)
        self.message = str(failed.error) if ours else f"{type(failed.error).__name__}: {failed.error}"

    def _become(self, drawing: Drawing) -> None:
        self.history.change(drawing)
        self._read()

    def _read(self) -> None:
        """Have the drawing read as it is now; nothing is read of an empty one."""
        self._version += 1
        if self.drawing:
            self._worker.read(self._version, self.drawing, expecting=self.expecting)
        else:
            self._done, self.reading = self._version, None
