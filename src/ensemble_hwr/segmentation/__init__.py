"""Segmentation of handwriting: pages into lines and words, words into letters or into a lattice of candidates."""

from ensemble_hwr.segmentation._lattice import Candidate, Lattice, cut_word
from ensemble_hwr.segmentation._page import LineCut, PageCut, WordCut, cut_page
from ensemble_hwr.segmentation._segment import Segmentation
from ensemble_hwr.segmentation._segmenter import WordSegmenter
from ensemble_hwr.segmentation._strokes import StrokeLattice, cut_strokes

__all__ = [
    "Candidate",
    "Lattice",
    "LineCut",
    "PageCut",
    "Segmentation",
    "StrokeLattice",
    "WordCut",
    "WordSegmenter",
    "cut_page",
    "cut_strokes",
    "cut_word",
]
