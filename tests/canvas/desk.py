"""Helpers for tests of the real window: a virtual screen, and a process whose window is controlled with xdotool."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import ensemble_hwr
from ensemble_hwr.datasets.handwriting import letter_strokes

TIMEOUT = 90  # seconds: a busy machine loads the model slowly


def require_window():
    """Skip the test if no window can be shown; fail if ENSEMBLE_HWR_REQUIRE_WINDOW=1."""
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    try:
        import tkinter  # noqa: F401
    except ImportError:
        missing.append("tkinter")
    if missing:
        reason = f"not installed: {', '.join(missing)} (Debian: apt install xvfb xdotool python3-tk)"
        (pytest.fail if os.environ.get("ENSEMBLE_HWR_REQUIRE_WINDOW") == "1" else pytest.skip)(reason)


@contextmanager
def screen(size="1100x800x24", dpi=96):
    """Run an X server on a free display."""
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", size, "-dpi", str(dpi), "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL)
    os.close(theirs)
    try:
        with os.fdopen(ours) as stream:
            yield f":{stream.readline().strip()}"
    finally:
        server.terminate()
        server.wait(10)


def until(condition, description, seconds=TIMEOUT):
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, (
            f"waited {seconds} s for {description() if callable(description) else description}"
        )
        time.sleep(0.05)
    return found


class Desk:
    """A process of ``ensemble-hwr draw`` with its window."""

    def __init__(self, display, *arguments):
        source = str(Path(ensemble_hwr.__file__).parents[1])
        self.environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
        start = "import sys; from ensemble_hwr.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", start, "draw", *map(str, arguments)]
        self.process = subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)
        self.window = until(self._find, "the window")
        time.sleep(0.5)  # its widgets are drawn a little later

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=10)

    def xdotool(self, *arguments, check=True):
        command = ["xdotool", *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=check, timeout=60)
        return done.stdout.strip()

    def _find(self):
        assert self.process.poll() is None, self.process.stderr.read()
        return self.xdotool("search", "--onlyvisible", "--name", "ensemble_hwr", check=False).split("\n")[0]

    @property
    def title(self):
        return self.xdotool("getwindowname", self.window)

    def write_until_read(self, text, **how):
        """Write a word, up to four times until it is read: a busy machine loses movements of the mouse."""
        for _ in range(4):
            self.write(text, **how)
            end = time.monotonic() + TIMEOUT / 4
            while time.monotonic() < end:
                if self.title.startswith(text):
                    return
                time.sleep(0.1)
            self.press("Escape")
        raise AssertionError(f"{text} was not read; the title is {self.title!r}")

    def wait_for_title(self, wanted):
        """Wait for a title that starts with a text."""
        until(lambda: self.title.startswith(wanted), lambda: f"the title {wanted!r}, but it is {self.title!r}")

    def press(self, *keys):
        """Press keys; without a window manager the window must be focused first."""
        self.xdotool("windowfocus", self.window)
        for key in keys:
            self.xdotool("key", key)

    def stroke(self, points, *, pause=0.012):
        """Write one stroke of points in pixels of the window."""
        steps = []
        for place, (x, y) in enumerate(points):
            steps += ["mousemove", "--window", self.window, round(x), round(y)]
            steps += ["mousedown", 1] if place == 0 else ["sleep", pause]
        self.xdotool(*steps, "mouseup", 1)

    def write(self, text, *, left=120, top=120, height=130, gap=0.22, seed=0):
        """Write a word."""
        for strokes in word_strokes(text, gap=gap, seed=seed):
            self.stroke(
                [(left + x * height, top + y * height) for x, y in strokes[::3].tolist() + strokes[-1:].tolist()]
            )


def word_strokes(text, *, gap=0.22, seed=0):
    """Return the strokes of a word as arrays of x, y, in cap heights from its upper left corner."""
    found, left = [], 0.0
    for place, letter in enumerate(text):
        strokes = [stroke[:, :2] for stroke in letter_strokes(letter, random_state=seed + place)]
        low = min(stroke[:, 0].min() for stroke in strokes)
        found += [stroke - (low - left, 0) for stroke in strokes]
        left += max(stroke[:, 0].max() for stroke in strokes) - low + gap
    return found
