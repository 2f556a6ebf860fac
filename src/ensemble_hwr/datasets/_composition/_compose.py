"""Compose texts from the letters of a set, with the position of every letter, word and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box, union
from ensemble_hwr.datasets._composition._layout import Proportions, lay_out
from ensemble_hwr.datasets._composition._paint import Patch, paint, photograph, slant_and_rotate, touch, transformed
from ensemble_hwr.datasets._composition._writers import Glyphs, WriterSampler
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.datasets.handwriting._style import generator, seed_of
from ensemble_hwr.exceptions import DataError


@dataclass(frozen=True)
class ComposedLetter:
    """One letter of a composed picture.

    Attributes
    ----------
    letter : str
        Class label.
    box : Box
        Box around the ink.
    number : int
        Index among the letters of the picture in reading order, from 0; the value of its pixels in ``owner``.
    index : int
        Position of the letter in the `LetterSet`.
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
        Box around the ink.
    touching : tuple of bool
        For each letter but the last, whether its ink touches the next letter.
    """

    letters: tuple[ComposedLetter, ...]
    box: Box
    touching: tuple[bool, ...]

    @property
    def text(self) -> str:
        """Text of the word."""
        return "".join(letter.letter for letter in self.letters)


@dataclass(frozen=True)
class ComposedLine:
    """One line of a composed picture.

    Attributes
    ----------
    words : tuple of ComposedWord
    box : Box
        Box around the ink.
    """

    words: tuple[ComposedWord, ...]
    box: Box

    @property
    def text(self) -> str:
        """Text of the line, with spaces between words."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, eq=False)
