import json
from pathlib import Path

import pytest
from PIL import Image

from ensemble_hwr.canvas import Controller, Reading
from ensemble_hwr.canvas._worker import Expecting, Failed, Read, Ready
from ensemble_hwr.exceptions import DataError, PictureError


class Worker:
    """Does nothing until it is told what has happened."""

    def __init__(self):
        self.asked, self.lists, self.happened, self.held = [], [], [Ready()], False

    def hold(self):
        self.held = True

    def read(self, version, drawing, *, expecting):
        self.held = False
        self.asked.append((version, drawing, expecting))

    def expect(self, file):
        self.lists.append(file)

    def events(self):
        found, self.happened = self.happened, []
        return found

    def answer(self, text, asked=-1):
        self.happened.append(Read(self.asked[asked][0], Reading(text, 0.9, (), (("HO", 0.08),))))


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def canvas(worker):
    times = iter(range(1000))
    return Controller(worker, clock=lambda: float(next(times)))


def write(canvas, x=0):
    canvas.press(x, 0)
    canvas.move(x, 50)
    canvas.move(x, 100)
    canvas.lift()


def test_a_word_is_read_as_the_pen_is_lifted(canvas, worker):
    canvas.press(0, 0)
    canvas.move(5, 9)
    assert worker.held
    assert not worker.asked
    canvas.lift()
    assert not worker.held
    assert worker.asked[0][1] is canvas.drawing
    assert canvas.busy
    worker.answer("HI")
    assert canvas.poll()
    assert (canvas.title, canvas.status) == ("HI - ensemble_hwr", "90% sure; else HO")
    assert not canvas.poll()


def test_points_have_their_times_and_those_that_hardly_moved_are_left_out(canvas):
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


def test_an_answer_that_comes_late_is_not_shown(canvas, worker):
    write(canvas)
    write(canvas, 50)
    worker.answer("I", asked=0)
    canvas.poll()
    assert canvas.busy
    assert canvas.title == "ensemble_hwr"
    worker.answer("II")
    canvas.poll()
    assert canvas.reading.text == "II"


def test_clear_undo_and_redo(canvas, worker):
    write(canvas)
    write(canvas, 50)
    canvas.undo()
    assert len(canvas.drawing.strokes) == 1
    canvas.redo()
    assert len(canvas.drawing.strokes) == 2
    canvas.clear()
    assert not canvas.drawing
    assert canvas.reading is None
    assert not canvas.busy
    canvas.undo()
    assert len(canvas.drawing.strokes) == 2
    assert worker.asked[-1][1] is canvas.drawing


def test_saved_strokes_are_loaded_and_go_on_later(canvas, worker, tmp_path):
    write(canvas)
    worker.answer("I")
    canvas.poll()
    assert canvas.save(tmp_path / "word")
    assert canvas.status == "saved word.json and word.png"
    assert json.loads((tmp_path / "word.json").read_text())["text"] == "I"
    again = Controller(worker)
    assert again.open(tmp_path / "word.json")
    assert len(again.drawing.strokes) == 1
    assert again.file == tmp_path / "word.json"
    write(again, 50)
    first, second = again.drawing.strokes
    assert second[0].t == pytest.approx(first[-1].t + 1, abs=0.01)


def test_text_that_is_out_of_date_is_not_saved(canvas, worker, tmp_path):
    write(canvas)
    worker.answer("I")
    canvas.poll()
    write(canvas, 50)
    canvas.save(tmp_path / "word")
    assert json.loads((tmp_path / "word.json").read_text())["text"] == ""


def test_a_picture_is_read_and_never_written_over(canvas, worker, tmp_path):
    file = tmp_path / "photo.png"
    page = Image.new("L", (90, 60), 255)
    page.paste(0, (40, 10, 45, 50))
    page.save(file)
    before = file.read_bytes()
    assert canvas.open(file)
    assert worker.asked[-1][1].picture is not None
    assert canvas.file is None
    assert not canvas.save(tmp_path / "photo")
    assert "choose another name" in canvas.status
    assert file.read_bytes() == before


