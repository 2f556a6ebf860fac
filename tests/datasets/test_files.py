import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ensemble_hwr.datasets import _files, load_kaggle_az
from ensemble_hwr.datasets import _kaggle as kaggle
from ensemble_hwr.datasets._files import (
    CACHE_VARIABLE,
    cache_folder,
    reading,
    require_choice,
    require_file,
    require_folder,
)
from ensemble_hwr.exceptions import DataError


def test_existing_paths_are_returned(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x").write_text("")
    assert require_file("~/x", "a file") == tmp_path / "x"
    assert require_folder("~", "a folder") == tmp_path


@pytest.mark.parametrize(
    ("require", "name", "message"),
    [
        (require_file, "none", "none: no such file; expected letters"),
        (require_file, ".", "is a folder; expected letters"),
        (require_folder, "none", "none: no such folder; expected letters"),
        (require_folder, "x", "x: is a file; expected letters"),
        (require_file, "x" * 300, "expected letters|cannot be read as letters"),
    ],
)
def test_missing_paths_are_reported(tmp_path, require, name, message):
    (tmp_path / "x").write_text("")
    with pytest.raises(DataError, match=message):
        require(tmp_path / name, "letters")


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), EOFError(), MemoryError()])
def test_read_errors_contain_the_file(error):
    with pytest.raises(DataError, match=r"x: cannot be read as letters .*check") as caught, reading("x", "letters"):
        raise error
    assert caught.value.__cause__ is error


def test_errors_of_the_library_pass_unchanged():
    with pytest.raises(DataError, match=r"^line 3$"), reading("x", "letters"):
        raise DataError("line 3")


def test_choices():
    require_choice("cap", ("cap", "oversample"), "method")
    with pytest.raises(DataError, match="method must be one of 'cap', 'oversample', got 'smote'"):
        require_choice("smote", ("cap", "oversample"), "method")


PIXELS = np.random.default_rng(0).integers(0, 256, (5, 784))


def text(labels=(0, 1, 2, 3, 25), pixels=PIXELS):
    rows = zip(labels, pixels, strict=True)
    return "\n".join(",".join(map(str, [label, *row])) for label, row in rows) + "\n"


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A file that is large enough for the cache, and the folder of the cache."""
    monkeypatch.setattr(_files, "WORTH_IT", 100)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache" / "deep"))
    file = tmp_path / "table.csv"
    file.write_text(text())
    return file


@pytest.fixture
def parsed(monkeypatch):
    """Count how often a file is parsed."""
    times = []
    read = kaggle._read
    monkeypatch.setattr(kaggle, "_read", lambda *args: times.append(args) or read(*args))
    return times


def kept():
    return sorted(cache_folder().glob("*"))


def test_a_cached_file_is_not_parsed_again(table, parsed):
    first, second = load_kaggle_az(table), load_kaggle_az(table, name="again")
    assert len(parsed) == len(kept()) == 1
    np.testing.assert_array_equal(first.data, second.data)
    assert first.target.tolist() == second.target.tolist() == list("ABCDZ")
    assert (second.data.dtype, second.name, second.data.flags.writeable) == (np.uint8, "again", True)


def test_a_changed_file_is_parsed_again_and_replaces_its_cache(table, parsed):
    load_kaggle_az(table)
    before = table.stat()
    table.write_text(text(labels=(4, 1, 2, 3, 25)))  # same size
    os.utime(table, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert load_kaggle_az(table).target[0] == "E"
    table.write_text(text()[:-1])
    os.utime(table, ns=(before.st_atime_ns, before.st_mtime_ns + 1))  # only another size
    assert load_kaggle_az(table).target[0] == "A"
    assert (len(parsed), len(kept())) == (3, 1)


def test_other_files_and_options_have_their_own_cache(table, parsed, tmp_path):
    other = tmp_path / "sub" / "table.csv"
    other.parent.mkdir()
    other.write_text(text(labels=(9, 9, 9, 9, 9)))
    assert {load_kaggle_az(table).target[0], load_kaggle_az(other).target[0]} == {"A", "J"}
    assert len(load_kaggle_az(table, header=True)) == 4
    assert len(load_kaggle_az(table)) == 5
    assert (len(parsed), len(kept())) == (3, 3)


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"not it"])
def test_a_damaged_cache_is_parsed_again(table, parsed, damage):
    load_kaggle_az(table)
    (file,) = kept()
    file.write_bytes(damage(file.read_bytes()))
    assert load_kaggle_az(table).target.tolist() == list("ABCDZ")
    assert len(parsed) == 2
    load_kaggle_az(table)
    assert len(parsed) == 2


def test_changed_pixels_in_the_cache_are_detected(table, parsed):
    load_kaggle_az(table)
    (file,) = kept()
    data = bytearray(file.read_bytes())
    at = data.find(PIXELS[2].astype(np.uint8).tobytes())
    data[at] ^= 255
    file.write_bytes(data)
    np.testing.assert_array_equal(load_kaggle_az(table).data, PIXELS)
    assert len(parsed) == 2


def test_small_files_are_not_cached_and_the_cache_can_be_disabled(table, monkeypatch, tmp_path):
    load_kaggle_az(table, cache=False)
    assert not cache_folder().exists()
    load_kaggle_az(table, cache=tmp_path / "mine")
    assert len(list((tmp_path / "mine").glob("*.npz"))) == 1
    monkeypatch.setattr(_files, "WORTH_IT", 20_000_000)
    load_kaggle_az(table)
    assert not cache_folder().exists()


def test_a_malformed_line_is_reported_and_nothing_cached(table):
    table.write_text(text() + "1,2\n")
    with pytest.raises(DataError, match="line 6: 2 values"):
        load_kaggle_az(table)
    assert not cache_folder().exists()


def test_letters_are_loaded_if_the_cache_cannot_be_written(table, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="cannot be cached"):
        assert len(load_kaggle_az(table, cache=tmp_path / "file" / "below")) == 5
    code = (
        "import resource, sys, warnings\n"
        "from ensemble_hwr.datasets import _files, load_kaggle_az\n"
        "_files.WORTH_IT = 100\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "print(len(load_kaggle_az(sys.argv[1])))\n"
    )
    command = [sys.executable, "-B", "-c", code, table]  # -B: bytecode written in part only would remain
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "5\n"
    assert "cannot be cached" in done.stderr
    assert kept() == []


def test_the_cache_folder_is_that_of_the_environment_or_the_user(monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, "~/kept")
    assert cache_folder() == Path("~/kept").expanduser()
    monkeypatch.delenv(CACHE_VARIABLE)
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
        assert cache_folder() == Path("/somewhere/ensemble_hwr")
    assert cache_folder().is_absolute()


def test_home_of_an_unknown_user_is_a_missing_file():
    with pytest.raises(DataError, match="~no_such_user/x: no such file"):
        require_file("~no_such_user/x", "a file")
