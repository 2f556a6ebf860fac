"""Worker processes end with their parent, and shared memory of killed processes is freed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ensemble_hwr
from ensemble_hwr import _processes
from ensemble_hwr._processes import worker_backend

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find processes")

WORKERS = """
import os, sys, time
import numpy as np
from joblib import Parallel, delayed
from ensemble_hwr._processes import worker_backend

def work(rows):
    os.write(1, b"working\\n")  # in one write
    time.sleep(100)

if __name__ == "__main__":
    Parallel(n_jobs=2, backend=worker_backend(), max_nbytes=10)(delayed(work)(np.zeros(1000)) for _ in range(2))
"""


def group(number):
    """Return the processes of a group, zombies apart."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == number and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def working(tmp_path):
    """A process whose two workers are at work, in a group of its own; its shared memory is in a folder."""
    (tmp_path / "work.py").write_text(WORKERS)
    memory = tmp_path / "memory"
    memory.mkdir()
    source = str(Path(ensemble_hwr.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "JOBLIB_TEMP_FOLDER": str(memory)}
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "work.py")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    with process:
        for _ in range(2):
            assert process.stdout.readline() == "working\n"
        yield process, memory
        for left in group(process.pid):
            os.kill(left, signal.SIGKILL)


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def test_workers_end_and_shared_memory_is_freed_when_the_parent_is_killed(working):
    process, memory = working
    assert len(group(process.pid)) >= 3
    assert len(os.listdir(memory)) == 1
    process.kill()
    assert wait_until(lambda: not group(process.pid))
    assert wait_until(lambda: not os.listdir(memory))


def test_shared_memory_of_a_killed_group_is_removed_by_the_next_process(working):
    process, memory = working
    living = _processes._new_folder(memory)[0]
    os.killpg(process.pid, signal.SIGKILL)
    assert wait_until(lambda: not group(process.pid))
    assert len(os.listdir(memory)) == 2
    _processes._remove_unlocked(memory)
    assert os.listdir(memory) == [living.name]


def test_only_a_backend_of_loky_is_replaced():
    from joblib import parallel_config

    assert "Watched" in type(worker_backend()).__name__
    with parallel_config(backend="threading"):
        assert worker_backend() is None
    with parallel_config(backend="loky", inner_max_num_threads=3):
        assert worker_backend().inner_max_num_threads == 3


def test_signals_of_a_terminal_reach_workers_through_their_parent_only():
    from joblib import Parallel, delayed

    of_workers = delayed(signal.pthread_sigmask)(signal.SIG_BLOCK, [])
    blocked = Parallel(n_jobs=2, backend=worker_backend(), timeout=100)([of_workers, of_workers])
    assert all({signal.SIGINT, signal.SIGHUP} <= one for one in blocked)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


ORPHAN = """
import os, sys, time
from ensemble_hwr import _processes

def lose_parent():
    return _processes.end_with_parent(1 if os.getppid() != 1 else 2, seconds=100.0)  # another number: it has ended

def finish(*, ended):
    assert lose_parent().wait(50)
    sys.exit(7)

if "at work" in sys.argv:
    _processes.call(None, finish)
lose_parent()
time.sleep(100)
"""


@pytest.mark.parametrize(("state", "code"), [("at work", 7), ("starting", 1)])
def test_only_a_process_at_work_has_time_to_finish_when_its_parent_has_ended(state, code):
    assert subprocess.call([sys.executable, "-c", ORPHAN, state], timeout=60) == code


FORKED = """
import multiprocessing, sys
import numpy as np
from joblib import Parallel, delayed
from ensemble_hwr._processes import worker_backend

def total(rows):
    return float(rows.sum())

def work():
    pool = Parallel(n_jobs=2, backend=worker_backend(), max_nbytes=10)
    print(pool(delayed(total)(np.ones(1000)) for _ in range(2)), flush=True)

if __name__ == "__main__":
    work()
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    work()
    sys.exit(process.exitcode)
"""


def test_forked_processes_of_multiprocessing_end_and_free_their_shared_memory_only(tmp_path):
    (tmp_path / "work.py").write_text(FORKED)
    memory = tmp_path / "memory"
    memory.mkdir()
    source = str(Path(ensemble_hwr.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "JOBLIB_TEMP_FOLDER": str(memory)}
    command = [sys.executable, str(tmp_path / "work.py")]
    done = subprocess.run(  # idle workers wait for 300 s
        command, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[1000.0, 1000.0]\n" * 3
    assert done.stderr == ""
    assert os.listdir(memory) == []
