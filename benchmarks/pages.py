"""Write tables of benchmarks into pages of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import click


def put(page: Path, name: str, text: str) -> None:
    """Replace the text of a page between ``<!-- table: NAME -->`` and ``<!-- end of table -->``."""
    begin, end = f"<!-- table: {name} -->\n", "<!-- end of table -->"
    place = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    old = page.read_text(encoding="utf-8")
    if not place.search(old):
        raise click.ClickException(f"{page} must contain {begin.strip()} and {end}")
    page.write_text(place.sub(lambda _: begin + text + end, old), encoding="utf-8")
