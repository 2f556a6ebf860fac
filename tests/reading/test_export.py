import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_hwr.boxes import Box
from ensemble_hwr.reading import Letter, Line, Page, Word, draw_reading, to_alto, to_hocr

XHTML, ALTO = "{http://www.w3.org/1999/xhtml}", "{http://www.loc.gov/standards/alto/ns-v4#}"

boxes = st.tuples(*[st.integers(0, 50)] * 4).map(lambda b: Box(b[0], b[1], b[0] + b[2] + 1, b[1] + b[3] + 1))
shares = st.none() | st.floats(0, 1)
texts = st.text(max_size=4)
letters = st.builds(Letter, boxes, texts, shares, st.lists(st.tuples(texts, st.floats(0, 1)), max_size=2).map(tuple))
words = st.builds(Word, boxes, st.lists(letters, max_size=3).map(tuple), texts, shares)
lines = st.builds(Line, boxes, st.lists(words, min_size=1, max_size=3).map(tuple))
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
    assert len(found) == len(page.lines)
    for element, line in zip(found, page.lines, strict=True):
        strings = element.findall(f"{ALTO}String")
        assert len(element.findall(f"{ALTO}SP")) == len(line.words) - 1
        for string, word in zip(strings, line.words, strict=True):
            numbers = [int(string.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")]
            assert numbers == [word.box.left, word.box.top, word.box.width, word.box.height]
            assert string.get("CONTENT") == clean(word.text)
            assert (string.get("WC") is None) == (word.confidence is None)
            assert len(string.findall(f"{ALTO}Glyph")) == len(word.letters)
            for glyph, letter in zip(string.findall(f"{ALTO}Glyph"), word.letters, strict=True):
                assert glyph.get("CONTENT") == clean(letter.text)
                assert len(glyph.findall(f"{ALTO}Variant")) == len(letter.alternatives)
    names = [entry.get("ID") for entry in root.iter() if entry.get("ID")]
    assert len(names) == len(set(names))


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
