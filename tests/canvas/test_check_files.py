import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ensemble_hwr.canvas._reader_thread import check_files
from ensemble_hwr.exceptions import DataError, ModelError
from ensemble_hwr.persistence import save_model


def test_a_model_with_other_classes_than_letters_raises():
    with pytest.raises(ModelError, match=r"^non-letter: does not read pictures; give a model"):
        check_files("non-letter")
    with pytest.raises(ModelError, match=r"^no-such: there is no such file"):
        check_files("no-such")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, r"words\.txt: cannot be read: No such file"),
        (b"\xff\xfe\x00", r"words\.txt: is not UTF-8"),
        (b"\n \n", r"words\.txt: a lexicon must hold at least one word"),
        ("12\n\u0153uf\n".encode(), r"no word of .*words\.txt can be spelled with"),
    ],
)
def test_a_lexicon_without_a_word_for_the_model_raises(content, problem, tmp_path):
    file = tmp_path / "words.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=problem):
        check_files("az", file)


def test_a_lexicon_with_one_word_for_the_model_is_accepted(tmp_path):
    file = tmp_path / "words.txt"
    file.write_bytes(b"\xef\xbb\xbf\n  tea \n12\n")
    check_files("az", file)


def test_an_invalid_file_name_raises(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        check_files("az", tmp_path / ("long" * 100))


def test_words_are_compared_with_the_letters_of_the_model(tmp_path):
    (tmp_path / "words.txt").write_text("tea\n")
    few = save_model(LogisticRegression().fit(np.eye(2), ["A", "B"]), tmp_path / "few.model")
    with pytest.raises(DataError, match="spelled with 'AB'"):
        check_files(str(few), tmp_path / "words.txt")
    small = save_model(LogisticRegression().fit(np.eye(3), ["t", "e", "a"]), tmp_path / "small.model")
    check_files(str(small), tmp_path / "words.txt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_a_named_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "words")
    check_files("az", tmp_path / "words")


def test_valid_files_are_accepted_without_importing_scikit_learn(tmp_path):
    (tmp_path / "words.txt").write_text("tea\n")
    code = (
        "import sys; from pathlib import Path; from ensemble_hwr.canvas._reader_thread import check_files; "
        "check_files('az', Path(sys.argv[1])); sys.exit('sklearn' in sys.modules)"
    )
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", code, str(tmp_path / "words.txt")]
    assert subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False, timeout=60).returncode == 0
