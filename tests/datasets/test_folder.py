import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.datasets import (
    find_pictures,
    load_folder,
    load_index,
    predefined_split,
    split_by_source,
    walk_pictures,
    writer_groups,
)
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


def test_only_requested_labels_are_loaded(root):
    assert load_folder(root, labels="B").counts() == {"B": 2}


def test_hidden_files_and_files_next_to_the_folders_are_ignored(root):
    (root / "A" / ".DS_Store").write_text("")
    (root / "A" / "Thumbs.db").write_text("")
    (root / ".cache").mkdir()
    (root / "README.md").write_text("")
    assert len(load_folder(root)) == 3


def test_files_other_than_pictures_are_reported(root):
    (root / "A" / "notes.txt").write_text("")
    with pytest.raises(DataError, match=r"A.notes\.txt.*\.png"):
        load_folder(root)


def test_a_nested_folder_is_reported(root):
    (root / "A" / "more").mkdir()
    with pytest.raises(DataError, match="more: not a picture"):
        load_folder(root)


def test_an_empty_class_folder_is_reported(root):
    (root / "C").mkdir()
    with pytest.raises(DataError, match="C: contains no pictures"):
        load_folder(root)


def test_invalid_roots_are_rejected(root, tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        load_folder(root / "nowhere")
    with pytest.raises(DataError, match="is a file"):
        load_folder(root / "A" / "x.bmp")
    with pytest.raises(DataError, match="Q: no such folder"):
        load_folder(root, labels="AQ")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="contains no folder"):
        load_folder(tmp_path / "empty")


