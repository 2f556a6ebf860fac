"""Transformers from pictures to rows of ink, and from rows to features."""

from ensemble_hwr.preprocessing._deskewer import Deskewer
from ensemble_hwr.preprocessing._gradient import GradientFeatures
from ensemble_hwr.preprocessing._normalizer import LetterNormalizer
from ensemble_hwr.preprocessing._size_normalizer import SizeNormalizer
from ensemble_hwr.preprocessing._stroke_width import StrokeWidthNormalizer

__all__ = ["Deskewer", "GradientFeatures", "LetterNormalizer", "SizeNormalizer", "StrokeWidthNormalizer"]
