"""The page in Chromium: writing, photographs, keyboard, phone, dark, and no request to another host."""

import json
import re
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr import compose_words, generate_letters

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="module")
def note(tmp_path_factory):
    """A photograph of two lines."""
    letters = generate_letters(26 * 20, writers=20, random_state=7)
    (page,) = compose_words(letters, ["MILK\nAND BREAD"], gap=0.25, height=60, random_state=4)
    file = tmp_path_factory.mktemp("note") / "note.png"
    Image.fromarray(page.picture).save(file)
    return file


@contextmanager
def opened(browser, server, **settings):
    """Open the page; afterwards there must be no message on the console and no request to another host."""
    context = browser.new_context(**settings)
    page = context.new_page()
    problems, hosts = [], set()
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(server.url)
    page.wait_for_selector("html[data-ready]")
    try:
        yield page
        assert problems == []
        assert hosts <= {f"127.0.0.1:{server.port}", ""}
    finally:
        context.close()


def thinned(stroke, box):
    """Some points of a stroke in a box of the screen: each movement of the mouse takes milliseconds."""
    chosen = np.linspace(0, len(stroke) - 1, min(len(stroke), 9)).astype(int)
    return np.asarray(stroke)[chosen] + (box["x"], box["y"])


def draw(page, strokes):
    """Write with the mouse, stroke by stroke."""
    box = page.locator("#sheet canvas").bounding_box()
    for stroke in strokes:
        points = thinned(stroke, box)
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def wait_for_text(page, text):
    page.wait_for_selector(f"#text[data-text={json.dumps(text)}]")


def test_hello_is_read_while_it_is_written(browser, server, write_word):
    with opened(browser, server, **DESKTOP) as page:
        draw(page, write_word("HELLO"))
        wait_for_text(page, "HELLO")
        assert page.locator("#sheet .box").count() == 5
        assert page.locator("#letters button").count() == 5
        assert page.locator("#text").inner_text().startswith("HELLO")


def test_a_photograph_is_read_and_corrected(browser, server, note):
    with opened(browser, server, **DESKTOP) as page:
        page.click("#tab-photo")
        page.set_input_files("#choose", note)
        page.wait_for_selector(".lines li:nth-child(2)")
        lines = page.locator(".lines li").all_inner_texts()
        assert [re.sub(r"[^A-Z]+", " ", line).strip() for line in lines] == ["MILK", "AND BREAD"]
        assert page.locator(".marks rect").count() == 3
        page.locator(".lines button").nth(0).hover()
        assert page.locator(".marks rect.linked").count() == 1
        page.locator(".lines button").nth(0).click()
        page.locator("dialog.correct input").fill("MILD")
        page.keyboard.press("Enter")
        assert page.locator(".lines li").nth(0).inner_text().startswith("MILD")


def test_touch_writes_on_a_phone(browser, server, write_word):
    with opened(browser, server, **PHONE) as page:
        touch = page.context.new_cdp_session(page)
        box = page.locator("#sheet canvas").bounding_box()
        for stroke in write_word("HI", left=30, top=40, height=60):
            points = thinned(stroke, box)
            for place, (x, y) in enumerate(points):
                kind = "touchMove" if place else "touchStart"
                touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        wait_for_text(page, "HI")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
