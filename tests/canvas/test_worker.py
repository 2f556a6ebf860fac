import threading
import time
from pathlib import Path

import pytest

from ensemble_hwr.canvas import Drawing, Point, Reading, Worker
from ensemble_hwr.canvas._worker import Expecting, Failed, Read, Ready
from ensemble_hwr.exceptions import DataError

DRAWING = Drawing(((Point(0, 0, 0),),))


class Recognizer:
    def __init__(self):
        self.may_go_on, self.reads = threading.Event(), []

    def expect(self, file):
        if file.name == "bad":
            raise DataError("bad")
        return 3

    def read(self, drawing, *, expecting):
        self.reads.append(drawing)
        assert self.may_go_on.wait(10)
        if not drawing.strokes:
            raise ZeroDivisionError
        return Reading("A", 1.0, ())


@pytest.fixture
def recognizer():
    return Recognizer()


@pytest.fixture
def worker(recognizer):
    worker = Worker(lambda: recognizer)
    worker.start()
    yield worker
    recognizer.may_go_on.set()
    worker.stop()


def wait_for(worker, n):
    found, end = [], time.monotonic() + 10
    while len(found) < n:
        assert time.monotonic() < end
        found += worker.events()
        time.sleep(0.005)
    return found


def test_of_drawings_that_wait_only_the_last_is_read(worker, recognizer):
    worker.read(1, DRAWING, expecting=False)
    while not recognizer.reads:
        time.sleep(0.005)
    worker.read(2, DRAWING, expecting=False)
    worker.read(3, DRAWING, expecting=False)
    recognizer.may_go_on.set()
    ready, first, last = wait_for(worker, 3)
    assert isinstance(ready, Ready)
    assert [first.version, last.version] == [1, 3]


def test_nothing_is_read_while_the_pen_is_down(worker, recognizer):
    recognizer.may_go_on.set()
    worker.read(1, DRAWING, expecting=False)
    worker.hold()
    time.sleep(0.4)
    assert not recognizer.reads
    worker.read(2, DRAWING, expecting=False)
    assert [event.version for event in wait_for(worker, 2)[1:]] == [2]


def test_failures_come_back_and_work_goes_on(worker, recognizer):
    recognizer.may_go_on.set()
    worker.expect(Path("bad"))
    worker.expect(Path("good"))
    worker.read(1, Drawing(), expecting=True)
    found = wait_for(worker, 4)
    assert [type(event) for event in found] == [Ready, Failed, Expecting, Failed]
    assert found[2].words == 3
    assert found[3].version == 1
    worker.read(2, DRAWING, expecting=True)
    assert isinstance(wait_for(worker, 1)[0], Read)


def test_a_model_that_cannot_be_loaded_is_fatal():
    def fail():
        raise DataError("no such model")

    worker = Worker(fail)
    worker.start()
    (failed,) = wait_for(worker, 1)
    assert failed.fatal
    worker.stop()


def test_a_worker_that_never_began_can_be_stopped():
    Worker(Recognizer).stop()
