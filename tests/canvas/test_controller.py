import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ensemble_hwr.boxes import Box
from ensemble_hwr.canvas._controller import Controller, History
from ensemble_hwr.canvas._drawing import Point
from ensemble_hwr.canvas._reader_thread import DrawingRead, Failed, LexiconLoaded, ModelLoaded
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.reading import Word

LINE = (Point(100, 50, 0), Point(100, 150, 1))


class FakeThread:
    """Test double of a ReaderThread: records requests, and returns the events that a test adds."""

    def __init__(self):
        self.requests, self.lexicons, self.new_events, self.paused = [], [], [ModelLoaded()], False

    def pause(self):
        self.paused = True

    def read(self, version, drawing, *, use_lexicon):
        self.paused = False
        self.requests.append((version, drawing, use_lexicon))

    def load_lexicon(self, file):
        self.lexicons.append(file)

    def events(self):
        found, self.new_events = self.new_events, []
        return found

    def answer(self, text, request=-1):
        word = Word(Box(0, 0, 9, 9), (), text, 0.9, (("HO", 0.08),))
        self.new_events.append(DrawingRead(self.requests[request][0], word))


@pytest.fixture
def thread():
    return FakeThread()


@pytest.fixture
def canvas(thread):
    times = iter(range(1000))
    return Controller(thread, clock=lambda: float(next(times)))


def write(canvas, x=0):
    canvas.press(x, 0)
    canvas.move(x, 50)
    canvas.move(x, 100)
    canvas.lift()


def test_a_word_is_read_when_the_pen_is_lifted(canvas, thread):
    canvas.press(0, 0)
    canvas.move(5, 9)
    assert thread.paused
    assert not thread.requests
    canvas.lift()
    assert not thread.paused
    assert thread.requests[0][1] is canvas.drawing
    assert canvas.busy
    thread.answer("HI")
    assert canvas.poll()
    assert (canvas.title, canvas.status) == ("HI - ensemble_hwr", "Confidence 90%; alternatives: HO 8%")
    assert not canvas.poll()


def test_points_have_times_and_near_points_are_dropped(canvas):
    canvas.press(3, 4)
    assert not canvas.move(3.4, 4.2)
    assert canvas.move(9, 9)
    canvas.lift()
    (stroke,) = canvas.drawing.strokes
    assert [point[:2] for point in stroke] == [(3, 4), (9, 9)]
    assert 0 <= stroke[0].t < stroke[1].t
    assert not canvas.move(50, 50)  # the pen is up
    canvas.lift()
    assert len(canvas.drawing.strokes) == 1


def test_an_outdated_reading_is_not_shown(canvas, thread):
    write(canvas)
    write(canvas, 50)
    thread.answer("I", request=0)
    canvas.poll()
    assert canvas.busy
    assert canvas.title == "ensemble_hwr"
    thread.answer("II")
    canvas.poll()
    assert canvas.word.text == "II"


def test_clear_undo_and_redo(canvas, thread):
    write(canvas)
    write(canvas, 50)
    canvas.undo()
    assert len(canvas.drawing.strokes) == 1
    canvas.redo()
    assert len(canvas.drawing.strokes) == 2
    canvas.clear()
    assert not canvas.drawing
    assert canvas.word is None
    assert not canvas.busy
    canvas.undo()
    assert len(canvas.drawing.strokes) == 2
    assert thread.requests[-1][1] is canvas.drawing


def test_new_strokes_start_after_loaded_strokes(canvas, thread, tmp_path):
    write(canvas)
    thread.answer("I")
    canvas.poll()
    assert canvas.save(tmp_path / "word")
    assert canvas.status == "Saved word.json and word.png"
    assert json.loads((tmp_path / "word.json").read_text())["text"] == "I"
    again = Controller(thread)
    assert again.open(tmp_path / "word.json")
    assert len(again.drawing.strokes) == 1
    assert again.file == tmp_path / "word.json"
    write(again, 50)
    first, second = again.drawing.strokes
    assert second[0].t == pytest.approx(first[-1].t + 1, abs=0.01)


def test_an_outdated_text_is_not_saved(canvas, thread, tmp_path):
    write(canvas)
    thread.answer("I")
    canvas.poll()
    write(canvas, 50)
    canvas.save(tmp_path / "word")
    assert json.loads((tmp_path / "word.json").read_text())["text"] == ""


def test_a_picture_is_read_and_not_overwritten(canvas, thread, tmp_path):
    file = tmp_path / "photo.png"
    page = Image.new("L", (90, 60), 255)
    page.paste(0, (40, 10, 45, 50))
    page.save(file)
    before = file.read_bytes()
    assert canvas.open(file)
    assert thread.requests[-1][1].picture is not None
    assert canvas.file is None
    assert not canvas.save(tmp_path / "photo")
    assert "choose another name" in canvas.status
    assert file.read_bytes() == before


