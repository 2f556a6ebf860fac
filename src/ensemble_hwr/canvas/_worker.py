"""Work done beside the window, so that it never freezes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from ensemble_hwr.canvas._drawing import Drawing
from ensemble_hwr.canvas._reading import Reading

if TYPE_CHECKING:
    from ensemble_hwr.canvas._recognizer import Recognizer


_PATIENCE = 1.0  # seconds
_PAUSE = 0.15  # seconds: most strokes of a letter follow each other sooner


class Ready(NamedTuple):
    """The model is loaded."""


class Expecting(NamedTuple):
    """A word list is loaded."""

    file: Path
    words: int


class Read(NamedTuple):
    """A drawing was read; `version` is that of the request."""

    version: int
    reading: Reading


class Failed(NamedTuple):
    """Something could not be done; `version` is that of the drawing, or None for all else."""

    error: Exception
    version: int | None = None
    fatal: bool = False


Event = Ready | Expecting | Read | Failed


class Worker:
    """Loads the model and reads drawings in a thread. Of drawings that wait, only the last is read.

    Nothing is begun while the pen is down or has just been lifted: a window that has to share its time misses moves
    of the pen.

    Parameters
    ----------
    make : callable
        Makes the recognizer.
    """

    def __init__(self, make: Callable[[], Recognizer]) -> None:
        self._make = make
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._drawing: tuple[int, Drawing, bool] | None = None
        self._lists: list[Path] = []
        self._held = self._stopped = False
        self._due = 0.0
        self._thread = threading.Thread(target=self._work, name="canvas reader", daemon=True)

    def start(self) -> None:
        """Begin to load the model."""
        self._thread.start()

    def stop(self) -> None:
        """Do nothing more, and wait a moment for what is being done."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def hold(self) -> None:
        """Begin to read nothing until a drawing is asked for."""
        with self._changed:
            self._held = True

    def read(self, version: int, drawing: Drawing, *, expecting: bool) -> None:
        """Ask for a drawing to be read, in place of any that waits."""
        with self._changed:
            self._drawing = version, drawing, expecting
            self._held, self._due = False, monotonic() + _PAUSE
            self._changed.notify()

    def expect(self, file: Path) -> None:
        """Ask for a word list to be loaded, before anything else is read."""
        with self._changed:
            self._lists.append(file)
            self._changed.notify()

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""
        found = []
        while not self._events.empty():
            found.append(self._events.get())
        return found

    def _work(self) -> None:
        try:
            recognizer = self._make()
        except Exception as error:  # told in the window's thread, where it ends the program
            self._events.put(Failed(error, fatal=True))
            return
        self._events.put(Ready())
        while (task := self._next()) is not None:
            self._events.put(_do(recognizer, task))

    def _next(self) -> Path | tuple[int, Drawing, bool] | None:
        with self._changed:
            while not self._stopped:
                if self._lists:
                    return self._lists.pop(0)
                left = self._due - monotonic()
                if self._drawing is not None and not self._held and left <= 0:
                    task, self._drawing = self._drawing, None
                    return task
                self._changed.wait(left if left > 0 else None)
        return None


def _do(recognizer: Recognizer, task: Path | tuple[int, Drawing, bool]) -> Event:
    version = None if isinstance(task, Path) else task[0]
    try:
        if isinstance(task, Path):
            return Expecting(task, recognizer.expect(task))
        return Read(task[0], recognizer.read(task[1], expecting=task[2]))
    except Exception as error:  # one drawing that cannot be read must not end the window
        return Failed(error, version)
