"""Start-up time of the import, of the command line's help and of reading one word, compared with bare Python.

    python -m benchmarks startup             the values of docs/user_guide/speed.md
    python -m benchmarks.startup             a table of all commands, in wall time and processor time

The commands are run in turn, several rounds. The table has the minimum and the median of the wall time, and the minimum
of the processor time, which depends less on other load.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from benchmarks.figures import Figure, ratio

MAIN = "import sys; from ensemble_hwr.cli import main; sys.argv[1:] = {}; sys.exit(main())"  # as the command does
BARE, IMPORT, HELP, READ = "bare Python", "`import ensemble_hwr`", "`ensemble-hwr --help`", "`ensemble-hwr read` a word"
NEEDED = "`import sklearn.base`"
COMMANDS = {
    BARE: "pass",
    IMPORT: "import ensemble_hwr",
    "`import click`, for comparison": "import click",
    NEEDED: "import sklearn.base",
    HELP: MAIN.format(["--help"]),
    "`ensemble-hwr letters --help`": MAIN.format(["letters", "--help"]),
    "`ensemble-hwr models`": MAIN.format(["models"]),
}
Runs = dict[str, list[tuple[float, float]]]


def measure(quick: bool = False) -> list[Figure]:
    """Measure the import, the help and the reading of one word."""
    with TemporaryDirectory() as folder:
        clock = {
            name: [seconds for seconds, _ in found]
            for name, found in started(commands(Path(folder)), 3 if quick else 15).items()
        }
    over = [a - b for a, b in zip(clock[IMPORT], clock[BARE], strict=True)]
    return [
        Figure(f"{IMPORT}, over bare Python", 1000 * median(over), "ms", "under 60 ms"),
        Figure(HELP, 1000 * median(clock[HELP]), "ms", "under 300 ms"),
        Figure(f"{READ}, loading the model", 1000 * median(clock[READ]), "ms", "under 1,200 ms"),
        Figure(f"{HELP} against bare Python", ratio(clock[HELP], clock[BARE]), "times", at_most=30),
        Figure(f"{READ} against {NEEDED}", ratio(clock[READ], clock[NEEDED]), "times", "at most 1.5", at_most=12),
    ]


@click.command()
@click.option("--repeats", type=click.IntRange(min=1), default=15, show_default=True)
def main(repeats: int) -> None:
    """Print a table of the commands' times in milliseconds."""
    with TemporaryDirectory() as folder:
        found = started(commands(Path(folder)), repeats)
    click.echo("| command | minimum ms | median ms | over bare Python | processor ms | over bare Python |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    bare = [min(figures) for figures in zip(*found[BARE], strict=True)]
    for name, runs in found.items():
        clock, processor = zip(*runs, strict=True)
        cells = min(clock), median(clock), min(clock) - bare[0], min(processor), min(processor) - bare[1]
        click.echo(f"| {name} | " + " | ".join(f"{1000 * seconds:.0f}" for seconds in cells) + " |")


def commands(folder: Path) -> dict[str, str]:
    """Return the code of every command; the picture to read is written into the folder."""
    from PIL import Image

    from ensemble_hwr.datasets import compose_words, generate_letters

    (word,) = compose_words(generate_letters(520, writers=5, random_state=0), ["WRITTEN"], random_state=0)
    Image.fromarray(word.picture).save(folder / "word.png")
    return COMMANDS | {READ: MAIN.format(["read", str(folder / "word.png")])}


def started(codes: Mapping[str, str], repeats: int) -> Runs:
    """Run all codes in turn, several rounds."""
    found: Runs = {name: [] for name in codes}
    for _ in range(repeats):
        for name, code in codes.items():
            found[name].append(run(code))
    return found


def run(code: str) -> tuple[float, float]:
    """Run Python code in a new process; return seconds of wall time and of processor time."""
    nothing = os.open(os.devnull, os.O_RDWR)
    quiet = [(os.POSIX_SPAWN_DUP2, nothing, stream) for stream in (1, 2)]
    start = perf_counter()
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    seconds = perf_counter() - start
    os.close(nothing)
    if status:
        raise click.ClickException(f"python -c {code!r} failed")
    return seconds, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
