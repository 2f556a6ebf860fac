"""Random data augmentation of letters, and classifiers that are fitted on augmented rows."""

from ensemble_hwr.preprocessing.augmentation._augmenter import Augmenter
from ensemble_hwr.preprocessing.augmentation._classifier import AugmentedClassifier

__all__ = ["AugmentedClassifier", "Augmenter"]
