"""``ensemble-hwr serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ensemble_hwr.cli._errors import echo, report_warning
from ensemble_hwr.cli._options import NumberRange, alphabet_option, model_option

if TYPE_CHECKING:
    from ensemble_hwr.web.settings import ServerSettings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 is all networks.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@model_option
@alphabet_option
@click.option(
    "--lexicon",
    "lexicons",
    multiple=True,
    metavar="[NAME=]WORDS",
    help="File of expected words, one per line, which requests choose by name. Can be given several times.",
)
@click.option(
    "--profile",
    metavar="NAME",
    help="Writer whose corrections are kept in the user's data folder, and adapted to; see: ensemble-hwr profiles.",
)
@click.option(
    "--workers", "-w", type=click.IntRange(1), metavar="N", help="Processes that read; by default one per core."
)
@click.option("--root-path", default="", metavar="PATH", help="Path below which a reverse proxy serves the page.")
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="Name that requests may use for this server, such as that of a reverse proxy. Can be given several times.",
)
@click.option(
    "--allow-origin",
    "allowed_origins",
    multiple=True,
    metavar="SITE",
    help="Site whose pages may send requests, such as https://school.example. Can be given several times.",
)
@click.option(
    "--max-upload",
    type=NumberRange(0.01),
    default=20.0,
    show_default=True,
    metavar="MB",
    help="Size of a request.",
)
@click.option(
    "--max-pixels",
    type=NumberRange(0.01),
    default=50.0,
    show_default=True,
    metavar="MILLIONS",
    help="Size of a picture, in millions of pixels.",
)
@click.option("--max-pages", type=click.IntRange(1), default=20, show_default=True, help="Pages of a file.")
@click.option(
    "--timeout",
    type=NumberRange(0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Time in which a request is answered after it has arrived.",
)
@click.option(
    "--upload-timeout",
    type=NumberRange(0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Time in which a request must arrive.",
)
@click.option(
    "--queue", type=click.IntRange(0), default=64, show_default=True, help="Requests that wait; others are refused."
)
@click.option("--access-log", is_flag=True, help="Write a line of JSON per request on standard error.")
@click.option("--metrics", is_flag=True, help="Serve metrics for Prometheus at /metrics.")
def serve(
    *,
    lexicons: tuple[str, ...],
    open_page: bool,
    max_upload: float,
    max_pixels: float,
    max_pages: int,
    timeout: float,
    upload_timeout: float,
    queue: int,
    **options: Any,
) -> None:
    """Serve a page that reads handwriting, and an HTTP interface.

    The address is printed once pictures can be read. By default only this computer can reach it. The interface is
    described at /docs. Ctrl-C ends the server.

    Nothing is kept, unless --profile names a writer: then letters and words that are corrected on the page are kept,
    and the model is adapted to the writer, by one process.

    It needs FastAPI and uvicorn: pip install "ensemble_hwr[web]"
    """
    from ensemble_hwr.web.server import check_installed
    from ensemble_hwr.web.server import serve as run
    from ensemble_hwr.web.settings import Limits, ServerSettings, named_lexicons

    check_installed()
    limits = Limits(
        request_bytes=round(max_upload * 1e6),
        buffered_bytes=max(Limits.buffered_bytes, round(max_upload * 2e6)),
        pixels=round(max_pixels * 1e6),
        pages=max_pages,
        seconds=timeout,
        upload_seconds=upload_timeout,
        queue=queue,
    )
    settings = ServerSettings(**options, lexicons=named_lexicons(lexicons), limits=limits)
    run(settings, lambda found, warnings: _announce(found, warnings, open_page=open_page))


def _announce(settings: ServerSettings, warnings: list[str], *, open_page: bool) -> None:
    """Print the address of the page, and open it."""
    from ensemble_hwr.web.settings import LOOPBACK

    for warning in warnings:
        report_warning(warning)
    if settings.profile is not None and settings.host not in LOOPBACK:
        report_warning("all who can reach the page can change, copy and delete the profile")
    echo(f"Reading handwriting at {settings.address}/ (Ctrl-C ends)")
    if open_page:
        click.launch(f"{settings.address}/")
