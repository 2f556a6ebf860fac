"""Corrections in the canvas: the chosen letter is kept in the profile, the model adapted, and the word read again."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from desk import require_window, screen

import ensemble_hwr
from ensemble_hwr import generate_letters
from ensemble_hwr.adaptation import adapted_classifier
from ensemble_hwr.adaptation.profiles import Profile
from ensemble_hwr.boxes import Box
from ensemble_hwr.canvas import Drawing
from ensemble_hwr.canvas._controller import Controller
from ensemble_hwr.canvas._drawing import Point
from ensemble_hwr.canvas._reader_thread import Corrected, DrawingRead, Failed, ModelLoaded, ReaderThread
from ensemble_hwr.canvas.recognizer import Recognizer
from ensemble_hwr.exceptions import DataError
from ensemble_hwr.reading import Letter, Word

ROW = np.zeros(784, np.float32)
WORD = Word(Box(0, 0, 9, 9), (Letter(Box(0, 0, 9, 9), "H", 0.9, (("A", 0.08),), row=ROW),), "H", 0.9)


class FakeThread:
    """Test double of a ReaderThread."""

    def __init__(self):
        self.versions, self.corrections, self.new_events = [], [], [ModelLoaded()]

    def pause(self):
        pass

    def read(self, version, drawing, *, use_lexicon):
        self.versions.append(version)

    def correct(self, row, label):
        self.corrections.append((row, label))

    def events(self):
        found, self.new_events = self.new_events, []
        return found


def canvas_with_a_word(corrects=True):
    thread = FakeThread()
    canvas = Controller(thread, corrects=corrects)
    canvas.press(0, 0)
    canvas.move(0, 50)
    canvas.lift()
    thread.new_events.append(DrawingRead(thread.versions[-1], WORD))
    canvas.poll()
    return canvas, thread


def test_a_correction_is_kept_and_the_word_read_again():
    canvas, thread = canvas_with_a_word()
    canvas.correct(0, "A")
    assert [label for _, label in thread.corrections] == ["A"]
    assert canvas.busy
    assert canvas.status == "H is A: adapting ..."
    thread.new_events.append(Corrected("2 letters kept; no significant gain yet"))
    canvas.poll()
    assert canvas.status == "2 letters kept; no significant gain yet"


@pytest.mark.parametrize("place", [-1, 1])
def test_there_is_nothing_to_correct_where_there_is_no_letter(place):
    canvas, thread = canvas_with_a_word()
    canvas.correct(place, "A")
    assert not thread.corrections


def test_nothing_is_kept_without_a_profile():
    canvas, thread = canvas_with_a_word(corrects=False)
    canvas.correct(0, "A")
    assert not thread.corrections
    with pytest.raises(DataError, match="there is no profile to keep corrections in"):
        Recognizer().correct(ROW, "A")


def test_the_menu_of_a_card_corrects_its_letter():
    require_window()
    with screen() as display:
        command = [sys.executable, Path(__file__).with_name("menu.py")]
        environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(Path(ensemble_hwr.__file__).parents[1])}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "next to the cards": [],
        "entries": ["H", "A", "B", "C", "X", "Y", "Z"],  # as it was read, its alternatives, all others
        "corrections": ["C"],
        "status": "H is C: adapting ...",
        "without a profile": [],
    }


def test_the_thread_corrects_before_it_reads():
    done, order = threading.Event(), []

    class Reader:
        letters = ("A", "B")

        def correct(self, row, label):
            if label == "?":
                raise DataError("bad")
            order.append(label)
            return "kept"

        def read(self, drawing, *, use_lexicon):
            order.append("read")
            done.set()
            return WORD

    thread = ReaderThread(Reader)
    thread.read(1, Drawing.from_arrays([[(0, 0)]]), use_lexicon=False)
    thread.correct(ROW, "A")
    thread.correct(ROW, "?")
    thread.start()
    assert done.wait(10)
    thread.stop()
    assert order == ["A", "read"]
    loaded, corrected, failed, read = thread.events()
    assert isinstance(loaded, ModelLoaded)
    assert corrected == Corrected("kept")
    assert isinstance(failed, Failed)
    assert failed.version is None
    assert isinstance(read, DrawingRead)


def test_the_model_is_adapted_to_the_letters_of_the_profile(tmp_path):
    profile = Profile("Anna", tmp_path)
    letters = generate_letters(26 * 3, writers=1, difficulty=2.0, random_state=10)
    profile.add(letters.to_rows()[:77], letters.target[:77])
    recognizer = Recognizer(profile=profile)
    text = recognizer.correct(letters.to_rows()[77], letters.target[77])
    assert text.startswith("78 letters kept; ")
    assert "held-out letters" in text
    assert sum(adapted_classifier(recognizer._model).samples_per_class_.values()) == 78
    again = Recognizer(profile=Profile("Anna", tmp_path))
    drawing = Drawing(((Point(40, 0, 0), Point(40, 90, 1)), (Point(0, 0, 2), Point(80, 0, 3))))
    assert again.read(drawing).text == recognizer.read(drawing).text


def test_samples_of_one_letter_or_of_unknown_letters_adapt_nothing(tmp_path):
    profile = Profile("Anna", tmp_path)
    rows = generate_letters(3, letters="A", writers=1, random_state=0).to_rows()
    profile.add(rows, ["A", "A", "?"])
    recognizer = Recognizer(profile=profile)
    assert adapted_classifier(recognizer._model) is None
    assert recognizer._adapt() == "2 letters kept; the model is adapted from two different letters on"
