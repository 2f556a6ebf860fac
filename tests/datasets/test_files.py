import pytest

from ensemble_hwr.datasets._files import reading, require_choice, require_file, require_folder
from ensemble_hwr.exceptions import DataError


def test_what_is_there_is_found(tmp_path, monkeypatch):
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
def test_what_is_not_there_is_named(tmp_path, require, name, message):
    (tmp_path / "x").write_text("")
    with pytest.raises(DataError, match=message):
        require(tmp_path / name, "letters")


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), EOFError(), MemoryError()])
def test_failures_while_reading_name_the_file(error):
    with pytest.raises(DataError, match=r"x: cannot be read as letters .*check") as caught, reading("x", "letters"):
        raise error
    assert caught.value.__cause__ is error


def test_our_own_errors_pass_unchanged():
    with pytest.raises(DataError, match=r"^line 3$"), reading("x", "letters"):
        raise DataError("line 3")


def test_choices():
    require_choice("cap", ("cap", "oversample"), "method")
    with pytest.raises(DataError, match="method must be one of 'cap', 'oversample', got 'smote'"):
        require_choice("smote", ("cap", "oversample"), "method")
