"""Training that was killed, interrupted or out of disk space continues from its finished members."""

import os
import resource
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest

from ensemble_hwr._writing import writing_alone
from ensemble_hwr.cli import main
from ensemble_hwr.datasets import open_letters
from ensemble_hwr.persistence import load_model

FITS = (1 + 2 + 1) * 3  # router, specialists and expert, on all rows and on two folds
SLOW = ["--set", "specialist.params.max_iter=150", "--set", "specialist.params.n_iter_no_change=150"]


@pytest.fixture
def arguments(few, tmp_path):
    return ["train", str(few / "few.toml"), "-o", str(tmp_path / "m"), "-j", "1", *SLOW]


@pytest.fixture
def stop(arguments, tmp_path, ensemble_hwr_command):
    """Start training in a process, and send a signal when it has finished two members."""
    command, environment = ensemble_hwr_command

    def stopped(by):
        process = subprocess.Popen([*command, *arguments], env=environment, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while len(members_in(tmp_path)) < 2 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        process.send_signal(by)
        errors = process.communicate(timeout=60)[1]
        assert 2 <= len(members_in(tmp_path)) < FITS
        return process.returncode, errors

    return stopped


def members_in(folder):
    return sorted((folder / "m.members").glob("*.model"))


def test_a_killed_run_continues_and_ends_with_the_same_model(arguments, stop, few, tmp_path, capsys):
    assert stop(signal.SIGKILL)[0] == -signal.SIGKILL
    assert not (tmp_path / "m").exists()
    before = len(members_in(tmp_path))
    assert main([*arguments]) == 0
    assert f"with {before} finished members of an earlier run" in capsys.readouterr().out
    assert os.listdir(tmp_path) == ["m"]
    resumed = load_model(tmp_path / "m")
    assert main([*arguments, "-o", str(tmp_path / "whole")]) == 0  # the last -o counts
    pictures = list(open_letters(few / "letters").data)
    np.testing.assert_array_equal(
        load_model(tmp_path / "whole").predict_proba(pictures), resumed.predict_proba(pictures)
    )


def test_an_interrupted_run_prints_how_to_continue_and_another_seed_reuses_nothing(arguments, stop, tmp_path, capsys):
    code, errors = stop(signal.SIGINT)
    assert code == 130
    assert f"kept in {tmp_path / 'm.members'}; the same command continues" in errors
    assert main([*arguments, "--random-state", "9"]) == 0
    assert "of an earlier run" not in capsys.readouterr().out


def test_with_fresh_all_members_are_fitted_again(arguments, stop, tmp_path, capsys):
    stop(signal.SIGKILL)
    assert main([*arguments, "--fresh"]) == 0
    printed = capsys.readouterr()
    assert "finished members of an earlier run, which are fitted again (--fresh)" in printed.err
    assert "of an earlier run" not in printed.out
    assert os.listdir(tmp_path) == ["m"]


def test_missing_letters_leave_the_finished_members(arguments, stop, few, tmp_path, capsys):
    stop(signal.SIGKILL)
    before = {file: file.read_bytes() for file in members_in(tmp_path)}
    shutil.copytree(few, tmp_path / "few")
    (tmp_path / "few" / "letters" / "A").rename(tmp_path / "moved")
    other_place = ["--data", str(tmp_path / "few" / "letters")]
    assert main([*arguments, *other_place]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert "A/0.png': no such picture" in last
    assert {file: file.read_bytes() for file in members_in(tmp_path)} == before
    (tmp_path / "moved").rename(tmp_path / "few" / "letters" / "A")
    assert main([*arguments, *other_place]) == 0
    assert f"with {len(before)} finished members of an earlier run" in capsys.readouterr().out


def test_a_full_disk_leaves_earlier_files_complete(arguments, tmp_path, model, ensemble_hwr_command):
    shutil.copy(model, tmp_path / "m")
    command, environment = ensemble_hwr_command

    def limited(size):
        return subprocess.run(
            [*command, *arguments],
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},  # Python would keep bytecode written in part only
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    done = limited(8_000)  # not enough for the first member
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]  # on a slow machine, lines of progress precede
    assert last.startswith(f"error: {tmp_path / 'm.members'}")
    assert last.endswith("cannot be written: File too large")
    done = limited(100_000)  # enough for each member, but not for the model
    assert done.returncode == 1
    assert f"error: {tmp_path / 'm'}: cannot be written: File too large" in done.stderr
    assert len(members_in(tmp_path)) == FITS
    assert (tmp_path / "m").read_bytes() == model.read_bytes()
    assert not list(tmp_path.rglob("*.part"))
    assert main([*arguments]) == 0


def test_a_folder_that_cannot_be_written_to_is_an_error_before_training(few, capsys):
    assert main(["train", str(few / "few.toml"), "-o", "/proc/m", "-j", "1"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: /proc: cannot be written to")


@pytest.mark.parametrize(("contender", "fits"), [("committee", 3), ("flat", 1)])
def test_fits_of_other_contenders_are_reused(arguments, capsys, monkeypatch, contender, fits):
    """In addition to the contender's own fits, there are the four members whose parameters are counted."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ensemble_hwr.training.save_model", full)
        assert main([*arguments, "--contender", contender]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert main([*arguments, "--contender", contender]) == 0
    assert f"with {4 + fits} finished members of an earlier run" in capsys.readouterr().out


def test_a_second_training_to_one_file_is_refused_at_once(arguments, tmp_path, capsys):
    with writing_alone(tmp_path / "m"):
        assert main(arguments) == 1
    assert f"{tmp_path / 'm'}: another command is working on this file" in capsys.readouterr().err


def test_finished_members_of_other_settings_are_kept(arguments, stop, tmp_path, capsys):
    stop(signal.SIGKILL)
    before = members_in(tmp_path)
    assert main([*arguments, "--random-state", "9"]) == 0
    assert members_in(tmp_path) == before
    assert f"has {len(before)} finished members of other settings, which are kept" in capsys.readouterr().err
