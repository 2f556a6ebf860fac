import os
from contextlib import nullcontext

import pytest

from ensemble_hwr.cli._experiment import check_folder, read_rows
from ensemble_hwr.config import load_config
from ensemble_hwr.exceptions import DataError


class Told:
    """Steps that note what was shown."""

    def __init__(self):
        self.names, self.done = [], []

    def step(self, name, total=None):
        self.names.append((name, total))
        return nullcontext(lambda done, last="": self.done.append(done))


def test_letters_come_with_their_rows_and_the_way_there_is_shown(few):
    steps = Told()
    letters, rows = read_rows(load_config(few / "few.toml"), steps, data=None, jobs=1)
    assert rows.shape == (len(letters), 784) == (120, 784)
    assert rows.max() <= 1
    assert steps.names == [("reading letters", None), ("normalising", 120)]
    assert steps.done == sorted(steps.done)
    assert steps.done[-1] == 120


def test_generated_letters_are_written_not_read(few):
    steps = Told()
    config = load_config(
        few / "few.toml", ["data={ form = 'generated', n = 40 }", "split={ kind = 'random', by = 'writer' }"]
    )
    assert len(read_rows(config, steps, data=None, jobs=1)[0]) == 40
    assert steps.names[0] == ("writing letters", None)


@pytest.mark.parametrize("place", ["a file", "a file/deeper"])
def test_a_place_that_cannot_be_a_folder_is_refused(tmp_path, place):
    (tmp_path / "a file").write_text("x")
    with pytest.raises(DataError, match=r"cannot be a folder, .*a file is a file"):
        check_folder(tmp_path / place)


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(DataError, match="cannot be written to"):
        check_folder(tmp_path)


def test_a_folder_that_can_be_made_is_not_made_yet(tmp_path, monkeypatch):
    check_folder(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path)
    check_folder(type(tmp_path)("c"))
    assert os.listdir(tmp_path) == []
