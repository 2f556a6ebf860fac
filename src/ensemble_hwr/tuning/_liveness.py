"""Who works on a trial, whether he still lives, and what becomes of his trial if not."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna import Study
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

WORKER, BEAT, RETRY_OF, REASON = "worker", "beat", "retry_of", "reason"
SECONDS_BETWEEN_BEATS = 30.0
SECONDS_OF_SILENCE = 300.0
MOST_RETRIES = 3


def this_worker() -> dict[str, Any]:
    """Say who this process is, so that others can tell whether it is still there."""
    return {"host": _host(), "pid": os.getpid(), "started": _started(os.getpid())}


def is_alive(worker: dict[str, Any], last_beat: float) -> bool:
    """Whether a worker lives: known on one's own machine, elsewhere judged by his last sign of life."""
    if worker.get("host") != _host():
        return time.time() - last_beat < SECONDS_OF_SILENCE
    try:
        os.kill(int(worker["pid"]), 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process is alive, too
        return True
    return _started(int(worker["pid"])) == worker.get("started")


@contextmanager
def heartbeat(trial: Trial) -> Iterator[None]:
    """Give signs of life for a trial while the block runs."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(SECONDS_BETWEEN_BEATS):
            try:
                trial.set_user_attr(BEAT, time.time())
            except Exception:  # what is wrong with the storage shows when the trial is told
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def reap(study: Study) -> int:
    """Mark the running trials of dead workers as failed, and queue them again; return how many there were.

    A trial that has lost three workers is not tried again: it may be what kills them.
    """
    reaped = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        started = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
        worker = trial.user_attrs.get(WORKER, {})
        last_beat = float(trial.user_attrs.get(BEAT, started))
        if not is_alive(worker, last_beat) if worker else time.time() - started > SECONDS_OF_SILENCE:
            reaped += give_up(study, trial, "its worker died")
    return reaped


def give_up(study: Study, trial: FrozenTrial, reason: str) -> bool:
    """Mark a trial as failed and queue it again; False where somebody else was quicker."""
    storage = study._storage
    try:
        storage.set_trial_user_attr(trial._trial_id, REASON, reason)
        storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False
    original = trial.user_attrs.get(RETRY_OF, trial.number)
    retries = sum(other.user_attrs.get(RETRY_OF) == original for other in study.get_trials(deepcopy=False))
    if retries < MOST_RETRIES:
        study.enqueue_trial(trial.params, user_attrs={RETRY_OF: original})
    return True


def _host() -> str:
    """Name the machine; two containers of one name are told apart by their process namespaces."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{platform.node()} {namespace}".strip()


def _started(pid: int) -> str:
    """Return when a process began, in ticks since the machine did; "" where the system does not say.

    A process that is dead but not yet buried by its parent began "never".
    """
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "never" if state in "ZX" else fields[18]
    except (OSError, IndexError):
        return ""
