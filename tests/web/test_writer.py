"""Profile of a writer in a reading process: letters are kept, the model is adapted to them, all is deleted."""

import base64
import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr import compose_words, generate_letters
from ensemble_hwr.adaptation.profiles import Profile
from ensemble_hwr.exceptions import ConfigError, DataError, EnsembleHwrError
from ensemble_hwr.web._messages import Explain, KeepLetters, KeepWord, ManageProfile, Options, ReadStrokes
from ensemble_hwr.web._tasks import Recognition
from ensemble_hwr.web.settings import ServerSettings

TEE = (((40, 0), (40, 90)), ((0, 0), (80, 0)))
ELL = (((240, 0), (240, 90), (290, 90)),)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A reading process's models, and the folder of its profile."""
    folder = tmp_path_factory.mktemp("profiles")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ensemble_hwr.adaptation.profiles.profiles_folder", lambda: folder)
        yield Recognition(ServerSettings(profile="Anna")), folder


@pytest.fixture
def writer(shared):
    recognition, _ = shared
    recognition.perform(ManageProfile("delete"))
    if recognition._writer._thread is not None:
        recognition._writer._thread.join(20)
    return recognition


@pytest.fixture
def folder(writer, shared):
    return shared[1]


@pytest.fixture
def letters_of_two(writer):
    """Two letters, of which the first is labelled in another way than it is read."""
    return KeepLetters(((letter(writer, TEE)[1], "Y"), (letter(writer, ELL)[1], "L")))


def done(recognition, task):
    return json.loads(recognition.perform(task).body)


def adapted(recognition):
    """Wait for the thread, and return the state of the profile."""
    while (state := done(recognition, ManageProfile()))["state"] == "adapting":
        recognition._writer._thread.join(20)
    return state


def letter(recognition, strokes):
    """Read strokes; return the letter and its pixels."""
    (page,) = done(recognition, ReadStrokes(strokes, options=Options(details=True)))["results"]
    (found,) = page["lines"][0]["words"][0]["letters"]
    return found["letter"], base64.b64decode(found["pixels"])


def test_a_corrected_letter_is_read_as_it_was_corrected(writer, folder, letters_of_two):
    read, tee = letter(writer, TEE)
    assert read == "T"
    state = done(writer, letters_of_two)
    assert (state["kept"], state["counts"], state["state"]) == (2, {"L": 1, "Y": 1}, "adapting")
    assert Profile("Anna", folder).letters()[1].tolist() == ["Y", "L"]
    state = adapted(writer)
    assert state["state"] == "adapted"
    assert state["summary"] == "no significant gain yet: it is estimated from two samples of a class on"
    assert letter(writer, TEE)[0] == "Y"
    explained = done(writer, Explain(tee, is_pixels=True))
    assert explained["steps"][-1]["member"] == "writer"
    assert explained["steps"][-1]["letters"] == "LY"
    assert explained["result"][0]["letter"] == "Y"


def test_a_deleted_profile_leaves_nothing(writer, folder, letters_of_two):
    writer.perform(letters_of_two)
    adapted(writer)
    assert letter(writer, TEE)[0] == "Y"
    state = done(writer, ManageProfile("delete"))
    assert (state["letters"], state["state"], state["gain"]) == (0, "empty", None)
    assert list(folder.iterdir()) == []
    assert letter(writer, TEE)[0] == "T"
    with pytest.raises(DataError, match="the profile 'Anna' has no letters yet"):
        writer.perform(ManageProfile("export"))


def test_a_profile_that_is_deleted_while_the_model_is_adapted_has_no_effect(writer, letters_of_two):
    writer.perform(letters_of_two)
    thread = writer._writer._thread
    writer.perform(ManageProfile("delete"))
    thread.join(20)
    assert letter(writer, TEE)[0] == "T"
    assert adapted(writer)["state"] == "empty"


