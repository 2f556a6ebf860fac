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
_RULES = {  # of kinds of errors of pydantic
    "bool_parsing": "must be true or false",
    "extra_forbidden": "is not known here",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "list_type": "must be a list",
    "missing": "is missing",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
}
_POINT = "a point must be [x, y], [x, y, t] or [x, y, t, pressure], each a number in its range"


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
        detail = f"there is nothing at {request.url.path}; the interface is described at /docs"
    if error.status_code == 405:
        detail = f"{request.method} is not possible at {request.url.path}"
    return problem(error.status_code, detail, error.headers)


def _on_error(_: Request, __: Exception) -> Response:
    """Answer an error of the server, whose traceback is logged."""
    return problem(500, "an internal error; the server's log has its traceback")


def _on_invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    sentences = dict.fromkeys(_sentence(found) for found in error.errors())
    return problem(422, "; ".join(list(sentences)[:_MOST_ERRORS]))


def _sentence(found: Any) -> str:
    """Say what is wrong with a parameter or with the body."""
    place, *keys = found["loc"]
    shown = "" if isinstance(found.get("input"), dict | list) else f", got {str(found.get('input'))!r:.60}"
    if found["type"] == "json_invalid":
        return "the body is not JSON"
    if keys[:1] == ["strokes"] and len(keys) > 2:
        return f"strokes.{keys[1]}.{keys[2]}: {_POINT}{shown}"
    name = ".".join(map(str, keys)) or ("the body" if place == "body" else str(place))
    return f"{name}: {rule_of(found)}{shown}"


def rule_of(found: Any) -> str:
    """Return what a value must be, by an error of pydantic."""
    message = str(found["msg"]).removesuffix(", not 0").replace(" after validation", "")
    for words in ("Input should", "List should", "String should"):
        message = message.replace(words, "must")
    return _RULES.get(found["type"], f"{message[:1].lower()}{message[1:]}")


def _title(status: int) -> str:
    try:
        return TITLES.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"
