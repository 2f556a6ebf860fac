"""Words cut into letters: by their gaps, or generously, for a reader to choose."""

from ensemble_hwr.segmentation._lattice import Candidate, Lattice, cut_word, join_pieces
from ensemble_hwr.segmentation._segment import Segmentation
from ensemble_hwr.segmentation._segmenter import WordSegmenter

__all__ = ["Candidate", "Lattice", "Segmentation", "WordSegmenter", "cut_word", "join_pieces"]
