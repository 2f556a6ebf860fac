"""Storages of studies: a journal file that survives killed processes and full disks, or any storage of Optuna."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalFileOpenLock

from ensemble_hwr.exceptions import ConfigError, DataError, MissingExtraError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

JOURNAL = "optuna_journal.log"
SECONDS_TO_LOCK = 60
SECONDS_BETWEEN_ATTEMPTS = (0.5, 1.0)
_FIRST_BYTES = b'{"op_code":'  # of every line of a journal


def storage_address(storage: str | None, folder: Path) -> str:
    """Return the address of a run's storage: the one that is given, or the journal in the run's folder."""
    return str((folder / JOURNAL).absolute()) if storage is None else storage


def open_storage(address: str) -> BaseStorage:
    """Open a storage of studies.

    Parameters
    ----------
    address : str
        The path of a journal file, which is created if it does not exist; ``grpc://HOST:PORT`` of a proxy server of
        Optuna; or a database URL of SQLAlchemy, such as ``sqlite:///studies.db`` or ``postgresql://user@host/name``.

    Returns
    -------
    optuna.storages.BaseStorage

    Raises
    ------
    ConfigError, DataError
        If the storage cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    scheme = address.partition("://")[0] if "://" in address else ""
    if scheme == "grpc":
        return _connect_to_proxy(address)
    try:
        if scheme:
            return _connect_to_database(address)
        check_is_journal(Path(address))
        journal = SafeJournal(Path(address))
        return _replayed(journal, Path(address))
    except OSError as error:
        raise DataError(f"{address}: cannot be opened as a journal ({error.strerror or error})") from error


def dashboard_command(address: str) -> str | None:
    """Return the command that opens Optuna's dashboard on a storage; None for a proxy, which it cannot read."""
    return None if address.startswith("grpc://") else f"optuna-dashboard {address}"


class SafeJournal(BaseJournalBackend):
    """Optuna's journal file, whose incomplete last line is removed before a line is added.

    Optuna cannot read past an incomplete line in the middle of a file. This backend removes the incomplete line that
    a killed process left, and its own one if the disk is full.

    Parameters
    ----------
    file : Path
        The journal.

    Attributes
    ----------
    line : int
        Number of the last line that was read.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._backend = JournalFileBackend(str(file))
        self.line = 0

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        """Yield the entries from a line number on.

        Raises
        ------
        DataError
            If a line in the middle of the file is no entry.
        """
        self.line = log_number_from
        try:
            for log in self._backend.read_logs(log_number_from):
                if not isinstance(log, dict) or type(log.get("op_code")) is not int or "worker_id" not in log:
                    raise ValueError("it is no entry of a journal")
                self.line += 1
                yield log
        except ValueError as error:  # also of JSON, and of bytes that are no text
            raise damaged(self._file, _next_unreadable(self._file, self.line), error) from error

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append all entries, or none if that fails."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        try:
            with _locked(self._file), self._file.open("r+b") as stream:
                end = _end_of_complete_lines(stream)
                stream.truncate(end)
                stream.seek(end)
                try:
                    stream.write(text)
                    stream.flush()
                    os.fsync(stream.fileno())
                except OSError:
                    os.ftruncate(stream.fileno(), end)
                    raise
        except OSError as error:
            raise DataError(
                f"{self._file}: cannot be written to ({error.strerror or error}); no finished trial is lost: "
                "free some space, then repeat the command"
            ) from error


def check_is_journal(file: Path) -> None:
    """Reject a file that is not a journal, before a line of it is removed or added.

    Parameters
    ----------
    file : Path
        It need not exist, and may hold an incomplete first line.

    Raises
    ------
    DataError
        If its first line is not that of a journal.
    """
    if not file.exists():
        return
    start = b""
    if file.is_file():
        with file.open("rb") as stream:
            start = stream.read(len(_FIRST_BYTES))
        if _FIRST_BYTES.startswith(start):
            return
    found = f"it starts with {start!r}" if start else "it is not a regular file"
    raise DataError(
        f"{file}: is not a journal of studies, which starts with {_FIRST_BYTES.decode()}; {found}; "
        "give the name of another file, which need not exist"
    )


def _next_unreadable(file: Path, line: int) -> int:
    """Return the number of the next line after some that is no JSON, or of the next line; Optuna may read several."""
    with file.open("rb") as stream:
        for number, text in enumerate(islice(stream, line, None), line + 1):
            try:
                json.loads(text)
            except ValueError:
                return number
    return line + 1


def damaged(file: Path, line: int, error: Exception) -> DataError:
    """Return the error for a line of a journal that cannot be read."""
    reason = " ".join(str(error).split())[:200]
    return DataError(
        f"{file}, line {line}: is damaged ({type(error).__name__}: {reason}); restore the file, or remove this "
        "line and those after it to continue with the trials before it"
    )


def _replayed(journal: SafeJournal, file: Path) -> BaseStorage:
    """Return the storage of a journal after reading all of it.

    Raises
    ------
    DataError
        If an entry does not fit those before it.
    """
    try:
        return JournalStorage(journal)
    except (OSError, DataError):
        raise
    except Exception as error:  # a damaged entry can raise any error in Optuna
        raise damaged(file, journal.line, error) from error


def _end_of_complete_lines(stream: Any) -> int:
    """Return the position after the last complete line."""
    position = int(stream.seek(0, os.SEEK_END))
    while position > 0:
        start = max(0, position - 65_536)
        stream.seek(start)
        newline = stream.read(position - start).rfind(b"\n")
        if newline >= 0:
            return int(start + newline + 1)
        position = start
    return 0


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold the lock of a journal; the system releases it if the process dies."""
    if fcntl is None:
        lock = JournalFileOpenLock(str(file))
        lock.acquire()
        try:
            yield
        finally:
            lock.release()
        return
    with open(f"{file}.lock", "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _connect_to_proxy(address: str) -> BaseStorage:
    parts = urlsplit(address)
    if parts.hostname is None or parts.port is None:
        raise ConfigError(f"--storage {address}: write grpc://HOST:PORT")
    if find_spec("grpc") is None:
        raise MissingExtraError("grpcio", "distributed")
    proxy = optuna.storages.GrpcStorageProxy(host=parts.hostname, port=parts.port)
    try:
        proxy.wait_server_ready(timeout=10)
    except Exception as error:
        raise ConfigError(f"--storage {address}: there is no proxy server of Optuna at this address") from error
    return proxy


def _connect_to_database(address: str) -> BaseStorage:
    for seconds in SECONDS_BETWEEN_ATTEMPTS:
        with contextlib.suppress(Exception):  # of two processes that create the tables at once, one fails
            return _database(address)
        time.sleep(seconds)
    try:
        return _database(address)
    except Exception as error:  # a driver may raise any exception
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"--storage {address}: cannot be opened ({reason}); check the address and its driver"
        ) from error


def _database(address: str) -> BaseStorage:
    wait = {"connect_args": {"timeout": SECONDS_TO_LOCK}} if address.startswith("sqlite") else {}
    return optuna.storages.RDBStorage(address, engine_kwargs={"pool_pre_ping": True, **wait})
