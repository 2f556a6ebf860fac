"""A drawing read: its text, and what is known of each letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble_hwr.canvas._checks import no_reader
from ensemble_hwr.canvas._drawing import Drawing, corner, render
from ensemble_hwr.canvas._reading import LetterSeen, Reading
from ensemble_hwr.exceptions import PictureError
from ensemble_hwr.images.sources import describe
from ensemble_hwr.persistence import load_model
from ensemble_hwr.reading import Lexicon, WordReader
from ensemble_hwr.segmentation import Lattice, StrokeLattice, cut_strokes, cut_word

_WIDEST = 1.7  # letter heights: a wider stroke is several letters, which only the picture tells apart
_GUESSES = 3


class Recognizer:
    """Reads drawings; building one loads the model.

    Parameters
    ----------
    model : str, default="az"
        Name of a shipped model, or a model file.

    Raises
    ------
    ModelError
        If it cannot be loaded, or does not read letters.

    Examples
    --------
    >>> from ensemble_hwr.canvas import Drawing, Point
    >>> from ensemble_hwr.canvas._recognizer import Recognizer
    >>> strokes = [(40, 0, 40, 90)], [(0, 0, 80, 0)]
    >>> tee = Drawing(tuple((Point(a, b, 0), Point(c, d, 1)) for stroke in strokes for a, b, c, d in stroke))
    >>> Recognizer().read(tee).text
    'T'
    """

    def __init__(self, model: str = "az") -> None:
        self._model = load_model(model)
        if not _tells_letters_apart(self._model):
            raise no_reader(model)
        self._plain = WordReader(self._model).fit()
        self._expecting: WordReader | None = None

    def expect(self, file: Path) -> int:
        """Read a word list, and expect its words from now on.

        Parameters
        ----------
        file : Path
            UTF-8 text with a word in each line.

        Returns
        -------
        int
            How many of its words the model can read.

        Raises
        ------
        DataError
            If it cannot be read or holds no word.
        """
        reader = WordReader(self._model, lexicon=Lexicon.from_file(file)).fit()
        self._expecting = reader
        return 0 if reader.lexicon_ is None else len(reader.lexicon_)

    def read(self, drawing: Drawing, *, expecting: bool = False) -> Reading:
        """Read a drawing: by its strokes, or as a picture where it has one or the pen was not lifted between letters.

        Parameters
        ----------
        drawing : Drawing
            Not empty.
        expecting : bool, default=False
            Whether words of the word list are expected, if there is one.

        Returns
        -------
        Reading

        Raises
        ------
        PictureError
            If a picture holds no ink.
        """
        reader = self._expecting if expecting and self._expecting is not None else self._plain
        lattice, right, down = _lattice(drawing)
        word = reader.read_lattice(lattice)
        candidates = dict(zip(lattice.spans, lattice.candidates, strict=True))
        inks = [candidates[letter.span].ink for letter in word.letters if letter.span is not None]
        rows = np.asarray(reader.normalizer_.transform(inks), dtype=np.float32)
        probability = np.asarray(reader.classifier_.predict_proba(rows))
        side = round(rows.shape[1] ** 0.5)
        letters = tuple(
            LetterSeen(
                letter.box.moved(right, down), _guesses(letter.text, reader.classes_, p), row.reshape(side, side)
            )
            for letter, p, row in zip(word.letters, probability, rows, strict=True)
        )
        return Reading(word.text, word.confidence or 0.0, letters, word.alternatives)


def _tells_letters_apart(model: Any) -> bool:
    """Say whether a model gives probabilities of single letters."""
    return hasattr(model, "predict_proba") and all(len(str(label)) == 1 for label in model.classes_)


def _guesses(text: str, classes: NDArray[np.str_], probability: NDArray[np.float64]) -> tuple[tuple[str, float], ...]:
    """List what was read, and then the likeliest others."""
    by_letter = dict(zip(classes.tolist(), probability.tolist(), strict=True))
    others = sorted(by_letter.items(), key=lambda guess: -guess[1])
    return ((text, by_letter[text]), *(guess for guess in others if guess[0] != text))[:_GUESSES]


def _lattice(drawing: Drawing) -> tuple[Lattice | StrokeLattice, int, int]:
    """Cut a drawing; and say how far right and down of the canvas's corner what was cut begins."""
    if drawing.picture is None:
        lattice = cut_strokes(drawing.strokes)
        widest = max(float(np.ptp(np.array(stroke)[:, 0])) for stroke in drawing.strokes)
        if widest <= _WIDEST * lattice.letter_height:
            return lattice, 0, 0
    page = render(drawing)
    try:
        return cut_word(page), *corner(drawing)
    except PictureError as error:
        raise PictureError(str(error).replace(describe(page), "this picture", 1)) from None
