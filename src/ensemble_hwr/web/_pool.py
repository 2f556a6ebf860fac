"""Pool of reading processes with a bounded queue and deadlines; a process that ends or is too slow is replaced."""

from __future__ import annotations

import asyncio
import logging
import math
import multiprocessing
import os
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from ensemble_hwr.exceptions import EnsembleHwrError
from ensemble_hwr.web._messages import PRELOAD, THREADS, Answer, Outcome, Ready, Refused, Task
from ensemble_hwr.web.settings import ServerSettings

_START_SECONDS = 120.0  # a busy machine loads the models slowly
_PAUSE = 1.0  # seconds before a process that did not start is started again

log = logging.getLogger(__name__)


class Busy(Exception):
    """The queue is full."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the server is busy; try again in {retry_after} s")
        self.retry_after = retry_after


class Late(Exception):
    """A task was not performed in time."""


class Ended(Exception):
    """A process ended before its answer."""


class Worker:
    """A reading process, and the connection to it. Its methods block.

    Parameters
    ----------
    settings : str
        ServerSettings as JSON.
    """

    def __init__(self, settings: str) -> None:
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            self._context.set_forkserver_preload(["ensemble_hwr.web._worker"])
        self._settings = settings
        self._process: Any = None
        self._connection: Connection | None = None
        self.memory = 0

    @property
    def pid(self) -> int:
        """Number of the process."""
        return 0 if self._process is None else int(self._process.pid or 0)

    def start(self) -> Ready:
        """Start the process and wait until its models are loaded.

        Raises
        ------
        EnsembleHwrError
            If the model or a lexicon cannot be loaded.
        Ended
            If the process ends.
        """
        self.stop()
        ours, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_run, args=(theirs, self._settings), daemon=True)
        self._process.start()
        theirs.close()
        self._connection = ours
        found = self._receive(_START_SECONDS)
        if isinstance(found, Ready):
            return found
        self.stop()
        raise found

    def perform(self, task: Task, seconds: float) -> Answer | Refused:
        """Perform a task.

        Raises
        ------
        Late
            If the process does not answer in time.
        Ended
            If the process ends.
        """
        try:
            if self._connection is None:
                raise Ended
            self._connection.send((task, seconds))
        except OSError:
            raise Ended from None
        found: Outcome = self._receive(seconds)
        self.memory = found.memory
        return found.result

    def stop(self) -> None:
        """End the process at once."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            with suppress(OSError):
                self._process.kill()
            self._process.join(5)
            self._process = None

    def _receive(self, seconds: float) -> Any:
        assert self._connection is not None
        try:
            if not self._connection.poll(max(seconds, 0.0)):
                raise Late
            return self._connection.recv()
        except (EOFError, OSError):
            raise Ended from None


def _run(connection: Connection, settings: str) -> None:
    """Perform tasks, in the new process; only there the models and their packages are imported."""
    from ensemble_hwr.web._worker import run_worker

    run_worker(connection, settings)


class Pool:
    """Reading processes, and the tasks that wait for them.

    Parameters
    ----------
    settings : ServerSettings

    Attributes
    ----------
    ready : Ready or None
        What the processes can read; None before `start`.
    waiting : int
        Number of tasks in the queue.
    busy : int
        Number of processes at work.
    restarts : Counter of str
        Number of processes that were replaced, by reason: "ended", "late" or "memory".
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._limits = settings.limits
        self.workers = [Worker(settings.to_json()) for _ in range(settings.n_workers)]
        os.environ.update({PRELOAD: settings.to_json(), **dict.fromkeys(THREADS, "1")})
        self._threads = ThreadPoolExecutor(len(self.workers), "worker")
        self._free: deque[Worker] = deque()
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._mean_seconds = 0.05
        self._closed = False
        self.ready: Ready | None = None
        self.restarts: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """Number of tasks in the queue."""
        return len(self._waiting)

    @property
    def alive(self) -> int:
        """Number of processes that are ready or at work."""
        return len(self._free) + self.busy

    busy = 0

    async def start(self) -> None:
        """Start all processes; return when the first one is ready.

        Raises
        ------
        EnsembleHwrError
            If the model or a lexicon cannot be loaded.
        """
        first, *others = self.workers
        try:
            self.ready = await self._in_thread(first.start)
        except (Ended, Late):
            raise RuntimeError("the reading process ended while it loaded the models") from None
        self._release(first)
        for worker in others:
            self._keep(self._start(worker))

    async def perform(self, task: Task) -> Answer | Refused:
        """Perform a task; once more if its process is ended from outside.

        Raises
        ------
        Busy
            If the queue is full.
        Late
            If the task was not performed in time.
        Ended
            If two processes ended with this task.
        """
        end = time.monotonic() + self._limits.seconds
        for is_last in (False, True):
            worker = await self._acquire(end)
            work = self._keep(self._work(worker, task, end))
            try:
                result: Answer | Refused = await asyncio.shield(work)
                return result
            except Ended:
                if is_last:
                    raise
        raise Ended

    async def close(self) -> None:
        """End all processes."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        for worker in self.workers:
            worker.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def retry_after(self) -> int:
        """Return the seconds after which the present queue will be done, at least 1."""
        return max(1, math.ceil(len(self._waiting) * self._mean_seconds / len(self.workers)))

    async def _acquire(self, end: float) -> Worker:
        """Return a free process, and wait for it in the queue."""
        if self._free:
            self.busy += 1
            return self._free.popleft()
        if len(self._waiting) >= self._limits.queue:
            raise Busy(self.retry_after())
        turn: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(max(end - time.monotonic(), 0)):
                return await turn
        except (TimeoutError, asyncio.CancelledError) as error:
            with suppress(ValueError):
                self._waiting.remove(turn)
            if turn.done() and not turn.cancelled():  # a process became free at the same moment
                self.busy -= 1
                self._release(turn.result())
            if isinstance(error, TimeoutError):
                raise Late from None
            raise

    def _release(self, worker: Worker) -> None:
        """Give a free process to the first task of the queue."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                self.busy += 1
                turn.set_result(worker)
                return
        self._free.append(worker)

    async def _work(self, worker: Worker, task: Task, end: float) -> Answer | Refused:
        """Perform a task in a process, and replace the process if necessary."""
        started = time.monotonic()
        problem = ""
        try:
            result: Answer | Refused = await self._in_thread(worker.perform, task, end - started)
            return result
        except (Ended, Late) as error:
            problem = "late" if isinstance(error, Late) else "ended"
            raise
        finally:
            self._mean_seconds += 0.05 * (time.monotonic() - started - self._mean_seconds)
            self.busy -= 1
            if not problem and worker.memory > self._limits.worker_bytes // 2:
                problem = "memory"
            if not problem:
                self._release(worker)
            elif not self._closed:
                self.restarts[problem] += 1
                self._keep(self._start(worker))

    async def _start(self, worker: Worker) -> None:
        """Start a process, until it is ready."""
        while not self._closed:
            try:
                await self._in_thread(worker.start)
            except (EnsembleHwrError, Ended, Late, OSError, RuntimeError) as error:
                log.error("a reading process could not be started: %s", error or type(error).__name__)
                await asyncio.sleep(_PAUSE)
            else:
                self._release(worker)
                return

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _keep(self, coroutine: Any) -> asyncio.Task[Any]:
        """Run a coroutine as a task, with a reference so that it is not lost."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it was raised where the task is awaited, unless the client is gone
