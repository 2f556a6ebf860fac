import os
from pathlib import Path

import pytest

from ensemble_hwr.datasets import find_pictures
from ensemble_hwr.exceptions import DataError


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b.png",
        "a.JPG",
        "z/2.tiff",
        "z/1.gif",
        "c/d/x.webp",
        "notes.txt",
        ".hidden.png",
        ".git/y.png",
        "._a.jpg",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"...")
    return tmp_path


def test_pictures_come_folder_by_folder_in_order_of_their_names(folder):
    found = [Path(path).relative_to(folder).as_posix() for path in find_pictures(folder)]
    assert found == ["a.JPG", "b.png", "c/d/x.webp", "z/1.gif", "z/2.tiff"]


def test_paths_begin_as_the_folder_was_given(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert find_pictures("z") == [os.path.join("z", "1.gif"), os.path.join("z", "2.tiff")]


def test_links_in_a_circle_end(folder):
    (folder / "c" / "round").symlink_to(folder, target_is_directory=True)
    assert len(find_pictures(folder)) == 5


@pytest.mark.parametrize(("name", "message"), [("none", "no such folder"), ("b.png", "is a file")])
def test_what_is_no_folder_is_refused(folder, name, message):
    with pytest.raises(DataError, match=message):
        find_pictures(folder / name)


def test_a_folder_that_cannot_be_looked_into_is_named(folder, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        find_pictures(folder)
