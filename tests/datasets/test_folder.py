import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.datasets import load_folder
from ensemble_hwr.exceptions import DataError


@pytest.fixture
def root(tmp_path):
    for letter, names in {"B": ["2.png", "10.JPG"], "A": ["x.bmp"]}.items():
        (tmp_path / letter).mkdir()
        for name in names:
            Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / letter / name)
    return tmp_path


def test_labels_are_folder_names_and_order_is_fixed(root):
    letters = load_folder(root)
    assert letters.target.tolist() == ["A", "B", "B"]
    assert letters.data.tolist() == [str(root / name) for name in ("A/x.bmp", "B/10.JPG", "B/2.png")]
    assert letters.name == root.name


def test_only_the_labels_asked_for(root):
    assert load_folder(root, labels="B").counts() == {"B": 2}


def test_hidden_files_and_files_beside_the_folders_are_left_out(root):
    (root / "A" / ".DS_Store").write_text("")
    (root / "A" / "Thumbs.db").write_text("")
    (root / ".cache").mkdir()
    (root / "README.md").write_text("")
    assert len(load_folder(root)) == 3


def test_what_is_not_a_picture_is_named(root):
    (root / "A" / "notes.txt").write_text("")
    with pytest.raises(DataError, match=r"A.notes\.txt.*\.png"):
        load_folder(root)


def test_a_folder_too_deep_is_named(root):
    (root / "A" / "more").mkdir()
    with pytest.raises(DataError, match="more: not a picture"):
        load_folder(root)


def test_an_empty_letter_is_named(root):
    (root / "C").mkdir()
    with pytest.raises(DataError, match="C: no pictures"):
        load_folder(root)


def test_missing_empty_and_mistaken_roots(root, tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        load_folder(root / "nowhere")
    with pytest.raises(DataError, match="is a file"):
        load_folder(root / "A" / "x.bmp")
    with pytest.raises(DataError, match="Q: no such folder"):
        load_folder(root, labels="AQ")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no folder in it"):
        load_folder(tmp_path / "empty")


def test_a_folder_that_cannot_be_listed(root, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("ensemble_hwr.datasets._folder.os.scandir", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        load_folder(root)
