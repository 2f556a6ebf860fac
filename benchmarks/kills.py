"""Kill `train`, `tune` and `compare` at many moments; count what is lost and which processes are left.

    python -m benchmarks.kills --kills 34            34 kills of each command, by SIGKILL, SIGTERM and SIGHUP in turn
    python -m benchmarks.kills --update              also write the table into docs/user_guide/security.md

Every second kill goes to the process group, as from a terminal; the others go to the main process, as from a service
manager. Two seconds after the main process has ended, no process and no shared memory of the command may be left. A run
that was killed is then continued by the same command, and its result must be that of a run that was not killed. Needs
Linux.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.pages import put

PAGE = Path(__file__).parent.parent / "docs" / "user_guide" / "security.md"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
SECONDS_UNTIL_FREE = 2.0
SECONDS_TO_END = 30.0
CONFIG = """
name = "kills"
seeds = [0]
data = { format = "generated", n = 360, writers = 8, letters = "ABDO" }
split = { kind = "random", by = "writer", test_size = 0.3 }

[hierarchy]
groups = ["AB", "DO"]
confusables = ["BD"]
cv = 2

[router]
params = { hidden_layer_sizes = [24], max_iter = 60, early_stopping = false, tol = 0.0 }

[specialist]
params = { hidden_layer_sizes = [16], max_iter = 60, early_stopping = false, tol = 0.0 }

[expert]
params = { hidden_layer_sizes = [16], max_iter = 60, early_stopping = false, tol = 0.0 }

[compare]
contenders = ["flat", "hierarchical"]

[tune]
folds = 2
n_trials = 3
repeats = 0
pruner = "none"

[tune.router]
alpha = { low = 1e-5, high = 0.1, log = true }
"""


@dataclass(frozen=True)
class Job:
    """Command that is killed and continued."""

    name: str
    folder: Path

    @property
    def arguments(self) -> list[str]:
        """Arguments of the command."""
        output = {"train": "out.model", "tune": "out", "compare": "out"}[self.name]
        return [self.name, str(self.folder / "kills.toml"), "-o", str(self.folder / output), "-j", "2"]

    def start(self) -> subprocess.Popen[bytes]:
        """Start it in a process group of its own."""
        listen = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"  # nohup ignores it
        start = f"import sys; {listen}; from ensemble_hwr.cli import main; sys.exit(main())"
        return subprocess.Popen(
            [sys.executable, "-c", start, *self.arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def finished(self) -> set[str]:
        """Return names of what is finished: members, trials with their values."""
        members = {file.name for file in self.folder.glob("out.model.members/*.model")}
        journal = self.folder / "out" / "optuna_journal.log"
        text = journal.read_text(errors="replace") if journal.exists() else ""
        return members | set(re.findall(r'"trial_id":\d+,"state":1,"values":\[[^]]*\]', text))

    def result(self) -> str:
        """Return a hash of the result, without what differs between runs, such as times."""
        if self.name == "train":
            from ensemble_hwr.persistence import load_model

            rows = np.random.default_rng(0).random((20, 784), dtype=np.float32)
            content = str(load_model(self.folder / "out.model")[-1].predict_proba(rows).tolist())
        elif self.name == "tune":
            text = (self.folder / "out" / "tuned.toml").read_text()
            content = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        else:
            report = json.loads((self.folder / "out" / "report.json").read_text())
            content = json.dumps(_without_times(report), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def _without_times(value: object) -> object:
    """Return JSON without entries that measure time or depend on the machine."""
    if isinstance(value, dict):
        varying = re.compile("second|time|version|command|date|machine|memory|bytes|python|elapsed|path|file|jobs")
        return {key: _without_times(item) for key, item in value.items() if not varying.search(key)}
    if isinstance(value, str):
        return re.sub(r"[\d.]+ times the fit time", "", value)
    return [_without_times(item) for item in value] if isinstance(value, list) else value


@dataclass
class Tally:
    """Counts of one command."""

    kills: int = 0
    after_the_end: int = 0
    wrong_code: int = 0
    hung: int = 0
    processes: int = 0
    memory: int = 0
    lost: int = 0
    other_result: int = 0


def group(number: int) -> list[int]:
    """Return the processes of a group, zombies apart."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == number and fields[0] not in "ZX":
            found.append(int(stat.parent.name))
    return found


