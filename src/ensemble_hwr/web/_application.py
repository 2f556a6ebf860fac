"""The application: operations, the files of the page, and what surrounds them."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.middleware.cors import CORSMiddleware

from ensemble_hwr import __version__
from ensemble_hwr.web._guard import Application, Guard
from ensemble_hwr.web._observe import Metrics, Observer
from ensemble_hwr.web._pool import Pool
from ensemble_hwr.web._problems import add_handlers
from ensemble_hwr.web._routes import make_router
from ensemble_hwr.web.settings import ServerSettings

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
DESCRIPTION = """Read handwritten letters, words and pages.

Errors are problem documents (RFC 9457). No address is fetched, and nothing is kept except in a profile."""


def make_application(settings: ServerSettings, pool: Pool) -> Application:
    """Return the application, which starts and ends the pool."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await pool.close()

    application = FastAPI(
        title="ensemble_hwr",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        root_path=settings.root_path,
        license_info={"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
    )
    metrics = Metrics()
    add_handlers(application)
    application.include_router(make_router(settings, pool, metrics))
    _add_files(application)
    if settings.allowed_origins:
        application.add_middleware(
            CORSMiddleware, allow_origins=settings.allowed_origins, allow_methods=["GET", "POST"], allow_headers=["*"]
        )
    return Observer(Guard(application, settings), metrics, log=settings.access_log)


def _add_files(application: FastAPI) -> None:
    """Add the files of the page, which are read once."""
    for path, file in _files(files("ensemble_hwr.web").joinpath("static"), "/"):
        content = file.read_bytes()
        handler = _file_handler(content, TYPES["." + path.rpartition(".")[2]])
        name = {"/index.html": "/", "/docs.html": "/docs"}.get(path, path)
        application.add_api_route(name, handler, methods=["GET", "HEAD"], include_in_schema=False)


def _files(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _files(entry, f"{path}{entry.name}/")
        elif "." + entry.name.rpartition(".")[2] in TYPES:
            found.append((f"{path}{entry.name}", entry))
    return found


def _file_handler(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}

    async def handle(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    return handle
