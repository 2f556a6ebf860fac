"""Export of results: hOCR and ALTO XML for pages, and a picture with the boxes of letters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr import __version__
from ensemble_hwr.boxes import COLOURS, Box, draw_boxes
from ensemble_hwr.reading._document import Letter, Line, Page, Word

_XHTML = "http://www.w3.org/1999/xhtml"
_ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
_HOCR_METADATA = {
    "ocr-system": f"ensemble_hwr {__version__}",
    "ocr-capabilities": "ocr_page ocr_line ocrx_word ocrx_cinfo ocrp_wconf",
    "ocr-number-of-pages": "1",
    "ocr-langs": "unknown",
    "ocr-scripts": "unknown",
}
_LONGEST_VARIANT = 3  # characters, in ALTO
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML 1.0 excludes


def to_hocr(page: Page | Mapping[int, Page], *, image: str = "") -> str:
    """Export a page as hOCR: XHTML with the boxes of lines, words and letters.

    Parameters
    ----------
    page : Page, or mapping of int to Page
        A page, or the pages of one file by their numbers, from 1.
    image : str, default=""
        File name of the picture.

    Returns
    -------
    str
        A complete XHTML document.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Line, Page, Word, to_hocr
    >>> word = Word(Box(5, 5, 9, 20), (), "I", 0.9)
    >>> text = to_hocr(Page(40, 30, (Line(word.box, (word,)),)))
    >>> 'title="bbox 5 5 9 20; x_wconf 90"' in text
    True
    """
    html = ElementTree.Element("html", {"xmlns": _XHTML})
    head = ElementTree.SubElement(html, "head")
    ElementTree.SubElement(head, "title").text = _text(image)
    ElementTree.SubElement(head, "meta", {"http-equiv": "Content-Type", "content": "text/html;charset=utf-8"})
    pages = _numbered(page)
    for key, content in {**_HOCR_METADATA, "ocr-number-of-pages": str(len(pages))}.items():
        ElementTree.SubElement(head, "meta", {"name": key, "content": content})
    body = ElementTree.SubElement(html, "body")
    name = _text(image).replace("\\", "\\\\").replace('"', '\\"')
    for number, sheet in pages.items():
        title = f'image "{name}"; bbox 0 0 {sheet.width} {sheet.height}; ppageno {number - 1}'
        block = ElementTree.SubElement(body, "div", {"class": "ocr_page", "id": f"page_{number}", "title": title})
        _hocr_lines(block, sheet, number)
    return _document(html, '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n'
                     '    "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n')  # fmt: skip


def to_alto(page: Page | Mapping[int, Page], *, image: str = "") -> str:
    """Export a page as ALTO 4 XML: lines, words and letters with their boxes.

    A ``Glyph`` of ALTO holds one character, and a ``Variant`` at most three. A word in which the text of a letter has
    another length has no glyphs, and longer alternatives of a letter are left out. Lines without words are left out.

    Parameters
    ----------
    page : Page, or mapping of int to Page
        A page, or the pages of one file by their numbers, from 1.
    image : str, default=""
        File name of the picture.

    Returns
    -------
    str
        A complete XML document.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Line, Page, Word, to_alto
    >>> word = Word(Box(5, 5, 9, 20), (), "I", 0.9)
    >>> text = to_alto(Page(40, 30, (Line(word.box, (word,)),)))
    >>> '<String ID="string_1" HPOS="5" VPOS="5" WIDTH="4" HEIGHT="15" CONTENT="I" WC="0.900"' in text
    True
    """
    alto = ElementTree.Element("alto", {"xmlns": _ALTO})
    description = ElementTree.SubElement(alto, "Description")
    ElementTree.SubElement(description, "MeasurementUnit").text = "pixel"
    source = ElementTree.SubElement(description, "sourceImageInformation")
    ElementTree.SubElement(source, "fileName").text = _text(image)
    layout = ElementTree.SubElement(alto, "Layout")
    words = lines = 0
    for number, page_of_file in _numbered(page).items():
        words, lines = _alto_page(layout, page_of_file, number, words, lines)
    return _document(alto, "")


def draw_reading(grey: NDArray[np.uint8], words: Sequence[Word]) -> NDArray[np.uint8]:
    """Draw the boxes of letters over their picture, and the text of each letter above its box.

    Parameters
    ----------
    grey : ndarray of uint8, shape (height, width)
    words : sequence of Word

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        Small pictures are enlarged; a margin is added at the top.

    Examples
    --------
    >>> import numpy as np
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter, Word, draw_reading
    >>> letter = Letter(Box(5, 5, 9, 20), "I", 0.9)
    >>> draw_reading(np.full((200, 60), 255, np.uint8), [Word(letter.box, (letter,), "I", 0.9)]).shape
    (214, 60, 3)
    """
    letters = [letter for word in words for letter in word.letters]
    texts = [letter.text for letter in letters]
    return draw_boxes(grey, [letter.box for letter in letters], labels=texts, colours=COLOURS[:2])


def _numbered(page: Page | Mapping[int, Page]) -> Mapping[int, Page]:
    """Return pages by their numbers."""
    return {1: page} if isinstance(page, Page) else page


def _hocr_lines(block: ElementTree.Element, page: Page, page_number: int) -> None:
    words = 0
    for number, line in enumerate(page.lines, start=1):
        attributes = {"class": "ocr_line", "id": f"line_{page_number}_{number}", "title": _bbox(line.box)}
        span = ElementTree.SubElement(block, "span", attributes)
        for word in line.words:
            words += 1
            _hocr_word(span, word, f"word_{page_number}_{words}").tail = " "


def _alto_page(layout: ElementTree.Element, page: Page, number: int, words: int, lines: int) -> tuple[int, int]:
    """Append a page; return the numbers of words and lines so far."""
    whole = Box(0, 0, page.width, page.height)
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    sheet = ElementTree.SubElement(layout, "Page", {"ID": f"page_{number}", "PHYSICAL_IMG_NR": str(number), **size})
    space = ElementTree.SubElement(sheet, "PrintSpace", _place(whole))
    with_words = [line for line in page.lines if line.words]
    if with_words:
        block = ElementTree.SubElement(space, "TextBlock", {"ID": f"block_{number}", **_place(whole)})
        for line in with_words:
            lines += 1
            words = _alto_line(block, line, lines, words)
    return words, lines


def _hocr_word(parent: ElementTree.Element, word: Word, name: str) -> ElementTree.Element:
    title = f"{_bbox(word.box)}{_confidence('x_wconf', word)}"
    span = ElementTree.SubElement(parent, "span", {"class": "ocrx_word", "id": name, "title": title})
    if word.text != "".join(letter.text for letter in word.letters) or not word.letters:
        span.text = _text(word.text)  # the reading differs from the letters
        return span
    for letter in word.letters:
        boxes = [*letter.box] * max(1, len(letter.text))  # one box for each character
        title = f"x_bboxes {' '.join(map(str, boxes))}{_confidence('x_conf', letter)}"
        ElementTree.SubElement(span, "span", {"class": "ocrx_cinfo", "title": title}).text = _text(letter.text)
    return span


def _alto_line(block: ElementTree.Element, line: Line, number: int, words: int) -> int:
    """Append one line; return the number of words so far."""
    element = ElementTree.SubElement(block, "TextLine", {"ID": f"line_{number}", **_place(line.box)})
    for place, word in enumerate(line.words):
        if place:
            before = line.words[place - 1].box
            width = max(0, word.box.left - before.right)
            gap = {"HPOS": str(before.right), "VPOS": str(word.box.top), "WIDTH": str(width)}
            ElementTree.SubElement(element, "SP", gap)
        words += 1
        attributes = {"ID": f"string_{words}", **_place(word.box), "CONTENT": _text(word.text)}
        if word.confidence is not None:
            attributes["WC"] = f"{word.confidence:.3f}"
        string = ElementTree.SubElement(element, "String", attributes)
        for text, _ in word.alternatives:
            ElementTree.SubElement(string, "ALTERNATIVE").text = _text(text)
        if all(len(letter.text) == 1 for letter in word.letters):
            for place_in_word, letter in enumerate(word.letters, start=1):
                _alto_glyph(string, letter, f"glyph_{words}_{place_in_word}")
    return words


def _alto_glyph(string: ElementTree.Element, letter: Letter, name: str) -> None:
    attributes = {"ID": name, **_place(letter.box), "CONTENT": _text(letter.text)}
    if letter.confidence is not None:
        attributes["GC"] = f"{letter.confidence:.3f}"
    glyph = ElementTree.SubElement(string, "Glyph", attributes)
    for text, p in letter.alternatives:
        if len(text) <= _LONGEST_VARIANT:
            ElementTree.SubElement(glyph, "Variant", {"CONTENT": _text(text), "VC": f"{p:.3f}"})


def _bbox(box: Box) -> str:
    return f"bbox {' '.join(map(str, box))}"


def _confidence(name: str, read: Word | Letter) -> str:
    return "" if read.confidence is None else f"; {name} {round(100 * read.confidence)}"


def _place(box: Box) -> dict[str, str]:
    edges = {"HPOS": box.left, "VPOS": box.top, "WIDTH": box.width, "HEIGHT": box.height}
    return {name: str(edge) for name, edge in edges.items()}


def _text(text: str) -> str:
    """Replace characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def _document(root: ElementTree.Element, doctype: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{ElementTree.tostring(root, encoding="unicode")}\n'
