"""Reports in a real browser: no label is cut, covers another one or is too small, on a wide and on a narrow screen."""

import html
import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest

from ensemble_hwr.evaluation import summarise
from ensemble_hwr.evaluation._write import render_report

BROWSERS = ("chromium", "google-chrome")
SMALLEST = 9  # px
WIDTHS = (390, 1400)
MEASURE = """
const found = [];
const page = document.querySelector("iframe").contentDocument;
for (const details of page.querySelectorAll("details")) details.open = true;
for (const svg of page.querySelectorAll("svg:not([aria-hidden])")) {
  const frame = svg.getBoundingClientRect();
  if (!frame.width) continue;
  const scale = frame.width / svg.viewBox.baseVal.width;
  const boxes = [];
  for (const text of svg.querySelectorAll("text")) {
    const box = text.getBoundingClientRect();
    const name = svg.querySelector("title").textContent + ": " + text.textContent;
    if (box.left < frame.left - 1 || box.right > frame.right + 1 ||
        box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
      found.push("cut: " + name);
    const size = parseFloat(getComputedStyle(text).fontSize) * scale;
    if (size < SMALLEST) found.push("only " + size.toFixed(1) + " px: " + name);
    for (const other of boxes)
      if (box.left < other.right - 1 && other.left < box.right - 1 &&
          box.top < other.bottom - 4 && other.top < box.bottom - 4)
        found.push("overlap: " + name);
    boxes.push(box);
  }
}
for (const box of page.querySelectorAll(".scroll[role=region]")) {
  const hint = box.previousElementSibling;
  if (WIDTH < 640 && box.scrollWidth > box.clientWidth + 1 && !(hint.matches(".hint") && hint.offsetHeight))
    found.push("a table scrolls without a hint");
}
if (page.documentElement.scrollWidth > WIDTH + 1) found.push("the page is wider than the screen");
const result = document.createElement("pre");
result.id = "result";
result.textContent = JSON.stringify(found);
document.body.append(result);
"""


@pytest.fixture(scope="module")
def browser():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = f"not installed: {' or '.join(BROWSERS)} (Debian: apt install chromium)"
        (pytest.fail if os.environ.get("ENSEMBLE_HWR_REQUIRE_WINDOW") == "1" else pytest.skip)(reason)
    return found


def problems(browser, page, width, folder):
    """Return what is wrong with the labels of a page on a screen of some width."""
    script = MEASURE.replace("SMALLEST", str(SMALLEST)).replace("WIDTH", str(width))
    frame = f'<iframe width="{width}" height="900" style="border: 0" srcdoc="{html.escape(page)}"></iframe>'
    (folder / "wrapper.html").write_text(
        f"<!doctype html><meta charset=utf-8><body>{frame}<script>addEventListener('load', () => {{{script}}})</script>"
    )
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += [
        "--window-size=1600,1000",
        "--virtual-time-budget=5000",
        "--dump-dom",
        (folder / "wrapper.html").as_uri(),
    ]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    return json.loads(html.unescape(re.search('<pre id="result">(.*?)</pre>', dumped)[1]))


@pytest.mark.parametrize("width", WIDTHS)
def test_labels_are_whole_apart_and_large_enough(browser, comparison, width, tmp_path):
    assert problems(browser, render_report(summarise(comparison), comparison), width, tmp_path) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_forty_classes_are_legible(browser, build, width, tmp_path):
    found = build({"committee": 0.1, "flat": 0.2}, n=800, classes=np.array([f"{k:02d}" for k in range(40)]))
    assert problems(browser, render_report(summarise(found), found), width, tmp_path) == []


@pytest.mark.parametrize(
    ("errors", "settings"),
    [
        ({"flat": 0.2}, {}),
        ({"flat": 0.2, "hierarchical": 0.1}, {"classes": np.array(["no", "yes"])}),
        ({"flat": -1.0, "hierarchical": -1.0}, {}),
        (
            {"a contender with quite a long name": 0.2, "hierarchical": 0.1, "flat": 0.15},
            {"classes": np.array(["ampersand", "exclamation mark", "question mark", "quotation mark"])},
        ),
        ({"flat": 0.9, "hierarchical": 0.1}, {"n": 4000}),
    ],
    ids=["one contender", "two classes", "no errors", "long names", "large counts"],
)
def test_extreme_comparisons_are_legible(browser, build, errors, settings, tmp_path):
    found = build(errors, **settings)
    page = render_report(summarise(found), found)
    assert {width: problems(browser, page, width, tmp_path) for width in WIDTHS} == {390: [], 1400: []}


def test_the_measurement_finds_cut_and_small_labels(browser, tmp_path):
    page = (
        '<svg viewBox="0 0 100 100" width="100" role="img"><title>t</title><text x="90" y="50">outside</text>'
        '<text x="5" y="60" font-size="5">small</text></svg>'
    )
    found = problems(browser, page, 1400, tmp_path)
    assert [line.partition(":")[0] for line in found] == ["cut", "only 5.0 px"]
