"""Compose words, lines and pages from single letters, with exact ground truth.

The pictures test and benchmark segmentation, and are training data for models of non-letters.
"""

from ensemble_hwr.datasets.composition._compose import (
    ComposedLetter,
    ComposedLine,
    ComposedWord,
    Composition,
    compose_words,
)

__all__ = ["ComposedLetter", "ComposedLine", "ComposedWord", "Composition", "compose_words"]
