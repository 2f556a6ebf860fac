"""The screen of a terminal, rendered: results and progress never mix."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios

import pyte
import pytest

from ensemble_hwr.datasets import open_letters
from ensemble_hwr.persistence import load_model

LINES = 60


@pytest.fixture
def folder(few, tmp_path):
    """25 pictures and two files that are not pictures."""
    for number, path in enumerate(open_letters(few / "letters").data[:25]):
        shutil.copy(path, tmp_path / f"{number:02d}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "00").mkdir()
    return tmp_path


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("command", ["letters", "read"])
def test_at_a_terminal_every_result_has_a_line_of_its_own(command, columns, folder, model, ensemble_hwr_command):
    names = [f"{number:02d}.png" for number in range(25)]
    texts = load_model(model).predict([str(folder / name) for name in names]) if command == "letters" else None
    for given in (names[:1], [*names[:20], "broken.png", "00", *names[20:]]):
        # words are read with the model of capitals: others are not sure of them, and each would have a warning
        options = ["-m", model, "-j", "1"] if command == "letters" else ["-m", "az"]
        screen = rendered(ensemble_hwr_command, [command, *given, *options], folder, columns=columns)
        if len(given) == 1:
            assert len(screen) == 1
            assert texts is None or screen == [texts[0]]
            continue
        shown = [line.split() for line in screen if line[:2].isdigit()]
        assert [line[0] for line in shown] == names
        assert all(len(line) == 2 for line in shown)
        assert texts is None or [line[1] for line in shown] == texts.tolist()
        errors = [line for line in screen if line.startswith("error: ")]
        assert len(errors) == 2
        rest = "".join(line for line in screen if not line[:2].isdigit())
        assert "broken.png" in rest
        assert "2 errors in 26 pictures" in screen
        assert "reading" not in rest


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("n", [1, 25])
def test_at_a_terminal_every_page_follows_its_heading(columns, n, folder, ensemble_hwr_command):
    names = [f"{number:02d}.png" for number in range(n)]
    given = [*names, *(["broken.png"] if n > 1 else [])]
    screen = rendered(ensemble_hwr_command, ["read", "-m", "az", "--page", *given], folder, columns=columns)
    if n == 1:
        assert len(screen) == 1
        return
    assert [line for line in screen if line.startswith("==>")] == [f"==> {name} <==" for name in names]
    for name in names:
        text = screen[screen.index(f"==> {name} <==") + 1]
        assert len(text.split()) == 1
        assert len(text) < 9
    assert len([line for line in screen if line.startswith("error: ")]) == 1
    assert screen[-1] == "1 error in 26 pictures"


@pytest.mark.parametrize("columns", [80, 140])
def test_at_a_terminal_the_results_of_long_work_follow_its_bars(columns, few, tmp_path, ensemble_hwr_command):
    model = tmp_path / "few.model"
    arguments = ["train", few / "few.toml", "-o", model, "-j", "1"]
    screen = rendered(ensemble_hwr_command, arguments, tmp_path, columns=columns)
    bars = [number for number, line in enumerate(screen) if "left:" in line]
    (figure,) = (number for number, line in enumerate(screen) if line.split()[0] == "macro-F1")
    assert max(bars) < figure
    assert all(line.startswith("✓ ") for line in screen if "left:" in line)
    assert len([line for line in screen if line.startswith("model: ")]) == 1
    screen = rendered(ensemble_hwr_command, ["evaluate", model, few / "letters"], tmp_path, columns=columns)
    assert not [line for line in screen if "left:" in line]
    assert len([line for line in screen if line.split()[0] == "macro-F1"]) == 1


@pytest.mark.parametrize("columns", [80, 140])
def test_at_a_terminal_the_comparison_follows_its_bars(columns, few, tmp_path, ensemble_hwr_command):
    arguments = ["compare", few / "few.toml", "-o", "report", "-j", "1"]
    screen = rendered(ensemble_hwr_command, arguments, tmp_path, columns=columns)
    last_bar = max(number for number, line in enumerate(screen) if "left:" in line)
    results = [line for line in screen[last_bar + 1 :] if not line.startswith("warning: ")]
    assert [line.split()[0] for line in results].count("flat") >= 1
    assert not [line for line in results if "✓" in line]
    (report,) = (line for line in screen if line.startswith("report: "))
    assert report.startswith("report: report/report.html")


TUNING = """
import sys, time
from ensemble_hwr.cli._tune import live_table
from ensemble_hwr.tuning import TuningProgress

members = ["router", "specialist:ABCDEFGHIJKLM-NOPQRSTUVWXYZ", "expert:U-W"]
with live_table(20) as show:
    time.sleep(0.4)
    for name in members:
        for done in range(4):
            show(TuningProgress(name, members, done, 15 * done, 2, 2, 60, 0.0812, 1234.5678, 1300.0 - done))
            time.sleep(0.1)
    time.sleep(2.1)
    show(TuningProgress("improvement", members, 3, n_trials=6))
