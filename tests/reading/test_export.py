import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.boxes import Box
from ensemble_hwr.reading import Letter, Line, Page, Word, draw_reading, to_alto, to_hocr

XHTML, ALTO = "{http://www.w3.org/1999/xhtml}", "{http://www.loc.gov/standards/alto/ns-v4#}"

boxes = st.tuples(*[st.integers(0, 50)] * 4).map(lambda b: Box(b[0], b[1], b[0] + b[2] + 1, b[1] + b[3] + 1))
shares = st.none() | st.floats(0, 1)
texts = st.text(max_size=4)
letters = st.builds(Letter, boxes, texts, shares, st.lists(st.tuples(texts, st.floats(0, 1)), max_size=2).map(tuple))
others = st.lists(st.tuples(texts, st.floats(0, 1)), max_size=2).map(tuple)
words = st.builds(Word, boxes, st.lists(letters, max_size=3).map(tuple), texts, shares, others)
lines = st.builds(Line, boxes, st.lists(words, max_size=3).map(tuple))
pages = st.builds(Page, st.integers(1, 200), st.integers(1, 200), st.lists(lines, max_size=3).map(tuple))


def clean(text):
    """Replace the characters that XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def as_element(text):
    """Normalize line ends as an XML parser does in element text."""
    return clean(text).replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=30)
@given(pages, texts)
def test_hocr_contains_lines_words_and_letters(page, image):
    root = ElementTree.fromstring(to_hocr(page, image=image))
    assert root.tag == f"{XHTML}html"
    (sheet,) = root.iter(f"{XHTML}div")
    assert sheet.get("class") == "ocr_page"
    assert f"bbox 0 0 {page.width} {page.height}" in sheet.get("title")
    found = [span for span in sheet if span.get("class") == "ocr_line"]
    assert len(found) == len(page.lines)
    for span, line in zip(found, page.lines, strict=True):
        assert span.get("title") == "bbox " + " ".join(map(str, line.box))
        assert [entry.get("class") for entry in span] == ["ocrx_word"] * len(line.words)
        for entry, word in zip(span, line.words, strict=True):
            assert entry.get("title").startswith("bbox " + " ".join(map(str, word.box)))
            assert ("x_wconf" in entry.get("title")) == (word.confidence is not None)
            assert as_element("".join(entry.itertext())) == as_element(word.text)
    names = [entry.get("id") for entry in root.iter() if entry.get("id")]
    assert len(names) == len(set(names))


@settings(max_examples=30)
@given(pages, texts)
def test_alto_contains_lines_words_and_letters(page, image):
    root = ElementTree.fromstring(to_alto(page, image=image))
    assert [child.tag for child in root] == [f"{ALTO}Description", f"{ALTO}Layout"]
    assert root.findtext(f"{ALTO}Description/{ALTO}MeasurementUnit") == "pixel"
    found = list(root.iter(f"{ALTO}TextLine"))
    for element, line in zip(found, [line for line in page.lines if line.words], strict=True):
        strings = element.findall(f"{ALTO}String")
        assert len(element.findall(f"{ALTO}SP")) == len(line.words) - 1
        for string, word in zip(strings, line.words, strict=True):
            numbers = [int(string.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")]
            assert numbers == [word.box.left, word.box.top, word.box.width, word.box.height]
            assert string.get("CONTENT") == clean(word.text)
            assert (string.get("WC") is None) == (word.confidence is None)
            shown = word.letters if all(len(letter.text) == 1 for letter in word.letters) else ()
            for glyph, letter in zip(string.findall(f"{ALTO}Glyph"), shown, strict=True):
                assert glyph.get("CONTENT") == clean(letter.text)
                assert len(glyph.findall(f"{ALTO}Variant")) == sum(len(text) <= 3 for text, _ in letter.alternatives)
    names = [entry.get("ID") for entry in root.iter() if entry.get("ID")]
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def alto_schema():
    return xmlschema.XMLSchema(Path(__file__).with_name("alto.xsd"))


@settings(max_examples=60, deadline=None)
@given(page=pages, image=texts)
def test_alto_is_valid(alto_schema, page, image):
    """Glyphs of no or several characters, long variants and lines without words were invalid in ALTO 4."""
    alto_schema.validate(to_alto(page, image=image))


def test_the_schema_of_the_tests_refuses_what_alto_refuses(alto_schema):
    letter = Letter(Box(0, 0, 4, 4), "A", 0.5, (("B", 0.25),))
    word = Word(letter.box, (letter,), "A", 0.5, (("B", 0.25),))
    valid = to_alto(Page(9, 9, (Line(word.box, (word, word)),)))
    alto_schema.validate(valid)
    for before, after in (
        ('CONTENT="A" GC', 'CONTENT="AB" GC'),
        ('WC="0.500"', 'WC="1.5"'),
        ('Variant CONTENT="B"', 'Variant CONTENT="BBBB"'),
        ("string_2", "string_1"),
        ("pixel", "inch"),
        (' PHYSICAL_IMG_NR="1"', ""),
        ("<ALTERNATIVE>B</ALTERNATIVE>", ""),
    ):
        assert before in valid
        assert alto_schema.is_valid(valid.replace(before, after)) == (before == "<ALTERNATIVE>B</ALTERNATIVE>")


DELIMITED, NUMBER = r'"(?:[^"\\]|\\.)*"', r"\d+(?:\.\d+)?"
PROPERTIES = {  # of hOCR 1.2: those that an element must have, and those that it may have
    "ocr_page": ({"bbox"}, {"image", "ppageno"}),
    "ocr_line": ({"bbox"}, set()),
    "ocrx_word": ({"bbox"}, {"x_wconf"}),
    "ocrx_cinfo": ({"x_bboxes"}, {"x_conf"}),
}
VALUES = {
    "bbox": r"\d+ \d+ \d+ \d+",
    "image": DELIMITED,
    "ppageno": r"\d+",
    "x_wconf": NUMBER,
    "x_conf": NUMBER,
    "x_bboxes": r"\d+ \d+ \d+ \d+(?: \d+ \d+ \d+ \d+)*",
}


@settings(max_examples=60)
@given(pages, texts)
def test_hocr_has_the_metadata_classes_and_properties_of_its_specification(page, image):
    root = ElementTree.fromstring(to_hocr(page, image=image))
    assert root.tag == f"{XHTML}html"
    assert [child.tag for child in root] == [f"{XHTML}head", f"{XHTML}body"]
    metadata = {entry.get("name"): entry.get("content") for entry in root.iter(f"{XHTML}meta") if entry.get("name")}
    assert {"ocr-system", "ocr-capabilities", "ocr-number-of-pages", "ocr-langs", "ocr-scripts"} == set(metadata)
    assert re.fullmatch(r"ensemble_hwr \S+", metadata["ocr-system"])
    outside = {"ocr_page": None, "ocr_line": "ocr_page", "ocrx_word": "ocr_line", "ocrx_cinfo": "ocrx_word"}
    parents = {child: parent for parent in root.iter() for child in parent}
    for element in root.find(f"{XHTML}body").iter():
        kind = element.get("class")
        if kind is None:
            continue
        assert kind in metadata["ocr-capabilities"].split()
        assert parents[element].get("class") == outside[kind]
        found = dict(re.findall(rf"(\w+) ({DELIMITED}|[^;]*)(?:; |$)", element.get("title")))
        needed, allowed = PROPERTIES[kind]
        assert needed <= set(found) <= needed | allowed
        for name, value in found.items():
            assert re.fullmatch(VALUES[name], value, re.DOTALL), (name, value)
        if kind == "ocrx_cinfo":
            assert len(found["x_bboxes"].split()) == 4 * max(1, len(element.text or ""))
    assert root.get("lang") is None  # without the capability ocrp_lang


@pytest.mark.parametrize("write", [to_hocr, to_alto])
def test_special_characters_give_well_formed_xml(write):
    awkward = "<&>\"'\x00\ud800"
    word = Word(Box(0, 0, 1, 1), (), awkward, 1.0)
    text = write(Page(1, 1, (Line(word.box, (word,)),)), image='a "b" & c\\d.png')
    ElementTree.fromstring(text)
    text.encode("utf-8")


def test_draw_reading_draws_each_box_in_its_colour():
    letters = tuple(Letter(Box(left, 10, left + 20, 150), "A", 0.9) for left in (10, 50))
    drawn = draw_reading(np.full((160, 90), 255, np.uint8), [Word(Box(10, 10, 70, 150), letters, "AA", 0.9)])
    assert drawn.shape == (174, 90, 3)
    assert [tuple(drawn[100, left]) for left in (10, 50)] == [(214, 40, 40), (0, 109, 176)]
