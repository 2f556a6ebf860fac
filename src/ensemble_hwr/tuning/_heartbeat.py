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
from weakref import WeakKeyDictionary

from optuna import Study
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

WORKER, HEARTBEAT, RETRY_OF, REASON = "worker", "heartbeat", "retry_of", "reason"  # user attributes of trials
SECONDS_BETWEEN_HEARTBEATS = 30.0
SECONDS_TO_TIMEOUT = 300.0
SECONDS_TO_NOTE = 3.0  # a worker notes itself in its trial at once
DIED, RUN_ENDED = "its worker died", "its run ended"
MAX_RETRIES = 3

_seen: WeakKeyDictionary[Study, dict[int, tuple[Any, float]]] = WeakKeyDictionary()


def this_worker() -> dict[str, Any]:
    """Return host, process number and start time of this process, by which other processes identify it."""
    return {"host": _host(), "pid": os.getpid(), "started": _start_time(os.getpid())}


def is_alive(worker: dict[str, Any], silence: float) -> bool:
    """Whether a worker is running: checked by its process on this machine, by the seconds of silence on others."""
    if worker.get("host") != _host():
        return silence < SECONDS_TO_TIMEOUT
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


def requeue_dead_trials(study: Study, reason: str = DIED) -> int:
    """Mark the running trials of dead workers as failed, queue them again, and return their number.

    A trial whose workers died is queued again three times at most, since it may be the reason why they die.

    Parameters
    ----------
    study : Study
    reason : {DIED, RUN_ENDED}
        What is stored with the trials. `RUN_ENDED` is for those of an earlier run, which ended with its workers.
    """
    requeued = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        worker = trial.user_attrs.get(WORKER, {})
        silence = _silence(study, trial)
        if not is_alive(worker, silence) if worker else silence > SECONDS_TO_NOTE:
            requeued += requeue(study, trial, reason if worker else RUN_ENDED)
    return requeued


def _silence(study: Study, trial: FrozenTrial) -> float:
    """Return for how many seconds a trial has had its last heartbeat, as far as this process has seen.

    Only the clock of this process is used: those of other machines may differ by hours.
    """
    seen = _seen.setdefault(study, {})
    last = (trial.user_attrs.get(WORKER), trial.user_attrs.get(HEARTBEAT))
    now = time.monotonic()
    if trial.number not in seen or seen[trial.number][0] != last:
        seen[trial.number] = (last, now)
    return now - seen[trial.number][1]


def requeue(study: Study, trial: FrozenTrial, reason: str) -> bool:
    """Mark a trial as failed and queue it again; return False if another process did so first."""
    storage = study._storage
    try:
        storage.set_trial_user_attr(trial._trial_id, REASON, reason)
        storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False
    original = trial.user_attrs.get(RETRY_OF, trial.number)
    attempts = [
        other
        for other in study.get_trials(deepcopy=False)
        if original in (other.number, other.user_attrs.get(RETRY_OF))
    ]
    if sum(other.user_attrs.get(REASON) == DIED for other in attempts) <= MAX_RETRIES:
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
