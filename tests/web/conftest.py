"""A server in a process of its own, a browser, and words as pen strokes."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import ensemble_hwr
from ensemble_hwr.datasets.handwriting import letter_strokes

BROWSERS = ("chromium", "google-chrome")
TIMEOUT = 90  # seconds: a busy machine loads the model slowly
START = "import sys; from ensemble_hwr.cli import main; sys.exit(main())"


class Server:
    """A process of ``ensemble-hwr serve``."""

    def __init__(self, *options, data=None):
        environment = {**os.environ, "PYTHONPATH": str(Path(ensemble_hwr.__file__).parents[1])}
        if data is not None:
            environment["XDG_DATA_HOME"] = str(data)
        command = [sys.executable, "-c", START, "serve", "--port", "0", *map(str, options)]
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (the log would fill a pipe)
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.line = self.process.stdout.readline()
        if not self.line:
            raise AssertionError(self.finish(TIMEOUT))
        self.url = self.line.split(" at ")[1].split(" ")[0]
        self.port = int(self.url.split(":")[2].split("/")[0])

    def request(self, method, path, body=None, headers=None):
        """Return status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, body, content_type="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, body, {"Content-Type": content_type})

    def metric(self, name):
        """Return the sum of the values of a metric."""
        lines = self.get("/metrics")[2].decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"ensemble_hwr_{name}"))

    def workers(self):
        """Return the process ids of the reading processes."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parents = _ancestors(int(entry.name))
                if self.process.pid in parents[1:] and b"forkserver" in (entry / "cmdline").read_bytes():
                    found.append((int(entry.name), len(parents)))
            except (OSError, IndexError, ValueError):
                continue
        deepest = max((depth for _, depth in found), default=0)
        return [pid for pid, depth in found if depth == deepest]

    def stop(self, number=signal.SIGTERM):
        """End the server; return its exit code and what it wrote on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            errors = self.finish(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, errors

    def finish(self, seconds):
        """Wait for the end of the process; return what it wrote on standard error."""
        self.process.wait(seconds)
        self.process.stdout.close()
        if self.errors.closed:  # they were returned already
            return ""
        with self.errors:
            self.errors.seek(0)
            return self.errors.read()


def _ancestors(pid):
    """The process, its parent, and so on."""
    found = []
    while pid > 1:
        found.append(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


@contextmanager
def running(*options, data=None):
    server = Server(*options, data=data)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.finish(30)


@pytest.fixture(scope="session")
def start_server():
    return running


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server with two lexicons."""
    folder = tmp_path_factory.mktemp("lexicons")
    (folder / "greetings.txt").write_text("HELLO\nGOODBYE\n")
    (folder / "pets.txt").write_text("CAT\nDOG\nhorse 2\n".replace(" 2", ""))
    lexicons = ["--lexicon", folder / "greetings.txt", "--lexicon", f"animals={folder / 'pets.txt'}"]
    with running("--workers", "1", "--metrics", "--access-log", *lexicons) as found:
        yield found


@pytest.fixture(scope="session")
def profile_server(tmp_path_factory):
    """A server with the profile of Anna, in a data folder of its own."""
    with running("--profile", "Anna", data=tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture
def anna(profile_server):
    """The same server; the profile is empty before and after the test."""
    profile_server.request("DELETE", "/v1/profile")
    yield profile_server
    profile_server.request("DELETE", "/v1/profile")


@pytest.fixture(scope="session")
def browser_path():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = f"not installed: {' or '.join(BROWSERS)} (Debian: apt install chromium)"
        (pytest.fail if os.environ.get("ENSEMBLE_HWR_REQUIRE_WINDOW") == "1" else pytest.skip)(reason)
    return found


@pytest.fixture(scope="module")  # one module uses it: a process can have one Playwright at a time
def browser(browser_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        yield found
        found.close()


def write(text, *, left=60.0, top=52.0, height=100.0, gap=0.25, seed=3):
    """Return the pen strokes of a line of generated capitals, in pixels."""
    strokes, x = [], left
    for letter in text:
        if letter == " ":
            x += 0.8 * height
            continue
        found = [np.asarray(stroke)[:, :2] * height for stroke in letter_strokes(letter, random_state=seed)]
        first = min(stroke[:, 0].min() for stroke in found)
        strokes += [stroke - [first, 0] + [x, top] for stroke in found]
        x += max(stroke[:, 0].max() for stroke in found) - first + gap * height
    return strokes


@pytest.fixture(scope="session")
def write_word():
    return write


@pytest.fixture(scope="session")
def until():
    def wait(condition, description, seconds=TIMEOUT):
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, f"waited {seconds} s for {description}"
            time.sleep(0.02)
        return found

    return wait
