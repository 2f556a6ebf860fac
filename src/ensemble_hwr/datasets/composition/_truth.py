"""What is known of a composed picture: every letter, word and line, and which letters touch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.boxes import Box


@dataclass(frozen=True)
class ComposedLetter:
    """One letter of a composed picture.

    Attributes
    ----------
    letter : str
        Its label.
    box : Box
        The box around its ink.
    number : int
        Its place among the picture's letters, from 0, in reading order: its pixels hold it in ``owner``.
    index : int
        Which letter of the `LetterSet` it is.
    """

    letter: str
    box: Box
    number: int
    index: int


@dataclass(frozen=True)
class ComposedWord:
    """One word of a composed picture.

    Attributes
    ----------
    letters : tuple of ComposedLetter
    box : Box
        The box around its ink.
    touching : tuple of bool
        For each letter but the last, whether its ink touches the next letter's.
    """

    letters: tuple[ComposedLetter, ...]
    box: Box
    touching: tuple[bool, ...]

    @property
    def text(self) -> str:
        """The word's letters."""
        return "".join(letter.letter for letter in self.letters)


@dataclass(frozen=True)
class ComposedLine:
    """One line of a composed picture.

    Attributes
    ----------
    words : tuple of ComposedWord
    box : Box
        The box around its ink.
    """

    words: tuple[ComposedWord, ...]
    box: Box

    @property
    def text(self) -> str:
        """The line's words, a space between them."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, eq=False)
class Composition:
    """A composed picture and the truth about it.

    Attributes
    ----------
    picture : ndarray of uint8, shape (height, width)
        Dark ink on light paper.
    owner : ndarray of int16, shape (height, width)
        The number of the letter that each pixel of ink belongs to (where letters lie over each other, the darker
        one's); -1 on paper and specks.
    lines : tuple of ComposedLine
    writer : str
        Who wrote all of its letters; ``""`` where that is not known, or nobody has written them all.
    source : str
        The collection that all of its letters come from; ``""`` as for the writer.
    slant, rotation : float
        How far the letters lean (tangent, positive to the right), and by which angle in radians the lines climb.
    height : float
        The cap height in pixels.
    """

    picture: NDArray[np.uint8]
    owner: NDArray[np.int16]
    lines: tuple[ComposedLine, ...]
    writer: str
    source: str
    slant: float
    rotation: float
    height: float

    def __repr__(self) -> str:
        height, width = self.picture.shape
        return f"Composition({self.text!r}, {width}x{height} pixels)"

    @property
    def text(self) -> str:
        """The lines, a line break between them."""
        return "\n".join(line.text for line in self.lines)

    @property
    def words(self) -> tuple[ComposedWord, ...]:
        """All words, in reading order."""
        return tuple(word for line in self.lines for word in line.words)

    @property
    def letters(self) -> tuple[ComposedLetter, ...]:
        """All letters, in reading order; each one's number is its place here."""
        return tuple(letter for word in self.words for letter in word.letters)