def test_what_cannot_be_opened_or_saved_is_told_and_nothing_is_lost(canvas, tmp_path):
    write(canvas)
    assert not canvas.open(tmp_path / "no.json")
    assert "cannot be read" in canvas.status
    assert not canvas.save(tmp_path / "no folder" / "word")
    assert "cannot be written" in canvas.status
    assert canvas.drawing
    canvas.clear()
    assert not canvas.save(tmp_path / "word")
    assert "nothing to save" in canvas.status


def test_a_canvas_begins_with_a_file_or_with_where_it_will_be(canvas, tmp_path):
    canvas.begin(tmp_path / "new.json")
    assert canvas.file == tmp_path / "new.json"
    with pytest.raises(PictureError):
        canvas.begin(tmp_path / "new.png")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DataError):
        canvas.begin(tmp_path / "bad.json")


def test_a_word_list_is_used_as_soon_as_it_is_there(canvas, worker):
    write(canvas)
    canvas.use_words(Path("words.txt"))
    assert worker.lists == [Path("words.txt")]
    canvas.expect(True)
    assert not canvas.expecting  # it is not there yet
    worker.happened.append(Expecting(Path("words.txt"), 7))
    canvas.poll()
    assert (canvas.expecting, canvas.words) == (True, 7)
    assert worker.asked[-1][2]
    canvas.expect(False)
    assert not worker.asked[-1][2]


def test_a_canvas_does_not_begin_where_its_strokes_could_never_be_saved(canvas, tmp_path):
    with pytest.raises(DataError, match=r"new\.json: there is no folder '.*nodir'"):
        canvas.begin(tmp_path / "nodir" / "new.json")
    (tmp_path / "a file").touch()
    with pytest.raises(DataError, match=r"there is no folder '.*a file'"):
        canvas.begin(tmp_path / "a file" / "new.json")
    assert canvas.file is None


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc to be unable to write to")
def test_a_canvas_does_not_begin_in_a_folder_that_takes_no_files(canvas):
    with pytest.raises(DataError, match=r"/proc: cannot be written to \("):
        canvas.begin(Path("/proc/new.json"))
    assert canvas.file is None


def test_what_is_wrong_with_a_word_list_can_be_read_while_one_writes(worker):
    now = [0.0]
    canvas = Controller(worker, clock=lambda: now[0])
    worker.happened.append(Failed(DataError("words.txt: is not UTF-8")))
    canvas.poll()
    for now[0], told in ((1.0, "words.txt: is not UTF-8"), (60.0, "90% sure; else HO")):
        write(canvas)
        worker.answer("I")
        canvas.poll()
        assert canvas.status == told
    worker.happened.append(Failed(DataError("words.txt: is not UTF-8")))
    canvas.poll()
    canvas.use_words(Path("other.txt"))
    write(canvas)
    worker.answer("I")
    canvas.poll()
    assert canvas.status == "90% sure; else HO"


def test_failures_are_told(canvas, worker):
    write(canvas)
    worker.happened.append(Failed(PictureError("nothing but specks"), worker.asked[-1][0]))
    canvas.poll()
    assert canvas.status == "nothing but specks"
    assert not canvas.busy
    write(canvas)
    worker.happened += [Failed(PictureError("old"), 1), Failed(DataError("words.txt: is not UTF-8"))]
    canvas.poll()
    assert canvas.status == "words.txt: is not UTF-8"
    assert canvas.busy
    worker.happened.append(Failed(ZeroDivisionError("x"), fatal=True))
    canvas.poll()
    assert isinstance(canvas.fatal, ZeroDivisionError)


def test_the_status_says_what_to_wait_for(canvas):
    assert "model is being loaded" in canvas.status
    write(canvas)
    assert canvas.status == "The model is being loaded ..."
    canvas.poll()
    assert canvas.status == "Reading ..."
