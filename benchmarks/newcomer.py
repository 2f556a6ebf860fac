"""Run the commands of the quick start as a new user does, and print the seconds of each: table of docs/quick_start.md.

    python -m benchmarks.newcomer                              half an hour on two cores; generated pictures
    python -m benchmarks.newcomer --pictures FOLDER --update   with own pictures; write the table
    python -m benchmarks.newcomer --quick                      two minutes: short fits, to see that every command works

The repository is cloned, a virtual environment is made, and every command of docs/quick_start.md is run in the clone,
as it is written there. Pictures are generated, or copied from FOLDER, which has one folder per letter; every fifth is
kept for the evaluation.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from benchmarks.figures import environment
from benchmarks.pages import put

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "quick_start.md"
SHORT = [f"{role}.params.max_iter=3" for role in ("router", "specialist", "expert", "flat")]
QUICK = {  # options that --quick adds to a command
    "compare": ["seeds=[0]", *SHORT],
    "train": SHORT,
    "tune": ["tune.timeout_minutes=0.3", *SHORT],
}


@dataclass(frozen=True)
class Step:
    """A command of the page, and what it took: seconds of the clock and of all processors."""

    command: str
    seconds: float
    processor_seconds: float


@click.command()
@click.option(
    "--pictures", type=click.Path(exists=True, file_okay=False, path_type=Path), help="One folder per letter."
)
@click.option("--quick", is_flag=True, help="Shorten all fits; the seconds mean nothing.")
@click.option("--update", is_flag=True, help="Write the table into docs/quick_start.md.")
def main(pictures: Path | None, quick: bool, update: bool) -> None:
    """Run every command of the quick start in a fresh clone."""
    with TemporaryDirectory() as folder:
        clone, venv = Path(folder, "clone"), Path(folder, "venv")
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        add_pictures(clone, pictures)
        steps = [run(command, clone, venv, quick=quick) for command in commands(PAGE.read_text(encoding="utf-8"))]
    text = table(steps)
    click.echo(text)
    if update:
        put(PAGE, "benchmarks/newcomer.py", text)


def commands(page: str) -> Iterator[str]:
    """Yield the commands of a page in order: lines of shell blocks, and Python blocks that load a model file."""
    for language, block in re.findall(
        r"^```(sh|\{code-block\} python)\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE
    ):
        if language == "sh":
            yield from block.splitlines()
        else:
            yield f"python -c '{block.strip()}'"


def run(command: str, clone: Path, venv: Path, *, quick: bool) -> Step:
    """Run one command in the clone with the virtual environment; its output goes to standard error."""
    name = command.split()[1]
    changes = QUICK.get(name, []) if quick and command.startswith("ensemble-hwr") else []
    added = "".join(f" --set '{change}'" for change in changes)
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "ENSEMBLE_HWR_DATA")}
    clean["PATH"] = f"{venv / 'bin'}{os.pathsep}{clean['PATH']}"
    click.echo(f"$ {command}", err=True)
    start = perf_counter()
    process = subprocess.Popen(["sh", "-c", command + added], cwd=clone, env=clean, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{command}: exit code {process.returncode}")
    return Step(command, perf_counter() - start, usage.ru_utime + usage.ru_stime)


def add_pictures(clone: Path, pictures: Path | None) -> None:
    """Write all files that the page names: my-letters, more-letters, scans, a word and a lexicon."""
    from PIL import Image

    from ensemble_hwr.datasets import compose_words, generate_letters

    letters = generate_letters(1950, writers=20, random_state=0)
    files = generated(clone / "generated") if pictures is None else pictures
    for group in sorted(path for path in files.iterdir() if path.is_dir()):
        for i, file in enumerate(sorted(group.iterdir())):
            copied(file, clone / ("more-letters" if i % 5 == 4 else "my-letters") / group.name / file.name)
            if i == 0:
                copied(file, clone / "scans" / f"{group.name}{file.suffix}")
    first, second, *_ = sorted((clone / "scans").iterdir())
    Image.open(first).convert("L").save(clone / "scan1.png")
    Image.open(second).convert("L").save(clone / "scan2.jpg")
    (word,) = compose_words(letters, ["WRITTEN"], random_state=0)
    Image.fromarray(word.picture).save(clone / "word.png")
    (clone / "words.txt").write_text("WRITTEN\nWORDS\nLETTERS\n", encoding="utf-8")


def generated(folder: Path) -> Path:
    """Write generated letters, 75 per class, into one folder per class."""
    from PIL import Image

    from ensemble_hwr.datasets import generate_letters

    letters = generate_letters(1950, writers=20, random_state=0, format="pictures")
    for i, (picture, label) in enumerate(zip(letters.data, letters.target.tolist(), strict=True)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / label / f"{i}.png")
    return folder


def copied(file: Path, target: Path) -> None:
    """Copy a file, and make the folder of the copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)


def table(steps: list[Step]) -> str:
    """Return the steps as a Markdown table, with the machine below it."""
    lines = ["| command | seconds | seconds of processor |", "| --- | --- | --- |"]
    for step in steps:
        shown = "`load_model`, `predict`" if step.command.startswith("python") else f"`{step.command}`"
        lines.append(f"| {shown} | {step.seconds:.1f} | {step.processor_seconds:.1f} |")
    facts = environment()
    return "\n".join(lines) + f"\n\n{facts['processor']}, {facts['cores']} cores; Python {facts['python']}.\n"


if __name__ == "__main__":
    main()
