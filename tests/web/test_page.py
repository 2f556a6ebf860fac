"""The page in Chromium: writing, photographs, keyboard, phone, dark, and no request to another host."""

import base64
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
    context = browser.new_context(reduced_motion="reduce", **settings)
    page = context.new_page()
    page.set_default_timeout(90_000)  # a busy machine
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
    """Some points of a stroke in a box of the screen, few of a straight one: each movement takes milliseconds."""
    stroke = np.asarray(stroke)
    first, last = stroke[0], stroke[-1]
    normal = np.array([last[1] - first[1], first[0] - last[0]]) / (np.linalg.norm(last - first) or 1.0)
    is_straight = np.linalg.norm(last - first) > 20 and np.abs((stroke - first) @ normal).max() < 3
    chosen = np.linspace(0, len(stroke) - 1, 3 if is_straight else min(len(stroke), 9)).astype(int)
    return stroke[chosen] + (box["x"], box["y"])


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


GIVE = """([kind, name, type, data]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name, { type }));
    const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: transfer })
        : new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
    (kind === "paste" ? document : document.querySelector("#drop")).dispatchEvent(event);
}"""


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photograph_is_dropped_or_pasted(browser, server, note, kind):
    with opened(browser, server, **DESKTOP) as page:
        page.evaluate(GIVE, [kind, "note.png", "image/png", base64.b64encode(note.read_bytes()).decode()])
        page.wait_for_selector(".lines li:nth-child(2)")
        assert page.locator("#tab-photo").get_attribute("aria-selected") == "true"
        assert page.locator("#photo-said").inner_text() == "MILK\nAND BREAD"
        assert page.locator(".drop.over").count() == 0


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


def pen(page, points, pressures, kind="pen"):
    """Move a pen over the sheet, with a pressure at each point."""
    session, box = page.context.new_cdp_session(page), page.locator("#sheet canvas").bounding_box()
    shared = {"button": "left", "buttons": 1, "pointerType": kind, "clickCount": 1}
    for place, ((x, y), force) in enumerate(zip(points, pressures, strict=True)):
        where = {"x": x + box["x"], "y": y + box["y"], "force": force}
        event = "mouseMoved" if place else "mousePressed"
        session.send("Input.dispatchMouseEvent", {"type": event, **where, **shared})
    session.send("Input.dispatchMouseEvent", {"type": "mouseReleased", **where, **shared})
    session.detach()


def palm(page, *, lift=True):
    """Lay a palm on the sheet, move it, and lift it."""
    session, box = page.context.new_cdp_session(page), page.locator("#sheet canvas").bounding_box()
    for kind, moved in (("touchStart", 0), ("touchMove", 60)):
        point = {"x": box["x"] + 250 + moved, "y": box["y"] + 200, "radiusX": 30, "radiusY": 40}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    if lift:
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


ELL = [(60, 60), (60, 110), (60, 160), (90, 160), (115, 160)]


def saved_strokes(page):
    """Return the strokes of the sheet, as they are saved."""
    page.click("#save summary")
    with page.expect_download() as download:
        page.click("[data-save=strokes]")
    return json.loads(download.value.path().read_bytes())["strokes"]


def test_the_pressure_of_a_pen_is_used_and_the_palm_is_not(browser, server):
    with opened(browser, server, **DESKTOP, has_touch=True) as page:
        sent = []
        page.on("request", lambda request: sent.append(request.post_data_json) if "strokes" in request.url else None)
        pen(page, ELL, [0.2, 0.4, 0.6, 0.8, 1.0])
        wait_for_text(page, "L")
        (stroke,) = sent[-1]["strokes"]
        assert stroke[0][3] < 0.5 < stroke[-1][3] <= 1.0
        palm(page)  # while the pen is near
        assert len(saved_strokes(page)) == 1
        page.wait_for_timeout(1600)
        palm(page)  # the pen is gone: a finger writes
        assert len(saved_strokes(page)) == 2


def test_a_palm_that_is_down_before_the_pen_leaves_no_ink(browser, server):
    with opened(browser, server, **DESKTOP, has_touch=True) as page:
        palm(page, lift=False)
        pen(page, ELL, [0.5] * 5)
        wait_for_text(page, "L")
        assert [stroke[0][:2] for stroke in saved_strokes(page)] == [[60, 60]]


