"""Random data augmentation of letters, and classifiers that are fitted on augmented rows."""

from ensemble_hwr.preprocessing.augmentation._augmenter import Augmenter as Augmenter
from ensemble_hwr.preprocessing.augmentation._classifier import AugmentedClassifier as AugmentedClassifier
