import threading
import time
from pathlib import Path

import pytest

from ensemble_hwr.boxes import Box
from ensemble_hwr.canvas import Drawing
from ensemble_hwr.canvas._reader_thread import DrawingRead, Failed, LexiconLoaded, ModelLoaded, ReaderThread
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import Word

DRAWING = Drawing.from_arrays([[(0, 0)]])


class Recognizer:
    letters = ("A", "b")

    """Test double that reads a drawing when `may_go_on` is set."""

    def __init__(self):
        self.may_go_on, self.reads = threading.Event(), []

    def load_lexicon(self, file):
        if file.name == "bad":
            raise DataError("bad")
        return 3

    def read(self, drawing, *, use_lexicon):
        self.reads.append(drawing)
        assert self.may_go_on.wait(10)
        if not drawing.strokes:
            raise ZeroDivisionError
        return Word(Box(0, 0, 9, 9), (), "A", 1.0)


@pytest.fixture
def recognizer():
    return Recognizer()


@pytest.fixture
def thread(recognizer):
    thread = ReaderThread(lambda: recognizer)
    thread.start()
    yield thread
    recognizer.may_go_on.set()
    thread.stop()


def wait_for(thread, n):
    found, end = [], time.monotonic() + 10
    while len(found) < n:
        assert time.monotonic() < end
        found += thread.events()
        time.sleep(0.005)
    return found


def test_only_the_last_waiting_drawing_is_read(thread, recognizer):
    thread.read(1, DRAWING, use_lexicon=False)
    while not recognizer.reads:
        time.sleep(0.005)
    thread.read(2, DRAWING, use_lexicon=False)
    thread.read(3, DRAWING, use_lexicon=False)
    recognizer.may_go_on.set()
    ready, first, last = wait_for(thread, 3)
    assert ready == ModelLoaded(("A", "b"))
    assert [first.version, last.version] == [1, 3]


def test_no_drawing_is_read_while_the_thread_is_paused(thread, recognizer):
    recognizer.may_go_on.set()
    thread.read(1, DRAWING, use_lexicon=False)
    thread.pause()
    time.sleep(0.4)
    assert not recognizer.reads
    thread.read(2, DRAWING, use_lexicon=False)
    assert [event.version for event in wait_for(thread, 2)[1:]] == [2]


def test_errors_are_events_and_the_thread_continues(thread, recognizer):
    recognizer.may_go_on.set()
    thread.load_lexicon(Path("bad"))
    thread.load_lexicon(Path("good"))
    thread.read(1, Drawing(), use_lexicon=True)
    found = wait_for(thread, 4)
    assert [type(event) for event in found] == [ModelLoaded, Failed, LexiconLoaded, Failed]
    assert found[2].size == 3
    assert found[3].version == 1
    thread.read(2, DRAWING, use_lexicon=True)
    assert isinstance(wait_for(thread, 1)[0], DrawingRead)


def test_a_model_that_cannot_be_loaded_is_a_fatal_error():
    def fail():
        raise DataError("no such model")

    thread = ReaderThread(fail)
    thread.start()
    (failed,) = wait_for(thread, 1)
    assert failed.fatal
    thread.stop()


def test_a_thread_that_was_not_started_can_be_stopped():
    ReaderThread(Recognizer).stop()
