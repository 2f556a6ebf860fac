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
def opened(browser, server, *, expected=None, **settings):
    """Open the page; afterwards there must be no other message on the console, and no request to another host."""
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
        assert [problem for problem in problems if expected is None or expected not in problem] == []
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


def problems_of(page):
    """Violations of accessibility rules, as axe-core finds them."""
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_timeout(300)  # transitions
    found = Axe().run(page).response["violations"]
    return {rule["id"]: [node["html"][:120] for node in rule["nodes"]] for rule in found}


@pytest.mark.parametrize("settings", [DESKTOP, {**PHONE, "color_scheme": "dark"}], ids=["desktop", "phone, dark"])
def test_the_page_is_accessible(browser, server, note, write_word, settings):
    with opened(browser, server, **settings) as page:
        assert problems_of(page) == {}
        draw(page, write_word("HI", left=30, top=40, height=60))
        wait_for_text(page, "HI")
        assert problems_of(page) == {}
        page.locator("#letters button").first.click()
        page.get_by_role("button", name="Why?").click()
        page.wait_for_selector(".steps")
        assert problems_of(page) == {}
        page.keyboard.press("Escape")
        page.click("#tab-photo")
        page.set_input_files("#choose", note)
        page.wait_for_selector(".lines li")
        assert problems_of(page) == {}


def test_the_keyboard_suffices_for_a_photograph(browser, server, note):
    with opened(browser, server, **DESKTOP) as page:
        page.focus("#tab-write")
        page.keyboard.press("ArrowRight")
        assert page.locator("#tab-photo").get_attribute("aria-selected") == "true"
        page.set_input_files("#choose", note)
        page.wait_for_selector(".lines li")
        page.locator(".lines button").first.focus()
        assert page.locator(".marks rect.linked").count() == 1
        page.keyboard.press("Enter")
        page.keyboard.type("SILK")
        page.keyboard.press("Enter")
        assert page.locator(".lines button").first.get_attribute("aria-label").startswith("SILK, corrected")
        assert page.locator("#photo-said").inner_text() == "MILK\nAND BREAD"


def test_undo_redo_eraser_and_a_new_sheet(browser, server, write_word):
    with opened(browser, server, **DESKTOP) as page:
        draw(page, write_word("L"))
        wait_for_text(page, "L")
        page.keyboard.press("Control+z")
        wait_for_text(page, "")
        page.keyboard.press("Control+y")
        wait_for_text(page, "L")
        page.keyboard.press("e")
        box = page.locator("#letters li, #sheet .box").first.bounding_box()
        page.mouse.move(box["x"] - 20, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"], box["y"] + box["height"] / 2, steps=20)
        page.mouse.up()
        wait_for_text(page, "")
        page.keyboard.press("e")
        draw(page, write_word("T"))
        wait_for_text(page, "T")
        page.keyboard.press("Escape")
        wait_for_text(page, "")
        assert page.locator("#clear").is_disabled()


def test_words_of_the_user_restrict_what_is_read(browser, server, write_word):
    with opened(browser, server, **DESKTOP) as page:
        draw(page, write_word("O"))
        wait_for_text(page, "O")
        page.click("#words-write")
        page.fill("#alphabet", "dl")
        page.get_by_role("button", name="Done").click()
        wait_for_text(page, "D")
        assert page.locator("#words-write").inner_text() == "Any word, 2 letters"


def test_a_pasted_file_that_is_no_picture_is_explained(browser, server):
    with opened(browser, server, expected="status of 422", **DESKTOP) as page:
        page.click("#tab-photo")
        page.set_input_files("#choose", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"})
        page.wait_for_selector("#photo-problem:not([hidden])")
        assert "notes.txt" in page.locator("#photo-problem").inner_text()


def test_everything_can_be_saved(browser, server, write_word):
    with opened(browser, server, **DESKTOP) as page:
        draw(page, write_word("HI"))
        wait_for_text(page, "HI")
        saved = {}
        for kind in ("txt", "png", "svg", "json", "strokes"):
            page.click("#save summary")
            with page.expect_download() as download:
                page.click(f"[data-save={kind}]")
            saved[kind] = download.value.path().read_bytes()
        assert saved["txt"] == b"HI\n"
        assert saved["png"].startswith(b"\x89PNG")
        assert b"<svg" in saved["svg"]
        assert json.loads(saved["json"])["text"] == "HI"
        assert json.loads(saved["strokes"])["format"] == "ensemble_hwr strokes"


@pytest.mark.parametrize("width", [320, 3840])
def test_nothing_is_wider_than_the_screen(browser, server, width):
    with opened(browser, server, viewport={"width": width, "height": 700}) as page:
        for tab in ("#tab-write", "#tab-photo"):
            page.click(tab)
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_description_for_people(browser, server):
    with opened(browser, server, **DESKTOP) as page:
        page.goto(f"{server.url}docs")
        page.wait_for_selector("#operations article:nth-child(8)")
        assert "/v1/strokes" in page.locator("#operations").inner_text()
        assert problems_of(page) == {}
