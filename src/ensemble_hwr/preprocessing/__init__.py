"""Transformers from pictures to rows of ink, and from rows to features."""

from ._gradient import GradientFeatures
from ._normalizer import LetterNormalizer

__all__ = ["GradientFeatures", "LetterNormalizer"]
