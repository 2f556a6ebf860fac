"""The file of rows for worker processes is removed when its process has ended, however it ended."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from ensemble_hwr.exceptions import DataError
from ensemble_hwr.tuning._workers import RowsFile

HOLD = """
import sys, time
from pathlib import Path
from ensemble_hwr.tuning._workers import RowsFile
held = RowsFile(Path(sys.argv[1]))
held.write([[1.0]])
print("written", flush=True)
time.sleep(600)
"""


def test_rows_are_read_back_and_removed(tmp_path):
    file = RowsFile(tmp_path)
    file.write(np.eye(3, dtype=np.float32))
    np.testing.assert_array_equal(np.load(file.path, mmap_mode="r"), np.eye(3))
    file.remove()
    assert not list(tmp_path.iterdir())


def test_file_of_killed_process_is_removed_by_the_next_one(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"written\n"
        (theirs,) = tmp_path.iterdir()
        mine = RowsFile(tmp_path)
        mine.write([[2.0]])
        assert theirs.exists()
        mine.remove()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    mine = RowsFile(tmp_path)
    mine.write([[3.0]])
    assert list(tmp_path.iterdir()) == [mine.path]
    mine.remove()


def test_full_disk_raises_an_error_and_leaves_no_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(
        DataError, match=r"letters for the workers cannot be written to this folder \(No space left on device\)"
    ):
        RowsFile(tmp_path).write([[1.0]])
    assert not list(tmp_path.iterdir())
