"""Hierarchical ensemble classifier, its member networks, and hooks around their fits."""

from ensemble_hwr.ensemble._augmented_mlp import AugmentedMLPClassifier
from ensemble_hwr.ensemble._hierarchical import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble._hooks import epoch_callback, fit_cache
from ensemble_hwr.ensemble._hooks import fit_progress as fit_progress
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier
from ensemble_hwr.ensemble._parallel import fit_classifier
from ensemble_hwr.ensemble._prediction import Explanation as Explanation

__all__ = [
    "AugmentedMLPClassifier",
    "HierarchicalEnsembleClassifier",
    "MemberMLPClassifier",
    "epoch_callback",
    "fit_cache",
    "fit_classifier",
]
