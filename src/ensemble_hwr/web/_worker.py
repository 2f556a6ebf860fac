"""Process that reads: it loads the models once and performs one task at a time.

Where processes can be forked from a server, the server loads the models, and all processes share their memory.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from functools import lru_cache
from multiprocessing.connection import Connection

from ensemble_hwr.exceptions import EnsembleHwrError
from ensemble_hwr.web._messages import PRELOAD, THREADS, Answer, Outcome, Ready, Refused, Task
from ensemble_hwr.web._tasks import Recognition
from ensemble_hwr.web.settings import ServerSettings

_GRACE = 5.0  # seconds after its deadline at which a process ends itself, in case that the server has ended


@lru_cache(1)
def recognition(settings: str) -> Recognition:
    """Load the models and lexicons of settings, which are given as JSON; once per process."""
    return Recognition(ServerSettings.from_json(settings))


def run_worker(connection: Connection, settings: str) -> None:
    """Perform the tasks of a connection until it is closed.

    Parameters
    ----------
    connection : Connection
        Its first message is a Ready, or an exception. Then a tuple of a task and seconds is answered by an Outcome.
    settings : str
        ServerSettings as JSON.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the server ends its processes
        signal.signal(number, signal.SIG_IGN)
    try:
        _limit_threads()
        found = recognition(settings)
        connection.send(Ready(found.describe(), found.warnings))
    except Exception as error:  # the server reports it
        connection.send(
            error if isinstance(error, EnsembleHwrError) else RuntimeError(f"{type(error).__name__}: {error}")
        )
        return
    _limit_memory(ServerSettings.from_json(settings).limits.worker_bytes)
    found.follow_profile()
    while True:
        try:
            task, seconds = connection.recv()
        except (EOFError, OSError):
            return
        _alarm(seconds + _GRACE)
        outcome = Outcome(_perform(found, task), memory_in_use())
        _alarm(0)
        try:
            connection.send(outcome)
        except OSError:
            return


def _perform(found: Recognition, task: Task) -> Answer | Refused:
    try:
        return found.perform(task)
    except EnsembleHwrError as error:
        return Refused(422, str(error))
    except MemoryError:
        return Refused(422, "the picture needs more memory than the server allows; send it at a lower resolution")
    except Exception:  # an error of the library: the process goes on
        traceback.print_exc(file=sys.stderr)
        return Refused(500, "an internal error; the server's log has its traceback")


def memory_in_use() -> int:
    """Return the resident memory of this process in bytes; 0 where it cannot be found out."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _limit_threads() -> None:
    from threadpoolctl import threadpool_limits

    for name in THREADS:
        os.environ[name] = "1"
    threadpool_limits(1)


def _limit_memory(n_bytes: int) -> None:
    """Let allocations beyond a limit fail, where the system can."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = n_bytes if hard == resource.RLIM_INFINITY else min(n_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _alarm(seconds: float) -> None:
    """End this process after some seconds; 0 cancels it."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _preload() -> None:
    """Load the models in the process from which others are forked; a failure is found and reported by those."""
    settings = os.environ.get(PRELOAD)
    if settings:
        try:
            recognition(settings)
            gc.collect()
            gc.freeze()
        except Exception:  # raised again where it can be reported
            recognition.cache_clear()


_preload()
