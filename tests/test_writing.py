import os
from pathlib import Path

import pytest

from ensemble_hwr._writing import check_folder, check_replaceable, whole_files
from ensemble_hwr.exceptions import DataError


def write(*files):
    with whole_files(*files) as streams:
        for file, stream in zip(files, streams, strict=True):
            stream.write(file.name.encode())


def test_existing_files_are_replaced(tmp_path):
    (tmp_path / "a").write_text("old")
    write(tmp_path / "a", tmp_path / "b")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a": "a", "b": "b"}


def test_no_file_exists_before_the_block_ends(tmp_path):
    with whole_files(tmp_path / "a") as (stream,):
        stream.write(b"half")
        assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_error_leaves_all_files_unchanged(tmp_path, error, monkeypatch):
    (tmp_path / "a").write_text("old")
    synced = []

    def fail_at_the_second(number):
        synced.append(number)
        if len(synced) == 2:
            raise error

    monkeypatch.setattr(os, "fsync", fail_at_the_second)
    with pytest.raises(error):
        write(tmp_path / "a", tmp_path / "b")
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"a": "old"}


def test_new_files_have_default_permissions(tmp_path):
    (tmp_path / "plain").touch()
    write(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_links_and_permissions_are_kept(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "link"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600


def test_pipes_are_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="device or a pipe"):
        write(tmp_path / "pipe")
    with pytest.raises(DataError, match="device or a pipe"):
        check_replaceable(tmp_path / "pipe")
    assert [file.name for file in tmp_path.iterdir() if file.is_fifo()] == ["pipe"]


def test_input_files_are_not_replaced(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to("a")
    check_replaceable(tmp_path / "new", tmp_path / "a", tmp_path / "missing")
    for name in ("a", "link"):
        with pytest.raises(DataError, match="is an input file and would be replaced"):
            check_replaceable(tmp_path / name, tmp_path / "other", tmp_path / "a")


@pytest.mark.parametrize("place", ["none/a", "plain/a", "folder", "x" * 300])
def test_impossible_paths_raise_an_os_error(tmp_path, place):
    (tmp_path / "plain").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"\S"):
        write(tmp_path / place)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "plain"]


@pytest.mark.parametrize("place", ["a file", "a file/deeper"])
def test_a_path_below_a_file_raises_an_error(tmp_path, place):
    (tmp_path / "a file").write_text("x")
    with pytest.raises(DataError, match=r"cannot be a folder, since .*a file is a file"):
        check_folder(tmp_path / place)


def test_a_folder_without_permission_raises_an_error(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(DataError, match="cannot be written to"):
        check_folder(tmp_path)


def test_folders_are_not_created(tmp_path, monkeypatch):
    check_folder(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path)
    check_folder(type(tmp_path)("c"))
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="requires /proc")
def test_a_folder_that_accepts_no_files_raises_an_error():
    with pytest.raises(DataError, match="cannot be written to"):
        check_folder(Path("/proc/new"))
