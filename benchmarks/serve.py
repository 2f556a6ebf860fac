"""Measure `ensemble-hwr serve`, and take its pictures.

    python -m benchmarks.serve --output served                measure; several minutes on an idle machine
    python -m benchmarks.serve --output served --update       also write the table into docs/user_guide/serve.md
    python -m benchmarks.serve --pictures                     write docs/images/serve*.png; needs chromium
    python -m benchmarks.serve --load http://127.0.0.1:8000/ --clients 50 --seconds 10    load on a server that runs

Everything runs on one machine, over loopback. The server has one process that reads, which is held to one core with its
clients on the others, if the system can do so. Words and notes are generated.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import click
import numpy as np
from PIL import Image

from benchmarks.__main__ import describe, table
from benchmarks.figures import Figure, environment
from benchmarks.pages import put
from ensemble_hwr import WordReader, compose_words, generate_letters, load_model
from ensemble_hwr.adaptation.profiles import Profile
from ensemble_hwr.datasets.handwriting import letter_strokes

ROOT = Path(__file__).parent.parent
PAGE, IMAGES = ROOT / "docs" / "user_guide" / "serve.md", ROOT / "docs" / "images"
WORDS = ["HELLO", "NICE", "DAY", "MILK", "BREAD", "ANNA", "HOUSE", "TREE", "WORLD", "SEVEN", "QUICK", "FOX"]
START = "import sys; from ensemble_hwr.cli import main; sys.exit(main())"


@contextmanager
def server(*options: str, data: str | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server on a free port, with a data folder; yield its address and its process."""
    command = [sys.executable, "-c", START, "serve", "--port", "0", "--workers", "1", "--metrics", *options]
    environment = os.environ | ({} if data is None else {"XDG_DATA_HOME": data})
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split(" at ")[1].split(" ")[0], process
    finally:
        process.terminate()
        process.wait(30)