class Composition:
    """A composed picture with its ground truth.

    Attributes
    ----------
    picture : ndarray of uint8, shape (height, width)
        Dark ink on light paper.
    owner : ndarray of int16, shape (height, width)
        Number of the letter of each pixel of ink (the darker letter where letters overlap); -1 on paper and specks.
    lines : tuple of ComposedLine
    writer : str
        Writer of all letters; ``""`` if unknown, or if letters of several writers are mixed.
    source : str
        Source of all letters; ``""`` as for the writer.
    slant, rotation : float
        Slant of the letters (tangent, positive to the right), and angle of the lines in radians (positive upwards).
    height : float
        Cap height in pixels.

    Examples
    --------
    >>> from ensemble_hwr.datasets import compose_words, generate_letters
    >>> (page,) = compose_words(generate_letters(260, random_state=0), ["ONE TWO"], random_state=0)
    >>> page.text, [word.text for word in page.words], page.lines[0].text
    ('ONE TWO', ['ONE', 'TWO'], 'ONE TWO')
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
        """Text of the picture, with line breaks."""
        return "\n".join(line.text for line in self.lines)

    @property
    def words(self) -> tuple[ComposedWord, ...]:
        """All words in reading order."""
        return tuple(word for line in self.lines for word in line.words)

    @property
    def letters(self) -> tuple[ComposedLetter, ...]:
        """All letters in reading order; the number of a letter is its index here."""
        return tuple(letter for word in self.words for letter in word.letters)


Setting = float | tuple[float, float]

_HEIGHT_SPREAD = 0.04  # relative, standard deviation
_MARGIN = 0.5  # cap heights
_RANGES = {  # setting: minimum and maximum
    "gap": (-0.1, 5.0),
    "touching": (0.0, 1.0),
    "slant": (-1.0, 1.0),
    "baseline": (0.0, 0.5),
    "noise": (0.0, 1.0),
    "height": (8.0, 400.0),
    "word_gap": (0.2, 10.0),
    "line_gap": (0.1, 10.0),
    "rotation": (-0.5, 0.5),
}


def compose_words(
    letters: LetterSet,
    texts: Sequence[str],
    *,
    gap: Setting = 0.2,
    touching: Setting = 0.0,
    slant: Setting = 0.0,
    baseline: Setting = 0.03,
    noise: Setting = 0.0,
    height: Setting = 32.0,
    word_gap: Setting = 0.9,
    line_gap: Setting = 0.8,
    rotation: Setting = 0.0,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
) -> list[Composition]:
    r"""Compose words, lines or pages from the letters of a set, with ground truth.

    A text of one word gives a picture of a word, one with spaces a line, one with line breaks a page. All letters of a
    text are from one writer, drawn from the writers with all its characters. If writers are unknown, they are from
    one source; if no writer has all characters, letters of all writers are mixed. Capitals and digits are scaled to
    about the same height. Small letters and marks have the height and the place that they have in writing; x-height and
    descenders differ from text to text.

    Every setting is a number, or a pair (minimum, maximum) from which each text draws its own value. Lengths are in cap
    heights.

    Parameters
    ----------
    letters : LetterSet
        Rows or pictures; labels of one character.
    texts : sequence of str
        Texts to compose. The picture of a text does not depend on the texts after it.
    gap : float, default=0.2
        Mean distance between the boxes of neighboring letters; its standard deviation is 0.05. Below about 0.06 some
        letters touch, at 0 most do.
    touching : float, default=0.0
        Fraction of neighboring letters that are shifted until their ink touches. Letters that would have to overlap too
        far are not shifted; the ground truth contains which letters touch.
    slant : float, default=0.0
        Slant to the right: the tangent of the angle.
    baseline : float, default=0.03
        Standard deviation of the vertical position of letters.
    noise : float in [0, 1], default=0.0
        Degradation of the picture: 0 is black on white, 1 a blurred, unevenly lit photograph with noise and specks.
    height : float, default=32.0
        Cap height in pixels.
    word_gap : float, default=0.9
        Mean distance between words.
    line_gap : float, default=0.8
        Distance between the top of the capitals of a line and the baseline above.
    rotation : float, default=0.0
        Angle of the lines in radians, positive upwards.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
        Pass an int for reproducible pictures.

    Returns
    -------
    list of Composition
        One per text: the picture, the letter of each pixel, and boxes of all letters, words and lines.

    Raises
    ------
    DataError
        If a text is blank or has a character that the set does not contain, or a setting is not allowed.

    Examples
    --------
    >>> from ensemble_hwr.datasets import compose_words, generate_letters
    >>> letters = generate_letters(260, writers=5, random_state=0)
    >>> word, page = compose_words(letters, ["HELLO", "TWO WORDS\nTWO LINES"], random_state=0)
    >>> word
    Composition('HELLO', 155x67 pixels)
    >>> [letter.box.width for letter in word.letters]
    [22, 17, 17, 22, 20]
    >>> [line.text for line in page.lines], page.writer
    (['TWO WORDS', 'TWO LINES'], 'w003')
    """
    names = dict(
        zip(_RANGES, (gap, touching, slant, baseline, noise, height, word_gap, line_gap, rotation), strict=True)
    )
    ranges = {name: _as_range(name, value) for name, value in names.items()}
    texts = _check_texts(texts)
    if not isinstance(letters, LetterSet):
        raise DataError(f"letters is of type {type(letters).__name__}, but it must be a LetterSet")
    sampler = WriterSampler.of(letters, texts)
    seed = seed_of(random_state)
    generators = [generator(seed, place) for place in range(len(texts))]
    chosen = [sampler.choose("".join(text.split()), rng) for text, rng in zip(texts, generators, strict=True)]
    glyphs = Glyphs(letters, np.concatenate([np.empty(0, np.intp), *chosen]))
    compositions = []
    for text, indices, rng in zip(texts, chosen, generators, strict=True):
        settings = _Settings(**{name: float(rng.uniform(*span)) for name, span in ranges.items()})
        source, writer = sampler.writer_of(indices)
        compositions.append(_compose(text, indices, glyphs, settings=settings, source=source, writer=writer, rng=rng))
    return compositions


@dataclass(frozen=True)
class _Settings:
    """Values of the settings, drawn for one text."""

    gap: float
    touching: float
    slant: float
    baseline: float
    noise: float
    height: float
    word_gap: float
    line_gap: float
    rotation: float


def _compose(
    text: str,
    indices: NDArray[np.intp],
    glyphs: Glyphs,
    *,
    settings: _Settings,
    source: str,
    writer: str,
    rng: np.random.Generator,
) -> Composition:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    patches = _patches(lines, indices, glyphs, settings, rng)
    ink, owner, boxes = paint(patches, margin=max(2, round(_MARGIN * settings.height)))
    return Composition(
        picture=photograph(ink, settings.noise, settings.height, rng),
        owner=owner,
        lines=_ground_truth(lines, indices, boxes, patches),
        writer=writer,
        source=source,
        slant=settings.slant,
        rotation=settings.rotation,
        height=settings.height,
    )


def _patches(
    lines: list[list[str]], indices: NDArray[np.intp], glyphs: Glyphs, settings: _Settings, rng: np.random.Generator
) -> list[Patch]:
    """Return the ink of all letters at their positions, in reading order."""
    height = settings.height
    matrix, turn = slant_and_rotate(settings.slant, settings.rotation), slant_and_rotate(0.0, settings.rotation)
    left, patches = iter(indices.tolist()), []
    has_small = any(character.islower() for line in lines for word in line for character in word)
    proportions = Proportions.random(rng) if has_small else Proportions()
    for number, line in enumerate(lines):
        baseline = number * height * (1 + settings.line_gap)
        reaches = [[proportions.reach(character) for character in word] for word in line]
        words: list[list[Ink]] = [
            [
                glyphs.at(
                    next(left),
                    (above + below) * height * float(np.exp(_HEIGHT_SPREAD * rng.normal())),
                    cap_height=height,
                )
                for above, below in reach
            ]
            for reach in reaches
        ]
        spots = lay_out(
            words,
            [[below for _, below in reach] for reach in reaches],
            height=height,
            gap=settings.gap,
            touching=settings.touching,
            baseline=settings.baseline,
            word_gap=settings.word_gap,
            rng=rng,
        )
        for word, places in zip(words, spots, strict=True):
            patches += [
                transformed(ink, spot.x, spot.y, baseline=baseline, matrix=matrix, turn=turn)
                for ink, spot in zip(word, places, strict=True)
            ]
    return patches


def _ground_truth(
    lines: list[list[str]], indices: NDArray[np.intp], boxes: list[Box], patches: list[Patch]
) -> tuple[ComposedLine, ...]:
    """Return the boxes of all lines, words and letters."""
    composed, number = [], 0
    for line in lines:
        words = []
        for word in line:
            end = number + len(word)
            letters = tuple(
                ComposedLetter(letter, boxes[place], place, int(indices[place]))
                for place, letter in enumerate(word, start=number)
            )
            touching = tuple(touch(*patches[place : place + 2]) for place in range(number, end - 1))
            words.append(ComposedWord(letters, union(boxes[number:end]), touching))
            number = end
        composed.append(ComposedLine(tuple(words), union(word.box for word in words)))
    return tuple(composed)


def _as_range(name: str, value: Setting) -> tuple[float, float]:
    low, high = _RANGES[name]
    pair = np.asarray(value, dtype=object).ravel()
    numbers = all(isinstance(entry, int | float | np.number) and not isinstance(entry, bool) for entry in pair)
    if len(pair) in (1, 2) and numbers and low <= pair[0] <= pair[-1] <= high:
        return float(pair[0]), float(pair[-1])
    raise DataError(
        f"{name} is {value!r}, but it must be a number from {low:g} to {high:g}, or a pair of them in ascending order"
    )


def _check_texts(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str):
        raise DataError(f"texts is a single string, {texts!r}; pass a list")
    found = list(texts)
    for place, text in enumerate(found):
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"text {place} is {text!r}, but it must be a string with at least one letter")
    return found
