"""HTTP protocol of uvicorn that closes connections whose request does not arrive in time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


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