def test_the_gain_is_estimated(writer, folder):
    letters = generate_letters(26 * 4, writers=1, difficulty=2.0, random_state=10)
    Profile("Anna", folder).add(letters.to_rows(), letters.target)
    writer.follow_profile()
    state = adapted(writer)
    assert state["letters"] == state["gain"]["n_samples"] == 104
    assert state["gain"]["significant"]
    assert state["summary"].endswith("points less (95 % interval {low:.1f} to {high:.1f})".format(
        low=100 * state["gain"]["low"], high=100 * state["gain"]["high"]))  # fmt: skip
    with np.load(folder / "Anna.npz") as content:
        assert len(content["target"]) == 104
    assert writer.perform(ManageProfile("export")).body == (folder / "Anna.npz").read_bytes()


def test_letters_of_another_program_are_adapted_to(writer, folder, letters_of_two):
    rows = np.stack([np.frombuffer(pixels, np.uint8) for pixels, _ in letters_of_two.letters]) / np.float32(255)
    Profile("Anna", folder).add(rows, ["Y", "L"])
    assert letter(writer, TEE)[0] == "T"  # it adapts in the background
    adapted(writer)
    assert letter(writer, TEE)[0] == "Y"


def test_a_profile_that_is_damaged_later_stops_no_reading(writer, folder):
    assert done(writer, KeepWord("T", TEE))["counts"] == {"T": 1}
    (folder / "Anna.npz").write_bytes(b"nothing")
    assert letter(writer, TEE)[0] == "T"
    with pytest.raises(DataError, match=r"Anna.npz: cannot be read: .*; delete the profile or restore the file"):
        writer.perform(ManageProfile())
    done(writer, ManageProfile("delete"))
    assert adapted(writer)["state"] == "empty"


def test_a_profile_that_cannot_be_read_is_an_error_at_the_start(folder):
    (folder / "Anna.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read"):
        Recognition(ServerSettings(profile="Anna"))


def test_words_in_pictures_are_aligned_with_their_text(writer):
    letters = generate_letters(26 * 8, writers=1, difficulty=1.0, random_state=11)
    (word,) = compose_words(letters, ["QUICK"], gap=0.2, height=60, random_state=0)
    stream = BytesIO()
    Image.fromarray(word.picture).save(stream, "PNG")
    assert done(writer, KeepWord("quick", stream.getvalue()))["counts"] == dict.fromkeys("CIKQU", 1)
    with pytest.raises(DataError, match=r"'QUICKEST' (has more letters than the word has pieces|does not fit)"):
        writer.perform(KeepWord("QUICKEST", stream.getvalue()))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (KeepLetters(((bytes(784), "é"),)), "letter: 'é' cannot be read; the letters of the model are 'ABC"),
        (KeepWord("TL", TEE), "'TL' "),
        (KeepWord("T1", TEE), "'T1' cannot be spelled"),
        (KeepWord("T", b"no picture"), "picture"),
    ],
    ids=["letter", "too long", "digit", "picture"],
)
def test_what_cannot_be_kept(writer, folder, task, message):
    with pytest.raises(EnsembleHwrError, match=message):
        writer.perform(task)
    assert list(folder.iterdir()) == []


def test_a_restricted_model_is_adapted(writer, folder, letters_of_two):
    restricted = Recognition(ServerSettings(profile="Anna", alphabet="F-Y"))
    assert restricted.describe()["letters"] == "FGHIJKLMNOPQRSTUVWXY"
    restricted.perform(letters_of_two)
    adapted(restricted)
    assert letter(restricted, TEE)[0] == "Y"
    with pytest.raises(DataError, match="letter: 'A' cannot be read"):
        restricted.perform(KeepLetters(((bytes(784), "A"),)))


def test_one_process_adapts():
    assert ServerSettings(profile="Anna").n_workers == 1
    with pytest.raises(ConfigError, match="a profile needs one process, got 2 workers; leave --workers out"):
        ServerSettings(profile="Anna", workers=2).checked()


def test_without_a_profile_nothing_can_be_kept(folder):
    with pytest.raises(DataError, match="there is no profile; start the server with --profile NAME"):
        Recognition(ServerSettings()).perform(KeepWord("T", TEE))
    assert list(folder.iterdir()) == []