def test_strokes_are_sent_without_points_that_their_shape_does_not_need(browser, server):
    with opened(browser, server, **DESKTOP) as page:
        strokes = {
            "line": [[0, y / 2, y / 100] for y in range(201)],
            "corner": [*([0, y, 0] for y in range(101)), *([x, 100, 0] for x in range(1, 51))],
            "back": [[0, 50, 0], [0, 100, 0], [0, 0, 0], [0, 60, 0]],
            "dot": [[5, 5, 0]],
            "wave": [[x, 20 * np.sin(x / 10), 0] for x in range(200)],
        }
        found = page.evaluate(
            "async (all) => { const { simplified } = await import('/js/ink.js');"
            "return Object.fromEntries(Object.entries(all).map(([name, stroke]) => [name, simplified(stroke)])); }",
            strokes,
        )
        assert found["line"] == [[0, 0, 0], [0, 100, 2]]
        assert [point[:2] for point in found["corner"]] == [[0, 0], [0, 100], [50, 100]]
        assert found["back"] == strokes["back"]
        assert found["dot"] == strokes["dot"]
        xs, ys = np.array(found["wave"])[:, :2].T
        assert len(xs) < 60
        assert np.abs(np.interp(np.arange(200), xs, ys) - np.array(strokes["wave"])[:, 1]).max() < 0.3 * 5**0.5


def problems_of(page):
    """Violations of accessibility rules, as axe-core finds them."""
    from axe_playwright_python.sync_playwright import Axe

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


def test_corrections_are_kept_in_the_profile(browser, anna, write_word):
    with opened(browser, anna, **DESKTOP) as page:
        draw(page, write_word("TEL"))
        wait_for_text(page, "TEL")
        page.locator("#letters button").first.click()
        page.click("#letter .rest summary")
        page.locator("#letter .rest button", has_text="Y").click()
        wait_for_text(page, "YEL")
        page.wait_for_selector("#kept:has-text('adapts from two different letters on')")
        page.locator("#text button").first.click()
        page.locator("dialog.correct input").fill("YEL")
        page.keyboard.press("Enter")
        page.wait_for_selector("#kept:has-text('Adapted to 3 letters of Anna. No significant gain yet')")
        page.reload()
        page.wait_for_selector("html[data-ready]")
        draw(page, write_word("TEL"))
        wait_for_text(page, "YEL")
        page.click("#confirm")
        page.wait_for_selector("#kept:has-text('3 letters kept')")
        page.click("#profile-open")
        assert page.locator("#profile-counts li:not(.none)").all_inner_texts() == ["E\n1", "L\n1", "Y\n1"]
        assert problems_of(page) == {}
        with page.expect_download() as download:
            page.click("#profile-export")
        assert download.value.suggested_filename == "Anna.npz"
        page.click("#profile-delete")
        page.click("#profile-delete")
        page.wait_for_selector("#kept:has-text('The letters of Anna are deleted.')")
        wait_for_text(page, "TEL")
        assert page.locator("#profile-open b").inner_text() == "0"


def test_a_word_of_a_photograph_is_kept_in_the_profile(browser, anna, note):
    with opened(browser, anna, expected="status of 422", **{**PHONE, "color_scheme": "dark"}) as page:
        page.click("#tab-photo")
        page.set_input_files("#choose", note)
        page.locator(".lines button").nth(0).click()
        page.locator("dialog.correct input").fill("MILD")
        page.keyboard.press("Enter")
        page.wait_for_selector("#kept:has-text('Adapted to 4 letters of Anna.')")
        assert page.locator(".lines li").nth(0).inner_text().startswith("MILD")
        page.locator(".lines button").nth(1).click()
        page.locator("dialog.correct input").fill("ANTLERS")
        page.keyboard.press("Enter")
        page.wait_for_selector("#kept.failed:has-text('ANTLERS')")
        page.click("#again")
        page.wait_for_selector(".lines button:not(.corrected)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert problems_of(page) == {}
