"""Recognizer: reads the words in a drawing from its strokes or from its picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ensemble_hwr._geometry import MAX_LETTER_WIDTH
from ensemble_hwr._typing import Rows
from ensemble_hwr.adaptation.profiles import Profile, adapt_to_profile
from ensemble_hwr.boxes import Box
from ensemble_hwr.canvas._drawing import Drawing, corner, render
from ensemble_hwr.canvas._reader_thread import no_letters_error
from ensemble_hwr.exceptions import DataError, PictureError
from ensemble_hwr.images.sources import describe
from ensemble_hwr.persistence import load_model
from ensemble_hwr.reading import LabelledLetters, Lexicon, Word, WordReader
from ensemble_hwr.segmentation import Lattice, StrokeLattice, cut_strokes, cut_word


class Recognizer:
    """Reader of drawings; creating one loads the model.

    Parameters
    ----------
    model : str, default="mixed"
        Name of a shipped model, or path of a model file.
    profile : Profile, default=None
        Corrected letters of the writer, which the model is adapted by. None keeps no corrections.

    Raises
    ------
    ModelError
        If it cannot be loaded, or does not read letters.
    DataError
        If the profile cannot be read.

    Examples
    --------
    >>> from ensemble_hwr.canvas import Drawing
    >>> from ensemble_hwr.canvas.recognizer import Recognizer
    >>> Recognizer().read(Drawing.from_arrays([[(40, 0), (40, 90)], [(0, 0), (80, 0)]])).text
    'T'
    """

    def __init__(self, model: str = "mixed", *, profile: Profile | None = None) -> None:
        self._base = load_letter_model(model)
        self._profile = profile
        self._lexicon: Lexicon | None = None
        self._lexicon_reader: WordReader | None = None
        self._adapt()

    @property
    def letters(self) -> tuple[str, ...]:
        """Letters that can be read."""
        return tuple(map(str, self._reader.classes_.tolist()))

    def correct(self, row: Rows, label: str) -> str:
        """Keep the right label of a letter in the profile, and adapt the model by all its letters.

        Parameters
        ----------
        row : ndarray of shape (784,)
            Pixels of the letter, as `read` returns them.
        label : str

        Returns
        -------
        str
            The number of letters, and the estimated gain.

        Raises
        ------
        DataError
            If there is no profile, or it cannot be written.
        """
        if self._profile is None:
            raise DataError("there is no profile to keep corrections in; open the window with --profile NAME")
        self._profile.add(row[None], [label])
        return self._adapt()

    def _adapt(self) -> str:
        """Adapt the model by the letters of the profile, and return a description."""
        found = adapt_to_profile(self._base, self._profile)
        self._model = found.model
        self._reader = WordReader(self._model).fit()
        if self._lexicon is not None:
            self._lexicon_reader = WordReader(self._model, lexicon=self._lexicon).fit()
        return f"{found.n_letters} letter{'' if found.n_letters == 1 else 's'} kept; {found.summary}"

    def load_lexicon(self, file: Path) -> int:
        """Load a lexicon, for readings with ``use_lexicon=True``.

        Parameters
        ----------
        file : Path
            UTF-8 text with one word per line.

        Returns
        -------
        int
            Number of words that the model can spell.

        Raises
        ------
        DataError
            If it cannot be read or holds no word that the model can spell.
        """
        lexicon = Lexicon.from_file(file)
        reader = WordReader(self._model, lexicon=lexicon).fit()
        self._lexicon, self._lexicon_reader = lexicon, reader
        return 0 if reader.lexicon_ is None else len(reader.lexicon_)

    def read(self, drawing: Drawing, *, use_lexicon: bool = False) -> Word:
        """Read a drawing from its strokes; from a picture if it has one, or if one stroke covers several letters.

        Parameters
        ----------
        drawing : Drawing
            Not empty.
        use_lexicon : bool, default=False
            Whether to use the lexicon, if one is loaded.

        Returns
        -------
        Word
            Boxes are in units of the canvas.

        Raises
        ------
        PictureError
            If a picture holds no ink.
        """
        reader = self._lexicon_reader if use_lexicon and self._lexicon_reader is not None else self._reader
        return read_drawing(reader, drawing)


def read_drawing(reader: WordReader, drawing: Drawing) -> Word:
    """Read the word in a drawing: from its strokes, or from a picture if it has one or a stroke covers several letters.

    Parameters
    ----------
    reader : WordReader
        Fitted.
    drawing : Drawing
        Not empty.

    Returns
    -------
    Word
        Boxes are in units of the canvas.

    Raises
    ------
    PictureError
        If a picture holds no ink.

    Examples
    --------
    >>> from ensemble_hwr import WordReader
    >>> from ensemble_hwr.canvas import Drawing
    >>> from ensemble_hwr.canvas.recognizer import read_drawing
    >>> read_drawing(WordReader().fit(), Drawing.from_arrays([[(40, 0), (40, 90)], [(0, 0), (80, 0)]])).text
    'T'
    """
    lattice, right, down = _lattice(drawing)
    return _moved(reader.read_lattice(lattice), right, down)


def label_drawing(reader: WordReader, drawing: Drawing, text: str, *, largest_lag: float) -> LabelledLetters:
    """Align the word in a drawing with its right text.

    Parameters
    ----------
    reader : WordReader
        Fitted.
    drawing : Drawing
        Not empty.
    text : str
        Without spaces.
    largest_lag : float
        As for :meth:`~ensemble_hwr.WordReader.label_letters`.

    Returns
    -------
    LabelledLetters

    Raises
    ------
    PictureError
        If a picture holds no ink.

    Examples
    --------
    >>> from ensemble_hwr import WordReader
    >>> from ensemble_hwr.canvas import Drawing
    >>> from ensemble_hwr.canvas.recognizer import label_drawing
    >>> drawing = Drawing.from_arrays([[(40, 0), (40, 90)], [(0, 0), (80, 0)]])
    >>> label_drawing(WordReader().fit(), drawing, "T", largest_lag=4.0).labels
    ['T']
    """
    return reader.label_letters([_lattice(drawing)[0]], [text], largest_lag=largest_lag)


def load_letter_model(name: str) -> Any:
    """Load a model; raise ``ModelError`` if its classes are not letters.

    Examples
    --------
    >>> from ensemble_hwr.canvas.recognizer import load_letter_model
    >>> load_letter_model("az").classes_[0].item()
    'A'
    """
    model = load_model(name)
    if not _reads_letters(model):
        raise no_letters_error(name)
    return model


def _reads_letters(model: Any) -> bool:
    """Whether a model has probabilities of single letters."""
    return hasattr(model, "predict_proba") and all(len(str(label)) == 1 for label in model.classes_)


def _moved(word: Word, right: int, down: int) -> Word:
    """Move the boxes of a word and its letters."""

    def move(box: Box) -> Box:
        return box.moved(right, down)

    letters = tuple(replace(letter, box=move(letter.box)) for letter in word.letters)
    return replace(word, box=move(word.box), letters=letters)


def _lattice(drawing: Drawing) -> tuple[Lattice | StrokeLattice, int, int]:
    """Segment a drawing; return the lattice, and the position of its origin on the canvas."""
    if drawing.picture is None:
        lattice = cut_strokes(drawing.strokes)
        widest = max(float(np.ptp(np.array(stroke)[:, 0])) for stroke in drawing.strokes)
        # a wider stroke covers several letters, so the picture is read instead
        if widest <= MAX_LETTER_WIDTH * lattice.letter_height:
            return lattice, 0, 0
    page = render(drawing)
    try:
        return cut_word(page), *corner(drawing)
    except PictureError as error:
        raise PictureError(str(error).replace(describe(page), "this picture", 1)) from None
