"""``ensemble-hwr adapt`` and ``ensemble-hwr sheet``."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr import generate_letters
from ensemble_hwr.adaptation.profiles import Profile
from ensemble_hwr.cli import main
from ensemble_hwr.persistence import read_manifest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Letters of one writer, a subfolder for each letter."""
    root = tmp_path_factory.mktemp("writer") / "my-letters"
    letters = generate_letters(26 * 3, writers=1, difficulty=2.0, random_state=10, format="pictures")
    for place, (picture, label) in enumerate(zip(letters.data, letters.target, strict=True)):
        (root / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / label / f"{place}.png")
    return root


@pytest.fixture(scope="module")
def printed(folder):
    """What the command prints; the model is my.model next to the folder."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["adapt", "az", str(folder), "-o", str(folder.parent / "mine.model")]) == 0
    return printed.getvalue()


@pytest.fixture(scope="module")
def mine(folder, printed):
    return folder.parent / "mine.model"


def test_the_manifest_holds_base_samples_and_gain(mine):
    record = read_manifest(mine)["metadata"]["adaptation"]
    assert record["base"] == "az"
    assert set(record["samples_per_class"].values()) == {3}
    assert record["gain"]["n_samples"] == 78
    assert record["gain"]["low"] <= record["gain"]["difference"] <= record["gain"]["high"]


def test_the_gain_is_printed(printed):
    assert "adapted az by 78 letters: A 3, B 3" in printed
    assert "estimated gain: " in printed
    assert "held-out letters" in printed


def test_an_adapted_model_is_used_like_any_other(mine, folder, capsys):
    picture = str(next((folder / "A").iterdir()))
    assert main(["letters", "-m", str(mine), picture, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "A"


def test_a_picture_that_cannot_be_read_is_reported(folder, tmp_path, capsys):
    mixed = tmp_path / "letters"
    for label in "AB":
        (mixed / label).mkdir(parents=True)
        source = next((folder / label).iterdir())
        (mixed / label / "one.png").write_bytes(source.read_bytes())
    Image.fromarray(np.full((30, 30), 255, np.uint8)).save(mixed / "A" / "blank.png")
    assert main(["adapt", "az", str(mixed), "-o", str(tmp_path / "mine.model")]) == 1
    captured = capsys.readouterr()
    assert "adapted az by 2 letters: A 1, B 1" in captured.out
    assert "no significant gain yet" in captured.out
    assert "blank.png" in captured.err


def test_labels_that_the_model_does_not_know_need_an_option(folder, tmp_path, capsys):
    signs = tmp_path / "signs"
    for label, letter in (("A", "A"), ("at", "B")):
        (signs / label).mkdir(parents=True)
        (signs / label / "one.png").write_bytes(next((folder / letter).iterdir()).read_bytes())
    output = str(tmp_path / "mine.model")
    assert main(["adapt", "az", str(signs), "-o", output]) == 1
    assert "does not know the labels 'at'" in capsys.readouterr().err
    assert main(["adapt", "az", str(signs), "-o", output, "--new-classes"]) == 0


def test_a_sheet_is_written_and_an_empty_one_is_refused(tmp_path, capsys):
    sheet = tmp_path / "sheet.png"
    assert main(["sheet", "-o", str(sheet)]) == 0
    assert "26 characters, 3 cells for each" in capsys.readouterr().out
    assert main(["adapt", "az", str(sheet), "-o", str(tmp_path / "mine.model")]) == 1
    assert "there are no letters to adapt to" in capsys.readouterr().err
    assert not (tmp_path / "mine.model").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--letters", ""], 2, "has no characters, or spaces among them"),
        (["--letters", "A B"], 2, "has no characters, or spaces among them"),
        (["--letters", "ABA"], 2, "'ABA' has 'A' more than once; give each character once"),
        (["-m", "non-letter"], 1, "non-letter: its classes are no characters (letter, non_letter)"),
        (["-o", "sheet.txt"], 1, "unknown file extension: .txt; give a file that ends with .pdf or .png"),
    ],
)
def test_sheets_that_cannot_be_made_are_clear_errors(arguments, code, message, tmp_path, capsys):
    arguments = [str(tmp_path / name) if name == "sheet.txt" else name for name in arguments]
    assert main(["sheet", "-o", str(tmp_path / "sheet.png"), *arguments]) == code
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_missing_data_is_an_error(tmp_path, capsys):
    assert main(["adapt", "az", str(tmp_path / "nothing"), "-o", str(tmp_path / "mine.model")]) == 1
    assert "there is no such file or folder" in capsys.readouterr().err


def test_profiles_are_listed_exported_and_deleted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, appauthor: tmp_path / name)
    letters = generate_letters(4, letters="AB", writers=1, random_state=0)
    Profile("Anna").add(letters.to_rows(), letters.target)
    assert main(["profiles"]) == 0
    assert capsys.readouterr().out == "Anna\t4 letters\n"
    exported = tmp_path / "anna.npz"
    assert main(["profiles", "--export", "Anna", "-o", str(exported), "--delete", "Anna"]) == 0
    assert not Profile("Anna").file.exists()
    assert main(["adapt", "az", str(exported), "-o", str(tmp_path / "mine.model")]) == 0
    assert "A 2, B 2" in capsys.readouterr().out
    assert main(["profiles", "--delete", "Anna"]) == 1
    assert "there is no profile 'Anna'; the profiles are: none" in capsys.readouterr().err
    assert main(["profiles", "--export", "Anna"]) == 2
