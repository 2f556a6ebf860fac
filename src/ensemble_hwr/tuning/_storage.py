"""Where studies are kept: a journal in the work folder, or any storage of Optuna."""

from __future__ import annotations

import contextlib
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import optuna
from optuna.storages import BaseStorage, JournalStorage

from ensemble_hwr.exceptions import ConfigError, DataError, MissingExtraError
from ensemble_hwr.tuning._journal import SafeJournal, check_is_journal

JOURNAL = "optuna_journal.log"
SECONDS_FOR_A_LOCK = 60


def address_of_storage(storage: str | None, work: Path) -> str:
    """Return where the studies of a work folder are: what was asked for, or its journal."""
    return str((work / JOURNAL).absolute()) if storage is None else storage


def open_storage(address: str) -> BaseStorage:
    """Open the storage of studies.

    Parameters
    ----------
    address : str
        The path of a journal file, which is made if missing; ``grpc://HOST:PORT`` of a proxy server of Optuna; or a
        database as SQLAlchemy writes it, such as ``sqlite:///studies.db`` or ``postgresql://user@host/name``.

    Returns
    -------
    optuna.storages.BaseStorage

    Raises
    ------
    ConfigError, DataError
        When it cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    scheme = address.partition("://")[0] if "://" in address else ""
    if scheme == "grpc":
        return _proxy(address)
    try:
        if scheme:
            return _database(address)
        check_is_journal(Path(address))
        return JournalStorage(SafeJournal(Path(address)))
    except OSError as error:
        raise DataError(f"{address}: cannot be opened as a journal ({error.strerror or error}).") from error


def dashboard_command(address: str) -> str | None:
    """Return what opens Optuna's dashboard on a storage; None behind a proxy, which it cannot read."""
    return None if address.startswith("grpc://") else f"optuna-dashboard {address}"


def _proxy(address: str) -> BaseStorage:
    parts = urlsplit(address)
    if parts.hostname is None or parts.port is None:
        raise ConfigError(f"--storage {address}: write grpc://HOST:PORT.")
    if find_spec("grpc") is None:
        raise MissingExtraError("grpcio", "distributed")
    proxy = optuna.storages.GrpcStorageProxy(host=parts.hostname, port=parts.port)
    try:
        proxy.wait_server_ready(timeout=10)
    except Exception as error:
        raise ConfigError(f"--storage {address}: no proxy server of Optuna answers there.") from error
    return proxy


def _database(address: str) -> BaseStorage:
    for seconds in (0.5, 1.0):
        with contextlib.suppress(Exception):  # two who begin at once both make the tables: one of them fails
            return _connected(address)
        time.sleep(seconds)
    try:
        return _connected(address)
    except Exception as error:  # a driver of anyone's may raise anything
        reason = " ".join(str(error).split())
        raise ConfigError(f"--storage {address}: cannot be opened ({reason}).") from error


def _connected(address: str) -> BaseStorage:
    wait = {"connect_args": {"timeout": SECONDS_FOR_A_LOCK}} if address.startswith("sqlite") else {}
    return optuna.storages.RDBStorage(address, engine_kwargs={"pool_pre_ping": True, **wait})
