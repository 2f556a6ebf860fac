import json
import os
import subprocess

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from ensemble_hwr import LetterNormalizer, compose_words, generate_letters, save_model
from ensemble_hwr.cli import main

TEXTS = ["TOO", "TEN", "NOT"]


@pytest.fixture(scope="module")
def reading_model(tmp_path_factory):
    letters = generate_letters(300, letters="ENOT", writers=10, random_state=0)
    classifier = LogisticRegression().fit(letters.to_rows(), letters.target)
    whole = Pipeline([("normalize", LetterNormalizer()), ("classify", classifier)])
    return save_model(whole, tmp_path_factory.mktemp("model") / "enot.model")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    letters = generate_letters(40, letters="ENOT", writers=4, random_state=1)
    folder = tmp_path_factory.mktemp("words")
    paths = []
    for text, word in zip(TEXTS, compose_words(letters, TEXTS, gap=0.3, random_state=0), strict=True):
        paths.append(folder / f"{text}.png")
        Image.fromarray(word.picture).save(paths[-1])
    return paths


def read(model, *arguments):
    return main(["read", *map(str, arguments), "-m", str(model)])


@pytest.fixture
def lexicon(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("too\nten\nnot\nnone\n", encoding="utf-8")
    return file


def test_texts_are_printed_and_nothing_else(reading_model, pictures, lexicon, capsys):
    assert read(reading_model, *pictures, "--lexicon", lexicon) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == TEXTS
    assert printed.err == ""


def test_a_word_list_may_tell_how_common_its_words_are(reading_model, pictures, lexicon, capsys):
    for count, text in ((1, "TOO"), (10**9, "NOO")):
        lexicon.write_text(f"too 1\nnoo\t{count}\n", encoding="utf-8")
        assert read(reading_model, pictures[0], "--lexicon", lexicon) == 0
        assert capsys.readouterr().out == f"{text}\n"


def test_words_that_the_model_cannot_spell_are_told(reading_model, pictures, lexicon, capsys):
    lexicon.write_text("too\nten\nnot\n12\nzoo\n", encoding="utf-8")
    assert read(reading_model, *pictures, "--lexicon", lexicon) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == TEXTS
    (line,) = printed.err.splitlines()
    assert line.startswith(f"warning: 2 of 5 words of {lexicon} are left out, such as '12': they cannot be spelled with")


def test_nothing_is_imported_that_reading_does_not_need(pictures, ensemble_hwr_command):
    (python, _, _), environment = ensemble_hwr_command
    code = (
        "import sys; from ensemble_hwr.cli import main; main(['read', sys.argv[1]]); "
        "sys.exit(str({'pydantic', 'optuna', 'ensemble_hwr.config', 'ensemble_hwr.datasets'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [python, "-c", code, pictures[0]], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == "set()\n"


def test_json_tells_letters_and_boxes(reading_model, pictures, lexicon, capsys):
    assert read(reading_model, *pictures, "--json", "--lexicon", lexicon) == 0
    for path, text, line in zip(pictures, TEXTS, capsys.readouterr().out.splitlines(), strict=True):
        told = json.loads(line)
        assert list(told) == ["path", "text", "confidence", "letters"]
        assert (told["path"], told["text"]) == (str(path), text)
        assert 0 <= told["confidence"] <= 1
        assert "".join(letter["letter"] for letter in told["letters"]) == text
        for letter in told["letters"]:
            assert list(letter) == ["letter", "probability", "box"]
            left, top, right, bottom = letter["box"]
            assert 0 <= left < right
            assert 0 <= top < bottom


def test_a_page(reading_model, lexicon, tmp_path, capsys):
    letters = generate_letters(40, letters="ENOT", writers=4, random_state=1)
    (page,) = compose_words(letters, ["NOT TEN\nTOO"], gap=0.25, random_state=0)
    Image.fromarray(page.picture).save(tmp_path / "page.png")
    assert read(reading_model, tmp_path / "page.png", "--page", "--lexicon", lexicon) == 0
    assert capsys.readouterr().out == "NOT TEN\nTOO\n"
    assert read(reading_model, tmp_path / "page.png", "--page", "--json", "--lexicon", lexicon) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["path"] == str(tmp_path / "page.png")
    assert [len(line["words"]) for line in told["lines"]] == [2, 1]


def test_a_bad_picture_is_one_line_and_the_others_are_read(reading_model, pictures, lexicon, tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    Image.fromarray(np.full((30, 30), 255, np.uint8)).save(tmp_path / "blank.png")
    arguments = [tmp_path / "broken.png", pictures[0], tmp_path / "none.png", tmp_path / "blank.png", pictures[1]]
    assert read(reading_model, *arguments, "--lexicon", lexicon) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines() == TEXTS[:2]
    lines = printed.err.splitlines()
    assert len(lines) == 3
    for line, name in zip(lines, ("broken.png", "none.png", "blank.png"), strict=True):
        assert line.startswith("error: ")
        assert name in line


def test_pictures_with_boxes_show_the_letters(reading_model, pictures, tmp_path):
    assert read(reading_model, pictures[0].parent, "--debug", tmp_path / "new" / "seen") == 0
    written = sorted((tmp_path / "new" / "seen").iterdir())
    assert [file.name for file in written] == ["0001-NOT.png", "0002-TEN.png", "0003-TOO.png"]
    for file in written:
        with Image.open(file) as image:
            assert np.ptp(np.array(image.convert("RGB")).astype(int), axis=2).max() > 50


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc to be unable to write to")
def test_a_folder_for_pictures_that_takes_none_is_told_before_anything_is_read(capsys):
    assert main(["read", "none.png", "-m", "no such model", "--debug", "/proc/seen"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: /proc/seen: cannot be written to (")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file"),
        (b"", "got none"),
        (b"\xff\xfe", "UTF-8"),
        (b"123", "no word"),
        (b"not 5\nten", "line 2 has none: 'ten'"),
    ],
)
def test_a_bad_lexicon_is_one_line(reading_model, pictures, tmp_path, capsys, content, problem):  # noqa: PLR0917
    if content is not None:
        (tmp_path / "words.txt").write_bytes(content)
    assert read(reading_model, pictures[0], "--lexicon", tmp_path / "words.txt") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert problem in line
    assert str(tmp_path / "words.txt") in line


def test_wrong_usage(capsys):
    assert main(["read"]) == 2
    assert main(["read", "a.png", "-m", "no such model"]) == 1
    assert "no such model" in capsys.readouterr().err
