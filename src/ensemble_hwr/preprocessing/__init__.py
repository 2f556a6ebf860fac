"""Transformers from pictures of letters to rows of ink and to features, and random data augmentation."""

from ensemble_hwr.preprocessing._deskewer import Deskewer
from ensemble_hwr.preprocessing._gradient import GradientFeatures
from ensemble_hwr.preprocessing._normalizer import LetterNormalizer
from ensemble_hwr.preprocessing._size_normalizer import SizeNormalizer
from ensemble_hwr.preprocessing._stroke_width import StrokeWidthNormalizer
from ensemble_hwr.preprocessing.augmentation import AugmentedClassifier, Augmenter

__all__ = [
    "AugmentedClassifier",
    "Augmenter",
    "Deskewer",
    "GradientFeatures",
    "LetterNormalizer",
    "SizeNormalizer",
    "StrokeWidthNormalizer",
]
