"""What is written about requests: metrics in the text format of Prometheus, the access log, security headers."""

from __future__ import annotations

import json
import sys
import time
import uuid
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any

from ensemble_hwr.web._guard import Application, Receive, Scope, Send
from ensemble_hwr.web._pool import Pool

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram of durations, in seconds."""

POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "connect-src 'self'", "manifest-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
SECURITY_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


class Metrics:
    """Counts and durations of requests, by the path of the operation."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._durations: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._received = self._sent = 0

    def add(self, request: tuple[str, str, int], *, seconds: float, received: int, sent: int) -> None:
        """Count a request, which is its method, path and status."""
        path = request[1]
        self._requests[request] += 1
        self._durations[path][bisect_left(BOUNDS, seconds)] += 1
        self._seconds[path] += seconds
        self._received += received
        self._sent += sent

    def text(self, pool: Pool) -> str:
        """Return all metrics in the text format of Prometheus."""
        return "\n".join([*self._lines(pool), ""])

    def _lines(self, pool: Pool) -> Iterator[str]:
        yield from _head("requests_total", "counter", "Requests by method, path and status.")
        for (method, path, status), count in sorted(self._requests.items()):
            yield f'ensemble_hwr_requests_total{{method="{method}",path="{path}",status="{status}"}} {count}'
        yield from _head("request_seconds", "histogram", "Duration of requests.")
        for path, counts in sorted(self._durations.items()):
            total = 0
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
                total += count
                yield f'ensemble_hwr_request_seconds_bucket{{path="{path}",le="{bound}"}} {total}'
            yield f'ensemble_hwr_request_seconds_sum{{path="{path}"}} {self._seconds[path]:.6f}'
            yield f'ensemble_hwr_request_seconds_count{{path="{path}"}} {total}'
        yield from _value("received_bytes_total", "counter", "Bytes of the bodies of requests.", self._received)
        yield from _value("sent_bytes_total", "counter", "Bytes of the bodies of answers.", self._sent)
        yield from _value("queue_length", "gauge", "Requests that wait for a process.", pool.waiting)
        yield from _value("workers", "gauge", "Processes that are ready or at work.", pool.alive)
        yield from _value("workers_busy", "gauge", "Processes at work.", pool.busy)
        yield from _head("worker_restarts_total", "counter", "Processes that were replaced, by reason.")
        for reason in ("ended", "late", "memory"):
            yield f'ensemble_hwr_worker_restarts_total{{reason="{reason}"}} {pool.restarts[reason]}'
        yield from _head("worker_memory_bytes", "gauge", "Resident memory of each process after its last task.")
        for number, worker in enumerate(pool.workers):
            yield f'ensemble_hwr_worker_memory_bytes{{worker="{number}"}} {worker.memory}'


class Observer:
    """Middleware that adds security headers and a request id, counts requests and writes the access log.

    Parameters
    ----------
    application : callable
        ASGI application.
    metrics : Metrics
    log : bool
        Whether a line of JSON per request is written on standard error.
    """

    def __init__(self, application: Application, metrics: Metrics, *, log: bool) -> None:
        self._application, self._metrics, self._log = application, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        started, identifier, status, sent = time.perf_counter(), uuid.uuid4().hex[:16], 499, 0
        state["id"], state["received"] = identifier, 0

        async def observed(message: MutableMapping[str, Any]) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *_HEADERS, (b"x-request-id", identifier.encode())]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._application(scope, receive, observed)
        except Exception:
            status = 500
            raise
        finally:
            seconds = time.perf_counter() - started
            self._note(scope, identifier, status, seconds, sent)

    def _note(self, scope: Scope, identifier: str, status: int, seconds: float, sent: int) -> None:
        """Count a request, and write its line of the log. Neither has what was read, nor parameters."""
        path = str(getattr(scope.get("route"), "path", "other"))
        received = scope["state"]["received"]
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.add((method, path, status), seconds=seconds, received=received, sent=sent)
        if self._log:
            client = scope.get("client") or ("", 0)
            line = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "id": identifier,
                "client": client[0],
                "method": method,
                "path": scope["path"][:200] if path == "other" else path,
                "status": status,
                "received": received,
                "sent": sent,
                "seconds": round(seconds, 4),
            }
            print(json.dumps(line), file=sys.stderr, flush=True)


_HEADERS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH")


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP ensemble_hwr_{name} {text}"
    yield f"# TYPE ensemble_hwr_{name} {kind}"


def _value(name: str, kind: str, text: str, value: float) -> Iterator[str]:
    yield from _head(name, kind, text)
    yield f"ensemble_hwr_{name} {value}"