class Client:
    """A connection that is kept."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        self._connection.request("POST", path, body, {"Content-Type": content_type})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def get(self, path: str) -> str:
        """Return a text."""
        self._connection.request("GET", path)
        return self._connection.getresponse().read().decode()


def written(
    text: str, *, left: float = 60, top: float = 52, height: float = 100, gap: float = 0.25, seed: int = 3
) -> list[Any]:
    """Return the pen strokes of generated capitals, in pixels."""
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


def strokes_body(text: str) -> bytes:
    """Return a request with the strokes of a word."""
    return json.dumps({"strokes": [np.round(stroke, 1).tolist() for stroke in written(text)]}).encode()


def pictures(n: int) -> list[bytes]:
    """Return pictures of words as PNG."""
    letters = generate_letters(26 * 40, writers=40, random_state=7)
    texts = [WORDS[i % len(WORDS)] for i in range(n)]
    return [_png(word.picture) for word in compose_words(letters, texts, gap=0.2, height=60, random_state=4)]


def _png(picture: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def start() -> Figure:
    """Time from the command to the first answer."""
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        with server() as (address, _process):
            Client(address).post("/v1/strokes", strokes_body("HELLO"), "application/json")
            seconds.append(time.perf_counter() - begun)
    return Figure("command to first answer", median(seconds), "s", "under 3 s")


def throughput(n: int) -> Figure:
    """Words per second of the server, divided by those of `read` in a loop in one process."""
    given = pictures(n)
    reader = WordReader(load_model("az")).fit()
    with server() as (address, _):

        def serve(part: int) -> None:
            client = Client(address)
            for picture in given[part::2]:
                assert client.post("/v1/words", picture, "image/png")[0] == 200

        def loop() -> None:
            for picture in given:
                reader.read(picture)

        def served() -> None:
            with ThreadPoolExecutor(2) as threads:
                list(threads.map(serve, range(2)))

        ratios = []
        for _round in range(4):
            ratios.append(_seconds(loop) / _seconds(served))
    return Figure("throughput, as part of `read` in a loop", median(ratios[1:]), "times", "at least 0.8")


def _seconds(function: Callable[[], None]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def crowd(n_clients: int) -> list[Figure]:
    """Answers to many clients at once, each of which sends two words."""
    statuses: Counter[str] = Counter()
    body = strokes_body("HELLO")

    def ask(address: str) -> None:
        client = Client(address)
        for _ in range(2):
            try:
                statuses[str(client.post("/v1/strokes", body, "application/json")[0])] += 1
            except OSError as error:
                statuses[type(error).__name__] += 1

    with server() as (address, _), ThreadPoolExecutor(n_clients) as threads:
        list(threads.map(ask, [address] * n_clients))
    total = sum(statuses.values())
    return [
        Figure(f"{n_clients} clients at once: words read", statuses["200"], f"of {total}"),
        Figure(f"{n_clients} clients at once: asked to wait (429)", statuses["429"], f"of {total}"),
        Figure(f"{n_clients} clients at once: errors", total - statuses["200"] - statuses["429"], f"of {total}", "0"),
    ]


def memory(n: int) -> list[Figure]:
    """Increase of the memory of all processes over many requests, after a tenth of them."""
    bodies = [strokes_body(word[:3]) for word in WORDS]
    figures = []
    with server() as (address, process):
        client = Client(address)
        before = (0.0, 0.0)
        for number in range(n):
            client.post("/v1/strokes", bodies[number % len(bodies)], "application/json")
            if number == n // 10:
                before = _memory(client, process)
        after = _memory(client, process)
        for name, old, new in zip(("the server", "a process that reads"), before, after, strict=True):
            figures.append(Figure(f"memory of {name}", new, "MB"))
            figures.append(Figure(f"its increase over {n:,} requests", new - old, "MB", "flat"))
    return figures


def _memory(client: Client, process: subprocess.Popen[str]) -> tuple[float, float]:
    """Return megabytes of the server and of the process that reads."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    (line,) = [
        line for line in client.get("/metrics").splitlines() if line.startswith("ensemble_hwr_worker_memory_bytes{")
    ]
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, float(line.rsplit(" ", 1)[1]) / 1e6


def page_latency(n_words: int) -> list[Figure]:
    """Time from the lifted pen to the word on the page, in a browser."""
    found: list[float] = []
    with server() as (address, _), opened(address, width=1440, height=900) as page:
        for number in range(n_words):
            page.keyboard.press("Escape")
            write(page, written(WORDS[number % len(WORDS)], seed=number), step=3)
            page.wait_for_timeout(500)
            found += page.evaluate("performance.getEntriesByType('measure').map((entry) => entry.duration)")[-1:]
    return [
        Figure("pen lifted to word on the page, median", median(found), "ms", "under 120 ms"),
        Figure("pen lifted to word on the page, 95 %", float(np.quantile(found, 0.95)), "ms", "under 250 ms"),
    ]


