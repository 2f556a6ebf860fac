"""The pictures that arguments mean, and complaints about those that cannot be read."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from ensemble_hwr.exceptions import DataError


def find_all(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the pictures meant, and what is wrong with folders; whether files are there is found out on opening."""
    pictures, problems = [], []
    for path in paths:
        try:
            found = _in_folder(path) if os.path.isdir(path) else [path]
        except DataError as error:
            problems.append(str(error))
            continue
        if not found:
            problems.append(f"{path!r}: there is no picture in this folder")
        pictures += found
    return pictures, problems


def _in_folder(path: str) -> list[str]:
    from ensemble_hwr.datasets import find_pictures  # much more comes with it than files need

    return find_pictures(path)


def printable(path: str) -> str:
    """Escape what could break a line or command a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)


def complain(problem: str) -> None:
    """Tell a problem on standard error, in one line."""
    click.echo(f"error: {problem}", err=True)