def shared_memory(number: int) -> list[str]:
    """Return files and folders of shared memory of a process."""
    places = [Path("/dev/shm"), Path(tempfile.gettempdir())]
    patterns = (f"ensemble_hwr-{number}-*", f"joblib_memmapping_folder_{number}_*")
    return [str(file) for place in places for pattern in patterns for file in place.glob(pattern)]


def kill(job: Job, by: signal.Signals, whole_group: bool, delay: float, tally: Tally) -> bool:
    """Start a command, kill it after some seconds, and check what is left; return whether it was still running."""
    process = job.start()
    time.sleep(delay)
    before = job.finished()
    running = process.poll() is None
    (os.killpg if whole_group else os.kill)(process.pid, by) if running else None
    try:
        code = process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        tally.hung += 1
        process.kill()
        code = process.wait()
    if not running:
        tally.after_the_end += 1
        return False
    tally.kills += 1
    # before a command has installed its handlers, the system ends it, and a shell shows the same exit code
    tally.wrong_code += code not in (0, -by, 128 + by)
    end = time.monotonic() + SECONDS_UNTIL_FREE
    while group(process.pid) and time.monotonic() < end:
        time.sleep(0.05)
    if left := group(process.pid):
        tally.processes += 1
        for number in left:
            with suppress(OSError):  # it has ended meanwhile
                command = Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ")
                click.echo(
                    f"left {time.monotonic() - end + SECONDS_UNTIL_FREE:.1f} s after the end: {command}", err=True
                )
                os.kill(number, signal.SIGKILL)
    # after a kill of the whole group no process is left that could free it; the next run does
    tally.memory += bool(shared_memory(process.pid)) and not (whole_group and by is signal.SIGKILL)
    tally.lost += code != 0 and not before <= job.finished()
    return code != 0


def measure(name: str, kills: int, seed: int) -> Tally:
    """Kill one command many times; a run is killed again while it continues, then finished and compared."""
    draw, tally = random.Random(f"{name} {seed}"), Tally()
    with tempfile.TemporaryDirectory() as folder:
        job = _fresh(name, Path(folder, "whole"))
        began = time.monotonic()
        job.start().wait()
        seconds, expected = time.monotonic() - began, job.result()
        job = _fresh(name, Path(folder, "killed"))
        for number in range(kills):
            by = SIGNALS[number % len(SIGNALS)]
            again = kill(job, by, bool(number // len(SIGNALS) % 2), draw.uniform(0.2, seconds), tally)
            if not again or number % 4 == 3 or number == kills - 1:
                job.start().wait()
                tally.other_result += job.result() != expected
                tally.memory += any(shared_memory_of_others())
                job = _fresh(name, job.folder)
            click.echo(f"{name} {number + 1}/{kills}: {tally}", err=True)
    return tally


def shared_memory_of_others() -> list[str]:
    """Return folders of shared memory whose processes have ended."""
    found = []
    for file in Path("/dev/shm").glob("ensemble_hwr-*"):
        if not Path("/proc", file.name.split("-")[1]).exists():
            found.append(str(file))
    return found


def _fresh(name: str, folder: Path) -> Job:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "kills.toml").write_text(CONFIG)
    return Job(name, folder)


def table(tallies: dict[str, Tally]) -> str:
    """Return the counts as a table in Markdown."""
    lines = [
        "| command | kills | wrong exit code | hung | processes left after 2 s | shared memory left "
        "| something finished lost | other result |",
        "| --- |" + " ---: |" * 7,
    ]
    for name, one in tallies.items():
        counts = [one.kills, one.wrong_code, one.hung, one.processes, one.memory, one.lost, one.other_result]
        lines.append(f"| `{name}` | {' | '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--kills", default=34, show_default=True, help="Number of kills of each command.")
@click.option("--commands", default="train,tune,compare", show_default=True)
@click.option("--seed", default=0, show_default=True, help="Another seed kills at other moments.")
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/security.md.")
def main(kills: int, commands: str, seed: int, update: bool) -> None:
    """Kill commands, continue them, and print a table of what was lost or left."""
    tallies = {name: measure(name, kills, seed) for name in commands.split(",")}
    text = table(tallies)
    click.echo(text)
    if update:
        put(PAGE, "python -m benchmarks.kills", text)
    bad = [
        one.wrong_code + one.hung + one.processes + one.memory + one.lost + one.other_result for one in tallies.values()
    ]
    if sum(bad):
        raise click.ClickException(f"{sum(bad)} faults")


if __name__ == "__main__":
    main()
