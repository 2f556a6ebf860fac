"""Checks before a request is handled: its host, its origin, its size and its speed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from uvicorn.protocols.http.h11_impl import H11Protocol

from ensemble_hwr.web._problems import MEDIA_TYPE, problem_body
from ensemble_hwr.web.settings import ServerSettings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_DRAIN_SECONDS = 2.0  # for which the rest of a refused request is read, so that its client reads the answer
_WITH_BODY = ("POST", "PUT", "PATCH")
_READ_ONLY = ("GET", "HEAD", "OPTIONS")
_OWN = "/v1/profile"  # below it, only the page of this server can send requests


class Refusal(Exception):
    """A request that is answered with an error before it is handled."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.retry_after = status, detail, retry_after


class Guard:
    """Middleware that refuses requests from other sites, and those that are too large or too slow.

    The body is read before the application is called, so that slow clients take no process.

    Parameters
    ----------
    application : callable
        ASGI application.
    settings : ServerSettings
    """

    def __init__(self, application: Application, settings: ServerSettings) -> None:
        self._application, self._limits = application, settings.limits
        self._hosts, self._origins = settings.hosts, frozenset(settings.allowed_origins)
        self._buffered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers, reserved = Headers(scope=scope), 0
        try:
            self._check_host(headers)
            is_own = _OWN in scope["path"]
            if is_own or scope["method"] not in _READ_ONLY:
                self._check_origin(headers, frozenset() if is_own else self._origins)
            if scope["method"] not in _WITH_BODY:
                await self._application(scope, receive, send)
                return
            reserved = self._reserve(headers)
            body = await self._read(receive)
            if body is None:
                return
            scope["state"]["received"] = len(body)
            self._buffered += len(body) - reserved
            reserved = len(body)
            await self._application(scope, _replay(body, receive), send)
        except Refusal as refusal:
            await _refuse(refusal, scope, receive, send)
        finally:
            self._buffered -= reserved

    def _check_host(self, headers: Headers) -> None:
        """Refuse names of other sites, which could point to this address."""
        host = headers.get("host", "")
        name = (urlsplit(f"//{host}").hostname or "") if host.isprintable() and "[" not in host[1:] else ""
        if self._hosts and name.lower() not in self._hosts:
            raise Refusal(421, f"{name!r:.80} is not a name of this server; allow it with --allow-host")

    def _check_origin(self, headers: Headers, allowed: Collection[str]) -> None:
        """Refuse requests that a page of another site sends with the browser of a user."""
        origin = headers.get("origin")
        if origin in allowed:
            return
        site = headers.get("sec-fetch-site")
        own = origin is None or origin.partition("://")[2] == headers.get("host")
        if site not in ("same-origin", "none") if site else not own:
            raise Refusal(403, "pages of other sites cannot send this request; --allow-origin allows a site to read")

    def _reserve(self, headers: Headers) -> int:
        """Reserve memory for a body; return its size, or the largest size if it is not known."""
        most = self._limits.request_bytes
        try:
            size = int(headers.get("content-length", most))
        except ValueError:
            raise Refusal(400, "the header Content-Length is not a number") from None
        if size > most:
            raise Refusal(413, f"the request has {size:,} bytes; send at most {most:,}")
        if self._buffered + size > self._limits.buffered_bytes:
            raise Refusal(429, "the server is receiving too many pictures; try again in 2 s", 2)
        self._buffered += size
        return size

    async def _read(self, receive: Receive) -> bytes | None:
        """Return the body; None if the client is gone."""
        most, parts, size = self._limits.request_bytes, [], 0
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > most:
                        raise Refusal(413, f"the request is larger than {most:,} bytes")
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            raise Refusal(408, f"the request took longer than {self._limits.upload_seconds:g} s to arrive") from None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a function that returns a body that was read, and then what `receive` returns."""
    is_read = False

    async def replay() -> MutableMapping[str, Any]:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an error, then read the rest of the request for a moment and close the connection."""
    body = problem_body(refusal.status, refusal.detail)
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(b"connection", b"close")]
    if refusal.retry_after is not None:
        headers.append((b"retry-after", str(refusal.retry_after).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    if scope["method"] in _WITH_BODY:
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while (await receive()).get("more_body"):
                    pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def timed_protocol(seconds: float) -> type[H11Protocol]:
    """Return a protocol class that closes a connection if the headers of a request take too long.

    uvicorn limits the time between requests only: a client could keep a connection for ever by sending its headers
    byte by byte. The time of a body is limited where it is read.
    """

    class TimedProtocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._timer: asyncio.TimerHandle | None = None
            self._start_timer()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._is_handling():
                self._stop_timer()
            else:
                self._start_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_timer()
            super().connection_lost(exc)

        def _is_handling(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _start_timer(self) -> None:
            if self._timer is None:
                self._timer = self.loop.call_later(seconds, self._expire)

        def _stop_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _expire(self) -> None:
            self._timer = None
            if not self._is_handling():
                self.transport.close()

    return TimedProtocol
