"""Worker processes that end with the process that started them, and shared memory that a killed process left."""

from __future__ import annotations

import atexit
import contextlib
import copy
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows, where joblib's own folders are used
    fcntl = None  # type: ignore[assignment]

SECONDS_BETWEEN_LOOKS = 0.1
SECONDS_TO_FINISH = 0.5
SHARED_MEMORY = Path("/dev/shm")
LEAST_SHARED_MEMORY = 2e9  # bytes; with less, joblib uses the folder for temporary files, too
_FOLDER = "ensemble_hwr-{}-{}"  # number of the process, token

_BEFORE_QUEUES = 20  # priority at the exit of a process of multiprocessing; queues are closed at 10
_begun = threading.Event()  # this process has something to finish
_folders: dict[int, tuple[Path, int]] = {}  # by process number, since a forked process has a copy of this


def end_with_parent(parent: int, seconds: float = 0.0) -> threading.Event:
    """End this process soon after the process that started it has ended, even by a signal that it cannot handle.

    Parameters
    ----------
    parent : int
        Number of the process that started this one.
    seconds : float, default=0.0
        Time that this process then has to finish by itself; it has none before `call` has begun.

    Returns
    -------
    threading.Event
        Set as soon as the parent has ended.
    """
    ended = threading.Event()

    def watch() -> None:
        while _is_running(parent):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        ended.set()
        if _begun.is_set():
            time.sleep(seconds)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
    return ended


class EndsWithParent:
    """Argument for a new process: as soon as it is unpickled, the process ends with the present one.

    The new process gets the event of `end_with_parent`. Arguments after this one, which may import much, come later.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return end_with_parent, (os.getpid(), SECONDS_TO_FINISH)


def call(ended: threading.Event, function: Any, *args: Any, **settings: Any) -> None:
    """Call a function with the event of `end_with_parent`: the target of a new process, quick to import."""
    _begun.set()
    function(*args, ended=ended, **settings)


def worker_backend() -> Any:
    """Return the backend for ``joblib.Parallel``: the active one, whose processes end with this process if it is loky.

    Examples
    --------
    >>> from joblib import Parallel, delayed
    >>> from ensemble_hwr._processes import worker_backend
    >>> Parallel(n_jobs=1, backend=worker_backend())(delayed(abs)(number) for number in (-1, 2))
    [1, 2]
    """
    from joblib.parallel import BACKENDS, get_active_backend

    backend, _ = get_active_backend()
    if type(backend) is not BACKENDS["loky"]:
        return None  # Parallel then uses the active one
    watched = copy.copy(backend)
    watched.__class__ = _watched_class()
    return watched


def stop_workers() -> None:
    """Kill the worker processes that joblib keeps for later calls, and free their shared memory."""
    from joblib.externals.loky import reusable_executor

    executor = getattr(reusable_executor, "_executor", None)
    if executor is not None:
        executor.terminate(kill_workers=True) if hasattr(executor, "terminate") else executor.shutdown(
            wait=False, kill_workers=True
        )


@contextmanager
def terminal_signals_blocked() -> Iterator[None]:
    """Block the signals that a terminal sends to all processes; processes started in the block never receive them.

    They end with the present process or are stopped by it. The trackers that free shared memory are started before the
    block: the start of the one of multiprocessing ends with the signals unblocked.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    with _blocked(signal.SIGHUP):  # a terminal that is closed would end a tracker before it can clean up
        loky_tracker.ensure_running()
    with _blocked(signal.SIGHUP):
        resource_tracker.ensure_running()
    with _blocked(signal.SIGINT, signal.SIGHUP):
        yield


