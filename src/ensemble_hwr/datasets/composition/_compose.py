"""Texts written with the letters of a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.boxes import Box, union
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.datasets._seeds import generator, seed_of
from ensemble_hwr.datasets.composition._casting import Casting
from ensemble_hwr.datasets.composition._glyphs import Glyphs
from ensemble_hwr.datasets.composition._layout import lay_out
from ensemble_hwr.datasets.composition._paint import Patch, lean_and_climb, paint, touch, transformed
from ensemble_hwr.datasets.composition._paper import photograph
from ensemble_hwr.datasets.composition._truth import ComposedLetter, ComposedLine, ComposedWord, Composition
from ensemble_hwr.exceptions import DataError

Setting = float | tuple[float, float]

_HEIGHT_SPREAD = 0.04  # relative, standard deviation
_MARGIN = 0.5  # cap heights
_RANGES = {  # setting: least and greatest value
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
    r"""Write texts with the letters of a set, and say exactly what is where.

    A text of one word gives a picture of a word, one with spaces a line, one with line breaks a page. All letters of
    a text are by one writer, drawn from those who have written all that it needs; where writers are unknown, from one
    source; where nobody has them all, they are anybody's. Letters are brought to one height, give or take, so the set
    should hold letters that are of one height: capitals, or digits.

    Every setting is a number, or a pair (least, greatest) of which each text draws its own value. Lengths are in cap
    heights.

    Parameters
    ----------
    letters : LetterSet
        Rows or pictures; labels of one character.
    texts : sequence of str
        What to write. A text looks the same whatever the texts after it are.
    gap : float, default=0.2
        Mean distance between the boxes of neighbouring letters; single ones vary about it with a standard deviation
        of 0.05. From about 0.06 down some letters touch, at 0 most.
    touching : float, default=0.0
        Share of the neighbours that are pushed together until their ink meets. Shapes that would have to go too deep
        into each other do not: what really touches is in the truth.
    slant : float, default=0.0
        How far letters lean to the right: the tangent of the angle.
    baseline : float, default=0.03
        How far letters stray from the line, up and down.
    noise : float in [0, 1], default=0.0
        How bad the picture is: 0 is black on white, 1 a blurred, unevenly lit photograph with grain and specks.
    height : float, default=32.0
        The cap height, in pixels.
    word_gap : float, default=0.9
        Mean distance between words.
    line_gap : float, default=0.8
        Paper between the caps of a line and the baseline of the line above.
    rotation : float, default=0.0
        Angle by which lines climb, in radians.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
        The same integer gives the same pictures.

    Returns
    -------
    list of Composition
        One for each text: the picture, the owner of each pixel, and boxes of all letters, words and lines.

    Raises
    ------
    DataError
        If a text is blank or holds a character that the set has not, or a setting is not allowed.

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
    casting = Casting.of(letters, texts)
    seed = seed_of(random_state)
    generators = [generator(seed, place) for place in range(len(texts))]
    chosen = [casting.choose("".join(text.split()), rng) for text, rng in zip(texts, generators, strict=True)]
    glyphs = Glyphs(letters, np.concatenate([np.empty(0, np.intp), *chosen]))
    compositions = []
    for text, indices, rng in zip(texts, chosen, generators, strict=True):
        settings = _Settings(**{name: float(rng.uniform(*span)) for name, span in ranges.items()})
        source, writer = casting.hand_of(indices)
        compositions.append(_compose(text, indices, glyphs, settings=settings, source=source, writer=writer, rng=rng))
    return compositions


@dataclass(frozen=True)
class _Settings:
    """The values that one text has drawn."""

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
        lines=_truth(lines, indices, boxes, patches),
        writer=writer,
        source=source,
        slant=settings.slant,
        rotation=settings.rotation,
        height=settings.height,
    )


def _patches(
    lines: list[list[str]], indices: NDArray[np.intp], glyphs: Glyphs, settings: _Settings, rng: np.random.Generator
) -> list[Patch]:
    """All letters where they belong, in reading order."""
    height = settings.height
    matrix, turn = lean_and_climb(settings.slant, settings.rotation), lean_and_climb(0.0, settings.rotation)
    left, patches = iter(indices.tolist()), []
    for number, line in enumerate(lines):
        baseline = number * height * (1 + settings.line_gap)
        words: list[list[Ink]] = [
            [glyphs.at(next(left), height * float(np.exp(_HEIGHT_SPREAD * rng.normal()))) for _ in word]
            for word in line
        ]
        spots = lay_out(
            words,
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


def _truth(
    lines: list[list[str]], indices: NDArray[np.intp], boxes: list[Box], patches: list[Patch]
) -> tuple[ComposedLine, ...]:
    """Say of every line, word and letter where it is."""
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
    raise DataError(f"{name} is {value!r}, but it must be a number from {low:g} to {high:g}, or a pair of them, rising")


def _check_texts(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str):
        raise DataError(f"texts is one text, {texts!r}; put it into a list")
    found = list(texts)
    for place, text in enumerate(found):
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"text {place} is {text!r}, but it must be text with at least one letter")
    return found
