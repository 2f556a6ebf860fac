"""Detect dead workers and requeue their trials."""

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

WORKER, HEARTBEAT, RETRY_OF, REASON = "worker", "heartbeat", "retry_of", "reason"  # user attributes of trials
SECONDS_BETWEEN_HEARTBEATS = 30.0
SECONDS_TO_TIMEOUT = 300.0
MAX_RETRIES = 3


def this_worker() -> dict[str, Any]:
    """Return host, process number and start time of this process, by which other processes identify it."""
    return {"host": _host(), "pid": os.getpid(), "started": _start_time(os.getpid())}


def is_alive(worker: dict[str, Any], last_heartbeat: float) -> bool:
    """Whether a worker is running: checked by its process on this machine, by its last heartbeat on others."""
    if worker.get("host") != _host():
        return time.time() - last_heartbeat < SECONDS_TO_TIMEOUT
    try:
        os.kill(int(worker["pid"]), 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process runs under another user
        return True
    return _start_time(int(worker["pid"])) == worker.get("started")


@contextmanager
def heartbeat(trial: Trial) -> Iterator[None]:
    """Store a time stamp in a trial every 30 seconds while the block runs."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(SECONDS_BETWEEN_HEARTBEATS):
            try:
                trial.set_user_attr(HEARTBEAT, time.time())
            except Exception:  # an error of the storage is raised when the trial's result is stored
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def requeue_dead_trials(study: Study) -> int:
    """Mark the running trials of dead workers as failed, queue them again, and return their number.

    A trial is queued again three times at most, since the trial itself may be the reason why its workers die.
    """
    requeued = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        started = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
        worker = trial.user_attrs.get(WORKER, {})
        last = float(trial.user_attrs.get(HEARTBEAT, started))
        if not is_alive(worker, last) if worker else time.time() - started > SECONDS_TO_TIMEOUT:
            requeued += requeue(study, trial, "its worker died")
    return requeued


def requeue(study: Study, trial: FrozenTrial, reason: str) -> bool:
    """Mark a trial as failed and queue it again; return False if another process did so first."""
    storage = study._storage
    try:
        storage.set_trial_user_attr(trial._trial_id, REASON, reason)
        storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False
    original = trial.user_attrs.get(RETRY_OF, trial.number)
    retries = sum(other.user_attrs.get(RETRY_OF) == original for other in study.get_trials(deepcopy=False))
    if retries < MAX_RETRIES:
        study.enqueue_trial(trial.params, user_attrs={RETRY_OF: original})
    return True


def _host() -> str:
    """Return the name of this machine and its process namespace, which differs between containers of one name."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{platform.node()} {namespace}".strip()


def _start_time(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; "" where the system does not provide it.

    A zombie, which is dead but not yet waited for by its parent, has the start time "never".
    """
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "never" if state in "ZX" else fields[18]
    except (OSError, IndexError):
        return ""
