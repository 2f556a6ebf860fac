"""Generate labeled letters of simulated writers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr._typing import Ink
from ensemble_hwr.datasets._letters import LetterSet
from ensemble_hwr.datasets.handwriting._curves import ALLOGRAPHS
from ensemble_hwr.datasets.handwriting._render import paper_picture, render_strokes, stroke_bounds
from ensemble_hwr.datasets.handwriting._strokes import letter_strokes
from ensemble_hwr.datasets.handwriting._style import DRAWABLE, PENS, WriterStyle, generator, seed_of
from ensemble_hwr.exceptions import DataError

_SIDE, _BOX = 28, 20  # a row is 28x28 pixels, and the letter fits a box of 20x20 in it
_SLACK = 4  # pixels; largest shift that centers the mass of a letter


def generate_letters(
    n: int,
    *,
    letters: str | Sequence[str] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    writers: int = 20,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
    format: str = "rows",
    size: tuple[int, int] = (28, 64),
    difficulty: float = 1.0,
    pens: Sequence[str] = tuple(PENS),
) -> LetterSet:
    """Generate handwritten letters of simulated writers.

    Each writer has a style (slant, proportions, pen, preferred shape of each letter, ...) that all letters of the
    writer share. The numbers of letters per class and per writer differ by at most one. A letter depends only on its
    writer, its class and the number of earlier letters with both, not on `n` and `letters`; a larger `n` appends
    letters.

    Parameters
    ----------
    n : int
        Number of letters, 1 or more.
    letters : str or sequence of str, default="ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        The characters to generate: letters A to Z and a to z, digits, and the marks ``. , - ' ! ? : & /``.
    writers : int, default=20
        Number of writers, 1 or more.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None, default=None
        Pass an int for reproducible letters. Writers of different random states differ, although their names are the
        same.
    format : {"rows", "pictures"}, default="rows"
        Rows of 784 pixels, 28x28 with the letter in a box of 20x20 centered by mass, light on dark; or gray pictures of
        different sizes, dark ink on unevenly lit, noisy paper, as from a camera.
    size : tuple of int (smallest, largest), default=(28, 64)
        Height of a capital letter in a picture, in pixels. Not used for rows.
    difficulty : float, default=1.0
        Variability of the writing: 0 is copybook writing, 1 ordinary writing, 2 hasty writing with ambiguous letters.
    pens : sequence of str, default=("ball", "pencil", "felt")
        Pens that writers may have.

    Returns
    -------
    LetterSet
        ``data`` uint8 rows of shape (n, 784), 255 = ink, or an object array of n pictures, 255 = white paper;
        ``target``, ``writer`` ("w000", "w001", ...) and ``source`` ("generated").

    Raises
    ------
    DataError
        If `n` or `writers` is less than 1, a letter is repeated or cannot be drawn, or another parameter is not
        allowed.

    Examples
    --------
    >>> from ensemble_hwr.datasets.handwriting import generate_letters
    >>> found = generate_letters(52, writers=2, random_state=0)
    >>> found.data.shape, found.target[:3].tolist(), found.writer[:3].tolist()
    ((52, 784), ['A', 'B', 'C'], ['w000', 'w001', 'w000'])
    """
    alphabet = _check(n, letters, writers, format, size)
    seed = seed_of(random_state)
    place = np.arange(n)
    which = place % len(alphabet)
    # Shifting the writer after each common multiple of both periods visits every pair (letter, writer) once.
    who = (place + place // np.lcm(len(alphabet), writers)) % writers
    nth = place // (len(alphabet) * writers)
    styles = [
        WriterStyle.random(generator(seed, writer), difficulty=difficulty, pens=pens)
        for writer in range(min(writers, n))
    ]
    finish = _row if format == "rows" else _picture
    data = np.empty((n, _SIDE * _SIDE), np.uint8) if format == "rows" else np.empty(n, dtype=object)
    for i in range(n):
        letter, style = alphabet[which[i]], styles[who[i]]
        rng = generator(seed, int(who[i]), ord(letter), int(nth[i]))
        data[i] = finish(letter_strokes(letter, style, random_state=rng), style, size, rng)
    return LetterSet(
        data,
        np.array(alphabet)[which],
        source=np.full(n, "generated"),
        writer=np.array([f"w{writer:03d}" for writer in range(writers)])[who],
        name="generated",
    )


def _check(n: int, letters: str | Sequence[str], writers: int, format: str, size: tuple[int, int]) -> list[str]:
    for name, value in (("n", n), ("writers", writers)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise DataError(f"{name} is {value!r}, but it must be an integer of 1 or more")
    alphabet = list(letters)
    unknown = [letter for letter in alphabet if letter not in ALLOGRAPHS]
    if unknown or not alphabet:
        raise DataError(f"letters contains {unknown!r}, but it must contain at least one of {DRAWABLE}")
    if len(set(alphabet)) < len(alphabet):
        twice = sorted({letter for letter in alphabet if alphabet.count(letter) > 1})
        raise DataError(f"letters contains {', '.join(twice)} more than once; pass each letter once")
    if format not in ("rows", "pictures"):
        raise DataError(f"format is {format!r}, but it must be 'rows' or 'pictures'")
    if np.shape(size) != (2,) or not 8 <= size[0] <= size[1] <= 1000:
        raise DataError(f"size is {size!r}, but it must be (smallest, largest) height in pixels from 8 to 1000")
    return alphabet


def _row(
    strokes: list[NDArray[np.float64]], style: WriterStyle, size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Render a letter as a row: scaled to the box, centered by mass in whole pixels, darkest ink 255."""
    left, top, right, bottom = stroke_bounds(strokes, pen_width=style.pen_width, pen=style.pen)
    scale = _BOX / max(right - left, bottom - top)
    half = (_SIDE / 2 + _SLACK) / scale
    x, y = (left + right) / 2, (top + bottom) / 2
    ink = render_strokes(
        strokes,
        scale=scale,
        pen_width=style.pen_width,
        pen=style.pen,
        softness=rng.uniform(0.9, 1.5),
        frame=(x - half, y - half, x + half, y + half),
        random_state=rng,
    )
    first_row = _centered_window(ink.sum(axis=1))
    first_column = _centered_window(ink.sum(axis=0))
    window = ink[first_row : first_row + _SIDE, first_column : first_column + _SIDE]
    row: NDArray[np.uint8] = np.rint(255 / float(window.max()) * window).astype(np.uint8).ravel()
    return row


def _centered_window(profile: Ink) -> int:
    """Return the start of the window of 28 pixels that is centered at the center of mass of a profile."""
    centre = float(np.arange(len(profile)) @ profile) / float(profile.sum())
    return min(max(round(centre - (_SIDE - 1) / 2), 0), 2 * _SLACK)


def _picture(
    strokes: list[NDArray[np.float64]], style: WriterStyle, size: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Render a letter as a camera picture: random size and crop, on unevenly lit paper."""
    scale = rng.uniform(*size)
    left, top, right, bottom = stroke_bounds(strokes, pen_width=style.pen_width, pen=style.pen)
    before_x, before_y, after_x, after_y = rng.uniform(-0.02, 0.25, 4)
    ink = render_strokes(
        strokes,
        scale=scale,
        pen_width=style.pen_width,
        pen=style.pen,
        softness=rng.uniform(0.8, 2.2),
        frame=(left - before_x, top - before_y, right + after_x, bottom + after_y),
        random_state=rng,
    )
    return paper_picture(
        ink,
        paper=rng.uniform(0.72, 1.0),
        contrast=rng.uniform(0.45, 0.95),
        shading=rng.uniform(0.0, 0.12),
        noise=rng.uniform(0.0, 0.03),
        random_state=rng,
    )
