"""Every command in README, documentation, configs and comments exists, and takes the options that are written there."""

import re
import shlex
from contextlib import suppress
from pathlib import Path

import click
import pytest

from ensemble_hwr.cli import cli
from ensemble_hwr.config.loading import shipped_configs

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if not page.is_relative_to(ROOT / "docs" / "_build")]
ENDS = ("|", ">", "<", "&&")
PLACES = re.compile(r"(?m)^(?:#|pip.*&&)?\s*(ensemble-hwr \w.*)$|`(ensemble-hwr \w[^`]*)`")


def written(file):
    """The commands of a file: lines, also of comments, and code in sentences."""
    for found in PLACES.finditer(file.read_text(encoding="utf-8")):
        command, *_ = re.split(" {3,}", (found[1] or found[2]).replace("\n", " "))  # a remark follows several spaces
        words = shlex.split(command, comments=True)[1:]
        end = min([words.index(end) for end in ENDS if end in words], default=len(words))
        yield words[:end]


def commands():
    for file in [*PAGES, *shipped_configs().values()]:
        for words in written(file):
            yield pytest.param(words, id=f"{file.stem}: {' '.join(words)}")


def files_of_init():
    """The configs that commands of a page read, with those that the page writes by `init`."""
    for page in PAGES:
        found = list(written(page))
        copies = {f"{words[1]}.toml" for words in found if words[0] == "init" and len(words) > 1}
        read = {words[1] for words in found if len(words) > 1 and words[0] in ("compare", "train", "tune")}
        yield pytest.param(read, copies, id=page.stem)


@pytest.mark.parametrize("words", commands())
def test_a_written_command_is_accepted(words):
    name, *arguments = words
    command = cli.commands[name]
    with suppress(click.MissingParameter):  # a sentence can name a command with one option
        command.make_context(name, arguments)


@pytest.mark.parametrize(("read", "copies"), files_of_init())
def test_a_page_writes_the_configs_that_its_commands_read(read, copies):
    assert {config for config in read if not config.endswith("/tuned.toml")} - copies <= {"CONFIG"}


def test_the_quick_start_goes_from_pictures_to_an_exported_model():
    names = [words[0] for words in written(ROOT / "docs" / "quick_start.md")]
    for name in ("demo", "init", "compare", "train", "tune", "evaluate", "letters", "export"):
        assert name in names
