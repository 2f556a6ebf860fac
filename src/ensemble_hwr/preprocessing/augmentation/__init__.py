"""Random variations of letters, and classifiers that learn from them."""

from ensemble_hwr.preprocessing.augmentation._augmenter import Augmenter
from ensemble_hwr.preprocessing.augmentation._classifier import AugmentedClassifier

__all__ = ["AugmentedClassifier", "Augmenter"]
