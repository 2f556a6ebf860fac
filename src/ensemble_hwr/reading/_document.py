"""Results of recognition as a tree: a page has lines, a line has words, a word has letters."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ensemble_hwr._typing import Rows
from ensemble_hwr.boxes import Box
from ensemble_hwr.reading.issues import Issue
from ensemble_hwr.segmentation import PageCut, Segmentation, WordCut


@dataclass(frozen=True)
class Letter:
    """A recognized letter: its box, text, confidence and alternatives.

    Attributes
    ----------
    box : Box
        Box in the picture, or around the pen strokes.
    text : str, default=""
        The letter; ``""`` if it has not been recognized.
    confidence : float or None, default=None
        Probability of the letter, from 0 to 1; None if it has not been recognized. Exported as ``"probability"``.
    alternatives : tuple of (str, float), default=()
        Other letters and their probabilities, the most probable first.
    span : tuple of (int, int) or None, default=None
        Start and stop of its pieces in the lattice; not exported.
    row : ndarray of float32, shape (784,), or None, default=None
        The pixels that were classified, 28 rows of 28, 0 for paper and 1 for ink; not exported, and not compared.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter
    >>> Letter(Box(5, 5, 9, 20), "O", 0.6, (("Q", 0.3),)).export()
    {'letter': 'O', 'probability': 0.6, 'box': [5, 5, 9, 20], 'alternatives': [{'letter': 'Q', 'probability': 0.3}]}
    """

    box: Box
    text: str = ""
    confidence: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    span: tuple[int, int] | None = None
    row: Rows | None = field(default=None, compare=False, repr=False)

    def export(self) -> dict[str, Any]:
        """Return the letter as plain dicts, lists, strings and numbers.

        Returns
        -------
        dict
            Keys "letter", "probability", "box" and, if there are any, "alternatives".
        """
        exported: dict[str, Any] = {"letter": self.text, "probability": self.confidence, "box": list(self.box)}
        if self.alternatives:
            exported["alternatives"] = [{"letter": text, "probability": p} for text, p in self.alternatives]
        return exported


@dataclass(frozen=True)
class Word:
    """A recognized word: its box, letters, text, confidence and alternatives.

    Attributes
    ----------
    box : Box
    letters : tuple of Letter
        From left to right.
    text : str, default=""
        The word. With a lexicon or a letter model it can differ from the most probable letters.
    confidence : float or None, default=None
        Probability of this reading among all that were found, from 0 to 1.
    alternatives : tuple of (str, float), default=()
        Other readings and their probabilities, the most probable first.
    issues : tuple of Issue, default=()
        Signs that the reading of a picture may be wrong; those of a page are in its own `issues`.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Letter, Word
    >>> letter = Letter(Box(5, 5, 9, 20), "I", 0.9)
    >>> word = Word(letter.box, (letter,), "I", 0.8, (("L", 0.1),))
    >>> word.export()["alternatives"]
    [{'text': 'L', 'probability': 0.1}]
    """

    box: Box
    letters: tuple[Letter, ...]
    text: str = ""
    confidence: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    issues: tuple[Issue, ...] = ()

    @classmethod
    def from_cut(cls, cut: WordCut, segmentation: Segmentation | None = None) -> Self:
        """Return a word whose letters have boxes but no text.

        Parameters
        ----------
        cut : WordCut
            A word of `ensemble_hwr.segmentation.cut_page`.
        segmentation : Segmentation, default=None
            Letters of the word; None splits it at its gaps.

        Returns
        -------
        Word

        Examples
        --------
        >>> from ensemble_hwr import compose_words, generate_letters
        >>> from ensemble_hwr.reading import Word
        >>> from ensemble_hwr.segmentation import cut_page
        >>> letters = generate_letters(260, writers=5, random_state=0)
        >>> picture = compose_words(letters, ["TWO"], gap=0.3, random_state=0)[0].picture
        >>> len(Word.from_cut(cut_page(picture).lines[0].words[0]).letters)
        3
        """
        found = cut.segment() if segmentation is None else segmentation
        return cls(cut.box, tuple(Letter(box) for box in found.boxes))

    def export(self) -> dict[str, Any]:
        """Return the word as plain dicts, lists, strings and numbers.

        Returns
        -------
        dict
            Keys "text", "confidence", "box", "letters" and, if there are any, "alternatives" and "issues".
        """
        exported: dict[str, Any] = {
            "text": self.text,
            "confidence": self.confidence,
            "box": list(self.box),
            "letters": [letter.export() for letter in self.letters],
        }
        if self.alternatives:
            exported["alternatives"] = [{"text": text, "probability": p} for text, p in self.alternatives]
        if self.issues:
            exported["issues"] = [issue.export() for issue in self.issues]
        return exported


@dataclass(frozen=True)
class Line:
    """A line of recognized words.

    Attributes
    ----------
    box : Box
    words : tuple of Word
        From left to right.

    Examples
    --------
    >>> from ensemble_hwr.boxes import Box
    >>> from ensemble_hwr.reading import Line, Word
    >>> box = Box(0, 0, 9, 9)
    >>> Line(box, (Word(box, (), "TWO", 0.9), Word(box, (), "WORDS", 0.9))).text
    'TWO WORDS'
    """

    box: Box
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """Texts of the words, separated by spaces."""
        return " ".join(word.text for word in self.words)

    def export(self) -> dict[str, Any]:
        """Return the line as plain dicts, lists, strings and numbers.

        Returns
        -------
        dict
            Keys "text", "box" and "words".
        """
        return {"text": self.text, "box": list(self.box), "words": [word.export() for word in self.words]}


@dataclass(frozen=True)
class Page:
    """A page of recognized lines.

    Attributes
    ----------
    width, height : int
        Size of the picture, in pixels.
    lines : tuple of Line
        From top to bottom.
    skew : float, default=0.0
        Slope of the lines: rows that they rise per column to the right.
    issues : tuple of Issue, default=()
        Signs that the reading may be wrong.
    orientation : int, default=0
        Degrees by which the writing is turned clockwise in the picture: 0, 90, 180 or 270. Boxes are in the picture as
        it is; lines and words are in the order of reading.
    orientation_confidence : float or None, default=None
        Probability of that orientation, from 0 to 1; None if it was not estimated.

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
    issues: tuple[Issue, ...] = ()
    orientation: int = 0
    orientation_confidence: float | None = None

    @classmethod
    def from_cut(cls, cut: PageCut, read: Callable[[WordCut], Word] = Word.from_cut) -> Self:
        """Turn a segmented page into a tree of lines, words and letters.

        Parameters
        ----------
        cut : PageCut
            As `ensemble_hwr.segmentation.cut_page` returns it.
        read : callable, default=Word.from_cut
            Takes a `WordCut` and returns a `Word`. By default letters have boxes and no text.

        Returns
        -------
        Page

        Examples
        --------
        >>> from ensemble_hwr import compose_words, generate_letters
        >>> from ensemble_hwr.reading import Page
        >>> from ensemble_hwr.segmentation import cut_page
        >>> letters = generate_letters(260, writers=5, random_state=0)
        >>> picture = compose_words(letters, ["TWO WORDS"], gap=0.3, random_state=0)[0].picture
        >>> page = Page.from_cut(cut_page(picture))
        >>> [len(word.letters) for word in page.lines[0].words]
        [3, 5]
        """
        lines = tuple(Line(line.box, tuple(read(word) for word in line.words)) for line in cut.lines)
        return cls(cut.width, cut.height, lines, cut.skew)

    @property
    def text(self) -> str:
        """Texts of the lines, separated by line breaks."""
        return "\n".join(line.text for line in self.lines)

    def turned(self, degrees: int) -> Page:
        """Return the page with its boxes in the picture before that was turned upright.

        Parameters
        ----------
        degrees : int
            How far the writing is turned clockwise in that picture: 0, 90, 180 or 270.

        Returns
        -------
        Page
        """
        size = (degrees, self.width, self.height)
        whole = Box(0, 0, self.width, self.height).turned(*size)
        lines = tuple(
            replace(
                line,
                box=line.box.turned(*size),
                words=tuple(
                    replace(
                        word,
                        box=word.box.turned(*size),
                        letters=tuple(replace(letter, box=letter.box.turned(*size)) for letter in word.letters),
                    )
                    for word in line.words
                ),
            )
            for line in self.lines
        )
        return replace(self, width=whole.right, height=whole.bottom, lines=lines, orientation=degrees)

    def export(self) -> dict[str, Any]:
        """Return the page as plain dicts, lists, strings and numbers, ready for JSON.

        Words have a "confidence", letters and alternatives a "probability"; both are from 0 to 1, or None.

        Returns
        -------
        dict
            Keys "text", "width", "height", "skew", "orientation", "orientation_confidence", "lines" and, if there are
            any, "issues".
        """
        exported: dict[str, Any] = {
            "text": self.text,
            "width": self.width,
            "height": self.height,
            "skew": self.skew,
            "orientation": self.orientation,
            "orientation_confidence": self.orientation_confidence,
            "lines": [line.export() for line in self.lines],
        }
        if self.issues:
            exported["issues"] = [issue.export() for issue in self.issues]
        return exported

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the export as JSON.

        Parameters
        ----------
        indent : int, default=None
            Spaces per level; None writes a single line.

        Returns
        -------
        str
        """
        return json.dumps(self.export(), ensure_ascii=False, indent=indent)
