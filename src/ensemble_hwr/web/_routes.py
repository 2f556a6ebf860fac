"""Operations of the HTTP interface: letters, words, pages, strokes, explanations, models and health."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, ValidationError

from ensemble_hwr.web import _schema as schema
from ensemble_hwr.web._messages import (
    Answer,
    Explain,
    KeepLetters,
    KeepWord,
    ManageProfile,
    Options,
    ReadPictures,
    ReadStrokes,
    Refused,
    Task,
)
from ensemble_hwr.web._observe import METRICS_TYPE, Metrics
from ensemble_hwr.web._pool import Busy, Ended, Late, Pool
from ensemble_hwr.web._problems import Problem, rule_of
from ensemble_hwr.web._uploads import parse_upload
from ensemble_hwr.web.settings import ServerSettings

Body = TypeVar("Body", bound=BaseModel)
PictureQuery = Annotated[schema.PictureQuery, Query()]
StrokesQuery = Annotated[schema.StrokesQuery, Query()]

_ERRORS = schema.problems(400, 403, 408, 413, 415, 421, 422, 429, 500, 503, 504)
_FORMATS: dict[str, Any] = {
    kind: {"schema": {"type": "string"}}
    for kind in ("text/plain", "text/csv", "application/xhtml+xml", "application/xml")
}
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {
            "file": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
            "words": {"type": "string", "description": "Expected words, separated by spaces, commas or line breaks."},
        },
    }
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": _FORM, "image/*": _PICTURE, "application/octet-stream": _PICTURE},
    }
}
_TITLES = {"letters": "the letter", "words": "the word", "pages": "the lines of words"}
_MAX_WORDS = 10_000
_NPZ = "application/octet-stream"


def make_router(settings: ServerSettings, pool: Pool, metrics: Metrics) -> APIRouter:
    """Return all operations."""
    router = APIRouter()
    results = {"letters": schema.LetterResults, "words": schema.WordResults, "pages": schema.PageResults}
    for kind, model in results.items():
        router.add_api_route(
            f"/v1/{kind}",
            _picture_reader(kind, settings, pool),
            methods=["POST"],
            operation_id=kind,
            summary=f"Read {_TITLES[kind]} in each picture",
            responses={200: {"model": model, "content": _FORMATS}, **_ERRORS},
            openapi_extra=_BODY,
            response_class=Response,
            tags=["reading"],
        )
    _add_strokes(router, settings, pool)
    _add_explain(router, settings, pool)
    if settings.profile is not None:
        _add_profile(router, settings, pool)
    _add_state(router, settings, pool, metrics)
    return router


def _picture_reader(kind: str, settings: ServerSettings, pool: Pool) -> Callable[..., Awaitable[Response]]:
    async def read(request: Request, query: PictureQuery) -> Response:
        found = parse_upload(request.headers.get("content-type", ""), await request.body(), settings.limits)
        words = tuple(found.fields.get("words", "").replace(",", " ").split())
        if len(words) > _MAX_WORDS:
            raise Problem(413, f"there are {len(words):,} words; send at most {_MAX_WORDS:,}")
        return await _perform(ReadPictures(kind, tuple(found.files), _options(query, words)), request, pool)

    return read


def _add_strokes(router: APIRouter, settings: ServerSettings, pool: Pool) -> None:
    @router.post(
        "/v1/strokes",
        operation_id="strokes",
        summary="Read pen strokes",
        responses={200: {"model": schema.StrokesResults, "content": _FORMATS}, **_ERRORS},
        response_class=Response,
        tags=["reading"],
    )
    async def read(request: Request, strokes: schema.Strokes, query: StrokesQuery) -> Response:
        _check_points(strokes, settings)
        options = _options(query, tuple(strokes.words))
        task = ReadStrokes(tuple(map(tuple, strokes.strokes)), query.layout == "page", options)
        return await _perform(task, request, pool)


def _add_explain(router: APIRouter, settings: ServerSettings, pool: Pool) -> None:
    pixels = {"schema": schema.Pixels.model_json_schema()}
    content = {**_BODY["requestBody"]["content"], "application/json": pixels}  # type: ignore[dict-item]

    @router.post(
        "/v1/explain",
        operation_id="explain",
        summary="Explain how the router and the members decide on a letter",
        responses={200: {"model": schema.ExplanationResult}, **_ERRORS},
        openapi_extra={"requestBody": {"required": True, "content": content}},
        response_class=Response,
        tags=["reading"],
    )
    async def explain(request: Request) -> Response:
        kind, body = request.headers.get("content-type", ""), await request.body()
        if kind.partition(";")[0].strip().lower() == "application/json":
            task = Explain(base64.b64decode(_validated(schema.Pixels, body).pixels), is_pixels=True)
        else:
            files = parse_upload(kind, body, settings.limits).files
            if len(files) > 1:
                raise Problem(422, f"one letter is explained at a time, got {len(files)} files")
            task = Explain(files[0][1])
        return await _perform(task, request, pool)


def _add_profile(router: APIRouter, settings: ServerSettings, pool: Pool) -> None:
    """Add the operations on the profile of the writer; they exist only if the server was started with one."""
    _add_corrections(router, settings, pool)
    _add_management(router, str(settings.profile), pool)


def _add_corrections(router: APIRouter, settings: ServerSettings, pool: Pool) -> None:
    strokes = {"schema": {"$ref": "#/components/schemas/Strokes"}}
    content = {"application/json": strokes, "image/*": _PICTURE, "application/octet-stream": _PICTURE}
    shared: dict[str, Any] = {
        "responses": {200: {"model": schema.ProfileState}, **_ERRORS},
        "response_class": Response,
        "tags": ["profile"],
    }

    @router.post("/v1/profile/letters", operation_id="keepLetters", summary="Keep letters with their labels", **shared)
    async def keep_letters(request: Request, given: schema.KeptLetters) -> Response:
        letters = tuple((base64.b64decode(kept.pixels), kept.letter) for kept in given.letters)
        return await _perform(KeepLetters(letters), request, pool)

    @router.post(
        "/v1/profile/words",
        operation_id="keepWord",
        summary="Keep the letters of a word with its right text",
        openapi_extra={"requestBody": {"required": True, "content": content}},
        **shared,
    )
    async def keep_word(request: Request, query: Annotated[schema.WordQuery, Query()]) -> Response:
        kind, body = request.headers.get("content-type", ""), await request.body()
        if kind.partition(";")[0].strip().lower() == "application/json":
            found = _validated(schema.Strokes, body)
            _check_points(found, settings)
            return await _perform(KeepWord(query.text, tuple(map(tuple, found.strokes))), request, pool)
        files = parse_upload(kind, body, settings.limits).files
        if len(files) > 1:
            raise Problem(422, f"one word is kept at a time, got {len(files)} files")
        return await _perform(KeepWord(query.text, files[0][1]), request, pool)


def _add_management(router: APIRouter, name: str, pool: Pool) -> None:
    described: dict[int | str, Any] = {
        200: {"model": schema.ProfileState},
        **schema.problems(403, 421, 422, 429, 500, 503, 504),
    }
    file = {"content": {_NPZ: _PICTURE}, "description": "Letters and labels as .npz"}
    shared: dict[str, Any] = {"response_class": Response, "tags": ["profile"]}

    @router.get(
        "/v1/profile", operation_id="profile", summary="Show the profile and its gain", responses=described, **shared
    )
    async def describe(request: Request) -> Response:
        return await _perform(ManageProfile(), request, pool)

    @router.get(
        "/v1/profile/letters",
        operation_id="exportProfile",
        summary="Export the letters of the profile",
        responses={**described, 200: file},
        **shared,
    )
    async def export(request: Request) -> Response:
        found = await _perform(ManageProfile("export"), request, pool)
        found.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.npz"
        return found

    @router.delete(
        "/v1/profile", operation_id="deleteProfile", summary="Delete the profile", responses=described, **shared
    )
    async def delete(request: Request) -> Response:
        return await _perform(ManageProfile("delete"), request, pool)


def _add_state(router: APIRouter, settings: ServerSettings, pool: Pool, metrics: Metrics) -> None:
    @router.get("/v1/models", operation_id="models", summary="Letters and lexicons", tags=["server"])
    async def models() -> schema.Models:
        assert pool.ready is not None
        return schema.Models(**pool.ready.description)

    @router.get("/live", operation_id="live", summary="Whether the server runs", tags=["server"])
    async def live() -> dict[Literal["status"], Literal["alive"]]:
        return {"status": "alive"}

    @router.get(
        "/ready", operation_id="ready", summary="Whether it can read", responses=schema.problems(503), tags=["server"]
    )
    async def ready() -> dict[Literal["status"], Literal["ready"]]:
        if not pool.alive:
            raise Problem(503, "no reading process is ready", headers={"Retry-After": "1"})
        return {"status": "ready"}

    if settings.metrics:

        @router.get(
            "/metrics",
            operation_id="metrics",
            summary="Metrics for Prometheus",
            response_class=PlainTextResponse,
            tags=["server"],
        )
        async def text() -> Response:
            return Response(metrics.text(pool), media_type=METRICS_TYPE)


def _options(query: schema.ReadQuery, words: tuple[str, ...]) -> Options:
    if words and query.lexicon is not None:
        raise Problem(422, "words and lexicon exclude each other; send one of them")
    return Options(words=words, **query.model_dump(exclude={"layout"}))


def _check_points(strokes: schema.Strokes, settings: ServerSettings) -> None:
    n_points = sum(map(len, strokes.strokes))
    if n_points > settings.limits.strokes:
        raise Problem(413, f"there are {n_points:,} points; send at most {settings.limits.strokes:,}")


def _validated(model: type[Body], body: bytes) -> Body:
    """Return the body of a request that can be JSON or something else."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(422, f"{'.'.join(map(str, first['loc'][:3])) or 'the body'}: {rule_of(first)}") from None


async def _perform(task: Task, request: Request, pool: Pool) -> Response:
    """Perform a task; drop it if the client closes the connection."""
    work = asyncio.ensure_future(pool.perform(task))
    gone = asyncio.ensure_future(_until_closed(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            return Response(status_code=499)
        result = work.result()
    except Busy as busy:
        raise Problem(429, str(busy), headers={"Retry-After": str(busy.retry_after)}) from None
    except Late:
        raise Problem(504, "reading took longer than the server allows; send less at a time") from None
    except Ended:
        raise Problem(503, "the reading process ended twice; try again", headers={"Retry-After": "1"}) from None
    finally:
        work.cancel()
        gone.cancel()
    if isinstance(result, Refused):
        raise Problem(result.status, result.reason)
    assert isinstance(result, Answer)
    return Response(result.body, media_type=result.media_type)


async def _until_closed(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
