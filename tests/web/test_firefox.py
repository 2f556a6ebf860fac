"""The page in Firefox, driven by WebDriver BiDi, without a driver program."""

import itertools
import json
import shutil
import subprocess
from urllib.parse import urlsplit

import numpy as np
import pytest
from websockets.sync.client import connect

FIREFOX = ("firefox", "firefox-esr")
POINTS = 9  # of a stroke


class Tab:
    """A tab of Firefox."""

    def __init__(self, socket):
        self.socket, self.numbers, self.events = socket, itertools.count(1), []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method, **params):
        """Return the result of a command; events that arrive before it are kept."""
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(60))
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]
            self.events.append((message["method"], message["params"]))

    def evaluate(self, expression):
        """Return the JSON value of an expression of JavaScript."""
        target = {"context": self.context}
        result = self.call(
            "script.evaluate", expression=f"JSON.stringify({expression})", target=target, awaitPromise=True
        )
        return json.loads(result["result"]["value"])

    def write(self, kind, strokes):
        """Move a pointer along strokes on the sheet."""
        box = self.evaluate("document.querySelector('#sheet canvas').getBoundingClientRect()")
        for stroke in strokes:
            chosen = np.linspace(0, len(stroke) - 1, min(len(stroke), POINTS)).astype(int)
            moves = [
                {"type": "pointerMove", "x": round(box["left"] + x), "y": round(box["top"] + y), "duration": 5}
                for x, y in stroke[chosen]
            ]
            actions = [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:], {"type": "pointerUp", "button": 0}]
            source = {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": actions}
            self.call("input.performActions", context=self.context, actions=[source])


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    program = next((path for name in FIREFOX if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"not installed: {' or '.join(FIREFOX)} (Debian: apt install firefox-esr)")
    command = [program, "--headless", "--no-remote", "--profile", str(tmp_path_factory.mktemp("profile"))]
    process = subprocess.Popen([*command, "--remote-debugging-port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in process.stderr if "WebDriver BiDi listening on" in line)
        with connect(line.split()[-1] + "/session", max_size=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(30)
        process.stderr.close()


@pytest.mark.parametrize("kind", ["mouse", "touch"])
def test_hello_is_read_while_it_is_written(tab, server, write_word, until, kind):
    tab.events.clear()
    tab.call("browsingContext.navigate", context=tab.context, url=server.url, wait="complete")
    until(lambda: tab.evaluate("document.documentElement.hasAttribute('data-ready')"), "the page")
    tab.write(kind, write_word("HELLO"))
    until(lambda: tab.evaluate("document.querySelector('#text').dataset.text") == "HELLO", "HELLO")
    assert tab.evaluate("document.querySelectorAll('#letters button').length") == 5
    assert [params["text"] for method, params in tab.events if method == "log.entryAdded"] == []
    urls = [params["request"]["url"] for method, params in tab.events if method == "network.beforeRequestSent"]
    assert {urlsplit(url).netloc for url in urls} <= {f"127.0.0.1:{server.port}", ""}