@contextmanager
def opened(address: str, *, width: int, height: int, scheme: Any = "light", scale: int = 1) -> Iterator[Any]:
    """Open the page in a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=scale,
            has_touch=width < 500, is_mobile=width < 500,
        )  # fmt: skip
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        yield page
        browser.close()


def write(page: Any, strokes: list[Any], step: int = 1) -> None:
    """Write on the sheet with the mouse."""
    box = page.locator("#sheet canvas").bounding_box()
    for stroke in strokes:
        points = np.add(stroke, (box["x"], box["y"]))
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in [*points[1:-1:step], points[-1]]:
            page.mouse.move(*point)
        page.mouse.up()


def take_pictures() -> None:
    """Write the pictures of the documentation."""
    from benchmarks.readme_picture import note

    two_lines = [*written("HELLO"), *written("NICE DAY", top=215, seed=5)]
    with server() as (address, _):
        with opened(address, width=1280, height=860) as page:
            write(page, two_lines)
            _shoot(page, "serve.png")
            page.click("#tab-photo")
            page.set_input_files("#choose", {"name": "note.png", "mimeType": "image/png", "buffer": _png(note())})
            page.wait_for_selector(".lines li")
            page.set_viewport_size({"width": 1280, "height": 500})
            page.locator(".lines button").nth(3).hover()
            _shoot(page, "serve-photo.png")
        with opened(address, width=390, height=844, scale=2) as page:
            write(page, written("HELLO", left=30, top=40, height=58))
            _shoot(page, "serve-phone.png")
        with opened(address, width=1100, height=860, scheme="dark") as page:
            write(page, [*written("DAY", seed=5)])
            page.wait_for_timeout(1000)
            page.locator("#letters button").last.click()
            page.get_by_role("button", name="Why?").click()
            page.wait_for_selector(".steps")
            _shoot(page, "serve-dark.png")


def take_profile_picture() -> None:
    """Write the picture of a profile of generated letters."""
    letters = generate_letters(26 * 3, writers=1, difficulty=2.0, random_state=10)
    with TemporaryDirectory() as folder:
        Profile("Anna", Path(folder, "ensemble_hwr", "profiles")).add(letters.to_rows()[:-12], letters.target[:-12])
        with server("--profile", "Anna", data=folder) as (address, _), opened(address, width=1100, height=800) as page:
            write(page, written("HELLO"))
            page.wait_for_timeout(2000)
            page.click("#profile-open")
            _shoot(page, "serve-profile.png")


def _shoot(page: Any, name: str) -> None:
    page.wait_for_timeout(1000)
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


def load(address: str, n_clients: int, seconds: float) -> None:
    """Send words to a server that runs, and print what it answers."""
    statuses: Counter[int] = Counter()
    durations: list[float] = []
    bodies = [strokes_body(word) for word in WORDS]
    end = time.monotonic() + seconds

    def ask(number: int) -> None:
        client = Client(address)
        while time.monotonic() < end:
            begun = time.perf_counter()
            status, _ = client.post("/v1/strokes", bodies[number % len(bodies)], "application/json")
            statuses[status] += 1
            durations.append(time.perf_counter() - begun)

    with ThreadPoolExecutor(n_clients) as threads:
        list(threads.map(ask, range(n_clients)))
    for status, count in sorted(statuses.items()):
        click.echo(f"{status}: {count:,} answers, {count / seconds:.1f} per second")
    click.echo(f"median {1000 * median(durations):.0f} ms, 95 % {1000 * float(np.quantile(durations, 0.95)):.0f} ms")


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for serve.json and serve.md.")
@click.option("--update", is_flag=True, help="Write the table into docs/user_guide/serve.md.")
@click.option("--quick", is_flag=True, help="Use small samples.")
@click.option("--pictures", "only_pictures", is_flag=True, help="Take the pictures of the documentation.")
@click.option("--load", "loaded", metavar="ADDRESS", help="Send words to a server that runs.")
@click.option("--clients", default=20, show_default=True, help="Clients of --load.")
@click.option("--seconds", default=10.0, show_default=True, help="Duration of --load.")
def main(
    *,
    output: Path | None,
    update: bool,
    quick: bool,
    only_pictures: bool,
    loaded: str | None,
    clients: int,
    seconds: float,
) -> None:
    """Measure the server."""
    if only_pictures or loaded:
        if only_pictures:
            take_pictures()
            take_profile_picture()
        else:
            load(str(loaded), clients, seconds)
        return
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    figures = [start(), *page_latency(4 if quick else 40), throughput(24 if quick else 120)]
    figures += [*crowd(100 if quick else 500), *memory(300 if quick else 20_000)]
    text = f"{describe(environment())}\n\n{table(figures, {})}"
    click.echo(text)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        (output / "serve.json").write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
        (output / "serve.md").write_text(text)
    if update:
        put(PAGE, "python -m benchmarks.serve", text)


if __name__ == "__main__":
    main()
