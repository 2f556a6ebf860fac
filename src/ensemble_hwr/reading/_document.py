"""What has been read, as a tree: a page has lines, a line has words, a word has letters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ensemble_hwr.boxes import Box
from ensemble_hwr.segmentation import PageCut, Segmentation, WordCut


@dataclass(frozen=True)
class Letter:
    """One letter that was read.

    Attributes
    ----------
    box : Box
        Where it is in the picture.
    text : str, default=""
        What it is; ``""`` where it has not been read.
    confidence : float or None, default=None
        How sure that is, from 0 to 1; None where it has not been read.
    alternatives : tuple of (str, float), default=()
        Other readings and their probabilities, the likeliest first.
    span : tuple of (int, int) or None, default=None
        Start and stop of its pieces in the lattice that was read; not exported.
    """

    box: Box
    text: str = ""
    confidence: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    span: tuple[int, int] | None = None

    def export(self) -> dict[str, Any]:
        """Return it as plain dicts, lists, text and numbers.

        Returns
        -------
        dict
        """
        exported: dict[str, Any] = {"letter": self.text, "probability": self.confidence, "box": list(self.box)}
        if self.alternatives:
            exported["alternatives"] = [{"letter": text, "probability": p} for text, p in self.alternatives]
        return exported


@dataclass(frozen=True)
class Word:
    """One word that was read.

    Attributes
    ----------
    box : Box
    letters : tuple of Letter
        From left to right.
    text : str, default=""
        What it is; a lexicon may know better than its letters.
    confidence : float or None, default=None
    alternatives : tuple of (str, float), default=()
        Other readings and their probabilities, the likeliest first.
    """

    box: Box
    letters: tuple[Letter, ...]
    text: str = ""
    confidence: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()

    def export(self) -> dict[str, Any]:
        """Return it as plain dicts, lists, text and numbers.

        Returns
        -------
        dict
        """
        exported: dict[str, Any] = {
            "text": self.text,
            "confidence": self.confidence,
            "box": list(self.box),
            "letters": [letter.export() for letter in self.letters],
        }
        if self.alternatives:
            exported["alternatives"] = [{"text": text, "probability": p} for text, p in self.alternatives]
        return exported


@dataclass(frozen=True)
class Line:
    """One line that was read.

    Attributes
    ----------
    box : Box
    words : tuple of Word
        From left to right.
    """

    box: Box
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """Its words, a space between them."""
        return " ".join(word.text for word in self.words)

    def export(self) -> dict[str, Any]:
        """Return it as plain dicts, lists, text and numbers.

        Returns
        -------
        dict
        """
        return {"text": self.text, "box": list(self.box), "words": [word.export() for word in self.words]}


@dataclass(frozen=True)
class Page:
    """One page that was read.

    Attributes
    ----------
    width, height : int
        Of the picture, in pixels.
    lines : tuple of Line
        From top to bottom.
    skew : float, default=0.0
        Rows that its lines climb for each column to the right.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter, Line, Page, Word
    >>> word = Word(Box(5, 5, 9, 20), (Letter(Box(5, 5, 9, 20), "I", 0.9),), "I", 0.9)
    >>> page = Page(40, 30, (Line(word.box, (word, word)),))
    >>> page.text
    'I I'
    >>> page.export()["lines"][0]["words"][0]["letters"]
    [{'letter': 'I', 'probability': 0.9, 'box': [5, 5, 9, 20]}]
    """

    width: int
    height: int
    lines: tuple[Line, ...]
    skew: float = 0.0

    @property
    def text(self) -> str:
        """Its lines, a line break between them."""
        return "\n".join(line.text for line in self.lines)

    def export(self) -> dict[str, Any]:
        """Return it as plain dicts, lists, text and numbers, ready for JSON.

        Returns
        -------
        dict
        """
        return {
            "text": self.text,
            "width": self.width,
            "height": self.height,
            "skew": self.skew,
            "lines": [line.export() for line in self.lines],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """Return it as JSON.

        Parameters
        ----------
        indent : int, default=None
            Spaces for each level; None puts all on one line.

        Returns
        -------
        str
        """
        return json.dumps(self.export(), ensure_ascii=False, indent=indent)


def unread_word(cut: WordCut, segmentation: Segmentation | None = None) -> Word:
    """Return a word whose letters have boxes but no text.

    Parameters
    ----------
    cut : WordCut
    segmentation : Segmentation, default=None
        Its letters; None cuts it by its gaps.

    Returns
    -------
    Word
    """
    found = cut.segment() if segmentation is None else segmentation
    return Word(cut.box, tuple(Letter(box) for box in found.boxes))


def page_of(cut: PageCut, read: Callable[[WordCut], Word] = unread_word) -> Page:
    """Turn a page that has been cut into a tree, reading every word.

    Parameters
    ----------
    cut : PageCut
        As `ensemble_hwr.segmentation.cut_page` gives it.
    read : callable, default=unread_word
        Takes a `WordCut` and returns a `Word`; by default letters get boxes, and no text.

    Returns
    -------
    Page

    Examples
    --------
    >>> from ensemble_hwr import compose_words, generate_letters
    >>> from ensemble_hwr.reading import page_of
    >>> from ensemble_hwr.segmentation import cut_page
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> picture = compose_words(letters, ["TWO WORDS"], gap=0.3, random_state=0)[0].picture
    >>> page = page_of(cut_page(picture))
    >>> [len(word.letters) for word in page.lines[0].words]
    [3, 5]
    """
    lines = tuple(Line(line.box, tuple(read(word) for word in line.words)) for line in cut.lines)
    return Page(cut.width, cut.height, lines, cut.skew)