print("the summary")
"""


@pytest.mark.parametrize("columns", [80, 140])
def test_at_a_terminal_the_table_of_tune_is_whole_at_any_moment(columns, tmp_path, ensemble_hwr_command):
    written = []
    (python, *_), environment = ensemble_hwr_command
    final = rendered(([python, "-c", TUNING], environment), [], tmp_path, columns=columns, written=written)
    names = ["router", "specialist:ABCDEFGHIJKLM-NOPQRSTUVWXYZ", "expert:U-W"]
    tables = [shown for shown in screens(written, columns) if len(shown) == 5]
    assert tables
    for shown in tables:  # the row of time and trials, the heading, and a row per member
        assert re.fullmatch(r"\d+ s of 20:00 min; \S+: \d+/60 trials done \(\d+ pruned\)", shown[0])
        assert shown[1].split() == ["member", "done", "pruned", "failed", "best", "baseline", "left"]
        firsts = [line.split()[0] for line in shown[2:]]
        assert all(name.startswith(first.rstrip("…")) for name, first in zip(names, firsts, strict=True))
        assert columns == 80 or firsts == names
        assert {len(line.split()) for line in shown[2:]} <= {1, 6, 8}
    elapsed = {int(shown[0].split()[0]) for shown in tables if shown[0].split()[5:] == tables[-1][0].split()[5:]}
    assert len(elapsed) > 1  # the clock runs while nothing is reported
    assert final[0].endswith("evaluating the improvement: 3 of 6 fits")
    assert [line.split()[0][:10] for line in final[1:]] == [
        name[:10] for name in ("member", *names, "improvement", "the")
    ]
    assert final[-1] == "the summary"


@pytest.mark.parametrize("columns", [80, 140])
def test_at_a_terminal_the_results_of_tune_follow_its_table(columns, few, tmp_path, ensemble_hwr_command):
    space = "tune={ folds = 2, n_trials = 2, repeats = 1, router = { alpha = [0.1, 0.2] } }"
    arguments = ["tune", few / "few.toml", "-o", "w", "-j", "1", "--set", space]
    screen = rendered(ensemble_hwr_command, arguments, tmp_path, columns=columns)
    (last_row,) = (number for number, line in enumerate(screen) if line.startswith("improvement "))
    results = "".join(screen[last_row + 1 :])
    assert results.startswith("router: log-loss ")
    assert [line.split()[0] for line in screen if line.split()[0].endswith(":")].count("report:") == 1
    assert screen[last_row - 1].split()[:2] == ["router", "2"]
    assert sum("elapsed; " in line for line in screen) == 1


DEMO = """
import sys
from ensemble_hwr import cli, config

few = ["data.n=130", "seeds=[0]", "compare.contenders=['flat', 'hierarchical', 'logreg']"]
few += [f"{role}.params.max_iter=3" for role in ("router", "specialist", "expert")]
shipped = config.load_demo
config.load_demo = lambda: shipped(few)
sys.exit(cli.main())
"""


@pytest.mark.parametrize("columns", [80, 140])
def test_at_a_terminal_the_screen_of_the_demo_ends_with_a_table_and_commands(columns, tmp_path, ensemble_hwr_command):
    (python, *_), environment = ensemble_hwr_command
    start = [python, "-c", DEMO], environment
    screen = rendered(start, ["demo", "-o", "demo", "-j", "1"], tmp_path, columns=columns)
    bars = [number for number, line in enumerate(screen) if "left:" in line]
    assert all(screen[number].startswith("✓ ") for number in bars)
    results = [line for line in screen[max(bars) + 1 :] if not line.startswith("warning: ")]
    rows = [line.split()[0] for line in results]
    assert {"flat", "hierarchical", "logreg"} <= set(rows)
    assert rows.count("report:") == 1
    assert [line for line in results if line.startswith("  ensemble-hwr init folder")]
    assert results[-1].startswith("  ensemble-hwr compare folder.toml ")


def test_fewer_than_five_pictures_have_no_bar(folder, model, ensemble_hwr_command):
    for n, has_bar in ((4, False), (5, True)):
        names = [f"{number:02d}.png" for number in range(n)]
        written = []
        rendered(ensemble_hwr_command, ["letters", *names, "-m", model, "-j", "1"], folder, written=written)
        assert (b"left:" in b"".join(written)) == has_bar


def test_bars_do_not_reach_results_in_a_file(folder, model, ensemble_hwr_command):
    names = [f"{number:02d}.png" for number in range(25)]
    with open(folder / "out", "w") as out:
        screen = rendered(ensemble_hwr_command, ["letters", *names, "-m", model, "-j", "1"], folder, stdout=out)
    assert screen == []
    assert [line.split("\t")[0] for line in (folder / "out").read_text().splitlines()] == names


def screens(written, columns):
    """Return the lines that are not blank of each screen that a command has shown."""
    screen = pyte.Screen(columns, LINES)
    stream = pyte.ByteStream(screen)
    for part in written:
        stream.feed(part)
        yield [line.rstrip() for line in screen.display if line.strip()]


def rendered(command, arguments, folder, *, columns=80, stdout=None, written=None):
    """Run a command in a pseudo-terminal and return the lines of its screen that are not blank.

    What the command wrote is added to the list `written`.
    """
    start, environment = command
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
    environment["TERM"] = "xterm"
    words = [*start, *map(str, arguments)]
    process = subprocess.Popen(words, env=environment, cwd=folder, stdin=theirs, stdout=stdout or theirs, stderr=theirs)
    os.close(theirs)
    screen = pyte.Screen(columns, LINES)
    stream = pyte.ByteStream(screen)
    try:
        while part := os.read(ours, 65536):
            stream.feed(part)
            if written is not None:
                written.append(part)
    except OSError:  # the other end is closed: the command has ended
        pass
    os.close(ours)
    process.wait()
    return [line.rstrip() for line in screen.display if line.strip()]
