"""The web server: started with settings, ended by a signal."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ensemble_hwr.exceptions import ConfigError, MissingExtraError
from ensemble_hwr.web.settings import ServerSettings

_EXTRA = {"fastapi": "FastAPI", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}
_SECONDS_TO_FINISH = 10  # for requests that are being handled when the server ends
_KEEP_ALIVE = 10  # seconds for which a connection without a request is kept
_BACKLOG = 2048


def serve(settings: ServerSettings, on_ready: Callable[[ServerSettings, list[str]], None] | None = None) -> None:
    """Serve the page and the HTTP interface until Ctrl-C or SIGTERM.

    Parameters
    ----------
    settings : ServerSettings
    on_ready : callable, default=None
        Called once pictures can be read, with the settings, which have the port that is used, and problems of the
        lexicons.

    Raises
    ------
    MissingExtraError
        If FastAPI, uvicorn or python-multipart is not installed.
    ConfigError
        If the address cannot be used.
    ModelError, DataError
        If the model or a lexicon cannot be loaded.

    Examples
    --------
    >>> from ensemble_hwr.web.server import serve
    >>> from ensemble_hwr.web.settings import ServerSettings
    >>> serve(ServerSettings(port=8000))  # doctest: +SKIP
    """
    check_installed()
    settings = settings.checked()
    with _listening(settings) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            asyncio.run(_serve(settings, listener, on_ready))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def check_installed() -> None:
    """Raise ``MissingExtraError`` if a package of the extra is not installed."""
    from importlib.util import find_spec

    for module, package in _EXTRA.items():
        if find_spec(module) is None:
            raise MissingExtraError(package, "web")


async def _serve(
    settings: ServerSettings, listener: socket.socket, on_ready: Callable[[ServerSettings, list[str]], None] | None
) -> None:
    from ensemble_hwr.web._pool import Pool

    pool = Pool(settings)
    starting = asyncio.create_task(pool.start())  # the models are loaded while the other packages are imported
    stopped = _on_signal(starting.cancel)
    await asyncio.sleep(0)
    server = await asyncio.to_thread(_make_server, settings, pool)
    try:
        await starting
    except asyncio.CancelledError:
        await pool.close()
        return
    except BaseException:
        await pool.close()
        raise
    stopped()
    if on_ready is not None and pool.ready is not None:
        on_ready(settings, pool.ready.warnings)
    await server.serve(sockets=[listener])


def _make_server(settings: ServerSettings, pool: Any) -> Any:
    import uvicorn

    from ensemble_hwr.web._application import make_application
    from ensemble_hwr.web._guard import timed_protocol

    config = uvicorn.Config(
        make_application(settings, pool),
        http=timed_protocol(settings.limits.upload_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        root_path=settings.root_path,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        backlog=_BACKLOG,
    )
    for name in ("uvicorn.error", "python_multipart"):  # requests that are not valid are answered, not logged
        logging.getLogger(name).setLevel(logging.ERROR)
    return uvicorn.Server(config)


def _listening(settings: ServerSettings) -> socket.socket:
    """Return a socket that listens at the address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{settings.host}, port {settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"{where}: is in use; end the other program, or give another --port") from None
        raise ConfigError(
            f"{where}: cannot be used: {error.strerror or error}; give another --host or --port"
        ) from None
    return listener


def _on_signal(function: Callable[[], object]) -> Callable[[], None]:
    """Call a function on Ctrl-C and SIGTERM; return a function that ends this."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(function))

    def end() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return end


def _ignore(*_: object) -> None:
    """Do nothing: uvicorn sends the signal that ended it once more."""
