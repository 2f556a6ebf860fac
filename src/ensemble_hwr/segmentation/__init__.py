"""Segmentation of handwriting: pages into lines and words, words into letters or into a lattice of candidates."""

from ensemble_hwr.segmentation._components import sample_letters
from ensemble_hwr.segmentation._lattice import Candidate as Candidate
from ensemble_hwr.segmentation._lattice import Lattice, cut_word
from ensemble_hwr.segmentation._page import LineCut as LineCut
from ensemble_hwr.segmentation._page import PageCut, cut_page
from ensemble_hwr.segmentation._page import WordCut as WordCut
from ensemble_hwr.segmentation._segment import Segmentation
from ensemble_hwr.segmentation._segmenter import WordSegmenter
from ensemble_hwr.segmentation._strokes import StrokeLattice, cut_strokes

__all__ = [
    "Lattice",
    "PageCut",
    "Segmentation",
    "StrokeLattice",
    "WordSegmenter",
    "cut_page",
    "cut_strokes",
    "cut_word",
    "sample_letters",
]