def test_errors_of_opening_and_saving_are_shown_and_the_drawing_is_kept(canvas, tmp_path):
    write(canvas)
    assert not canvas.open(tmp_path / "no.json")
    assert "cannot be read" in canvas.status
    assert not canvas.save(tmp_path / "no folder" / "word")
    assert "cannot be written" in canvas.status
    assert canvas.drawing
    canvas.clear()
    assert not canvas.save(tmp_path / "word")
    assert "nothing to save" in canvas.status


def test_begin_opens_a_file_or_remembers_its_path(canvas, tmp_path):
    canvas.begin(tmp_path / "new.json")
    assert canvas.file == tmp_path / "new.json"
    with pytest.raises(PictureError):
        canvas.begin(tmp_path / "new.png")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError):
        canvas.begin(tmp_path / "bad.json")


def test_a_lexicon_is_used_as_soon_as_it_is_loaded(canvas, thread):
    write(canvas)
    canvas.load_lexicon(Path("words.txt"))
    assert thread.lexicons == [Path("words.txt")]
    canvas.set_use_lexicon(True)
    assert not canvas.use_lexicon  # it is not loaded yet
    thread.new_events.append(LexiconLoaded(Path("words.txt"), 7))
    canvas.poll()
    assert (canvas.use_lexicon, canvas.lexicon_size) == (True, 7)
    assert thread.requests[-1][2]
    canvas.set_use_lexicon(False)
    assert not thread.requests[-1][2]


def test_begin_raises_if_the_folder_does_not_exist(canvas, tmp_path):
    with pytest.raises(DataError, match=r"new\.json: there is no folder '.*nodir'"):
        canvas.begin(tmp_path / "nodir" / "new.json")
    (tmp_path / "a file").touch()
    with pytest.raises(DataError, match=r"there is no folder '.*a file'"):
        canvas.begin(tmp_path / "a file" / "new.json")
    assert canvas.file is None


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no folder /proc")
def test_begin_raises_if_the_folder_is_not_writable(canvas):
    with pytest.raises(DataError, match=r"/proc: cannot be written to \("):
        canvas.begin(Path("/proc/new.json"))
    assert canvas.file is None


def test_the_error_of_a_lexicon_stays_visible_while_writing(thread):
    now = [0.0]
    canvas = Controller(thread, clock=lambda: now[0])
    thread.new_events.append(Failed(DataError("words.txt: is not UTF-8")))
    canvas.poll()
    for now[0], status in ((1.0, "words.txt: is not UTF-8"), (60.0, "Confidence 90%; alternatives: HO 8%")):
        write(canvas)
        thread.answer("I")
        canvas.poll()
        assert canvas.status == status
    thread.new_events.append(Failed(DataError("words.txt: is not UTF-8")))
    canvas.poll()
    canvas.load_lexicon(Path("other.txt"))
    write(canvas)
    thread.answer("I")
    canvas.poll()
    assert canvas.status == "Confidence 90%; alternatives: HO 8%"


def test_errors_are_shown(canvas, thread):
    write(canvas)
    thread.new_events.append(Failed(PictureError("nothing but specks"), thread.requests[-1][0]))
    canvas.poll()
    assert canvas.status == "nothing but specks"
    assert not canvas.busy
    write(canvas)
    thread.new_events += [Failed(PictureError("old"), 1), Failed(DataError("words.txt: is not UTF-8"))]
    canvas.poll()
    assert canvas.status == "words.txt: is not UTF-8"
    assert canvas.busy
    thread.new_events.append(Failed(ZeroDivisionError("x"), fatal=True))
    canvas.poll()
    assert isinstance(canvas.fatal, ZeroDivisionError)


def test_the_status_shows_what_is_in_progress(canvas):
    assert "the model is loading" in canvas.status
    write(canvas)
    assert canvas.status == "Loading the model ..."
    canvas.poll()
    assert canvas.status == "Reading ..."


@given(st.lists(st.sampled_from(["write", "undo", "redo"])))
def test_undo_and_redo_are_inverse(steps):
    history, written = History(), 0
    for step in steps:
        before = history.now
        if step == "write":
            written += 1
            history.change(history.now.with_stroke(LINE))
            assert not history.redo()
        elif step == "undo" and history.undo():
            history.redo()
            assert history.now is before
            history.undo()
        elif step == "redo" and history.redo():
            history.undo()
            assert history.now is before
            history.redo()
    assert len(history.now.strokes) <= written


def test_undo_of_an_empty_history_does_nothing():
    assert not History().undo()


@pytest.mark.parametrize(("letters", "style"), [("ABC", " in capital letters"), ("Aab", "")])
def test_the_hint_is_to_write_capitals_if_the_model_has_no_small_letters(letters, style):
    thread = FakeThread()
    thread.new_events = [ModelLoaded(tuple(letters))]
    controller = Controller(thread)
    assert controller.hint == "Write here, in capital letters"
    controller.poll()
    assert controller.status == f"Write a word{style}"
    assert controller.hint == f"Write here{',' if style else ''}{style}"
