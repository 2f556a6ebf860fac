"""The hierarchical ensemble classifier."""

from ensemble_hwr.ensemble._augmented_mlp import AugmentedMLPClassifier
from ensemble_hwr.ensemble._epoch_callback import epoch_callback
from ensemble_hwr.ensemble._explanation import Explanation
from ensemble_hwr.ensemble._fit_cache import fit_cache
from ensemble_hwr.ensemble._hierarchical import HierarchicalEnsembleClassifier
from ensemble_hwr.ensemble._jobs import fit_classifier
from ensemble_hwr.ensemble._mlp import MemberMLPClassifier

__all__ = [
    "AugmentedMLPClassifier",
    "Explanation",
    "HierarchicalEnsembleClassifier",
    "MemberMLPClassifier",
    "epoch_callback",
    "fit_cache",
    "fit_classifier",
]
