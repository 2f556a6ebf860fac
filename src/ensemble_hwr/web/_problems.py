"""Errors as problem documents of RFC 9457."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
TITLES = {
    408: "The request was too slow",
    413: "The request is too large",
    415: "This type of content cannot be read",
    421: "This name is not served here",
    422: "The request cannot be read",
    429: "The server is busy",
    503: "The server is not ready",
    504: "Reading took too long",
}
_MOST_ERRORS = 5


class Problem(HTTPException):
    """An error with a status of HTTP and a sentence."""


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as an answer."""
    return Response(problem_body(status, detail), status, dict(headers or {}), MEDIA_TYPE)


def problem_body(status: int, detail: str) -> bytes:
    """Return the document of an error."""
    found = {"type": "about:blank", "title": _title(status), "status": status, "detail": detail}
    return json.dumps(found).encode()


def add_handlers(application: FastAPI) -> None:
    """Let all errors of an application be answered by problem documents."""
    application.add_exception_handler(HTTPException, _on_http_error)
    application.add_exception_handler(RequestValidationError, _on_invalid_request)
    application.add_exception_handler(Exception, _on_error)


def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = str(error.detail)
    if error.status_code == 404:
        detail = f"there is nothing at {request.url.path}; the interface is described at docs"
    if error.status_code == 405:
        detail = f"{request.method} is not possible at {request.url.path}"
    return problem(error.status_code, detail, error.headers)


def _on_error(_: Request, __: Exception) -> Response:
    """Answer an error of the server, whose traceback is logged."""
    return problem(500, "an internal error; the server's log has its traceback")


def _on_invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem(422, "; ".join(_sentence(found) for found in error.errors()[:_MOST_ERRORS]))


def _sentence(found: Any) -> str:
    """Say what is wrong with a parameter or with the body."""
    place, *keys = found["loc"]
    name = ".".join(map(str, keys)) or ("the body" if place == "body" else str(place))
    shown = "" if isinstance(found.get("input"), dict | list) else f", got {str(found.get('input'))!r:.60}"
    if found["type"] == "json_invalid":
        return "the body is not JSON"
    return f"{name}: {found['msg'][:1].lower()}{found['msg'][1:]}{shown}"


def _title(status: int) -> str:
    try:
        return TITLES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"
