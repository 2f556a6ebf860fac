"""Words, lines and pages read: the reader, what it may expect, what it found, and the forms to write that in."""

from ensemble_hwr.reading._candidates import CandidateFeatures, describe_candidates
from ensemble_hwr.reading._debug import draw_reading
from ensemble_hwr.reading._document import Letter, Line, Page, Word, page_of, unread_word
from ensemble_hwr.reading._lexicon import Lexicon
from ensemble_hwr.reading._markup import to_alto, to_hocr
from ensemble_hwr.reading._measure import ErrorReport, align, character_error_rate, error_report
from ensemble_hwr.reading._ngrams import LetterNgrams
from ensemble_hwr.reading._non_letter import (
    fit_non_letter_model,
    fit_stroke_non_letter_model,
    non_letter_examples,
    stroke_non_letter_examples,
)
from ensemble_hwr.reading._page_reader import PageReader
from ensemble_hwr.reading._reader import WordReader

__all__ = [
    "CandidateFeatures",
    "ErrorReport",
    "Letter",
    "LetterNgrams",
    "Lexicon",
    "Line",
    "Page",
    "PageReader",
    "Word",
    "WordReader",
    "align",
    "character_error_rate",
    "describe_candidates",
    "draw_reading",
    "error_report",
    "fit_non_letter_model",
    "fit_stroke_non_letter_model",
    "non_letter_examples",
    "page_of",
    "stroke_non_letter_examples",
    "to_alto",
    "to_hocr",
    "unread_word",
]
