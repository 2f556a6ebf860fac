import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from ensemble_hwr.evaluation._summary import summarise
from ensemble_hwr.evaluation._write import render_report
from ensemble_hwr.report.comparison import _styles

VOID = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """Parser that checks that tags are closed in order, and collects tags and text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


def render(comparison):
    return render_report(summarise(comparison), comparison)


def test_the_page_is_well_formed_and_in_order(comparison):
    page = Page(render(comparison))
    headings = ["Contenders", "Accuracy against MACs", "Paired tests", "Hierarchies"]
    headings += ["Error rate per class", "Confusion matrices", "Errors by picture"]
    text = "\n".join(page.text)
    places = [text.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        assert set((attrs.get("aria-labelledby") or "").split()) <= set(ids)


def test_the_page_has_no_scripts_and_no_external_files(comparison):
    html = render(comparison)
    page = Page(html)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert "http" not in re.sub("http-equiv", "", html)
    assert "url(" not in html
    assert "@import" not in html
    assert all(attrs["src"].startswith("data:image/png;base64,") for attrs in page.all("img"))
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)


def test_every_svg_has_a_name_or_is_hidden(comparison):
    for attrs in Page(render(comparison)).all("svg"):
        assert attrs.get("aria-hidden") == "true" or (attrs["role"] == "img" and attrs["aria-labelledby"])


def test_labels_names_and_data_are_escaped(build):
    nasty = np.array(["<script>alert(1)</script>", "B", "O", "P"])
    whole = build({"<b>x</b>": 0.3, '"flat"': 0.1}, classes=np.sort(nasty), data={"<i>": "<script>", "config": "<u>"})
    page = Page(render(whole))
    assert not {"script", "b>x", "u", "i"} & {tag for tag, _ in page.tags}
    assert "<script>alert(1)</script>" in "\n".join(page.text)


def test_the_tree_shows_trust_and_changes_of_members(comparison):
    text = " ".join(Page(render(comparison)).text)
    assert "0.40" in text
    assert "9 errors corrected, 3 errors added" in text
    assert "no specialist" in text
    assert "D/O" in text


def test_pictures_are_the_samples_dark_on_light(comparison):
    page = Page(render(comparison))
    source = page.all("img")[0]["src"].split(",")[1]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(source))))
    expected = np.round(255 * (1 - comparison.rows.astype(float))).reshape(-1, 28, 28)
    assert (expected == picture).all(axis=(1, 2)).any()
    assert re.fullmatch("Labelled .", page.all("img")[0]["alt"])


def test_rows_that_are_not_pictures_give_no_pictures(build):
    page = Page(render(build({"flat": 0.2, "hierarchical": 0.1}, width=30)))
    assert page.all("img") == []
    assert "Errors by picture" not in page.text


@pytest.mark.parametrize(
    ("errors", "settings"),
    [
        ({"flat": 0.0}, {}),
        ({"flat": 0.0, "hierarchical": 0.0}, {}),
        ({"flat": 1.1, "hierarchical": 1.1}, {"seeds": (1,)}),
        ({"svc": 0.1, "flat": 0.2}, {"counted": False}),
        ({"svc": 0.1, "flat": 0.2}, {"suspect": False, "seeds": (4,)}),
        ({"svc": 0.1, "hierarchical": 0.2}, {"classes": np.arange(4)}),
        ({f"contender {i}": 0.01 * i for i in range(12)}, {"n": 60}),
    ],
)
def test_extreme_comparisons_give_a_valid_page(build, errors, settings):
    html = render(build(errors, **settings))
    Page(html)
    assert "nan" not in re.findall(r"[a-z]+", html.lower())


def test_command_and_configuration_are_shown(build):
    data = {"command": "ensemble-hwr compare x.toml", "config": {"seeds": [0, 1]}, "sizes": {"train": 1234}}
    page = Page(render(build({"flat": 0.1}, data=data)))
    assert "ensemble-hwr compare x.toml" in page.text
    assert any('"seeds": [' in text for text in page.text)
    assert "train: 1,234" in page.text


def test_curves_are_drawn_and_described(comparison, with_points):
    page = Page(render(with_points(comparison, [(2000.0, 0.87), (30_000.0, 0.9)])))
    assert len([a for a in page.all("path") if a.get("class") == "curve" and "clip-path" in a]) == 2
    text = " ".join("".join(page.text).split())
    assert "hierarchical: the same fits at confidence thresholds from 0 (left) to 1 (right)" in text
    assert "hierarchical at confidence threshold 0: accuracy 87.00 %, 2.00k MACs per sample" in text
    assert "goes down to" not in text
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert {a["clip-path"][5:-1] for _, a in page.tags if "clip-path" in a} <= ids


def test_points_outside_the_plot_are_described(comparison, with_points):
    text = " ".join("".join(Page(render(with_points(comparison, [(10.0, 0.2), (30_000.0, 0.9)]))).text).split())
    assert "Outside the plot, hierarchical goes down to 20.00 % at 10.0 MACs per sample." in text


def test_summaries_without_operating_points_give_a_page(comparison):
    summary = summarise(comparison)
    del summary["contenders"]["hierarchical"]["hierarchy"]["operating_points"]
    page = Page(render_report(summary, comparison))
    assert not [a for a in page.all("path") if a.get("class") == "curve"]


def test_marks_of_contenders_differ():
    styles = _styles({"reference": "7", "contenders": {str(i): {} for i in range(20)}})
    assert len({tuple(style.values()) for style in styles.values()}) == 20


def test_hierarchical_f1_is_a_column_if_there_are_groups_within_groups(comparison):
    summary = summarise(comparison)
    assert "hierarchical F1" not in render_report(summary, comparison)
    for name, figures in summary["contenders"].items():
        figures["hierarchical_scores"] = None if name == "baseline" else {"f1": [0.912, 0.914, 0.916]}
    text = render_report(summary, comparison)
    assert '<th scope="col">hierarchical F1 %</th>' in text
    assert text.count("91.40 ± 0.20") == 2


def test_every_error_count_is_in_the_matrix(build):
    found = build({"flat": 0.9, "hierarchical": 0.1}, n=2000, classes=np.array(["no", "yes"]))
    cells = [count for count in re.findall(r'<text class="count[^>]*>(\d+)</text>', render(found)) if len(count) > 2]
    assert len(cells) >= 2


def test_the_forest_plot_has_numbers_and_ticks(comparison):
    summary = summarise(comparison)
    plots = re.findall(r'<svg class="plot forest.*?</svg>', render_report(summary, comparison), re.DOTALL)
    assert len(plots) == 2
    for plot in plots:
        assert len(re.findall(r"\[.*, .*\]</text>", plot)) == 2
        assert plot.count('class="tick"') >= 2
        assert "difference, percentage points" in plot


def test_the_note_below_the_tests_has_the_number_of_comparisons(build, comparison):
    assert "The p-values of the 2 comparisons with hierarchical are corrected by Holm" in render(comparison)
    assert "A difference is significant" in render(build({"flat": 0.1, "hierarchical": 0.1}))
