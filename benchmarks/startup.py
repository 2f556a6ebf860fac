"""What it costs to start: the library's import and the command line's help, over a bare Python.

    python -m benchmarks.startup

Each command is run in turn with the others, several times over; the table shows the least and the middle time of a
clock, and the least of the processor, which other work on the machine disturbs less.
"""

from __future__ import annotations

import os
import sys
from statistics import median
from time import perf_counter

import click

MAIN = "import sys; from ensemble_hwr.cli import main; sys.exit(main({}))"
COMMANDS = {
    "bare Python": "pass",
    "`import ensemble_hwr`": "import ensemble_hwr",
    "`import click`, for comparison": "import click",
    "`ensemble-hwr --help`": MAIN.format(["--help"]),
    "`ensemble-hwr letters --help`": MAIN.format(["letters", "--help"]),
    "`ensemble-hwr models`": MAIN.format(["models"]),
}


@click.command()
@click.option("--repeats", type=click.IntRange(min=1), default=15, show_default=True)
def main(repeats: int) -> None:
    """Start each command several times and print a table of milliseconds."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(repeats):
        for name, code in COMMANDS.items():
            found[name].append(run(code))
    click.echo("| command | least ms | middle ms | over bare Python | processor ms | over bare Python |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    bare = [min(figures) for figures in zip(*found["bare Python"], strict=True)]
    for name, runs in found.items():
        clock, processor = zip(*runs, strict=True)
        cells = min(clock), median(clock), min(clock) - bare[0], min(processor), min(processor) - bare[1]
        click.echo(f"| {name} | " + " | ".join(f"{1000 * seconds:.0f}" for seconds in cells) + " |")


def run(code: str) -> tuple[float, float]:
    """Run Python code in a process of its own; return seconds of the clock and of the processor."""
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