def test_a_folder_that_cannot_be_listed(root, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("ensemble_hwr.datasets._folder.os.scandir", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        load_folder(root)


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


def test_pictures_are_sorted_by_folder_and_name(folder):
    found = [Path(path).relative_to(folder).as_posix() for path in find_pictures(folder)]
    assert found == ["a.JPG", "b.png", "c/d/x.webp", "z/1.gif", "z/2.tiff"]


def test_paths_begin_with_the_given_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert find_pictures("z") == [os.path.join("z", "1.gif"), os.path.join("z", "2.tiff")]


def test_many_names_are_sorted_in_parts_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("ensemble_hwr.datasets._folder._MOST_NAMES", 3)
    names = [f"{number:02d}{odd}.png" for number, odd in enumerate(["", "\n", " ", "é", "\udcff", "", "", "", ""])]
    for n_names in (2, 3, 7, 9):
        for name in names[:n_names]:
            (tmp_path / name).touch()
        assert list(walk_pictures(tmp_path)) == [str(tmp_path / name) for name in names[:n_names]]


def test_subfolders_are_searched_if_wanted(folder):
    assert len(list(walk_pictures(folder, recursive=False))) == 2


def test_circular_links_are_not_followed(folder):
    (folder / "c" / "round").symlink_to(folder, target_is_directory=True)
    assert len(find_pictures(folder)) == 5


def test_links_to_themselves_are_files_like_any_others(folder, root):
    for name in ("loop.txt", "c/loop.txt", "c/loop.png"):
        (folder / name).symlink_to(Path(name).name)
    assert [Path(path).name for path in find_pictures(folder / "c")] == ["loop.png", "x.webp"]
    assert not [path for path in find_pictures(folder) if path.endswith(".txt")]
    (root / "A" / "loop.png").symlink_to("loop.png")
    (root / "loop").symlink_to("loop")
    assert load_folder(root, labels="AB").counts() == {"A": 2, "B": 2}
    (root / "A" / "loop.txt").symlink_to("loop.txt")
    with pytest.raises(DataError, match=r"loop\.txt: not a picture"):
        load_folder(root, labels="AB")


@pytest.mark.parametrize(("name", "message"), [("none", "no such folder"), ("b.png", "is a file")])
def test_paths_that_are_not_folders_are_rejected(folder, name, message):
    with pytest.raises(DataError, match=message):
        find_pictures(folder / name)


def test_an_unreadable_folder_is_reported(folder, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        find_pictures(folder)


def test_pictures_of_other_folders_are_listed_if_one_below_is_unreadable(folder, monkeypatch):
    listed = find_pictures(folder)
    hidden = Path(folder, "a", "hidden")
    hidden.mkdir(parents=True)

    def refuse(path, scan=os.scandir):
        if os.fspath(path) == str(hidden):
            raise PermissionError(13, "Permission denied", str(hidden))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    errors = []
    assert find_pictures(folder, on_error=errors.append) == listed
    (error,) = errors
    assert isinstance(error, DataError)
    assert str(error) == f"{hidden}: the pictures in this folder are left out (Permission denied)"
    with pytest.raises(DataError, match="Permission denied"):
        find_pictures(folder)


HEADER = "path,label,source,writer,split,suspect,upside_down\n"
POOLED = ["photo62", "tablet55", "binary20x16", "scan34", "scan30"]


@pytest.fixture
def write(tmp_path):
    for name in ("a.png", "b.png", "sub/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"picture")

    def make(text):
        (tmp_path / "index.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return make


def test_every_column_is_read(write):
    root = write(HEADER + "a.png,A,pen,7,train,0,0\nb.png,B,scan,,test,1,0\nsub/c.png,A,pen,8,,0,1\n")
    letters = load_index(root, drop_upside_down=False)
    assert letters.data.tolist() == [str(root.resolve() / name) for name in ("a.png", "b.png", "sub/c.png")]
    assert letters.target.tolist() == ["A", "B", "A"]
    assert letters.source.tolist() == ["pen", "scan", "pen"]
    assert letters.writer.tolist() == ["7", "", "8"]
    assert letters.split.tolist() == ["train", "test", ""]
    assert letters.suspect.tolist() == [False, True, False]
    assert load_index(root / "index.csv").target.tolist() == ["A", "B"]


def test_sources_are_selected_by_name(write):
    root = write(HEADER + "a.png,A,pen,7,train,0,0\nb.png,B,scan,,test,1,0\n")
    assert load_index(root, sources=["scan"]).target.tolist() == ["B"]
    assert load_index(root, sources="pen").target.tolist() == ["A"]
    with pytest.raises(DataError, match=r"\['pen', 'scan'\].*'ink'"):
        load_index(root, sources=["pen", "ink"])


def test_path_and_label_are_the_only_required_columns(write):
    letters = load_index(write("\ufefflabel,note,path\nÄ,x,a.png\n"))
    assert letters.target.tolist() == ["Ä"]
    assert letters.source is letters.writer is letters.split is letters.suspect is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'path'"),
        ("label\nA\n", "no column 'path'"),
        ("path,label,label\na.png,A,A\n", "repeated column name"),
        ("path,label\n", "lists no letter"),
        ("path,label\na.png,A\nb.png\n", "line 3: 1 values for 2 columns"),
        ("path,label\na.png,\n", "line 2: the label is empty"),
        ("path,label,split\na.png,A,train\na.png,A,test\n", "line 3: .*a.png' is already listed on line 2"),
        ("path,label\na.png,A\nsub/../a.png,B\n", "line 3: .*a.png' is already listed on line 2"),
        ("path,label\n,A\n", "line 2: '' is not a path"),
        ("path,label\nz.png,A\n", "line 2: 'z.png': no such picture"),
        ("path,label\nsub,A\n", "line 2: 'sub': no such picture"),
        ("path,label,split\na.png,A,valid\n", "line 2: split.*'valid'"),
        ("path,label,suspect\na.png,A,yes\n", "line 2: suspect must be 0 or 1, got 'yes'"),
        ("path,label,upside_down\na.png,A,1\n", "drop_upside_down=False"),
        ("path,label\n../index.csv,A\n", "line 2: '../index.csv' leads out"),
        ("path,label\nsub/../../x.png,A\n", "leads out"),
        ("path,label\n/etc/hostname,A\n", "leads out"),
        ("path,label\nsub/..,A\n", "leads out"),
        ('path,label\n"a.png"x,A\n', "line 2: not a CSV line"),
    ],
)
def test_malformed_indexes_are_rejected_with_the_line(write, text, message):
    with pytest.raises(DataError, match=message):
        load_index(write(text))


@pytest.mark.parametrize("link", ["file", "folder"])
def test_links_that_lead_out_are_rejected(write, tmp_path_factory, link):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "x.png").write_bytes(b"")
    root = write("path,label\nlinked/x.png,A\n" if link == "folder" else "path,label\nlinked,A\n")
    os.symlink(outside if link == "folder" else outside / "x.png", root / "linked")
    with pytest.raises(DataError, match="leads out"):
        load_index(root)


def test_links_that_stay_inside_are_followed(write):
    root = write("path,label\nlinked,A\n")
    os.symlink(root / "a.png", root / "linked")
    assert load_index(root).data.tolist() == [str(root.resolve() / "a.png")]


def test_text_that_is_not_utf8_and_folders_without_index(tmp_path):
    with pytest.raises(DataError, match=r"index\.csv: no such file"):
        load_index(tmp_path)
    (tmp_path / "index.csv").write_bytes(b"path,label\n\xff\xfe.png,A\n")
    with pytest.raises(DataError, match="UTF-8"):
        load_index(tmp_path)


def test_the_real_letters_have_the_counts_of_both_protocols(shared_letters):
    everything = load_index(shared_letters, drop_upside_down=False)
    assert len(everything) == 20_991
    assert int(everything.suspect.sum()) == 2_081
    pooled = load_index(shared_letters, sources=POOLED)
    train, test = predefined_split(pooled)
    assert (len(train), len(test)) == (15_592, 3_919)
    train, test = split_by_source(pooled, ["photo62", "tablet55", "binary20x16"], ["scan34"])
    assert (len(train), len(test)) == (4_791, 6_629)
    tablet = load_index(shared_letters, sources=["tablet55"], drop_upside_down=False)
    assert len(np.unique(writer_groups(tablet))) == 55