@contextmanager
def _blocked(*numbers: signal.Signals) -> Iterator[None]:
    """Block signals while the block runs, for this process and those that are started in the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_running(parent: int) -> bool:
    """Whether the process that started this one is running."""
    if os.name == "posix":
        return os.getppid() == parent
    started_by = multiprocessing.parent_process()
    return started_by is None or started_by.is_alive()


def _watched_class() -> Any:
    """Return joblib's backend of processes, whose workers end with their parent and share memory in our folder."""
    global _WatchedLoky  # noqa: PLW0603
    if _WatchedLoky is None:
        from joblib.parallel import BACKENDS

        class WatchedLokyBackend(BACKENDS["loky"]):  # type: ignore[misc, name-defined]
            def configure(self, *args: Any, **settings: Any) -> Any:
                with terminal_signals_blocked():
                    folder = settings.get("temp_folder")
                    settings |= {"temp_folder": _shared_folder(folder) or folder}
                    settings |= {"initializer": end_with_parent, "initargs": (os.getpid(),)}
                    return super().configure(*args, **settings)

            def submit(self, *args: Any, **settings: Any) -> Any:
                submit = getattr(super(), "submit", None) or super().apply_async  # its name before joblib 1.5
                with terminal_signals_blocked():  # workers are started here
                    return submit(*args, **settings)

            apply_async = submit

        _WatchedLoky = WatchedLokyBackend
    return _WatchedLoky


_WatchedLoky: Any = None


def _shared_folder(base: str | None) -> str | None:
    """Return this process's folder for shared memory, which is locked while it runs; None if there cannot be one.

    Folders of processes that have ended are removed first. The lock decides, not the process number, since containers
    and machines may share a folder but not their process numbers.
    """
    if fcntl is None:
        return None
    if os.getpid() not in _folders:
        place = Path(base or os.environ.get("JOBLIB_TEMP_FOLDER") or _place())
        with contextlib.suppress(OSError):
            _remove_unlocked(place)
            _folders[os.getpid()] = _new_folder(place)
    folder, _ = _folders.get(os.getpid(), (None, None))
    return None if folder is None else str(folder)


def _place() -> str:
    """Return the folder in which joblib shares memory by default."""
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        free = 0
    writable = free >= LEAST_SHARED_MEMORY and os.access(SHARED_MEMORY, os.W_OK)
    return str(SHARED_MEMORY) if writable else tempfile.gettempdir()


def _new_folder(place: Path) -> tuple[Path, int]:
    """Make a locked folder; it gets its name only when it is locked, so that no other process removes it before."""
    from joblib.externals.loky.backend import resource_tracker

    token = uuid4().hex
    begun, folder = place / f".{token}", place / _FOLDER.format(os.getpid(), token)
    begun.mkdir(mode=0o700)
    lock = os.open(begun, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    begun.rename(folder)
    resource_tracker.register(str(folder), "folder")  # it is removed if this process is killed
    atexit.register(_remove_own, os.getpid())
    if multiprocessing.parent_process() is not None:  # a process of multiprocessing may end without atexit
        from multiprocessing import util

        util.Finalize(None, _stop_and_remove, (folder,), exitpriority=_BEFORE_QUEUES)
    return folder, lock


def _stop_and_remove(folder: Path) -> None:
    """Stop the workers of this process and remove its shared memory, before multiprocessing ends the process.

    An executor that was inherited by a fork belongs to the parent, and so does its shared memory.
    """
    from joblib.externals.loky import reusable_executor

    manager = getattr(getattr(reusable_executor, "_executor", None), "_temp_folder_manager", None)
    places = getattr(manager, "_cached_temp_folders", {}).values()
    if all(Path(place).parent == folder for place in places):
        finalizers = list(getattr(manager, "_finalizers", {}).values())
        stop_workers()
        for finalizer in finalizers:
            if finalizer in getattr(manager, "_finalizers", {}).values():  # the others have been called
                finalizer()
            atexit.unregister(finalizer)
    _remove_own(os.getpid())


def _remove_own(pid: int) -> None:
    if os.getpid() == pid and pid in _folders:  # not in a forked process
        from joblib.externals.loky.backend import resource_tracker

        folder, lock = _folders.pop(pid)
        shutil.rmtree(folder, ignore_errors=True)
        resource_tracker.unregister(str(folder), "folder")
        os.close(lock)


def _remove_unlocked(place: Path) -> None:
    """Remove the folders and the semaphores of this user's processes that have ended."""
    for folder in place.glob(_FOLDER.format("*", "*")):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
                continue
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                for semaphore in SHARED_MEMORY.glob(f"sem.loky-{folder.name.split('-')[1]}-*"):
                    semaphore.unlink(missing_ok=True)
            finally:
                os.close(lock)
