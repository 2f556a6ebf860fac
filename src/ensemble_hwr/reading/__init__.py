"""Handwritten text recognition: readers of words and pages, lexicons, results and their export."""

from ensemble_hwr.reading._alignment import LabelledLetters as LabelledLetters
from ensemble_hwr.reading._document import Letter, Line, Page, Word
from ensemble_hwr.reading._export import draw_reading, to_alto, to_hocr
from ensemble_hwr.reading._language_models import LetterNgrams
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._metrics import ErrorReport, character_error_rate, error_report
from ensemble_hwr.reading._pages import PageReader
from ensemble_hwr.reading._words import WordReader
from ensemble_hwr.reading.non_letter import fit_non_letter_model, fit_stroke_non_letter_model

__all__ = [
    "ErrorReport",
    "Letter",
    "LetterNgrams",
    "Lexicon",
    "Line",
    "Page",
    "PageReader",
    "Word",
    "WordReader",
    "character_error_rate",
    "draw_reading",
    "error_report",
    "fit_non_letter_model",
    "fit_stroke_non_letter_model",
    "to_alto",
    "to_hocr",
]
